"""Relatives: three traits of families, tested with and without the kinship, on plain arrays.

python examples/kinship.py
"""

import numpy as np

import gemcont
from gemcont.stats import multitrait
from gemcont.stats.calibration import lambda_gc
from gemcont.stats.mixed import model as mixed


def main():
    rng = np.random.default_rng(4)
    genotypes = families(rng, 150, variants=2000)  # (variants, 600 samples)
    centred = genotypes - genotypes.mean(axis=1, keepdims=True)
    kinship = centred.T @ centred / len(centred)
    kinship /= np.diag(kinship).mean()
    traits = rng.standard_normal((600, 3))
    traits += np.linalg.cholesky(kinship + 1e-6 * np.eye(600)) @ rng.standard_normal((600, 3))
    traits[:, 2] += 1.2 * genotypes[7]

    null = mixed.fit_null(traits, np.ones((600, 1)), kinship)  # the intercept is a covariate
    print(f"slope {null.gradient_norm:.1e}, dL/dCg at most {null.fit.curvature:.1e}: an optimum")
    scan = mixed.scan(null, genotypes)
    plain = multitrait.scan(gemcont.fit_null(traits), genotypes)
    for name, found in (("with kinship", scan), ("without", plain)):
        print(f"{name}: lambda {lambda_gc(found.neg_log_10_p, 3):.2f}")
    own = mixed.scan(null, genotypes[[7]], contrast=2)
    print(f"variant 7, trait 3 given the others: -log10 p = {own.neg_log_10_p[0]:.1f}")
    return null, scan, plain


def families(rng, count, variants):
    """Genotypes of families of four siblings, (variants, 4 x count)."""
    frequency = rng.uniform(0.1, 0.5, (variants, 1, 1))
    parents = rng.random((variants, count, 4)) < frequency  # four chromosomes of two parents
    from_first = rng.integers(0, 2, (variants, count, 4))
    from_second = 2 + rng.integers(0, 2, (variants, count, 4))
    children = np.take_along_axis(parents, from_first, 2).astype(float)
    children += np.take_along_axis(parents, from_second, 2)
    return children.reshape(variants, 4 * count)


if __name__ == "__main__":
    main()
