"""Counts of parts of a scan: their sum is that of the whole, and they survive the journal."""

import dataclasses
import io
import json

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.workflows.gwas.scan.tally import Tally, strongest_of, sum_of_counts

TRAITS, BINS, K = 3, 5, 4


def drawn(rng):
    """A tally whose every field holds something: a new field has to be drawn here too."""
    return Tally(
        n_read=int(rng.integers(1, 9)),
        n_rows=int(rng.integers(1, 9)),
        filtered={"--maf": int(rng.integers(9)), "--geno": int(rng.integers(9))},
        untestable={"without variance": int(rng.integers(9))},
        rare=int(rng.integers(1, 9)),
        refitted=int(rng.integers(1, 9)),
        written={str(kind): int(rng.integers(9)) for kind in rng.choice(["joint", "single"], 1)},
        histogram=rng.integers(0, 9, (TRAITS, BINS)).astype(np.uint32),
        strongest=np.sort(rng.random((TRAITS, K)), axis=1),
    )


def same(one, other):
    for field in dataclasses.fields(Tally):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b, field.name


@pytest.fixture
def tallies():
    rng = np.random.default_rng(1)
    return [drawn(rng) for _ in range(9)]


def test_every_field_is_drawn(tallies):
    nothing = Tally()
    for field in dataclasses.fields(Tally):
        value = getattr(tallies[0], field.name)
        assert np.any(value != getattr(nothing, field.name)), field.name


@pytest.mark.parametrize("cut", range(10))
def test_any_split_of_the_blocks_has_the_sum_of_all(tallies, cut):
    whole = sum(tallies, Tally())
    same(sum(tallies[:cut], Tally()) + sum(tallies[cut:], Tally()), whole)
    same(sum(reversed(tallies), Tally()), whole)


def test_sums_are_those_of_the_numbers(tallies):
    whole = sum(tallies, Tally())
    assert whole.n_read == sum(t.n_read for t in tallies)
    assert whole.filtered["--maf"] == sum(t.filtered["--maf"] for t in tallies)
    assert whole.written == {
        kind: sum(t.written.get(kind, 0) for t in tallies) for kind in ("joint", "single")
    }
    np.testing.assert_array_equal(whole.histogram, np.sum([t.histogram for t in tallies], axis=0))
    together = np.concatenate([t.strongest for t in tallies], axis=1)
    np.testing.assert_array_equal(whole.strongest, np.sort(together, axis=1)[:, -K:])


def test_what_is_not_counted_adds_nothing(tallies):
    same(tallies[0] + Tally(), tallies[0])
    same(Tally() + tallies[0], tallies[0])
    assert (Tally() + Tally()).histogram is None


def test_neither_summand_is_changed(tallies):
    before = dataclasses.replace(
        tallies[0], filtered=dict(tallies[0].filtered), histogram=tallies[0].histogram.copy()
    )
    _ = tallies[0] + tallies[1]
    same(tallies[0], before)


def test_counts_do_not_run_over():
    full = np.array([[2**32 - 1]], dtype=np.uint32)
    total = sum_of_counts(full, full)
    assert (total.dtype, total[0, 0]) == (np.int64, 2 * (2**32 - 1))


def test_the_strongest_of_two_keep_their_number():
    one, other = np.array([[0.0, 1.0, 5.0]]), np.array([[0.0, 0.0, 3.0]])
    np.testing.assert_array_equal(strongest_of(one, other), [[1.0, 3.0, 5.0]])


def test_every_field_comes_back_from_json_and_arrays(tallies):
    file = io.BytesIO()
    np.savez(file, **tallies[0].arrays)
    file.seek(0)
    record = json.loads(json.dumps(tallies[0].to_json()))
    back = Tally.from_json(record, dict(np.load(file)))
    same(back, tallies[0])
    fields = {field.name for field in dataclasses.fields(Tally)}
    assert set(record) | set(tallies[0].arrays) == fields
    assert not set(record) & set(tallies[0].arrays)
    assert Tally().arrays == {}


def test_counts_of_another_version_are_refused(tallies):
    record = tallies[0].to_json() | {"a count that is no more": 3}
    with pytest.raises(GemcontError, match="of another version of gemcont"):
        Tally.from_json(record, tallies[0].arrays)
