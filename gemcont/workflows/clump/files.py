"""Files of clumping: tables, regional pictures, linkage matrices for fine-mapping."""

import glob
import logging
import os
import re
from collections.abc import Iterable

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.kernels.packed import decode, moments
from gemcont.genotype.source import Block, GenotypeSource
from gemcont.stats.harmonise import align
from gemcont.tables.files import remove, unfinished, unwritable
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.writers import open_writer
from gemcont.workflows.clump.loci import Loci, p_text
from gemcont.workflows.clump.run import run_clump
from gemcont.workflows.common.alleles import coded_alleles
from gemcont.workflows.common.matching import z_score

log = logging.getLogger(__name__)

_TABLES = ("clumps", "loci.tsv", "missing.tsv")
_PER_LOCUS = ("png", "ld", "z.tsv")
_MOST_IN_MATRIX = 20_000  # variants: a matrix of 3.2 GB
_SAMPLES = 1024  # decoded at a time
_MOST_DRAWN = 20_000  # variants in one picture


def refuse_inputs(prefix: str, inputs: Iterable[str]) -> None:
    """Raise GemcontError if a file that will be written is one of the inputs."""
    loci = [path.removeprefix(f"{prefix}.") for path in _files_of_loci(prefix)]
    OutputFiles(prefix, [*_TABLES, *loci]).refuse_inputs(inputs)


def _files_of_loci(prefix):
    """Return the files of single loci that an earlier run has left."""
    pattern = re.compile(rf"\.locus\d+\.({'|'.join(map(re.escape, _PER_LOCUS))})")
    paths = glob.glob(f"{glob.escape(prefix)}.locus*")
    return [path for path in paths if pattern.fullmatch(path[len(prefix) :])]


def write_loci(loci: Loci, prefix: str, *, plot: int = 0, ld_matrix: bool = False) -> None:
    """Write PREFIX.clumps, .loci.tsv and .missing.tsv, with pictures and matrices of the loci.

    Files of an earlier run are removed.

    Args:
        loci: the loci.
        prefix: PREFIX.
        plot: number of loci to draw, as PREFIX.locusN.png.
        ld_matrix: whether to write PREFIX.locusN.ld and PREFIX.locusN.z.tsv of every locus.
    """
    for path in _files_of_loci(prefix):
        remove(path)
    with unfinished(f"{prefix}.clumps") as temporary:
        loci.plink_table().write_csv(temporary, separator="\t", quote_style="never")
    for name, table in (("loci", loci.table), ("missing", loci.missing_table())):
        with open_writer(f"{prefix}.{name}.tsv", "tsv") as append:
            append(table)
    if ld_matrix:
        _write_matrices(loci, prefix)
    for number in range(min(plot, len(loci.index))):
        _draw(loci, number, f"{prefix}.locus{number + 1}.png")


def write_clump(
    genotypes: str | os.PathLike | GenotypeSource,
    sumstats: object,
    prefix: str,
    *,
    sample: str | os.PathLike | None = None,
    genes: str | os.PathLike | None = None,
    plot: int = 0,
    ld_matrix: bool = False,
    progress: bool = False,
    **settings,
) -> Loci:
    """Clump summary statistics as ``run_clump``, and write the files of ``write_loci``.

    plot, ld_matrix: as in ``write_loci``; the others as in ``run_clump``. Returns the ``Loci``.
    """
    loci = run_clump(genotypes, sumstats, sample=sample, genes=genes, progress=progress, **settings)
    write_loci(loci, prefix, plot=plot, ld_matrix=ld_matrix)
    return loci


def _write_matrices(loci, prefix):
    """Write PREFIX.locusN.ld and .z.tsv of every locus whose alleles can be aligned."""
    rows = loci.matched.rows
    if rows["effect_allele"].null_count() == rows.height:
        raise GemcontError("--ld-matrix: the summary statistics have no alleles to sign r by")
    if rows.select(z_score())["z"].null_count() == rows.height:
        log.warning("--ld-matrix: the summary statistics have no effects, so z is NA")
    sign, flipped, palindromic = allele_signs(loci.variants, rows)
    if flipped.any():  # their letters do not say which strand they are on either
        sign[palindromic] = 0
    left_out = 0
    for number, members in enumerate(loci.members_of):
        usable = members[sign[members] != 0]
        left_out += len(members) - len(usable)
        if len(usable):
            _write_matrix(loci, number, usable, sign[usable], f"{prefix}.locus{number + 1}")
    if left_out:
        log.warning(
            "%d variants left out of the matrices: alleles unknown, not those of the genotypes, or "
            "palindromic in a report of flipped strands",
            left_out,
        )


def _write_matrix(loci, number, members, sign, prefix):
    """Write the signed r of a locus's variants, for the report's effect alleles, and their z."""
    if len(members) > _MOST_IN_MATRIX:
        raise GemcontError(
            f"--ld-matrix: locus {number + 1} has {len(members)} variants, more than "
            f"{_MOST_IN_MATRIX}; choose a larger --clump-r2 or a smaller --clump-kb"
        )
    block = loci.source.read(loci.report.variant[members], loci.linkage.samples)
    r = correlation(block) * np.outer(sign, sign)
    with unfinished(f"{prefix}.ld") as temporary:
        np.savetxt(temporary, r, fmt="%.6g")
    variant_columns = loci.variants[members].drop("effect_allele", "other_allele")
    rows = loci.matched.rows[members]
    details = rows.drop("variant", "file", "trait", "z")
    table = pl.concat([variant_columns, details, rows.select(z_score())], how="horizontal")
    with open_writer(f"{prefix}.z.tsv", "tsv") as append:
        append(
            table.select(*_Z_COLUMNS).with_columns(
                pl.col("chromosome").cast(pl.String), pl.col("n").round().cast(pl.Int64)
            )
        )


_Z_COLUMNS = (
    "variant_id",
    "chromosome",
    "base_pair_location",
    "effect_allele",
    "other_allele",
    "effect_allele_frequency",
    "beta",
    "standard_error",
    "z",
    "n",
)


def allele_signs(
    variants: pl.DataFrame, rows: pl.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare the alleles of rows of summary statistics with those of their variants.

    Args:
        variants: table of a source, a row per row of ``rows``.
        rows: table of effect_allele and other_allele, null where unknown.

    Returns:
        sign: int8 (rows,), 1 where the effect allele is that of the genotypes, -1 where it is
            their other allele, 0 where it is neither.
        flipped: bool (rows,), whether the alleles fit on the opposite strand only.
        palindromic: bool (rows,), whether they fit on both strands (A/T, C/G).
    """
    codes, theirs, ours, known = coded_alleles(variants, rows)
    nothing = np.full(len(known), np.nan)
    complement = codes.complement
    sign, flipped, _ = align(*theirs, nothing, *ours, nothing, complement, palindromic="keep")
    sign[~known] = 0
    return sign, flipped & known, complement[ours[0]] == ours[1]


def correlation(block: Block) -> np.ndarray:
    """Return r between the variants of a block: float64 (variants, variants).

    A missing genotype is the variant's mean, so that the matrix has no negative eigenvalue. A
    variant that does not vary has r 0 with all others.
    """
    moment = moments(block)
    varies = moment.sum_of_squares > 0
    scale = np.zeros(block.count)
    scale[varies] = moment.sum_of_squares[varies] ** -0.5
    r = np.zeros((block.count, block.count))
    for first in range(0, block.n_samples, _SAMPLES):
        # (variants, samples of the slice)
        centred = decode(block.cut(first, first + _SAMPLES)) - moment.mean[:, None]
        unit = np.nan_to_num(centred) * scale[:, None]
        r += unit @ unit.T
    np.fill_diagonal(r, 1.0)
    return r


def _draw(loci, number, path):
    from gemcont.plots.locus import regional
    from gemcont.plots.save import save

    index = loci.index[number]
    shown = _region(loci, index, loci.members_of[number])
    chromosome = loci.canonical(loci.variants["chromosome"][int(index)])
    start, end = loci.report.position[shown].min(), loci.report.position[shown].max()
    genes = loci.genes_on(chromosome).filter(pl.col("end") >= start, pl.col("start") <= end)
    figure = regional(
        loci.report.position[shown],
        loci.report.neg_log_10_p[shown],
        _r2_to(loci, index, shown),
        int(np.flatnonzero(shown == index)[0]),
        chromosome=chromosome,
        title=(
            f"Locus {number + 1}: {loci.variants['variant_id'][int(index)]}, "
            f"p = {p_text(loci.report.neg_log_10_p[index], digits=3)}"
        ),
        genes=genes.select("start", "end", "name").rows(),
    )
    try:
        save(figure, path)
    except OSError as error:
        raise unwritable(path, error) from error


def _region(loci, index, members):
    """Return the variants to draw: the span of the locus and a quarter of it on either side."""
    report = loci.report
    position = report.position[members]
    margin = max(0.25 * (position.max() - position.min()), 50_000)
    low, high = position.min() - margin, position.max() + margin
    here = (report.chromosome == report.chromosome[index]) & (report.position >= low)
    here = np.flatnonzero(here & (report.position <= high))
    if len(here) > _MOST_DRAWN:  # the weakest would be a grey band
        strongest = np.argsort(-report.neg_log_10_p[here], kind="stable")[:_MOST_DRAWN]
        here = np.union1d(here[strongest], [index])
    return here


def _r2_to(loci, index, shown, size=512):
    """Return r2 (shown,) of every shown variant with the index variant, 1 for itself."""
    ploidy, variant = loci.report.ploidy[index], loci.report.variant
    own = loci.linkage.rows(variant[[index]], ploidy)
    parts = []
    for first in range(0, len(shown), size):
        rows = loci.linkage.rows(variant[shown[first : first + size]], ploidy)
        parts.append(loci.linkage.r2(own, 0, np.arange(len(rows)), rows))
    return np.where(shown == index, 1.0, np.concatenate(parts))
