"""Warnings of traits and covariates whose values look like codes for missing ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gemcont.tables.covariates import Covariate

log = logging.getLogger(__name__)

_CODE = -9  # PLINK's, of a missing trait
_OTHERS = (-99, -999, -9999, 99, 999, 9999)  # what else is written for missing values
_CASE_CONTROL = (0.0, 1.0, 2.0)  # PLINK's: missing, control, case


def log_codes(coded: Mapping[str, int], codes: Sequence[str]) -> None:
    """Log how many values of each trait were missing by a code."""
    hit = {name: count for name, count in coded.items() if count}
    if hit:
        shown = ", ".join(f"{name} {count}" for name, count in hit.items())
        log.info("missing trait values by code %s: %s", "/".join(codes), shown)


def warn_of_trait_values(
    names: Sequence[str], values: np.ndarray, kept: np.ndarray, codes: Sequence[str]
) -> None:
    """Warn of traits whose values look like codes.

    -9 is looked for where no code was given, 99 and the like always, where they lie far from all
    other values; 0, 1, 2 and nothing else is PLINK's case-control, of which 0 means missing.

    Args:
        names: names of the traits.
        values: float64 (samples, traits), NaN missing.
        kept: bool (samples,), the samples that are analysed.
        codes: what was taken as missing.
    """
    suspects = _OTHERS if codes else (_CODE, *_OTHERS)
    for name, column in zip(names, values.T, strict=True):
        column = column[kept & ~np.isnan(column)]
        if not len(column):
            continue
        if {column.min(), column.max()} & set(suspects):  # one that lies apart is an extreme
            for code in suspects:
                _warn_of_lone_code(f"trait {name}", column, code)
        if _is_case_control(column):
            log.warning(
                "trait %s holds 0, 1 and 2 and nothing else: as PLINK's case-control 0 (%d "
                "samples) means missing; here it is a number; --missing-code 0,-9 takes it so",
                name,
                (column == 0).sum(),
            )


def warn_of_covariate_values(terms: Iterable[Covariate], kept: np.ndarray) -> None:
    """Warn of covariates whose values look like codes, or were taken as missing.

    Args:
        terms: covariates over the samples of the genotype file.
        kept: bool (samples,), the samples that are analysed.
    """
    for term in terms:
        for word, count in term.taken_as_missing.items():
            log.warning(
                "covariate %s: %r (%d samples) is taken as missing, as PLINK takes NONE; write "
                "another word if it is a category",
                term.name,
                word,
                count,
            )
        coded = int((term.values[kept] == _CODE).sum()) if term.levels is None else 0
        if coded:
            log.warning(
                "covariate %s: -9 is taken as a value (%d samples); write NA if it means missing",
                term.name,
                coded,
            )


def _warn_of_lone_code(what, values, code):
    """Warn of a code that lies apart from all other values: it was probably meant as missing."""
    coded = values == code
    others = values[~np.isin(values, (_CODE, *_OTHERS))]
    if not coded.any() or not len(others):
        return
    far = np.abs(others - code).min() > np.ptp(others)
    if far or (code == _CODE and others.min() >= 0):
        log.warning(
            "%s: %g is taken as a value (%d samples), though it lies apart from the rest; write NA "
            "if it means missing, or --missing-code",
            what,
            code,
            coded.sum(),
        )


def _is_case_control(values):
    few = values[:100]  # enough to acquit nearly all
    return np.isin(few, _CASE_CONTROL).all() and np.array_equal(np.unique(values), _CASE_CONTROL)
