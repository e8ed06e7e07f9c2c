"""Finding rows by 64-bit keys, sorted once, and the several ids of a cell."""

import numpy as np
import polars as pl

_BETWEEN_IDS = r"[,;|\s]+"  # "rs1,rs2", as FinnGen writes a variant of several


def split_ids(ids):
    """Return (int64 row of every id, text column of the ids) of cells that may hold several."""
    several = ids.str.contains(_BETWEEN_IDS).fill_null(False)
    row = np.arange(len(ids))
    if not several.any():
        return row, ids
    table = pl.DataFrame({"row": row, "id": ids.str.replace_all(_BETWEEN_IDS, ",").str.split(",")})
    table = table.explode("id").filter((pl.col("id") != "") | pl.col("id").is_null())
    return table["row"].to_numpy(), table["id"]


class Lookup:
    """Values by key: whoever finds by a hash must still compare what was hashed.

    keys: uint64 (rows,); values: int64 (rows,), 0 or more.
    """

    def __init__(self, keys, values):
        order = np.argsort(keys, kind="stable")
        self.keys, self.values = keys[order], values[order]
        alike = self.keys[1:] == self.keys[:-1]
        self._alone = np.ones(len(keys), dtype=bool)
        self._alone[1:] &= ~alike
        self._alone[:-1] &= ~alike

    def _at(self, keys):
        """Where each key would stand, and whether it does."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return at, self.keys[at] == keys

    def find(self, keys):
        """The value of each key (int64), -1 where there is none or several."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.int64)
        at, here = self._at(keys)
        return np.where(here & self._alone[at], self.values[at], -1).astype(np.int64)

    def is_repeated(self, keys):
        """Which keys several values have: bool (keys,)."""
        if not len(self.keys):
            return np.zeros(len(keys), dtype=bool)
        at, here = self._at(keys)
        return here & ~self._alone[at]
