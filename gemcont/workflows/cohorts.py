"""Cohorts' summary statistics brought to one set of variants and alleles."""

import logging
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.stats.harmonise import REASONS, Reason, align
from gemcont.stats.special import normal_isf
from gemcont.tables.sumstats import Sumstats
from gemcont.workflows.lookup import Lookup

log = logging.getLogger(__name__)

# What is said of rows that did enter.
LIFTED, TURNED, FLIPPED = "strand turned by liftover", "effect turned over", "strand flipped"
ERROR_FROM_P = "standard error from p and effect"
ENTERED = "entered"
NOTES = (TURNED, FLIPPED, LIFTED, ERROR_FROM_P)
NO_EFFECT = "effect or standard error missing"
BAD_ERROR = "standard error not above 0"
NO_Z = "no z, and no effect with its p or standard error"
NO_N = "sample size missing"
NO_PLACE = "chromosome or position missing"
NO_ID = "id missing"
NO_ALLELES = "alleles missing, 0 or the same"
REPEATED = "the variant stands twice, its first row is used"
ABSENT = "not in the reference"
_WHOLE = (1 << 31) - 1  # largest position
_NEEDED = ("effect_allele", "other_allele")


@dataclass
class Cohort:
    """One cohort's rows that entered, as arrays (rows,).

    slot: which variant of the union; beta, standard_error (z and 1 under the sample-size scheme);
    frequency of the union's effect allele; n; counts: rows by what became of them; dropped:
    frames of the rows that did not enter; traits: names that the file holds
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

    @property
    def z(self):
        """z scores (rows,)."""
        return self.beta / self.standard_error


@dataclass
class Columns:
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
        return Columns(**values)


class Union:
    """The variants of all cohorts so far: place, alleles, id and reference frequency by slot.

    Rows find their slot by key (place and alleles) or by id. Where ``fixed`` the variants are a
    reference's and no cohort adds any.
    """

    def __init__(self, codes, *, by_id, fixed=False):
        self.codes, self._by_id, self.fixed = codes, by_id, fixed
        self.chromosomes = {}
        empty = np.empty(0)
        self.chromosome = empty.astype(np.uint8)
        self.position = empty.astype(np.int32)
        self.effect = self.other = empty.astype(np.int32)
        self.frequency = empty
        self.ids = pl.Series([], dtype=pl.String)
        self._lookup = Lookup(empty.astype(np.uint64), empty.astype(np.int32))

    def __len__(self):
        return len(self.effect)

    def chromosome_codes(self, column, autosomes):
        """uint8 codes of a column of chromosome names, 255 where there is none."""
        codes = {}
        for name in column.unique().drop_nulls().to_list():
            canonical = canonical_name(name, autosomes)
            codes[name] = self.chromosomes.setdefault(canonical, len(self.chromosomes))
        if len(self.chromosomes) > 250:
            raise GemcontError("more than 250 chromosomes and contigs; leave the contigs out")
        found = column.replace_strict(codes, default=None, return_dtype=pl.UInt8)
        return found.fill_null(255).to_numpy()

    def keys(self, rows):
        """uint64 keys of rows, by what this union matches."""
        if self._by_id:
            return rows.ids.hash(1).to_numpy()
        return self.codes.keys(rows.chromosome, rows.position, rows.effect, rows.other)

    def find(self, keys):
        """Slot of every key, -1 where there is none."""
        return self._lookup.find(keys)

    def add(self, rows, keys):
        """New variants with the rows' own alleles; their slots."""
        slots = np.arange(len(self), len(self) + len(keys))
        for name in ("chromosome", "position", "effect", "other", "frequency"):
            mine = getattr(self, name)
            joined = np.concatenate([mine, getattr(rows, name).astype(mine.dtype)])
            setattr(self, name, joined)
        self.ids = pl.concat([self.ids, rows.ids])
        self._lookup = Lookup(
            np.concatenate([self._lookup.keys, keys]),
            np.concatenate([self._lookup.values, slots.astype(np.int32)]),
        )
        return slots


def read_columns(path, union, settings, cohort, *, chain=None):
    """``Columns`` of a file's usable rows; counts and drops go to ``cohort``."""
    needed = _NEEDED
    if settings.scheme == "stderr":
        error = "neg_log_10_p_value" if settings.se_from_p else "standard_error"
        needed = (*needed, "beta", error)
    if settings.match == "key":
        needed = (*needed, "chromosome", "base_pair_location")
    file = Sumstats(path, columns=settings.columns, needed=needed, trait=settings.trait)
    log.info("%s: %s, read as %s", cohort.name, file.name, file.dialect)
    parts = [_usable(batch, union, settings, cohort, chain) for batch in file.batches()]
    for reason, count in file.skipped.items():
        if count:
            cohort.counts[reason] = count
            cohort.counts["rows"] += count
    return _joined(parts)


def _joined(parts):
    """One ``Columns`` of several, whose arrays are let go as they are joined."""
    fields = {}
    for name in Columns.__dataclass_fields__:
        pieces = [vars(part).pop(name) for part in parts]
        fields[name] = pl.concat(pieces) if name == "ids" else np.concatenate(pieces)
    return Columns(**fields)


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


def note(cohort, rows, ids, reason):
    """Note rows that did not enter."""
    cohort.counts[reason] = cohort.counts.get(reason, 0) + len(rows)
    frame = pl.DataFrame({"row": rows, "variant_id": ids}).with_columns(
        (pl.col("row") + 1).cast(pl.UInt32), pl.lit(reason).alias("reason")
    )
    cohort.dropped.append(frame)


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
        ids=batch["variant_id"],
        chromosome=union.chromosome_codes(batch["chromosome"], settings.autosomes),
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


def enter(rows, union, settings, cohort):
    """Match a cohort's rows to the union and bring them to its alleles; fills ``cohort``."""
    keys = union.keys(rows)
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    _note_rows(cohort, rows, ~first, REPEATED)
    slot = union.find(keys)
    new = slot < 0
    if len(union) and len(keys) and new.all() and not union.fixed:
        log.warning("%s: shares no variant with the cohorts before it", cohort.name)
    if union.fixed:
        _note_rows(cohort, rows, first & new, ABSENT)
        first &= ~new
    sign, flipped, reason = _aligned(rows, union, slot, new, settings)
    for code, text in REASONS.items():
        _note_rows(cohort, rows, first & (reason == code), text)
    used = first & (reason == Reason.KEPT)
    if (used & new).any():
        slot[used & new] = union.add(rows.take(used & new), keys[used & new])
    cohort.counts[ENTERED] = int(used.sum())
    for text, some in ((TURNED, sign < 0), (FLIPPED, flipped)):
        if (used & some).any():
            cohort.counts[text] = int((used & some).sum())
    _fill(cohort, rows, slot, sign, used)


def _aligned(rows, union, slot, new, settings):
    """Signs against the union's alleles; new variants keep their own."""
    at = np.where(new, 0, slot)
    nothing = len(union) == 0
    reference = [
        np.where(new, own, own if nothing else theirs[at])
        for own, theirs in (
            (rows.effect, union.effect),
            (rows.other, union.other),
            (rows.frequency, union.frequency),
        )
    ]
    sign, flipped, reason = align(
        rows.effect,
        rows.other,
        rows.frequency,
        *reference,
        union.codes.complement,
        palindromic=settings.palindromic,
        ambiguous=settings.ambiguous,
        max_difference=settings.max_eaf_diff,
    )
    fresh = new & ~((reason == Reason.PALINDROMIC) | (reason == Reason.ALLELES))
    sign[fresh], reason[fresh], flipped[fresh] = 1, Reason.KEPT, False
    return sign, flipped, reason


def _note_rows(cohort, rows, wrong, reason):
    if wrong.any():
        at = np.flatnonzero(wrong)
        note(cohort, pl.Series(rows.row[at]), rows.ids.gather(at), reason)


def _fill(cohort, rows, slot, sign, used):
    sign = sign[used]
    cohort.slot = slot[used].astype(np.int32)
    cohort.beta = sign * rows.beta[used]
    cohort.standard_error = rows.standard_error[used]
    frequency = rows.frequency[used]
    cohort.frequency = np.where(sign < 0, 1 - frequency, frequency)
    cohort.n = rows.n[used]
