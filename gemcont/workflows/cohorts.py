"""Cohorts' summary statistics read: the rows that can be used, and why the others cannot."""

import logging

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.special import normal_isf
from gemcont.tables.headers import columns_of_file
from gemcont.tables.sumstats import Sumstats
from gemcont.workflows.plausibility import Plausibility
from gemcont.workflows.union import (
    BAD_ERROR,
    ERROR_FROM_P,
    LIFTED,
    NO_ALLELES,
    NO_EFFECT,
    NO_ID,
    NO_N,
    NO_PLACE,
    NO_Z,
    Columns,
    note,
)

log = logging.getLogger(__name__)

_WHOLE = (1 << 31) - 1  # largest position
_NEEDED = ("effect_allele", "other_allele")


def read_columns(path, union, settings, cohort, *, chain=None, number=1, alone=True):
    """Return ``Columns`` of a file's usable rows; counts and drops go to ``cohort``.

    number: of the cohort, from 1; alone: whether there is no other
    """
    needed = _NEEDED
    if settings.scheme == "stderr":
        error = "neg_log_10_p_value" if settings.se_from_p else "standard_error"
        needed = (*needed, "beta", error)
    if settings.match == "key":
        needed = (*needed, "chromosome", "base_pair_location")
    own, general = columns_of_file(settings.columns, path, cohort.name, number, alone=alone)
    file = Sumstats(path, columns=own, general=general, needed=needed, trait=settings.trait)
    log.info("%s: %s, read as %s", cohort.name, file.name, file.dialect)
    cohort.plausibility = Plausibility(cohort.name)
    parts = [_usable(batch, union, settings, cohort, chain) for batch in file.batches()]
    for reason, frames in file.skipped.items():
        for frame in frames:
            note(cohort, frame["row"], frame["variant_id"], reason)
            cohort.counts["rows"] += frame.height
    cohort.counts |= {what: count for what, count in file.noted.items() if count}
    cohort.plausibility.check()
    return _joined(parts)


def _joined(parts):
    """One ``Columns`` of several, whose arrays are let go as they are joined."""
    fields = {}
    for name in Columns.__dataclass_fields__:
        pieces = [vars(part).pop(name) for part in parts]
        text = isinstance(pieces[0], pl.Series)
        fields[name] = pl.concat(pieces) if text else np.concatenate(pieces)
    return Columns(**fields)


def _usable(batch, union, settings, cohort, chain):
    """The rows of a batch that have what they need."""
    cohort.counts["rows"] = cohort.counts.get("rows", 0) + batch.height
    traits = set(batch["trait"].unique().drop_nulls()) | cohort.traits
    if len(traits) > 1:
        shown = ", ".join(sorted(traits)[:3])
        raise GemcontError(f"{cohort.name}: holds several traits ({shown} ...); say one by --trait")
    cohort.traits = traits
    own_error = batch["standard_error"].is_not_null().to_numpy()
    if settings.se_from_p:
        batch = batch.with_columns(_error_from_p(batch, cohort))
    cohort.plausibility.add(batch, own_error=own_error)
    if settings.scheme == "samplesize":
        batch = batch.with_columns(pl.Series("z", _signed_z(batch), nan_to_null=True))
        batch = batch.filter(_drop(cohort, batch, batch["z"].is_null(), NO_Z))
        batch = batch.filter(_drop(cohort, batch, ~(batch["n"] > 0).fill_null(False), NO_N))
    else:
        missing = batch["beta"].is_null() | batch["standard_error"].is_null()
        batch = batch.filter(_drop(cohort, batch, missing, NO_EFFECT))
        batch = batch.filter(_drop(cohort, batch, batch["standard_error"] <= 0, BAD_ERROR))
    batch = batch.filter(_drop(cohort, batch, _bad_alleles(batch), NO_ALLELES))
    if settings.match == "key" or chain is not None:
        place = batch["chromosome"].is_null() | batch["base_pair_location"].is_null()
        place |= ~batch["base_pair_location"].is_between(1, _WHOLE).fill_null(False)
        place |= (batch["chromosome"] == "0").fill_null(True)
        batch = batch.filter(_drop(cohort, batch, place, NO_PLACE))
    if settings.match == "id":
        batch = batch.filter(_drop(cohort, batch, batch["variant_id"].is_null(), NO_ID))
    rows = _as_columns(batch, union, settings)
    return rows if chain is None else _lifted(rows, union, cohort, chain)


def _bad_alleles(batch):
    """Rows with an allele missing (0 in PLINK's files) or twice the same."""
    effect, other = batch["effect_allele"], batch["other_allele"]
    missing = effect.is_null() | other.is_null() | (effect == "0") | (other == "0")
    return missing.fill_null(True) | (effect == other).fill_null(False)


def _error_from_p(batch, cohort):
    """Standard errors, where missing, from the effect and its normal p."""
    error, beta, p = (
        batch[name].fill_null(np.nan).to_numpy(writable=True)
        for name in ("standard_error", "beta", "neg_log_10_p_value")
    )
    zero = np.isnan(error) & (np.abs(beta) > 0) & np.isposinf(p)
    if zero.any():
        log.warning(
            "%s: p is 0 in %d rows without a standard error or confidence interval, the strongest: "
            "--se-from-p cannot make one, and they are left out; a column of -log10 p would",
            cohort.name,
            zero.sum(),
        )
    wanted = np.isnan(error) & (np.abs(beta) > 0) & (p > 0) & np.isfinite(p)
    error[wanted] = np.abs(beta[wanted]) / normal_isf(p[wanted])
    if wanted.any():
        cohort.counts[ERROR_FROM_P] = cohort.counts.get(ERROR_FROM_P, 0) + int(wanted.sum())
    return pl.Series("standard_error", error, nan_to_null=True)


def _signed_z(batch):
    """z as it stands, else of p with the effect's sign (METAL's way), else effect over error."""
    z, beta, error, p = (
        batch[name].fill_null(np.nan).to_numpy()
        for name in ("z", "beta", "standard_error", "neg_log_10_p_value")
    )
    of_p = np.where(
        np.isfinite(p), np.sign(beta) * normal_isf(np.where(np.isfinite(p), p, 0)), np.nan
    )
    of_error = np.divide(beta, error, out=np.full(len(beta), np.nan), where=error > 0)
    found = np.where(np.isnan(z), of_p, z)
    return np.where(np.isnan(found), of_error, found)


def _drop(cohort, batch, wrong, reason):
    """Note the wrong rows under their reason; returns which stay."""
    if wrong.any():
        note(cohort, batch["row"].filter(wrong), batch["variant_id"].filter(wrong), reason)
    return ~wrong


def _as_columns(batch, union, settings):
    codes = union.codes
    effect, other = (codes.encode(batch[name]) for name in _NEEDED)
    minus = (batch["strand"] == "-").fill_null(False).to_numpy()
    if minus.any():
        effect = np.where(minus, codes.complement[effect], effect)
        other = np.where(minus, codes.complement[other], other)
    beta, error, z, frequency, n = (
        batch[name].fill_null(np.nan).to_numpy()
        for name in ("beta", "standard_error", "z", "effect_allele_frequency", "n")
    )
    if settings.scheme == "samplesize":
        beta, error = z, np.ones(len(z))
    return Columns(
        row=batch["row"].to_numpy(),
        ids=_first_id(batch["variant_id"]) if settings.match == "id" else batch["variant_id"],
        cells=batch["variant_id"],
        chromosome=union.chromosome_codes(batch["chromosome"], settings.autosomes),
        position=batch["base_pair_location"].fill_null(0).cast(pl.Int32).to_numpy(writable=True),
        effect=effect,
        other=other,
        beta=beta,
        standard_error=error,
        frequency=frequency,
        n=n.astype(np.float32),
    )


def _first_id(cells):
    """The first id of cells that may hold several."""
    return cells.str.replace_all(r"\s*[,;|].*$", "")


def _lifted(rows, union, cohort, chain):
    """The rows at their places in the other build; those that have none are dropped."""
    names = {code: name for name, code in union.chromosomes.items()}
    kept = np.zeros(len(rows.row), dtype=bool)
    for code in np.unique(rows.chromosome):
        here = np.flatnonzero(rows.chromosome == code)
        target, position, reverse = chain.lift(names.get(code, ""), rows.position[here])
        mapped = np.array([t is not None for t in target])
        same = mapped & (target == names.get(code))
        long = (rows.effect[here] > 3) | (rows.other[here] > 3)
        for wrong, reason in (
            (~mapped, "liftover: no place in the other build"),
            (mapped & ~same, "liftover: another chromosome"),
            (same & reverse & long, "liftover: an indel on the other strand"),
        ):
            if wrong.any():
                at = here[wrong]
                note(cohort, pl.Series(rows.row[at]), rows.ids.gather(at), reason)
        fine = same & ~(reverse & long)
        kept[here[fine]] = True
        rows.position[here] = position
        turn = here[fine & reverse]
        for alleles in (rows.effect, rows.other):
            alleles[turn] = union.codes.complement[alleles[turn]]
        if len(turn):
            cohort.counts[LIFTED] = cohort.counts.get(LIFTED, 0) + len(turn)
    return rows.take(kept)
