"""Which genome build a set of positions is of, and whether two sets are of the same."""

import logging

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.liftover import Chain
from gemcont.workflows.common.lookup import split_ids

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
# Lengths of the chromosomes in either: a position beyond one is of the other.
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
_FEWEST = 20  # ids in common, or rows, below which nothing can be said
_LEAST_SHARED = 0.1  # of the variants of the smaller cohort, below which builds are doubted


def guess(ids, chromosome, position):
    """Return the build's name or None, by well-known variants and the lengths of chromosomes.

    ids: text column; chromosome: text column of canonical names; position: int64 (rows,).
    """
    votes = np.zeros(2, dtype=int)
    for at in np.flatnonzero(ids.is_in(list(LANDMARKS)).fill_null(False).to_numpy()):
        name, *positions = LANDMARKS[ids[int(at)]]
        for build, there in enumerate(positions):
            votes[build] += chromosome[int(at)] == name and position[at] == there
    last = pl.DataFrame({"chromosome": chromosome, "position": position}).group_by("chromosome")
    for name, furthest in last.agg(pl.col("position").max()).rows():
        beyond = [furthest > length for length in _LENGTHS.get(name, ())]
        if sum(beyond) == 1:  # beyond both it is of neither, or of another species
            votes[beyond.index(False)] += 1
    return _elected(votes)


def _elected(votes):
    return None if votes[0] == votes[1] else _NAMES[BUILDS[int(votes[1] > votes[0])]]


def _build_of(columns, union):
    """``guess`` of a cohort's ``RawRows``, or of the ``Union``."""
    names = pl.Series([*union.chromosomes, None], dtype=pl.String)
    code = np.minimum(columns.chromosome, len(union.chromosomes)).astype(np.uint32)
    at, ids = split_ids(columns.ids)
    position = columns.position.astype(np.int64)
    return guess(ids, names.gather(code[at]), position[at])


def looks_like(columns, union):
    """Which build the positions of a cohort's ``RawRows``, or of the ``Union``, look like."""
    return _build_of(columns, union) or _UNSURE


def refuse_stated(name, rows, union, stated):
    """Raise GemcontError where a cohort's positions are of another build than was stated."""
    if stated not in BUILDS:
        return
    found = _build_of(rows, union)
    if found not in (None, _NAMES[stated]):
        raise GemcontError(
            f"--build: {name} is stated to be of (or lifted to) build {stated}, but its positions "
            f"are of {found}"
        )


def compare_positions(name, rows, union):
    """Count the ids that stand at other positions than in the union; refuse mixed builds.

    rows: a cohort's ``RawRows``, of which the first half million are compared; union: the
    ``Union`` it is about to enter. Returns the number moved.
    """
    if not len(union):
        return 0
    at, ids = split_ids(rows.ids.head(_SAMPLE))
    slot, theirs = split_ids(union.ids)
    mine = pl.DataFrame({"id": ids, "at": at})
    theirs = pl.DataFrame({"id": theirs, "slot": slot})
    shared = mine.drop_nulls().join(theirs.drop_nulls(), on="id").unique("id", keep="any")
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


def doubt_shared(name, rows, union, n_shared, *, by_place=True):
    """Warn of a cohort that shares few variants with the union; refuse one of another build.

    n_shared: how many of its rows (``RawRows``) are variants of the ``Union``; by_place: whether
    these are told by place, so that the build matters.
    """
    smaller = min(len(rows.row), len(union))
    if smaller == 0 or n_shared >= _LEAST_SHARED * smaller:
        return
    builds = [_build_of(columns, union) for columns in (rows, union)]
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


def chains_of(builds, target, names, settings):
    """Return the chain that lifts each file to the build ``target``, None where it needs none.

    builds: of the files, canonical; names: of the cohorts; settings: ``MetaSettings``. Raises
    GemcontError where builds differ without a chain, and for a chain between other builds.
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
    """Raise GemcontError where a chain's lengths are those of other builds than it is to lift."""
    source, goal = (_build_of_lengths(lengths) for lengths in chain.lengths)
    for found, stated in ((source, stated_from), (goal, target)):
        if found is not None and stated in BUILDS and found != _NAMES[stated]:
            words = " to ".join(build or "another build" for build in (source, goal))
            raise GemcontError(
                f"--liftover: the chain {chain.name} lifts from {words}, but {name} is to be "
                f"lifted from build {stated_from} to {target}"
            )


def _build_of_lengths(lengths):
    """Name of the build whose chromosomes have these lengths (name -> base pairs), or None."""
    votes = [
        sum(_LENGTHS[name][i] == length for name, length in lengths.items() if name in _LENGTHS)
        for i in range(len(BUILDS))
    ]
    return _elected(votes)


def canonical_builds(builds, n_files):
    """The build of each file ("37" or "38"), from --build's list or one for all."""
    builds = builds.split(",") if isinstance(builds, str) else builds
    if builds is None or builds == [None]:
        return [None] * n_files
    plain = {"37": "37", "hg19": "37", "grch37": "37", "38": "38", "hg38": "38", "grch38": "38"}
    found = [plain.get(str(b).lower(), str(b)) for b in builds]
    if len(found) not in (1, n_files):
        raise GemcontError(
            f"--build: {len(found)} builds for {n_files} files; give one, or one each"
        )
    return found * (n_files if len(found) == 1 else 1)
