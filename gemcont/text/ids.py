"""Names of columns, and the columns that identify samples: PLINK's ids, in any order."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gemcont.errors import GemcontError

OTHER_IDS = ("SID", "PAT", "MAT")  # PLINK's other id columns: source, father, mother
SEX = "SEX"  # of a .psam: a covariate if it is named as one, never a trait by default


class IdColumns(NamedTuple):
    """Id columns of a header.

    Attributes:
        fid: position of FID, None if there is none
        iid: position of IID
        others: names of the ``OTHER_IDS`` that are there
    """

    fid: int | None
    iid: int
    others: tuple[str, ...]


def bare_names(names: Iterable[object]) -> list[str]:
    """Return the names of a header without blanks, quotes and the # that may begin it."""
    bare = [str(name).strip().strip('"').strip() for name in names]
    return [name.lstrip("#").strip() if i == 0 else name for i, name in enumerate(bare)]


def refuse_twice(names: Iterable[str], where: str) -> None:
    """Raise GemcontError if two columns have the same name; where: the table, in messages."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise GemcontError(f"{where}: duplicate column {name!r}")
        seen.add(name)


def find_ids(names: Sequence[str], where: str) -> IdColumns | None:
    """Return the ``IdColumns`` of a header, None if no column is IID.

    FID and IID may be in upper, lower or mixed case; SID, PAT and MAT only in the case of IID,
    since mat or sid may be a trait.

    Args:
        names: as ``bare_names`` returns them.
        where: the table, in messages.

    Raises:
        GemcontError: FID or IID is there twice.
    """
    positions: dict[str, int] = {}
    for position, name in enumerate(names):
        word = name.upper()
        if word in ("FID", "IID") and positions.setdefault(word, position) != position:
            raise GemcontError(f"{where}: duplicate column {word}")
    if "IID" not in positions:
        return None
    upper = names[positions["IID"]].isupper()
    others = [name for name in names if name.upper() in OTHER_IDS and name.isupper() == upper]
    return IdColumns(positions.get("FID"), positions["IID"], tuple(others))
