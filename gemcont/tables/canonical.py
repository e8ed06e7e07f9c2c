"""A batch of summary statistics in a program's words -> the same in ours, checked."""

import math
import re

import numpy as np
import polars as pl

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
    "info": pl.Float64,
    "strand": pl.String,
    "trait": pl.String,
}
_STRANDS = dict.fromkeys(("+", "1", "+1", "f", "fwd", "forward", "plus"), "+")
_STRANDS |= dict.fromkeys(("-", "-1", "r", "rev", "reverse", "minus"), "-")
_NAMES = ("chromosome", "variant_id", "rsid", "effect_allele", "other_allele", "ref", "alt")
_MISSING = ("", "na", "nan", ".", "#na", "null", "none", "n/a")
_SMALLEST = 1e-300  # a p below it is read from its text: a double has few digits left there
_POWER = re.compile(r"[-+]?([0-9]*\.?[0-9]*)(?:[eE]([-+]?[0-9]+))?")


def canonical(file, table):
    """One batch in our words: the columns of ``COLUMNS``, null where there is no value.

    file: the ``Sumstats`` it comes from, for messages and counts; table: columns named by role,
    as text or numbers, and ``row``. Raises GemcontError naming the line of a value that cannot be.
    """
    table = _additive_only(file, _blank_missing(_whole_numbers(table)))
    if "rsid" in table.columns:
        others = [c for c in ("rsid", "variant_id") if c in table.columns]
        table = table.with_columns(pl.coalesce(others).alias("variant_id"))
    columns = {name: table[name] for name in COLUMNS if name in table.columns}
    columns |= _alleles(table)
    columns |= _effect(file, table)
    columns |= _numbers(file, table)
    columns |= _significance(file, table) | _strand(file, table)
    unknown = [pl.lit(None, dtype=t).alias(n) for n, t in COLUMNS.items() if n not in columns]
    frame = pl.DataFrame(columns) if columns else table.select()
    return frame.with_columns(unknown).select(pl.col(n).cast(t) for n, t in COLUMNS.items())


def _whole_numbers(table):
    """Names that a frame holds as 1.0 and 2.0, because one is missing, as 1 and 2."""
    floats = [n for n in _NAMES if n in table.columns and table[n].dtype.is_float()]
    return table.with_columns(pl.col(floats).fill_nan(None).cast(pl.Int64))


def _blank_missing(table):
    """Text stripped, and null where it says that nothing is known."""
    text = [n for n in table.columns if not table[n].dtype.is_numeric()]
    table = table.with_columns(pl.col(text).cast(pl.String).str.strip_chars())
    known = ~pl.col(text).str.to_lowercase().is_in(_MISSING)
    return table.with_columns(pl.when(known).then(pl.col(text)).name.keep())


def _additive_only(file, table):
    """Without the rows of covariates and other models, where the file says which test it is."""
    if "test" not in table.columns:
        return table
    kept = table.filter(pl.col("test").is_null() | (pl.col("test") == "ADD"))
    reason = "TEST is not ADD"
    file.skipped[reason] = file.skipped.get(reason, 0) + table.height - kept.height
    return kept


def _parsed(file, table, role, low=-math.inf, high=math.inf, *, infinite=False):
    """Numbers of a column; null where missing, and where infinite unless that is allowed.

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


def _alleles(table):
    """Effect and other allele in upper case."""
    if not {"effect_allele", "ref", "alt"} & set(table.columns):
        return {}
    found = {
        n: table[n].cast(pl.String).str.to_uppercase()
        for n in ("effect_allele", "other_allele", "ref", "alt")
        if n in table.columns
    }
    effect = found.get("effect_allele", found.get("alt"))
    other = found.get("other_allele")
    if other is None and {"ref", "alt"} <= set(found):
        frame = pl.DataFrame({"effect": effect, "ref": found["ref"], "alt": found["alt"]})
        is_alt, is_ref = pl.col("effect") == pl.col("alt"), pl.col("effect") == pl.col("ref")
        choice = pl.when(is_alt).then(pl.col("ref")).when(is_ref).then(pl.col("alt"))
        other = frame.select(choice.alias("other"))["other"]
    alleles = {"effect_allele": effect, "other_allele": other}
    return {name: a for name, a in alleles.items() if a is not None}


def _effect(file, table):
    """beta: as it stands, else the logarithm of a ratio (nothing where that is not positive)."""
    if "beta" in table.columns:
        return {"beta": _parsed(file, table, "beta")}
    for ratio in ("odds_ratio", "hazard_ratio"):
        if ratio in table.columns:
            values = _parsed(file, table, ratio)
            return {"beta": values.set((values <= 0).fill_null(False), None).log()}
    return {}


def _numbers(file, table):
    """The columns that are taken as they are."""
    bounds = {
        "standard_error": (),
        "effect_allele_frequency": (0.0, 1.0),
        "other_allele_frequency": (0.0, 1.0),
        "z": (),
        "n": (0.0,),
        "n_cases": (0.0,),
        "n_controls": (0.0,),
        "info": (),
        "base_pair_location": (0.0, 2.0**31),
    }
    found = {
        role: _parsed(file, table, role, *limits)
        for role, limits in bounds.items()
        if role in table.columns
    }
    _whole_positions(file, table, found)
    cases, controls = found.pop("n_cases", None), found.pop("n_controls", None)
    if cases is not None and controls is not None:
        both = cases + controls
        found["n"] = found["n"].fill_null(both) if "n" in found else both
    other = found.pop("other_allele_frequency", None)
    if other is not None:
        found.setdefault("effect_allele_frequency", 1 - other)
    return found


def _whole_positions(file, table, found):
    """Refuse a position between two bases."""
    position = found.get("base_pair_location")
    if position is not None and (broken := (position != position.floor()).fill_null(False)).any():
        _refuse(file, table, "base_pair_location", broken, "not a whole number")


def _strand(file, table):
    """+ or - from the ways to write it; anything else is refused."""
    if "strand" not in table.columns:
        return {}
    strand = table["strand"].str.to_lowercase()
    known = strand.replace_strict(_STRANDS, default=None, return_dtype=pl.String)
    if (strange := known.is_null() & strand.is_not_null()).any():
        _refuse(file, table, "strand", strange, "neither + nor - (nor 1, -1, forward, reverse)")
    return {"strand": known}


def _significance(file, table):
    """-log10 p from -log10 p, log10 p or p, whichever stands first."""
    if "neg_log_10_p_value" in table.columns:
        return {
            "neg_log_10_p_value": _parsed(file, table, "neg_log_10_p_value", 0.0, infinite=True)
        }
    if "p_value" in table.columns:
        return {"neg_log_10_p_value": _from_p(file, table)}
    if "log_10_p_value" in table.columns:
        values = _parsed(file, table, "log_10_p_value", -math.inf, 0.0, infinite=True)
        return {"neg_log_10_p_value": -values}
    return {}


def _from_p(file, table):
    """-log10 of p; from the text where a double would underflow, infinite where it is 0."""
    values = _parsed(file, table, "p_value", 0.0, 1.0).to_numpy()
    with np.errstate(divide="ignore"):
        neg_log_10_p = -np.log10(values) + 0.0  # no minus zero
    if table["p_value"].dtype == pl.String:
        for row in np.flatnonzero(values < _SMALLEST):
            neg_log_10_p[row] = neg_log_10_of(table["p_value"][int(row)])
    return pl.Series(neg_log_10_p, nan_to_null=True)


def neg_log_10_of(text):
    """-log10 of a number written as text, however small: '3.2e-4000' -> 3999.49."""
    mantissa, power = _POWER.fullmatch(text).groups()
    value = float(mantissa)
    return math.inf if value == 0 else -math.log10(value) - int(power or 0)
