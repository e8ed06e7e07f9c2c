"""The simulated study: people whose genotypes set the angle of a handwritten character.

    z = sqrt(h_g) (G beta - mean) / sd + sqrt(1 - h_g) noise,  angle = alpha_max tanh(z / 2)

beta ~ N(0, 1), noise ~ N(0, 1), G_j ~ Binomial(2, f_j), f_j ~ U(0.05, 0.5). mean and sd are those
of the population, 2 sum f beta and sqrt(sum 2 f (1 - f) beta^2), not of the people drawn, so that
nobody's z depends on who else is in the study. Each purpose has a stream of random numbers of its
own: the test people are the same whatever the split, the number of training people or of null
variants.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

import gemcont
from gemcont.errors import GemcontError
from gemcont.genotype.readers.bed import MAGIC, VARIANT_MAJOR
from gemcont.learn.simulation.glyphs import Glyphs, choose_stratified, read_glyphs, rotate
from gemcont.settings.flags import settings_of
from gemcont.settings.simulate import StudySettings
from gemcont.stats.clump import ranking
from gemcont.stats.shrink import fit_mixture, shrinkage
from gemcont.tables.files import remove, unfinished
from gemcont.tables.results.writers import open_writer
from gemcont.tables.schema import joint_columns, panel_columns
from gemcont.workflows.gwas import Files, Outputs, write_gwas
from gemcont.workflows.panel import make_panel

log = logging.getLogger(__name__)

FILES = (
    *("study.bed", "study.bim", "study.fam", "images.npy", "people.tsv"),
    *("causal.tsv", "external.gwas.tsv", "panel.tsv", "study.json"),
)
_P = 1e-5  # largest p of --panel external
_FREQUENCIES = (0.05, 0.5)
_CHROMOSOMES = 11  # for causal variants, and as many after them for null ones
_APART, _LONGEST = 1_000_000, 2_000_000_000  # base pairs between variants, of a chromosome
_BLOCK = 64  # variants that share a stream
_MODEL, _GLYPHS, _GENOTYPES, _NOISE = range(4)  # purposes of random numbers
_CAUSAL, _NULL = range(2)
# .bed has two bits per person, the lower first: 8 people's low bits, spread over 16
_SPREAD = np.array([sum((b >> i & 1) << 2 * i for i in range(8)) for b in range(256)], "<u2")


@dataclass(frozen=True, kw_only=True)
class DrawnPeople:
    """People drawn together.

    Attributes:
        name: "train", "test" or "external".
        size: number of people.
        code: number that their random numbers depend on.
        split: the split they are of, 0 for people whom no split changes.
    """

    name: str
    size: int
    code: int
    split: int = 0

    def stream(self, seed: int, purpose: int, *key: int) -> np.random.Generator:
        """Return the random numbers of one purpose."""
        return _stream(seed, purpose, self.code, self.split, *key)

    def ids(self) -> list[str]:
        """Return t1, ... of test people, s0_1, ... of training people of split 0, else e1, ..."""
        prefix = {"test": "t", "train": f"s{self.split}_"}.get(self.name, "e")
        return [f"{prefix}{i + 1}" for i in range(self.size)]


def _stream(seed, *key):
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@dataclass(frozen=True)
class TraitModel:
    """The genetics of the trait.

    Attributes:
        beta: effects (S,) of the causal variants.
        frequency: their effect alleles' frequencies (S,).
        null_frequency: frequencies of the null variants.
    """

    beta: np.ndarray
    frequency: np.ndarray
    null_frequency: np.ndarray

    @property
    def mean(self) -> float:
        """Mean of the score G beta in the population."""
        return float(2 * (self.frequency * self.beta).sum())

    @property
    def sd(self) -> float:
        """Standard deviation of the score G beta in the population."""
        return float(np.sqrt((2 * self.frequency * (1 - self.frequency) * self.beta**2).sum()))


def draw_model(settings: StudySettings) -> TraitModel:
    """Draw the ``TraitModel`` of a seed."""
    causal, null = (_stream(settings.seed, _MODEL, kind) for kind in (_CAUSAL, _NULL))
    return TraitModel(
        causal.standard_normal(settings.variants),
        causal.uniform(*_FREQUENCIES, settings.variants),
        null.uniform(*_FREQUENCIES, settings.null_variants),
    )


def write_study(
    images: str | os.PathLike, out: str, *, threads: int | None = None, **settings: Any
) -> None:
    """Simulate a study on the glyphs of a file and write it as a folder.

    The folder appears whole or not at all.

    Args:
        images: a path that ``read_glyphs`` takes.
        out: the folder.
        threads: threads of the engine, None for all.
        settings: fields of ``StudySettings``.

    Raises:
        GemcontError: too few glyphs, a damaged file of them, or ``out`` holds other things than an
            earlier study.
    """
    study = settings_of(StudySettings, settings)
    refuse_folder(out)
    glyphs = read_glyphs(images)
    train = DrawnPeople(name="train", size=study.n_train, code=1, split=study.split)
    test = DrawnPeople(name="test", size=study.n_test, code=0)
    chosen = choose_glyphs(glyphs, study)
    model = draw_model(study)
    if os.path.exists(out):
        log.info("%s: the study that stands there is replaced once this one is whole", out)
    with unfinished(out) as folder:
        os.mkdir(folder)
        _write_external(folder, study, model, threads)
        scores = write_fileset(f"{folder}/study", [train, test], study, model)
        z = [_phenotype(study, model, *pair) for pair in zip((train, test), scores, strict=True)]
        drawn = list(zip((train, test), z, chosen, strict=True))
        _write_people(folder, study, drawn, glyphs)
        size = _write_panel(folder, study, threads)
        _write_summary(folder, study, model, glyphs=glyphs, images=images, size=size)
    people = study.n_train + study.n_test
    log.info("%s: %d people, %d variants in the panel", out, people, size)


def refuse_folder(out: str) -> None:
    """Raise GemcontError if ``out`` is a file, or holds other things than an earlier study."""
    if not os.path.lexists(out):
        return
    if not os.path.isdir(out):
        raise GemcontError(f"--out: {out} is a file; give the name of a new folder")
    names = set(os.listdir(out))
    if names and ("study.json" not in names or names - set(FILES)):
        other = sorted(names - set(FILES) or names)[0]
        raise GemcontError(f"--out: {out} holds other things ({other}); give a new folder")


def choose_glyphs(glyphs: Glyphs, settings: StudySettings) -> tuple[np.ndarray, np.ndarray]:
    """Return indices of the glyphs of training and of test people, stratified by character.

    The test people's depend on the seed alone. Glyphs without a label or whose case is not known
    are used only where the others are too few. Raises GemcontError where all are.
    """
    total = len(glyphs.char)
    if settings.n_train + settings.n_test > total:
        raise GemcontError(
            f"--images: {total} glyphs are there, {settings.n_train} + {settings.n_test} are "
            "needed; lower --n-train or --n-test"
        )
    rng = _stream(settings.seed, _GLYPHS, 0)
    test = _choose(rng, glyphs, np.arange(total), settings.n_test, "test")
    free = np.setdiff1d(np.arange(total), test, assume_unique=True)
    rng = _stream(settings.seed, _GLYPHS, 1, settings.split)
    return _choose(rng, glyphs, free, settings.n_train, "training"), test


def _choose(rng, glyphs, pool, count, who):
    certain = pool[glyphs.certain[pool]]
    enough, doubtful = count <= len(certain), len(pool) - len(certain)
    if doubtful:
        log.info(
            "%d %s people of %d glyphs; %d more without a label or of unknown case are %s",
            *(count, who, len(certain), doubtful),
            "left out" if enough else "used too, as the others do not suffice",
        )
    return choose_stratified(rng, glyphs.char, certain if enough else pool, count)


def write_fileset(
    prefix: str, cohorts: Sequence[DrawnPeople], settings: StudySettings, model: TraitModel
) -> list[np.ndarray]:
    """Draw the genotypes of cohorts, one after the other, into PREFIX.bed, .bim and .fam.

    Returns the scores G beta of each cohort, a list of (people,).
    """
    scores = [np.zeros(cohort.size) for cohort in cohorts]
    with open(f"{prefix}.bed", "wb") as file:
        file.write(MAGIC + VARIANT_MAJOR)
        rows = _rows(_CAUSAL, model.frequency, cohorts, settings.seed)
        for beta, (low, high) in zip(model.beta, rows, strict=True):
            _add_scores(scores, beta, low, high)
            file.write(pack(low, high))
        for low, high in _rows(_NULL, model.null_frequency, cohorts, settings.seed):
            file.write(pack(low, high))
    _variants(settings).write_csv(f"{prefix}.bim", separator="\t", include_header=False)
    ids = [name for cohort in cohorts for name in cohort.ids()]
    fam = pl.DataFrame({"fid": ids, "iid": ids, "father": 0, "mother": 0, "sex": 0, "trait": -9})
    fam.write_csv(f"{prefix}.fam", separator="\t", include_header=False)
    return scores


def _add_scores(scores, beta, low, high):
    first = 0
    for score in scores:
        part = slice(first, first + len(score))
        score += beta * (2 - low[part].view(np.int8) - high[part].view(np.int8))
        first += len(score)


def _rows(kind, frequency, cohorts, seed):
    """Yield two bool (people,) of every variant: no effect allele, and fewer than two."""
    total = sum(cohort.size for cohort in cohorts)
    low, high = np.empty(total, dtype=bool), np.empty(total, dtype=bool)
    for variant, f in enumerate(frequency):
        if variant % _BLOCK == 0:
            key = (_GENOTYPES, kind, variant // _BLOCK)
            streams = [cohort.stream(seed, *key) for cohort in cohorts]
        first = 0
        for cohort, stream in zip(cohorts, streams, strict=True):
            part = slice(first, first + cohort.size)
            _draw(stream, f, low[part], high[part])
            first += cohort.size
        yield low, high


def _draw(stream, f, low, high):
    """Fill in the people with no effect allele, and those with fewer than two, at frequency f."""
    number = stream.integers(1 << 32, size=len(low), dtype=np.uint32)
    np.greater_equal(number, np.uint32((1 - (1 - f) ** 2) * 2**32), out=low)
    np.greater_equal(number, np.uint32(f**2 * 2**32), out=high)


def pack(low: np.ndarray, high: np.ndarray) -> bytes:
    """Pack a row of a .bed as bytes, of the two bits of every person: bool (people,) each."""
    count = -(-len(low) // 4)
    low, high = (_SPREAD[np.packbits(bits, bitorder="little")] for bits in (low, high))
    return (low | high << 1).astype("<u2").view(np.uint8)[:count].tobytes()


def _variants(settings):
    """Return the .bim: causal variants c1, ..., then null ones n1, ..., on other chromosomes."""
    parts = []
    for kind, (letter, count) in enumerate(
        (("c", settings.variants), ("n", settings.null_variants))
    ):
        number = np.arange(count)
        each = max(-(-count // _CHROMOSOMES), 1)
        apart = min(_APART, _LONGEST // each)
        parts.append(
            pl.DataFrame(
                {
                    "chromosome": 1 + kind * _CHROMOSOMES + number // each,
                    "variant_id": [f"{letter}{i + 1}" for i in number],
                    "cm": np.zeros(count, dtype=np.int64),
                    "position": apart * (1 + number % each),
                    "effect_allele": ["A"] * count,
                    "other_allele": ["G"] * count,
                }
            )
        )
    return pl.concat([part for part in parts if part.height])


def _phenotype(settings, model, cohort, score):
    """Draw z of a cohort (people,)."""
    noise = cohort.stream(settings.seed, _NOISE).standard_normal(cohort.size)
    genetic = (score - model.mean) / model.sd
    return np.sqrt(settings.h_g) * genetic + np.sqrt(1 - settings.h_g) * noise


def _write_external(folder, settings, model, threads):
    """Write external.gwas.tsv: the GWAS of z in a further cohort, every variant."""
    cohort = DrawnPeople(name="external", size=settings.n_external, code=2)
    work = f"{folder}/external.work"
    os.mkdir(work)
    (score,) = write_fileset(f"{work}/external", [cohort], settings, model)
    table = {"FID": cohort.ids(), "IID": cohort.ids()}
    table["z"] = _phenotype(settings, model, cohort, score)
    pl.DataFrame(table).write_csv(f"{work}/external.pheno", separator="\t")
    files = Files(f"{work}/external.bed", f"{work}/external.pheno")
    write_gwas(files, Outputs(f"{folder}/external"), threads=threads)
    remove(work)


def _write_people(folder, settings, drawn, glyphs):
    """Write images.npy and people.tsv, in the order of the .fam; drawn: (cohort, z, glyphs)s."""
    count = sum(len(index) for _, _, index in drawn)
    shape = (count, *glyphs.images.shape[1:])
    images = np.lib.format.open_memmap(f"{folder}/images.npy", "w+", np.uint8, shape)
    first = 0
    with open_writer(f"{folder}/people.tsv", "tsv") as append:
        for cohort, z, index in drawn:
            angle = settings.alpha_max * np.tanh(z / 2)
            images[first : first + cohort.size] = rotate(glyphs.images[index], angle)
            first += cohort.size
            append(_people(cohort, z, angle, glyphs.char[index]))
    images.flush()


def _people(cohort, z, angle, char):
    names = [chr(code) if code else None for code in char.tolist()]
    return pl.DataFrame(
        {
            "FID": cohort.ids(),
            "IID": cohort.ids(),
            "split": [cohort.name] * cohort.size,
            "z": z,
            "angle": angle,
            "char": pl.Series(names, dtype=pl.String),
        }
    )


def _write_panel(folder, settings, threads):
    """Write panel.tsv; return its number of variants."""
    path = f"{folder}/external.gwas.tsv"
    types = {column.name: column.dtype for column in joint_columns("lrt", 1)}
    scan = pl.read_csv(path, separator="\t", null_values="NA", schema_overrides=types)
    if settings.panel == "causal":
        panel = _causal_panel(scan)
    elif (scan["neg_log_10_p_value"] < -np.log10(_P)).all():
        raise GemcontError(
            f"--panel external: no variant has p < {_P:g}; raise --n-external or --h-g"
        )
    else:
        clumping = {"p": _P, "threads": threads}
        panel, _ = make_panel(path, f"{folder}/study.bed", None, None, clumping)
    with open_writer(f"{folder}/panel.tsv", "tsv") as append:
        append(panel)
    return panel.height


def _causal_panel(scan):
    """Return all causal variants, strongest first, as ``workflows.panel`` gives its own."""
    z = (scan["beta"] / scan["standard_error"]).to_numpy()
    shrunk = scan["beta"].to_numpy() * shrinkage(z, fit_mixture(z))
    causal = scan.with_columns(pl.Series("beta_shrunk", shrunk)).filter(
        pl.col("variant_id").str.starts_with("c")
    )
    causal = causal[ranking(causal["neg_log_10_p_value"].to_numpy(), 0.0)]
    locus = pl.Series("locus", np.arange(1, causal.height + 1))
    causal = causal.with_columns(locus, pl.lit(1).alias("n_variants"))
    return causal.select(pl.col(c.name).cast(c.dtype) for c in panel_columns())


def _write_summary(folder, settings, model, *, glyphs, images, size):
    """Write causal.tsv and study.json."""
    names = [f"c{i + 1}" for i in range(settings.variants)]
    with open_writer(f"{folder}/causal.tsv", "tsv") as append:
        append(pl.DataFrame({"variant_id": names, "beta": model.beta}))
    name = os.path.basename(os.path.abspath(images))
    summary = {
        "gemcont": gemcont.__version__,
        "settings": asdict(settings),
        "images": {"name": name, "glyphs": len(glyphs.char), "sha256": glyphs.sha256()},
        "score": {"mean": model.mean, "sd": model.sd},
        "people": settings.n_train + settings.n_test,
        "variants": settings.variants + settings.null_variants,
        "panel_variants": size,
        "files": list(FILES),
    }
    with open(f"{folder}/study.json", "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=2)
        file.write("\n")
