"""Rows of reports matched to variants: the strongest, ties, what is counted and warned of."""

import numpy as np
import polars as pl
import pytest
from reference.clump_reports import FLOORS, awkward, small
from reference.large_cohorts import A, genes

from gemcont import ArraySource, GemcontError, run_clump, run_panel


def test_several_reports_give_the_best_p(tmp_path):
    prefix, report, *_ = awkward(tmp_path)
    second = tmp_path / "second"
    second.write_text("SNP P\nrs5 1e-30\nrs7 0.9\n")
    loci = run_clump(prefix, [report, str(second)], p1=0.01, r2=0.1)
    table = loci.plink_table()
    assert table.columns[3] == "F"
    assert table.row(0)[2:5] == ("rs5", 2, "1e-30")
    assert all("(1)" in m or "(2)" in m for m in table["SP2"][0].split(","))


def test_other_positions_are_warned_of(tmp_path, caplog):
    run_clump(*small(tmp_path, [("a", 1, 999, "A", "G", 1e-9)]))
    assert "another genome build?" in caplog.text


def test_nothing_matched_shows_both_sides(tmp_path):
    with pytest.raises(GemcontError, match=r"no variant of .* \(x, y against a, b, c\), nor by"):
        run_clump(*small(tmp_path, [("x", 1, 1, "A", "C", 1), ("y", 1, 1, "A", "C", 1)]))
    rows = [("a", 1, 10, "A", "G", 1e-9)]
    with pytest.raises(GemcontError, match="is left by --chr"):
        run_clump(*small(tmp_path, rows), chromosomes="2")


def test_p_that_underflows_or_is_0(tmp_path, caplog):
    rows = [("a", 1, 10, "A", "G", "1e-400"), ("c", 2, 5, "A", "C", "3.5e-900")]
    table = run_clump(*small(tmp_path, rows)).plink_table()
    assert table["P"].to_list() == ["3.5e-900", "1e-400"]
    rows = [("a", 1, 10, "A", "G", 0, 5, 0.1), ("c", 2, 5, "A", "C", 0, "NA", "NA")]
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    loci = run_clump(*small(tmp_path, rows, header))
    np.testing.assert_allclose(loci.loci["neg_log_10_p_value"], [544.6653, 323.306], rtol=1e-5)
    assert "p is 0 in some rows" in caplog.text


def test_places_and_alleles_that_differ_are_counted(tmp_path, caplog):
    rows = [("a", 2, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "G", 1e-8)]
    loci = run_clump(*small(tmp_path, rows))
    assert loci.matched.counts["at another place"] == 1
    assert loci.matched.counts["with other alleles"] == 1
    assert "another genome build?" in caplog.text
    assert "effects do" in caplog.text


def test_several_traits_in_a_report(tmp_path, caplog):
    header = "SNP\ttrait\tP\tchromosome\tbase_pair_location\teffect_allele\tother_allele"
    header = header.replace("SNP", "variant_id").replace("P\t", "p_value\t", 1)
    place = (1, 10, "A", "G")
    rows = [("a", "x", 1e-6, *place), ("a", "y", 1e-9, *place)]
    genotypes = small(tmp_path, rows, header)
    assert run_clump(*genotypes).plink_table()["P"].to_list() == ["1e-09"]
    assert "2 traits in the reports" in caplog.text
    assert run_clump(*genotypes, trait="x").plink_table()["P"].to_list() == ["1e-06"]


@pytest.mark.parametrize("floor", FLOORS)
def test_ties_at_the_floor_of_p_go_by_effect_over_error(tmp_path, floor):
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("a", 1, 10, "A", "G", floor, 5, 0.1), ("b", 1, 20, "C", "T", floor, -9, 0.1)]
    rows += [("c", 2, 5, "A", "C", "1e-9", 0.61, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["variant_id"].tolist() == ["b", "c"]
    np.testing.assert_allclose(loci["neg_log_10_p_value"][1], 9)


def test_a_tie_of_linked_variants_stays_a_tie(tmp_path):
    """Equal p of equal effects are no floor: the first of the genotypes leads, as in PLINK."""
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("b", 1, 20, "C", "T", "1e-120", 2.5, 0.1), ("a", 1, 10, "A", "G", "1e-120", 2.5, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["variant_id"].tolist() == ["a"]
    assert loci["neg_log_10_p_value"].tolist() == [120]


def test_ties_at_a_floor_without_effects_are_warned_of(tmp_path, caplog):
    rows = [("a", "1e-300"), ("b", "1e-300"), ("c", "1e-9")]
    run_clump(*small(tmp_path, rows, "SNP\tP"))
    assert "2 rows tie at the smallest p, 1e-300" in caplog.text


def test_columns_of_one_report(tmp_path):
    prefix, first = small(tmp_path, [("a", 0.5, 1e-9)], "SNP\tQ\tP2")
    second = tmp_path / "second"
    second.write_text("SNP P2 P\nc 1e-9 0.5\n")
    columns = {"r:p_value": "P2"}
    assert run_clump(prefix, [first, str(second)], columns=columns).loci["variant_id"].tolist() == [
        "a"
    ]
    with pytest.raises(GemcontError, match="--columns: q is none of the files"):
        run_clump(prefix, [first], columns={"q:p_value": "P2"})


def test_genes_in_a_panel_and_in_clumping(caplog):
    rng = np.random.default_rng(3)
    names = {"CHR": "chromosome", "SNP": "variant_id", "POS": "base_pair_location"}
    names |= {"EA": "effect_allele", "OA": "other_allele"}
    variants = pl.DataFrame({new: A[old].to_numpy() for old, new in names.items()})
    source = ArraySource(rng.integers(0, 3, (60, 50)).astype(float), variants=variants)
    frame = genes(2).assign(P=rng.uniform(0, 1, 120))
    with pytest.raises(GemcontError, match="rows repeat a variant"):
        run_panel(frame, source, p=0.5)
    run_clump(source, frame, p1=0.5)
    assert "60 of 120 rows repeat a variant" in caplog.text
