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
_MISSING = ("", "na", "nan", ".", "#na", "null", "none", "n/a")
_SMALLEST = 1e-300  # a p below it is read from its text: a double has few digits left there
_POWER = re.compile(r"([0-9]*\.?[0-9]*)(?:[eE]([-+]?[0-9]+))?")


def canonical(file, table):
    """One batch in our words: the columns of ``COLUMNS``, null where there is no value.

    file: the ``Sumstats`` it comes from, for messages and counts; table: columns named by role,
    as text or numbers, and ``row``. Raises GemcontError naming the line of a value that cannot be.
    """
    table = _additive_only(file, _blank_missing(table))
    columns = {name: table[name] for name in COLUMNS if name in table.columns}
    columns |= _alleles(table)
    columns |= _effect(file, table)
    columns |= _numbers(file, table)
    columns |= _significance(file, table)
    unknown = [pl.lit(None, dtype=t).alias(n) for n, t in COLUMNS.items() if n not in columns]
    frame = pl.DataFrame(columns) if columns else table.select()
    return frame.with_columns(unknown).select(pl.col(n).cast(t) for n, t in COLUMNS.items())


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


def _parsed(file, table, role, low=-math.inf, high=math.inf):
    """Numbers of a column; null where missing or infinite. Refuses text and what is out of bounds.

    Blank minus signs count as missing.
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
    return values.set(values.is_infinite().fill_null(False), None)


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
        "info": (),
        "base_pair_location": (0.0, 2.0**31),
    }
    found = {
        role: _parsed(file, table, role, *limits)
        for role, limits in bounds.items()
        if role in table.columns
    }
    other = found.pop("other_allele_frequency", None)
    if other is not None:
        found.setdefault("effect_allele_frequency", 1 - other)
    return found


def _significance(file, table):
    """-log10 p from -log10 p, log10 p or p, whichever stands first."""
    if "neg_log_10_p_value" in table.columns:
        return {"neg_log_10_p_value": _parsed(file, table, "neg_log_10_p_value", 0.0)}
    if "p_value" in table.columns:
        return {"neg_log_10_p_value": _from_p(file, table)}
    if "log_10_p_value" in table.columns:
        values = _parsed(file, table, "log_10_p_value", -math.inf, 0.0)
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
