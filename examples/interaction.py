"""Gene-by-sex interaction: does a variant act differently in males and females?

The product of genotype and sex is tested with the genotype and sex as covariates, jointly for
two traits, for the strongest variants of a scan.

    python examples/interaction.py
"""

import numpy as np
from principal_components import MOUSE, table

import gemcont
from gemcont.genotype.kernels.packed import decode
from gemcont.stats import multitrait


def main(candidates=20):
    traits, sex = table("pheno", ["cd8", "mch"]).dropna(), table("covar", ["sex"])
    scan = gemcont.run_gwas(MOUSE, traits, sex, test="f", autosomes=19)
    top = np.sort(scan.neg_log_10_p_value.nlargest(candidates).index.to_numpy())

    source = gemcont.open_genotypes(MOUSE)
    samples = np.flatnonzero(source.samples["iid"].is_in(list(traits.index)).to_numpy())
    ids = source.samples["iid"][samples].to_list()
    genotypes = decode(source.read(top, samples))
    male = (sex.loc[ids].to_numpy()[:, 0] == 1).astype(float)
    results = {}
    for row, genotype in zip(top, genotypes, strict=True):
        genotype = np.where(np.isnan(genotype), np.nanmean(genotype), genotype)
        null = gemcont.fit_null(traits.loc[ids], np.column_stack([male, genotype]))
        found = multitrait.scan(null, (genotype * male)[None, :], test="f")
        results[scan.variant_id[row]] = float(found.neg_log_10_p[0])
    best = max(results, key=results.get)
    print(f"strongest interaction with sex: {best}, -log10 p {results[best]:.2f}")
    return results


if __name__ == "__main__":
    main()
