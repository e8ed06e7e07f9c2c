"""Memory that a matrix over all samples takes."""

import pytest
from reference.relatives import N, families, refused

from gemcont import run_gwas
from gemcont.workflows.common import memory


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.mark.parametrize("loco", [False, True])
def test_memory_that_does_not_hold_it_says_how_many_fit(study, monkeypatch, loco):
    each = 42 + 20 * loco
    monkeypatch.setattr(memory, "available_memory", lambda: each * 50**2 + 1)
    refused(
        rf"--kinship: {N} samples need about .* GiB of memory, .* free: enough for 50; for more, "
        "--pred", study.source, study.traits, kinship="grm", loco=loco,
    )  # fmt: skip
    monkeypatch.setattr(memory, "available_memory", lambda: None)  # not known
    run_gwas(study.source, study.traits, kinship="grm", loco=loco)


def test_a_32_bit_lapack_is_refused_above_its_bound(study, monkeypatch):
    monkeypatch.setattr(memory, "lapack_is_64_bit", lambda: False)
    run_gwas(study.source, study.traits, kinship="grm")
    monkeypatch.setattr(memory, "_LP64_LARGEST", 100)
    refused("need a 64-bit LAPACK", study.source, study.traits, kinship="grm")
