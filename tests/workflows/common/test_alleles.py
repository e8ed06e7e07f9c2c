"""Codes of alleles, their complements and keys."""

import numpy as np
import pandas as pd
import polars as pl
from reference.clump_reports import small
from reference.large_cohorts import (
    A,
    B,
)

from gemcont import run_clump, run_meta
from gemcont.workflows.clump.files import allele_signs
from gemcont.workflows.common.alleles import AlleleCodes


def test_alleles_as_numbers(tmp_path):
    variants = [("1", "a", 10, "1", "2"), ("1", "b", 20, "2", "1"), ("2", "c", 5, "1", "2")]
    rows = [("x", 1, 10, 1, 2, 1e-9), ("y", 1, 20, 1, 2, 1e-6)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["n_variants"].tolist() == [2]
    assert loci.loci["effect_allele"].tolist() == ["1"]
    sign, _, _ = allele_signs(loci.variants, loci.matched.rows)
    assert sign.tolist() == [1, -1]


def test_codes_and_keys_of_alleles():
    codes = AlleleCodes()
    names = pl.Series(["A", "T", "AC", "GT", "<DEL>", None])
    found = codes.encode(names)
    assert codes.decode(found).to_list() == names.to_list()
    complement = codes.complement
    assert codes.decode(complement[found[:5]]).to_list() == ["T", "A", "GT", "AC", "<DEL>"]
    place = np.array([3, 3, 3, 3]), np.array([77, 77, 77, 78])
    effect, other = found[[2, 0, 3, 2]], found[[0, 2, 1, 0]]
    keys = codes.keys(*place, effect, other)
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_alleles_that_are_one_letter():
    """A file of which a column of nothing but T was read as logical."""
    frames = [frame[frame.OA == "T"].reset_index(drop=True) for frame in (A, B)]
    expected = run_meta(frames)
    for written in ("TRUE", "True", True, "t"):
        found = run_meta([frames[0], frames[1].assign(OA=written)])
        pd.testing.assert_frame_equal(found, expected)
