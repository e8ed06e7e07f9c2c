"""Which variants and samples enter: lists of ids, chromosomes, frequencies, call rate."""

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name, parse_chromosomes
from gemcont.genotype.hwe import hwe_p
from gemcont.genotype.kernels.packed import hard_counts, missing_per_sample
from gemcont.genotype.lists import read_variant_ids

log = logging.getLogger(__name__)

_TOLERANCE = 2.0**-44  # PLINK's: a frequency equal to its bound up to rounding passes


def select_variants(
    variants,
    *,
    chromosomes=None,
    from_bp=None,
    to_bp=None,
    extract=None,
    exclude=None,
    autosomes=22,
):
    """Ascending indices of the variants that ``--chr``, positions and lists of ids leave.

    variants: table of a ``GenotypeSource``; chromosomes: text as of ``--chr``; from_bp, to_bp:
    positions, both included, on one chromosome; extract, exclude: lists of ids, as
    ``read_variant_ids`` takes them. Returns the indices (int64) and how many variants each filter
    took, by flag. Raises GemcontError when a filter leaves nothing, and for a list of which no
    variant is there.
    """
    kept, taken = np.ones(variants.height, dtype=bool), {}
    if chromosomes is not None:
        here = _on_chromosomes(variants["chromosome"], chromosomes, autosomes)
        message = f"--chr {chromosomes}: no variant lies there; {_present(variants)}"
        kept = _apply(kept, here, "--chr", taken, message)
    if from_bp is not None or to_bp is not None:
        wanted = () if chromosomes is None else parse_chromosomes(chromosomes, autosomes)
        if len(wanted) != 1:
            raise GemcontError("--from-bp and --to-bp need one chromosome: add --chr")
        position = variants["base_pair_location"].to_numpy()
        low, high = 0 if from_bp is None else from_bp, 2**31 if to_bp is None else to_bp
        if low > high:
            raise GemcontError(f"--from-bp {low} lies behind --to-bp {high}")
        asked = [f"--from-bp {low}"] * (from_bp is not None)
        asked += [f"--to-bp {high}"] * (to_bp is not None)
        message = f"{' '.join(asked)}: no variant of chromosome {chromosomes} lies there"
        here = (position >= low) & (position <= high)
        kept = _apply(kept, here, "--from-bp/--to-bp", taken, message)
    for flag, given in (("--extract", extract), ("--exclude", exclude)):
        if given is None:
            continue
        listed = _listed(flag, variants, set(read_variant_ids(given, flag)))
        passes = listed if flag == "--extract" else ~listed
        kept = _apply(kept, passes, flag, taken, f"{flag}: no variant is left")
    return np.flatnonzero(kept), taken


def _apply(kept, passes, flag, taken, message):
    left = kept & passes
    taken[flag] = int(kept.sum() - left.sum())
    if not left.any():
        raise GemcontError(message)
    return left


def _listed(flag, variants, ids):
    """Bool (variants,), who is on a list; warns of ids that no variant has."""
    listed = variants["variant_id"].is_in(pl.Series(list(ids), dtype=pl.String).implode())
    found = variants.filter(listed)["variant_id"].n_unique()
    if found == len(ids) and (found or flag == "--exclude"):
        return listed.to_numpy()
    if not found:
        raise GemcontError(_unmatched(flag, variants, ids))
    cause = _variant_cause(variants, ids)
    log.warning(
        "%s: %d of %d ids are not in the genotypes%s",
        flag,
        len(ids) - found,
        len(ids),
        f": {cause}" if cause else "",
    )
    return listed.to_numpy()


def _variant_cause(variants, ids):
    """Why ids of variants do not match, where they show it; None else."""
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


def missing_share(source, variants, autosomes=22, *, size=4096):
    """Share of missing genotypes (samples,) of every sample over the given variants.

    Variants on Y count for males only, as in PLINK: nobody else can have them.
    """
    on_y = _on_chromosomes(source.variants["chromosome"][variants], "Y", autosomes)
    male = source.samples["sex"].to_numpy() == 1
    missing = np.zeros(source.n_samples, dtype=np.int64)
    for block in source.blocks(variants[~on_y], size=size):
        missing_per_sample(block, missing)
    on_males = np.zeros(source.n_samples, dtype=np.int64)
    for block in source.blocks(variants[on_y], size=size):
        missing_per_sample(block, on_males)
    total = (~on_y).sum() + on_y.sum() * male
    return (missing + on_males * male) / np.maximum(total, 1)


# In the order in which a variant's first failure is counted.
FLAGS = ("--geno", "--maf", "--mac", "--hwe", "--info")


@dataclass(frozen=True)
class VariantFilter:
    """``--geno --maf --mac --hwe --info``, counted on the analysed samples; None filters nothing.

    geno: largest share of missing genotypes; maf, mac: smallest minor allele frequency and count;
    hwe: smallest exact Hardy-Weinberg p (``midp``: of the mid-p kind), on females where the
    chromosome is X and not at all on haploids; info: smallest imputation quality
    """

    geno: float | None = None
    maf: float | None = None
    mac: float | None = None
    hwe: float | None = None
    midp: bool = False
    info: float | None = None

    @property
    def flags(self):
        """The flags that are asked for."""
        return [flag for flag in FLAGS if getattr(self, flag.strip("-")) is not None]

    def failures(self, block, found, alleles, *, quality=None, hwe_people=None, haploid=False):
        """uint8 code per variant of a block: 0 stays, else 1 + the index of the first failed flag.

        found: its ``Moments``; alleles: its ``AlleleCounts``; quality: stated imputation quality
        (variants,), NaN unknown; hwe_people: bool (samples,), None = all
        """
        fails = {
            "--geno": lambda: (
                block.n_samples - found.n > self.geno * block.n_samples * (1 + _TOLERANCE)
            ),
            "--maf": lambda: (
                (alleles.minor_count < self.maf * alleles.total * (1 - _TOLERANCE))
                | ((alleles.total == 0) & (self.maf > 0))
            ),
            "--mac": lambda: alleles.minor_count < self.mac * (1 - _TOLERANCE),
            "--hwe": lambda: self._fails_hwe(block, hwe_people, haploid),
            "--info": lambda: ~(_quality(found, quality) >= self.info * (1 - _TOLERANCE)),
        }
        failed = np.zeros(block.count, dtype=np.uint8)
        for flag in self.flags:
            failed[(failed == 0) & fails[flag]()] = 1 + FLAGS.index(flag)
        return failed

    def _fails_hwe(self, block, people, haploid):
        if haploid:
            return np.zeros(block.count, dtype=bool)
        two, one, none, _ = hard_counts(block, people).T
        return hwe_p(two, one, none, midp=self.midp) < self.hwe * (1 - _TOLERANCE)


def _quality(found, stated):
    """Imputation quality: as stated, else the dosages' variance over that of true genotypes."""
    frequency = found.mean / 2
    expected = 2 * frequency * (1 - frequency) * found.n
    seen = np.divide(
        found.sum_of_squares, expected, out=np.full(len(expected), np.nan), where=expected > 0
    )
    return seen if stated is None else np.where(np.isnan(stated), seen, stated)
