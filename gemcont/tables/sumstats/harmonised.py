"""The GWAS Catalog's harmonised columns (hm_*): row by row they go before the author's.

Harmonised alleles and the effect for them belong together, and so do chromosome and position: a
row takes both or neither, so that no effect meets the alleles of another.
"""

import polars as pl

_POSITION = ("chromosome", "base_pair_location")
_ALLELES = ("effect_allele", "other_allele")
_EFFECTS = ("beta", "odds_ratio", "hazard_ratio", "ci", "ci_lower", "ci_upper")
_SIGNED = ("z", "effect_allele_frequency", "other_allele_frequency")
_MOST_MOVED = 0.01  # share of rows at other places, above which the author's are of another build


def with_harmonised(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table of columns by role whose hm_* columns are merged into the others."""
    mine = [name for name in table.columns if name.startswith("hm_")]
    if not mine:
        return table
    table = _alleles(_positions(_ids(table)))
    return table.drop(mine)


def _filled(table, names):
    """Return the rows (bool Series) in which all of the columns are there and filled."""
    if not set(names) <= set(table.columns):
        return pl.repeat(False, table.height, eager=True, dtype=pl.Boolean)
    return table.select(pl.all_horizontal(pl.col(n).is_not_null() for n in names)).to_series()


def _ids(table):
    ids = [name for name in ("hm_rsid", "rsid") if name in table.columns]
    return table.with_columns(pl.coalesce(ids).alias("rsid")) if ids else table


def _positions(table):
    """Merge chromosome and position; the author's are dropped where they are of another build."""
    here, theirs = _filled(table, [f"hm_{n}" for n in _POSITION]), _filled(table, _POSITION)
    if not here.any():
        return table
    both = table.filter(here & theirs)
    moved = both.select(
        pl.any_horizontal(
            pl.col(n).cast(pl.String) != pl.col(f"hm_{n}").cast(pl.String) for n in _POSITION
        ).mean()
    ).item()
    another_build = both.height > 0 and moved > _MOST_MOVED
    return _choose(table, here, _POSITION, otherwise=not another_build)


def _alleles(table):
    """Merge alleles and effects of the rows that have both harmonised."""
    has_effect = _filled(table, ["hm_beta"]) | _filled(table, ["hm_odds_ratio"])
    here = _filled(table, [f"hm_{n}" for n in _ALLELES]) & has_effect
    if not here.any():
        return table
    swapped = pl.Series(here)
    if "effect_allele" in table.columns:
        same = table["effect_allele"].cast(pl.String).str.to_uppercase()
        swapped = here & (same != table["hm_effect_allele"].cast(pl.String).str.to_uppercase())
    swapped = swapped.fill_null(True)
    for name in set(_SIGNED) & set(table.columns):  # of the author's effect allele
        table = table.with_columns(pl.when(~swapped).then(pl.col(name)).alias(name))
    table = _choose(table, here, (*_ALLELES, *_EFFECTS))
    return _choose(table, here & _filled(table, ["hm_effect_allele_frequency"]), _SIGNED[1:2])


def _choose(table, here, names, *, otherwise=True):
    """Take the harmonised value in the rows ``here``; elsewhere the author's, or none."""
    columns = {}
    for name in names:
        own, harmonised = name in table.columns, f"hm_{name}" in table.columns
        if not own and not harmonised:
            continue
        theirs = table[name].cast(pl.String) if own and otherwise else _nothing(table)
        mine = table[f"hm_{name}"].cast(pl.String) if harmonised else _nothing(table)
        columns[name] = mine.zip_with(here, theirs)
    return table.with_columns(**columns)


def _nothing(table):
    return pl.repeat(None, table.height, dtype=pl.String, eager=True)
