"""Names of cohorts."""

import pytest
from reference.large_cohorts import A

from gemcont import GemcontError, run_meta


def test_names_have_to_be_a_list():
    with pytest.raises(GemcontError, match="--names: 'ab' is one name, not a list"):
        run_meta([A], "ab")
