"""Matrices of linkage, signed for the report's effect alleles."""

import numpy as np
import polars as pl
import pytest
from reference.clump_reports import small

from gemcont import GemcontError, run_clump
from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.source import Block
from gemcont.workflows.clump.files import allele_signs, correlation, write_loci


def test_matrix_is_signed_for_the_reports_alleles(tmp_path):
    header = "SNP\tA1\tA2\tBETA\tSE\tP"
    rows = [("a", "A", "G", 0.5, 0.1, 1e-9), ("b", "A", "G", -0.4, 0.1, 1e-5)]
    loci = run_clump(*small(tmp_path, rows, header))  # b is C/T here: A/G on the other strand
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    r = np.loadtxt(tmp_path / "o.locus1.ld")
    np.testing.assert_allclose(r, [[1, -1], [-1, 1]], atol=1e-6)
    table = pl.read_csv(tmp_path / "o.locus1.z.tsv", separator="\t", null_values="NA")
    np.testing.assert_allclose(table["z"], [5, -4])
    assert table["effect_allele"].to_list() == ["A", "A"]


def test_signs_of_alleles():
    ours = pl.DataFrame({"effect_allele": ["A"] * 8, "other_allele": ["G"] * 6 + ["T", "G"]})
    rows = pl.DataFrame(
        {
            "effect_allele": ["A", "G", "T", "C", "A", None, "T", "G"],
            "other_allele": ["G", "A", "C", "T", "C", None, "A", None],
        }
    )
    sign, flipped, palindromic = allele_signs(ours, rows)
    assert sign.tolist() == [1, -1, 1, -1, 0, 0, -1, -1]
    assert flipped.tolist() == [False, False, True, True, False, False, False, False]
    assert palindromic.tolist() == [False] * 6 + [True, False]


def test_the_other_strand_matches_by_place_and_leaves_palindromes_unsigned(tmp_path, caplog):
    variants = [("1", "a", 10, "A", "G"), ("1", "b", 20, "A", "T"), ("2", "c", 5, "A", "C")]
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("x", 1, 10, "T", "C", 1e-9, 1, 0.1), ("y", 1, 20, "A", "T", 1e-6, 1, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header, variants))
    assert loci.loci["n_variants"].tolist() == [2]
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    table = pl.read_csv(tmp_path / "o.locus1.z.tsv", separator="\t")
    assert table["variant_id"].to_list() == ["a"]
    assert "1 variants left out of the matrices" in caplog.text


def test_matrices_need_alleles(tmp_path):
    loci = run_clump(*small(tmp_path, [("a", 1e-9)], "SNP\tP"))
    with pytest.raises(GemcontError, match="--ld-matrix: the summary statistics have no alleles"):
        write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    loci = run_clump(*small(tmp_path, [("a", "C", "T", 1e-9), ("c", "A", "G", 1e-8)],
                            "SNP\tA1\tA2\tP"))  # fmt: skip
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    assert [p.name for p in tmp_path.glob("*.ld")] == ["o.locus1.ld"]


def test_correlation_has_no_negative_eigenvalue():
    rng = np.random.default_rng(3)
    dosage = rng.integers(0, 3, (30, 12)).astype(float)
    dosage[rng.random(dosage.shape) < 0.3] = np.nan
    dosage[4] = 1.0
    for block in (
        Block(
            first=0,
            count=30,
            n_samples=12,
            packed=pack_hardcalls(np.where(np.isnan(dosage), -1, dosage).astype(np.int8)),
        ),
        Block(first=0, count=30, n_samples=12, dosage=dosage.astype(np.float32)),
    ):
        r = correlation(block)
        assert np.linalg.eigvalsh(r).min() > -1e-12
        np.testing.assert_array_equal(np.diag(r), 1)
    full = rng.integers(0, 3, (5, 3000))
    block = Block(first=0, count=5, n_samples=3000, packed=pack_hardcalls(full.astype(np.int8)))
    np.testing.assert_allclose(correlation(block), np.corrcoef(full), atol=1e-12)
