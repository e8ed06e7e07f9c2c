"""The files that a command writes under a prefix."""

import logging
import os
from collections.abc import Collection, Iterable

from gemcont.tables.files import refuse_overwriting, remove

log = logging.getLogger(__name__)


class OutputFiles:
    """A prefix, and the names of all files that a command may ever write under it.

    Attributes:
        prefix: of every path
        names: what follows the prefix and a dot; the log is among them
    """

    def __init__(self, prefix: str, names: Iterable[str]):
        self.prefix, self.names = prefix, tuple(dict.fromkeys((*names, "log")))

    def path(self, name: str) -> str:
        """Return the path of a file by its name."""
        return f"{self.prefix}.{name}"

    def refuse_inputs(self, inputs: Iterable[str]) -> None:
        """Raise GemcontError if a file that may be written is one of the inputs."""
        paths = [self.path(name) for name in self.names]
        refuse_overwriting([*paths, *(f"{path}.tmp" for path in paths)], inputs)

    def remove_stale(self, written: Collection[str]) -> None:
        """Remove files of an earlier run of the same prefix, and log each.

        written: names of the files that this run has written, which stay
        """
        for name in self.names:
            if name not in written and name != "log" and os.path.isfile(self.path(name)):
                remove(self.path(name))
                log.info("%s of an earlier run removed", self.path(name))
