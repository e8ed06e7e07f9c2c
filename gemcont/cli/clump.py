"""gemcont-clump: summary statistics + genotypes -> independent loci."""

import sys
from collections.abc import Sequence
from dataclasses import replace

from gemcont.cli.command import Command
from gemcont.settings.clump import ClumpCommand, ClumpSettings
from gemcont.settings.flags import part_of

_DESCRIPTION = """\
Join associated variants to the loci they belong to: the strongest variant claims all that lie
near it and are linked to it (r2), then the next strongest that is left. Rules, defaults and
PREFIX.clumps are PLINK 2's --clump, whose spellings of the flags are understood too. The
statistics may be those of gemcont, plink, REGENIE, SAIGE, fastGWA, BOLT, GEMMA, METAL, FinnGen,
MVP, GWAS-SSF, or any table whose columns are named. Linkage is measured in founders."""
_EPILOG = """\
example:
  gemcont-clump --bfile cohort --sumstats results/size.gwas.tsv \\
      --clump-p1 5e-8 --clump-r2 0.05 --clump-kb 5000 --out results/size

writes PREFIX.clumps, PREFIX.loci.tsv, PREFIX.missing.tsv, PREFIX.log; --plot also
PREFIX.locusN.png, --ld-matrix PREFIX.locusN.ld and PREFIX.locusN.z.tsv"""


def _check(command, given):
    """Refuse outputs that are inputs; put what PLINK's flags name among the columns."""
    from gemcont.workflows.clump import refuse_inputs

    refuse_inputs(command.out, command.input_files)
    columns = command.named_columns | (command.columns or {})
    return replace(command, columns=columns or None)


def _job(command):
    from gemcont.workflows.clump import write_clump

    write_clump(
        command.genotype_path,
        command.sumstats,
        command.out,
        sample=command.sample,
        genes=command.genes,
        plot=command.plot,
        ld_matrix=command.ld_matrix,
        progress=True,
        **vars(part_of(ClumpSettings, command)),
    )


CLUMP = Command(
    program="gemcont-clump",
    settings=ClumpCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return CLUMP.run(words)


if __name__ == "__main__":
    sys.exit(main())
