"""What the scan's tests share: cohorts of unrelated people and of families."""

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.many import D, M, N
from reference.packed import write_fileset
from reference.relatives import families
from reference.scans import RUNS, SIZE

from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas
from gemcont.workflows.gwas.scan import null_models as groups


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A fileset with missing genotypes and X, a table of 70 traits, a covariate; blocks of 16."""
    monkeypatch.setattr(groups, "TRAITS_AT_ONCE", 16)
    rng = np.random.default_rng(5)
    dosages = random_dosages(rng, M, N, missing=0.03)
    dosages[4] = 1  # no variance
    samples = [(f, i, 1 + k % 2) for k, (f, i, _) in enumerate(named_samples(N))]
    variants = named_variants(M)
    variants = [("23" if k > 36 else v[0], *v[1:]) for k, v in enumerate(variants)]
    dosages[37:, ::2] = np.where(dosages[37:, ::2] == 1, 2, dosages[37:, ::2])
    write_fileset(str(tmp_path / "g"), dosages, samples, variants)
    traits = rng.standard_normal((N, D))
    traits[:, 7] += 0.8 * np.nan_to_num(dosages[11])
    age = rng.uniform(20, 60, (N, 1))
    write_table(tmp_path / "g.pheno", [f"t{d}" for d in range(D)], traits)
    write_table(tmp_path / "g.covar", ["age"], age)
    return tmp_path


@pytest.fixture
def cohort():
    """Dosages (30, 150) with missing ones, 4 traits with different missing people, a covariate."""
    rng = np.random.default_rng(41)
    dosages = random_dosages(rng, 30, 150, missing=0.04)
    index = [s for _, s, _ in named_samples(150)]
    traits = pd.DataFrame(rng.standard_normal((150, 4)), index=index, columns=list("abcd"))
    traits["c"] += 0.9 * np.nan_to_num(dosages[5])
    traits.loc[index[:20], "b"] = np.nan
    traits.loc[index[10:30], "d"] = np.nan
    return dosages, traits, pd.DataFrame({"age": rng.uniform(20, 60, 150)}, index=index)


@pytest.fixture(scope="session")
def related():
    """Families of four without missing genotypes, see ``reference.relatives``."""
    return families(missing=0.0)


@pytest.fixture
def scan(study):
    """A function that scans the study's files, see ``reference.scans``."""

    def run(name="result", kind=RUNS[0], **more):
        outputs, settings = kind
        if outputs.get("layout") == "ssf":
            settings = settings | {"joint": False}
        prefix = str(study.folder / name)
        settings = {"block_size": SIZE} | settings
        files = Files(study.bfile, study.pheno, study.covar)
        return write_gwas(files, Outputs(prefix, **outputs), **settings | more)

    return run
