"""Matching of samples by their ids, for all rooms: ids in, integer indices out."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

NO_ROW = -1


class SampleIds(NamedTuple):
    """Ids of one file's samples, in its order.

    Attributes:
        name: of the file, for messages
        fid: FIDs, None if the file has only IIDs
        iid: IIDs
    """

    name: str
    fid: list[str] | None
    iid: list[str]

    def keys(self, by_family: bool) -> list:
        """Return each sample's key: its IID, or (FID, IID)."""
        if by_family and self.fid is not None:  # ``needs_family`` has seen to it
            return list(zip(self.fid, self.iid, strict=True))
        return self.iid


def needs_family(files: Sequence[SampleIds]) -> bool:
    """Return whether an IID is used for two samples of one file, so that FIDs are needed too.

    Raises GemcontError if they are needed and a file has none.
    """
    repeated = next(((f, iid) for f in files if (iid := _shared_iid(f)) is not None), None)
    if repeated is None:
        return False
    file, iid = repeated
    if file.fid is None:
        raise GemcontError(f"{file.name}: duplicate sample {iid}; keep one")
    for other in files:
        if other.fid is None:
            raise GemcontError(
                f"{other.name}: has no FID column, but IID {iid} is used twice in {file.name}; "
                "add FIDs so that the two can be told apart"
            )
    return True


def _shared_iid(ids):
    """Return the first IID that is in two rows of the file, or None."""
    if len(set(ids.iid)) == len(ids.iid):
        return None
    return next(iid for iid, count in Counter(ids.iid).items() if count > 1)


def match_samples(
    reference: SampleIds, tables: Sequence[SampleIds], *, say: bool = True
) -> list[np.ndarray]:
    """Find the row of each sample of the genotype file in every table.

    Samples are matched by IID if IIDs are unique in every file, else by FID and IID. Samples of a
    table that are not in the genotypes are logged, with the likely cause if one shows; so are
    samples whose IIDs agree but whose FIDs do not.

    Args:
        reference: ids of the genotype file.
        tables: ids of tables, one row per sample.
        say: whether to log.

    Returns:
        For each table int64 (samples of the reference,), the row or ``NO_ROW``.

    Raises:
        GemcontError: a duplicate sample in a table, or a table that shares no sample with the
            genotypes.
    """
    by_family = needs_family([reference, *tables])
    keys = reference.keys(by_family)
    rows = [_rows(ids, keys, by_family) for ids in tables]
    for ids, row_of_sample in zip(tables, rows, strict=True):
        if (row_of_sample == NO_ROW).all():
            raise GemcontError(_nothing_shared(reference, ids))
        if say:
            _log_strangers(reference, ids, row_of_sample)
        if say and not by_family:
            _warn_other_families(reference, ids, row_of_sample)
    return rows


def members(reference: SampleIds, ids: SampleIds) -> np.ndarray:
    """Return which samples of the genotypes are among ``SampleIds``: bool (samples,).

    Repeated lines do not matter, and ids that are not in the genotypes are not logged.
    """
    return _matched(reference, _without_repeats(ids))[0] != NO_ROW


def _matched(reference, ids):
    """Return the row of each sample of the reference, and whether FIDs were needed."""
    by_family = needs_family([reference, ids])
    return _rows(ids, reference.keys(by_family), by_family), by_family


def match_list(reference: SampleIds, ids: SampleIds, flag: str) -> np.ndarray:
    """Return which samples of the genotypes are on a list: bool (samples,).

    Repeated lines do not matter. Warns of ids that are not in the genotypes, and of samples whose
    FID there is a different one.

    Args:
        reference: ids of the genotype file.
        ids: the list.
        flag: the option that gave the list, for messages.

    Raises:
        GemcontError: no sample of the list is in the genotypes, so that nobody would be kept or
            removed.
    """
    ids = _without_repeats(ids)
    row_of_sample, by_family = _matched(reference, ids)
    if ids.iid and (row_of_sample == NO_ROW).all():
        raise GemcontError(f"{flag}: {_nothing_shared(reference, ids)}")
    _log_strangers(reference, ids, row_of_sample, flag)
    if not by_family:
        _warn_other_families(reference, ids, row_of_sample)
    return row_of_sample != NO_ROW


def _log_strangers(reference, ids, row_of_sample, flag=None):
    """Log how many ids of a table or list are not in the genotypes, and warn if a cause shows."""
    used = set(row_of_sample[row_of_sample != NO_ROW].tolist())
    rows = [row for row in range(len(ids.iid)) if row not in used]
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


def _warn_other_families(reference, ids, row_of_sample):
    """Warn of samples matched by IID though both files name families, different ones."""
    if ids.fid is None or reference.fid is None:
        return
    here = np.flatnonzero(row_of_sample != NO_ROW)
    other = [
        (i, row)
        for i, row in zip(here.tolist(), row_of_sample[here].tolist(), strict=True)
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
                f"{ids.name}: duplicate sample {shown} (data rows {row_of[key] + 1} and "
                f"{row + 1}); keep one"
            )
    return np.array([row_of.get(key, NO_ROW) for key in keys], dtype=np.int64)


def _nothing_shared(reference, table):
    """Return the message for no common sample: three ids of each side and the likely cause."""
    cause = _likely_cause(reference, table)
    return (
        f"no sample of {table.name} is in {reference.name} "
        f"({_examples(table)} against {_examples(reference)}); {cause}"
    )


def _examples(ids):
    fids = ids.fid if ids.fid is not None else ["-"] * len(ids.iid)
    return ", ".join(f"{f} {i}" for f, i in zip(fids[:3], ids.iid[:3], strict=True))


def _likely_cause(reference, table):
    """Return the likely reason why no sample is shared."""
    if set(reference.iid) & set(table.iid):
        return "IIDs agree but FIDs do not, and IIDs alone are not unique"
    return _shown_cause(reference, table) or "the ids must be those of the genotype file"


def _shown_cause(reference, strangers):
    """Return the reason why ids do not match, if the ids themselves show it, else None."""
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
