"""Raw and shrunk weights of panels picked at p < 1e-5, against the true effects.

    python validation/shrinkage.py

Independent standardised variants: the error of a score is the sum of squared errors of its weights,
and what the panel leaves out counts in full. Prints a table; means of eight studies.
"""

import numpy as np

from gemcont.stats.shrink import fit_mixture, shrinkage

N_VARIANTS, STUDIES = 100_000, 8
P_1E_5 = 4.417  # |z| at p = 1e-5
CASES = ((5_000, 0.002, 0.4), (20_000, 0.01, 0.4), (20_000, 0.001, 0.2), (100_000, 0.01, 0.4))


def study(seed, n_samples, causal_share, heritability):
    """Errors of the raw and the shrunk weights, and their r2 with the true genetic value."""
    rng = np.random.default_rng(seed)
    effect = np.where(rng.random(N_VARIANTS) < causal_share, rng.normal(size=N_VARIANTS), 0)
    effect *= np.sqrt(heritability / (effect**2).sum())
    estimate = effect + rng.normal(0, n_samples**-0.5, N_VARIANTS)
    z = estimate * n_samples**0.5
    panel = np.abs(z) > P_1E_5
    shrunk = estimate * shrinkage(z, fit_mixture(z))
    found = []
    for weights in (estimate, shrunk):
        weights = np.where(panel, weights, 0)
        error = ((weights - effect) ** 2).sum()
        found += [error, (weights @ effect) ** 2 / ((weights**2).sum() * heritability)]
    return found


def main():
    """Print the table."""
    print("| N | causal share | h2 | error, raw | r2, raw | error, shrunk | r2, shrunk |")
    print("|---|---|---|---|---|---|---|")
    for n_samples, share, heritability in CASES:
        studies = [study(seed, n_samples, share, heritability) for seed in range(STUDIES)]
        figures = " | ".join(f"{x:.4f}" for x in np.mean(studies, axis=0))
        print(f"| {n_samples} | {share:.1%} | {heritability} | {figures} |")


if __name__ == "__main__":
    main()
