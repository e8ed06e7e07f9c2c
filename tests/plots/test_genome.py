import numpy as np
import pytest

from gemcont.plots.genome import genome_axis


def _axis(chromosome, position, n_names, tested=None):
    chromosome, position = np.asarray(chromosome), np.asarray(position)
    tested = np.ones(len(chromosome), dtype=bool) if tested is None else np.asarray(tested)
    axis = genome_axis(chromosome, position, tested, n_names)
    return axis, axis.x(chromosome, position)


def test_chromosomes_follow_each_other_in_order_of_code():
    rng = np.random.default_rng(1)
    chromosome = rng.integers(0, 22, 5000)  # in no order
    axis, x = _axis(chromosome, rng.integers(1, 10**8, 5000), 22)
    for left in range(21):
        assert x[chromosome == left].max() < x[chromosome == left + 1].min()
    assert np.all(axis.start[1:] > axis.end[:-1])


def test_distances_within_a_chromosome_are_kept():
    _, x = _axis([1, 0, 1, 0], [9_000_000, 5_000_000, 2_000_000, 6_000_000], 2)
    assert x[0] - x[2] == pytest.approx(7)
    assert x[3] - x[1] == pytest.approx(1)


def test_single_chromosome_keeps_its_coordinates():
    axis, x = _axis([3, 3], [2_000_000, 9_000_000], 5)
    np.testing.assert_allclose(x, [2, 9])
    np.testing.assert_allclose([axis.start[0], axis.end[0]], [2, 9])


def test_untested_chromosomes_take_no_room():
    axis, x = _axis([0, 0, 1, 1, 2, 2], [1, 9] * 3, 4, [True, True, False, False, True, True])
    assert axis.present.tolist() == [0, 2]
    assert np.isnan(x[2:4]).all()
    assert np.isfinite(x[[0, 1, 4, 5]]).all()


def test_positions_of_zero_have_a_place_of_their_own():
    axis, x = _axis([0, 0, 1, 1, 2], [0] * 5, 3)
    assert x[0] == x[1] < x[2] == x[3] < x[4]
    np.testing.assert_allclose(x[[0, 2, 4]], (axis.start + axis.end) / 2)


def test_gaps_of_many_scaffolds_stay_small():
    axis, _ = _axis(np.repeat(np.arange(3000), 2), np.tile([1, 10**6], 3000), 3000)
    assert (axis.end - axis.start).sum() > 0.85 * (axis.end[-1] - axis.start[0])


@pytest.mark.parametrize("code", [-1, 2])
def test_rejects_codes_without_a_name(code):
    with pytest.raises(ValueError, match="between 0 and 1"):
        _axis([0, code], [1, 2], 2)
