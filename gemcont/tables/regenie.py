"""REGENIE's step-1 predictions: a _pred.list of traits, and for each its .loco file."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError
from gemcont.text.files import read_text

_HEADER = "FID_IID"
_MISSING = b"NA"
_GIVE_LIST = "give the _pred.list of REGENIE's step 1"


class Predictions(NamedTuple):
    """Leave-one-chromosome-out predictions of traits.

    Attributes:
        name: the list, for messages.
        ids: str FID_IID of each sample.
        chromosomes: list of str, 23 is X.
        values: float64 (traits, chromosomes, samples), NaN where missing: the prediction for tests
            on a chromosome, from all the others.
        files: the paths that were read.
    """

    name: str
    ids: list[str]
    chromosomes: list[str]
    values: np.ndarray
    files: list[str]


class _Loco(NamedTuple):
    """Predictions of one trait's file: ids, chromosomes, and values (chromosomes, samples)."""

    path: str
    ids: list[str]
    chromosomes: list[str]
    values: np.ndarray


def read_predictions(path: str | os.PathLike, traits: Sequence[str]) -> Predictions:
    """Read the ``Predictions`` of the named traits, in their order, by a _pred.list.

    A line of the list is TRAIT PATH. PATH is looked for as it is, then from the list's folder,
    then by its last part in that folder, so that moved results are found. Samples and
    chromosomes are in the order of the first trait's file.

    Raises GemcontError naming the file and line: a trait that is not in the list or is a
    duplicate, a file that is missing or no .loco, other samples or chromosomes than the first's.
    """
    path = str(path)
    listed = _read_list(path)
    files = [_file_of(path, listed, trait) for trait in traits]
    first = _read_loco(files[0], path)
    values = np.empty((len(files), *first.values.shape))
    values[0] = first.values
    for number, file in enumerate(files[1:], 1):
        values[number] = _in_order_of(first, _read_loco(file, path))
    return Predictions(
        name=path,
        ids=first.ids,
        chromosomes=first.chromosomes,
        values=values,
        files=[path, *files],
    )


def _read_list(path):
    """Return the path of each trait as the list has it."""
    listed = {}
    for number, line in enumerate(_decoded(path, read_text(path)).split("\n"), 1):
        trait, *written = line.split(maxsplit=1) or [None]
        if trait is None:
            continue
        if trait == _HEADER:
            raise GemcontError(f"{path}: holds predictions itself; {_GIVE_LIST}, which names it")
        if not written or _is_no_path(path, written[0].rstrip()):
            raise GemcontError(f"{path}: line {number} is not 'TRAIT PATH'; {_GIVE_LIST}")
        if trait in listed:
            raise GemcontError(f"{path}: line {number}: duplicate trait {trait}; keep one line")
        listed[trait] = written[0].rstrip()
    return listed


def _is_no_path(path, written):
    """Return whether an entry is several words that are no file: the line of some other table."""
    return len(written.split()) > 1 and not any(map(os.path.exists, _candidates(path, written)))


def _candidates(path, written):
    """Return the paths where a file of the list may be."""
    folder = os.path.dirname(path)
    moved = os.path.join(folder, os.path.basename(written))
    return list(dict.fromkeys((written, os.path.join(folder, written), moved)))


def _file_of(path, listed, trait):
    if trait not in listed:
        names = list(listed)
        shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        raise GemcontError(f"{path}: trait {trait} is not in the list, which has {shown}")
    candidates = _candidates(path, listed[trait])
    existing = next((candidate for candidate in candidates if os.path.exists(candidate)), None)
    if existing is None:
        raise GemcontError(
            f"{path}: the file of trait {trait} is not there; looked for {', '.join(candidates)}"
        )
    return existing


def _decoded(path, data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None


def _read_loco(path, list_path):
    """Read a ``_Loco``; ``list_path`` named it."""
    lines = enumerate(read_text(path).split(b"\n"), 1)
    lines = [(number, line) for number, line in lines if line and not line.isspace()]
    ids = _header_ids(path, list_path, lines[0][1])
    if len(lines) == 1:
        raise GemcontError(f"{path}: has samples but no predictions; run REGENIE's step 1 again")
    chromosomes, values = [], np.empty((len(lines) - 1, len(ids)))
    for row, (number, line) in enumerate(lines[1:]):
        label, *fields = line.split()
        chromosomes.append(_chromosome(path, number, label, chromosomes))
        values[row] = _values(f"{path}: line {number} (chromosome {chromosomes[-1]})", fields, ids)
    return _Loco(path, ids, chromosomes, values)


def _header_ids(path, list_path, line):
    first, *ids = _decoded(path, line).split()
    if first != _HEADER:
        raise GemcontError(
            f"{path}: begins {first[:60]!r}, not {_HEADER}, so it is no .loco file; is {list_path} "
            "the _pred.list of REGENIE's step 1?"
        )
    if not ids:
        raise GemcontError(f"{path}: names no sample; run REGENIE's step 1 again")
    if len(set(ids)) < len(ids):
        twice = next(sample for sample, count in Counter(ids).items() if count > 1)
        raise GemcontError(f"{path}: duplicate sample {twice}; keep one")
    return ids


def _chromosome(path, number, label, before):
    label = label.decode(errors="replace")
    if label == "0":
        raise GemcontError(
            f"{path}: line {number} is chromosome 0, a score of the whole genome; {_GIVE_LIST}, "
            "not the _prs.list"
        )
    if not label.isdecimal():
        raise GemcontError(
            f"{path}: line {number} begins {label[:60]!r}, not the number of a chromosome (X is 23)"
        )
    if label in before:
        raise GemcontError(f"{path}: line {number}: duplicate chromosome {label}; keep one")
    return label


def _values(where, fields, ids):
    """Return float64 (samples,), NaN where missing, of a row's fields."""
    if len(fields) != len(ids):
        raise GemcontError(f"{where} has {len(fields)} values for {len(ids)} samples")
    cells = np.array(fields)
    known = cells != _MISSING
    values = np.full(len(ids), np.nan)
    try:
        values[known] = _as_floats(cells[known])
        fault = np.flatnonzero(known & ~np.isfinite(values))
    except ValueError:
        fault = [j for j, field in enumerate(fields) if field != _MISSING and not _is_number(field)]
    if len(fault):
        text = fields[fault[0]].decode(errors="replace")[:60]
        raise GemcontError(f"{where}, sample {ids[fault[0]]}: {text!r} is not a number or NA")
    return values


def _as_floats(cells):
    if b"_" in cells.tobytes():
        raise ValueError  # 1_3, an id, is thirteen to Python
    return cells.astype(np.float64)


def _is_number(field):
    try:
        return bool(np.isfinite(_as_floats(np.array([field]))[0]))
    except ValueError:
        return False


def _in_order_of(first, other):
    """Return the values of a file by the samples and chromosomes of the first."""
    _refuse_other_samples(first, other)
    if set(first.chromosomes) != set(other.chromosomes):
        raise GemcontError(
            f"{other.path}: has chromosomes {', '.join(other.chromosomes)}, but {first.path} has "
            f"{', '.join(first.chromosomes)}; take both from one run of REGENIE's step 1"
        )
    values = other.values[[other.chromosomes.index(label) for label in first.chromosomes]]
    if first.ids == other.ids:
        return values
    column_of = {sample: j for j, sample in enumerate(other.ids)}
    return values[:, [column_of[sample] for sample in first.ids]]


def _refuse_other_samples(first, other):
    if first.ids == other.ids:
        return
    for one, two in ((other, first), (first, other)):
        only = set(one.ids) - set(two.ids)
        if only:
            sample = next(sample for sample in one.ids if sample in only)
            raise GemcontError(
                f"{one.path}: sample {sample} is not in {two.path}; take both from one run of "
                "REGENIE's step 1"
            )


def split_ids(
    ids: Sequence[str], fid: Sequence[str], iid: Sequence[str], name: str = "the predictions"
) -> np.ndarray:
    """Return the position of each sample of the genotype file in ``ids``: int64 (N,), -1 if absent.

    Args:
        ids: FID and IID joined by "_" as REGENIE does.
        fid: FIDs of the genotype file's samples.
        iid: their IIDs.
        name: what the ids are of, for messages.

    Raises:
        GemcontError: one of the ids is two samples: FID a_b IID c and FID a IID b_c.
    """
    position_of = {sample: j for j, sample in enumerate(ids)}
    joined = [f"{f}_{i}" for f, i in zip(fid, iid, strict=True)]
    positions = np.array([position_of.get(sample, -1) for sample in joined], dtype=np.int64)
    counts = np.bincount(positions[positions >= 0], minlength=len(ids))
    if (counts > 1).any():
        one, two = np.flatnonzero(positions == counts.argmax())[:2]
        raise GemcontError(
            f"{name}: sample {joined[one]} is both FID {fid[one]} IID {iid[one]} and FID {fid[two]}"
            f" IID {iid[two]} of the genotype file; rename one before REGENIE's step 1"
        )
    return positions
