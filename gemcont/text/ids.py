"""Names of columns, and which of them name samples: PLINK's id columns, wherever they stand."""

from typing import NamedTuple

from gemcont.errors import GemcontError

OTHER_IDS = ("SID", "PAT", "MAT")  # PLINK's other columns of ids: a sample's, its parents'
SEX = "SEX"  # of a .psam: a covariate where it is asked for, never a trait by itself


class IdColumns(NamedTuple):
    """Positions in a header: of FID (None where there is none) and IID; names of ``OTHER_IDS``."""

    fid: int | None
    iid: int
    others: tuple


def bare_names(names):
    """Return the names of a header without blanks, quotes and the # that may begin it."""
    names = [str(name).strip().strip('"').strip() for name in names]
    return [name.lstrip("#").strip() if i == 0 else name for i, name in enumerate(names)]


def refuse_twice(names, where):
    """Raise GemcontError where two columns have one name; where: what messages call the table."""
    seen = set()
    for name in names:
        if name in seen:
            raise GemcontError(f"{where}: column {name!r} stands twice")
        seen.add(name)


def find_ids(names, where):
    """Return the ``IdColumns`` of a header's ``bare_names``, None where no column is IID.

    FID and IID are known in upper, lower and mixed case; SID, PAT and MAT in the case in which
    IID is written, since mat or sid may be a trait. Raises GemcontError where a column stands
    twice; where: what messages call the table.
    """
    places = {}
    for place, name in enumerate(names):
        word = name.upper()
        if word in ("FID", "IID") and places.setdefault(word, place) != place:
            raise GemcontError(f"{where}: column {word} stands twice")
    if "IID" not in places:
        return None
    upper = names[places["IID"]].isupper()
    others = [name for name in names if name.upper() in OTHER_IDS and name.isupper() == upper]
    return IdColumns(places.get("FID"), places["IID"], tuple(others))
