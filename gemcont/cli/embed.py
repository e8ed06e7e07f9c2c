"""gemcont-embed: a trained encoder -> a table of embeddings of people it has not seen."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.cli.torch_device import check_device
from gemcont.settings.embed import EmbedCommand

_DESCRIPTION = """\
Write the image embeddings of the people whom neither training nor model choice has seen: traits for
gemcont-gwas. A person with several images has their mean."""
_EPILOG = """\
example:
  gemcont-embed --study study0 --model models/gemcont --directions auto --out results/emb
  gemcont-gwas --bfile study0/study --pheno results/emb.embed.tsv --pcs 16 --rank-int --out scan

writes PREFIX.embed.tsv and PREFIX.embed.json (the model's hash, and whom it has seen: gemcont-gwas
leaves them out); --directions also PREFIX.directions.tsv and .json (unless auto finds none that
holds in the validation people); PREFIX.log"""


def _check(command, given):
    check_device(command)
    from gemcont.learn import read_facts
    from gemcont.tables.outputs import OutputFiles

    read_facts(command.model)
    kinds = ("embed", "directions", "seen.embed")
    names = [f"{kind}.{suffix}" for kind in kinds for suffix in ("tsv", "parquet", "json")]
    OutputFiles(command.out, names).refuse_inputs(command.input_files)
    return command


def _job(command):
    from gemcont.learn import Inputs, embed_files

    embed_files(
        Inputs(**command.inputs),
        command.model,
        command.out,
        directions=command.directions,
        include_training=command.include_training,
        layout=command.tables,
        device=command.device,
        progress=True,
    )


EMBED = Command(
    program="gemcont-embed",
    settings=EmbedCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return EMBED.run(words)


if __name__ == "__main__":
    sys.exit(main())
