"""Covariates of a table of samples: numbers as they are, text as categories."""

from dataclasses import dataclass, field

import numpy as np

from gemcont.tables.phenotypes import text_to_numbers
from gemcont.text.parse import parse_numbers

# Of the words for a missing value, the one that may as well be a category ("none" of a habit).
_AMBIGUOUS = "none"


@dataclass(frozen=True)
class Covariate:
    """One covariate over the table's samples: numbers, or codes into the names of categories.

    values: float64 (samples,), NaN missing
    levels: names of the categories, None for a number
    taken_as_missing: how many cells hold the word none, however written
    """

    name: str
    values: np.ndarray
    levels: list | None = None
    taken_as_missing: dict = field(default_factory=dict)

    def at(self, rows):
        """The covariate over other samples: their rows here, negative where they have none."""
        values = np.where(rows < 0, np.nan, self.values[rows])
        return Covariate(self.name, values, self.levels, self.taken_as_missing)

    def labelled(self, rows):
        """Values of some samples as a formula sees them: numbers, or names of categories."""
        values = self.values[rows]
        return values if self.levels is None else [self.levels[int(v)] for v in values]

    def design(self, rows):
        """(columns (rows, c), their names): a number, or one column per level but the first."""
        values = self.values[rows]
        if self.levels is None:
            return values[:, None], [self.name]
        present = np.unique(values).astype(int)
        columns = (values[:, None] == present[1:]).astype(np.float64)
        return columns, [f"{self.name}={self.levels[i]}" for i in present[1:]]


def covariates(table, names):
    """Return a ``Covariate`` of each named column: categorical where no value is a number.

    Raises GemcontError for a column that mixes numbers and text, or holds infinity.
    """
    return [_covariate(table, name) for name in names]


def _covariate(table, name):
    values, column = parse_numbers(table.columns[name])
    if values.null_count() < len(values) or column.null_count() == len(column):
        (values,), _ = text_to_numbers(table, [name])
        return Covariate(name, values.fill_null(np.nan).to_numpy())
    levels = sorted(column.drop_nulls().unique())
    code = {level: float(i) for i, level in enumerate(levels)}
    values = np.array([code.get(v, np.nan) for v in column])
    words = table.columns[name].str.strip_chars()
    words = words.filter(words.str.to_lowercase() == _AMBIGUOUS)
    taken = dict(words.value_counts().rows())
    return Covariate(name, values, [level.strip() for level in levels], taken)
