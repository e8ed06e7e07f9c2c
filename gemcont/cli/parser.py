"""The parser of a command, made from the fields of its settings (``gemcont.settings``)."""

import argparse
import math
import re
import sys
import typing
from collections.abc import Callable, Sequence

import gemcont
from gemcont.errors import GemcontError
from gemcont.settings.flags import Flag, bounds_text, flags_in, help_groups, is_within

USER_ERROR = 2


class Parser(argparse.ArgumentParser):
    """A parser of whole flags only, whose errors are one line."""

    def __init__(self, settings: type, **options):
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
            **options,
        )
        self.add_argument("--version", action="version", version=f"gemcont {gemcont.__version__}")
        self._settings = settings
        self.said: dict = {}  # field -> value and flag, of those that set a field without a value
        _add_flags(self, settings)

    def read(self, words: Sequence[str] | None = None) -> tuple[object, frozenset[str]]:
        """Return the settings that the words of a command line say, and the fields they set.

        Raises GemcontError where the settings exclude each other.
        """
        given = vars(self.parse_args(_with_joined_codes(words)))
        for field, _, names in flags_in(self._settings):
            if given.get(field.name) == "":
                self.error(f"{names[0]}: the value is empty")
        return self._settings(**given), frozenset(given)

    def error(self, message: str) -> typing.NoReturn:
        """Write one line to stderr and exit with 2."""
        self.exit(USER_ERROR, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _with_joined_codes(words):
    """Return the words; --missing-code takes a list that begins with a minus, as PLINK's."""
    words = list(sys.argv[1:] if words is None else words)
    for i in range(len(words) - 1, 0, -1):
        if words[i - 1] == "--missing-code" and re.match(r"-[\d.]", words[i]):
            words[i - 1 : i + 1] = [f"--missing-code={words[i]}"]
    return words


def _add_flags(parser, settings):
    """Add every flag, by the groups of ``--help``."""
    exclusive: dict = {}
    needed = getattr(settings, "needs_one_of", ())
    for title, flags in help_groups(settings).items():
        group = parser.add_argument_group(title)
        for field, said, names in flags:
            place = group
            if said.exclusive is not None:
                if said.exclusive not in exclusive:
                    required = said.exclusive in needed
                    exclusive[said.exclusive] = group.add_mutually_exclusive_group(
                        required=required
                    )
                place = exclusive[said.exclusive]
            place.add_argument(*names, dest=field.name, **_how(field, said))


def _help_text(said):
    return said.help.replace("%", "%%")


def _how(field, said):
    """Return what argparse is told of a flag."""
    how = {"help": _help_text(said)} | ({"required": True} if said.required else {})
    return how | _reading(field, said)


def _reading(field, said):
    """Return what argparse is told of how a flag's words are read."""
    if said.sets is not None:
        return {"action": _Sets, "nargs": 0, "const": said.sets}
    if said.kind is not None:
        return {"metavar": said.metavar} | _KINDS[said.kind](said)
    kinds = typing.get_args(field.type) or (field.type,)
    if bool in kinds:
        return {"action": "store_false" if field.default is True else "store_true"}
    if said.choices is not None:
        return {"choices": said.choices}
    for kind in (int, float):
        if kind in kinds:
            return {"metavar": said.metavar, "type": number(kind, said)}
    if list in kinds or tuple in kinds:
        whole = tuple if tuple in kinds else list
        return {"metavar": said.metavar, "type": lambda text: whole(comma_list(text))}
    return {"metavar": said.metavar}


class _Sets(argparse.Action):
    """Set what a flag without a value stands for."""

    def __call__(self, parser, namespace, values, option_string=None):
        for name, value in self.const.items():
            before, other = parser.said.setdefault(name, (value, option_string))
            if before != value:
                raise argparse.ArgumentError(self, f"excludes {other}")
            setattr(namespace, name, value)


class _AddColumns(argparse.Action):
    """Collect several ``--columns``."""

    def __call__(self, parser, namespace, values, option_string=None):
        before = dict(getattr(namespace, self.dest, None) or {})
        twice = next((key for key in values if key in before), None)
        if twice is not None:
            raise argparse.ArgumentError(self, f"{twice} is named a second time")
        setattr(namespace, self.dest, before | values)


class _Hwe(argparse.Action):
    """Read --hwe, plink2's way: P [midp]."""

    def __call__(self, parser, namespace, values, option_string=None):
        if len(values) > 2 or values[1:] not in ([], ["midp"]):
            words = " ".join(values)
            raise argparse.ArgumentError(self, f"cannot read {words!r}; write P or 'P midp'")
        try:
            namespace.hwe = number(float, Flag(help="", low=0, high=1))(values[0])
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from None
        namespace.hwe_midp = len(values) == 2


class _Names(argparse.Action):
    """Read names given apart or, as PLINK 1.9 has them, joined by commas."""

    def __call__(self, parser, namespace, values, option_string=None):
        names = [part for name in values for part in name.split(",") if part]
        setattr(namespace, self.dest, names)


def comma_list(text: str) -> list[str]:
    """Return the parts of 'a,b,c'."""
    parts = [part for part in (part.strip() for part in text.split(",")) if part]
    if not parts:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return parts


def number(kind: type, said: Flag) -> Callable[[str], float]:
    """Return an argparse type: an int or float within a flag's bounds, or why it is none."""

    def parse(text: str) -> float:
        """Return the number that the text is."""
        try:
            value = None if "_" in text else kind(text)  # 1_0, a slip, is ten to Python
        except ValueError:
            value = None
        if value is None or math.isinf(value) or not is_within(said, value):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} {bounds_text(said)}")
        return value

    return parse


def role_columns(text: str) -> dict[str, str]:
    """Read 'beta=EFFECT,b.tsv:n=NEFF' as {'beta': 'EFFECT', 'b.tsv:n': 'NEFF'}."""
    from gemcont.tables.sumstats.dialects import ROLES

    columns: dict[str, str] = {}
    for part in comma_list(text):
        key, sign, name = part.partition("=")
        file, _, role = key.rpartition(":")
        if not sign or not name or role not in ROLES or key.startswith(":"):
            known = ", ".join(ROLES)
            raise argparse.ArgumentTypeError(
                f"{part!r} is not ROLE=NAME or FILE:ROLE=NAME; roles are {known}"
            )
        taken = [n for k, n in columns.items() if k.rpartition(":")[0] == file]
        if key in columns or name in taken:
            raise argparse.ArgumentTypeError(f"{part!r} names a role or a column a second time")
        columns[key] = name
    return columns


def chunk(text: str) -> tuple[int, int]:
    """Read I/N as (I, N)."""
    first, _, total = text.partition("/")
    if not (first.isdecimal() and total.isdecimal() and 1 <= int(first) <= int(total)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with I from 1 to N, e.g. 3/10")
    return int(first), int(total)


def _neg_log10(said):
    """Return a type of p, kept as -log10 p."""
    read = number(float, said)

    def parse(text: str) -> float:
        """Return -log10 of the p that the text is."""
        p = read(text)
        if p == 0:
            raise argparse.ArgumentTypeError("must be above 0; use --neg-log10-p-min beyond 1e-300")
        return -math.log10(p)

    return {"type": parse}


def _count_or_auto(text):
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 up nor auto")
    return int(text)


def _counts(text):
    parts = comma_list(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers from 1 up, as in 1,4,16")
    return tuple(int(part) for part in parts)


def _names_or_none(text):
    return () if text == "none" else tuple(comma_list(text))


# How the words of flags are read whose field's type does not say it.
_KINDS: dict[str, Callable[[Flag], dict]] = {
    "chunk": lambda said: {"type": chunk},
    "columns": lambda said: {"type": role_columns, "action": _AddColumns},
    "count or auto": lambda said: {"type": _count_or_auto},
    "counts": lambda said: {"type": _counts},
    "hwe": lambda said: {"action": _Hwe, "nargs": "+"},
    "names": lambda said: {"action": _Names, "nargs": "+"},
    "names or none": lambda said: {"type": _names_or_none},
    "neg_log10": _neg_log10,
    "plot": lambda said: {"type": number(int, said), "nargs": "?", "const": 10},
    "words": lambda said: {"nargs": "+", "action": "extend"},
}


def refuse_idle(settings: object, given: frozenset[str], idle: Sequence[str], why: str) -> None:
    """Raise GemcontError for a flag that is given though it would do nothing.

    idle: names of fields; why: what follows the flag in the message
    """
    named = {field.name: names for field, _, names in flags_in(type(settings))}
    for name in idle:
        if name in given:
            raise GemcontError(f"{named[name][0]} {why}")
