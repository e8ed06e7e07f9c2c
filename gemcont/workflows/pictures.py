"""Pictures of a run, written beside its tables."""

import logging
import time

from gemcont.errors import GemcontError

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
