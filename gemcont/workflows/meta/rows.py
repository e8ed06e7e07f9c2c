"""Read the usable rows of cohorts' summary statistics, and note the others by reason."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES
from gemcont.genotype.liftover import Chain
from gemcont.settings.meta import MetaSettings
from gemcont.stats.special import normal_isf
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.plausible import EffectSample, check_effects
from gemcont.workflows.meta.union import Union

log = logging.getLogger(__name__)

# Remarks on rows that did enter.
LIFTED, TURNED, FLIPPED = "strand turned by liftover", "effect turned over", "strand flipped"
ERROR_FROM_P = "standard error from p and effect"
ERROR_FROM_INTERVAL = "standard error from the confidence interval"
ENTERED = "entered"
NOTES = (TURNED, FLIPPED, LIFTED, ERROR_FROM_P, ERROR_FROM_INTERVAL)
NO_EFFECT = "effect or standard error missing"
P_IS_ZERO = "p is 0, which tells no standard error"
BAD_ERROR = "standard error not above 0"
NO_Z = "no z, and no effect with its p or standard error"
NO_N = "sample size missing"
NO_PLACE = "chromosome or position missing"
NO_ID = "id missing"
NO_ALLELES = "alleles missing, 0 or the same"
REPEATED = "the variant stands twice, its first row is used"
NOT_IN_REFERENCE = "not in the reference"
_FLOOR = 300.0  # -log10 p from which p may be the smallest number that a program writes
_NEARER = 1.02  # how much a z may exceed that of its p before p counts as such a floor
_MITOCHONDRION = 16_569  # base pairs; no variant of XY has so small a position
_WHOLE = (1 << 31) - 1  # largest position
_NEEDED = ("effect_allele", "other_allele")


def _none(dtype=float):
    """Return a default field: an empty array, a new one for every cohort."""
    return field(default_factory=lambda: np.empty(0, dtype))


@dataclass(kw_only=True)
class StudyRows:
    """One cohort's rows that entered, empty until they have.

    name: of the cohort
    slot: int32 (rows,), variant of the union
    beta: float64 (rows,), of the union's effect allele; z under the sample-size scheme
    standard_error: float64 (rows,); 1 under the sample-size scheme
    frequency: (rows,), of the union's effect allele, NaN unknown
    n: float32 (rows,), sample size, NaN unknown
    counts: number of rows, by outcome
    dropped: frames (row, variant_id, reason) of the rows that did not enter
    traits: names of the traits in the file
    telling: columns that may say which trait or gene a row is of
    minor_only: whether there are many frequencies, none above one half
    confirmed: whether its frequencies agree with those of the cohorts before it
    """

    name: str
    slot: np.ndarray = _none(np.int32)
    beta: np.ndarray = _none()
    standard_error: np.ndarray = _none()
    frequency: np.ndarray = _none()
    n: np.ndarray = _none(np.float32)
    counts: dict[str, int] = field(default_factory=dict)
    dropped: list[pl.DataFrame] = field(default_factory=list)
    traits: set[str] = field(default_factory=set)
    telling: list[str] = field(default_factory=list)
    minor_only: bool = False
    confirmed: bool = False

    @property
    def z(self) -> np.ndarray:
        """z scores (rows,)."""
        return self.beta / self.standard_error


@dataclass(kw_only=True)
class RawRows:
    """A cohort's rows before matching.

    row: uint32 (rows,), number in the file, from 0
    ids: text column (rows,), null for none
    chromosome: uint8 (rows,), codes of the ``Union``, 255 for none
    position: int32 (rows,), base pairs, 0 for none
    effect, other: int32 (rows,), codes of the alleles
    beta: float64 (rows,), of the effect allele; z under the sample-size scheme
    standard_error: float64 (rows,); 1 under the sample-size scheme
    frequency: float64 (rows,), of the effect allele, NaN unknown
    n: float32 (rows,), sample size, NaN unknown
    """

    row: np.ndarray
    ids: pl.Series
    chromosome: np.ndarray
    position: np.ndarray
    effect: np.ndarray
    other: np.ndarray
    beta: np.ndarray
    standard_error: np.ndarray
    frequency: np.ndarray
    n: np.ndarray

    def take(self, kept: np.ndarray) -> "RawRows":
        """Return the rows of a bool or index array."""
        kept = np.flatnonzero(kept) if kept.dtype == bool else kept
        values: dict[str, Any] = {
            name: value.gather(kept) if isinstance(value, pl.Series) else value[kept]
            for name, value in vars(self).items()
        }
        return RawRows(**values)


def read_rows(
    path: object,
    union: Union,
    settings: MetaSettings,
    cohort: StudyRows,
    columns: Mapping[str, Any],
    *,
    chain: Chain | None = None,
) -> RawRows:
    """Read the usable rows of a file.

    Args:
        path: a file or a DataFrame.
        union: its codes of chromosomes and alleles are used, and extended.
        settings: of the meta-analysis.
        cohort: its counts and dropped rows are filled.
        columns: keywords of ``Sumstats``, as ``columns_of`` returns them.
        chain: lifts the rows over to another build; None = they stay.

    Raises:
        GemcontError: the file lacks a column, or its columns contradict each other.
    """
    file = _opened(path, settings, columns)
    log.info("%s: %s, read as %s", cohort.name, file.name, file.dialect)
    cohort.telling = file.telling
    parts, sample = [], EffectSample()
    for batch in file.batches():
        sample.add(batch)
        parts.append(_usable(batch, union, settings, cohort, chain))
    check_effects(sample, file, cohort.name)
    for reason, count in file.skipped.items():
        if count:
            cohort.counts["rows"] += count
            left_out = pl.concat(file.left_out)
            note(cohort, left_out["row"], left_out["variant_id"], reason)
    _warn_of_zero_p(cohort, file)
    return _joined(parts)


def _opened(path, settings, columns):
    """Open a file, and check that it has the columns that the settings need."""
    needed = _NEEDED
    if settings.scheme == "stderr":
        needed = (*needed, "beta")
    if settings.match == "key":
        needed = (*needed, "chromosome", "base_pair_location")
    unread = ("z",) if settings.scheme == "stderr" else ()
    file = Sumstats(path, **columns, needed=needed, unread=unread, trait=settings.trait)
    if settings.scheme == "stderr" and "standard_error" not in file.given:
        file.need(["neg_log_10_p_value" if settings.se_from_p else "standard_error"])
    return file


def _warn_of_zero_p(cohort, file):
    """Warn where the strongest rows are lost because their p is written as 0."""
    if cohort.counts.get(P_IS_ZERO):
        log.warning(
            "%s: %s is 0 in %d rows, its strongest, which tells no standard error: they are left "
            "out; a column of -log10 p, of standard errors or of confidence intervals keeps them",
            cohort.name,
            file.p_column,
            cohort.counts[P_IS_ZERO],
        )


def _joined(parts):
    """Join several ``RawRows`` into one, freeing their arrays on the way."""
    fields = {}
    for name in RawRows.__dataclass_fields__:
        pieces = [vars(part).pop(name) for part in parts]
        fields[name] = pl.concat(pieces) if name == "ids" else np.concatenate(pieces)
    return RawRows(**fields)


def _usable(batch, union, settings, cohort, chain):
    """Return the rows of a batch that have all they need."""
    cohort.counts["rows"] = cohort.counts.get("rows", 0) + batch.height
    traits = set(batch["trait"].unique().drop_nulls()) | cohort.traits
    if len(traits) > 1:
        shown = ", ".join(sorted(traits)[:3])
        raise GemcontError(f"{cohort.name}: holds several traits ({shown} ...); say one by --trait")
    cohort.traits = traits
    if settings.se_from_p:
        batch = batch.with_columns(_error_from_p(batch, cohort))
    if settings.scheme == "samplesize":
        batch = _with_z_and_n(batch, cohort)
    else:
        batch = _with_effect(batch, cohort, se_from_p=settings.se_from_p)
    batch = _without(cohort, batch, _bad_alleles(batch), NO_ALLELES)
    if settings.match == "key" or chain is not None:
        batch = _without(cohort, batch, _bad_place(batch), NO_PLACE)
    if settings.match == "id":
        batch = _without(cohort, batch, batch["variant_id"].is_null(), NO_ID)
    rows = _as_rows(batch, union, settings)
    return rows if chain is None else _lifted(rows, union, cohort, chain)


def _with_z_and_n(batch, cohort):
    """Return the rows with a z and a sample size, which the sample-size scheme needs."""
    batch = batch.with_columns(pl.Series("z", _signed_z(batch), nan_to_null=True))
    batch = _without(cohort, batch, batch["z"].is_null(), NO_Z)
    return _without(cohort, batch, ~(batch["n"] > 0).fill_null(False), NO_N)


def _with_effect(batch, cohort, *, se_from_p):
    """Return the rows with an effect and its standard error."""
    if se_from_p:
        zero = batch["standard_error"].is_null() & batch["beta"].is_not_null()
        zero &= batch["neg_log_10_p_value"].is_infinite().fill_null(False)
        batch = _without(cohort, batch, zero, P_IS_ZERO)
    missing = batch["beta"].is_null() | batch["standard_error"].is_null()
    batch = _without(cohort, batch, missing, NO_EFFECT)
    batch = _without(cohort, batch, batch["standard_error"] <= 0, BAD_ERROR)
    _count_intervals(cohort, batch)
    return batch


def _bad_place(batch):
    """Return whether rows lack a chromosome or a position."""
    bad = batch["chromosome"].is_null() | batch["base_pair_location"].is_null()
    bad |= ~batch["base_pair_location"].is_between(1, _WHOLE).fill_null(False)
    return bad | (batch["chromosome"] == "0").fill_null(True)


def _count_intervals(cohort, batch):
    count = int(batch["is_of_interval"].fill_null(False).sum())
    if count:
        cohort.counts[ERROR_FROM_INTERVAL] = cohort.counts.get(ERROR_FROM_INTERVAL, 0) + count


def _bad_alleles(batch):
    """Return whether rows lack an allele (0 in PLINK's files), or have the same one twice."""
    effect, other = batch["effect_allele"], batch["other_allele"]
    missing = effect.is_null() | other.is_null() | (effect == "0") | (other == "0")
    return missing.fill_null(True) | (effect == other).fill_null(False)


def _error_from_p(batch, cohort):
    """Fill in standard errors that the file does not state, from the effect and its normal p.

    A p at the floor of what programs write gives none; the confidence interval does, if there is
    one. Returns the columns standard_error and is_of_interval.
    """
    error, beta, p = (
        batch[name].fill_null(np.nan).to_numpy(writable=True)
        for name in ("standard_error", "beta", "neg_log_10_p_value")
    )
    stated = ~np.isnan(error) & ~batch["is_of_interval"].fill_null(False).to_numpy()
    wanted = ~stated & (np.abs(beta) > 0) & (p > 0) & np.isfinite(p)
    wanted &= np.isnan(error) | (p < _FLOOR)
    error[wanted] = np.abs(beta[wanted]) / normal_isf(p[wanted])
    if wanted.any():
        cohort.counts[ERROR_FROM_P] = cohort.counts.get(ERROR_FROM_P, 0) + int(wanted.sum())
    of_interval = batch["is_of_interval"].fill_null(False) & ~pl.Series(wanted)
    error = pl.Series("standard_error", error, nan_to_null=True)
    return [error, of_interval.alias("is_of_interval")]


def _signed_z(batch):
    """Return z (rows,): the column z, else of p with the effect's sign (as METAL), else beta / se.

    Where p is at the floor of what programs write, a stronger beta / se is used instead.
    """
    z, beta, error, p = (
        batch[name].fill_null(np.nan).to_numpy()
        for name in ("z", "beta", "standard_error", "neg_log_10_p_value")
    )
    of_p = np.where(
        np.isfinite(p), np.sign(beta) * normal_isf(np.where(np.isfinite(p), p, 0)), np.nan
    )
    of_error = np.divide(beta, error, out=np.full(len(beta), np.nan), where=error > 0)
    floored = (p >= _FLOOR) & (np.abs(of_error) > _NEARER * np.abs(of_p))
    of_p = np.where(floored, of_error, of_p)
    filled = np.where(np.isnan(z), of_p, z)
    return np.where(np.isnan(filled), of_error, filled)


def _without(cohort, batch, wrong, reason):
    """Note the wrong rows under their reason, and return the others."""
    if wrong.any():
        note(cohort, batch["row"].filter(wrong), batch["variant_id"].filter(wrong), reason)
    return batch.filter(~wrong)


def note(cohort: StudyRows, rows: pl.Series, ids: pl.Series, reason: str) -> None:
    """Note rows that did not enter.

    Args:
        cohort: its counts and dropped rows are extended.
        rows: numbers of the rows in the file, from 0.
        ids: their variant ids.
        reason: why they did not enter.
    """
    cohort.counts[reason] = cohort.counts.get(reason, 0) + len(rows)
    frame = pl.DataFrame({"row": rows, "variant_id": ids}).with_columns(
        (pl.col("row") + 1).cast(pl.UInt32), pl.lit(reason).alias("reason")
    )
    cohort.dropped.append(frame)


def _chromosomes(batch, settings):
    """Return names of chromosomes; 25 is XY in PLINK and MT in the GWAS Catalog, told by length."""
    short = (batch["chromosome"] == "25") & (batch["base_pair_location"] <= _MITOCHONDRION)
    if settings.autosomes != HUMAN_AUTOSOMES or not short.any():
        return batch["chromosome"]
    return batch["chromosome"].set(short.fill_null(False), "MT")


def _as_rows(batch, union, settings):
    """Return the ``RawRows`` of a batch, alleles of the minus strand complemented."""
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
    return RawRows(
        row=batch["row"].to_numpy(),
        ids=batch["variant_id"],
        chromosome=union.chromosome_codes(_chromosomes(batch, settings), settings.autosomes),
        position=batch["base_pair_location"].fill_null(0).cast(pl.Int32).to_numpy(writable=True),
        effect=effect,
        other=other,
        beta=beta,
        standard_error=error,
        frequency=frequency,
        n=n.astype(np.float32),
    )


def _lifted(rows, union, cohort, chain):
    """Return the rows at their positions in the other build; those that have none are dropped."""
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
