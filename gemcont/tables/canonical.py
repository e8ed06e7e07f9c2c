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
    "strand": pl.String,
    "trait": pl.String,
}
_STRANDS = dict.fromkeys(("+", "1", "+1", "f", "fwd", "forward", "plus"), "+")
_STRANDS |= dict.fromkeys(("-", "-1", "r", "rev", "reverse", "minus"), "-")
_NAMES = ("chromosome", "variant_id", "rsid", "effect_allele", "other_allele", "ref", "alt")
HARMONISED = "hm_"  # before a role: the column of the GWAS Catalog's harmonised value
NOT_ADDITIVE = "TEST is not ADD"
ERROR_FROM_CI = "standard error from its confidence interval"
_NORMAL_975 = 1.959963984540054
_CI = (
    r"(?P<low>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(?:,|;|:|to|-|\u2013)\s*"
    r"(?P<high>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
)
_FEW_NEGATIVE, _SHARE_NEGATIVE = 4, 0.1
_MISSING = ("", "na", "nan", ".", "#na", "null", "none", "n/a")
_SMALLEST = 1e-300  # a p below it is read from its text: a double has few digits left there
_POWER = re.compile(r"[-+]?([0-9]*\.?[0-9]*)(?:[eE]([-+]?[0-9]+))?")


def canonical(file, table):
    """One batch in our words: the columns of ``COLUMNS``, null where there is no value.

    file: the ``Sumstats`` it comes from, for messages and counts; table: columns named by role,
    as text or numbers, and ``row``. Raises GemcontError naming the line of a value that cannot be.
    """
    table = _harmonised(_blank_missing(_whole_numbers(table)))
    table = _additive_only(file, table)
    if "rsid" in table.columns:
        others = [c for c in ("rsid", "variant_id") if c in table.columns]
        table = table.with_columns(pl.coalesce(others).alias("variant_id"))
    columns = {name: table[name] for name in COLUMNS if name in table.columns}
    columns |= _alleles(table)
    effect, is_ratio = _effect(file, table)
    columns |= effect
    columns |= _numbers(file, table)
    columns |= _frequency(file, table, columns)
    columns |= _error(file, table, columns, is_ratio)
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


def _harmonised(table):
    """Values of the Catalog's hm_ columns in place of the author's, row by row.

    Where a row's alleles were harmonised, its effect, interval and frequency are those of hm_ or
    none, since the author's belong to the author's alleles; elsewhere the author's stand.
    """
    given = [name for name in table.columns if name.startswith(HARMONISED)]
    if not given:
        return table
    alleles = [pl.col(n).is_not_null() for n in given if n.endswith("_allele")]
    done = pl.all_horizontal(alleles) if alleles else pl.lit(False)
    columns = []
    for name in given:
        role = name.removeprefix(HARMONISED)
        own = pl.col(role) if role in table.columns else pl.lit(None)
        followed = role in ("rsid", "chromosome", "base_pair_location")
        value = (
            pl.coalesce(pl.col(name), own)
            if followed
            else (pl.when(done).then(pl.col(name)).otherwise(own))
        )
        columns.append(value.alias(role))
    return table.with_columns(columns).drop(given)


def _additive_only(file, table):
    """Without the rows of covariates and other models, where the file says which test it is."""
    if "test" not in table.columns:
        return table
    additive = (pl.col("test").str.to_uppercase() == "ADD").fill_null(True)
    file.skip(table.filter(~additive), NOT_ADDITIVE)
    return table.filter(additive)


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


def _letters(column):
    """Alleles in upper case; T again where R read a column of T as the word TRUE."""
    return column.cast(pl.String).str.to_uppercase().replace("TRUE", "T")


def _alleles(table):
    """Effect and other allele in upper case."""
    if not {"effect_allele", "ref", "alt"} & set(table.columns):
        return {}
    found = {
        n: _letters(table[n])
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
    """({"beta": as it stands, else the logarithm of a ratio}, whether it is of a ratio (rows,)).

    Row by row: files of several studies fill one or the other. Nothing where a ratio is not
    positive.
    """
    beta = pl.Series("beta", [None] * table.height, dtype=pl.Float64)
    found = [r for r in ("beta", "odds_ratio", "hazard_ratio") if r in table.columns]
    is_ratio = pl.Series([False] * table.height, dtype=pl.Boolean)
    for role in found:
        values = _parsed(file, table, role)
        if role != "beta":
            _refuse_logarithms(file, table, role, values)
            values = values.set((values <= 0).fill_null(False), None).log()
            is_ratio |= beta.is_null() & values.is_not_null()
        beta = beta.fill_null(values)
    return ({"beta": beta} if found else {}), is_ratio


def _refuse_logarithms(file, table, role, values):
    """Refuse a column of ratios of which a tenth and more is negative: they are logarithms."""
    negative = (values < 0).fill_null(False)
    if negative.sum() > max(_FEW_NEGATIVE, _SHARE_NEGATIVE * values.count()):
        name = file.roles[role]
        _refuse(
            file, table, role, negative,
            f"below 0 as {negative.sum()} others: a ratio is above 0, its logarithm is read by "
            f"--columns beta={name}",
        )  # fmt: skip


def _error(file, table, columns, is_ratio):
    """The standard error as it stands, else from the 95 % confidence interval."""
    lower, upper = _interval(file, table)
    if lower is None:
        return {}
    frame = pl.DataFrame({"lower": lower, "upper": upper, "ratio": is_ratio})
    lower, upper = (
        pl.when("ratio").then(pl.when(pl.col(n) > 0).then(pl.col(n).log())).otherwise(pl.col(n))
        for n in ("lower", "upper")
    )
    width = frame.select(width=(upper - lower) / (2 * _NORMAL_975))["width"]
    width = width.set((width <= 0).fill_null(False), None)
    error = columns.get("standard_error", pl.Series([None] * table.height, dtype=pl.Float64))
    wanted = error.is_null() & width.is_not_null()
    file.noted[ERROR_FROM_CI] = file.noted.get(ERROR_FROM_CI, 0) + int(wanted.sum())
    return {"standard_error": error.fill_null(width)}


def _interval(file, table):
    """(lower, upper) bounds of the confidence interval; None, None where there is none."""
    if {"ci_lower", "ci_upper"} <= set(table.columns):
        return _parsed(file, table, "ci_lower"), _parsed(file, table, "ci_upper")
    if "ci" not in table.columns:
        return None, None
    bounds = table["ci"].cast(pl.String).str.extract_groups(_CI)
    return tuple(bounds.struct.field(n).cast(pl.Float64, strict=False) for n in ("low", "high"))


def _frequency(file, table, columns):
    """The effect allele's frequency: as it stands, else from the other's, else from ALT's."""
    found = columns.get("effect_allele_frequency")
    other = columns.pop("other_allele_frequency", None)
    parts = [] if found is None else [found]
    parts += [] if other is None else [1 - other]
    if "alt_frequency" in table.columns:
        parts.append(_of_alt(file, table, columns))
    if not parts:
        return {}
    frequency = parts[0]
    for part in parts[1:]:
        frequency = frequency.fill_null(part)
    return {"effect_allele_frequency": frequency}


def _of_alt(file, table, columns):
    """ALT's frequency as the effect allele's: turned over where that is REF, none where neither."""
    values = _parsed(file, table, "alt_frequency", 0.0, 1.0)
    known = {n: _letters(table[n]) for n in ("ref", "alt") if n in table.columns}
    if not known or "effect_allele" not in columns:
        return values
    frame = pl.DataFrame({"value": values, "effect": columns["effect_allele"], **known})
    alt = pl.col("effect") == pl.col("alt") if "alt" in known else pl.col("effect") != pl.col("ref")
    ref = pl.col("effect") == pl.col("ref") if "ref" in known else ~alt
    turned = pl.when(alt).then(pl.col("value")).when(ref).then(1 - pl.col("value"))
    return frame.select(turned.alias("value"))["value"]


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
    """-log10 p from -log10 p, p or log10 p: row by row the first that is filled."""
    parts = []
    if "neg_log_10_p_value" in table.columns:
        parts.append(_parsed(file, table, "neg_log_10_p_value", 0.0, infinite=True))
    if "p_value" in table.columns:
        parts.append(_from_p(file, table))
    if "log_10_p_value" in table.columns:
        parts.append(-_parsed(file, table, "log_10_p_value", -math.inf, 0.0, infinite=True))
    if not parts:
        return {}
    found = parts[0]
    for part in parts[1:]:
        found = found.fill_null(part)
    return {"neg_log_10_p_value": found}


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
