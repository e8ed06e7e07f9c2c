"""A batch of summary statistics in a program's words -> the same in ours, checked."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.tables.sumstats.dialects import EFFECT_BY_CONTROLS
from gemcont.tables.sumstats.harmonised import with_harmonised
from gemcont.tables.sumstats.headings import base_role
from gemcont.tables.sumstats.intervals import error_of_interval
from gemcont.text.parse import MISSING

if TYPE_CHECKING:
    from gemcont.tables.sumstats.read import Sumstats

COLUMNS = {
    "row": pl.UInt32,
    "variant_id": pl.String,
    "chromosome": pl.String,
    "base_pair_location": pl.Int64,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "beta": pl.Float64,
    "standard_error": pl.Float64,
    "effect_allele_frequency": pl.Float64,
    "neg_log_10_p_value": pl.Float64,
    "z": pl.Float64,
    "n": pl.Float64,
    "strand": pl.String,
    "trait": pl.String,
    "is_ratio": pl.Boolean,  # whether beta is the logarithm of what the file has
    "is_of_interval": pl.Boolean,  # whether the standard error follows from a confidence interval
}
_STRANDS = dict.fromkeys(("+", "1", "+1", "f", "fwd", "forward", "plus"), "+")
_STRANDS |= dict.fromkeys(("-", "-1", "r", "rev", "reverse", "minus"), "-")
_IDS = ("variant_id", "rsid", "hm_rsid")
_NAMES = (
    *_IDS,
    *("chromosome", "effect_allele", "other_allele", "ref", "alt", "trait"),
    *("hm_chromosome", "hm_effect_allele", "hm_other_allele"),
)
_SMALLEST = 1e-300  # a p below it is read from its text: a double has few digits left there
_POWER = re.compile(r"[-+]?([0-9]*\.?[0-9]*)(?:[eE]([-+]?[0-9]+))?")
_ADDITIVE = r"(?i)^add(itive)?(-wgr(-[a-z]+)?)?$"  # the last ones are of REGENIE's --htp
NOT_ADDITIVE = "TEST is not ADD"
_BASES = {"TRUE": "T"}  # R writes a column of nothing but T so


def canonical(file: Sumstats, table: pl.DataFrame) -> pl.DataFrame:
    """Bring one batch to our words: the columns of ``COLUMNS``, null where there is no value.

    Args:
        file: the summary statistics it comes from, for messages and for the rows it leaves out.
        table: columns named by key, as text or numbers, and ``row``.

    Raises:
        GemcontError: naming the line of a value that cannot be.
    """
    table = _first_filled(_blank_missing(_whole_numbers(table)))
    table = _additive_only(file, with_harmonised(table))
    table = _effect_by_controls(table)
    if "rsid" in table.columns:
        others = [c for c in ("rsid", "variant_id") if c in table.columns]
        table = table.with_columns(pl.coalesce(others).alias("variant_id"))
    wanted = [name for name in COLUMNS if name in table.columns and name not in file.unread]
    columns = {name: table[name] for name in wanted}
    columns |= _alleles(file, table)
    columns |= _effect(file, table)
    columns |= _numbers(file, table)
    columns |= _standard_error(file, table, columns)
    columns |= _frequency(file, table, columns.get("effect_allele"))
    columns |= _significance(file, table) | _strand(file, table)
    unknown = [pl.lit(None, dtype=t).alias(n) for n, t in COLUMNS.items() if n not in columns]
    frame = pl.DataFrame(columns) if columns else table.select()
    return frame.with_columns(unknown).select(pl.col(n).cast(t) for n, t in COLUMNS.items())


def _whole_numbers(table):
    """Write names that a table holds as 1.0 and 2.0, because one is missing, as 1 and 2."""
    names = [n for n in table.columns if base_role(n) in _NAMES]
    floats = [n for n in names if table[n].dtype.is_float()]
    texts = [n for n in names if table[n].dtype == pl.String and base_role(n) not in _IDS]
    return table.with_columns(
        pl.col(floats).fill_nan(None).cast(pl.Int64),
        pl.col(texts).str.replace(r"^\s*([0-9]+)\.0+\s*$", "$1"),
    )


def _blank_missing(table):
    """Strip text, and make it null where it says that nothing is known."""
    text = [n for n in table.columns if not table[n].dtype.is_numeric()]
    table = table.with_columns(pl.col(text).cast(pl.String).str.strip_chars())
    known = ~pl.col(text).str.to_lowercase().is_in(list(MISSING))
    return table.with_columns(pl.when(known).then(pl.col(text)).name.keep())


def _first_filled(table):
    """Merge columns of text to one a role, each row's first filled; numbers are checked first."""
    keys = {}
    for key in table.columns:
        keys.setdefault(base_role(key), []).append(key)
    several = {r: k for r, k in keys.items() if len(k) > 1 and (r in _NAMES or r == "test")}
    dropped = [key for group in several.values() for key in group[1:]]
    text = (pl.coalesce(pl.col(k).cast(pl.String)).alias(r) for r, k in several.items())
    return table.with_columns(text).drop(dropped)


def _additive_only(file, table):
    """Leave out rows of covariates and other models, where the file says which test it is."""
    if "test" not in table.columns:
        return table
    additive = (pl.col("test").str.contains(_ADDITIVE)).fill_null(True)
    file.leave_out(table.filter(~additive), NOT_ADDITIVE)
    return table.filter(additive)


def _effect_by_controls(table):
    """Split an effect of REGENIE's --htp into odds ratios and effects."""
    if EFFECT_BY_CONTROLS not in table.columns:
        return table
    binary = pl.lit(False)
    if "n_controls" in table.columns:
        binary = pl.col("n_controls").cast(pl.Float64, strict=False).fill_null(0) > 0
    effect = pl.col(EFFECT_BY_CONTROLS)
    table = table.with_columns(
        pl.when(binary).then(effect).alias("odds_ratio"),
        pl.when(~binary).then(effect).alias("beta"),
    )
    if {"n_cases", "n_controls"} <= set(table.columns):
        table = table.with_columns(pl.col("n_controls").cast(pl.String).fill_null("0"))
    return table


def _numbers_of(file, table, role, *bounds, **options):
    """Return the numbers of a role, each row's first filled column; None without a column."""
    numbers = None
    for key in table.columns:
        if base_role(key) == role:
            values = _parsed(file, table, key, *bounds, **options)
            numbers = values if numbers is None else numbers.fill_null(values)
    return numbers


def _parsed(file, table, role, low=-math.inf, high=math.inf, *, infinite=False):
    """Return numbers of a column; null where missing, and where infinite unless that is allowed.

    Refuses text and what is out of bounds. Blank minus signs count as missing.
    """
    column = table[role]
    if column.dtype == pl.String:
        column = column.set(column == "-", None)
    values = column.cast(pl.Float64, strict=False)
    values = values.set(values.is_nan().fill_null(False), None)
    text = values.is_null() & column.is_not_null()
    if column.dtype == pl.String and text.any():
        _refuse(file, table, role, text, "not a number")
    outside = (values < low) | (values > high)
    if outside.any():
        bounds = f"not from {low:g} to {high:g}" if high < math.inf else f"below {low:g}"
        _refuse(file, table, role, outside, bounds)
    return values if infinite else values.set(values.is_infinite().fill_null(False), None)


def _refuse(file, table, role, wrong, why):
    at = int(wrong.fill_null(False).arg_max())
    raise file.fault(table["row"][at], role, repr(table[role][at]), why)


def _alleles(file, table):
    """Return effect and other allele in upper case, from REF and ALT where those are."""
    if not {"effect_allele", "ref", "alt"} & set(table.columns):
        return {}
    bases = {
        n: _bases(file, table, n)
        for n in ("effect_allele", "other_allele", "ref", "alt")
        if n in table.columns
    }
    effect = bases.get("effect_allele", bases.get("alt"))
    other = bases.get("other_allele")
    if {"ref", "alt"} <= set(bases):
        frame = pl.DataFrame({"effect": effect, "ref": bases["ref"], "alt": bases["alt"]})
        is_alt, is_ref = pl.col("effect") == pl.col("alt"), pl.col("effect") == pl.col("ref")
        choice = pl.when(is_alt).then(pl.col("ref")).when(is_ref).then(pl.col("alt"))
        choice = frame.select(choice.alias("other"))["other"]
        other = choice if other is None else other.fill_null(choice)
    alleles = {"effect_allele": effect, "other_allele": other}
    return {name: a for name, a in alleles.items() if a is not None}


def _bases(file, table, role):
    bases = table[role].cast(pl.String).str.to_uppercase().replace(_BASES)
    if (logical := (bases == "FALSE").fill_null(False)).any():
        _refuse(file, table, role, logical, "no allele: was it read as a logical value?")
    return bases


def _effect(file, table):
    """Return beta: as it stands, else the logarithm of a ratio; nothing where that is 0."""
    beta, is_ratio = _numbers_of(file, table, "beta"), None
    for role in ("odds_ratio", "hazard_ratio"):
        ratio = _numbers_of(file, table, role)
        if ratio is None:
            continue
        if (negative := (ratio < 0).fill_null(False)).any():
            name = file.roles.get(role, role)
            why = f"below 0: does it hold logarithms? (--columns beta={name})"
            _refuse(file, table, role, negative, why)
        logarithm = ratio.set((ratio <= 0).fill_null(False), None).log()
        here = logarithm.is_not_null() & (True if beta is None else beta.is_null())
        is_ratio = here if is_ratio is None else is_ratio | here
        beta = logarithm if beta is None else beta.fill_null(logarithm)
    columns = {} if beta is None else {"beta": beta}
    return columns if is_ratio is None else columns | {"is_ratio": is_ratio}


def _standard_error(file, table, columns):
    """Return the standard error as it stands, else of the confidence interval."""
    error = _numbers_of(file, table, "standard_error")
    given = {} if error is None else {"standard_error": error}
    of_interval = error_of_interval(table, columns.get("beta"))
    if of_interval is None:
        return given
    missing = of_interval.is_not_null() & (True if error is None else error.is_null())
    if not missing.any():
        return given
    filled = of_interval if error is None else error.fill_null(of_interval)
    return {"standard_error": filled, "is_of_interval": missing}


def _frequency(file, table, effect):
    """Return the effect allele's frequency: as it stands, or from that of another allele."""
    roles = {
        role: _numbers_of(file, table, role, 0.0, 1.0)
        for role in (
            "effect_allele_frequency",
            "other_allele_frequency",
            "alt_allele_frequency",
            "ref_allele_frequency",
        )
    }
    choices = [roles["effect_allele_frequency"]]
    if roles["other_allele_frequency"] is not None:
        choices.append(1 - roles["other_allele_frequency"])
    for allele, other in (("alt", "ref"), ("ref", "alt")):
        frequency = roles[f"{allele}_allele_frequency"]
        if frequency is not None:
            alleles = {"effect": effect, "allele": allele, "other": other}
            choices.append(_frequency_of_effect(file, table, frequency, **alleles))
    choices = [values for values in choices if values is not None]
    if not choices:
        return {}
    return {"effect_allele_frequency": pl.select(pl.coalesce(*choices)).to_series()}


def _frequency_of_effect(file, table, frequency, *, effect, allele, other):
    """Return the frequency of ``allele`` ("alt", "ref") as the effect allele's, null if unknown."""
    if effect is None:
        return frequency if allele == "alt" else 1 - frequency
    same, not_same = (
        (_bases(file, table, name) == effect)
        if name in table.columns
        else pl.repeat(None, table.height, dtype=pl.Boolean, eager=True)
        for name in (allele, other)
    )
    if other not in table.columns:
        not_same = ~same
    if allele not in table.columns:
        same = ~not_same
    frame = pl.DataFrame({"f": frequency, "same": same, "not_same": not_same})
    f = pl.col("f")
    return frame.select(pl.when("same").then(f).when("not_same").then(1 - f)).to_series()


def _numbers(file, table):
    """Return the columns that are taken as they are."""
    bounds = {"z": (), "n": (0.0,), "n_cases": (0.0,), "n_controls": (0.0,), "n_effective": (0.0,)}
    bounds["base_pair_location"] = (0.0, 2.0**31)
    numbers = {
        role: values
        for role, limits in bounds.items()
        if role not in file.unread
        and (values := _numbers_of(file, table, role, *limits)) is not None
    }
    _whole_positions(file, table, numbers)
    cases, controls = numbers.pop("n_cases", None), numbers.pop("n_controls", None)
    both = None if cases is None or controls is None else cases + controls
    for more in (both, numbers.pop("n_effective", None)):
        if more is not None:
            numbers["n"] = numbers["n"].fill_null(more) if "n" in numbers else more
    return numbers


def _whole_positions(file, table, numbers):
    """Refuse a position between two bases."""
    position = numbers.get("base_pair_location")
    if position is not None and (broken := (position != position.floor()).fill_null(False)).any():
        _refuse(file, table, "base_pair_location", broken, "not a whole number")


def _strand(file, table):
    """Return + or - from the ways to write it; anything else is refused."""
    if "strand" not in table.columns:
        return {}
    strand = table["strand"].str.to_lowercase()
    known = strand.replace_strict(_STRANDS, default=None, return_dtype=pl.String)
    if (strange := known.is_null() & strand.is_not_null()).any():
        _refuse(file, table, "strand", strange, "neither + nor - (nor 1, -1, forward, reverse)")
    return {"strand": known}


def _significance(file, table):
    """Return -log10 p: each row's first filled one of -log10 p, p and log10 p."""
    neg = _numbers_of(file, table, "neg_log_10_p_value", 0.0, infinite=True)
    choices = [] if neg is None else [neg]
    if "p_value" in table.columns:
        choices.append(_from_p(file, table))
    log = _numbers_of(file, table, "log_10_p_value", -math.inf, 0.0, infinite=True)
    choices += [] if log is None else [-log]
    if not choices:
        return {}
    return {"neg_log_10_p_value": pl.select(pl.coalesce(*choices)).to_series()}


def _from_p(file, table):
    """Return -log10 of p; from the text where a double would underflow, infinite where it is 0."""
    values = _parsed(file, table, "p_value", 0.0, 1.0).to_numpy()
    with np.errstate(divide="ignore"):
        neg_log_10_p = -np.log10(values) + 0.0  # no minus zero
    if table["p_value"].dtype == pl.String:
        for row in np.flatnonzero(values < _SMALLEST):
            neg_log_10_p[row] = neg_log_10_of(table["p_value"][int(row)])
    return pl.Series(neg_log_10_p, nan_to_null=True)


def neg_log_10_of(text: str) -> float:
    """Return -log10 of a number written as text, however small: '3.2e-4000' -> 3999.49."""
    match = _POWER.fullmatch(text)
    assert match, text
    mantissa, power = match.groups()
    value = float(mantissa)
    return math.inf if value == 0 else -math.log10(value) - int(power or 0)
