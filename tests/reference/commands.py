"""Commands run on the study, and what their mistakes look like."""

from gemcont.cli import clump, embed, evaluate, gwas, kinship, meta, panel, project, simulate, train

COMMANDS = {
    command.program: command
    for command in (
        clump.CLUMP,
        embed.EMBED,
        evaluate.EVALUATE,
        gwas.GWAS,
        gwas.MERGE,
        kinship.KINSHIP,
        meta.META,
        panel.PANEL_COMMAND,
        panel.SCORE_COMMAND,
        project.PROJECT,
        simulate.SIMULATE,
        train.TRAIN,
    )
}


def scan(study, *flags, out=None):
    base = ["--bfile", study.bfile, "--pheno", study.pheno, "--out", out or study.out]
    return gwas.main([*base, "--no-plot", *flags])


def fails(command, argv, capsys, *messages):
    assert command(argv) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    for message in messages:
        assert message in error


def names(study, prefix):
    return sorted(p.name.removeprefix(prefix) for p in study.folder.glob(f"{prefix}.*"))
