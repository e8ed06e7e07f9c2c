"""Chunks of a scan, made on several machines, put together."""

import glob
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gemcont.errors import GemcontError
from gemcont.tables.files import remove, unwritable
from gemcont.workflows.gwas.files.fingerprint import difference
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.journal import Journal, read_fingerprint
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import finish, prepare_files
from gemcont.workflows.gwas.scan.blocks import variants_of_chunk

if TYPE_CHECKING:
    from gemcont.workflows.gwas.run import GwasRun

log = logging.getLogger(__name__)


def merge_gwas(
    prefix: str, *, threads: int | None = None, report: Callable | None = None
) -> "GwasRun":
    """Merge the chunks of PREFIX into the results of a scan in one go.

    Every chunk is checked: none missing, none twice, all of the same inputs and arguments. The
    inputs are read again for the null model.

    Args:
        prefix: prefix of the scan, the chunks' ``--out``.
        threads: number of threads, None = all processors.
        report: as in ``write_gwas``.
    """
    folders = _chunks(prefix)
    asked = _same_fingerprint(folders)
    size, _ = asked.pop("block size"), asked.pop("encoder")
    files = Files(**asked.pop("files"))
    outputs = Outputs(prefix, **asked.pop("outputs"))
    run, now = prepare_files(
        files, outputs, {**asked, "threads": threads, "block_size": size}, None
    )
    _refuse_other(folders[0], now)
    folder = f"{prefix}.partial"
    work = Journal(folder, now, outputs.parts(run, folder))
    try:
        work.begin()
        for i, chunk in enumerate(folders, 1):
            _absorb(work, run, outputs, chunk, (i, len(folders)))
        finish(work, run, outputs, report)
    except OSError as error:
        raise unwritable(error.filename or folder, error) from error
    finally:
        remove(folder)
    log.info("%d chunks put together; their folders may be deleted", len(folders))
    return run


def _absorb(work, run, outputs, folder, chunk):
    before = run.n_read
    run.count(*work.absorb(folder, outputs.parts(run, folder)))
    part = variants_of_chunk(run, *chunk)
    expected = len(run.variants[part])
    if run.n_read - before != expected:
        raise GemcontError(
            f"{folder}: {run.n_read - before} variants found, {expected} expected; run this chunk "
            "again"
        )


def _chunks(prefix):
    """Return the folders of chunks 1 to n. Raises GemcontError for missing chunks, or two sets."""
    pattern = re.compile(re.escape(prefix) + r"\.chunk-(\d+)-of-(\d+)\.blocks")
    names = glob.glob(glob.escape(prefix) + ".chunk-*-of-*.blocks")
    chunks = {tuple(map(int, m.groups())): name for name in names if (m := pattern.fullmatch(name))}
    if not chunks:
        raise GemcontError(f"--out: no {prefix}.chunk-I-of-N.blocks; run the chunks first")
    totals = sorted({n for _, n in chunks})
    if len(totals) > 1:
        raise GemcontError(
            f"--out: chunks of {totals[0]} and of {totals[1]} lie side by side; delete one set"
        )
    missing = [str(i) for i in range(1, totals[0] + 1) if (i, totals[0]) not in chunks]
    if missing:
        shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
        raise GemcontError(f"--out: of {totals[0]} chunks these are not finished: {shown}")
    return [chunks[i, totals[0]] for i in range(1, totals[0] + 1)]


def _same_fingerprint(folders):
    """Return the arguments and block size of all chunks. Raises GemcontError if they differ."""
    first = _without_chunk(read_fingerprint(folders[0]))
    for i, folder in enumerate(folders, 1):
        own = read_fingerprint(folder)
        if own["arguments"]["chunk"] != [i, len(folders)]:
            named = " of ".join(map(str, own["arguments"]["chunk"] or ("the whole",)))
            raise GemcontError(
                f"{folder} is chunk {named}: renamed or copied; run this chunk again"
            )
        changed = difference(first, _without_chunk(own), times=False)
        if changed:
            raise GemcontError(f"{folder} is of another run than {folders[0]}: {changed}")
    return first["arguments"] | {"block size": first["block size"]}


def _refuse_other(folder, now):
    changed = difference(_without_chunk(read_fingerprint(folder)), _without_chunk(now), times=False)
    if changed:
        raise GemcontError(f"{folder}: {changed}; run the chunks again")


def _without_chunk(own):
    arguments = {k: v for k, v in own["arguments"].items() if k != "chunk"}
    return own | {"arguments": arguments}
