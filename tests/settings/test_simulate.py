"""Settings and flags of gemcont-simulate."""

import pytest

from gemcont import GemcontError
from gemcont.settings.flags import part_of
from gemcont.settings.simulate import SimulateCommand, StudySettings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_train": 0}, "--n-train: 0 is not from 1 up"),
        ({"n_external": 9}, "--n-external: 9 is not from 10 up"),
        ({"h_g": 1.2}, "--h-g: 1.2 is not from 0 to 1"),
        ({"alpha_max": 181.0}, "--alpha-max: 181 is not from 0 to 180"),
        ({"seed": -1}, "--seed: -1 is not from 0 up"),
        ({"panel": "all"}, "--panel: 'all' is not one of causal, external"),
        ({"variants": 1.5}, "variants: must be a whole number"),
    ],
)
def test_bounds_of_a_study(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        StudySettings(**given)


def test_the_log_lies_beside_the_folder():
    command = SimulateCommand(out="a/study/", images="x.npz", seed=4)
    assert command.folder == "a/study"
    assert command.log_prefix == "a/study.simulate"
    assert part_of(StudySettings, command) == StudySettings(seed=4)
