"""Genome builds: guessed, mixed, lifted over."""

import numpy as np
import polars as pl
import pytest
from reference.large_cohorts import (
    A,
    B,
    chain_file,
    check,
)
from reference.small_cohorts import frame, small_cohort

from gemcont import GemcontError, run_meta
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.meta.builds import LANDMARKS, guess
from gemcont.workflows.meta.run import MetaSettings, prepare


def test_cohorts_that_share_nothing_are_warned_of(caplog):
    run_meta([small_cohort([0.1], pos=(5,)), small_cohort([0.1], pos=(6,))])
    assert "shares no variant with the cohorts before it" in caplog.text
    with pytest.raises(GemcontError, match="no row can be used of cohort2, 1 effect or standard"):
        run_meta([small_cohort([0.1]), small_cohort([np.nan])])


def test_a_haploid_chain_of_another_species(tmp_path):
    (tmp_path / "c").write_text(
        "chain 9 chr23 900 + 0 500 chr23 900 + 100 600 1\n500\n\n"
        "chain 8 chr5 9 + 0 9 chr5 9 + 0 9 2\n\n"
        "chain 5 chrX 900 + 0 500 chrX 900 + 7 507 1\n500\n"
    )
    rows = small_cohort([0.1, 0.2, 0.3], pos=(10, 10, 10), chrom=["23", "X", "5"])
    found = run_meta([rows], build=["1"], to_build="2", liftover=str(tmp_path / "c"), autosomes=29)
    assert found.chromosome.tolist() == ["23", "X"]
    assert found.base_pair_location.tolist() == [110, 17]


def test_mixed_builds_are_noticed():
    ids = list(LANDMARKS)
    old = {i: (c, p) for i, (c, p, _) in LANDMARKS.items()}
    new = {i: (c, p) for i, (c, _, p) in LANDMARKS.items()}
    extra = {f"rs{i}": ("2", 1000 * i) for i in range(1, 20)}
    moved = {i: (c, p + 7) for i, (c, p) in extra.items()}

    def at(places):
        return frame(
            SNP=list(places), CHR=[c for c, _ in places.values()],
            POS=[p for _, p in places.values()], EA="A", OA="G", BETA=0.1, SE=0.1,
        )  # fmt: skip

    with pytest.raises(GemcontError, match=r"100% of the 30 ids .* looks like GRCh38 .* GRCh37"):
        run_meta([at(old | extra), at(new | moved)])
    assert len(run_meta([at(old | extra), at(new | moved)], match="id")) == 30
    with pytest.raises(GemcontError, match="--build: the builds differ; give --liftover"):
        run_meta([at(old), at(new)], build=["37", "hg38"])
    chromosomes = pl.Series([new[i][0] for i in ids])
    assert guess(pl.Series(ids), chromosomes, np.array([new[i][1] for i in ids])).startswith(
        "GRCh38"
    )
    assert guess(pl.Series(["x"]), pl.Series(["3"]), np.array([5])) is None


def test_liftover(tmp_path):
    (tmp_path / "chain").write_text(
        "chain 9 chr1 1000 + 0 300 chr1 2000 + 1000 1300 1\n300\n\n"
        "chain 8 chr1 1000 + 300 400 chr1 2000 - 0 100 2\n100\n\n"
        "chain 7 chr1 1000 + 400 500 chr2 900 + 0 100 3\n100\n"
    )
    target = small_cohort([0.1, 0.2], pos=(1100, 1951), effect=["A", "A"])
    moved = small_cohort([0.3, 0.4, 0.5, 0.6, 0.7], pos=(100, 350, 450, 600, 360),
                   effect=["A", "T", "A", "A", "AT"], other=["G", "C", "G", "G", "A"])  # fmt: skip
    settings = {"build": ["38", "37"], "liftover": str(tmp_path / "chain")}
    run = prepare([target, moved], ["x", "y"], MetaSettings(**settings))
    found = to_pandas(pl.concat(run.frames()))
    assert found.n_studies.tolist() == [2, 2]
    np.testing.assert_allclose(found.beta, [0.2, 0.3])
    counts = run.cohorts[1].counts
    assert counts["liftover: no place in the other build"] == 1
    assert counts["liftover: another chromosome"] == 1
    assert counts["liftover: an indel on the other strand"] == 1
    assert counts["strand turned by liftover"] == 1
    with pytest.raises(GemcontError, match="say the build of every file by --build"):
        run_meta([target, moved], liftover=str(tmp_path / "chain"))
    with pytest.raises(GemcontError, match="every file is of build 37 already"):
        run_meta([target, moved], build=["37"], liftover=str(tmp_path / "chain"))
    with pytest.raises(GemcontError, match="--build: 3 builds for 2 files"):
        run_meta([target, moved], build=["37", "38", "38"])


def test_a_chain_of_another_direction_is_refused(tmp_path):
    moved = B.assign(POS=B.POS + 5000)
    right = chain_file(tmp_path / "right", (248956422, 249250621), -5000)
    text = (tmp_path / "right").read_text().replace("+ 0 100000000 chr1", "+ 5000 100005000 chr1")
    (tmp_path / "right").write_text(text.replace("+ -5000 99995000", "+ 0 100000000"))
    settings = {"build": ["37", "38"], "to_build": "37"}
    frames = [A.drop(columns="SNP"), moved.drop(columns="SNP")]
    check(run_meta(frames, liftover=right, **settings))
    message = r"the chain .* lifts from GRCh37 \(hg19\) to GRCh38 \(hg38\), but cohort2 is to be"
    for cohorts in (frames, [A, moved]):
        with pytest.raises(GemcontError, match=message):
            run_meta(cohorts, liftover=chain_file(tmp_path / "wrong"), **settings)
    assert len(run_meta(frames, liftover=chain_file(tmp_path / "x", (9, 9), 0), **settings)) > 60


def test_cohorts_that_share_little_are_doubted(caplog):
    moved = B.assign(POS=np.where(np.arange(60) < 4, B.POS, B.POS + 7), SNP=".")
    run_meta([A, moved])
    assert "shares 4 of its 60 variants with those before it: another genome build?" in caplog.text
    beyond = 248_956_422  # of chromosome 1 in GRCh38
    ends = [frame.copy() for frame in (A, moved)]
    ends[0].loc[59, "POS"] = beyond + 1000
    ends[1] = ends[1].assign(CHR="17")
    ends[1].loc[59, "POS"] = 81_195_210 + 1000  # of chromosome 17 in GRCh37
    with_ids = [frame.assign(SNP=[f"{i}_{k}" for k in range(60)]) for i, frame in enumerate(ends)]
    run_meta(with_ids, match="id")
    assert (
        "no variant with the cohorts before it, by id: are the ids of another kind" in caplog.text
    )
    with pytest.raises(GemcontError, match=r"looks like GRCh38 .*, the others like GRCh37"):
        run_meta(ends)
    with pytest.raises(GemcontError, match="cohort2 is stated to be of .* build 37, but its pos"):
        run_meta([A, ends[1]], build=["37"])
