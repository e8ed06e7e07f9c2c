"""What a statistic cannot promise is said: tails, perfect fits, odd kinships, damaged parts."""

import json
import logging
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset
from reference.relatives import families

from gemcont import GemcontError, fit_null, read_dense, run_gwas
from gemcont.cli.gwas import main as gwas
from gemcont.cli.kinship import main as make_kinship
from gemcont.cli.project import main as project
from gemcont.stats.mixed import model as mixed
from gemcont.stats.special import neg_log10_f_sf
from gemcont.workflows.gwas.tails import RARE, tails_of


@pytest.fixture(scope="module")
def related():
    return families(missing=0.0)


@pytest.mark.parametrize(
    ("name", "draw", "fewest"),
    [
        ("normal", lambda rng, n: rng.standard_normal(n), None),
        ("uniform", lambda rng, n: rng.uniform(size=n), None),
        ("gamma(8)", lambda rng, n: rng.gamma(8, size=n), 312),  # skewness 0.71: (0.71 / 0.04)^2
        ("turned over", lambda rng, n: -rng.gamma(8, size=n), 312),
        ("t of 5", lambda rng, n: rng.standard_t(5, n), RARE),
    ],
)
def test_skewed_traits_are_suspected_as_heavy_tailed_ones_are(name, draw, fewest):
    traits = draw(np.random.default_rng(3), (20_000, 1))
    people = SimpleNamespace(samples=np.arange(20_000), traits=traits, trait_names=[name])
    found = tails_of([(people,)])
    assert found.names == ([] if fewest is None else [name])
    if fewest is not None:
        assert found.rare == pytest.approx(fewest, rel=0.25) or found.rare == fewest


@pytest.mark.parametrize("test", ["lrt", "f"])
def test_a_trait_made_of_a_genotype_is_said(related, test, caplog):
    traits = pd.DataFrame({"a": related.dosages[4] * 2 + 1}, index=related.traits.index)
    with caplog.at_level(logging.WARNING, "gemcont"):
        rows = run_gwas(related.source, traits, test=test)
    assert (
        "1 variants explain the traits entirely (rs4 ...; r2 is 1 but for rounding)" in caplog.text
    )
    assert np.isfinite(rows["neg_log_10_p_value"].dropna()).all()
    caplog.clear()
    noisy = traits + 1e-3 * np.random.default_rng(1).standard_normal((len(traits), 1))
    run_gwas(related.source, noisy, test=test)
    assert "entirely" not in caplog.text


def test_powers_of_a_year_are_kept_and_sums_are_not():
    rng = np.random.default_rng(2)
    yob = rng.integers(1937, 1970, 500).astype(float)
    powers = np.column_stack([yob, yob**2, yob**3])
    null = fit_null(rng.standard_normal((500, 1)), powers)
    assert list(null.kept_covariates) == [0, 1, 2]
    null = fit_null(rng.standard_normal((500, 1)), np.column_stack([yob, 2 * yob + 3]))
    assert list(null.kept_covariates) == [0]


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_the_units_of_a_kinship_change_nothing(related, scale, caplog):
    kinship = pd.DataFrame(related.kinship * scale, related.traits.index, related.traits.index)
    with caplog.at_level(logging.WARNING, "gemcont"):
        rows = run_gwas(related.source, related.traits, kinship=kinship, refit=0)
    assert "not converged" not in caplog.text
    plain = kinship / scale
    expected = run_gwas(related.source, related.traits, kinship=plain, refit=0)
    np.testing.assert_allclose(rows["chi2"], expected["chi2"], rtol=1e-4, atol=1e-5)


def test_a_kinship_of_missing_genotypes_is_clipped_with_a_warning(related, caplog):
    values, vectors = np.linalg.eigh(related.kinship)
    values[0] = -0.05 * values.mean()
    with caplog.at_level(logging.WARNING, "gemcont"):
        found = mixed.decompose((vectors * values) @ vectors.T, "g.grm")
    assert "g.grm: " in caplog.text
    assert "made of genotypes with missing values?" in caplog.text
    assert (found.values >= 0).all()
    values[0] = -0.3 * values.mean()
    with pytest.raises(GemcontError, match="not positive semi-definite"):
        mixed.decompose((vectors * values) @ vectors.T)


def test_a_refitted_ratio_under_f_is_the_f_of_its_r2(related):
    kinship = pd.DataFrame(related.kinship, related.traits.index, related.traits.index)
    ratio, found = (
        run_gwas(related.source, related.traits, kinship=kinship, refit=1, test=test)
        for test in ("lrt", "f")
    )
    n, d, dof2 = 120, 3, 120 - 1 - 3
    r2 = -np.expm1(-ratio["chi2"].to_numpy() / n)
    np.testing.assert_allclose(found["f_statistic"], r2 / (1 - r2) * dof2 / d, rtol=1e-6)
    expected = neg_log10_f_sf(found["f_statistic"].to_numpy(), d, dof2)
    np.testing.assert_allclose(found["neg_log_10_p_value"], expected, rtol=1e-6)


@pytest.mark.parametrize("contrast", ["any", "common", "any-vs-common", "b", "conditional:b"])
def test_no_statistic_is_stated_by_the_rate_of_another(related, contrast, tmp_path, caplog):
    from gemcont.stats.calibration import lrt_true_rate
    from gemcont.stats.contrasts import Conditional

    kind = {"b": 1, "conditional:b": Conditional(1)}.get(contrast, contrast)
    with caplog.at_level(logging.INFO, "gemcont"):
        run_gwas(related.source, related.traits, contrast=contrast)
    rate = lrt_true_rate(120, 1, 3, contrast=kind) / 5e-8
    assert f"true over nominal rate at 5e-8: {rate:.3g} (" in caplog.text


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store of products and one of t, of two blocks."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(6)
    dosages = random_dosages(rng, 40, 50, low=0.3, high=0.7)
    write_fileset(str(folder / "g"), dosages, named_samples(50), named_variants(40, ("1", "2")))
    write_table(folder / "y.tsv", ["a", "b"], rng.standard_normal((50, 2)))
    flags = ["--bfile", f"{folder}/g", "--pheno", f"{folder}/y.tsv", "--out", f"{folder}/r"]
    flags += ["--save-products", "--dense", "--each-trait", "--no-plot", "--block-size", "20"]
    assert gwas(flags) == 0
    (folder / "w.tsv").write_text("trait\tx\na\t1\nb\t2\n")
    return folder


UNREAD = ("samples.parquet", "traits.parquet")  # by a projection


def flip(path, at=0.5):
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def test_every_part_of_a_store_that_changed_is_named(stores, tmp_path, capsys):
    names = sorted(os.listdir(f"{stores}/r.products"))
    assert len(names) > 4
    for name in [None, *names]:
        copy = tmp_path / "p.products"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(f"{stores}/r.products", copy)
        if name is not None:
            flip(copy / name)
        flags = ["--products", str(copy), "--weights", f"{stores}/w.tsv", "--no-plot"]
        done = project([*flags, "--out", str(tmp_path / "o")])
        error = capsys.readouterr().err
        if name is None or name in UNREAD:
            assert done == 0, error
        else:
            assert done == 2, name
            assert "p.products" in error
            assert error.count("\n") == 1
            assert name == "store.json" or name in error


def test_a_dense_part_that_is_missing_or_changed_is_named(stores, tmp_path):
    copy = tmp_path / "d.t"
    shutil.copytree(f"{stores}/r.t", copy)
    flip(copy / "part-00000.parquet")
    with pytest.raises(GemcontError, match="part-00000.parquet"):
        read_dense(tmp_path / "d").trait("a")
    (copy / "part-00000.parquet").unlink()
    with pytest.raises(GemcontError, match="part-00000.parquet"):
        read_dense(tmp_path / "d").trait("a")


def test_every_part_of_a_chunk_that_changed_is_named(stores, tmp_path, capsys):
    flags = ["--bfile", f"{stores}/g", "--pheno", f"{stores}/y.tsv", "--no-plot"]
    flags += ["--block-size", "20", "--each-trait", "--out", str(tmp_path / "c")]
    for number in (1, 2):
        assert gwas([*flags, "--chunk", f"{number}/2"]) == 0
    chunk = next(p for p in tmp_path.iterdir() if p.is_dir() and "1" in p.name)
    whole = tmp_path / "whole"
    shutil.copytree(chunk, whole)
    files = [p.relative_to(whole) for p in sorted(whole.rglob("*")) if p.is_file()]
    for name in (p for p in files if (whole / p).stat().st_size):
        shutil.rmtree(chunk)
        shutil.copytree(whole, chunk)
        flip(chunk / name)
        capsys.readouterr()
        assert gwas(["merge", "--out", str(tmp_path / "c")]) == 2, name
        error = capsys.readouterr().err
        assert chunk.name in error
        assert error.count("\n") == 1
        assert not (tmp_path / "c.gwas.tsv").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "chr 1", "NC_000001.11"])
def test_chromosomes_may_have_any_name(name, tmp_path):
    """Their files of a kinship without them stay in one folder, and are found again."""
    rng = np.random.default_rng(8)
    dosages = random_dosages(rng, 60, 40, low=0.3, high=0.7)
    variants = named_variants(60, ("1", "2", "3"))
    write_fileset(str(tmp_path / "g"), dosages, named_samples(40), variants)
    lines = [line.split("\t") for line in (tmp_path / "g.bim").read_text().splitlines()]
    if " " in name:
        name = name.replace(" ", "_")
    text = ["\t".join([name if c == "1" else c, *rest]) for c, *rest in lines]
    (tmp_path / "g.bim").write_text("\n".join(text) + "\n")
    before = set(os.listdir(tmp_path.parent))
    flags = ["--bfile", str(tmp_path / "g"), "--loco", "--no-plot", "--out", str(tmp_path / "k")]
    done = make_kinship(flags)
    assert done in (0, 2)
    assert set(os.listdir(tmp_path.parent)) == before
    assert all(p.name.startswith(("g.", "k.")) for p in tmp_path.iterdir())


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


@pytest.mark.parametrize("code", [-9, -99, 99, -999, 9999])
@pytest.mark.parametrize("apart", [True, False])
def test_codes_that_lie_apart_are_suspected(related, code, apart, caplog):
    traits = related.traits[["a"]].copy()
    if not apart:
        traits["a"] = np.linspace(code - 100, code + 100, len(traits))
    traits.iloc[:4, 0] = code
    with caplog.at_level(logging.WARNING, "gemcont"):
        run_gwas(related.source, traits)
    said = f"trait a: {code} is taken as a value (4 samples), though it lies apart" in caplog.text
    assert said == apart
    assert f"fewer than {len(traits) + 1} minor" not in caplog.text  # nobody has so many


def test_one_trait_has_no_others_to_be_given(related):
    with pytest.raises(GemcontError, match="there is no other trait"):
        run_gwas(related.source, related.traits[["a"]], contrast="conditional:a")
