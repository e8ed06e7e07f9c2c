"""Genotype files -> arrays. Knows nothing of statistics.

``open_genotypes(path)`` is the front door; everything behind it is a ``GenotypeSource``.
"""

import os

from gemcont.errors import GemcontError


def open_genotypes(path, *, sample=None):
    """Open genotypes as a ``GenotypeSource``, by what the path names.

    path: a PLINK prefix or .bed; a .pgen; a .bgen, with its .sample file as ``sample`` if the
    ids are not inside; or a ``GenotypeSource``, which is given back. Files are checked before a
    genotype is read. Raises GemcontError naming the file and what is wrong with it.
    """
    from gemcont.genotype.source import GenotypeSource

    if isinstance(path, GenotypeSource):
        return path
    if not isinstance(path, (str, os.PathLike)):
        raise GemcontError(f"genotypes: a {type(path).__name__} is neither a path nor a source")
    path = os.fspath(path)
    if path.endswith(".pgen"):
        from gemcont.genotype.readers.pgen import PgenSource

        return PgenSource(path)
    if path.endswith(".bgen"):
        from gemcont.genotype.readers.bgen import BgenSource

        return BgenSource(path, sample)
    from gemcont.genotype.readers.bed import BedSource

    return BedSource(path)
