"""Outputs that grow block by block and can be cut back to an earlier one."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.results.parts import TextParts, TraitParts, strongest_rows
from gemcont.tables.schema import NEG_LOG_10_P, TRAIT, VARIANT_ID, single_columns

COLUMNS = (VARIANT_ID, NEG_LOG_10_P)
BLOCKS = [
    pl.DataFrame({"variant_id": [f"v{i}", f"w{i}"], "neg_log_10_p_value": [i + 1 / 3, np.nan]})
    for i in range(3)
]
TEXT = "variant_id\tneg_log_10_p_value\n" + "".join(
    f"v{i}\t{i + 1 / 3:.7g}\nw{i}\tNA\n" for i in range(3)
)


def text_parts(folder, layout="tsv"):
    return TextParts(str(folder), "joint", layout, COLUMNS)


def append_all(parts, blocks=BLOCKS):
    """Append blocks; returns the states after each."""
    states = []
    for block in blocks:
        parts.append(parts.encode(block))
        states.append(parts.state())
    return states


def text_of(path):
    data = Path(path).read_bytes()
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()


@pytest.mark.parametrize("layout", ["tsv", "tsv.gz"])
def test_text_grows_by_blocks_under_one_header(tmp_path, layout):
    parts = text_parts(tmp_path, layout)
    append_all(parts)
    parts.finish(str(tmp_path / "x"))
    assert text_of(tmp_path / "x") == TEXT


@pytest.mark.parametrize("layout", ["tsv", "tsv.gz"])
@pytest.mark.parametrize("kept", [0, 1, 2])
def test_text_is_cut_back_to_what_was_written_down(tmp_path, layout, kept):
    states = append_all(text_parts(tmp_path, layout))
    again = text_parts(tmp_path, layout)
    again.restore(states[:kept])
    assert append_all(again, BLOCKS[kept:])[-1] == states[-1]
    again.finish(str(tmp_path / "x"))
    assert text_of(tmp_path / "x") == TEXT


def test_text_that_was_changed_is_named(tmp_path):
    states = append_all(text_parts(tmp_path))
    path = tmp_path / "joint.tsv"
    path.write_text(path.read_text().replace("v1", "u1"))
    with pytest.raises(GemcontError, match="joint.tsv: missing or damaged, not as the journal"):
        text_parts(tmp_path).restore(states)


def test_text_of_another_run_is_appended_without_its_header(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, other = text_parts(tmp_path / "a"), text_parts(tmp_path / "b")
    append_all(first, BLOCKS[:1])
    append_all(other, BLOCKS[1:])
    first.absorb(other)
    first.finish(str(tmp_path / "x"))
    assert text_of(tmp_path / "x") == TEXT


TRAITS = ["height", "weight", "age"]


def single_rows(rng, n, codes):
    """Rows of single traits as a block gives them: sorted by the trait's code."""
    filled = {c.name: pl.Series(rng.integers(0, 9, n)).cast(c.dtype) for c in single_columns()}
    filled[TRAIT.name] = pl.Series(np.sort(codes), dtype=pl.Int32)
    filled[NEG_LOG_10_P.name] = pl.Series(rng.uniform(0, 9, n))
    return pl.DataFrame(filled)


@pytest.fixture
def blocks():
    rng = np.random.default_rng(0)
    return [single_rows(rng, n, rng.integers(0, 2, n)) for n in (7, 0, 12, 5)]


def sorted_by_trait(blocks, strongest=None):
    """The rows by trait, as a loop over traits and blocks gives them."""
    parts = []
    for code, name in enumerate(TRAITS):
        rows = pl.concat(block.filter(pl.col(TRAIT.name) == code) for block in blocks)
        if strongest is not None:
            order = np.argsort(-rows[NEG_LOG_10_P.name].to_numpy(), kind="stable")[:strongest]
            rows = rows[np.sort(order)]
        parts.append(rows.with_columns(pl.lit(name).alias(TRAIT.name)))
    return pl.concat(parts)


@pytest.mark.parametrize("few", [0, 2_000_000])
@pytest.mark.parametrize("strongest", [None, 3])
def test_rows_of_single_traits_are_put_in_order_of_traits(
    tmp_path, monkeypatch, blocks, few, strongest
):
    monkeypatch.setattr("gemcont.tables.results.parts._FEW", few)
    parts = TraitParts(str(tmp_path), "single", TRAITS, strongest=strongest)
    append_all(parts, blocks)
    parts.finish(str(tmp_path / "x.parquet"))
    expected = sorted_by_trait(blocks, strongest)
    assert pl.read_parquet(tmp_path / "x.parquet").equals(expected)
    assert parts.n_rows == expected.height


@pytest.mark.parametrize("few", [0, 2_000_000])
def test_a_file_for_each_trait(tmp_path, monkeypatch, blocks, few):
    monkeypatch.setattr("gemcont.tables.results.parts._FEW", few)
    targets = {name: (str(tmp_path / f"{name}.tsv"), None) for name in TRAITS}
    parts = TraitParts(str(tmp_path), "single", TRAITS, layout="tsv", targets=targets)
    append_all(parts, blocks)
    parts.finish(str(tmp_path / "unused"))
    expected = sorted_by_trait(blocks)
    for name in TRAITS:
        table = pl.read_csv(tmp_path / f"{name}.tsv", separator="\t")
        rows = expected.filter(pl.col(TRAIT.name) == name)
        assert table.columns == [c for c in rows.columns if c != TRAIT.name]
        found = table[NEG_LOG_10_P.name].cast(pl.Float64)
        np.testing.assert_allclose(found, rows[NEG_LOG_10_P.name], rtol=1e-6)
    assert parts.n_rows == 24


def test_the_strongest_keep_their_order_and_earlier_ones_win_ties():
    rows = pl.DataFrame(
        {
            "trait": ["a", "b", "a", "a", "b", "a"],
            "neg_log_10_p_value": [1.0, 5.0, 3.0, 3.0, None, 3.0],
            "at": range(6),
        }
    )
    assert strongest_rows(rows, 2)["at"].to_list() == [1, 2, 3, 4]
    assert strongest_rows(rows, 1)["at"].to_list() == [1, 2]
