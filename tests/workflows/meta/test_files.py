"""Files of a meta-analysis: tables of every layout, rows left out, pictures."""

import gzip

import pandas as pd
import polars as pl
import pytest
from reference.small_cohorts import small_cohort

from gemcont import GemcontError, run_meta, write_meta
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.meta import refuse_inputs
from gemcont.workflows.meta.files import outputs

COHORTS = [small_cohort([0.1, 0.2, 0.3]), small_cohort([0.2, 0.1, 0.2], pos=(100, 200, 400))]


@pytest.mark.parametrize("layout", ["tsv", "tsv.gz", "parquet"])
def test_the_table_is_the_one_in_memory(layout, tmp_path):
    prefix = str(tmp_path / "m")
    write_meta(COHORTS, prefix, ["a", "b"], layout=layout, plot=False)
    path = outputs(prefix, layout)["meta"]
    if layout == "parquet":
        table = to_pandas(pl.read_parquet(path))
    else:
        table = pd.read_csv(path, sep="\t", dtype={"chromosome": str}, na_values=["NA"])
    expected = run_meta(COHORTS, ["a", "b"])
    assert list(table.columns) == list(expected.columns)
    assert table["beta"].tolist() == pytest.approx(expected["beta"].tolist(), rel=1e-6)
    assert table["direction"].tolist() == expected["direction"].tolist()


def test_rows_left_out_have_their_cohort_and_reason(tmp_path):
    broken = COHORTS[1].assign(SE=[0.1, 0.0, 0.1])
    prefix = str(tmp_path / "m")
    write_meta([COHORTS[0], broken], prefix, ["a", "b"], plot=False)
    with gzip.open(f"{prefix}.dropped.tsv.gz", "rt") as file:
        dropped = pd.read_csv(file, sep="\t")
    assert dropped[["cohort", "row", "reason"]].values.tolist() == [
        ["b", 2, "standard error not above 0"]
    ]


@pytest.mark.parametrize("n_cohorts", [1, 2])
def test_frequencies_are_drawn_of_several_cohorts(n_cohorts, tmp_path):
    write_meta(COHORTS[:n_cohorts], str(tmp_path / "m"), list("ab")[:n_cohorts])
    drawn = {p.name for p in tmp_path.glob("*.png")}
    expected = {"m.manhattan.png", "m.qq.png"}
    assert drawn == (expected | {"m.frequency.png"} if n_cohorts == 2 else expected)


def test_an_input_is_never_written_over(tmp_path):
    prefix = str(tmp_path / "m")
    refuse_inputs(prefix, "tsv", [str(tmp_path / "other.tsv")])
    for name in ("meta.tsv", "dropped.tsv.gz", "qq.png"):
        (tmp_path / f"m.{name}").touch()
        with pytest.raises(GemcontError, match=name):
            refuse_inputs(prefix, "tsv", [f"{prefix}.{name}"])
