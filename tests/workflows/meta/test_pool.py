"""Pooled rows: their order, directions and chunks."""

import numpy as np
import pandas as pd
from reference.small_cohorts import frame, small_cohort

from gemcont import run_meta
from gemcont.workflows.meta.pool import directions


def test_rows_come_in_genome_order():
    one = frame(CHR=["X", "10", "2", "chr1", "MT"], POS=[1, 1, 1, 1, 1], EA="A", OA="G",
                BETA=0.1, SE=0.1)  # fmt: skip
    assert run_meta([one]).chromosome.tolist() == ["1", "2", "10", "X", "MT"]


def test_directions():
    z = np.array([[1.0, -1.0, 0.0, np.nan]])
    assert directions(z).to_list() == ["+-0?"]


def test_more_rows_than_a_chunk(monkeypatch):
    first, second = (small_cohort([0.1 * i, 0.2, 0.3]) for i in (1, 3))
    expected = run_meta([first, second])
    monkeypatch.setattr("gemcont.workflows.meta.pool._CHUNK", 1)
    pd.testing.assert_frame_equal(run_meta([first, second]), expected)
