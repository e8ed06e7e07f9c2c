"""Genotype files -> arrays, without statistics.

``open_genotypes(path)`` is the front door; everything behind it is a ``GenotypeSource``.
"""

import os
from typing import TYPE_CHECKING

from gemcont.errors import GemcontError

if TYPE_CHECKING:
    from gemcont.genotype.source import GenotypeSource


def open_genotypes(
    path: "str | os.PathLike | GenotypeSource", *, sample: str | os.PathLike | None = None
) -> "GenotypeSource":
    """Open genotypes as a ``GenotypeSource``, by the path's ending.

    Files are checked before a genotype is read.

    Args:
        path: a PLINK prefix or .bed, a .pgen or a .bgen; a ``GenotypeSource`` is returned as it is.
        sample: the .sample file of a .bgen whose ids are not inside.

    Raises:
        GemcontError: naming the file and what is wrong with it.
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
