"""The summary beside the results."""

import json

import numpy as np
import polars as pl
import pytest
from conftest import write_table
from reference.packed import write_fileset

from gemcont.cli.gwas import main as gwas
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.summary import top_hits, write_report, write_summary


def test_the_summary_of_what_was_refitted(tmp_path, related):
    people = list(zip(*(related.samples[c].to_list() for c in ("fid", "iid")), strict=True))
    people = [(f, i, 1) for f, i in people]
    rows = [(str(c), f"rs{i}", 10 + i, "A", "G") for i, c in enumerate(related.names)]
    write_fileset(str(tmp_path / "g"), related.dosages, people, rows)
    ids = [(f, i) for f, i, _ in people]
    write_table(tmp_path / "y.tsv", list("abc"), related.traits.to_numpy(), ids)
    flags = ["--bfile", str(tmp_path / "g"), "--pheno", str(tmp_path / "y.tsv"), "--no-plot"]
    flags += ["--kinship", "grm", "--out", str(tmp_path / "r")]
    assert gwas(flags) == 0
    found = json.loads((tmp_path / "r.summary.json").read_text())
    assert (
        found["lrt_true_over_nominal_rate"]["ratio"]
        < found["refitted_true_over_nominal_rate"]["ratio"]
    )
    log = (tmp_path / "r.log").read_text()
    assert "covariances re-estimated, p < 0.0001" in log
    assert gwas([*flags, "--test", "f"]) == 0
    found = json.loads((tmp_path / "r.summary.json").read_text())
    assert not [key for key in found if key.endswith("nominal_rate")]


def summary_of(run, folder, **arguments):
    write_summary(run, str(folder / "s.json"), arguments)
    return json.loads((folder / "s.json").read_text())


def test_the_summary_says_what_was_tested_in_whom(study, scan):
    run = scan(each_trait=True, maf=0.1, test="f")
    found = summary_of(run, study.folder, out="r")
    assert found["arguments"] == {"out": "r"}
    assert (found["test"], found["contrast"]) == ("f", "any")
    assert (found["n_samples"], found["n_traits"], found["n_covariates"]) == (101, 2, 2)
    assert (found["traits"], found["covariates"]) == (["height", "weight"], ["age"])
    assert found["n_variants"] == run.n_rows
    assert found["n_variants"] + found["variants_left_out"]["--maf"] == 60
    assert found["rows_written"] == {"joint": run.n_rows, "single": 2 * run.n_rows}
    assert found["lambda_gc"] == run.lambda_gc
    assert found["lambda_gc_of_traits"]["largest"] == np.nanmax(run.trait_lambdas)
    (group,) = found["groups"]
    assert group == {
        "chromosomes": "autosomes",
        "traits": ["height", "weight"],
        "n_samples": 101,
        "n_covariates": 2,
    }


def test_what_was_not_asked_for_is_not_said(study, scan):
    joint = summary_of(scan(), study.folder)
    single = summary_of(scan(each_trait=True, joint=False), study.folder)
    assert "lambda_gc_of_traits" not in joint
    assert "kinship" not in joint
    assert not {"lambda_gc", "top_hits"} & single.keys()
    assert (single["test"], single["contrast"]) == (None, None)


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_top_hits_are_the_rows_of_smallest_p(study, scan, most):
    run = scan()
    table = pl.read_csv(f"{study.out}.gwas.tsv", separator="\t", null_values="NA").drop_nulls(
        "neg_log_10_p_value"
    )
    expected = table.sort("neg_log_10_p_value", descending=True, maintain_order=True)[:most]
    found = top_hits(run, most)
    assert [hit["variant_id"] for hit in found] == expected["variant_id"].to_list()
    p = [hit["neg_log_10_p_value"] for hit in found]
    np.testing.assert_allclose(p, expected["neg_log_10_p_value"], rtol=1e-5)


def test_lambdas_and_histograms_of_traits_are_tables(study, scan):
    run = scan(each_trait=True)
    outputs = Outputs(study.out)
    write_report(run, outputs, arguments={}, plot=False)
    summary = pl.read_csv(f"{study.out}.traits.summary.tsv", separator="\t")
    assert summary["trait"].to_list() == ["height", "weight"]
    assert summary["dof"].to_list() == [98, 98]
    np.testing.assert_allclose(summary["lambda_gc"], run.trait_lambdas, rtol=1e-5)
    counts = pl.read_parquet(f"{study.out}.traits.histogram.parquet")
    np.testing.assert_array_equal(counts.to_numpy().T, run.histogram)
    assert summary["n_variants"].to_list() == list(counts.sum().row(0))


def test_pictures_are_drawn_if_asked(study, scan):
    run, outputs = scan(each_trait=True), Outputs(study.out)
    write_report(run, outputs, arguments={}, plot=True)
    pictures = {path.name for path in study.folder.glob("*.png")}
    assert pictures == {"result.manhattan.png", "result.qq.png", "result.traits.qq.png"}
    write_report(run, outputs, arguments={}, plot=False)
    assert not list(study.folder.glob("*.png"))  # of an earlier run
