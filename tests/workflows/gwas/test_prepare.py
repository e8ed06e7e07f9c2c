"""A scan prepared, and what is refused before it starts."""

import pytest

from gemcont import GemcontError, run_gwas


def test_one_trait_has_no_others_to_be_given(related):
    with pytest.raises(GemcontError, match="there is no other trait"):
        run_gwas(related.source, related.traits[["a"]], contrast="conditional:a")
