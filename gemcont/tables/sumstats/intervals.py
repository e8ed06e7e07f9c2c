"""Standard errors from 95 % confidence intervals of effects and of ratios."""

import numpy as np
import polars as pl

from gemcont.errors import GemcontError

_HALF = 1.959963984540054  # standard errors from the effect to a limit
_SLACK = 0.1  # of an interval's width: what rounding may leave the effect outside
_NUMBER = r"(-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
_INTERVAL = rf"{_NUMBER}\s*(?:,|;|:|\bto\b|-|–|—|\s)\s*{_NUMBER}"


def error_of_interval(table: pl.DataFrame, beta: pl.Series | None) -> pl.Series | None:
    """Return standard errors from 95 % confidence intervals; None without intervals.

    The limits are those of the ratio or of the effect: whichever scale has the effect nearer the
    middle of the interval; nothing is known where it lies outside.

    Args:
        table: columns by role, with ci ("0.9,1.1", "0.9-1.1", "[0.9 to 1.1]") or ci_lower and
            ci_upper.
        beta: effects (float64), of ratios the logarithms, or None.

    Returns:
        float64 Series, null where unknown.
    """
    limits = _limits(table)
    if limits is None or beta is None:
        return None
    low, high = (np.asarray(limit.fill_null(np.nan), dtype=np.float64) for limit in limits)
    effect = beta.fill_null(np.nan).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = [np.log(np.where(limit > 0, limit, np.nan)) for limit in (low, high)]
    fits = (_fit(limits, effect) for limits in (logs, (low, high)))
    widths, offsets = zip(*fits, strict=True)
    by_logs = offsets[0] < offsets[1]
    width, offset = (np.where(by_logs, *pair) for pair in (widths, offsets))
    error = np.where((width > 0) & (offset <= 0.5 + _SLACK), width / (2 * _HALF), np.nan)
    return pl.Series(error, nan_to_null=True)


def _limits(table):
    if {"ci_lower", "ci_upper"} <= set(table.columns):
        return [table[name].cast(pl.Float64, strict=False) for name in ("ci_lower", "ci_upper")]
    if "ci" not in table.columns:
        return None
    if table["ci"].dtype != pl.String:
        raise GemcontError("the column of confidence intervals (ci) holds single numbers")
    return [
        table["ci"].str.extract(_INTERVAL, group).cast(pl.Float64, strict=False) for group in (1, 2)
    ]


def _fit(limits, effect):
    """Return intervals' widths, and the effect's distance from their middle in widths (or inf)."""
    low, high = limits
    width = high - low
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = np.abs(effect - (low + high) / 2) / width
    return np.nan_to_num(width), np.where(width > 0, offset, np.inf)
