"""GRM computed once for many scans: its matrix and eigenvectors, also without each chromosome."""

import json
import logging
import os
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import gemcont
from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import autosomes_of
from gemcont.settings.flags import settings_of
from gemcont.settings.kinship import KinshipSettings
from gemcont.stats.mixed.model import decompose
from gemcont.tables.files import as_file_name, remove, unfinished
from gemcont.tables.kinship_files import fingerprint, write_eigen
from gemcont.tables.kinship_files import write_kinship as write_matrix
from gemcont.tables.outputs import OutputFiles
from gemcont.workflows.common.array_genotypes import labelled_source
from gemcont.workflows.common.memory import refuse_too_many, side_by_side
from gemcont.workflows.common.pictures import draw_pictures
from gemcont.workflows.common.samples import kept_samples, kept_variants, log_selection
from gemcont.workflows.kinship.matrices import Computed, autosomal, canonical_names

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_NAMES = ("grm.npy", "grm.id", "eigen.npz", "summary.json", "kinship.png")


def run_kinship(
    genotypes: object,
    *,
    sample: str | os.PathLike | None = None,
    progress: bool = False,
    **settings,
) -> "pd.DataFrame":
    """Compute the genetic relationship matrix (GRM) of the autosomes, in memory.

    Args:
        genotypes: a PLINK prefix, .pgen or .bgen, a ``GenotypeSource``, or a DataFrame of dosages
            (variants, samples) whose columns are named by sample id.
        sample: the .sample file of a .bgen.
        progress: whether a bar is shown.
        settings: fields of ``KinshipSettings``: kinship_type="centred" | "standardised",
            kinship_maf, keep, remove, extract, exclude, ...

    Returns:
        pandas DataFrame (samples, samples), labelled by sample id on both sides (by FID and IID
        where two samples have one IID), as ``run_gwas(kinship=)`` takes it.

    Raises:
        GemcontError: a mistake in the input.
    """
    chosen = settings_of(KinshipSettings, settings)
    if chosen.loco:
        raise GemcontError("loco: matrices without a chromosome are files; use write_kinship")
    grm = _prepared(labelled_source(genotypes, sample), chosen, progress)
    return _labelled(grm.computed.matrix(grm.samples), *grm.ids)


def write_kinship(
    genotypes: object,
    prefix: str,
    *,
    sample: str | os.PathLike | None = None,
    plot: bool = True,
    progress: bool = False,
    **settings,
) -> None:
    """Compute the GRM of a genotype file and write what ``gemcont-gwas --kinship PREFIX`` reads.

    Writes PREFIX.grm.npy (samples, samples), PREFIX.grm.id (FID IID), PREFIX.eigen.npz,
    PREFIX.summary.json, a picture, and with ``loco`` the first three for the GRM without each
    autosome, PREFIX.loco/CHR.*.

    Args:
        genotypes: as in ``run_kinship``; so are sample, progress and settings.
        prefix: PREFIX.
        sample: the .sample file of a .bgen.
        plot: whether the picture is drawn.
        progress: whether a bar is shown.
        settings: fields of ``KinshipSettings``.
    """
    started = time.perf_counter()
    chosen = settings_of(KinshipSettings, settings)
    grm = _prepared(labelled_source(genotypes, sample), chosen, progress, prefix)
    with threadpool_limits(grm.threads, user_api="blas"):
        remove(f"{prefix}.loco")  # an earlier run's, of another matrix
        written = _write_one(prefix, grm.computed.matrix(grm.samples), grm.ids)
        if grm.left_out:
            _write_loco(prefix, grm, progress)
    _report(prefix, grm, written, plot)
    log.info("done in %.1f s", time.perf_counter() - started)


class _Grm(NamedTuple):
    """A computed GRM.

    settings: autosomes filled in
    computed: the matrix
    samples: int64 (samples,), indices in the genotype file
    ids: FID and IID of the samples
    left_out: names of the chromosomes to leave out in turn, [] without --loco
    threads: number of threads
    """

    settings: KinshipSettings
    computed: Computed
    samples: np.ndarray
    ids: list[list[str]]
    left_out: list[str]
    threads: int


def _prepared(source, settings, progress, prefix=None):
    """Compute the GRM of a source; prefix: where files will be written, None in memory."""
    settings = replace(settings, autosomes=autosomes_of(source, settings.autosomes))
    source.log_contents()
    threads = settings.threads or available_threads()
    samples, variants = _samples(source, settings), _variants(source, settings)
    left_out = _chromosomes(source, variants, settings)
    if prefix is not None:
        _refuse_full_disk(prefix, len(samples), len(left_out))
    refuse_too_many(len(samples), threads=threads, loco=settings.loco)
    computed = Computed(source, settings, variants)
    ids = [source.samples[name][samples].to_list() for name in ("fid", "iid")]
    with threadpool_limits(threads, user_api="blas"):
        computed.prepare(samples, progress=progress)
    return _Grm(
        settings=settings,
        computed=computed,
        samples=samples,
        ids=ids,
        left_out=left_out,
        threads=threads,
    )


def _labelled(matrix, fid, iid):
    import pandas as pd

    index = pd.Index(iid, name="IID")
    if len(set(iid)) < len(iid):
        index = pd.MultiIndex.from_arrays([fid, iid], names=["FID", "IID"])
    return pd.DataFrame(matrix, index=index, columns=index)


def refuse_inputs(prefix: str, inputs: Iterable[str]) -> None:
    """Raise GemcontError if a file that will be written is one of the inputs."""
    OutputFiles(prefix, _NAMES).refuse_inputs(inputs)


def _samples(source, settings):
    """Return ascending indices of the samples that --keep and --remove leave."""
    kept, removed = kept_samples(source, settings)
    log_selection("samples analysed", kept.sum(), source.n_samples, removed)
    if kept.sum() < 2:
        raise GemcontError(f"--keep, --remove: {kept.sum()} samples are left of {source.name}")
    return np.flatnonzero(kept)


def _variants(source, settings):
    """Return ascending indices of the autosomal variants that --extract and --exclude leave."""
    chosen, removed = kept_variants(source, settings)
    log_selection("variants selected", len(chosen), source.n_variants, removed)
    chosen = np.intersect1d(chosen, autosomal(source, settings.autosomes))
    if not len(chosen):
        raise GemcontError("--extract, --exclude: no variant on an autosome is left")
    return chosen


def _chromosomes(source, variants, settings):
    """Return the names of the autosomes to leave out in turn; [] without --loco."""
    if not settings.loco:
        return []
    column = canonical_names(source.variants["chromosome"][variants], settings.autosomes)
    names = column.unique(maintain_order=True).to_list()
    if len(names) < 2:
        raise GemcontError(f"--loco: all variants of the GRM are on chromosome {names[0]}")
    return names


def _refuse_full_disk(prefix, n_samples, n_chromosomes):
    """Raise GemcontError if the matrices and eigenvectors will not fit on the disk."""
    need = 16 * n_samples**2 * (1 + n_chromosomes)  # two float64 matrices each
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(prefix))).free
    if need > free:
        raise GemcontError(
            f"--out: the matrices of {n_samples} samples take {need / 2**30:.1f} GiB, "
            f"{free / 2**30:.1f} are free there"
        )


def _write_one(prefix, matrix, ids):
    """Write a matrix with its ids and eigenvectors; return it and its ``Decomposition``."""
    remove(f"{prefix}.eigen.npz")  # an earlier run's, of another matrix
    eigen = decompose(matrix)
    write_matrix(prefix, matrix, *ids)
    digest = fingerprint(matrix)
    write_eigen(f"{prefix}.eigen.npz", eigen.values, eigen.vectors, eigen.n_clipped, digest)
    return matrix, eigen


def _write_loco(prefix, grm, progress):
    """Write PREFIX.loco, whole or not at all, a thread for each chromosome as memory allows."""
    at_once, names = side_by_side(len(grm.samples), grm.threads), grm.left_out
    bar = tqdm(
        total=len(names), unit=" chromosomes", desc="LOCO", disable=None if progress else True
    )
    with (
        unfinished(f"{prefix}.loco") as folder,
        ThreadPoolExecutor(at_once) as pool,
        threadpool_limits(grm.threads // at_once, user_api="blas"),
        bar,
    ):
        os.mkdir(folder)

        def write(name: str) -> None:
            """Write the matrix without one chromosome."""
            matrix = grm.computed.matrix(grm.samples, name)
            _write_one(f"{folder}/{as_file_name(name)}", matrix, grm.ids)
            bar.update()

        list(pool.map(write, names))
    log.info("%s.loco: the GRM without each of %d chromosomes", prefix, len(names))


def _report(prefix, grm, written, plot):
    """Log the matrix, and write PREFIX.summary.json and the picture."""
    matrix, decomposition = written
    diagonal = np.diag(matrix)
    log.info(
        "mean of the diagonal %.4f, largest pair %.4f, eigenvalues below 0 set to 0: %d",
        diagonal.mean(),
        max((row[:i].max(initial=-np.inf) for i, row in enumerate(matrix)), default=np.nan),
        decomposition.n_clipped,
    )
    summary = {
        "gemcont": gemcont.__version__,
        "settings": asdict(grm.settings),
        "n_samples": len(grm.samples),
        **grm.computed.facts,
        "mean_diagonal": float(diagonal.mean()),
        "largest_eigenvalue": float(decomposition.values[-1]),
        "eigenvalues_clipped": decomposition.n_clipped,
    }
    with unfinished(f"{prefix}.summary.json") as temporary, open(temporary, "w") as file:
        json.dump(summary, file, indent=2)
        file.write("\n")
    if plot:
        _draw(prefix, *written, grm.computed.facts["n_variants"])
    else:
        remove(f"{prefix}.kinship.png")


def _draw(prefix, matrix, decomposition, n_variants):
    from gemcont.plots.kinship import kinship

    title = f"{len(matrix):,} samples, {n_variants:,} variants"
    draw_pictures(prefix, {"kinship": lambda: kinship(matrix, decomposition.values, title=title)})
