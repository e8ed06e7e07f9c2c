"""The streamed engine: against the slow reference, against plink2, and against itself."""

import gzip

import numpy as np
import pandas as pd
import pytest
from conftest import BUNDLED, named_samples, named_variants, random_dosages
from reference.joint import joint_test, single_trait
from reference.packed import write_fileset

from gemcont import ArraySource, GemcontError, open_genotypes, run_gwas

MOUSE = str(BUNDLED / "mouse_hs1940")


def frame(values, prefix, count=None):
    ids = [i for _, i, _ in named_samples(count or len(values))]
    return pd.DataFrame(values, index=ids).rename(columns=lambda c: f"{prefix}{c}")


def engine_against_reference(dosages, traits, covariates, kind, tmp_path, **settings):
    """Run the engine on packed genotypes or dosages; the reference in float64 beside it."""
    if kind == "packed":
        write_fileset(
            str(tmp_path / "g"), dosages, named_samples(len(traits)), named_variants(len(dosages))
        )
        source = open_genotypes(str(tmp_path / "g"))
    else:
        source = ArraySource(dosages, samples=[i for _, i, _ in named_samples(len(traits))])
    covariate_frame = None if covariates.shape[1] == 0 else frame(covariates, "c")
    return run_gwas(source, frame(traits, "t"), covariate_frame, **settings)


@pytest.mark.parametrize("kind", ["packed", "dosage"])
@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("d", [1, 2, 8, 64])
def test_precision_of_the_joint_test(d, k, missing, kind, tmp_path):
    """design: every whitened z within 2e-5, every chi2 above 1 within 1e-4, -log10 p right."""
    rng = np.random.default_rng(100 * d + k)
    n = 5003
    dosages = random_dosages(rng, 24, n, missing=missing, low=0.001, high=0.999)
    if kind == "dosage":
        dosages = np.clip(dosages + rng.uniform(-0.3, 0.3, dosages.shape), 0, 2).astype(np.float32)
    covariates = rng.standard_normal((n, k - 1))
    traits = rng.standard_normal((n, d)) @ rng.standard_normal((d, d))
    traits[:, 0] += 0.2 * np.nan_to_num(dosages[3])
    for test, column in (("lrt", "chi2"), ("f", "f_statistic")):
        found = engine_against_reference(dosages, traits, covariates, kind, tmp_path, test=test)
        expected = joint_test(dosages.astype(float), traits, covariates, test)
        chi2 = n * expected["q"]
        # sqrt(chi2) is the length of the vector of z: its error bounds that of every z
        assert np.abs(np.sqrt(n * found["r2"]) - np.sqrt(chi2)).max() < 2e-5
        above = chi2 > 1
        np.testing.assert_allclose(found[column][above], expected["statistic"][above], rtol=1e-4)
        np.testing.assert_allclose(
            found.neg_log_10_p_value, expected["neg_log_10_p"], atol=1e-4, rtol=1e-4
        )


@pytest.mark.parametrize("d", [2, 40])
def test_block_size_and_threads_change_no_bit(d, tmp_path):
    rng = np.random.default_rng(8)
    dosages = random_dosages(rng, 301, 4500, missing=0.02)
    traits = rng.standard_normal((4500, d))
    first = None
    for settings in (
        {"threads": 1},
        {"threads": 7},
        {"block_size": 1},
        {"block_size": 77, "threads": 3},
    ):
        found = engine_against_reference(
            dosages, traits, np.empty((4500, 0)), "packed", tmp_path, **settings
        )
        first = found if first is None else first
        pd.testing.assert_frame_equal(found, first, check_exact=True)


@pytest.mark.parametrize("block_size", [1, 64, 300])
def test_variants_that_covariates_nearly_give_keep_their_precision(block_size):
    """float32 products lose digits there: those variants are made again in float64."""
    rng = np.random.default_rng(22)
    n, d = 900, 40
    dosages = random_dosages(rng, 300, n)
    covariates = np.column_stack([dosages[7] + 0.02 * rng.standard_normal(n), rng.random(n)])
    traits = rng.standard_normal((n, d))
    found = run_gwas(dosages, frame(traits, "t"), frame(covariates, "c"), block_size=block_size)
    expected = joint_test(dosages, traits, covariates)
    np.testing.assert_allclose(found.chi2, expected["statistic"], rtol=1e-5)
    assert np.abs(found.chi2[7] / expected["statistic"][7] - 1) < 1e-9
    alone = run_gwas(dosages[7:8], frame(traits, "t"), frame(covariates, "c"))
    assert alone.chi2[0] == found.chi2[7]


def test_settings_are_checked_from_python_too():
    rng = np.random.default_rng(14)
    dosages, traits = random_dosages(rng, 5, 30), frame(rng.standard_normal(30), "t")
    for setting, value in (("maf", 2), ("geno", -1), ("threads", 0), ("block_size", -1)):
        with pytest.raises(GemcontError, match=str(value)):
            run_gwas(dosages, traits, **{setting: value})
    with pytest.raises(GemcontError, match="must be a DataFrame of pandas or polars .* not a dict"):
        run_gwas(dosages, {"t0": traits["t0"]})
    assert run_gwas(dosages, traits["t0"]).equals(run_gwas(dosages, traits))
    assert len(run_gwas(dosages, traits, trait_names="t0")) == 5
    minus_nine = traits.copy()
    minus_nine.iloc[3, 0] = -9.0
    assert (run_gwas(dosages, minus_nine).n == 30).all()


@pytest.mark.parametrize("k", [0, 1, 3])
def test_traits_together_are_traits_apart(k):
    rng = np.random.default_rng(9)
    dosages = random_dosages(rng, 20, 300, missing=0.02)
    traits, covariates = rng.standard_normal((300, 3)), rng.standard_normal((300, k))
    for d in range(3):
        found = run_gwas(dosages, frame(traits[:, [d]], "t"), frame(covariates, "c") if k else None)
        expected = single_trait(dosages, traits[:, d], covariates)
        np.testing.assert_allclose(found.beta, expected["beta"], rtol=1e-9)
        np.testing.assert_allclose(found.standard_error, expected["standard_error"], rtol=1e-9)


def test_sample_order_of_tables_changes_nothing():
    rng = np.random.default_rng(10)
    dosages = random_dosages(rng, 20, 90, missing=0.02)
    source = ArraySource(dosages, samples=[i for _, i, _ in named_samples(90)])
    traits, covariates = (
        frame(rng.standard_normal((90, 2)), "t"),
        frame(rng.standard_normal((90, 1)), "c"),
    )
    plain = run_gwas(source, traits, covariates)
    moved = run_gwas(source, traits.sample(frac=1, random_state=1), covariates[::-1])
    pd.testing.assert_frame_equal(plain, moved, check_exact=True)


def test_allele_flip_turns_beta_and_frequency_over():
    rng = np.random.default_rng(11)
    dosages, traits = random_dosages(rng, 20, 90, missing=0.02), frame(rng.standard_normal(90), "t")
    plain, flipped = run_gwas(dosages, traits), run_gwas(2 - dosages, traits)
    np.testing.assert_allclose(flipped.beta, -plain.beta, rtol=1e-10)
    np.testing.assert_allclose(
        flipped.effect_allele_frequency, 1 - plain.effect_allele_frequency, rtol=1e-12
    )
    np.testing.assert_allclose(flipped.neg_log_10_p_value, plain.neg_log_10_p_value, rtol=1e-9)


def test_a_subset_of_variants_and_samples_equals_the_rows_of_the_whole(study):
    traits = frame(study.traits, "t")
    kept = frame(study.traits[:70], "t")
    whole = run_gwas(study.bfile, kept)
    part = run_gwas(study.bfile, kept, chromosomes="2", block_size=3)
    expected = whole[whole.chromosome == "2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected, check_exact=True)
    assert (whole.n <= 70).all()
    assert (run_gwas(study.bfile, traits).n > 70).all()


def plink(trait):
    with gzip.open(BUNDLED.parents[1] / "tests" / "data" / f"mouse.{trait}.glm.linear.gz") as file:
        return pd.read_csv(file, sep="\t")


def printed(values):
    return np.array([float(f"{v:.6g}") for v in values])


@pytest.mark.parametrize("trait", ["cd8", "mch"])
def test_mice_equal_plink2_to_its_printed_digits(trait):
    tables = [
        pd.read_csv(f"{MOUSE}.{t}.tsv", sep="\t", dtype={"IID": str}) for t in ("pheno", "covar")
    ]
    traits, covariates = (t.set_index("IID").drop(columns="FID") for t in tables)
    found = run_gwas(MOUSE, traits[[trait]], covariates[["sex"]], test="f", autosomes=19)
    theirs = plink(trait)
    assert (found.variant_id == theirs.ID).all()
    assert (found.effect_allele == theirs.A1).all()
    tested = (theirs.ERRCODE == ".").to_numpy()
    assert np.isnan(found.beta[~tested]).all()
    # Where a value falls between two printed ones plink2's last digit can go the other way: its
    # -log10 p, within 1e-7 of the exact one (ours), in 1 of 200 variants.
    for ours, column, share in (
        ("beta", "BETA", 0.001),
        ("standard_error", "SE", 0.001),
        ("neg_log_10_p_value", "NEG_LOG10_P", 0.01),
        ("effect_allele_frequency", "A1_FREQ", 0.001),
    ):
        ours, theirs_column = found[ours][tested], theirs[column][tested]
        assert (np.abs(ours - theirs_column) <= 5.1e-6 * np.abs(theirs_column)).all(), column
        assert (printed(ours) != theirs_column).mean() < share, column


def test_maize_with_missing_genotypes_equals_the_reference():
    table = pd.read_csv(BUNDLED / "maize.pheno", sep="\t", dtype={"IID": str, "FID": str})
    traits = table.set_index("IID")[["EarHT", "dpoll", "EarDia"]]
    source = open_genotypes(str(BUNDLED / "maize"))
    found = run_gwas(source, traits)
    complete = traits.dropna().reindex(source.samples["iid"].to_list()).dropna()
    rows = np.flatnonzero(source.samples["iid"].is_in(list(complete.index)).to_numpy())
    from gemcont.genotype.kernels.packed import decode

    dosages = decode(source.read(np.arange(source.n_variants), rows))
    assert np.isnan(dosages).mean() > 0.03
    expected = joint_test(dosages, complete.to_numpy())
    np.testing.assert_allclose(found.chi2, expected["statistic"], rtol=1e-9)
    np.testing.assert_allclose(found.neg_log_10_p_value, expected["neg_log_10_p"], rtol=1e-9)


def test_order_of_work_is_sample_then_components_then_ranks():
    from gemcont.stats.transform import principal_components, rank_inverse_normal

    rng = np.random.default_rng(12)
    dosages, traits = random_dosages(rng, 15, 80), rng.standard_normal((80, 4)) ** 3
    table = frame(traits, "t")
    table.iloc[5, 2] = np.nan
    found = run_gwas(dosages, table, pcs=2, rank_int=True)
    kept = np.delete(np.arange(80), 5)
    tested = rank_inverse_normal(principal_components(traits[kept], 2))
    expected = joint_test(dosages[:, kept], tested)
    np.testing.assert_allclose(found.chi2, expected["statistic"], rtol=1e-8)


def test_dataframe_mistakes():
    rng = np.random.default_rng(13)
    dosages, traits = random_dosages(rng, 5, 30), frame(rng.standard_normal(30), "t")
    with pytest.raises(GemcontError, match=r"genotype array has shape \(5, 29\)"):
        run_gwas(dosages[:, :29], traits)
    with pytest.raises(GemcontError, match="no sample of the covariates table"):
        run_gwas(dosages, traits, traits.rename(index=lambda i: f"x{i}"))
    with pytest.raises(
        TypeError, match="chr_set: no such setting; there are autosomes, trait_names"
    ):
        run_gwas(dosages, traits, chr_set=10)
