"""Find rows by 64-bit keys that are sorted once, and split cells that hold several ids."""

import numpy as np
import polars as pl

_BETWEEN_IDS = r"[,;|\s]+"  # "rs1,rs2", as FinnGen writes a variant of several


def split_ids(ids: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """Split cells that may hold several ids into single ids.

    Returns:
        row: int64 (ids,), the cell of every id.
        ids: text column of the single ids, null for an empty cell.
    """
    several = ids.str.contains(_BETWEEN_IDS).fill_null(False)
    row = np.arange(len(ids))
    if not several.any():
        return row, ids
    table = pl.DataFrame({"row": row, "id": ids.str.replace_all(_BETWEEN_IDS, ",").str.split(",")})
    table = table.explode("id").filter((pl.col("id") != "") | pl.col("id").is_null())
    return table["row"].to_numpy(), table["id"]


class Lookup:
    """Values by key. Where keys are hashes, compare what was hashed with what is returned.

    keys: uint64 (rows,), sorted
    values: int64 (rows,), 0 or more, in the order of the keys
    """

    def __init__(self, keys: np.ndarray, values: np.ndarray) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.values = keys[order], values[order]
        alike = self.keys[1:] == self.keys[:-1]
        self._alone = np.ones(len(keys), dtype=bool)
        self._alone[1:] &= ~alike
        self._alone[:-1] &= ~alike

    def _at(self, keys):
        """Return the place of each key among the sorted ones, and whether it is there."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return at, self.keys[at] == keys

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Return the value of each key, int64 (keys,), -1 where it has none or several."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        at, here = self._at(keys)
        return np.where(here & self._alone[at], self.values[at], -1).astype(np.int64)

    def is_repeated(self, keys: np.ndarray) -> np.ndarray:
        """Return whether each key has several values: bool (keys,)."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=bool)
        at, here = self._at(keys)
        return here & ~self._alone[at]
