"""How flags are declared and checked, and the declarations of every command."""

import dataclasses
import math
import re
from dataclasses import dataclass

import numpy as np
import pytest
from reference.commands import COMMANDS

from gemcont import GemcontError
from gemcont.settings.flags import (
    Flag,
    Settings,
    UnknownSettingError,
    bounds_text,
    flag,
    flag_name,
    flag_of,
    flags_in,
    is_within,
    names_of,
    part_of,
    settings_of,
)
from gemcont.settings.gwas import GwasSettings


@dataclass(frozen=True, kw_only=True)
class Sample(Settings):
    share: float = flag(0.5, "a share", low=0, high=1)
    count: int | None = flag(None, "a count", names=("-n", "--number"), low=1)
    kind: str = flag("a", "a kind", choices=("a", "b"))
    names: list | None = flag(None, "names")
    pair: tuple = flag((1, 2), "a pair")
    said: bool = flag(False, "whether")
    table: dict | None = flag(None, "a table")
    anything: object = flag(None, "anything")
    in_python_only: int = 3
    both: bool | None = flag(
        None, spellings=(Flag(help="both at once", names=("--both-of-them",), sets={"both": True}),)
    )


BOUNDS = [
    (Flag(help="", low=0, high=1), "from 0 to 1"),
    (Flag(help="", above=0, high=1), "above 0 and up to 1"),
    (Flag(help="", low=0, below=1), "from 0 to below 1"),
    (Flag(help="", above=0), "above 0"),
    (Flag(help="", low=1), "from 1 up"),
]


@pytest.mark.parametrize(("said", "text"), BOUNDS)
def test_a_number_is_within_its_bounds_or_not(said, text):
    assert bounds_text(said) == text
    for value in (-1.0, 0.0, 1e-9, 0.5, 1.0, 1.0000001, 7.0):
        expected = (
            (said.low is None or value >= said.low)
            and (said.high is None or value <= said.high)
            and (said.above is None or value > said.above)
            and (said.below is None or value < said.below)
        )
        assert is_within(said, value) == expected
    assert not is_within(said, math.nan)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"share": 1.5}, "--share: 1.5 is not from 0 to 1"),
        ({"share": math.nan}, "--share: nan is not from 0 to 1"),
        ({"share": "0.5"}, r"share: must be a number, not '0.5' \(str\)"),
        ({"share": True}, r"share: must be a number, not 'True' \(bool\)"),
        ({"share": None}, "share: must be a number, not 'None'"),
        ({"count": 0}, "-n: 0 is not from 1 up"),
        ({"count": 1.0}, "count: must be a whole number, not '1.0'"),
        ({"count": np.True_}, "count: must be a whole number"),
        ({"kind": "c"}, "--kind: 'c' is not one of a, b"),
        ({"said": 1}, "said: must be True or False, not '1'"),
        ({"said": "yes"}, "said: must be True or False"),
        ({"names": 7}, "names: must be a list"),
        ({"table": [1]}, "table: must be a dict"),
        ({"in_python_only": "x"}, "in_python_only: must be a whole number"),
    ],
)
def test_values_of_the_wrong_type_or_out_of_bounds_are_refused(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        Sample(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"share": 1},
        {"share": np.float32(0.25)},
        {"count": np.int64(3)},
        {"names": ["a"]},
        {"names": np.array(["a", "b"])},
        {"pair": [3, 4]},
        {"anything": object()},
    ],
)
def test_values_of_the_declared_type_pass(given):
    settings = Sample(**given)
    for name, value in given.items():
        assert getattr(settings, name) is value


def test_a_refusal_begins_with_the_flag():
    with pytest.raises(GemcontError, match="^-n is too many$"):
        Sample().refuse(True, "count", "is too many")
    assert Sample().refuse(False, "count", "is too many") is None


def test_flags_are_named_by_their_spelling_or_their_field():
    named = {field.name: names_of(field) for field in dataclasses.fields(Sample)}
    assert named["share"] == ("--share",)
    assert named["count"] == ("-n", "--number")
    assert named["in_python_only"] == named["both"] == ()
    assert flag_name(Sample, "count") == "-n"
    assert flag_name(Sample, "in_python_only") == "--in-python-only"
    assert flag_name(Sample, "no_such_field") == "--no-such-field"
    spelt = [names for _, _, names in flags_in(Sample)]
    assert ("--both-of-them",) in spelt
    assert len(spelt) == 9  # the field without a flag is none of them


def test_a_flag_without_a_default_has_to_be_given():
    field = dataclasses.fields(dataclasses.make_dataclass("X", [("a", str, flag(help="a"))]))[0]
    assert flag_of(field).required
    assert field.default is None
    assert not flag_of(dataclasses.fields(Sample)[0]).required


def test_an_unknown_keyword_is_named_with_those_that_there_are():
    with pytest.raises(UnknownSettingError, match="^shares: no such setting; there are share, cou"):
        settings_of(Sample, {"shares": 1})
    with pytest.raises(TypeError):  # what Python raises for a keyword that is unknown
        settings_of(Sample, {"shares": 1})
    assert settings_of(Sample, {"share": 0.25}) == Sample(share=0.25)


def test_a_part_has_the_values_of_the_whole():
    @dataclass(frozen=True, kw_only=True)
    class Whole(Sample):
        further: str = "x"

    assert part_of(Sample, Whole(share=0.75, kind="b")) == Sample(share=0.75, kind="b")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_spelling_of_a_command_is_declared_twice(command):
    names = [name for _, _, names in flags_in(command.settings) for name in names]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"-\w|--[a-z][a-z0-9-]*", name) for name in names)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_flag_is_explained_in_one_line(command):
    for field, said, names in flags_in(command.settings):
        assert said.help, names
        assert "\n" not in said.help
        assert not said.help.endswith("."), names
        takes_value = said.sets is None and field.type is not bool and said.choices is None
        if takes_value and bool not in getattr(field.type, "__args__", ()):
            assert said.metavar, names


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_flags_that_exclude_each_other_stand_together(command):
    groups = {}
    for _, said, _ in flags_in(command.settings):
        if said.exclusive is not None:
            groups.setdefault(said.exclusive, []).append(said.group)
    assert all(len(places) > 1 and len(set(places)) == 1 for places in groups.values())
    assert set(getattr(command.settings, "needs_one_of", ())) <= groups.keys()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_defaults_are_values_that_would_be_taken(command):
    for field, said, names in flags_in(command.settings):
        if field.default is None or field.name not in (
            n.strip("-").replace("-", "_") for n in names
        ):
            continue
        if isinstance(field.default, str) and said.choices is not None:
            assert field.default in said.choices
        if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            assert is_within(said, field.default), names


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_default_that_the_help_states_is_the_field_s(command):
    for field, said, names in flags_in(command.settings):
        stated = re.search(r"\(default: ([\d.e-]+)\)", said.help)
        if stated is not None and field.default is not None and said.kind != "plot":
            assert float(stated.group(1)) == field.default, names


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_a_flag_sets_are_fields(command):
    fields = {field.name for field in dataclasses.fields(command.settings)}
    for _, said, names in flags_in(command.settings):
        assert set(said.sets or ()) <= fields, names


def test_numpys_true_is_true():
    assert GwasSettings(rank_int=np.True_).rank_int
