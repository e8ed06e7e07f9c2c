"""Scans whose products are kept, and the scan that their sums stand for."""

import json

import numpy as np
import polars as pl
from conftest import named_samples, named_variants, random_dosages, write_table

from gemcont.tables.results.store import write_facts
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas
from gemcont.workflows.project.files import ProductOutputs
from gemcont.workflows.project.pooled_cohorts import add_stores
from reference.packed import write_fileset

M, D = 50, 5


NAMES = [f"e{d}" for d in range(D)]


def write_cohort(folder, name, n, *, seed, missing=0.0, flip=(), alleles=None, first=0, x=True):
    """PREFIX.bed, .pheno, .covar of n people; variants ``flip`` have their alleles turned."""
    rng = np.random.default_rng(seed)
    dosages = random_dosages(rng, M, n, missing=missing, low=0.2, high=0.8)
    mixed = rng.standard_normal((n, D)) @ rng.standard_normal((D, D))
    mixed[:, 1] += 0.4 * np.nan_to_num(dosages[3], nan=1) + 0.2 * seed
    covariates = rng.standard_normal((n, 2)) + seed
    mixed[:, 0] += covariates[:, 0] * (1 + seed)
    variants = [
        (*v[:3], *("AG" if i % 3 else "CA")) for i, v in enumerate(named_variants(M, ("1", "2")))
    ]
    if x:
        variants[-5:] = [("23", *v[1:]) for v in variants[-5:]]
        dosages[-5:, ::2] = np.where(dosages[-5:, ::2] == 1, 2, dosages[-5:, ::2])
    variants = [(*v[:3], *v[:2:-1]) if i in flip else v for i, v in enumerate(variants)]
    written = np.array([2 - row if i in flip else row for i, row in enumerate(dosages)])
    people = [(f, i, 1 + k % 2) for k, (f, i, _) in enumerate(named_samples(first + n)[first:])]
    write_fileset(str(folder / name), written, people, alleles(variants) if alleles else variants)
    ids = [p[:2] for p in people]
    write_table(folder / f"{name}.pheno", NAMES, mixed, ids)
    write_table(folder / f"{name}.covar", ["age", "pc"], covariates, ids)
    return dosages, mixed, covariates


def scan(folder, name, out=None, pheno=None, **settings):
    files = Files(
        str(folder / name), str(pheno or folder / f"{name}.pheno"), str(folder / f"{name}.covar")
    )
    prefix = str(folder / (out or name))
    write_gwas(files, Outputs(prefix, layout="parquet"), block_size=16, **settings)
    return pl.read_parquet(prefix + ".gwas.parquet") if settings.get("joint") is not False else None


def same(found, expected, rtol=1e-5, atol=1e-6):
    assert found.columns == expected.columns
    for name in found.columns:
        if found[name].dtype == pl.Float64:
            assert found[name].is_null().equals(expected[name].is_null())
            np.testing.assert_allclose(
                found[name].fill_null(0), expected[name].fill_null(0), rtol=rtol, atol=atol
            )
        else:
            assert found[name].to_list() == expected[name].to_list()


def write_weights(path, names, matrix):
    rows = ["\t".join(["trait", *names])]
    rows += ["\t".join([t, *map(repr, row)]) for t, row in zip(NAMES, matrix.tolist(), strict=True)]
    path.write_text("\n".join(rows) + "\n")


def nested(folder, *cohorts):
    """A pooled fileset whose covariates are each cohort's own, and its intercept."""
    dosages, traits, covariates = (list(parts) for parts in zip(*cohorts, strict=True))
    sizes = [len(t) for t in traits]
    n = sum(sizes)
    design, at = np.zeros((n, 3 * len(sizes) - 1)), 0
    for c, size in enumerate(sizes):
        design[at : at + size, 2 * c : 2 * c + 2] = covariates[c]
        if c:
            design[at : at + size, 2 * len(sizes) + c - 1] = 1
        at += size
    variants = [
        (*v[:3], *("AG" if i % 3 else "CA")) for i, v in enumerate(named_variants(M, ("1", "2")))
    ]
    people = named_samples(n)
    write_fileset(str(folder / "all"), np.hstack(dosages), people, variants)
    ids = [p[:2] for p in people]
    write_table(folder / "all.pheno", NAMES, np.vstack(traits), ids)
    write_table(folder / "all.covar", [f"c{j}" for j in range(design.shape[1])], design, ids)
    return scan(folder, "all")


def joint(folder, *names, **options):
    outputs = ProductOutputs(str(folder / "m"), name="meta", layout="parquet")
    tested, null, _, _ = add_stores([folder / n for n in names], outputs, **options)
    return pl.read_parquet(folder / "m.meta.parquet"), null


def edit(folder, name, **facts):
    path = folder / f"{name}.products"
    write_facts(path, json.loads((path / "store.json").read_text()) | facts)
