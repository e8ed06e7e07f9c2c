"""Standard errors from confidence intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.sumstats_texts import read

from gemcont.tables.sumstats.read import Sumstats

Z = 1.959963984540054


@pytest.mark.parametrize("text", ["0.9,1.6", "0.9-1.6", "[0.9; 1.6]", "(0.9 to 1.6)", "0.9–1.6"])
def test_intervals_as_text(tmp_path, text):
    (tmp_path / "s").write_text(f"SNP\tOR\tCI\nrs1\t1.2\t{text}\nrs2\t1.2\tNA\n")
    found = Sumstats(str(tmp_path / "s")).read()
    expected = math.log(1.6 / 0.9) / (2 * Z)
    np.testing.assert_allclose(found["standard_error"].to_list()[0], expected)
    assert found["is_of_interval"].to_list() == [True, False]


def test_the_scale_of_an_interval(tmp_path):
    header = "SNP BETA OR SE CI_LOWER CI_UPPER"
    rows = ["a -0.1 NA NA -0.2 0.0", "b NA 1.2 NA 0.9 1.6", "c 0.182 NA NA 0.9 1.6",
            "d 5 NA NA 0.9 1.6", "e 0.1 NA 0.3 0 0.2", "f NA 1.2 NA 1.2 1.2"]  # fmt: skip
    found = read(tmp_path / "s", header, *rows)["standard_error"].fill_null(np.nan).to_numpy()
    ratio = math.log(1.6 / 0.9) / (2 * Z)
    np.testing.assert_allclose(found, [0.1 / Z, ratio, ratio, np.nan, 0.3, np.nan])


@settings(deadline=None, max_examples=60)
@given(st.floats(-2, 2), st.floats(0.01, 1))
def test_an_error_comes_back_from_its_interval(effect, error):
    low, high = effect - Z * error, effect + Z * error
    ratio = pd.DataFrame(
        {"OR": [math.exp(effect)], "L95": [math.exp(low)], "U95": [math.exp(high)]}
    )
    plain = pd.DataFrame({"BETA": [effect], "CI_LOWER": [low], "CI_UPPER": [high]})
    for frame in (ratio, plain):
        np.testing.assert_allclose(Sumstats(frame).read()["standard_error"], [error], rtol=1e-6)
