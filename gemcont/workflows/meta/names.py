"""Names of the cohorts."""

import os
from collections.abc import Sequence

from gemcont.errors import GemcontError


def cohort_names(sumstats: Sequence, names: Sequence[str] | None) -> Sequence[str]:
    """Return the names of the cohorts: as given, else of their files.

    Args:
        sumstats: files or DataFrames.
        names: one each, or None.

    Raises:
        GemcontError: there is no cohort, a file is missing or given twice, or the names do not fit.
    """
    _refuse_files(sumstats)
    if isinstance(names, str):
        raise GemcontError(f"--names: {names!r} is one name, not a list of them")
    if names is None:
        names = [_name_of(report, i + 1) for i, report in enumerate(sumstats)]
        names = names if len(set(names)) == len(names) else [str(s) for s in sumstats]
    if len(names) != len(sumstats):
        raise GemcontError(f"--names: {len(names)} names for {len(sumstats)} files")
    strange = next((n for n in names if not n or not str(n).isprintable()), None)
    if strange is not None:
        raise GemcontError(f"--names: {strange!r} is no name for a table")
    if len(set(names)) < len(names):
        raise GemcontError("--names: two cohorts have the same name")
    return names


def _refuse_files(sumstats):
    """Raise GemcontError where there is no cohort, or a file is missing or given twice."""
    if not sumstats:
        raise GemcontError("--sumstats: no cohort is given")
    paths = [os.path.realpath(s) for s in sumstats if isinstance(s, (str, os.PathLike))]
    for path in paths:
        if paths.count(path) > 1 and os.path.isfile(path):
            raise GemcontError(f"--sumstats: {path} stands twice")
        if not os.path.exists(path):
            raise GemcontError(f"{path}: no such file")


def _name_of(report, number):
    if isinstance(report, (str, os.PathLike)):
        return os.path.basename(os.fspath(report)).split(".")[0]
    return f"cohort{number}"
