"""Covariates of a table of samples: numbers as they are, text as categories."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from gemcont.tables.phenotypes import SampleTable, text_to_numbers
from gemcont.text.parse import parse_numbers

# Of the words for a missing value, the one that may as well be a category ("none" of a habit).
_AMBIGUOUS = "none"


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """One covariate over a table's samples: numbers, or codes into the names of categories.

    Attributes:
        name: the column's name.
        values: float64 (samples,), NaN where missing.
        levels: names of the categories, None for a number.
        taken_as_missing: number of cells that hold the word none, by how it is written.
    """

    name: str
    values: np.ndarray
    levels: list[str] | None = None
    taken_as_missing: dict[str, int] = field(default_factory=dict)

    def at(self, rows: np.ndarray) -> "Covariate":
        """Return the covariate over other samples; rows: theirs here, negative where absent."""
        values = np.where(rows < 0, np.nan, self.values[rows])
        return replace(self, values=values)

    def labelled(self, rows: np.ndarray) -> np.ndarray | list[str]:
        """Return the values of some samples as a formula sees them: numbers, or category names."""
        values = self.values[rows]
        return values if self.levels is None else [self.levels[int(v)] for v in values]

    def design(self, rows: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Return design columns (rows, c) and their names: one, or one per level but the first."""
        values = self.values[rows]
        if self.levels is None:
            return values[:, None], [self.name]
        present = np.unique(values).astype(int)
        columns = (values[:, None] == present[1:]).astype(np.float64)
        return columns, [f"{self.name}={self.levels[i]}" for i in present[1:]]


def covariates(table: SampleTable, names: Iterable[str]) -> list[Covariate]:
    """Return a ``Covariate`` of each named column: categorical where no value is a number.

    Raises GemcontError for a column that mixes numbers and text, or holds infinity.
    """
    return [_covariate(table, name) for name in names]


def _covariate(table, name):
    values, column = parse_numbers(table.columns[name])
    if values.null_count() < len(values) or column.null_count() == len(column):
        (values,), _ = text_to_numbers(table, [name])
        return Covariate(name=name, values=values.fill_null(np.nan).to_numpy())
    levels = sorted(column.drop_nulls().unique())
    code = {level: float(i) for i, level in enumerate(levels)}
    values = np.array([code.get(v, np.nan) for v in column])
    words = table.columns[name].str.strip_chars()
    words = words.filter(words.str.to_lowercase() == _AMBIGUOUS)
    taken = dict(words.value_counts().rows())
    levels = [level.strip() for level in levels]
    return Covariate(name=name, values=values, levels=levels, taken_as_missing=taken)
