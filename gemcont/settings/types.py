"""Settings of a wrong name or type, found where they are given and named as they were."""

import dataclasses
import numbers
import typing

from gemcont.errors import GemcontError

_KINDS = {
    bool: ("True or False", (bool,)),
    int: ("a whole number", (numbers.Integral,)),
    float: ("a number", (numbers.Real,)),
    str: ("text", (str,)),
    dict: ("a dict", (dict,)),
    list: ("a list", (list, tuple, str)),
    tuple: ("a tuple", (tuple, list)),
}


def settings_of(cls, given):
    """Return the settings of a class from a dict; GemcontError for a name that is none."""
    known = [field.name for field in dataclasses.fields(cls)]
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise GemcontError(f"{unknown}: no such setting; there are {', '.join(known)}")
    return cls(**given)


def refuse_wrong_types(settings):
    """Raise GemcontError for a field of a dataclass whose value is none of its declared types.

    Fields declared ``object`` take anything; a bool is no number, and a number given as text none
    either.
    """
    for field in dataclasses.fields(settings):
        kinds = typing.get_args(field.type) or (field.type,)
        value = getattr(settings, field.name)
        if object in kinds or any(_is_of(value, kind) for kind in kinds):
            continue
        wanted = " or ".join(_KINDS[kind][0] for kind in kinds if kind in _KINDS)
        raise GemcontError(
            f"{field.name}: must be {wanted}, not {str(value)[:60]!r} ({type(value).__name__})"
        )


def _is_of(value, kind):
    if kind is type(None):
        return value is None
    if isinstance(value, bool) or type(value).__name__ == "bool_":  # NumPy's, not imported here
        return kind is bool
    if kind is list and hasattr(value, "tolist"):  # an array
        return True
    return isinstance(value, _KINDS[kind][1])
