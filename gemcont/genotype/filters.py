"""Selection of variants and samples: lists of ids, chromosomes, frequencies, call rate."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name, parse_chromosomes
from gemcont.genotype.hwe import hwe_p
from gemcont.genotype.kernels.packed import Moments, hard_counts, missing_per_sample
from gemcont.genotype.lists import VariantList, read_variant_ids
from gemcont.genotype.ploidy import AlleleCounts
from gemcont.genotype.source import Block, GenotypeSource

log = logging.getLogger(__name__)

_TOLERANCE = 2.0**-44  # PLINK's: a frequency equal to its bound up to rounding passes


def select_variants(
    variants: pl.DataFrame,
    *,
    chromosomes: str | None = None,
    from_bp: int | None = None,
    to_bp: int | None = None,
    extract: VariantList = None,
    exclude: VariantList = None,
    autosomes: int = 22,
) -> tuple[np.ndarray, dict[str, int]]:
    """Return the variants that ``--chr``, positions and lists of ids leave.

    Args:
        variants: table of a ``GenotypeSource``.
        chromosomes: text as of ``--chr``.
        from_bp: first position, on one chromosome.
        to_bp: last position, on one chromosome.
        extract: ids to keep, as ``read_variant_ids`` takes them.
        exclude: ids to leave out, likewise.
        autosomes: number of autosomes of the species.

    Returns:
        Ascending int64 indices, and the number of variants that each filter removed, by flag.

    Raises:
        GemcontError: a filter leaves nothing, or no variant of a list is there.
    """
    kept = np.ones(variants.height, dtype=bool)
    removed: dict[str, int] = {}
    if chromosomes is not None:
        inside = _on_chromosomes(variants["chromosome"], chromosomes, autosomes)
        message = f"--chr {chromosomes}: no variant lies there; {_present(variants)}"
        kept = _apply(kept, inside, "--chr", removed, message)
    if from_bp is not None or to_bp is not None:
        wanted = () if chromosomes is None else parse_chromosomes(chromosomes, autosomes)
        if len(wanted) != 1:
            raise GemcontError("--from-bp and --to-bp need one chromosome: add --chr")
        position = variants["base_pair_location"].to_numpy()
        low, high = 0 if from_bp is None else from_bp, 2**31 if to_bp is None else to_bp
        if low > high:
            raise GemcontError(f"--from-bp {low} lies behind --to-bp {high}")
        bounds = [f"--from-bp {low}"] * (from_bp is not None)
        bounds += [f"--to-bp {high}"] * (to_bp is not None)
        message = f"{' '.join(bounds)}: no variant of chromosome {chromosomes} lies there"
        inside = (position >= low) & (position <= high)
        kept = _apply(kept, inside, "--from-bp/--to-bp", removed, message)
    for flag, given in (("--extract", extract), ("--exclude", exclude)):
        if given is None:
            continue
        listed = _listed(flag, variants, set(read_variant_ids(given, flag)))
        passes = listed if flag == "--extract" else ~listed
        kept = _apply(kept, passes, flag, removed, f"{flag}: no variant is left")
    return np.flatnonzero(kept), removed


def _apply(kept, passes, flag, removed, message):
    left = kept & passes
    removed[flag] = int(kept.sum() - left.sum())
    if not left.any():
        raise GemcontError(message)
    return left


def _listed(flag, variants, ids):
    """Return bool (variants,): which are on a list; warn of ids that no variant has."""
    listed = variants["variant_id"].is_in(pl.Series(list(ids), dtype=pl.String).implode())
    n_found = variants.filter(listed)["variant_id"].n_unique()
    if n_found == len(ids) and (n_found or flag == "--exclude"):
        return listed.to_numpy()
    if not n_found:
        raise GemcontError(_unmatched(flag, variants, ids))
    cause = _variant_cause(variants, ids)
    log.warning(
        "%s: %d of %d ids are not in the genotypes%s",
        flag,
        len(ids) - n_found,
        len(ids),
        f": {cause}" if cause else "",
    )
    return listed.to_numpy()


def _variant_cause(variants, ids):
    """Return the reason why ids of variants do not match, if they show it, else None."""
    known = set(variants["variant_id"])
    lost = [i for i in ids if i not in known]
    lower = {i.lower().removeprefix("chr").replace("_", ":") for i in known}
    if any("," in i and i.split(",", 1)[0] in known for i in lost):
        return "commas stand between them; write one a line"
    if any(i.lower().removeprefix("chr").replace("_", ":") in lower for i in lost):
        return "they are spelled otherwise (chr, case, : or _)"
    return None


def _on_chromosomes(column, text, autosomes):
    wanted = parse_chromosomes(text, autosomes)
    names = [n for n in column.unique() if n is not None]
    chosen = [n for n in names if canonical_name(n, autosomes) in wanted]
    return column.cast(pl.String).is_in(chosen).to_numpy()


def _present(variants, most=30):
    names = [str(n) for n in variants["chromosome"].unique(maintain_order=True)]
    return f"the file has {', '.join(names[:most])}{' ...' if len(names) > most else ''}"


def _unmatched(flag, variants, ids):
    if not ids:
        return f"{flag}: the list is empty"
    theirs, ours = ", ".join(sorted(ids)[:3]), ", ".join(variants["variant_id"][:3])
    cause = _variant_cause(variants, ids)
    return (
        f"{flag}: no variant of the list is in the genotypes (it has {theirs}; they have {ours})"
        + (f": {cause}" if cause else "")
    )


def missing_share(
    source: GenotypeSource, variants: np.ndarray, autosomes: int = 22, *, size: int = 4096
) -> np.ndarray:
    """Return each sample's share of missing genotypes (samples,) over the given variants.

    Variants on Y count for males only, as in PLINK: females have none. variants: indices into the
    source.
    """
    on_y = _on_chromosomes(source.variants["chromosome"][variants], "Y", autosomes)
    male = source.samples["sex"].to_numpy() == 1
    missing = np.zeros(source.n_samples, dtype=np.int64)  # (samples,)
    for block in source.blocks(variants[~on_y], size=size):
        missing_per_sample(block, missing)
    on_males = np.zeros(source.n_samples, dtype=np.int64)
    for block in source.blocks(variants[on_y], size=size):
        missing_per_sample(block, on_males)
    total = (~on_y).sum() + on_y.sum() * male  # (samples,)
    return (missing + on_males * male) / np.maximum(total, 1)


# A variant counts for the first of these that it fails.
FLAGS = ("--geno", "--maf", "--mac", "--hwe", "--info")


@dataclass(frozen=True, kw_only=True)
class VariantFilter:
    """Bounds of ``--geno --maf --mac --hwe --info`` on the analysed samples; None filters nothing.

    Attributes:
        geno: largest share of missing genotypes
        maf: smallest minor allele frequency
        mac: smallest minor allele count
        hwe: smallest exact Hardy-Weinberg p, of females on X; haploids are not filtered
        midp: whether that p is the mid-p
        info: smallest imputation quality
    """

    geno: float | None = None
    maf: float | None = None
    mac: float | None = None
    hwe: float | None = None
    midp: bool = False
    info: float | None = None

    @property
    def flags(self) -> list[str]:
        """Flags whose bound is set."""
        return [flag for flag in FLAGS if self._bound(flag) is not None]

    def _bound(self, flag):
        return getattr(self, flag.strip("-"))

    def failures(
        self,
        block: Block,
        block_moments: Moments,
        alleles: AlleleCounts,
        *,
        quality: np.ndarray | None = None,
        hwe_people: np.ndarray | None = None,
        haploid: bool = False,
    ) -> np.ndarray:
        """Return each variant's code: 0 if it passes, else 1 + the index of the first failed flag.

        Args:
            block: genotypes of the analysed samples.
            block_moments: its ``Moments``.
            alleles: its ``AlleleCounts``.
            quality: stated imputation quality (variants,), NaN unknown; None = not stated.
            hwe_people: bool (samples,) that the Hardy-Weinberg test counts; None = all.
            haploid: whether samples carry one chromosome.

        Returns:
            uint8 (variants,).
        """
        below = 1 - _TOLERANCE
        fails: dict[str, Callable[[float], np.ndarray]] = {
            "--geno": lambda geno: (
                block.n_samples - block_moments.n > geno * block.n_samples * (1 + _TOLERANCE)
            ),
            "--maf": lambda maf: (
                (alleles.minor_count < maf * alleles.total * below)
                | ((alleles.total == 0) & (maf > 0))
            ),
            "--mac": lambda mac: alleles.minor_count < mac * below,
            "--hwe": lambda _: self._fails_hwe(block, hwe_people, haploid),
            "--info": lambda info: ~(_quality(block_moments, quality) >= info * below),
        }
        failed = np.zeros(block.count, dtype=np.uint8)
        for flag in self.flags:
            # The first failure stays.
            failed[(failed == 0) & fails[flag](self._bound(flag))] = 1 + FLAGS.index(flag)
        return failed

    def _fails_hwe(self, block, people, haploid):
        if haploid:
            return np.zeros(block.count, dtype=bool)
        two, one, none, _ = hard_counts(block, people).T  # (variants,) each
        return hwe_p(two, one, none, midp=self.midp) < self.hwe * (1 - _TOLERANCE)


def _quality(block_moments, stated):
    """Return imputation quality: as stated, else the dosages' variance over that expected."""
    frequency = block_moments.mean / 2
    expected = 2 * frequency * (1 - frequency) * block_moments.n  # 2 N p (1 - p): of true genotypes
    seen = np.divide(
        block_moments.sum_of_squares,
        expected,
        out=np.full(len(expected), np.nan),
        where=expected > 0,
    )
    return seen if stated is None else np.where(np.isnan(stated), seen, stated)
