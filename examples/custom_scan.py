"""A custom scan on plain arrays: the null model once, then any genotypes against it.

python examples/custom_scan.py
"""

import numpy as np

import gemcont
from gemcont.stats import multitrait


def main():
    rng = np.random.default_rng(1)
    genotypes = rng.binomial(2, 0.3, size=(1000, 500)).astype(float)  # (variants, samples)
    genotypes[rng.random(genotypes.shape) < 0.01] = np.nan  # missing: the variant's mean
    covariates = rng.standard_normal((500, 2))
    traits = rng.standard_normal((500, 4)) + 0.5 * covariates[:, :1]
    traits[:, 1] += 0.6 * np.nan_to_num(genotypes[7])

    null = gemcont.fit_null(traits, covariates)  # an intercept is always there
    scan = multitrait.scan(null, genotypes, test="f")
    best = int(np.argmax(scan.neg_log_10_p))
    print(
        f"variant {best}: F = {scan.statistic[best]:.1f}, -log10 p = {scan.neg_log_10_p[best]:.1f}"
    )
    print("effect on each trait:", np.round(scan.effects[best], 2))
    return scan


if __name__ == "__main__":
    main()
