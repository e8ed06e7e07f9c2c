"""Positions from one build to another: a chain with everything in it, by a walk base by base."""

import gzip

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.genotype.liftover import Chain

# chr1 (1,000 bases): 0-100 -> 50 on; 10 lost; 110-300 -> next; a gap of 20 in the target;
# 300-400 -> inverted chain below; 400-500 moves to chr2.
CHAIN = """\
# a comment
chain 1000 chr1 1000 + 0 300 chr1 2000 + 50 360 1
100 10 30
190

chain 900 chr1 1000 + 300 400 chr1 2000 - 1000 1100 2
100

chain 800 chr1 1000 + 400 500 chr2 900 + 0 100 3
100

chain 10 chr1 1000 + 0 1000 chr9 5000 + 0 1000 4
500 100 0
100 0 0
300
"""


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "a.over.chain"
    path.write_text(CHAIN)
    return Chain(path)


def slow(position):
    """(chromosome, position, reverse) of a position counted from 1; the low-scored chain last."""
    at = position - 1
    if at < 100:
        return "1", 50 + at + 1, False
    if 110 <= at < 300:
        return "1", 180 + (at - 110) + 1, False
    if 300 <= at < 400:
        return "1", 2000 - 1 - (1000 + at - 300) + 1, True
    if 400 <= at < 500:
        return "2", at - 400 + 1, False
    if at < 500:
        return "9", at + 1, False
    if 600 <= at < 1000:
        return "9", at - 100 + 1, False
    return None, 0, False


@pytest.mark.parametrize("name", ["chr1", "1"])
def test_every_position(chain, name):
    positions = np.arange(1, 1200)
    names, lifted, reverse = chain.lift(name, positions)
    expected = [slow(p) for p in positions]
    assert list(zip(names, lifted.tolist(), reverse.tolist(), strict=True)) == expected


def test_there_and_back(chain, tmp_path):
    back = """\
chain 1000 chr1 2000 + 50 360 chr1 1000 + 0 300 1
100 30 10
190

chain 900 chr1 2000 + 900 1000 chr1 1000 - 600 700 2
100
"""
    path = tmp_path / "b.chain.gz"
    path.write_bytes(gzip.compress(back.encode()))
    positions = np.concatenate([np.arange(1, 101), np.arange(111, 401)])
    names, lifted, _ = chain.lift("1", positions)
    assert set(names) == {"1"}
    _, returned, _ = Chain(path).lift("1", lifted)
    np.testing.assert_array_equal(returned, positions)


def test_a_chromosome_without_a_chain(chain):
    names, lifted, reverse = chain.lift("7", np.array([5]))
    assert (names[0], lifted[0], reverse[0]) == (None, 0, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "holds no chain"),
        ("chain 1 chr1\n", "line 1 is not of a UCSC chain file"),
        ("100 5 5\n", "line 1 is not of a UCSC chain file"),
        (CHAIN.replace("190", "x"), "line 4 is not of a UCSC chain file"),
    ],
)
def test_files_that_are_none(tmp_path, text, message):
    (tmp_path / "c").write_text(text)
    with pytest.raises(GemcontError, match=message):
        Chain(tmp_path / "c")
