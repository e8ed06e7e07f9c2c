"""Genotype files -> arrays. Knows nothing of statistics.

``open_genotypes(path)`` is the front door; everything behind it is a ``GenotypeSource``.
"""


def open_genotypes(path):
    """Open a PLINK fileset (PREFIX or PREFIX.bed) as a ``GenotypeSource``.

    The .bed's magic number, order and exact length are checked before a genotype is read.
    Raises GemcontError naming the file and what is wrong with it.
    """
    from gemcont.genotype.bed import BedSource

    return BedSource(path)
