"""The parser that is made from settings: how words become values, and what help says."""

import argparse
from dataclasses import dataclass

import pytest
from reference.commands import COMMANDS

from gemcont import GemcontError
from gemcont.cli.parser import Parser, chunk, comma_list, number, refuse_idle, role_columns
from gemcont.settings.flags import Flag, Settings, flag, flags_in
from gemcont.settings.gwas import GwasCommand
from gemcont.settings.shared import OUTPUT


@dataclass(frozen=True, kw_only=True)
class Sample(Settings):
    needs_one_of = ("source",)

    part: tuple | None = flag(None, "a chunk", kind="chunk")
    columns: dict | None = flag(None, "columns", kind="columns")
    directions: object = flag(None, "how many", kind="count or auto")
    pcs: tuple = flag((1,), "some", kind="counts")
    hwe: float | None = flag(None, "p", kind="hwe")
    hwe_midp: bool = False
    fields: list | None = flag(None, "fields", kind="names")
    augment: tuple = flag(("a",), "some", kind="names or none")
    bound: float | None = flag(
        None,
        spellings=(Flag(help="p", names=("--bound",), low=0, high=1, kind="neg_log10"),),
    )
    plot: int = flag(0, "loci", low=0, kind="plot")
    files: list | None = flag(None, "files", kind="words")
    names: list | None = flag(None, "names")
    sizes: tuple = flag((), "sizes")
    share: float = flag(0.5, "50% of what there is", low=0, high=1)
    kept: bool = flag(True, "leave it out", names=("--no-kept",))
    bed: str | None = flag(None, "a bed", exclusive="source")
    bgen: str | None = flag(None, "a bgen", exclusive="source")
    joint: bool | None = flag(
        None,
        spellings=(
            Flag(help="both", names=("--joint",), sets={"joint": True}),
            Flag(help="single", names=("--only",), sets={"joint": False, "kept": False}),
        ),
    )
    out: str = flag(help="prefix", group=OUTPUT)


def read(*words):
    return Parser(Sample, prog="x").read(["--out", "o", "--bed", "b", *words])


def fails(capsys, *words):
    with pytest.raises(SystemExit, match="2"):
        Parser(Sample, prog="x").read(words)
    error = capsys.readouterr().err
    assert error.startswith("x: error: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--part", "3/10"], "part", (3, 10)),
        (["--columns", "beta=B,b.tsv:n=N", "--columns", "n=M"], "columns",
         {"beta": "B", "b.tsv:n": "N", "n": "M"}),
        (["--directions", "4"], "directions", 4),
        (["--directions", "auto"], "directions", "auto"),
        (["--pcs", "1,4,16"], "pcs", (1, 4, 16)),
        (["--hwe", "1e-6"], "hwe", 1e-6),
        (["--hwe", "1e-6", "midp"], "hwe_midp", True),
        (["--fields", "P", "PVAL,pval"], "fields", ["P", "PVAL", "pval"]),
        (["--augment", "crop,blur"], "augment", ("crop", "blur")),
        (["--augment", "none"], "augment", ()),
        (["--bound", "1e-5"], "bound", 5.0),
        (["--plot"], "plot", 10),
        (["--plot", "3"], "plot", 3),
        (["--files", "a", "b", "--files", "c"], "files", ["a", "b", "c"]),
        (["--names", "a, b,,c"], "names", ["a", "b", "c"]),
        (["--sizes", "1,2"], "sizes", ("1", "2")),
        (["--share", "0.25"], "share", 0.25),
        (["--no-kept"], "kept", False),
        (["--joint"], "joint", True),
        (["--only"], "joint", False),
        (["--only"], "kept", False),
        ([], "plot", 0),
        ([], "kept", True),
    ],
)  # fmt: skip
def test_words_become_values(words, name, value):
    settings, given = read(*words)
    assert getattr(settings, name) == value
    assert (name in given) == bool(words)
    assert {"out", "bed"} <= given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--part", "0/3"], "'0/3' is not I/N with I from 1 to N"),
        (["--part", "4/3"], "'4/3' is not I/N"),
        (["--part", "1"], "'1' is not I/N"),
        (["--columns", "betta=B"], "'betta=B' is not ROLE=NAME or FILE:ROLE=NAME; roles are"),
        (["--columns", "beta"], "'beta' is not ROLE=NAME"),
        (["--columns", ":beta=B"], "':beta=B' is not ROLE=NAME"),
        (["--columns", "beta=B,n=B"], "'n=B' names a role or a column a second time"),
        (["--columns", "beta=B", "--columns", "beta=C"], "beta is named a second time"),
        (["--directions", "0"], "'0' is neither a number from 1 up nor auto"),
        (["--directions", "all"], "'all' is neither a number"),
        (["--pcs", "1,x"], "'1,x' is not numbers from 1 up"),
        (["--hwe", "1e-6", "mid"], "cannot read '1e-6 mid'; write P or 'P midp'"),
        (["--hwe", "2"], "'2' is not a number from 0 to 1"),
        (["--bound", "0"], "must be above 0; use --neg-log10-p-min beyond 1e-300"),
        (["--bound", "2"], "'2' is not a number from 0 to 1"),
        (["--plot", "-1"], "'-1' is not a whole number from 0 up"),
        (["--plot", "1.5"], "'1.5' is not a whole number"),
        (["--names", ","], "',' names nothing"),
        (["--share", "inf"], "'inf' is not a number from 0 to 1"),
        (["--share", "1_0"], "'1_0' is not a number"),
        (["--joint", "--only"], "argument --only: excludes --joint"),
        (["--bgen", "g"], "not allowed with argument --bed"),
        (["--shar", "1"], "unrecognized arguments: --shar"),
        (["--names", ""], "names nothing"),
        (["--bgen", ""], "not allowed with argument --bed"),
    ],
)
def test_words_that_mean_nothing_are_said_in_one_line(capsys, words, message):
    assert message in fails(capsys, "--out", "o", "--bed", "b", *words)


def test_what_has_to_be_given(capsys):
    assert "arguments are required: --out" in fails(capsys, "--bed", "b")
    assert "one of the arguments --bed --bgen is required" in fails(capsys, "--out", "o")
    assert "--out: the value is empty" in fails(capsys, "--out", "", "--bed", "b")


@pytest.mark.parametrize("codes", ["-9", "-9,-99", "-.5"])
def test_codes_for_missing_may_begin_with_a_minus(codes):
    parser = Parser(GwasCommand, prog="x")
    settings, _ = parser.read(["--bfile", "g", "--out", "o", "--missing-code", codes])
    assert settings.missing_codes == tuple(codes.split(","))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_help_names_every_flag_with_its_text(command):
    text = command.parser().format_help()
    squeezed = " ".join(text.split())
    for _, said, names in flags_in(command.settings):
        assert all(name in text for name in names)
        assert " ".join(said.help.split()) in squeezed, names
    _, _, rest = text.partition(f"\n{OUTPUT}:\n")
    assert rest.split()[0] == "--out"  # what has to be given leads the last group


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_part_of_a_flag_is_taken_for_it(command, capsys):
    name = max((n for _, _, names in flags_in(command.settings) for n in names), key=len)
    with pytest.raises(SystemExit, match="2"):
        command.parser().parse_args([name[:-1]])
    assert capsys.readouterr().err.count("\n") == 1


def test_parts_alone():
    assert comma_list(" a ,b") == ["a", "b"]
    assert chunk("2/2") == (2, 2)
    assert role_columns("beta=B") == {"beta": "B"}
    assert number(int, Flag(help="", low=1))("7") == 7
    with pytest.raises(argparse.ArgumentTypeError, match="'0' is not a whole number from 1 up"):
        number(int, Flag(help="", low=1))("0")


def test_flags_that_would_do_nothing_are_refused_only_if_given():
    settings = Sample(out="o", bed="b", share=0.25)
    refuse_idle(settings, frozenset({"share"}), ("pcs", "kept"), "goes with --bgen")
    with pytest.raises(GemcontError, match="^--no-kept goes with --bgen$"):
        refuse_idle(settings, frozenset({"kept"}), ("pcs", "kept"), "goes with --bgen")
