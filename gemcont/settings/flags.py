"""How a flag is declared: once, as the field of a dataclass with what is to be said of it.

From the fields are made the command's parser (``cli.parser``), the checks of a Python keyword, the
wording of a run's fingerprint, and the tables of flags in the documents.
"""

import dataclasses
import numbers
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from typing import Any

from gemcont.errors import GemcontError

OUTPUT = "output and work"  # group of the flags that come last
Kind = typing.TypeVar("Kind")

_NAMED: dict[type, tuple[str, tuple[type, ...]]] = {
    bool: ("True or False", (bool,)),
    int: ("a whole number", (numbers.Integral,)),
    float: ("a number", (numbers.Real,)),
    str: ("text", (str,)),
    dict: ("a dict", (dict,)),
    list: ("a list", (list, tuple, str)),
    tuple: ("a tuple", (tuple, list)),
}


class UnknownSettingError(GemcontError, TypeError):
    """A keyword that is none of the settings: a mistake of the user's, in Python a TypeError."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A flag of the command line.

    Attributes:
        help: one line, for ``--help`` and the documents
        names: its spellings; () = the field's name with dashes
        group: title in ``--help``
        metavar: name of its value in ``--help``
        choices: the values there are
        low, high: smallest and largest number
        above, below: bounds that a number may not reach
        kind: how its words are read where the field's type does not say it (``cli.parser``)
        required: whether it has to be given
        exclusive: name shared by flags of which one at most is given; exactly one, if the name is
            in ``needs_one_of`` of the settings
        sets: field -> value, where the flag has no value of its own
        spellings: further flags that set the same field, each of a kind of its own
    """

    help: str
    names: tuple[str, ...] = ()
    group: str = ""
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    kind: str | None = None
    required: bool = False
    exclusive: str | None = None
    sets: Mapping | None = None
    spellings: tuple["Flag", ...] = ()


def flag(default: Any = MISSING, /, help: str = "", **said: Any) -> Any:  # noqa: A002
    """Return a dataclass field with its ``Flag``; without ``help`` it has none of its own.

    default: of the field; without one it is None and the flag has to be given; said: fields of
    ``Flag``
    """
    if default is MISSING:
        default, said = None, {"required": True} | said
    return dataclasses.field(default=default, metadata={"flag": Flag(help=help, **said)})


def flag_of(field: dataclasses.Field) -> Flag | None:
    """Return the flag of a field, None where it is said in Python only."""
    return field.metadata.get("flag")


def names_of(field: dataclasses.Field) -> tuple[str, ...]:
    """Return the spellings of a field's own flag, () where it has none."""
    said = flag_of(field)
    if said is None or not said.help:
        return ()
    return said.names or ("--" + field.name.replace("_", "-"),)


def flag_name(cls: type, name: str) -> str:
    """Return the flag that a field is set by, for messages; its own name where there is none."""
    fields = {field.name: field for field in dataclasses.fields(cls)}
    names = names_of(fields[name]) if name in fields else ()
    return names[0] if names else "--" + name.replace("_", "-")


def flags_in(cls: type) -> Iterator[tuple[dataclasses.Field, Flag, tuple[str, ...]]]:
    """Yield every flag of a command with its field and spellings, in the order of the fields."""
    for field in dataclasses.fields(cls):
        said = flag_of(field)
        if said is None:
            continue
        if said.help:
            yield field, said, names_of(field)
        for other in said.spellings:
            yield field, other, other.names


def help_groups(cls: type) -> dict[str, list]:
    """Return the flags of a command by the titles of ``--help``: title -> what ``flags_in`` yields.

    Outputs come last; in every group those that have to be given come first.
    """
    groups: dict[str, list] = {}
    for entry in sorted(flags_in(cls), key=lambda entry: entry[1].group == OUTPUT):
        groups.setdefault(entry[1].group or "options", []).append(entry)
    return {
        title: sorted(entries, key=lambda entry: not entry[1].required)
        for title, entries in groups.items()
    }


def settings_of(cls: type[Kind], given: Mapping) -> Kind:
    """Return the settings of a class; UnknownSettingError names those that there are."""
    known = [field.name for field in dataclasses.fields(typing.cast(Any, cls))]
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise UnknownSettingError(f"{unknown}: no such setting; there are {', '.join(known)}")
    return cls(**given)


def part_of(cls: type[Kind], settings: object) -> Kind:
    """Return those settings that a class has: of a command, what decides its results."""
    fields = dataclasses.fields(typing.cast(Any, cls))
    return cls(**{field.name: getattr(settings, field.name) for field in fields})


class Settings:
    """Base of all settings: a frozen dataclass whose values are checked when it is made."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _refuse_wrong_type(field, value)
            if flag_of(field) is not None and value is not None:
                _refuse_wrong_value(type(self), field, value)

    def refuse(self, given: bool, name: str, why: str) -> None:
        """Raise GemcontError that begins with a field's flag, if ``given``."""
        if given:
            raise GemcontError(f"{flag_name(type(self), name)} {why}")


def _refuse_wrong_type(field, value):
    """Raise GemcontError for a value of none of the declared types.

    Fields declared ``object`` take anything; a bool is no number, and a number given as text none
    either.
    """
    kinds = typing.get_args(field.type) or (field.type,)
    kinds = [typing.get_origin(kind) or kind for kind in kinds]
    if typing.get_origin(field.type) in _NAMED:
        kinds = [typing.get_origin(field.type)]
    if object in kinds or any(_is_of(value, kind) for kind in kinds):
        return
    wanted = " or ".join(_NAMED[kind][0] for kind in kinds if kind in _NAMED)
    raise GemcontError(
        f"{field.name}: must be {wanted}, not {str(value)[:60]!r} ({type(value).__name__})"
    )


def _is_of(value, kind):
    if kind is type(None):
        return value is None
    if type(value).__name__ in ("bool", "bool_"):  # NumPy's too, which is not imported here
        return kind is bool
    if kind is list and hasattr(value, "tolist"):  # an array
        return True
    return kind in _NAMED and isinstance(value, _NAMED[kind][1])


def _refuse_wrong_value(cls, field, value):
    said, name = flag_of(field), flag_name(cls, field.name)
    if said.choices is not None and isinstance(value, str) and value not in said.choices:
        raise GemcontError(f"{name}: {value!r} is not one of {', '.join(said.choices)}")
    if isinstance(value, numbers.Real) and not is_within(said, value):
        raise GemcontError(f"{name}: {value:g} is not {bounds_text(said)}")


def is_within(said: Flag, value: float) -> bool:
    """Return whether a number is within a flag's bounds; NaN never is."""
    tests: list[tuple[float | None, Callable[[float, float], bool]]] = [
        (said.low, lambda v, bound: v >= bound),
        (said.high, lambda v, bound: v <= bound),
        (said.above, lambda v, bound: v > bound),
        (said.below, lambda v, bound: v < bound),
    ]
    return value == value and all(bound is None or test(value, bound) for bound, test in tests)


def bounds_text(said: Flag) -> str:
    """Return a flag's bounds in words: 'from 0 to 1', 'above 0', 'from 1 up'."""
    if said.above is not None:
        least = f"above {said.above:g}"
        most = "" if said.high is None else f" and up to {said.high:g}"
    else:
        least = "from any number" if said.low is None else f"from {said.low:g}"
        most = " up" if said.high is None else f" to {said.high:g}"
    if said.below is not None:
        most = f" to below {said.below:g}"
    return least + most
