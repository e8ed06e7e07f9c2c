"""The flags that go beyond the spine: what they write, and their mistakes."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, write_table
from reference.joint import joint_test
from reference.packed import write_fileset

from gemcont.cli.gwas import main

OF_TRAITS = (".traits.histogram.parquet", ".traits.summary.tsv")


def run(study, *flags):
    base = ["--bfile", study.bfile, "--pheno", study.pheno, "--out", study.out, "--no-plot"]
    return main([*base, *flags])


def summary_of(study):
    return json.loads(Path(study.out + ".summary.json").read_text())


def written(study):
    return sorted(p.name.removeprefix("result") for p in study.folder.glob("result*"))


def test_each_trait_beside_the_joint_test(study):
    assert run(study, "--each-trait", "--effects") == 0
    assert written(study) == sorted(
        [".effects.parquet", ".gwas.tsv", ".log", ".summary.json", ".traits.parquet", *OF_TRAITS]
    )
    traits = pl.read_parquet(study.out + ".traits.parquet")
    assert traits["trait"].to_list() == ["height"] * 60 + ["weight"] * 60
    effects = pl.read_parquet(study.out + ".effects.parquet")
    height = traits.filter(pl.col("trait") == "height")
    np.testing.assert_allclose(effects["beta.height"], height["beta"], rtol=1e-12)
    np.testing.assert_allclose(
        effects["standard_error.height"], height["standard_error"], rtol=1e-12
    )
    assert summary_of(study)["rows_written"] == {"joint": 60, "effects": 60, "single": 120}


def test_each_trait_only_split_into_files(study):
    assert run(study, "--each-trait-only", "--split-traits", "--format", "tsv.gz") == 0
    files = [".height.gwas.tsv.gz", ".log", ".summary.json", ".weight.gwas.tsv.gz"]
    assert written(study) == sorted([*files, *OF_TRAITS])
    table = pl.read_csv(study.out + ".height.gwas.tsv.gz", separator="\t", null_values="NA")
    assert table.columns[4:6] == ["beta", "standard_error"]
    assert table.height == 60
    assert "lambda_gc" not in summary_of(study)


def test_own_samples_differ_by_trait(study):
    traits = study.traits.copy()
    traits[:30, 1] = np.nan
    write_table(study.folder / "study.pheno", ["height", "weight"], traits)
    assert run(study, "--each-trait", "--each-trait-samples", "own") == 0
    groups = summary_of(study)["groups"]
    assert [(g["traits"], g["n_samples"]) for g in groups] == [
        (["height", "weight"], 71),
        (["height"], 101),
        (["weight"], 71),
    ]
    table = pl.read_parquet(study.out + ".traits.parquet")
    assert table.filter(pl.col("trait") == "height")["dof"][0] == 99


def test_p_max_is_a_bound_on_rows_not_on_lambda(study):
    assert run(study) == 0
    whole, everything = (
        summary_of(study),
        pl.read_csv(study.out + ".gwas.tsv", separator="\t", null_values="NA"),
    )
    assert run(study, "--p-max", "0.1") == 0
    few = pl.read_csv(study.out + ".gwas.tsv", separator="\t", null_values="NA")
    expected = everything.filter(pl.col("neg_log_10_p_value") >= 1)
    assert few["variant_id"].to_list() == expected["variant_id"].to_list()
    assert summary_of(study)["lambda_gc"] == whole["lambda_gc"]
    assert "rows with -log10 p >= 1: joint" in Path(study.out + ".log").read_text()


def test_a_formula(study):
    rng = np.random.default_rng(5)
    rows = np.column_stack([study.covariates[:, 0], rng.integers(1, 3, 101)]).astype(object)
    rows[7, 0] = "NA"
    write_table(study.folder / "study.covar", ["age", "sex"], rows)
    formula = "sex*age + I(age**2)"
    assert run(study, "--covar", study.covar, "--covar-formula", formula) == 0
    kept = np.delete(np.arange(101), 7)
    age, sex = rows[kept].astype(float).T
    design = np.column_stack([sex, age, sex * age, age**2])
    expected = joint_test(study.dosages[:, kept], study.traits[kept], design)
    table = pl.read_csv(study.out + ".gwas.tsv", separator="\t", null_values="NA")
    np.testing.assert_allclose(table["chi2"], expected["statistic"], rtol=1e-5)
    assert summary_of(study)["n_covariates"] == 5


def test_mind_positions_and_hwe(study):
    dosages = study.dosages.copy()
    dosages[:40, 9] = np.nan
    dosages[50] = np.where(np.arange(101) % 2, 0, 2)
    write_fileset(study.bfile, dosages, named_samples(101), named_variants(60, ("1", "2", "7")))
    assert run(study, "--mind", "0.5", "--hwe", "1e-6", "midp") == 0
    summary = summary_of(study)
    assert summary["samples_left_out"]["--mind"] == 1
    assert summary["variants_left_out"] == {"--hwe": 1}
    assert run(study, "--chr", "2", "--from-bp", "125", "--to-bp", "130") == 0
    table = pl.read_csv(study.out + ".gwas.tsv", separator="\t")
    assert table["base_pair_location"].to_list() == list(range(125, 131))


def test_conditioning_by_flag_and_list(study):
    dosages = np.nan_to_num(study.dosages, nan=1.0)
    write_fileset(study.bfile, dosages, named_samples(101), named_variants(60))
    (study.folder / "list").write_text("rs3\n")
    flags = ["--condition", "rs8", "--condition-list", str(study.folder / "list")]
    assert run(study, *flags) == 0
    expected = joint_test(dosages, study.traits, dosages[[8, 3]].T)
    table = pl.read_csv(study.out + ".gwas.tsv", separator="\t", null_values="NA")
    np.testing.assert_allclose(
        table["chi2"].cast(pl.Float64).fill_null(np.nan), expected["statistic"], rtol=1e-5
    )
    assert summary_of(study)["covariates"] == ["rs8", "rs3"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--split-traits"], "--split-traits goes with --each-trait"),
        (["--each-trait-samples", "own"], "own goes with --each-trait"),
        (["--genome-build", "GRCh38"], "--genome-build goes with --format ssf"),
        (["--joint", "--each-trait-only"], "argument --each-trait-only: excludes --joint"),
        (["--sample", "x.sample"], "--sample goes with --bgen"),
        (["--neg-log10-p-min", "inf"], "'inf' is not a number"),
        (["--chr", "1", "--from-bp", "9", "--to-bp", "3"], "--from-bp 9 lies behind --to-bp 3"),
        (["--covar", ""], "--covar: the value is empty"),
        (["--info", "0.8"], "--info: .* holds hard calls only"),
        (["--hwe", "2"], "--hwe: '2' is not a number from 0 to 1"),
        (["--hwe", "0.1", "mid"], "--hwe: cannot read '0.1 mid'"),
        (["--p-max", "0"], "--p-max: must be above 0"),
        (["--from-bp", "5"], "need one chromosome: add --chr"),
        (["--condition", "nope"], "--condition: variant nope is not in the genotypes"),
        (["--covar-formula", "age"], "--covar-formula: there is no --covar file"),
        (["--effects", "--each-trait-only"], "--effects are those of the joint test"),
        (["--each-trait", "--each-trait-only"], "not allowed with argument"),
        (["--pfile", "x"], "not allowed with argument"),
        (["--format", "ssf", "--genome-build", "GRCh38"], "holds effects of one trait"),
    ],
)
def test_mistakes(study, capsys, flags, message):
    try:
        code = run(study, *flags)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    import re

    assert re.search(message, error)
    assert 1 <= len(error.strip().split("\n")) <= 3
    assert written(study) in ([], [".log"])


def test_pheno_is_needed_where_the_genotypes_bring_no_traits(study, capsys):
    assert main(["--bfile", study.bfile, "--out", study.out]) == 2
    assert "--pheno: a table of traits is needed" in capsys.readouterr().err


def test_traits_of_a_psam(tmp_path):
    from pgenlib import PgenWriter

    rng = np.random.default_rng(6)
    values = rng.integers(0, 3, size=(8, 40)).astype(np.int8)
    prefix = str(tmp_path / "p")
    with PgenWriter((prefix + ".pgen").encode(), 40, variant_ct=8, nonref_flags=False) as writer:
        for row in values:
            writer.append_biallelic(row)
    rows = [f"1\t{i}\trs{i}\tA\tC" for i in range(8)]
    Path(prefix + ".pvar").write_text("\n".join(["#CHROM\tPOS\tID\tREF\tALT", *rows]) + "\n")
    height = rng.standard_normal(40)
    rows = [f"s{i}\t1\t{height[i]:.6f}" for i in range(40)]
    Path(prefix + ".psam").write_text("\n".join(["#IID\tSEX\theight", *rows]) + "\n")
    assert main(["--pfile", prefix, "--out", prefix, "--no-plot", "--test", "f"]) == 0
    table = pl.read_csv(prefix + ".gwas.tsv", separator="\t")
    expected = joint_test(values.astype(float), np.round(height, 6)[:, None], test="f")
    np.testing.assert_allclose(table["f_statistic"], expected["statistic"], rtol=1e-5)
    assert table["effect_allele"][0] == "C"
