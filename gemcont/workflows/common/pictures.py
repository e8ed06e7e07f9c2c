"""Pictures of a run, written next to its tables."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, canonical_name, drawing_order
from gemcont.workflows.common.calibration import Sizes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

_TESTS = {"lrt": "likelihood ratio", "f": "F test", "wald": "each cohort's covariance"}


def draw_pictures(prefix: str, pictures: Mapping[str, Callable[[], "Figure"]]) -> None:
    """Write PREFIX.NAME.png for every picture.

    pictures: function that makes the figure, by NAME. Raises GemcontError where one cannot be
    written.
    """
    from gemcont.plots.save import save

    started = time.perf_counter()
    for name, make in pictures.items():
        path = f"{prefix}.{name}.png"
        try:
            save(make(), path)
        except OSError as error:
            reason = error.strerror or error
            message = f"{path}: cannot be written ({reason}); the results themselves are complete"
            raise GemcontError(message) from error
    log.info("%s drawn in %.1f s", ", ".join(pictures), time.perf_counter() - started)


def draw_joint(
    prefix: str,
    positions: pl.DataFrame,
    neg_log_10_p: np.ndarray,
    null: Sizes,
    trait_names: Sequence[str],
    *,
    test: str,
    lambda_gc: float,
    autosomes: int,
    model: str = "",
) -> None:
    """Write PREFIX.manhattan.png and PREFIX.qq.png of a joint test.

    Args:
        prefix: PREFIX.
        positions: chromosome and base_pair_location of the rows.
        neg_log_10_p: (rows,), NaN where a variant was not tested.
        null: the null model, for N and D in the titles.
        trait_names: names of the traits.
        test: "lrt", "f" or "wald".
        lambda_gc: genomic-control factor.
        autosomes: number of autosomes.
        model: words before the test's name.
    """
    from gemcont.plots.manhattan import manhattan
    from gemcont.plots.qq import qq

    names, codes = chromosome_codes(positions["chromosome"], autosomes)
    traits = short_names(trait_names)
    label = f"{model}{_TESTS[test]}, N = {null.n_samples:,}, D = {null.n_traits}"
    position = positions["base_pair_location"].to_numpy()
    draw_pictures(
        prefix,
        {
            "manhattan": lambda: manhattan(
                codes, position, neg_log_10_p, names=names, title=f"{traits} ({label})"
            ),
            "qq": lambda: qq(neg_log_10_p, lambda_gc=lambda_gc, title=f"{traits}\n{label}"),
        },
    )


def chromosome_codes(column: pl.Series, autosomes: int) -> tuple[list[str], np.ndarray]:
    """Number the chromosomes in drawing order.

    Returns:
        names: of the chromosomes, in that order.
        codes: (variants,), index into ``names`` of each variant's chromosome.
    """
    names = [str(n) for n in column.unique(maintain_order=True)]
    names = [names[i] for i in drawing_order(names, autosomes)]
    codes = column.replace_strict(dict(zip(names, range(len(names)), strict=True)))
    return [_drawn_name(name, autosomes) for name in names], codes.to_numpy()


def _drawn_name(name, autosomes):
    """Return X for 23 and chrX, other names as they are."""
    canonical = canonical_name(name, autosomes)
    return canonical if canonical in Ploidy.__members__ else name


def short_names(trait_names: Sequence[str], longest: int = 34) -> str:
    """Return the names of the traits, cut to the length of a picture's title."""
    traits = ", ".join(trait_names[:4])
    more = len(trait_names) - 4
    traits = traits if len(traits) <= longest else traits[: longest - 3] + "..."
    return f"{traits} and {more:,} more" if more > 0 else traits
