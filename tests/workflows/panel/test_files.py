"""Files of panels and scores hold what the functions in memory return."""

import gzip

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import GemcontError, polygenic_score, run_gwas, run_panel
from gemcont.workflows.panel import PANEL, SCORE, refuse_inputs, write_panel, write_score

N = 200


@pytest.fixture
def study(tmp_path):
    """PREFIX of genotypes, and the scan of a trait that two variants have effects on."""
    rng = np.random.default_rng(5)
    dosages = random_dosages(rng, 30, N, low=0.2, high=0.8)
    prefix = str(tmp_path / "g")
    write_fileset(prefix, dosages, named_samples(N), named_variants(30, ("1", "2")))
    y = rng.standard_normal(N) + dosages[3] - dosages[20]
    traits = pd.DataFrame({"y": y}, index=pd.Index([f"s{i}" for i in range(N)], name="IID"))
    return prefix, run_gwas(prefix, traits)


def read(path):
    return pd.read_csv(path, sep="\t", dtype={"chromosome": str}, na_values=["NA"])


def test_a_panel_and_its_score(study, tmp_path):
    prefix, results = study
    out = str(tmp_path / "out")
    panel = run_panel(results, prefix, p=1e-3)
    assert {"rs3", "rs20"} <= set(panel["variant_id"])
    write_panel(results, prefix, out, p=1e-3)
    written = read(f"{out}.panel.tsv")
    assert written["variant_id"].tolist() == panel["variant_id"].tolist()
    np.testing.assert_allclose(written["beta_shrunk"], panel["beta_shrunk"], rtol=1e-6)
    write_score(prefix, f"{out}.panel.tsv", out)
    score = read(f"{out}.score.tsv")
    expected = polygenic_score(prefix, panel)
    assert score["IID"].tolist() == expected["IID"].tolist()
    np.testing.assert_allclose(score["SCORE"], expected["SCORE"], rtol=1e-5, atol=1e-6)


def test_rows_that_are_no_variant_of_the_genotypes_are_listed(study, tmp_path):
    prefix, results = study
    results.loc[0, "base_pair_location"] = 1_000_000
    write_panel(results, prefix, str(tmp_path / "out"), ["scan"], p=1e-3)
    with gzip.open(tmp_path / "out.dropped.tsv.gz", "rt") as file:
        dropped = pd.read_csv(file, sep="\t")
    assert dropped[["cohort", "row", "reason"]].values.tolist() == [
        ["scan", 1, "not in the reference"]
    ]


@pytest.mark.parametrize(("names", "written"), [(PANEL, "panel.tsv"), (SCORE, "score.tsv")])
def test_an_input_is_never_written_over(names, written, tmp_path):
    path = tmp_path / f"out.{written}"
    path.touch()
    refuse_inputs(str(tmp_path / "other"), names, [str(path)])
    with pytest.raises(GemcontError, match=written):
        refuse_inputs(str(tmp_path / "out"), names, [str(path)])
