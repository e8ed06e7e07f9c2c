"""The genome-wide association scan: ``run_gwas`` in memory, ``write_gwas`` from files to files."""

import logging
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES, ploidy, unknown_codes
from gemcont.genotype.filters import (
    FLAGS,
    FrequencyFilter,
    read_variant_list,
    select_variants,
)
from gemcont.genotype.source import ArraySource, GenotypeSource
from gemcont.stats.calibration import GENOME_WIDE, lambda_gc, lrt_true_rate
from gemcont.stats.multitrait import TESTS
from gemcont.tables.columns import NEG_LOG_10_P
from gemcont.tables.phenotypes import from_frame, read_sample_table
from gemcont.tables.sumstats import open_writer
from gemcont.workflows.cohort import assemble
from gemcont.workflows.scan import Plan, block_size, scan_blocks

log = logging.getLogger(__name__)

DEFAULT_MEMORY = 512  # MiB for blocks in flight
_INFLATED = 1.2  # lambda_gc above which the log asks why
_CALIBRATED = (0.95, 1.05)  # true over nominal rate of the LRT that needs no warning


@dataclass(frozen=True)
class GwasSettings:
    """Everything that decides a scan's results, and how it is computed.

    The names are those of the flags of ``gemcont-gwas``; None means not asked for. keep, remove,
    extract and exclude are paths of lists; memory is in MiB; block_size in variants.
    """

    trait_names: list | None = None
    covariate_names: list | None = None
    keep: str | None = None
    remove: str | None = None
    extract: str | None = None
    exclude: str | None = None
    chromosomes: str | None = None
    autosomes: int = HUMAN_AUTOSOMES
    maf: float | None = None
    mac: float | None = None
    geno: float | None = None
    missing_codes: tuple = ()
    rank_int: bool = False
    pcs: int | None = None
    test: str = "lrt"
    threads: int | None = None
    memory: int = DEFAULT_MEMORY
    block_size: int | None = None

    def __post_init__(self):
        if self.test not in TESTS:
            raise GemcontError(f"--test: {self.test!r} is not one of {', '.join(TESTS)}")


@dataclass
class GwasRun:
    """A prepared scan and, as it advances, its counts.

    neg_log_10_p, rows: -log10 p and index in the source of the rows written so far, one array a
    block. The properties below them are of the finished scan.
    """

    source: GenotypeSource
    cohort: object
    settings: GwasSettings
    variants: np.ndarray
    plan: Plan
    threads: int
    size: int
    removed_variants: dict
    seconds: dict = field(default_factory=dict)
    untestable: int = 0
    not_autosomal: int = 0
    neg_log_10_p: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def frames(self, *, progress=False):
        """Scan, yielding the result rows of every block as a polars table, in file order."""
        started = time.perf_counter()
        blocks = scan_blocks(
            self.source, self.variants, self.plan, size=self.size, threads=self.threads
        )
        with tqdm(
            total=len(self.variants), unit=" variants", disable=None if progress else True
        ) as bar:
            for block in blocks:
                self._count(block)
                bar.update(block.n_read)
                yield block.frame
        self.seconds["scan"] = time.perf_counter() - started
        self._log_end()

    def _count(self, block):
        for flag, count in zip(FLAGS, block.failed[1:], strict=True):
            if flag in self.removed_variants:
                self.removed_variants[flag] += int(count)
        self.untestable += block.untestable
        self.not_autosomal += block.not_autosomal
        self.neg_log_10_p.append(block.frame[NEG_LOG_10_P.name].to_numpy())
        self.rows.append(block.variants)

    def _log_end(self):
        left_out = ", ".join(f"{f} {n}" for f, n in self.removed_variants.items())
        log.info(
            "%d variants written%s", self.n_rows, f" (left out: {left_out})" if left_out else ""
        )
        if self.n_rows == 0:
            raise GemcontError(f"no variant is left after the filters ({left_out})")
        if self.untestable:
            log.info(
                "%d of them cannot be tested (no variance, or given by the covariates): NA",
                self.untestable,
            )
        if self.not_autosomal:
            log.warning(
                "%d variants on X, XY, Y, MT or haploid chromosomes are not tested yet: NA",
                self.not_autosomal,
            )
        hint = "; relatives or population structure?" if self.lambda_gc > _INFLATED else ""
        log.info("lambda_gc %.4f%s", self.lambda_gc, hint)

    @property
    def n_rows(self):
        """Rows that have passed the filters so far."""
        return sum(len(rows) for rows in self.rows)

    @cached_property
    def all_neg_log_10_p(self):
        """-log10 p (rows,), NaN where a variant cannot be tested."""
        return np.concatenate(self.neg_log_10_p)

    @cached_property
    def row_variants(self):
        """Index in the source of every row's variant (rows,)."""
        return np.concatenate(self.rows)

    @cached_property
    def lambda_gc(self):
        """Genomic-control lambda of all rows, on the test's own degrees of freedom."""
        return lambda_gc(self.all_neg_log_10_p, self.plan.null.n_traits)

    def lrt_rate(self):
        """The LRT's true rate at 5e-8 over 5e-8, for this N, D and K."""
        null = self.plan.null
        rate = lrt_true_rate(null.n_samples, null.n_covariates, null.n_traits)
        return rate / GENOME_WIDE


def prepare(source, traits, covariate_table, settings):
    """Bring people, traits, covariates and variants together: a ``GwasRun`` ready to scan.

    traits, covariate_table: ``SampleTable``s (the second may be None).
    """
    started = time.perf_counter()
    variants, removed = _selected(source, settings)
    cohort = assemble(source, traits, covariate_table, settings)
    frequency = FrequencyFilter(settings.maf, settings.mac, settings.geno)
    removed |= {f: 0 for f in FLAGS if getattr(settings, f.strip("-")) is not None}
    everyone = len(cohort.samples) == source.n_samples
    plan = Plan(
        None if everyone else cohort.samples,
        cohort.null,
        settings.test,
        frequency,
        _ploidy(source, settings.autosomes),
    )
    threads = settings.threads or available_threads()
    size = settings.block_size or block_size(source, plan, threads, settings.memory << 20)
    run = GwasRun(source, cohort, settings, variants, plan, threads, size, removed)
    _log_start(run)
    run.seconds["prepare"] = time.perf_counter() - started
    return run


def _selected(source, settings):
    lists = {
        flag: None if path is None else read_variant_list(path)
        for flag, path in (("extract", settings.extract), ("exclude", settings.exclude))
    }
    return select_variants(
        source.variants, chromosomes=settings.chromosomes, autosomes=settings.autosomes, **lists
    )


def _ploidy(source, autosomes):
    """Ploidy code of every variant, and a warning where codes do not fit the species."""
    column = source.variants["chromosome"]
    names = column.unique().to_list()
    unknown = unknown_codes(names, autosomes)
    if unknown:
        log.warning(
            "chromosome codes %s are beyond %d autosomes and taken as autosomes; say --chr-set N "
            "if the species is another",
            ", ".join(map(str, unknown[:5])),
            autosomes,
        )
    codes = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    return column.replace_strict(codes, return_dtype=pl.UInt8).to_numpy()


def _log_start(run):
    null, settings = run.plan.null, run.settings
    log.info("%d of %d variants selected", len(run.variants), run.source.n_variants)
    if any(f in run.removed_variants for f in FLAGS):
        log.info("--maf, --mac and --geno count the analysed samples (PLINK counts founders)")
    log.info(
        "test %s: N = %d samples, D = %d traits (%s), K = %d covariates with the intercept",
        settings.test,
        null.n_samples,
        null.n_traits,
        _shortened(run.cohort.trait_names),
        null.n_covariates,
    )
    _log_lrt_rate(run)
    log.info("%d threads, blocks of %d variants", run.threads, run.size)


def _shortened(names, most=8):
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _log_lrt_rate(run):
    rate = run.lrt_rate()
    log.info("the likelihood-ratio test's true rate at 5e-8 is %.3g times nominal here", rate)
    if run.settings.test == "lrt" and not _CALIBRATED[0] <= rate <= _CALIBRATED[1]:
        log.warning(
            "the likelihood-ratio test is %s for this N, D and K; --test f is exact",
            "anti-conservative" if rate > 1 else "conservative",
        )


def run_gwas(genotypes, traits, covariates=None, *, progress=False, **settings):
    """Test every variant against all traits at once; the rows of ``gemcont-gwas`` as a DataFrame.

    genotypes: a PLINK prefix, a ``GenotypeSource``, or an array (variants, samples) of effect
    allele dosages, NaN missing, whose samples are those of ``traits`` in their order
    traits, covariates: pandas DataFrames indexed by sample id (or FID, IID); NaN missing, text
    columns of covariates are categories; an intercept is always added
    progress: show a bar on a terminal
    settings: fields of ``GwasSettings``: test="lrt" | "f", rank_int, pcs, maf, chromosomes, ...

    Returns a pandas DataFrame with the columns of PREFIX.gwas.tsv, one row per variant that
    passed the filters, in file order; NaN where a variant cannot be tested. Raises GemcontError
    for a mistake in the input.
    """
    traits = from_frame(traits, "the traits table")
    if covariates is not None:
        covariates = from_frame(covariates, "the covariates table")
    run = prepare(_as_source(genotypes, traits), traits, covariates, GwasSettings(**settings))
    table = pl.concat(list(run.frames(progress=progress)))
    return _to_pandas(table)


def _as_source(genotypes, traits):
    if isinstance(genotypes, GenotypeSource):
        return genotypes
    if isinstance(genotypes, np.ndarray):
        if genotypes.ndim != 2 or genotypes.shape[1] != len(traits.iid):
            raise GemcontError(
                f"the genotype array has shape {genotypes.shape}; it must be (variants, "
                f"{len(traits.iid)}), its samples those of the traits table"
            )
        fid = traits.fid or traits.iid
        samples = {"fid": fid, "iid": traits.iid, "sex": [0] * len(fid)}
        return ArraySource(genotypes, samples=pl.DataFrame(samples))
    return open_genotypes(genotypes)


def _to_pandas(table):
    import pandas as pd

    return pd.DataFrame({c: table[c].to_numpy() for c in table.columns})


def write_gwas(bfile, pheno, out, *, covar=None, layout="tsv", progress=False, **settings):
    """Scan a PLINK fileset against a table of traits and write ``PREFIX.gwas.<layout>``.

    bfile: prefix; pheno, covar: paths of tables; out: path of the result file; settings: fields
    of ``GwasSettings``. The file appears whole or not at all. Returns the finished ``GwasRun``,
    from which ``workflows.report`` writes the summary and the pictures.
    """
    settings = GwasSettings(**settings)
    started = time.perf_counter()
    source = open_genotypes(bfile)
    log.info("%s: %d samples, %d variants", source.name, source.n_samples, source.n_variants)
    traits = read_sample_table(pheno)
    covariate_table = None if covar is None else read_sample_table(covar)
    read = time.perf_counter() - started
    run = prepare(source, traits, covariate_table, settings)
    run.seconds["read"] = read
    with open_writer(out, layout) as append:
        for frame in run.frames(progress=progress):
            append(frame)
    return run
