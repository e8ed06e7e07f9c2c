import numpy as np
import pytest

from gemcont import ArraySource, GemcontError


def test_reads_dosages_back():
    dosage = np.array([[0, 1.5, np.nan], [2, 0.1, 1]], dtype=np.float32)
    source = ArraySource(dosage, samples=["a", "b", "c"])
    np.testing.assert_array_equal(source.read(np.array([1])).dosage, dosage[1:])
    block = source.read(np.array([0, 1]), np.array([0, 2]))
    np.testing.assert_array_equal(block.dosage, dosage[:, [0, 2]])
    assert (block.count, block.n_samples, block.packed) == (2, 2, None)
    assert source.samples["iid"].to_list() == ["a", "b", "c"]
    assert source.variants["variant_id"].to_list() == ["0", "1"]


@pytest.mark.parametrize(
    ("dosage", "message"),
    [
        (np.zeros(3), "must be .variants, samples."),
        (np.array([[3.0]]), "dosages from 0 to 2"),
        (np.array([[-0.1, 1]]), "dosages from 0 to 2"),
        (np.array([[np.inf, 1]]), "dosages from 0 to 2"),
    ],
)
def test_refuses_what_is_not_a_dosage(dosage, message):
    with pytest.raises(GemcontError, match=message):
        ArraySource(dosage)


def test_refuses_tables_of_another_size():
    with pytest.raises(GemcontError, match="has 3 samples, their table 2"):
        ArraySource(np.zeros((1, 3)), samples=["a", "b"])
