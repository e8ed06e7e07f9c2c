"""Every flag once: a dataclass for each command, from which the parser and the checks are made."""
