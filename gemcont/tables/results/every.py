"""Every row of many traits: kept as arrays per trait while a scan runs, made into rows at the end.

The variants are the same in the rows of all traits, so their columns are kept once per block; what
a trait adds are four numbers per variant. Only the finished file repeats the variants.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.tables.files import remove, unfinished
from gemcont.tables.results.frames import FileParts
from gemcont.tables.results.parts import sink_frames
from gemcont.tables.results.ssf import Metadata
from gemcont.tables.results.writers import open_writer
from gemcont.tables.schema import (
    BETA,
    DOF,
    IN_BLOCK,
    NEG_LOG_10_P,
    STANDARD_ERROR,
    T_STATISTIC,
    TRAIT,
    single_columns,
)

VALUES = (BETA, STANDARD_ERROR, NEG_LOG_10_P, T_STATISTIC)  # in the order of the arrays
_ROWS = 500_000  # of a trait that are made at a time
_SCHEMA = {column.name: column.dtype for column in single_columns()}


@dataclass(frozen=True, kw_only=True)
class EveryRow:
    """All rows of some traits in a block.

    Attributes:
        place: frame of the variants, columns as in the file and ``IN_BLOCK``.
        codes: int (D,) of the traits.
        values: float64 (4, D, variants), ``VALUES``.
        dof: degrees of freedom of t.
    """

    place: pl.DataFrame
    codes: np.ndarray
    values: np.ndarray
    dof: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.values.shape[1] * self.values.shape[2]

    def of_trait(self, position: int) -> pl.DataFrame:
        """Return the rows of the trait at a position in ``codes``, without its name."""
        return with_values(self.place, self.values[:, position], self.dof)


def with_values(variants: pl.DataFrame, values: np.ndarray, dof: int) -> pl.DataFrame:
    """Return the frame of the variants with the columns of one trait; values: (4, variants)."""
    columns = {c.name: pl.Series(v, nan_to_null=True) for c, v in zip(VALUES, values, strict=True)}
    return variants.with_columns(**columns, **{DOF.name: pl.lit(dof, dtype=pl.Int32)})


class EveryParts(FileParts):
    """A growing output of lists of ``EveryRow``s, a folder for each."""

    def __init__(
        self,
        folder: str,
        name: str,
        traits: Sequence[str],
        *,
        layout: str = "parquet",
        targets: Mapping[str, tuple[str, Metadata | None]] | None = None,
    ) -> None:
        """Begin in a folder of unfinished work; arguments as of ``TraitParts``."""
        super().__init__(folder, name)
        self._traits, self._layout, self._targets = traits, layout, targets
        self._chunk: tuple = (None, None)  # the groups read last, and their variants and order

    def encode(self, groups: list[EveryRow]) -> list[EveryRow]:
        """Return the groups again: nothing is to be prepared."""
        return groups

    def _write(self, groups, folder):
        remove(folder)
        os.makedirs(folder)
        facts, first_alike = [], 0
        for i, group in enumerate(groups):
            if i == 0 or group.place is not groups[i - 1].place:
                first_alike = i
                group.place.write_ipc(os.path.join(folder, f"place-{i}.arrow"))
            np.save(os.path.join(folder, f"values-{i}.npy"), group.values)
            height, codes = group.place.height, group.codes.tolist()
            facts.append({"place": first_alike, "codes": codes, "dof": group.dof, "height": height})
        with open(os.path.join(folder, "groups.json"), "w", encoding="utf-8") as file:
            json.dump(facts, file)

    def finish(self, path: str) -> None:
        """Write one parquet, row groups by trait; or the targets, one file after the other."""
        blocks = [_read_groups(folder) for folder in self.files]
        if self._targets is None:
            frames = (
                rows.with_columns(pl.lit(trait).alias(TRAIT.name))
                for code, trait in enumerate(self._traits)
                for rows in self._rows(blocks, code)
            )
            with unfinished(path) as temporary:
                sink_frames((frame.cast(_SCHEMA).select(*_SCHEMA) for frame in frames), temporary)
            return
        kept = {name: kind for name, kind in _SCHEMA.items() if name != TRAIT.name}
        for code, trait in enumerate(self._traits):
            target, metadata = self._targets[trait]
            with open_writer(target, self._layout, metadata) as append:
                for rows in self._rows(blocks, code):
                    append(rows.cast(kept).select(*kept))

    def _rows(self, blocks, code):
        """Yield frames of a trait's rows, of up to half a million where blocks allow it."""
        members, n_rows = [], 0
        for number, groups in enumerate(blocks):
            here = [group for group in groups if code in group.positions]
            height = sum(group.height for group in here)
            if members and n_rows + height > _ROWS:
                yield self._chunk_rows(members, code)
                members, n_rows = [], 0
            if here:
                members.append((number, here))
                n_rows += height
        if members:
            yield self._chunk_rows(members, code)

    def _chunk_rows(self, members, code):
        """Return rows of a trait in some blocks; variants are read anew only where they differ."""
        key = [group.place for _, groups in members for group in groups]
        if key != self._chunk[0]:
            self._chunk = (key, _variants(members))
        variants, order = self._chunk[1]
        values = np.concatenate(
            [group.values(code) for _, groups in members for group in groups], axis=1
        )
        dof = np.concatenate([np.full(g.height, g.dof) for _, groups in members for g in groups])
        if order is not None:
            values, dof = values[:, order], dof[order]
        return with_values(variants, values, int(dof[0])).with_columns(
            **({} if (dof == dof[0]).all() else {DOF.name: pl.Series(dof, dtype=pl.Int32)})
        )


def _variants(members):
    """Read the variants of some blocks' rows, and their order where a block has several groups."""
    frames = [
        pl.read_ipc(group.place).with_columns(block=pl.lit(number))
        for number, groups in members
        for group in groups
    ]
    variants, order = pl.concat(frames), None
    if any(len(groups) > 1 for _, groups in members):
        order = np.lexsort((variants[IN_BLOCK].to_numpy(), variants["block"].to_numpy()))
        variants = variants[order]
    return variants.drop(IN_BLOCK, "block"), order


class _Group:
    """An ``EveryRow`` on disk."""

    def __init__(self, folder, i, facts):
        self.place = os.path.join(folder, f"place-{facts['place']}.arrow")
        self.height, self.dof = facts["height"], facts["dof"]
        self.positions = {code: d for d, code in enumerate(facts["codes"])}
        self._values = os.path.join(folder, f"values-{i}.npy")

    def values(self, code: int) -> np.ndarray:
        """Return float64 (4, variants) of a trait."""
        return np.load(self._values, mmap_mode="r")[:, self.positions[code]]


def _read_groups(folder):
    with open(os.path.join(folder, "groups.json"), encoding="utf-8") as file:
        return [_Group(folder, i, facts) for i, facts in enumerate(json.load(file))]
