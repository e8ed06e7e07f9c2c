"""gemcont-evaluate: a model judged by a simulated study's test people."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.cli.torch_device import check_device
from gemcont.errors import GemcontError
from gemcont.settings.evaluate import EvaluateCommand

_DESCRIPTION = """\
Judge a model by a simulated study: R2 of the latent trait from the embeddings of the test people,
and the share of its causal variants that the joint test finds, beside what the trait itself would
find in the same people (the oracle)."""
_EPILOG = """\
example:
  gemcont-evaluate --study study0 --model models/gemcont --out results/gemcont

writes PREFIX.eval.json, PREFIX.eval.tsv, PREFIX.eval.png, PREFIX.log"""


def _check(command, given):
    check_device(command)
    from gemcont.learn import read_facts

    read_facts(command.model)
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise GemcontError(
            "gemcont-evaluate needs scikit-learn: pip install 'gemcont[learn]'"
        ) from None
    return command


def _job(command):
    from gemcont.learn import evaluate_study

    evaluate_study(
        command.study,
        command.model,
        command.out,
        pcs=command.pcs,
        covar=command.covar,
        covar_names=command.covar_names,
        device=command.device,
        threads=command.threads,
        progress=True,
    )


EVALUATE = Command(
    program="gemcont-evaluate",
    settings=EvaluateCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return EVALUATE.run(words)


if __name__ == "__main__":
    sys.exit(main())
