"""A column to be learned: a number, or the class of a person as PLINK or others code it."""

import logging

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

TARGET_KINDS = ("class", "number")
_CODE = -9.0  # PLINK's missing value


def coded_target(name: str, values: np.ndarray, kind: str | None = None) -> tuple[np.ndarray, bool]:
    """Return a target as it is learned, and whether it is a class, of 0 and 1.

    The reading of the values is logged, and warned of where people are lost by it.

    Args:
        name: name of the column.
        values: float64 (people,), NaN missing.
        kind: "class" or "number"; None for what the values say: 0 and 1, or 1 and 2, PLINK's
            controls and cases, are classes. Beside the two -9 is missing, and 0 beside 1 and 2, as
            in PLINK.

    Raises:
        GemcontError: a "class" has other values.
    """
    if kind not in (None, *TARGET_KINDS):
        raise GemcontError(f"--target-kind: {kind!r} is not one of {', '.join(TARGET_KINDS)}")
    known = set(np.unique(values[~np.isnan(values)]).tolist())
    classes = None if kind == "number" else _classes(known)
    if classes is not None:
        return _as_class(name, values, classes), True
    if kind == "class":
        shown = ", ".join(f"{value:g}" for value in sorted(known)[:5])
        raise GemcontError(
            f"--target-kind class: {name} holds {len(known)} values ({shown}); a class is 0 and 1, "
            "or 1 and 2 as in PLINK"
        )
    coded = int((values == _CODE).sum())
    if coded:
        log.warning(
            "--target %s: -9 is taken as a value (%d people); write NA if it means missing",
            name,
            coded,
        )
    return values, False


def _classes(known):
    """Return the values of control and case among those that are known; None for a number."""
    for low, missing in ((0.0, {_CODE}), (1.0, {0.0, _CODE})):
        if known - missing == {low, low + 1}:
            return low, low + 1
    return None


def _as_class(name, values, classes):
    """Return 0 for controls, 1 for cases, else NaN."""
    control, case = (values == value for value in classes)
    log.info(
        "--target %s is a class: %d people are %g, %d are %g%s",
        *(name, control.sum(), classes[0], case.sum(), classes[1]),
        ", PLINK's controls and cases" if classes[0] else "",
    )
    for code in (_CODE, 0.0):
        count = 0 if code in classes else int((values == code).sum())
        if count:
            log.warning(
                "--target %s: %g beside %g and %g is missing, as in PLINK: %d people are left out "
                "(--target-kind number learns it as a number)",
                *(name, code, *classes, count),
            )
    return np.where(case, 1.0, np.where(control, 0.0, np.nan))
