"""The one exception that the user can put right."""


class GemcontError(Exception):
    """Mistake in the input: one line that names the file, row, id or argument, and what to do.

    Commands print it on stderr and exit with status 2; any other exception that escapes is a bug.
    """
