"""What stands on disk after clumping: tables, regional pictures, matrices for fine-mapping."""

import glob
import logging
import re

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.kernels import decode
from gemcont.tables.writers import open_writer, refuse_overwriting, remove, unfinished, unwritable

log = logging.getLogger(__name__)

_TABLES = ("clumps", "loci.tsv", "missing.tsv")
_PER_LOCUS = ("png", "ld", "z.tsv")
_MOST_IN_MATRIX = 20_000  # variants: a matrix of 3.2 GB
_MOST_DRAWN = 20_000  # variants in one picture
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def refuse_inputs(prefix, inputs):
    """Raise GemcontError if a file that will be written is one of the inputs."""
    outputs = [f"{prefix}.{name}" for name in (*_TABLES, "log")] + _of_loci(prefix)
    refuse_overwriting([*outputs, *(f"{path}.tmp" for path in outputs)], inputs)


def _of_loci(prefix):
    """The files per locus that stand there from an earlier run."""
    pattern = re.compile(rf"\.locus\d+\.({'|'.join(map(re.escape, _PER_LOCUS))})")
    found = glob.glob(f"{glob.escape(prefix)}.locus*")
    return [path for path in found if pattern.fullmatch(path[len(prefix) :])]


def write_loci(loci, prefix, *, plot=0, ld_matrix=False):
    """Write PREFIX.clumps, .loci.tsv, .missing.tsv, and for the loci what is asked for.

    loci: ``Loci``; plot: of how many loci to draw a picture, PREFIX.locusN.png; ld_matrix: for
    every locus PREFIX.locusN.ld and .z.tsv. Files of an earlier run are removed.
    """
    for path in _of_loci(prefix):
        remove(path)
    with unfinished(f"{prefix}.clumps") as temporary:
        loci.plink_table().write_csv(temporary, separator="\t", quote_style="never")
    for name, table in (("loci", loci.table), ("missing", loci.missing_table())):
        with open_writer(f"{prefix}.{name}.tsv", "tsv") as append:
            append(table)
    if ld_matrix:
        for number in range(len(loci.index)):
            _write_matrix(loci, number, f"{prefix}.locus{number + 1}")
    for number in range(min(plot, len(loci.index))):
        _draw(loci, number, f"{prefix}.locus{number + 1}.png")


def _write_matrix(loci, number, prefix):
    """The signed r of a locus's variants, for the report's effect alleles, and their z scores."""
    members = loci.members_of[number]
    rows = loci.matched.rows[members]
    sign = allele_signs(loci.variants[members], rows)
    usable = np.flatnonzero(sign)
    if len(usable) < len(members):
        log.warning(
            "locus %d: %d variants left out of the matrix, their alleles are not those of the "
            "genotypes",
            number + 1,
            len(members) - len(usable),
        )
    if len(usable) > _MOST_IN_MATRIX:
        raise GemcontError(
            f"--ld-matrix: locus {number + 1} has {len(usable)} variants, more than "
            f"{_MOST_IN_MATRIX}; choose a larger --clump-r2 or a smaller --clump-kb"
        )
    members, rows, sign = members[usable], rows[usable], sign[usable]
    dosage = decode(loci.source.read(loci.report.variant[members], loci.linkage.samples))
    r = correlation(dosage) * np.outer(sign, sign)
    path = f"{prefix}.ld"
    with unfinished(path) as temporary:
        np.savetxt(temporary, r, fmt="%.6g")
    place = loci.variants[members].drop("effect_allele", "other_allele")
    z = pl.coalesce("z", pl.col("beta") / pl.col("standard_error")).alias("z")
    table = pl.concat(
        [place, rows.drop("variant", "file", "trait", "z"), rows.select(z)], how="horizontal"
    )
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


def allele_signs(variants, rows):
    """1 where a report counts the genotypes' effect allele, -1 the other one, 0 neither.

    variants: table of a source; rows: table of effect_allele and other_allele (None: unknown).
    The other strand's letters count too, except where they are the same two (A/T and C/G).
    """
    signs = np.zeros(variants.height, dtype=np.int8)
    ours = variants.select(
        pl.col("effect_allele", "other_allele").cast(pl.String).str.to_uppercase()
    ).rows()
    for i, (pair, (effect, other)) in enumerate(
        zip(ours, rows.select("effect_allele", "other_allele").rows(), strict=True)
    ):
        if effect is None:
            continue
        signs[i] = _sign(pair, effect, other)
    return signs


def _sign(pair, effect, other):
    for theirs in ((effect, other), tuple(a and a.translate(_COMPLEMENT) for a in (effect, other))):
        if theirs[0] in pair and theirs[1] in (None, *pair) and theirs[0] != theirs[1]:
            return 1 if theirs[0] == pair[0] else -1
    return 0


def correlation(dosage):
    """r between variants (variants, variants), a missing genotype being the variant's mean.

    So the matrix has no negative eigenvalue. A variant that does not vary has r 0 with all.
    """
    centred = dosage - np.nanmean(dosage, axis=1, keepdims=True)
    centred = np.nan_to_num(centred)
    norm = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    unit = np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 0)
    r = unit @ unit.T
    np.fill_diagonal(r, 1.0)
    return r


def _draw(loci, number, path):
    from gemcont.plots.locus import regional
    from gemcont.plots.save import save

    index = loci.index[number]
    shown = _region(loci, index, loci.members_of[number])
    chromosome = str(loci.variants["chromosome"][int(index)])
    start, end = loci.report.position[shown].min(), loci.report.position[shown].max()
    genes = loci.genes_on(chromosome).filter(pl.col("end") >= start, pl.col("start") <= end)
    figure = regional(
        loci.report.position[shown],
        loci.report.neg_log_10_p[shown],
        _r2_to(loci, index, shown),
        int(np.flatnonzero(shown == index)[0]),
        chromosome=chromosome,
        title=f"Locus {number + 1}: {loci.variants['variant_id'][int(index)]}",
        genes=genes.select("start", "end", "name").rows(),
    )
    try:
        save(figure, path)
    except OSError as error:
        raise unwritable(path, error) from error


def _region(loci, index, members):
    """The variants to draw: those of the locus and a quarter of its span on either side."""
    report = loci.report
    position = report.position[members]
    margin = max(0.25 * (position.max() - position.min()), 50_000)
    low, high = position.min() - margin, position.max() + margin
    here = (report.chromosome == report.chromosome[index]) & (report.position >= low)
    here = np.flatnonzero(here & (report.position <= high))
    if len(here) > _MOST_DRAWN:  # the strongest tell the story
        strongest = np.argsort(-report.neg_log_10_p[here], kind="stable")[:_MOST_DRAWN]
        here = np.union1d(here[strongest], [index])
    return here


def _r2_to(loci, index, shown, size=512):
    """r2 of every shown variant with the index variant, 1 for itself."""
    ploidy, variant = loci.report.ploidy[index], loci.report.variant
    own = loci.linkage.rows(variant[[index]], ploidy)
    parts = []
    for first in range(0, len(shown), size):
        rows = loci.linkage.rows(variant[shown[first : first + size]], ploidy)
        parts.append(loci.linkage.r2(own, 0, np.arange(len(rows)), rows))
    return np.where(shown == index, 1.0, np.concatenate(parts))
