"""Which genome build a set of positions is of, and whether two sets are of the same."""

import logging

import numpy as np
import polars as pl

from gemcont.errors import GemcontError

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
# Lengths of chromosomes in GRCh37 and in GRCh38 (UCSC hg19, hg38).
LENGTHS = {
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
_LEAST_SHARED = 0.1  # of the smaller of two sets of variants, below which their builds are suspect
_NAMES = ("GRCh37 (hg19)", "GRCh38 (hg38)")
_MOST_MOVED = 0.2  # share of ids at other positions, above which builds are mixed
_SAMPLE = 500_000  # rows of a cohort that are compared
_FEWEST = 20  # ids in common, below which nothing can be said


def guess(ids, chromosome, position):
    """ "GRCh37 (hg19)", "GRCh38 (hg38)" or None, by well-known variants and chromosome lengths.

    ids: text column; chromosome: text column of canonical names; position: int64 (rows,).
    """
    votes = [0, 0]
    known = ids.is_in(list(LANDMARKS)).fill_null(False).to_numpy()
    for at in np.flatnonzero(known):
        name, *positions = LANDMARKS[ids[int(at)]]
        for build, there in enumerate(positions):
            votes[build] += chromosome[int(at)] == name and position[at] == there
    for name, lengths in LENGTHS.items():
        here = (chromosome == name).fill_null(False).to_numpy()
        if here.any():
            beyond = [position[here].max() > length for length in lengths]
            if beyond[0] != beyond[1]:
                votes[int(beyond[0])] += 1
    return None if votes[0] == votes[1] else _NAMES[int(votes[1] > votes[0])]


def compare_positions(name, rows, union, names):
    """Count the ids that stand at other positions than in the union; refuse mixed builds.

    rows: a cohort's ``Columns``, of which the first half million are compared; union: the
    ``Union`` it is about to enter; names: chromosome names by code. Returns the number moved.
    """
    sample = min(len(rows.row), _SAMPLE)
    mine = pl.DataFrame({"id": rows.ids.head(sample), "at": np.arange(sample)})
    theirs = pl.DataFrame({"id": union.ids, "slot": np.arange(len(union))})
    shared = mine.drop_nulls().join(theirs.drop_nulls(), on="id").unique("id", keep="any")
    at, slot = shared["at"].to_numpy(), shared["slot"].to_numpy()
    moved = (rows.position[at] != union.position[slot]) | (
        rows.chromosome[at] != union.chromosome[slot]
    )
    if len(at) >= _FEWEST and moved.mean() > _MOST_MOVED:
        builds = [
            guess(ids, _named(codes, names), np.asarray(position, dtype=np.int64)) or "neither"
            for ids, codes, position in (
                (rows.ids, rows.chromosome, rows.position),
                (union.ids, union.chromosome, union.position),
            )
        ]
        raise GemcontError(
            f"{name}: {moved.mean():.0%} of the {len(at)} ids it shares stand at other positions: "
            f"mixed genome builds, such as hg19 and hg38 (it looks like {builds[0]}, the others "
            f"like {builds[1]}); give --liftover CHAIN with --build, or --match id"
        )
    if moved.any():
        log.warning("%s: %d ids stand at other positions than before", name, moved.sum())
    return int(moved.sum())


def _named(codes, names):
    table = pl.Series([*names, None], dtype=pl.String)
    return table.gather(np.minimum(codes, len(names)).astype(np.uint32))


def warn_of_few_shared(cohort, rows, union, before, *, by_place=True):
    """Warn where a cohort shares less than a tenth of its variants with those before it.

    rows: its ``Columns``; union: the ``Union`` after it entered, which held ``before`` variants
    then. Raises GemcontError where they are matched by place and look like two builds.
    """
    shared = int((cohort.slot < before).sum())
    smaller = min(len(rows.row), before)
    if shared >= _LEAST_SHARED * smaller:
        return
    names = list(union.chromosomes)
    mine = guess(rows.ids, _named(rows.chromosome, names), rows.position.astype(np.int64))
    first = slice(0, before)
    others = guess(
        union.ids[first], _named(union.chromosome[first], names), union.position[first].astype(int)
    )
    looks = f"{cohort.name} looks like {mine or 'neither build'}, the others like "
    looks += f"{others or 'neither build'}"
    if by_place and mine and others and mine != others:
        raise GemcontError(
            f"{cohort.name}: shares {shared} of {smaller} variants with the cohorts before it, by "
            f"chance: {looks}; give --liftover CHAIN with --build, or --match id"
        )
    log.warning(
        "%s: shares %d of %d variants with the cohorts before it (%s): is its build another one?",
        cohort.name,
        shared,
        smaller,
        looks,
    )


def build_of_lengths(lengths):
    """Return "37", "38" or None of chromosomes' lengths by canonical name, by their majority."""
    votes = [0, 0]
    for name, length in lengths.items():
        for build, known in enumerate(LENGTHS.get(name, ())):
            votes[build] += length == known
    return None if votes[0] == votes[1] else ("37", "38")[votes[1] > votes[0]]


def refuse_other_direction(chain, builds, target):
    """Raise GemcontError where a chain does not lift from the files' builds to the target.

    chain: ``Chain``; builds: of the files that are to be lifted; target: all as
    ``canonical_builds`` has them. Lengths of chromosomes in its headers say which it is of.
    """
    source, to = build_of_lengths(chain.source_lengths), build_of_lengths(chain.target_lengths)
    for build in builds:
        if (source and build in ("37", "38") and source != build) or (
            to and target in ("37", "38") and to != target
        ):
            raise GemcontError(
                f"--liftover: {chain.name} lifts from GRCh{source or '?'} to GRCh{to or '?'}; the "
                f"file is GRCh{build} and is to become GRCh{target}"
            )


def canonical_builds(builds, n_files):
    """The build of each file ("37" or "38"), from --build's list or one for all."""
    if builds is None or builds == [None]:
        return [None] * n_files
    plain = {"37": "37", "hg19": "37", "grch37": "37", "38": "38", "hg38": "38", "grch38": "38"}
    found = [plain.get(str(b).lower(), str(b)) for b in builds]
    if len(found) not in (1, n_files):
        raise GemcontError(
            f"--build: {len(found)} builds for {n_files} files; give one, or one each"
        )
    return found * (n_files if len(found) == 1 else 1)
