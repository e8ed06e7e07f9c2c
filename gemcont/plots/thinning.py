"""Keep the points of a crowded scatter plot that can be told apart."""

import numpy as np

_CHUNK = 1 << 19  # points per pass: temporaries of 4 MB, which stay in the cache


def thin(x: np.ndarray, y: np.ndarray, cells: tuple[int, int] = (2400, 6000)) -> np.ndarray:
    """Pick the highest point of each occupied cell of a grid over the range of the data.

    With cells no wider than a pixel of the final picture and a good deal lower than one, the
    picture of the points kept is that of all points. The highest point is always kept. Memory
    beside the input: 8 bytes per cell and a few chunks of half a million points.

    Args:
        x: (points,) horizontal coordinates; points where x is not finite are dropped.
        y: (points,) vertical coordinates; points where y is NaN are dropped. An infinite y lies in
            the outermost row of cells.
        cells: number of columns and rows of the grid.

    Returns:
        (kept,) int64 indices into x and y, ascending. Of several points of a cell that are equally
        high, the first is kept.

    Raises:
        ValueError: x and y are not one-dimensional arrays of the same length.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y must be (points,), not {x.shape} and {y.shape}")
    columns, rows = _Scale(x, cells[0]), _Scale(y, cells[1])
    highest = np.full(cells[0] * cells[1], -np.inf)
    for _, cell, height in _chunks(x, y, columns, rows):
        np.maximum.at(highest, cell, height)
    kept = [np.empty(0, dtype=np.int64)]
    for index, cell, height in _chunks(x, y, columns, rows):
        candidates = np.flatnonzero(height == highest[cell])
        taken, first = np.unique(cell[candidates], return_index=True)
        highest[taken] = np.nan  # equal to nothing: no later point of this cell is kept
        kept.append(np.sort(index[candidates[first]]))
    return np.concatenate(kept)


class _Scale:
    """Division of the finite range of `values` into `n` cells of equal size, numbered from 0."""

    def __init__(self, values, n):
        low, high = np.inf, -np.inf
        for start in range(0, len(values), _CHUNK):
            finite = np.asarray(values[start : start + _CHUNK], dtype=np.float64)
            finite = finite[np.isfinite(finite)]
            low = min(low, finite.min(initial=np.inf))
            high = max(high, finite.max(initial=-np.inf))
        self.low, self.high = (float(low), float(high)) if low <= high else (0.0, 0.0)
        self.per_unit = n / (self.high - self.low) if low < high else 0.0
        self.n = n

    def __call__(self, values):
        cell = np.clip(values, self.low, self.high)  # infinities go to the outermost cells
        cell = (cell - self.low) * self.per_unit
        return np.minimum(cell, self.n - 1, out=cell).astype(np.int64)


def _chunks(x, y, columns, rows):
    """Yield index, cell and height of the drawable points, a chunk at a time."""
    for start in range(0, len(x), _CHUNK):
        some_x, some_y = x[start : start + _CHUNK], y[start : start + _CHUNK]
        index = np.flatnonzero(np.isfinite(some_x) & ~np.isnan(some_y))
        some_x, some_y = some_x[index], some_y[index]
        cell = columns(some_x)
        cell *= rows.n
        cell += rows(some_y)
        yield index + start, cell, some_y
