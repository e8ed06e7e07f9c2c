"""The scan from files to files: whole, resumed, in chunks for array jobs, and put together."""

import dataclasses
import glob
import logging
import os
import re
import time

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.tables.embeddings import embedding_facts, facts_path
from gemcont.tables.files import remove, unwritable
from gemcont.tables.phenotypes import SampleTable, read_sample_table
from gemcont.workflows.fingerprint import difference, fingerprint
from gemcont.workflows.gwas import prepare
from gemcont.workflows.outputs import Outputs
from gemcont.workflows.progress import Progress, has_work, read_fingerprint
from gemcont.workflows.scan import block_edges
from gemcont.workflows.settings import GwasSettings

log = logging.getLogger(__name__)

_LISTS = ("keep", "remove", "extract", "exclude", "condition_list")
_HOW = ("threads", "memory", "block_size")  # settings that results do not depend on
_CHUNK_BLOCK_BYTES = 4 << 20  # of genotypes
_BESIDE = (".ids.tsv", ".names.txt")  # files that go with a table of traits in .npy


@dataclasses.dataclass(frozen=True)
class Files:
    """What a scan reads: a genotype file (or source), tables of traits and covariates, their paths.

    sample: the .sample file of a .bgen; pheno may be None for a .pgen whose .psam has traits
    """

    genotypes: object
    pheno: str | None = None
    covar: str | None = None
    sample: str | None = None

    def open(self):
        """The source, and the tables of traits and covariates (or None)."""
        source = open_genotypes(self.genotypes, sample=self.sample)
        source.log_contents()
        covariates = None if self.covar is None else read_sample_table(self.covar)
        return source, _traits_of(source, self.pheno), covariates

    def paths(self, source, settings):
        """Every file that is read."""
        given = [self.pheno, self.covar, *(getattr(settings, name) for name in _LISTS)]
        tables = [path for path in given if path is not None]
        arrays = [path.removesuffix(".npy") for path in tables if path.endswith(".npy")]
        beside = [stem + suffix for stem in arrays for suffix in _BESIDE]
        beside += [facts_path(path) for path in tables[:1]]
        return [*source.files, *tables, *(path for path in beside if os.path.exists(path))]


def write_gwas(
    files, outputs, *, resume=False, chunk=None, report=None, progress=False, **settings
):
    """Scan genotype files against a table of traits and write the results.

    files: ``Files``; outputs: ``Outputs``, names and layout of the result files; resume: go on
    with what a run that was killed left in PREFIX.partial, if it left anything; chunk: (i, n),
    only the i-th of n parts of the variants, kept for ``merge_gwas``; report: a function of the
    finished ``GwasRun`` and its outputs, which writes what stands beside the results; settings:
    fields of ``GwasSettings``.

    Result files appear whole or not at all. Returns the ``GwasRun``, None for a chunk that stood
    there already.
    """
    started, work, run = time.perf_counter(), None, None
    try:
        work, run = _begin(files, outputs, settings, chunk, resume, progress)
        if work is None:
            return None
        for block in run.blocks(progress=progress, encode=work.encoders):
            added = time.perf_counter()
            work.add(block, run.tallies())
            run.book("write", time.perf_counter() - added)
        if chunk is None:
            _finish(work, run, outputs, report)
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


def _begin(files, outputs, settings, chunk, resume, progress):
    """The ``Progress`` to go on with, and the ``GwasRun``; None, None if a chunk stands there."""
    folder = f"{outputs.prefix}.partial"
    if resume and chunk is not None and os.path.exists(f"{outputs.prefix}.blocks"):
        log.info("%s.blocks is whole already", outputs.prefix)
        return None, None
    if resume and not has_work(folder):
        log.info("--resume: there is no %s, all is done anew", folder)
        resume = False
    if resume and settings.get("block_size") is None:  # whatever --threads and --memory are now
        settings = settings | {"block_size": read_fingerprint(folder)["block size"]}
    run, now = _prepare(files, outputs, settings, chunk, progress)
    work = Progress(folder, now, outputs.parts(run, folder))
    if not resume:
        work.begin()
        return work, run
    for block in work.resume():
        run.count(block)
    run.count_tallies(work.tallies())
    log.info("going on after %d of %d variants", run.n_read, len(run.variants))
    return work, run


def _with_hint(message, work):
    """The message, and how to go on where there is something to go on from."""
    if work is None or work.n_blocks == 0 or not has_work(work.folder):
        return GemcontError(f"{message}")
    return GemcontError(f"{message}; the same command with --resume goes on from {work.folder}")


def _prepare(files, outputs, settings, chunk, progress=False):
    """The ``GwasRun`` (of a chunk, if one is asked for) and its fingerprint."""
    settings, started = GwasSettings.of(settings), time.perf_counter()
    if not isinstance(settings.kinship, str | os.PathLike | None):
        raise GemcontError("kinship: files of results need a path; run_gwas takes arrays")
    source, traits, covariates = files.open()
    read = time.perf_counter() - started
    if chunk is not None:
        size = settings.block_size or _chunk_block(source)
        settings = dataclasses.replace(settings, block_size=size)
        _refuse_too_many_chunks(source, settings, *chunk)
    run = prepare(source, traits, covariates, settings, progress=progress)
    run.seconds["read"] = read
    outputs.check(run)
    stores = settings.dense or settings.save_products
    facts = embedding_facts(files.pheno) if stores and files.pheno is not None else None
    run.encoder = None if facts is None else facts.model
    asked = {"files": dataclasses.asdict(dataclasses.replace(files, genotypes=source.name))}
    asked["outputs"] = {k: v for k, v in dataclasses.asdict(outputs).items() if k != "prefix"}
    known = dataclasses.asdict(settings)
    asked |= {name: value for name, value in known.items() if name not in _HOW}
    asked["encoder"] = run.encoder
    run.asked = asked
    now = fingerprint(
        [*files.paths(source, settings), *run.relatives.files], asked | {"chunk": chunk}, run.size
    )
    if chunk is not None:
        run.variants = run.variants[_share(run, *chunk)]
    return run, now


def _chunk_block(source):
    """Block size of chunks, the same on every node: whatever its threads and memory."""
    return int(np.clip(_CHUNK_BLOCK_BYTES // source.bytes_per_variant, 128, 2048))


def _refuse_too_many_chunks(source, settings, i, n):
    """Before anything is fitted: chunks are whole blocks, of one model each."""
    size = settings.block_size
    most = -(-source.n_variants // size)
    if settings.loco or settings.pred is not None:
        most += source.variants["chromosome"].n_unique()
    if n > most:
        raise _too_many_chunks(i, n, source.n_variants, most, size)


def _too_many_chunks(i, n, n_variants, n_blocks, size):
    return GemcontError(
        f"--chunk {i}/{n}: {n_variants} variants make {n_blocks} blocks of {size} at most; ask for "
        "fewer chunks or a smaller --block-size"
    )


def _share(run, i, n):
    """Slice of the i-th (from 1) of n parts of a run's variants, in whole blocks."""
    starts = [0, *block_edges(run.variants, run.plan, run.size), len(run.variants)]
    n_blocks = len(starts) - 1
    if n > n_blocks:
        raise _too_many_chunks(i, n, len(run.variants), n_blocks, run.size)
    return slice(starts[(i - 1) * n_blocks // n], starts[i * n_blocks // n])


def _finish(work, run, outputs, report):
    if run.n_rows == 0:
        remove(work.folder)
    run.log_end()
    started = time.perf_counter()
    run.written |= outputs.finish(run, work.parts)
    run.seconds["finish"] = time.perf_counter() - started
    if report is not None:
        report(run, outputs)
    remove(work.folder)  # last: whatever fails before it can be done again


def _keep_chunk(work, run, outputs, chunk):
    kept = f"{outputs.prefix}.blocks"
    remove(kept)
    os.rename(work.folder, kept)
    log.info("%d variants of chunk %d of %d are in %s", run.n_read, *chunk, kept)


def merge_gwas(prefix, *, threads=None, report=None):
    """Put the chunks of PREFIX together: files, and the ``GwasRun``, of a scan in one go.

    report: as of ``write_gwas``

    Every chunk is checked: none missing, none twice, all of the same inputs and arguments, which
    are read again for the null model. Returns the ``GwasRun``.
    """
    folders = _chunks(prefix)
    asked = _same_fingerprint(folders)
    size, _ = asked.pop("block size"), asked.pop("encoder")
    files = Files(**asked.pop("files"))
    outputs = Outputs(prefix, **asked.pop("outputs"))
    run, now = _prepare(files, outputs, {**asked, "threads": threads, "block_size": size}, None)
    _refuse_other(folders[0], now)
    folder = f"{prefix}.partial"
    work = Progress(folder, now, outputs.parts(run, folder))
    try:
        work.begin()
        for i, chunk in enumerate(folders, 1):
            _absorb(work, run, outputs, chunk, (i, len(folders)))
        _finish(work, run, outputs, report)
    except OSError as error:
        raise unwritable(error.filename or folder, error) from error
    finally:
        remove(folder)
    log.info("%d chunks put together; their folders may be deleted", len(folders))
    return run


def _absorb(work, run, outputs, folder, chunk):
    before = run.n_read
    chunk_work = Progress(folder, None, outputs.parts(run, folder))
    for block in work.absorb(chunk_work):
        run.count(block)
    run.count_tallies(chunk_work.tallies())
    part = _share(run, *chunk)
    expected = len(run.variants[part])
    if run.n_read - before != expected:
        raise GemcontError(
            f"{folder}: {run.n_read - before} variants found, {expected} expected; run this chunk "
            "again"
        )


def _chunks(prefix):
    """The folders of chunks 1 to n, or GemcontError naming what is missing or too much."""
    pattern = re.compile(re.escape(prefix) + r"\.chunk-(\d+)-of-(\d+)\.blocks")
    names = glob.glob(glob.escape(prefix) + ".chunk-*-of-*.blocks")
    found = {tuple(map(int, m.groups())): name for name in names if (m := pattern.fullmatch(name))}
    if not found:
        raise GemcontError(f"--out: no {prefix}.chunk-I-of-N.blocks; run the chunks first")
    totals = sorted({n for _, n in found})
    if len(totals) > 1:
        raise GemcontError(
            f"--out: chunks of {totals[0]} and of {totals[1]} lie side by side; delete one set"
        )
    missing = [str(i) for i in range(1, totals[0] + 1) if (i, totals[0]) not in found]
    if missing:
        shown = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
        raise GemcontError(f"--out: of {totals[0]} chunks these are not finished: {shown}")
    return [found[i, totals[0]] for i in range(1, totals[0] + 1)]


def _same_fingerprint(folders):
    """Arguments and block size that all chunks have, or GemcontError naming a difference."""
    first = _without_chunk(read_fingerprint(folders[0]))
    for i, folder in enumerate(folders, 1):
        found = read_fingerprint(folder)
        if found["arguments"]["chunk"] != [i, len(folders)]:
            own = " of ".join(map(str, found["arguments"]["chunk"] or ("the whole",)))
            raise GemcontError(f"{folder} is chunk {own}: renamed or copied; run this chunk again")
        changed = difference(first, _without_chunk(found), times=False)
        if changed:
            raise GemcontError(f"{folder} is of another run than {folders[0]}: {changed}")
    return first["arguments"] | {"block size": first["block size"]}


def _refuse_other(folder, now):
    changed = difference(_without_chunk(read_fingerprint(folder)), _without_chunk(now), times=False)
    if changed:
        raise GemcontError(f"{folder}: {changed}; run the chunks again")


def _without_chunk(found):
    arguments = {k: v for k, v in found["arguments"].items() if k != "chunk"}
    return found | {"arguments": arguments}


def _traits_of(source, pheno):
    """The table of --pheno, else the traits that the genotype file itself brings."""
    if pheno is not None:
        return read_sample_table(pheno)
    columns = getattr(source, "traits", pl.DataFrame())
    if not columns.width:
        raise GemcontError("--pheno: a table of traits is needed (only a .psam may bring its own)")
    psam = source.files[1]
    return SampleTable(psam, *source.sample_ids[1:], columns, psam)
