"""Families to test mixed models on, and the GRM as it is written."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import ArraySource, GemcontError, run_gwas

N = 120
EACH = {"1": 45, "2": 40, "3": 35}


class Families(NamedTuple):
    """Families of four and their genotypes; frames by sample id."""

    dosages: np.ndarray
    names: np.ndarray
    samples: pl.DataFrame
    variants: pl.DataFrame
    traits: pd.DataFrame
    covariates: pd.DataFrame
    kinship: np.ndarray

    @property
    def source(self):
        return ArraySource(self.dosages, samples=self.samples, variants=self.variants)


def gene_drop(rng, count, n):
    """Dosages (count, n): two parents, two children, and so on."""
    p = rng.uniform(0.15, 0.5, (count, 1))
    parents = rng.random((2, count, n // 2)) < p[None]  # two haplotypes
    out = np.empty((count, n))
    out[:, 0::4], out[:, 1::4] = parents.sum(0)[:, 0::2], parents.sum(0)[:, 1::2]
    for child in (2, 3):
        picks = rng.integers(0, 2, (2, count, n // 4))
        mother, father = parents[:, :, 0::2], parents[:, :, 1::2]
        pairs = (mother, picks[0]), (father, picks[1])
        got = [np.take_along_axis(h, pick[None], 0)[0] for h, pick in pairs]
        out[:, child::4] = got[0].astype(float) + got[1]
    return out


def slow_grm(dosages, maf=0.01):
    """Of variants as ``relationship`` takes them; missing ones the mean."""
    mean = np.nanmean(dosages, axis=1)
    usable = (np.minimum(mean, 2 - mean) / 2 >= maf) & (np.isnan(dosages).mean(axis=1) <= 0.05)
    usable &= np.nanvar(dosages, axis=1) > 0
    centred = np.nan_to_num(dosages[usable] - mean[usable, None])
    return centred.T @ centred / usable.sum()


def families(missing=0.02, seed=5, each=EACH, n=N):
    rng = np.random.default_rng(seed)
    names = np.repeat(list(each), list(each.values()))
    dosages = gene_drop(rng, len(names), n)
    genetic = dosages[::3].T @ rng.standard_normal((len(dosages[::3]), 3)) * 0.12
    shared = np.repeat(rng.standard_normal((n // 4, 3)), 4, axis=0)
    mix = np.array([[1, 0.4, 0], [0, 1, 0.5], [0.3, 0, 1]])
    y = (genetic + 0.5 * shared + rng.standard_normal((n, 3))) @ mix
    y[:, 0] += 1.5 * dosages[4]
    dosages[rng.random(dosages.shape) < missing] = np.nan
    iid = [f"s{i}" for i in range(n)]
    fid = [f"f{i // 4}" for i in range(n)]
    samples = pl.DataFrame({"fid": fid, "iid": iid, "sex": [1 + i % 2 for i in range(n)]})
    variants = pl.DataFrame({
        "chromosome": names, "variant_id": [f"rs{i}" for i in range(len(names))],
        "base_pair_location": np.arange(len(names)) + 10,
        "effect_allele": ["A"] * len(names), "other_allele": ["G"] * len(names),
    })  # fmt: skip
    index = pd.Index(iid)
    traits = pd.DataFrame(y, index=index, columns=list("abc"))
    covariates = pd.DataFrame(rng.standard_normal((n, 3)), index=index, columns=["u", "v", "w"])
    return Families(dosages, names, samples, variants, traits, covariates, slow_grm(dosages))


def design_of(found, k):
    return np.column_stack([np.ones(len(found.traits)), found.covariates.to_numpy()[:, :k]])


def some_covariates(study, k):
    return study.covariates.iloc[:, :k] if k else None


def same(found, expected, rtol=1e-4, column="chi2"):
    np.testing.assert_allclose(found[column], expected, rtol=rtol, atol=1e-5)


def refused(message, *arguments, **settings):
    with pytest.raises(GemcontError, match=message) as caught:
        run_gwas(*arguments, **settings)
    assert "\n" not in str(caught.value)
