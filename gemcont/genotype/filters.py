"""Which variants and samples enter: lists of ids, chromosomes, frequencies, call rate."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont._text import read_text, split_fields
from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.genotype.chromosomes import canonical_name, parse_chromosomes

_TOLERANCE = 2.0**-44  # PLINK's: a frequency equal to its bound up to rounding passes


def read_sample_list(path):
    """``SampleIds`` of a --keep or --remove file: FID IID or IID per line, header optional."""
    lines = [line.split("\t") for line in _lines(path)]
    if lines[0][0].lstrip("#").upper() in ("FID", "IID"):
        lines = lines[1:]
    if not lines:
        raise GemcontError(f"{path}: the list is empty")
    if all(len(fields) == 1 for fields in lines):
        return SampleIds(path, None, [fields[0] for fields in lines])
    short = next((i for i, fields in enumerate(lines) if len(fields) < 2), None)
    if short is not None:
        raise GemcontError(
            f"{path}: {lines[short][0]!r} stands alone; write FID and IID, or only IIDs"
        )
    return SampleIds(path, [f[0] for f in lines], [f[1] for f in lines])


def read_variant_list(path):
    """The set of variant ids of an --extract or --exclude file: the first column."""
    return {line.split("\t", 1)[0] for line in _lines(path)}


def _lines(path):
    try:
        return split_fields(read_text(path), " ").decode().rstrip("\n").split("\n")
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None


def select_variants(variants, *, chromosomes=None, extract=None, exclude=None, autosomes=22):
    """Ascending indices of the variants that ``--chr``, ``--extract`` and ``--exclude`` leave.

    variants: table of a ``GenotypeSource``; chromosomes: text as of ``--chr``; extract, exclude:
    sets of ids. Returns the indices (int64) and how many variants each filter took, by flag.
    Raises GemcontError when a filter leaves nothing.
    """
    kept, taken = np.ones(variants.height, dtype=bool), {}
    if chromosomes is not None:
        here = _on_chromosomes(variants["chromosome"], chromosomes, autosomes)
        kept = _apply(
            kept,
            here,
            "--chr",
            taken,
            f"--chr {chromosomes}: no variant lies there; {_present(variants)}",
        )
    if extract is not None:
        listed = _is_listed(variants, extract)
        kept = _apply(kept, listed, "--extract", taken, _unmatched("--extract", variants, extract))
    if exclude is not None:
        listed = _is_listed(variants, exclude)
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


def _on_chromosomes(column, text, autosomes):
    wanted = parse_chromosomes(text, autosomes)
    names = [n for n in column.unique() if n is not None]
    chosen = [n for n in names if canonical_name(n, autosomes) in wanted]
    return column.cast(pl.String).is_in(chosen).to_numpy()


def _present(variants, most=30):
    names = [str(n) for n in variants["chromosome"].unique(maintain_order=True)]
    return f"the file has {', '.join(names[:most])}{' ...' if len(names) > most else ''}"


def _unmatched(flag, variants, ids):
    theirs, ours = ", ".join(sorted(ids)[:3]), ", ".join(variants["variant_id"][:3])
    return f"{flag}: no variant is left (the list has {theirs}; the variants have {ours})"


@dataclass(frozen=True)
class FrequencyFilter:
    """``--maf --mac --geno``, counted on the analysed samples.

    maf: smallest minor allele frequency that stays; mac: smallest minor allele count; geno:
    largest share of missing genotypes. Nothing is filtered where a bound is None.
    """

    maf: float | None = None
    mac: float | None = None
    geno: float | None = None

    def failures(self, moments, n_samples):
        """uint8 code per variant: 0 stays, else 1 + the index of the first of FLAGS it fails."""
        frequency = np.minimum(moments.mean, 2 - moments.mean) / 2
        count = 2 * moments.n * frequency
        failed = np.zeros(len(frequency), dtype=np.uint8)
        missing = 1 - moments.n / n_samples
        if self.mac is not None:
            failed[count < self.mac * (1 - _TOLERANCE)] = 1 + FLAGS.index("--mac")
        if self.maf is not None:
            failed[(frequency < self.maf * (1 - _TOLERANCE)) | (moments.n == 0)] = 1 + FLAGS.index(
                "--maf"
            )
        if self.geno is not None:
            failed[missing > self.geno * (1 + _TOLERANCE)] = 1 + FLAGS.index("--geno")
        return failed


FLAGS = ("--geno", "--maf", "--mac")
