"""The only place where sample ids are matched: ids in, integer indices out."""

import logging
from collections import Counter
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

NO_ROW = -1


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


def match_samples(reference, tables, *, say=True):
    """Return where each sample of the genotype file stands in every table.

    reference: ``SampleIds`` of the genotypes; tables: ids of tables, one row per sample. Samples
    are matched by IID when IIDs are unique in every file, else by FID and IID.

    Returns for each table an int64 array over the reference's samples, the row or ``NO_ROW``. Logs
    who of a table is not there, with the likely cause where one shows, and warns where the IIDs
    of two files agree but their FIDs do not. Raises GemcontError for an id that stands twice in a
    table and for a table that shares no sample with the genotypes. say: whether to log.
    """
    by_family = needs_family([reference, *tables])
    keys = reference.keys(by_family)
    rows = [_rows(ids, keys, by_family) for ids in tables]
    for ids, found in zip(tables, rows, strict=True):
        if (found == NO_ROW).all():
            raise GemcontError(_nothing_shared(reference, ids))
        if say:
            _log_strangers(reference, ids, found)
        if say and not by_family:
            _warn_other_families(reference, ids, found)
    return rows


def members(reference, ids):
    """Return which samples of the genotypes are among ``SampleIds``: bool (samples,).

    A repeated line changes nothing, and nothing is said of who is not there.
    """
    return _found(reference, _without_repeats(ids))[0] != NO_ROW


def _found(reference, ids):
    by_family = needs_family([reference, ids])
    return _rows(ids, reference.keys(by_family), by_family), by_family


def match_list(reference, ids, flag):
    """Return which samples of the genotypes a list names: bool (samples,).

    A repeated line changes nothing. flag: what asked for the list. Warns of names that are not in
    the genotypes, and of samples whose FID is another one there. Raises GemcontError for a list
    of which no sample is there: nobody would be kept, or removed.
    """
    ids = _without_repeats(ids)
    found, by_family = _found(reference, ids)
    if ids.iid and (found == NO_ROW).all():
        raise GemcontError(f"{flag}: {_nothing_shared(reference, ids)}")
    _log_strangers(reference, ids, found, flag)
    if not by_family:
        _warn_other_families(reference, ids, found)
    return found != NO_ROW


def _log_strangers(reference, ids, found, flag=None):
    """Say how many of a table or list are not in the genotypes, and warn where a cause shows."""
    here = set(found[found != NO_ROW].tolist())
    rows = [row for row in range(len(ids.iid)) if row not in here]
    if not rows:
        return
    fid = None if ids.fid is None else [ids.fid[row] for row in rows]
    some = SampleIds(ids.name, fid, [ids.iid[row] for row in rows])
    cause = _shown_cause(reference, some)
    what = f"{flag}: %d ids" if flag else "%d samples"
    log.log(
        logging.WARNING if cause or flag else logging.INFO,
        f"{what} of %s are not in %s (%s ...)%s",
        len(rows),
        ids.name,
        reference.name,
        ", ".join(some.iid[:3]),
        f": {cause}" if cause else "",
    )


def _warn_other_families(reference, ids, found):
    """Warn where people are matched by IID though both files name families, other ones."""
    if ids.fid is None or reference.fid is None:
        return
    here = np.flatnonzero(found != NO_ROW)
    other = [
        (i, row)
        for i, row in zip(here.tolist(), found[here].tolist(), strict=True)
        if reference.fid[i] != ids.fid[row]
        and not {reference.fid[i], ids.fid[row]} & {"0", reference.iid[i]}
    ]
    if other:
        i, row = other[0]
        log.warning(
            "%d samples of %s have another FID in %s (IID %s: %s there, %s here) and are matched "
            "by their IID: are they the same people?",
            len(other),
            ids.name,
            reference.name,
            ids.iid[row],
            reference.fid[i],
            ids.fid[row],
        )


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
    return np.array([row_of.get(key, NO_ROW) for key in keys], dtype=np.int64)


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
    """Why no sample is shared, in words."""
    if set(reference.iid) & set(table.iid):
        return "IIDs agree but FIDs do not, and IIDs alone are not unique"
    return _shown_cause(reference, table) or "the ids must be those of the genotype file"


def _shown_cause(reference, strangers):
    """Why ids do not match, where the ids themselves show it; None else."""
    known, theirs = set(reference.iid), set(strangers.iid)
    fid = reference.fid or reference.iid
    joined = {f"{f}_{i}" for f, i in zip(fid, reference.iid, strict=True)}
    if joined & theirs or any("_" in i and i.split("_", 1)[1] in known for i in theirs):
        return "these ids are FID_IID joined: split them into two columns"
    halves = {i.split("_", 1)[1] for i in known if "_" in i}
    if halves & theirs:
        return f"the ids of {reference.name} are FID_IID joined"
    if any(i.endswith(".0") and i[:-2] in known for i in theirs):
        return "the ids have become decimals (.0): write them as text"
    if {i.lstrip("0") for i in known} & {i.lstrip("0") for i in theirs}:
        return "one side has lost its leading zeros"
    if {i.lower() for i in known} & {i.lower() for i in theirs}:
        return "they differ in upper and lower case"
    if {i.strip("\"' ") for i in theirs} & known:
        return "the ids stand in quotes"
    if any("," in i and i.split(",", 1)[0] in known for i in theirs):
        return "the ids have commas behind them"
    if strangers.fid is not None and known & set(strangers.fid):
        return "the FID and IID columns are swapped, or the first column holds the IIDs"
    if any("e+" in i.lower() for i in theirs):
        return "the ids were written as numbers (1e+06): write them as text"
    return None
