"""The scan from files to files: whole, resumed, or one chunk of an array job."""

import dataclasses
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gemcont.errors import GemcontError
from gemcont.settings.flags import settings_of
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.embeddings import embedding_facts
from gemcont.tables.files import remove, unwritable
from gemcont.workflows.gwas.files.fingerprint import fingerprint
from gemcont.workflows.gwas.files.journal import Journal, has_work, read_fingerprint
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.run_log import log_end
from gemcont.workflows.gwas.scan.blocks import (
    chunk_block_size,
    refuse_too_many_chunks,
    variants_of_chunk,
)

if TYPE_CHECKING:
    from gemcont.workflows.gwas.files.inputs import Files
    from gemcont.workflows.gwas.run import GwasRun

log = logging.getLogger(__name__)

_HOW = ("threads", "memory", "block_size")  # settings that results do not depend on


def write_gwas(
    files: "Files",
    outputs: Outputs | str,
    *,
    resume: bool = False,
    chunk: tuple[int, int] | None = None,
    report: Callable | None = None,
    progress: bool = False,
    **settings,
) -> "GwasRun | None":
    """Scan genotype files against a table of traits and write the results.

    Result files appear whole or not at all.

    Args:
        files: what is read.
        outputs: names and layout of the results, or their prefix.
        resume: whether to continue from what a killed run left in PREFIX.partial, if anything.
        chunk: (i, n): only the i-th of n parts of the variants, kept for ``merge_gwas``.
        report: function of the finished run and its outputs that writes the summary and pictures.
        progress: whether a bar is shown on a terminal.
        settings: fields of ``GwasSettings``.

    Returns:
        The run, None for a chunk that was finished before.
    """
    started, work, run = time.perf_counter(), None, None
    if not isinstance(outputs, Outputs):
        outputs = Outputs(os.fspath(outputs))
    try:
        work, run = _begin(files, outputs, settings, chunk=chunk, resume=resume, progress=progress)
        if work is None:
            return None
        for block in run.blocks(progress=progress, encode=work.encoders):
            added = time.perf_counter()
            work.add(block, run.tally)
            run.book("write", time.perf_counter() - added)
        if chunk is None:
            finish(work, run, outputs, report)
        else:
            _keep_chunk(work, run, outputs, chunk)
    except OSError as error:
        raise _with_hint(unwritable(error.filename or outputs.prefix, error), work) from error
    except GemcontError as error:
        raise _with_hint(error, work) from error
    except KeyboardInterrupt:
        log.info("%s", _with_hint("interrupted", work))
        raise
    finally:
        if work is not None and work.n_blocks == 0:
            remove(work.folder)
    log.info("done in %.1f s", time.perf_counter() - started)
    return run


def _begin(files, outputs, settings, *, chunk, resume, progress):
    """Return the journal and the run; (None, None) for a chunk that was finished before."""
    folder = f"{outputs.prefix}.partial"
    if resume and chunk is not None and os.path.exists(f"{outputs.prefix}.blocks"):
        log.info("%s.blocks is complete already", outputs.prefix)
        return None, None
    if resume and not has_work(folder):
        log.info("--resume: there is no %s, all is done anew", folder)
        resume = False
    if resume and settings.get("block_size") is None:  # whatever --threads and --memory are now
        settings = settings | {"block_size": read_fingerprint(folder)["block size"]}
    run, now = prepare_files(files, outputs, settings, chunk, progress)
    work = Journal(folder, now, outputs.parts(run, folder))
    if not resume:
        work.begin()
        return work, run
    run.count(*work.resume())
    log.info("going on after %d of %d variants", run.n_read, len(run.variants))
    return work, run


def _with_hint(message, work):
    """Return the message, with a hint at --resume if there is work to continue."""
    if work is None or work.n_blocks == 0 or not has_work(work.folder):
        return GemcontError(f"{message}")
    return GemcontError(f"{message}; the same command with --resume goes on from {work.folder}")


def prepare_files(
    files: "Files",
    outputs: Outputs,
    given: dict,
    chunk: tuple[int, int] | None,
    progress: bool = False,
) -> "tuple[GwasRun, dict]":
    """Return the ``GwasRun`` (of a chunk, if one is asked for) and its fingerprint."""
    settings, started = settings_of(GwasSettings, given), time.perf_counter()
    if not isinstance(settings.kinship, str | os.PathLike | None):
        raise GemcontError("kinship: files of results need a path; run_gwas takes arrays")
    source, traits, covariates = files.open()
    read = time.perf_counter() - started
    if chunk is not None:
        size = settings.block_size or chunk_block_size(source)
        settings = dataclasses.replace(settings, block_size=size)
        refuse_too_many_chunks(source, settings, *chunk)
    run = prepare(source, traits, covariates, settings, progress=progress)
    run.seconds["read"] = read
    outputs.check(run)
    stores = settings.dense or settings.save_products
    facts = embedding_facts(files.pheno) if stores and files.pheno is not None else None
    run.encoder = None if facts is None else facts.model
    asked: dict = {"files": dataclasses.asdict(dataclasses.replace(files, genotypes=source.name))}
    asked["outputs"] = {k: v for k, v in dataclasses.asdict(outputs).items() if k != "prefix"}
    known = dataclasses.asdict(settings)
    asked |= {name: value for name, value in known.items() if name not in _HOW}
    asked["encoder"] = run.encoder
    run.asked = asked
    now = fingerprint(
        [*files.paths(source, settings), *run.relatives.files], asked | {"chunk": chunk}, run.size
    )
    if chunk is not None:
        run.variants = run.variants[variants_of_chunk(run, *chunk)]
    return run, now


def finish(work: Journal, run: "GwasRun", outputs: Outputs, report: Callable | None) -> None:
    """Write the result files of a finished scan, its summary and pictures."""
    if run.n_rows == 0:
        remove(work.folder)
    run.refuse_empty()
    log_end(run)
    started = time.perf_counter()
    run.written_by_outputs = outputs.finish(run, work.parts)
    run.seconds["finish"] = time.perf_counter() - started
    if report is not None:
        report(run, outputs)
    remove(work.folder)  # last: whatever fails before it can be done again


def _keep_chunk(work, run, outputs, chunk):
    kept = f"{outputs.prefix}.blocks"
    remove(kept)
    os.rename(work.folder, kept)
    log.info("%d variants of chunk %d of %d are in %s", run.n_read, *chunk, kept)
