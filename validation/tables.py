"""Tables of the documents that the other scripts write, as lines of markdown."""


def heading(text):
    """A heading of the second rank."""
    return ["", f"## {text}", ""]


def table_head(*names):
    """The first two lines of a table."""
    return ["", row(*names), row(*("---" for _ in names))]


def row(*values):
    """A line of a table."""
    return "| " + " | ".join(str(v) for v in values) + " |"
