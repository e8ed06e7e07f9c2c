"""Reading cohorts' summary statistics: the rows that have what they need, the others by reason."""

import logging
import os
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES
from gemcont.stats.special import normal_isf
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.plausible import EffectSample, check_effects

log = logging.getLogger(__name__)

# What is said of rows that did enter.
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
_FLOOR = 300.0  # -log10 of a p that is no p any more, but the smallest that a program writes
_NEARER = 1.02  # how much a z may exceed that of its p before p counts as such a floor
_MITOCHONDRION = 16_569  # base pairs; XY begins behind them, but for a telomere
_WHOLE = (1 << 31) - 1  # largest position
_NEEDED = ("effect_allele", "other_allele")


@dataclass
class StudyRows:
    """One cohort's rows that entered, as arrays (rows,).

    slot: which variant of the union; beta, standard_error (z and 1 under the sample-size scheme);
    frequency of the union's effect allele; n; counts: rows by what became of them; dropped:
    frames of the rows that did not enter; traits: names that the file holds; telling: columns that
    may say of which trait or gene a row is; minor_only: whether no frequency is above one half;
    confirmed: whether its frequencies go with those before it
    """

    name: str
    slot: np.ndarray | None = None
    beta: np.ndarray | None = None
    standard_error: np.ndarray | None = None
    frequency: np.ndarray | None = None
    n: np.ndarray | None = None
    counts: dict = field(default_factory=dict)
    dropped: list = field(default_factory=list)
    traits: set = field(default_factory=set)
    telling: list = field(default_factory=list)
    minor_only: bool = False
    confirmed: bool = False

    @property
    def z(self):
        """z scores (rows,)."""
        return self.beta / self.standard_error


@dataclass
class RawRows:
    """A cohort's rows before matching: arrays and id columns of equal length."""

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

    def take(self, kept):
        """The rows of a bool or index array."""
        kept = np.flatnonzero(kept) if kept.dtype == bool else kept
        values = {
            name: value.gather(kept) if isinstance(value, pl.Series) else value[kept]
            for name, value in vars(self).items()
        }
        return RawRows(**values)


def read_rows(path, union, settings, cohort, asked, *, chain=None):
    """``RawRows`` of a file's usable rows; counts and drops go to ``cohort``.

    asked: what ``columns_of`` says; chain: ``Chain`` that lifts the rows, or None
    """
    needed = _NEEDED
    if settings.scheme == "stderr":
        needed = (*needed, "beta")
    if settings.match == "key":
        needed = (*needed, "chromosome", "base_pair_location")
    file = Sumstats(
        path,
        **asked,
        needed=needed,
        unread=("z",) if settings.scheme == "stderr" else (),
        trait=settings.trait,
    )
    if settings.scheme == "stderr" and "standard_error" not in file.given:
        file.need(["neg_log_10_p_value" if settings.se_from_p else "standard_error"])
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


def _warn_of_zero_p(cohort, file):
    """Warn where the strongest rows are lost because their p is printed as 0."""
    if cohort.counts.get(P_IS_ZERO):
        log.warning(
            "%s: %s is 0 in %d rows, its strongest, which tells no standard error: they are left "
            "out; a column of -log10 p, of standard errors or of confidence intervals keeps them",
            cohort.name,
            file.p_column,
            cohort.counts[P_IS_ZERO],
        )


def _joined(parts):
    """One ``RawRows`` of several, whose arrays are let go as they are joined."""
    fields = {}
    for name in RawRows.__dataclass_fields__:
        pieces = [vars(part).pop(name) for part in parts]
        fields[name] = pl.concat(pieces) if name == "ids" else np.concatenate(pieces)
    return RawRows(**fields)


def _usable(batch, union, settings, cohort, chain):
    """The rows of a batch that have what they need."""
    cohort.counts["rows"] = cohort.counts.get("rows", 0) + batch.height
    traits = set(batch["trait"].unique().drop_nulls()) | cohort.traits
    if len(traits) > 1:
        shown = ", ".join(sorted(traits)[:3])
        raise GemcontError(f"{cohort.name}: holds several traits ({shown} ...); say one by --trait")
    cohort.traits = traits
    if settings.se_from_p:
        batch = batch.with_columns(_error_from_p(batch, cohort))
    if settings.scheme == "samplesize":
        batch = batch.with_columns(pl.Series("z", _signed_z(batch), nan_to_null=True))
        batch = batch.filter(_drop(cohort, batch, batch["z"].is_null(), NO_Z))
        batch = batch.filter(_drop(cohort, batch, ~(batch["n"] > 0).fill_null(False), NO_N))
    else:
        missing = batch["beta"].is_null() | batch["standard_error"].is_null()
        if settings.se_from_p:
            zero = missing & batch["beta"].is_not_null() & batch["neg_log_10_p_value"].is_infinite()
            zero = zero.fill_null(False)
            batch = batch.filter(_drop(cohort, batch, zero, P_IS_ZERO))
            missing = batch["beta"].is_null() | batch["standard_error"].is_null()
        batch = batch.filter(_drop(cohort, batch, missing, NO_EFFECT))
        batch = batch.filter(_drop(cohort, batch, batch["standard_error"] <= 0, BAD_ERROR))
        _count_intervals(cohort, batch)
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


def _count_intervals(cohort, batch):
    count = int(batch["is_of_interval"].fill_null(False).sum())
    if count:
        cohort.counts[ERROR_FROM_INTERVAL] = cohort.counts.get(ERROR_FROM_INTERVAL, 0) + count


def _bad_alleles(batch):
    """Rows with an allele missing (0 in PLINK's files) or twice the same."""
    effect, other = batch["effect_allele"], batch["other_allele"]
    missing = effect.is_null() | other.is_null() | (effect == "0") | (other == "0")
    return missing.fill_null(True) | (effect == other).fill_null(False)


def _error_from_p(batch, cohort):
    """Standard errors that the file does not state, from the effect and its normal p.

    A p at the floor of what programs write tells none; there an interval does, if there is one.
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
    """z as it stands, else of p with the effect's sign (METAL's way), else effect over error.

    A p at the floor of what programs write gives way to a stronger effect over error.
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
    found = np.where(np.isnan(z), of_p, z)
    return np.where(np.isnan(found), of_error, found)


def _drop(cohort, batch, wrong, reason):
    """Note the wrong rows under their reason; returns which stay."""
    if wrong.any():
        note(cohort, batch["row"].filter(wrong), batch["variant_id"].filter(wrong), reason)
    return ~wrong


def note(cohort, rows, ids, reason):
    """Note rows that did not enter."""
    cohort.counts[reason] = cohort.counts.get(reason, 0) + len(rows)
    frame = pl.DataFrame({"row": rows, "variant_id": ids}).with_columns(
        (pl.col("row") + 1).cast(pl.UInt32), pl.lit(reason).alias("reason")
    )
    cohort.dropped.append(frame)


def _chromosomes(batch, settings):
    """Names of chromosomes; the GWAS Catalog's 25, where PLINK has XY, is MT: so short it is."""
    short = (batch["chromosome"] == "25") & (batch["base_pair_location"] <= _MITOCHONDRION)
    if settings.autosomes != HUMAN_AUTOSOMES or not short.any():
        return batch["chromosome"]
    return batch["chromosome"].set(short.fill_null(False), "MT")


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


def cohort_names(sumstats, names):
    """Names of the cohorts: as given, else of their files."""
    if not sumstats:
        raise GemcontError("--sumstats: no cohort is given")
    paths = [os.path.realpath(s) for s in sumstats if isinstance(s, (str, os.PathLike))]
    for path in paths:
        if paths.count(path) > 1 and os.path.isfile(path):
            raise GemcontError(f"--sumstats: {path} stands twice")
        if not os.path.exists(path):
            raise GemcontError(f"{path}: no such file")
    if isinstance(names, str):
        raise GemcontError(f"--names: {names!r} is one name, not a list of them")
    if names is None:
        names = [
            os.path.basename(os.fspath(s)).split(".")[0]
            if isinstance(s, (str, os.PathLike))
            else f"cohort{i + 1}"
            for i, s in enumerate(sumstats)
        ]
        names = names if len(set(names)) == len(names) else [str(s) for s in sumstats]
    if len(names) != len(sumstats):
        raise GemcontError(f"--names: {len(names)} names for {len(sumstats)} files")
    strange = next((n for n in names if not n or not str(n).isprintable()), None)
    if strange is not None:
        raise GemcontError(f"--names: {strange!r} is no name for a table")
    if len(set(names)) < len(names):
        raise GemcontError("--names: two cohorts have the same name")
    return names
