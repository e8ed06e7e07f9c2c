"""Genes of a BED or GFF/GTF file: their positions, and the nearest one."""

import os
import re

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.text.files import read_text

_PREFERRED = ("gene_name", "Name", "gene", "gene_id", "ID")
_GFF_COLUMNS = 9


def read_genes(path: str | os.PathLike) -> pl.DataFrame:
    """Read genes: a polars table of chromosome, start, end (1-based, both included) and name.

    BED has four columns or more, its start counted from 0; GFF and GTF have nine, of which rows of
    type ``gene`` are taken. Raises GemcontError naming the line that is neither.
    """
    rows = []
    for number, line in enumerate(read_text(path).decode(errors="replace").split("\n"), 1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        try:
            gene = _gene(line.split("\t"))
        except (ValueError, IndexError):
            raise GemcontError(
                f"{path}: line {number} is neither BED (chromosome, start, end, name) nor GFF"
            ) from None
        if gene is not None:
            rows.append(gene)
    if not rows:
        raise GemcontError(f"{path}: holds no gene (a GFF's rows of type gene, or rows of a BED)")
    names = ("chromosome", "start", "end", "name")
    return pl.DataFrame(rows, schema=names, orient="row")


def _gene(fields):
    if len(fields) >= _GFF_COLUMNS and fields[3].isdecimal() and not fields[1].isdecimal():
        if fields[2] != "gene":
            return None
        return fields[0], int(fields[3]), int(fields[4]), _name_of(fields[8])
    return fields[0], int(fields[1]) + 1, int(fields[2]), fields[3].strip()


def _name_of(attributes):
    """Return a gene's name by the attributes of a GFF (key=value) or GTF (key "value")."""
    for key in _PREFERRED:
        match = re.search(rf'(?:^|;)\s*{key}[= ]"?([^";]+)', attributes)
        if match:
            return match.group(1).strip()
    raise ValueError(attributes)


def nearest(genes: pl.DataFrame, position: int) -> tuple[str | None, int | None]:
    """Return the name of the gene nearest to a position and its distance in base pairs.

    Args:
        genes: those of one chromosome, as ``read_genes``.
        position: base pairs, from 1.

    Returns:
        name, distance: several genes that are as near are joined by commas; (None, None) where
        there is none.
    """
    if genes.height == 0:
        return None, None
    start, end = genes["start"].to_numpy(), genes["end"].to_numpy()
    distance = np.maximum(np.maximum(start - position, position - end), 0)
    shortest = int(distance.min())
    names = dict.fromkeys(genes["name"].filter(pl.Series(distance == shortest)))
    return ",".join(names), shortest
