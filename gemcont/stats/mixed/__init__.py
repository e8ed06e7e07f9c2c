"""Multivariate linear mixed model of related samples.

model         the null model and the scan: ``fit_null``, ``scan``, ``decompose``
likelihood    the covariances that maximise the likelihood
regressions   generalised least squares of a variant, and its refit
heritability  heritabilities and genetic correlations of a fitted model
"""

from gemcont.stats.mixed.model import METHODS, Decomposition, MixedNull, decompose, fit_null, scan

__all__ = ["METHODS", "Decomposition", "MixedNull", "decompose", "fit_null", "scan"]
