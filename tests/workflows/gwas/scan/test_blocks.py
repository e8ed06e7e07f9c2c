"""How variants are cut into blocks and chunks."""

import pytest

from gemcont import GemcontError


def test_more_chunks_than_blocks_are_refused(scan):
    with pytest.raises(GemcontError, match="60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))


def test_chunks_are_counted_before_anything_is_fitted(scan, monkeypatch):
    from gemcont.workflows.gwas.files import write as gwas_files

    def prepared(*_, **__):
        raise AssertionError("the null model was fitted")

    monkeypatch.setattr(gwas_files, "prepare", prepared)
    with pytest.raises(GemcontError, match="--chunk 1/10: 60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))
