"""A cohort's rows in the alleles and on the strand of the first."""

import numpy as np
import pytest
from reference.large_cohorts import (
    A,
    genes,
)
from reference.small_cohorts import frame, small_cohort

from gemcont import GemcontError, run_meta


@pytest.mark.parametrize(
    ("effect", "other", "sign"), [("A", "G", 1), ("G", "A", -1), ("T", "C", 1), ("c", "t", -1)]
)
def test_the_effect_allele_is_the_first_cohorts(effect, other, sign):
    eaf = 0.3 if sign > 0 else 0.7
    second = small_cohort([sign * 0.2, sign * 0.1], effect=effect, other=other, eaf=eaf)
    found = run_meta([small_cohort([0.2, 0.3]), second])
    np.testing.assert_allclose(found.beta, [0.2, 0.2])
    np.testing.assert_allclose(found.effect_allele_frequency, 0.3, rtol=1e-6)
    assert found.effect_allele.tolist() == ["A", "A"]
    assert found.direction.tolist() == ["++", "++"]


def test_indels_on_either_strand():
    first = frame(CHR=[1], POS=[5], EA=["AC"], OA=["A"], BETA=[0.3], SE=[0.1])
    second = frame(CHR=[1], POS=[5], EA=["T"], OA=["GT"], BETA=[-0.3], SE=[0.1])
    found = run_meta([first, second])
    assert found.n_studies.tolist() == [2]
    np.testing.assert_allclose(found.beta, 0.3)


def test_palindromes_drop_and_infer():
    first = small_cohort([0.1, 0.1], effect="A", other="T", eaf=[0.2, 0.45])
    second = small_cohort([0.3, 0.3], effect="A", other="T", eaf=[0.8, 0.45])
    inferred = run_meta([first, second]).set_index("base_pair_location")
    np.testing.assert_allclose(inferred.beta, [-0.1, 0.1])
    assert inferred.n_studies.tolist() == [2, 1]
    kept = run_meta([first, second], palindromic="keep")
    np.testing.assert_allclose(kept.beta, [0.2, 0.2])
    with pytest.raises(GemcontError, match="no row of any cohort can be used"):
        run_meta([first, second], palindromic="drop")


@pytest.mark.parametrize(("n_genes", "share"), [(2, 1.0), (5, 1.0), (2, 0.6)])
def test_several_genes_in_one_file_are_refused(n_genes, share, tmp_path):
    frame = genes(n_genes, share)
    message = r"rows repeat a variant .* --columns trait=gene_id --trait NAME"
    frame.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    for what in (frame, str(tmp_path / "b.tsv")):
        with pytest.raises(GemcontError, match=message):
            run_meta([A, what])


def test_some_repeated_rows_are_warned_of(caplog):
    run_meta([A, genes(2, 0.2)])
    assert "12 of 72 rows repeat a variant that stands before them; the first row" in caplog.text
