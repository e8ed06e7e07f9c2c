"""Weights of traits: a table whose rows are traits and whose columns are their combinations."""

import csv
import os

import numpy as np

from gemcont.errors import GemcontError
from gemcont.tables.schema import TRAIT
from gemcont.text.files import decoded, read_text
from gemcont.text.parse import number_of, separator_of, split_fields


def read_weights(path: str | os.PathLike) -> tuple[list[str], list[str], np.ndarray]:
    """Read traits, names of their combinations, and float64 (traits, combinations) of a text table.

    The header is ``trait`` and the names; tabs, commas or blanks, quotes as in csv. Raises
    GemcontError naming the line of what is wrong: another header, a number that is none, a
    duplicate trait.
    """
    data = read_text(path)
    separator = separator_of(data.partition(b"\n")[0])
    text = decoded(path, split_fields(data, separator))
    between = "\t" if separator == " " else separator
    fields = csv.reader(text.split("\n"), delimiter=between)
    lines = [[field.strip() for field in row] for row in fields if row]
    header, rows = lines[0], lines[1:]
    if header[0].lower() != TRAIT.name or len(header) < 2:
        raise GemcontError(f"{path}: the header must be 'trait' and the names of the combinations")
    if len(set(header)) < len(header):
        raise GemcontError(f"{path}: duplicate name in the header")
    traits = [row[0] for row in rows]
    for number, trait in enumerate(traits):
        if trait in traits[:number]:
            raise GemcontError(f"{path}: duplicate trait {trait}")
    values = [_numbers(path, row, header, number) for number, row in enumerate(rows, 2)]
    if not values:
        raise GemcontError(f"{path}: holds no trait")
    return traits, header[1:], np.array(values)


def _numbers(path, row, header, number):
    if len(row) != len(header):
        raise GemcontError(
            f"{path}: line {number} has {len(row)} columns, the header {len(header)}"
        )
    values = [number_of(field) for field in row[1:]]
    if None in values:
        text = row[1 + values.index(None)][:60]
        raise GemcontError(f"{path}: line {number} (trait {row[0]}): {text!r} is no finite number")
    return values
