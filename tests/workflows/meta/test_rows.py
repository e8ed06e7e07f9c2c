"""Rows that enter and those that do not, by reason."""

import gzip

import numpy as np
import polars as pl
import pytest
from reference.large_cohorts import A, B, genes, stacked
from reference.small_cohorts import NAMES, OPEN, frame, needs_shared, small_cohort

from gemcont import (
    GemcontError,
    run_meta,
)
from gemcont.cli import meta
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.workflows.meta.files import write_rows
from gemcont.workflows.meta.run import MetaSettings, prepare


@needs_shared
def test_rows_that_metal_drops_have_their_reason(tmp_path):
    run = prepare(OPEN, NAMES, MetaSettings(match="id", palindromic="keep"))
    counts = {cohort.name: cohort.counts for cohort in run.cohorts}
    assert counts["finngen"]["standard error not above 0"] == 15
    assert counts["finngen"]["the variant stands twice, its first row is used"] == 10
    assert counts["finngen"]["alleles are not those of the reference"] == 3
    assert counts["third"]["effect or standard error missing"] == 10
    for cohort in run.cohorts:
        dropped = sum(len(frame) for frame in cohort.dropped)
        assert cohort.counts["entered"] + dropped == cohort.counts["rows"]
    write_rows(run, str(tmp_path / "o"), "tsv")
    table = pl.read_csv(gzip.open(tmp_path / "o.dropped.tsv.gz"), separator="\t")
    assert table.columns == ["cohort", "row", "variant_id", "reason"]
    assert table.height == 38
    first = table.row(0, named=True)
    line = OPEN[NAMES.index(first["cohort"])].read_text().split("\n")[first["row"]]
    assert line.split("\t")[2] == first["variant_id"]


def test_standard_errors_from_p():
    z = np.array([3.0, 0.5, 45.0])
    p = neg_log10_normal_sf(z)
    beta = np.array([0.3, -0.05, 0.45])
    one = small_cohort(beta, se=[np.nan, 0.2, np.nan], MLOGP=p)
    found = run_meta([one], se_from_p=True)
    np.testing.assert_allclose(found.standard_error, [0.1, 0.2, 0.01], rtol=1e-9)
    assert len(run_meta([one])) == 1
    bare = run_meta([one.drop(columns="SE")], se_from_p=True)
    np.testing.assert_allclose(bare.standard_error, np.abs(beta) / z, rtol=1e-9)


def test_drops_by_reason():
    bad = small_cohort(
        [0.1, np.nan, 0.1, 0.1, 0.1, 0.1],
        effect=["A", "A", "A", "A", None, "A"],
        se=[0.1, 0.1, 0.0, 0.1, 0.1, 0.1],
        pos=(1, 2, 3, 1, 5, 6),
        chrom=["1", "1", "1", "1", "1", None],
    )
    run = prepare([bad], ["x"], MetaSettings())
    assert run.cohorts[0].counts == {
        "rows": 6,
        "effect or standard error missing": 1,
        "standard error not above 0": 1,
        "alleles missing, 0 or the same": 1,
        "chromosome or position missing": 1,
        "the variant stands twice, its first row is used": 1,
        "entered": 1,
    }
    assert run.dropped()["row"].to_list() == [2, 3, 4, 5, 6]


def test_no_place_is_no_match():
    first, second = (
        frame(CHR=[0, 1], POS=[0, 0], SNP=["a", "b"], EA="A", OA="G", BETA=0.1, SE=0.1)
        for _ in range(2)
    )
    with pytest.raises(GemcontError, match="no row of any cohort"):
        run_meta([first, second])


def test_strand_columns():
    first = small_cohort([0.1], effect="A", other="T", eaf=0.2)
    for minus in ("-", "-1", "reverse"):
        second = small_cohort([0.1], effect="T", other="A", eaf=0.2, STRAND=[minus])
        found = run_meta([first, second], palindromic="keep")
        np.testing.assert_allclose(found.beta, 0.1)
    with pytest.raises(GemcontError, match="STRAND is '2', neither . nor -"):
        run_meta([first, small_cohort([0.1], STRAND=["2"])])


def test_positions_and_sizes_of_other_kinds():
    with pytest.raises(GemcontError, match="POS is 100.5, not a whole number"):
        run_meta([small_cohort([0.1], pos=(100.5,))])
    cases = small_cohort([0.1], N_CASES=[30], N_CONTROLS=[70])
    assert run_meta([cases]).n.tolist() == [100]
    far = small_cohort([0.1, 0.2], pos=(268_435_956, 500), chrom=["1", "2"])
    found = run_meta([far, far.assign(CHR=["1", "2"])], ["a", "b"])
    assert found.base_pair_location.tolist() == [268_435_956, 500]
    floats = small_cohort([0.1, 0.2]).assign(CHR=[1.0, np.nan])
    assert run_meta([floats]).chromosome.tolist() == ["1"]


def test_25_is_mt_where_the_mitochondrion_is():
    """As the GWAS Catalog numbers it, and so --format ssf; in cattle it is an autosome."""
    rows = A.head(10).assign(CHR="25")
    assert set(run_meta([rows, B.head(10).assign(CHR="MT")]).n_studies) == {2}
    assert set(run_meta([rows], autosomes=29).chromosome) == {"25"}


def test_a_gene_is_read_by_its_name():
    frame = genes(3)
    found = run_meta([frame], columns={"trait": "gene_id"}, trait="G0")
    np.testing.assert_allclose(found.beta, B.BETA)
    with pytest.raises(GemcontError, match=r"holds several traits \(G0, G1, G2"):
        run_meta([frame], columns={"trait": "gene_id"})


# Rows that are of no result


def test_what_is_not_additive_is_listed(tmp_path, capsys):
    for table, name in ((A.assign(TEST="ADD"), "a"), (stacked(), "b")):
        table.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    files = [str(tmp_path / f"{name}.tsv") for name in "ab"]
    assert meta.main(["--sumstats", *files, "--no-plot", "--out", str(tmp_path / "o")]) == 0
    dropped = pl.read_csv(gzip.open(tmp_path / "o.dropped.tsv.gz"), separator="\t")
    assert dropped["reason"].to_list() == ["TEST is not ADD"] * 60
    assert dropped["row"].to_list() == list(range(61, 121))
    stacked().tail(60).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    capsys.readouterr()
    assert meta.main(["--sumstats", *files, "--no-plot", "--out", str(tmp_path / "o")]) == 2
    assert "no row can be used of b, 60 TEST is not ADD" in capsys.readouterr().err


def test_a_p_of_0_tells_no_error_and_says_so(caplog):
    p = np.where(np.arange(60) < 5, 0.0, 0.01)
    bare = B.drop(columns="SE").assign(P=p)
    run = prepare([A, bare], ["a", "b"], MetaSettings(se_from_p=True))
    assert run.cohorts[1].counts["p is 0, which tells no standard error"] == 5
    assert "b: P is 0 in 5 rows, its strongest, which tells no standard error" in caplog.text
    width = 1.96 * B.SE
    intervals = bare.assign(CI_LOWER=B.BETA - width, CI_UPPER=B.BETA + width)
    found = run_meta([A, intervals], se_from_p=True)
    assert (found.n_studies == 2).all()
    floored = bare.assign(P=np.where(p == 0, 2.2250738585072014e-308, p))
    found = run_meta([intervals.assign(P=floored.P)], se_from_p=True)
    np.testing.assert_allclose(found.standard_error[:5], B.SE[:5], rtol=1e-3)


def test_a_p_at_its_floor_gives_way_to_effect_over_error():
    strong = B.assign(BETA=100 * B.SE, P=2.2250738585072014e-308)
    np.testing.assert_allclose(run_meta([strong], scheme="samplesize").z, 100)
    zero = B.assign(BETA=100 * B.SE, P=0.0)
    np.testing.assert_allclose(run_meta([zero], scheme="samplesize").z, 100)


def test_lists_in_a_column_are_no_values():
    frame = pl.DataFrame({name: A[name].to_numpy() for name in A})
    with pytest.raises(GemcontError, match="column 'N' holds lists, not single values"):
        run_meta([frame.with_columns(pl.concat_list("N").alias("N"))])
