"""The stream of blocks: in file order, alike for any threads and block size."""

import numpy as np
import polars as pl
import pytest
from conftest import random_dosages
from polars.testing import assert_frame_equal

from gemcont import ArraySource
from gemcont.genotype.kernels.packed import decode
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.scan.stream import scan_blocks
from gemcont.workflows.gwas.scan.tally import Tally

N, M = 200, 90


@pytest.fixture(scope="module")
def inputs():
    """Genotypes of autosomes, X and Y in no order, and two traits."""
    rng = np.random.default_rng(3)
    dosages = random_dosages(rng, M, N, missing=0.02)
    names = rng.choice(["1", "2", "X", "Y"], M)
    names[5] = "1"
    sex = 1 + np.arange(N) % 2
    haploid = np.ix_(np.isin(names, ["X", "Y"]), sex == 1)
    dosages[haploid] = 2 * np.round(dosages[haploid] / 2)
    dosages[5] = 1  # no variance
    ids = [f"s{i}" for i in range(N)]
    samples = pl.DataFrame({"fid": ids, "iid": ids, "sex": sex})
    variants = ArraySource(dosages).variants.with_columns(
        chromosome=pl.Series(names, dtype=pl.Categorical)
    )
    traits = pl.DataFrame({"IID": ids, "a": rng.random(N), "b": rng.random(N)})
    return ArraySource(dosages, samples=samples, variants=variants), from_frame(traits, "traits")


def run_of(inputs, **settings):
    return prepare(*inputs, None, GwasSettings(**settings))


def scanned(run, size, threads, encode=None):
    blocks = list(
        scan_blocks(run.source, run.variants, run.plan, size=size, threads=threads, encode=encode)
    )
    frames = {}
    for block in blocks:
        for kind, frame in block.frames.items():
            frames.setdefault(kind, []).append(frame)
    return blocks, frames, sum((block.tally for block in blocks), Tally())


SETTINGS = {"each_trait": True, "effects": True, "maf": 0.1, "neg_log10_p_min": 0.2}


@pytest.mark.parametrize(("size", "threads"), [(1, 1), (7, 1), (7, 3), (M, 2), (1000, 1)])
def test_blocks_and_threads_change_nothing(inputs, size, threads):
    run = run_of(inputs, **SETTINGS)
    _, expected, tally = scanned(run, 32, 2)
    blocks, found, same_tally = scanned(run, size, threads)
    assert len(blocks) == -(-M // size)
    assert found.keys() == expected.keys() == {"joint", "effects", "single"}
    for kind in found:
        one, other = pl.concat(found[kind]), pl.concat(expected[kind])
        if kind == "single":  # trait by trait within each block
            keys = ["trait", "variant_id"]
            one, other = one.sort(keys), other.sort(keys)
        assert_frame_equal(one, other, rel_tol=1e-12, abs_tol=1e-12)
    assert same_tally.to_json() == tally.to_json()
    np.testing.assert_array_equal(same_tally.histogram, tally.histogram)


def test_rows_are_in_file_order_and_counted(inputs):
    run = run_of(inputs, maf=0.1)
    blocks, frames, tally = scanned(run, 8, 3)
    rows = np.concatenate([block.variants for block in blocks])
    assert (np.diff(rows) > 0).all()
    joint = pl.concat(frames["joint"])
    assert joint["variant_id"].to_list() == [str(i) for i in rows]
    p = np.concatenate([block.neg_log_10_p for block in blocks])
    np.testing.assert_array_equal(joint["neg_log_10_p_value"].to_numpy(), p)
    assert tally.n_read == M
    assert tally.n_rows == len(rows) == tally.written["joint"]
    assert M - len(rows) == sum(tally.filtered.values()) == tally.filtered["--maf"]
    assert sum(tally.untestable.values()) == np.isnan(p).sum()
    assert tally.untestable["without variance"] == 1


def test_what_an_output_takes_is_made_in_the_threads(inputs):
    run = run_of(inputs)
    blocks, frames, _ = scanned(run, 10, 2, encode={"joint": lambda frame: frame.height})
    assert frames["joint"] == [len(block.variants) for block in blocks]


def test_a_chromosome_without_models_is_na(inputs):
    source, traits = inputs
    alike = ArraySource(
        decode(source.read(np.arange(M))),
        samples=source.samples.with_columns(sex=pl.lit(2)),
        variants=source.variants,
    )
    run = run_of((alike, traits))
    _, frames, tally = scanned(run, 16, 1)
    joint = pl.concat(frames["joint"])
    on_y = joint["chromosome"].cast(pl.String) == "Y"
    assert joint.height == M
    assert joint.filter(on_y)["neg_log_10_p_value"].is_nan().all()
    assert tally.untestable["on a chromosome without null model"] == on_y.sum()


def test_no_variant_is_no_block(inputs):
    run = run_of(inputs)
    found = scan_blocks(run.source, np.empty(0, dtype=int), run.plan, size=8, threads=2)
    assert list(found) == []


def test_a_stopped_scan_leaves_no_thread_at_work(inputs):
    import threading

    run = run_of(inputs)
    before = threading.active_count()
    blocks = scan_blocks(run.source, run.variants, run.plan, size=1, threads=2)
    next(blocks)
    blocks.close()
    assert threading.active_count() == before
