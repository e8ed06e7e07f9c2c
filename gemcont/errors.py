"""The one exception that is the user's to mend."""


class GemcontError(Exception):
    """A mistake in the input: one line that names the file, row, id or flag and what to do.

    Commands print it on stderr and exit with status 2; anything else that escapes is our bug.
    """
