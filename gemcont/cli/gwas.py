"""gemcont-gwas: genotypes x traits -> associations, a log, a summary and two pictures."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial

from gemcont.cli.command import Command
from gemcont.cli.parser import refuse_idle
from gemcont.settings.flags import part_of
from gemcont.settings.gwas import GwasCommand, GwasSettings, MergeCommand

_DESCRIPTION = """\
Test every variant of a genotype file against all chosen traits at once.

One trait: the ordinary linear regression of plink2 --glm. Several: one joint test on as many
degrees of freedom. The effect allele is column 5 of a .bim (A1), ALT of a .pvar, the second
allele of a .bgen. Filters count the analysed samples."""
_EPILOG = """\
example:
  gemcont-gwas --bfile cohort --pheno traits.tsv --pheno-name height,weight \\
      --covar covariates.tsv --maf 0.01 --test f --out results/size

writes PREFIX.gwas.tsv, PREFIX.log, PREFIX.summary.json, PREFIX.manhattan.png, PREFIX.qq.png;
--each-trait also PREFIX.traits.parquet, PREFIX.traits.summary.tsv (lambda of each),
PREFIX.traits.histogram.parquet (of |t|) and PREFIX.traits.qq.png; --effects
PREFIX.effects.parquet; --kinship PREFIX.heritability.png.

  gemcont-gwas merge --out PREFIX   puts the chunks of --chunk I/N together"""


def _check(command, given):
    """Refuse flags that would do nothing, and outputs that are inputs, the log included."""
    if command.kinship != "grm":
        why = "" if command.kinship is None else ": the matrix of a file is made already"
        refuse_idle(
            command, given, ("kinship_type", "kinship_maf"), f"goes with --kinship grm{why}"
        )
    if command.chunk is not None:  # array jobs run side by side: each has files of its own
        i, n = command.chunk
        command = replace(command, out=f"{command.out}.chunk-{i}-of-{n}")
    _outputs(command).files.refuse_inputs(command.input_files)
    return command


def _outputs(command):
    from gemcont.workflows.gwas import Outputs

    return Outputs(
        command.out,
        layout=command.layout,
        split=command.split,
        genome_build=command.genome_build,
    )


def _scan(command):
    from gemcont.workflows.gwas import Files, write_gwas

    write_gwas(
        Files(
            genotypes=command.genotype_path,
            pheno=command.pheno,
            covar=command.covar,
            sample=command.sample,
        ),
        _outputs(command),
        resume=command.resume,
        chunk=command.chunk,
        report=partial(_report, command),
        progress=True,
        **vars(part_of(GwasSettings, command)),
    )


def _merge(command):
    from gemcont.workflows.gwas import merge_gwas

    merge_gwas(command.out, threads=command.threads, report=partial(_report, command))


def _report(command, run, outputs):
    from gemcont.workflows.gwas import write_report

    write_report(run, outputs, arguments=asdict(command), plot=not command.no_plot)


GWAS = Command(
    program="gemcont-gwas",
    settings=GwasCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_scan,
)
MERGE = Command(
    program="gemcont-gwas merge",
    settings=MergeCommand,
    description="Put the chunks of gemcont-gwas --chunk I/N --out PREFIX together.",
    job=_merge,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    first = (sys.argv[1:] if words is None else words)[:1]
    if list(first) != ["merge"]:
        return GWAS.run(words)
    if words is None:
        del sys.argv[1]
    return MERGE.run(None if words is None else words[1:])


if __name__ == "__main__":
    sys.exit(main())
