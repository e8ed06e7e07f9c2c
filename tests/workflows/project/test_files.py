"""Summary, pictures and names of files of tests from stores."""

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import gemcont
from gemcont import GemcontError
from gemcont.workflows.project.files import ProductOutputs, refuse_own_stores, report
from gemcont.workflows.project.tests import StoreTests

NULL = SimpleNamespace(n_samples=500, n_covariates=2, n_traits=2)
P = np.array([0.2, 0.4, np.nan, 3.0])


@pytest.fixture
def tested():
    positions = pl.DataFrame({"chromosome": ["1"] * 4, "base_pair_location": [1, 2, 3, 4]})
    return StoreTests(positions, P)


def written(outputs, tested, *, plot=False):
    how = {"autosomes": 22, "plot": plot, "arguments": {"weights": "w.tsv"}}
    report(tested, NULL, ["x", "y"], outputs, **how)
    with open(f"{outputs.prefix}.summary.json") as file:
        return json.load(file)


@pytest.mark.parametrize(("test", "has_rate"), [("lrt", True), ("f", False), ("wald", False)])
def test_the_summary_says_what_was_tested(test, has_rate, tested, tmp_path):
    summary = written(ProductOutputs(str(tmp_path / "p"), test=test), tested)
    assert summary["gemcont"] == gemcont.__version__
    assert summary["arguments"] == {"weights": "w.tsv"}
    assert (summary["n_samples"], summary["n_covariates"], summary["n_variants"]) == (500, 2, 4)
    assert summary["lambda_gc"] == tested.lambda_gc(2)
    assert ("lrt_true_over_nominal_rate" in summary) == has_rate


def test_without_a_joint_test_the_summary_is_short(tmp_path):
    outputs = ProductOutputs(str(tmp_path / "p"), joint=False, each=True)
    assert set(written(outputs, None)) == {"gemcont", "arguments", "traits"}


def test_files_of_an_earlier_run_go(tested, tmp_path):
    outputs = ProductOutputs(str(tmp_path / "p"), layout="parquet")
    for name in ("gwas.tsv", "gwas.parquet", "traits.parquet", "qq.png", "other.txt"):
        (tmp_path / f"p.{name}").touch()
    written(outputs, tested)
    assert {p.name for p in tmp_path.iterdir()} == {
        "p.gwas.parquet",
        "p.summary.json",
        "p.other.txt",
    }
    written(outputs, tested, plot=True)
    assert {p.name for p in tmp_path.glob("*.png")} == {"p.manhattan.png", "p.qq.png"}


@pytest.mark.parametrize(
    ("name", "layout", "path"),
    [
        ("gwas", "tsv", "gwas.tsv"),
        ("meta", "parquet", "meta.parquet"),
        ("gwas", "tsv.gz", "gwas.tsv.gz"),
    ],
)
def test_the_path_of_the_joint_test(name, layout, path):
    assert ProductOutputs("p", name=name, layout=layout).path == f"p.{path}"


@pytest.mark.parametrize("store", ["s", "s.products", "s.products/"])
def test_results_do_not_mix_with_the_scan_that_is_read(store, tmp_path):
    refuse_own_stores(ProductOutputs(str(tmp_path / "p")), [tmp_path / store])
    with pytest.raises(GemcontError, match="is the scan that is read; choose another"):
        refuse_own_stores(ProductOutputs(str(tmp_path / "s")), [f"{tmp_path}/{store}"])
