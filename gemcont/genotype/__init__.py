"""Genotype files -> arrays, without statistics.

``open_genotypes(path)`` is the front door; everything behind it is a ``GenotypeSource``.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from gemcont.errors import GemcontError

if TYPE_CHECKING:
    from gemcont.genotype.source import GenotypeSource


# Ending of a path -> the class that reads it, imported when it is first met.
READERS = {
    ".bed": "gemcont.genotype.readers.bed:BedSource",
    ".pgen": "gemcont.genotype.readers.pgen:PgenSource",
    ".bgen": "gemcont.genotype.readers.bgen:BgenSource",
}


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
    suffix = next((known for known in READERS if path.endswith(known)), ".bed")
    if sample is not None and suffix != ".bgen":
        raise GemcontError("sample: goes with a .bgen; a fileset has its own sample ids")
    module, name = READERS[suffix].split(":")
    reader = getattr(import_module(module), name)
    return reader(path) if sample is None else reader(path, sample)
