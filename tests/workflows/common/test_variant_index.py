"""Variants found by id, by position and alleles, by one of several ids."""

import numpy as np
import pandas as pd
import pytest
from reference.clump_reports import small

from gemcont import GemcontError, run_clump
from gemcont.workflows.clump import overlap


def test_matching_by_place_and_alleles(tmp_path):
    rows = [
        ("x", "chr1", 10, "g", "a", 1e-9),
        ("y", 1, 20, "C", "T", 1e-5),
        ("z", 2, 5, "A", "C", 1e-6),
        ("w", 2, 5, "A", "G", 1e-20),
    ]
    loci = run_clump(*small(tmp_path, rows))
    assert loci.loci["variant_id"].tolist() == ["a", "c"]
    assert loci.loci["n_variants"].tolist() == [2, 1]
    missing = loci.missing_table()
    assert missing.rows() == [("w", "2", 5, 20.0, "not in the genotypes", str(tmp_path / "r"))]


def test_a_repeated_id_is_told_apart_or_refused(tmp_path):
    variants = [("1", "a", 10, "A", "G"), ("1", "a", 20, "C", "T"), ("1", ".", 30, "A", "C")]
    rows = [("a", 1, 20, "C", "T", 1e-9), (".", 1, 30, "A", "C", 1e-6)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["base_pair_location"].tolist() == [20, 30]
    rows = [("a", 1, 20, "C", "NA", 1e-9)]
    with pytest.raises(GemcontError, match="variant id a stands for several variants"):
        run_clump(*small(tmp_path, rows, variants=variants))
    rows = [(".", 1, 30, "A", "C", 1e-9)]
    assert len(run_clump(*small(tmp_path, rows, variants=variants)).loci) == 1


def test_the_rows_own_alleles_come_first(tmp_path, caplog):
    """Two rows under one id: the stronger is of another alternate allele."""
    rows = [
        ("a", 1, 10, "A", "C", 1e-50),
        ("a", 1, 10, "A", "G", 1e-6),
        ("c", 2, 5, "A", "C", 1e-8),
    ]
    loci = run_clump(*small(tmp_path, rows)).loci
    assert loci["variant_id"].tolist() == ["c", "a"]
    np.testing.assert_allclose(loci["neg_log_10_p_value"], [8, 6])
    assert "effects do" not in caplog.text
    variants = [("1", "a", 10, "A", "G"), ("1", "a", 10, "A", "C"), ("2", "c", 5, "A", "C")]
    loci = run_clump(*small(tmp_path, rows, variants=variants)).loci
    np.testing.assert_allclose(loci["neg_log_10_p_value"], [50, 8])
    assert loci["other_allele"].tolist() == ["C", "C"]
    variants = [("1", "a", 10, "A", "G"), ("1", "1:10:A:C", 10, "A", "C"), ("2", "c", 5, "A", "C")]
    found = run_clump(*small(tmp_path, rows, variants=variants))
    assert dict(found.matched.rows.select("variant", "neg_log_10_p_value").rows()) == {
        0: 6, 1: 50, 2: 8,
    }  # fmt: skip


@pytest.mark.parametrize("between", [",", ";", "|"])
def test_cells_of_several_ids(tmp_path, between):
    rows = [(f"x{between}a", 1e-9), (f"b{between}y", 1e-8), ("c", 1e-7)]
    loci = run_clump(*small(tmp_path, rows, "SNP\tP")).loci
    assert loci["variant_id"].tolist() == ["a", "c"]
    assert loci["n_variants"].tolist() == [2, 1]
    results = pd.DataFrame({"SNP": [f"x{between}a", "c"], "P": [1e-9, 0.5]})
    assert overlap(loci, results).n_recovered == 1


def test_places_written_otherwise(tmp_path):
    rows = [("x", "1.0", 10, "g", "a", 1e-9), ("z", "chr02", 5, "A", "C", 1e-6)]
    assert run_clump(*small(tmp_path, rows)).loci["variant_id"].tolist() == ["a", "c"]
    variants = [("25", "a", 10, "A", "G"), ("23", "b", 20, "C", "T"), ("2", "c", 5, "A", "T")]
    rows = [("x", "X", 10, "A", "G", 1e-9), ("y", "XY", 20, "C", "TRUE", 1e-8)]
    found = run_clump(*small(tmp_path, rows, variants=variants))
    assert found.matched.rows["variant"].to_list() == [0, 1]
