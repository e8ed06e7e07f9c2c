"""Every row of many traits, kept as arrays until they are made into rows."""

import numpy as np
import polars as pl
import pytest

from gemcont.tables.results.every import VALUES, EveryParts, EveryRow, with_values
from gemcont.tables.schema import DOF, IN_BLOCK, TRAIT, single_columns

TRAITS = ["height", "weight", "age"]
SCHEMA = {column.name: column.dtype for column in single_columns()}
COMPUTED = {TRAIT.name, DOF.name, *(column.name for column in VALUES)}


def variants_of(rng, rows):
    """The columns of a block's variants, which stand at these rows of it."""
    n = len(rows)
    columns = {
        name: pl.Series(rng.integers(0, 9, n)).cast(kind)
        for name, kind in SCHEMA.items()
        if name not in COMPUTED
    }
    return pl.DataFrame(columns | {IN_BLOCK: rows})


@pytest.fixture
def blocks():
    """Three blocks: one group of all traits; two groups of one's variants; two of few traits."""
    rng = np.random.default_rng(0)

    def group(place, codes, dof):
        values = rng.standard_normal((4, len(codes), place.height))
        values[:, 0, 0] = np.nan
        return EveryRow(place=place, codes=np.array(codes), values=values, dof=dof)

    whole = variants_of(rng, [0, 1, 2])
    even, odd = variants_of(rng, [0, 2]), variants_of(rng, [1, 3])
    last = variants_of(rng, [0, 1])
    return [
        [group(whole, [0, 1, 2], 50)],
        [group(even, [0, 1, 2], 50), group(odd, [2, 0], 40)],
        [group(last, [1], 50), group(last, [0], 30)],
    ]


def rows_of(blocks, code):
    """A trait's rows by a loop over blocks, groups and their variants."""
    rows = []
    for groups in blocks:
        block = []
        for group in groups:
            for d in np.flatnonzero(group.codes == code):
                table = group.of_trait(int(d)).with_columns(pl.lit(TRAITS[code]).alias(TRAIT.name))
                block.extend(table.cast(SCHEMA).select(*SCHEMA, IN_BLOCK).rows())
        rows.extend(row[:-1] for row in sorted(block, key=lambda row: row[-1]))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def grown(folder, blocks, **options):
    parts = EveryParts(str(folder), "every", TRAITS, **options)
    for groups in blocks:
        parts.append(parts.encode(groups))
    return parts


@pytest.mark.parametrize("at_a_time", [1, 4, 500_000])
def test_rows_are_those_of_a_loop(tmp_path, monkeypatch, blocks, at_a_time):
    monkeypatch.setattr("gemcont.tables.results.every._ROWS", at_a_time)
    grown(tmp_path, blocks).finish(str(tmp_path / "x.parquet"))
    expected = pl.concat(rows_of(blocks, code) for code in range(3))
    assert pl.read_parquet(tmp_path / "x.parquet").equals(expected)


def test_a_file_for_each_trait(tmp_path, blocks):
    targets = {name: (str(tmp_path / f"{name}.parquet"), None) for name in TRAITS}
    parts = grown(tmp_path, blocks, targets=targets)
    parts.finish(str(tmp_path / "unused"))
    for code, name in enumerate(TRAITS):
        table = pl.read_parquet(tmp_path / f"{name}.parquet")
        assert table.equals(rows_of(blocks, code).drop(TRAIT.name))


def test_a_run_goes_on_after_a_block(tmp_path, blocks):
    parts, states = EveryParts(str(tmp_path), "every", TRAITS), []
    for groups in (*blocks[:2], blocks[0]):  # a block too many, of a run that was killed
        parts.append(parts.encode(groups))
        states.append(parts.state())
    again = EveryParts(str(tmp_path), "every", TRAITS)
    again.restore(states[:2])
    again.append(again.encode(blocks[2]))
    again.finish(str(tmp_path / "x.parquet"))
    expected = pl.concat(rows_of(blocks, code) for code in range(3))
    assert pl.read_parquet(tmp_path / "x.parquet").equals(expected)


def test_a_row_has_what_the_trait_adds(blocks):
    (group,) = blocks[0]
    assert group.height == 9
    table = with_values(group.place, group.values[:, 1], 50)
    for column, values in zip(VALUES, group.values[:, 1], strict=True):
        np.testing.assert_array_equal(table[column.name].to_numpy(), values)
    assert table[DOF.name].to_list() == [50, 50, 50]
    assert group.of_trait(0)[VALUES[0].name].null_count() == 1  # NaN is no value
