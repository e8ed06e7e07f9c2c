"""Genome builds: recognise that of a set of positions, and refuse to mix two."""

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.liftover import Chain
from gemcont.settings.meta import MetaSettings
from gemcont.workflows.common.lookup import split_ids
from gemcont.workflows.meta.rows import RawRows
from gemcont.workflows.meta.union import Union

log = logging.getLogger(__name__)

# Well-known variants: chromosome, position in GRCh37 and in GRCh38 (dbSNP).
LANDMARKS = {
    "rs7412": ("19", 45412079, 44908822),
    "rs429358": ("19", 45411941, 44908684),
    "rs1801133": ("1", 11856378, 11796321),
    "rs9939609": ("16", 53820527, 53786615),
    "rs1800562": ("6", 26093141, 26092913),
    "rs7903146": ("10", 114758349, 112998590),
    "rs1799971": ("6", 154360797, 154039662),
    "rs12913832": ("15", 28365618, 28120472),
    "rs4988235": ("2", 136608646, 135851076),
    "rs1426654": ("15", 48426484, 48134287),
    "rs16891982": ("5", 33951693, 33951588),
}
# Lengths of the chromosomes in GRCh37 and GRCh38: a position beyond the one is of the other.
_LENGTHS = {
    "1": (249250621, 248956422),
    "2": (243199373, 242193529),
    "3": (198022430, 198295559),
    "4": (191154276, 190214555),
    "5": (180915260, 181538259),
    "6": (171115067, 170805979),
    "7": (159138663, 159345973),
    "8": (146364022, 145138636),
    "9": (141213431, 138394717),
    "10": (135534747, 133797422),
    "11": (135006516, 135086622),
    "12": (133851895, 133275309),
    "13": (115169878, 114364328),
    "14": (107349540, 107043718),
    "15": (102531392, 101991189),
    "16": (90354753, 90338345),
    "17": (81195210, 83257441),
    "18": (78077248, 80373285),
    "19": (59128983, 58617616),
    "20": (63025520, 64444167),
    "21": (48129895, 46709983),
    "22": (51304566, 50818468),
    "X": (155270560, 156040895),
    "Y": (59373566, 57227415),
}
BUILDS = ("37", "38")
_NAMES = {"37": "GRCh37 (hg19)", "38": "GRCh38 (hg38)"}
_UNSURE = "neither GRCh37 (hg19) nor GRCh38 (hg38) for sure"
_MOST_MOVED = 0.2  # share of ids at other positions, above which builds are mixed
_SAMPLE = 500_000  # rows of a cohort that are compared
_FEWEST = 20  # ids in common, below which builds are not compared
_LEAST_SHARED = 0.1  # share of the smaller cohort's variants, below which builds are doubted


class Positions(Protocol):
    """Variants with ids and positions: ``RawRows`` or a ``Union``.

    ids: text column
    chromosome: uint8 (variants,), codes of a ``Union``
    position: int32 (variants,), base pairs
    """

    ids: pl.Series
    chromosome: np.ndarray
    position: np.ndarray


def guess(ids: pl.Series, chromosome: pl.Series, position: np.ndarray) -> str | None:
    """Guess the genome build from well-known variants and the lengths of chromosomes.

    Args:
        ids: text column (rows,).
        chromosome: text column (rows,) of canonical names.
        position: int64 (rows,), base pairs.

    Returns:
        name of the build, None where the positions do not show it.
    """
    votes = np.zeros(2, dtype=int)
    for at in np.flatnonzero(ids.is_in(list(LANDMARKS)).fill_null(False).to_numpy()):
        name, *positions = LANDMARKS[ids[int(at)]]
        for build, expected in enumerate(positions):
            votes[build] += chromosome[int(at)] == name and position[at] == expected
    last = pl.DataFrame({"chromosome": chromosome, "position": position}).group_by("chromosome")
    for name, furthest in last.agg(pl.col("position").max()).rows():
        beyond = [furthest > length for length in _LENGTHS.get(name, ())]
        if sum(beyond) == 1:  # beyond both ends it is neither build, or another species
            votes[beyond.index(False)] += 1
    return _elected(votes)


def _elected(votes):
    return None if votes[0] == votes[1] else _NAMES[BUILDS[int(votes[1] > votes[0])]]


def _build_of(variants, union):
    """Return ``guess`` of a cohort's ``RawRows``, or of the ``Union``."""
    names = pl.Series([*union.chromosomes, None], dtype=pl.String)
    code = np.minimum(variants.chromosome, len(union.chromosomes)).astype(np.uint32)
    at, ids = split_ids(variants.ids)
    position = variants.position.astype(np.int64)
    return guess(ids, names.gather(code[at]), position[at])


def looks_like(variants: Positions, union: Union) -> str:
    """Describe the build of the positions of a cohort's ``RawRows``, or of the ``Union``."""
    return _build_of(variants, union) or _UNSURE


def refuse_stated(name: str, rows: RawRows, union: Union, stated: str | None) -> None:
    """Raise GemcontError where a cohort's positions are of another build than was stated.

    Args:
        name: name of the cohort.
        rows: its rows.
        union: has the names of the chromosomes.
        stated: "37", "38", or anything else for no check.
    """
    if stated not in BUILDS:
        return
    build = _build_of(rows, union)
    if build not in (None, _NAMES[stated]):
        raise GemcontError(
            f"--build: {name} is stated to be of (or lifted to) build {stated}, but its positions "
            f"are of {build}"
        )


def compare_positions(name: str, rows: RawRows, union: Union) -> int:
    """Count the ids whose position differs from the union's; refuse mixed builds.

    Args:
        name: name of the cohort.
        rows: its rows, of which the first half million are compared.
        union: the variants so far, before these rows enter.

    Returns:
        number of ids at other positions.

    Raises:
        GemcontError: more than a fifth of the ids are at other positions.
    """
    if not len(union):
        return 0
    at, ids = split_ids(rows.ids.head(_SAMPLE))
    slot, union_ids = split_ids(union.ids)
    mine = pl.DataFrame({"id": ids, "at": at}).drop_nulls()
    theirs = pl.DataFrame({"id": union_ids, "slot": slot}).drop_nulls()
    shared = mine.join(theirs, on="id").unique("id", keep="any")
    at, slot = shared["at"].to_numpy(), shared["slot"].to_numpy()
    moved = (rows.position[at] != union.position[slot]) | (
        rows.chromosome[at] != union.chromosome[slot]
    )
    if len(at) >= _FEWEST and moved.mean() > _MOST_MOVED:
        raise GemcontError(
            f"{name}: {moved.mean():.0%} of the {len(at)} ids it shares stand at other positions: "
            f"mixed genome builds, such as hg19 and hg38 (it looks like {looks_like(rows, union)}, "
            f"the others like {looks_like(union, union)}); give --liftover CHAIN with --build, or "
            "--match id"
        )
    if moved.any():
        log.warning("%s: %d ids stand at other positions than before", name, moved.sum())
    return int(moved.sum())


def doubt_shared(
    name: str, rows: RawRows, union: Union, n_shared: int, *, by_place: bool = True
) -> None:
    """Warn of a cohort that shares few variants with the union; refuse one of another build.

    Args:
        name: name of the cohort.
        rows: its rows.
        union: the variants so far.
        n_shared: number of its rows whose variant is in the union.
        by_place: whether variants are matched by position, so that the build matters.
    """
    smaller = min(len(rows.row), len(union))
    if smaller == 0 or n_shared >= _LEAST_SHARED * smaller:
        return
    builds = [_build_of(variants, union) for variants in (rows, union)]
    looks = [build or _UNSURE for build in builds]
    if n_shared:
        text = f"{name}: shares {n_shared} of its {len(rows.row)} variants with those before it"
    else:
        text = f"{name}: shares no variant with the cohorts before it"
    if not by_place:
        log.warning("%s, by id: are the ids of another kind?", text)
        return
    text += f": another genome build? It looks like {looks[0]}, the others like {looks[1]}"
    if None not in builds and builds[0] != builds[1]:
        raise GemcontError(f"{text}; give --liftover CHAIN with --build, or --match id")
    log.warning("%s", text)


def chains_of(
    builds: Sequence[str | None],
    target: str | None,
    names: Sequence[str],
    settings: MetaSettings,
) -> list[Chain | None]:
    """Return the chain that lifts each file to the target build, None where it needs none.

    Args:
        builds: builds of the files, as ``canonical_builds`` returns them.
        target: build to lift to.
        names: names of the cohorts.
        settings: of the meta-analysis.

    Raises:
        GemcontError: the builds differ without a chain, or the chain is between other builds.
    """
    if settings.liftover is None:
        if len(set(builds) | {target}) > 1 and settings.match == "key":
            raise GemcontError("--build: the builds differ; give --liftover CHAIN, or --match id")
        return [None] * len(builds)
    if builds[0] is None:
        raise GemcontError("--liftover: say the build of every file by --build, e.g. --build 38,37")
    chain = Chain(settings.liftover, settings.autosomes)
    lifted = [build != target for build in builds]
    if not any(lifted):
        raise GemcontError(f"--liftover: every file is of build {target} already; say --to-build")
    for build, name in zip(builds, names, strict=True):
        if build != target:
            _refuse_direction(chain, build, target, name)
    return [chain if moves else None for moves in lifted]


def _refuse_direction(chain, stated_from, target, name):
    """Raise GemcontError where a chain's lengths are not those of the builds to lift between."""
    source, goal = (_build_of_lengths(lengths) for lengths in chain.lengths)
    for build, stated in ((source, stated_from), (goal, target)):
        if build is not None and stated in BUILDS and build != _NAMES[stated]:
            words = " to ".join(build or "another build" for build in (source, goal))
            raise GemcontError(
                f"--liftover: the chain {chain.name} lifts from {words}, but {name} is to be "
                f"lifted from build {stated_from} to {target}"
            )


def _build_of_lengths(lengths):
    """Return the build whose chromosomes have these lengths (name -> base pairs), or None."""
    votes = [
        sum(_LENGTHS[name][i] == length for name, length in lengths.items() if name in _LENGTHS)
        for i in range(len(BUILDS))
    ]
    return _elected(votes)


_PLAIN = {"37": "37", "hg19": "37", "grch37": "37", "38": "38", "hg38": "38", "grch38": "38"}


def canonical_builds(
    builds: str | Sequence[str | None] | None, n_files: int
) -> Sequence[str | None]:
    """Return the build of each file: "37", "38", another name, or None where none is given.

    builds: one for all files or one each, as a list or separated by commas. Raises GemcontError
    for another number of builds.
    """
    builds = builds.split(",") if isinstance(builds, str) else builds
    if builds is None or builds == [None]:
        return [None] * n_files
    canonical = [_PLAIN.get(str(b).lower(), str(b)) for b in builds]
    if len(canonical) not in (1, n_files):
        raise GemcontError(
            f"--build: {len(canonical)} builds for {n_files} files; give one, or one each"
        )
    return canonical * (n_files if len(canonical) == 1 else 1)
