"""Pictures of a run, written beside its tables."""

import logging
import time

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, canonical_name, drawing_order

log = logging.getLogger(__name__)


def draw_pictures(prefix, pictures):
    """Write PREFIX.NAME.png of functions that make figures, by name."""
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
    prefix, place, neg_log_10_p, null, trait_names, *, test, lambda_gc, autosomes, model=""
):
    """``PREFIX.manhattan.png`` and ``PREFIX.qq.png`` of a joint test.

    place: chromosome and base_pair_location of the rows; null: what knows N and D; model: words
    before the test's name
    """
    from gemcont.plots.manhattan import manhattan
    from gemcont.plots.qq import qq

    names, codes = chromosome_codes(place["chromosome"], autosomes)
    traits = short_names(trait_names)
    test = {"lrt": "likelihood ratio", "f": "F test", "wald": "each cohort's covariance"}[test]
    test = f"{model}{test}, N = {null.n_samples:,}, D = {null.n_traits}"
    positions = place["base_pair_location"].to_numpy()
    draw_pictures(
        prefix,
        {
            "manhattan": lambda: manhattan(
                codes, positions, neg_log_10_p, names=names, title=f"{traits} ({test})"
            ),
            "qq": lambda: qq(neg_log_10_p, lambda_gc=lambda_gc, title=f"{traits}\n{test}"),
        },
    )


def chromosome_codes(column, autosomes):
    """Names in drawing order, and each variant's code into them."""
    names = [str(n) for n in column.unique(maintain_order=True)]
    names = [names[i] for i in drawing_order(names, autosomes)]
    codes = column.replace_strict(dict(zip(names, range(len(names)), strict=True)))
    return [_drawn_name(name, autosomes) for name in names], codes.to_numpy()


def _drawn_name(name, autosomes):
    """X for 23 and chrX; other names as they are."""
    canonical = canonical_name(name, autosomes)
    return canonical if canonical in Ploidy.__members__ else name


def short_names(trait_names, longest=34):
    """The traits, short enough for a picture's head."""
    traits = ", ".join(trait_names[:4])
    more = len(trait_names) - 4
    traits = traits if len(traits) <= longest else traits[: longest - 3] + "..."
    return f"{traits} and {more:,} more" if more > 0 else traits
