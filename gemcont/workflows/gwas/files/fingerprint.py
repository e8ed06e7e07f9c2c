"""What a scan's results depend on, so that pieces of different scans are never put together."""

import hashlib
import json
import os
from collections.abc import Iterable

import gemcont
from gemcont.errors import GemcontError
from gemcont.settings.flags import flag_name
from gemcont.settings.gwas import GwasCommand

_WHOLE = 4 << 20  # bytes: files up to here are hashed whole
_PIECES, _PIECE = 64, 64 << 10  # of larger ones, this many pieces of this size


def fingerprint(inputs: Iterable[str], arguments: dict, block_size: int) -> dict:
    """Describe what a scan's bytes depend on; equal dicts mean equal results.

    Args:
        inputs: paths of every file that is read.
        arguments: settings by name, without threads and memory.
        block_size: variants per block, where the outputs are cut.

    Returns:
        A dict, ready for JSON.
    """
    made = {
        "gemcont": gemcont.__version__,
        "arguments": arguments,
        "block size": block_size,
        "inputs": {path: _identity(path) for path in inputs},
    }
    return json.loads(json.dumps(made))  # tuples as lists, as it will be read back


def _identity(path):
    """Return the size, time of change and hash of a file: whole, or of 64 pieces spread over it."""
    try:
        with open(path, "rb") as file:
            stat = os.fstat(file.fileno())
            digest = hashlib.blake2b(digest_size=16)
            for start, length in _pieces(stat.st_size):
                file.seek(start)
                digest.update(file.read(length))
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None
    return {"bytes": stat.st_size, "changed": stat.st_mtime_ns, "hash": digest.hexdigest()}


def _pieces(size):
    if size <= _WHOLE:
        return [(0, size)]
    return [(i * (size - _PIECE) // (_PIECES - 1), _PIECE) for i in range(_PIECES)]


def difference(before: dict, now: dict, *, times: bool = True) -> str:
    """Return the difference between two fingerprints, in words; "" if there is none.

    Args:
        before: fingerprint of the work that is there.
        now: fingerprint of this run.
        times: whether a file that was touched since counts as another. Copies on another machine
            are the same file.
    """
    if before["gemcont"] != now["gemcont"]:
        return f"gemcont {before['gemcont']} then, {now['gemcont']} now"
    old, new = _flat(before["arguments"]), _flat(now["arguments"])
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            flag = flag_name(GwasCommand, name)
            return f"{flag} was {_shown(old.get(name))}, is {_shown(new.get(name))}"
    if before["block size"] != now["block size"]:
        return f"blocks of {before['block size']} variants then, {now['block size']} now"
    for path in sorted(before["inputs"].keys() | now["inputs"].keys()):
        old, new = before["inputs"].get(path), now["inputs"].get(path)
        if old is None or new is None:
            return f"{path} is read by only one of them"
        same = ("bytes", "hash", "changed") if times else ("bytes", "hash")
        if any(old[key] != new[key] for key in same):
            return f"{path} has changed"
    return ""


def _flat(arguments):
    """Return the arguments by name, with those of groups (files, outputs) among them."""
    flat = {}
    for name, value in arguments.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


def _shown(value):
    return "not given" if value in (None, False, [], ()) else f"{value}"
