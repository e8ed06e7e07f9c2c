"""The only place where sample ids are matched: ids in, integer indices out."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError

ABSENT = -1


class SampleIds(NamedTuple):
    """Ids of one file's samples, in its order. fid is None where the file has only IIDs."""

    name: str
    fid: list | None
    iid: list

    def keys(self, by_family):
        """What identifies a sample: its IID, or (FID, IID)."""
        return list(zip(self.fid, self.iid, strict=True)) if by_family else self.iid


def needs_family(files):
    """Whether an IID stands for two people in one of the files, so that FIDs are needed too.

    Raises GemcontError when they are needed and a file has none.
    """
    repeated = next(((f, iid) for f in files if (iid := _shared_iid(f)) is not None), None)
    if repeated is None:
        return False
    file, iid = repeated
    if file.fid is None:
        raise GemcontError(f"{file.name}: sample {iid} stands twice; keep one")
    for other in files:
        if other.fid is None:
            raise GemcontError(
                f"{other.name}: has no FID column, but IID {iid} stands twice in {file.name}; "
                "add FIDs so that the two can be told apart"
            )
    return True


def _shared_iid(ids):
    """The first IID that stands in two rows of the file, or None."""
    if len(set(ids.iid)) == len(ids.iid):
        return None
    return next(iid for iid, count in Counter(ids.iid).items() if count > 1)


def match_samples(reference, tables, lists=()):
    """Where each sample of the genotype file stands in every table and list.

    reference: ``SampleIds`` of the genotypes; tables: ids of tables, one row per sample; lists:
    ids of keep and remove lists, in which a repeated line changes nothing. Samples are matched
    by IID when IIDs are unique in every file, else by FID and IID.

    Returns for each table an int64 array over the reference's samples, the row or ``ABSENT``,
    and for each list a boolean array. Raises GemcontError for an id that stands twice in a
    table and for a table that shares no sample with the genotypes.
    """
    lists = [_without_repeats(ids) for ids in lists]
    by_family = needs_family([reference, *tables, *lists])
    keys = reference.keys(by_family)
    rows = [_rows(ids, keys, by_family) for ids in tables]
    for ids, found in zip(tables, rows, strict=True):
        if (found == ABSENT).all():
            raise GemcontError(_nothing_shared(reference, ids))
    members = [_members(ids.keys(by_family), keys) for ids in lists]
    return rows, members


def _members(wanted, keys):
    wanted = set(wanted)
    return np.array([key in wanted for key in keys], dtype=bool)


def _without_repeats(ids):
    fid = ids.iid if ids.fid is None else ids.fid
    pairs = list(dict.fromkeys(zip(fid, ids.iid, strict=True)))
    return SampleIds(ids.name, ids.fid and [f for f, _ in pairs], [i for _, i in pairs])


def _rows(ids, keys, by_family):
    row_of = {}
    for row, key in enumerate(ids.keys(by_family)):
        if row_of.setdefault(key, row) != row:
            shown = f"FID {key[0]} IID {key[1]}" if by_family else key
            raise GemcontError(
                f"{ids.name}: sample {shown} stands twice (data rows {row_of[key] + 1} and "
                f"{row + 1}); keep one"
            )
    return np.array([row_of.get(key, ABSENT) for key in keys], dtype=np.int64)


def _nothing_shared(reference, table):
    """The message for no common sample: three ids of each side and the likely cause."""
    cause = _likely_cause(reference, table)
    return (
        f"no sample of {table.name} is in {reference.name} "
        f"({_examples(table)} against {_examples(reference)}); {cause}"
    )


def _examples(ids):
    fids = ids.fid if ids.fid is not None else ["-"] * len(ids.iid)
    return ", ".join(f"{f} {i}" for f, i in zip(fids[:3], ids.iid[:3], strict=True))


def _likely_cause(reference, table):
    known = set(reference.iid)
    joined = {f"{f}_{i}" for f, i in zip(reference.fid, reference.iid, strict=True)}
    if known & set(table.iid):
        return "IIDs agree but FIDs do not, and IIDs alone are not unique"
    stripped = {i.lstrip("0") for i in known}
    if joined & set(table.iid):
        return "the table's ids are FID_IID joined: split them into two columns"
    if any("_" in i and i.split("_", 1)[1] in known for i in table.iid):
        return "the table's ids are FID_IID joined: split them into two columns"
    if stripped & {i.lstrip("0") for i in table.iid}:
        return "one side has lost its leading zeros"
    if {i.lower() for i in known} & {i.lower() for i in table.iid}:
        return "they differ in upper and lower case"
    if table.fid is not None and known & set(table.fid):
        return "the table's FID and IID columns are swapped"
    return "the ids must be those of the genotype file"
