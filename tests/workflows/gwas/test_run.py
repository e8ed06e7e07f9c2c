"""A prepared scan and what is known of it: counts, lambdas, and a scan that goes on."""

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.calibration import lambda_gc
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.run import removed_text


def run_of(related, **settings):
    traits = from_frame(related.traits, "the traits")
    return prepare(related.source, traits, None, GwasSettings(block_size=7, **settings))


def finished(related, **settings):
    run = run_of(related, **settings)
    blocks = list(run.blocks())
    return run, blocks


SETTINGS = {"each_trait": True, "maf": 0.3}


def test_counts_advance_with_the_blocks(related):
    run = run_of(related, **SETTINGS)
    assert (run.n_read, run.n_rows) == (0, 0)
    n_read = 0
    for block in run.blocks():
        n_read += block.tally.n_read
        assert run.n_read == n_read
    assert run.n_read == 120
    assert run.n_rows == len(run.row_variants) == len(run.all_neg_log_10_p)
    assert run.removed_variants == {"--maf": 120 - run.n_rows}
    assert run.written == {"joint": run.n_rows, "single": 3 * run.n_rows}
    assert run.seconds["scan"] > 0
    assert {"read", "product", "statistics", "format"} <= run.seconds_of_threads.keys()


@pytest.mark.parametrize("n_blocks", [0, 1, 5, 18])
def test_a_scan_goes_on_behind_what_is_counted(related, n_blocks):
    """As a resumed run is told what a killed one had counted."""
    whole, blocks = finished(related, **SETTINGS)
    again = run_of(related, **SETTINGS)
    for block in blocks[:n_blocks]:
        again.count(block.variants, block.neg_log_10_p, block.tally)
    rest = list(again.blocks())
    assert len(rest) == len(blocks) - n_blocks
    np.testing.assert_array_equal(again.row_variants, whole.row_variants)
    np.testing.assert_array_equal(again.all_neg_log_10_p, whole.all_neg_log_10_p)
    np.testing.assert_array_equal(again.histogram, whole.histogram)
    assert again.tally.to_json() == whole.tally.to_json()


def test_lambdas_are_those_of_all_rows(related):
    run, blocks = finished(related, **SETTINGS)
    assert run.lambda_gc == lambda_gc(run.all_neg_log_10_p, 3)
    rows = [group for block in blocks for group in block.frames["every"]]
    for trait in range(3):
        t = np.concatenate([group.values[3][trait] for group in rows])
        assert run.histogram[trait].sum() == (~np.isnan(t)).sum()
        p = np.concatenate([group.values[2][trait] for group in rows])
        assert run.trait_lambdas[trait] == pytest.approx(lambda_gc(p, 1), rel=0.1)
    assert run.trait_dof.tolist() == [118] * 3
    assert run.most_samples == 120


def test_without_single_traits_there_is_no_histogram(related):
    run, _ = finished(related)
    assert not run.has_single
    assert run.tally.histogram is None
    with pytest.raises(ValueError, match="no trait is tested alone"):
        _ = run.histogram


def test_a_run_without_a_row_is_refused_with_the_filters(related):
    run, _ = finished(related, mac=10_000)
    with pytest.raises(GemcontError, match=r"^no variant is left after the filters \(120 by --mac"):
        run.refuse_empty()
    finished(related)[0].refuse_empty()


def test_the_strongest_rows_so_far_bound_those_to_come(related):
    run = run_of(related, each_trait=True, top_k=2, threads=1)
    bounds = []
    for _ in run.blocks():
        bounds.append(run.plan.singles.leaders.least.copy())
    assert (np.diff(bounds, axis=0) >= 0).all()
    every, blocks = finished(related, each_trait=True)
    for trait in range(3):
        groups = [group for block in blocks for group in block.frames["every"]]
        p = np.concatenate([group.values[2][trait] for group in groups])
        assert bounds[-1][trait] == pytest.approx(np.sort(p[~np.isnan(p)])[-2])


def test_the_null_model_is_that_of_what_is_tested(related):
    run = run_of(related, trait_names=["b"])
    assert (run.null.n_samples, run.null.n_traits, run.null.n_covariates) == (120, 1, 1)
    assert run.covariate_names == []
    assert run.autosomal[0].null is run.null


def test_counts_in_words():
    removed = {"--maf": 3, "an unknown chromosome": 2}
    assert removed_text(removed) == "3 by --maf, 2 with an unknown chromosome"
    assert removed_text({}) == ""
