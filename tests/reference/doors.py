"""People with ids of their own, as tables and arrays."""

import numpy as np
import pandas as pd
from conftest import named_variants, random_dosages

from gemcont import run_gwas
from reference.packed import write_fileset

N, M = 60, 12


class Cohort:
    """A fileset of people called 1 to 60 (FID f1 ...), their traits, covariates and kinship."""

    def __init__(self, folder):
        rng = np.random.default_rng(4)
        self.dosages = random_dosages(rng, M, N, missing=0.05, low=0.3, high=0.7)
        self.iid = [str(i) for i in range(1, N + 1)]
        self.fid = [f"f{i}" for i in range(1, N + 1)]
        samples = [(f, i, 1 + k % 2) for k, (f, i) in enumerate(zip(self.fid, self.iid))]  # noqa: B905
        self.prefix = str(folder / "g")
        write_fileset(self.prefix, self.dosages, samples, named_variants(M))
        y = rng.standard_normal(N) + np.nan_to_num(self.dosages[3])
        self.traits = pd.DataFrame({"y": y}, index=pd.Index(self.iid, name="IID"))
        age = pd.Series(rng.uniform(20, 60, N), self.traits.index)
        self.covariates = pd.DataFrame({"age": age})
        filled = np.nan_to_num(self.dosages - 1)
        self.kinship = filled.T @ filled / M + np.eye(N)

    def p(self, genotypes=None, traits=None, covariates=None, **settings):
        """-log10 p of every variant."""
        genotypes = self.prefix if genotypes is None else genotypes
        traits = self.traits if traits is None else traits
        return run_gwas(genotypes, traits, covariates, **settings).neg_log_10_p_value.to_numpy()
