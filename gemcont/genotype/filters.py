"""Which variants and samples enter: lists of ids, chromosomes, frequencies, call rate."""

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont._text import read_text, split_fields
from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.genotype.chromosomes import canonical_name, parse_chromosomes
from gemcont.genotype.hwe import hwe_p
from gemcont.genotype.kernels import hard_counts, missing_per_sample

log = logging.getLogger(__name__)

_TOLERANCE = 2.0**-44  # PLINK's: a frequency equal to its bound up to rounding passes


def read_sample_list(path):
    """``SampleIds`` of a --keep or --remove file: FID IID or IID per line, header optional."""
    lines = [line.split("\t") for line in _lines(path)]
    if lines and lines[0][0].lstrip("#").upper() in ("FID", "IID"):
        lines = lines[1:]
    if all(len(fields) == 1 for fields in lines):
        return SampleIds(path, None, [fields[0] for fields in lines])
    short = next((i for i, fields in enumerate(lines) if len(fields) < 2), None)
    if short is not None:
        raise GemcontError(
            f"{path}: {lines[short][0]!r} stands alone; write FID and IID, or only IIDs"
        )
    return SampleIds(path, [f[0] for f in lines], [f[1] for f in lines])


def read_variant_ids(path):
    """Variant ids of a file, any number per line, in order; an empty file is an empty list."""
    return [name for line in _lines(path) for name in line.split("\t")]


def _lines(path):
    try:
        return split_fields(read_text(path, empty=True), " ").decode().split("\n")[:-1]
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None


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
    positions, both included, on one chromosome; extract, exclude: sets of ids. Returns the
    indices (int64) and how many variants each filter took, by flag. Raises GemcontError when a
    filter leaves nothing.
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
    if extract is not None:
        listed = _is_listed(variants, extract)
        _log_unknown("--extract", variants, extract)
        kept = _apply(kept, listed, "--extract", taken, _unmatched("--extract", variants, extract))
    if exclude is not None:
        listed = _is_listed(variants, exclude)
        _log_unknown("--exclude", variants, exclude)
        kept = _apply(kept, ~listed, "--exclude", taken, "--exclude: no variant remains")
    return np.flatnonzero(kept), taken


def _apply(kept, passes, flag, taken, message):
    left = kept & passes
    taken[flag] = int(kept.sum() - left.sum())
    if not left.any():
        raise GemcontError(message)
    return left


def _is_listed(variants, ids):
    return variants["variant_id"].is_in(pl.Series(list(ids), dtype=pl.String).implode()).to_numpy()


def _log_unknown(flag, variants, ids):
    """Say how many ids of a list no variant has; that none matches is a warning."""
    found = variants.filter(_is_listed(variants, ids))["variant_id"].n_unique()
    if found < len(ids):
        level = logging.INFO if found else logging.WARNING
        log.log(
            level, "%s: %d of %d ids are not in the genotypes", flag, len(ids) - found, len(ids)
        )


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
    return f"{flag}: no variant is left (the list has {theirs}; the variants have {ours})"


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
