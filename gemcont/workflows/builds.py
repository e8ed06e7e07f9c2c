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
# Lengths of chromosomes that differ enough to be told by a position near their end.
_LENGTHS = {"1": (249250621, 248956422), "2": (243199373, 242193529), "17": (81195210, 83257441)}
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
    for name, lengths in _LENGTHS.items():
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
