"""Flags of gemcont-evaluate."""

import pytest

from gemcont import GemcontError
from gemcont.settings.evaluate import EvaluateCommand


def test_components_are_those_of_the_paper_unless_asked():
    assert EvaluateCommand(out="o", study="s", model="m").pcs == (1, 4, 16, 64)
    assert EvaluateCommand(out="o", study="s", model="m", pcs=(2,)).pcs == (2,)
    with pytest.raises(GemcontError, match="^pcs: must be a tuple"):
        EvaluateCommand(out="o", study="s", model="m", pcs=2)


def test_a_device_is_one_of_those_there_are():
    with pytest.raises(GemcontError, match="^--device: 'tpu' is not one of cpu, cuda, mps"):
        EvaluateCommand(out="o", study="s", model="m", device="tpu")


def test_covariates_are_the_only_table_that_is_read():
    assert EvaluateCommand(out="o", study="s", model="m").input_files == []
    assert EvaluateCommand(out="o", study="s", model="m", covar="c").input_files == ["c"]
