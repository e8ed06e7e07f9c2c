"""Who is analysed, and with which traits."""

import logging

import numpy as np
import pandas as pd
import pytest
from conftest import random_dosages

from gemcont import ArraySource, GemcontError, run_each_trait, run_gwas
from gemcont.genotype.align import SampleIds
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.people import assemble


def test_own_samples_leave_out_an_empty_trait(caplog):
    dosage = random_dosages(np.random.default_rng(2), 6, 50)
    traits = pd.DataFrame(np.random.default_rng(3).standard_normal((50, 2)), columns=["a", "b"])
    traits["b"] = np.nan
    caplog.set_level("INFO")
    found = run_each_trait(dosage, traits, each_trait_samples="own")
    assert set(found["trait"]) == {"a"}
    assert "trait b is left out: no sample has a value" in caplog.text
    with pytest.raises(GemcontError, match="trait b has no value in the 50 samples left"):
        run_each_trait(dosage, traits)


@pytest.mark.parametrize("code", [-9, -99, 99, -999, 9999])
@pytest.mark.parametrize("apart", [True, False])
def test_codes_that_lie_apart_are_suspected(related, code, apart, caplog):
    traits = related.traits[["a"]].copy()
    if not apart:
        traits["a"] = np.linspace(code - 100, code + 100, len(traits))
    traits.iloc[:4, 0] = code
    with caplog.at_level(logging.WARNING, "gemcont"):
        run_gwas(related.source, traits)
    said = f"trait a: {code} is taken as a value (4 samples), though it lies apart" in caplog.text
    assert said == apart
    assert f"fewer than {len(traits) + 1} minor" not in caplog.text  # nobody has so many


IDS = [f"s{i}" for i in range(12)]


@pytest.fixture
def inputs():
    """Twelve samples, three traits with gaps, one covariate with a gap; in no order."""
    rng = np.random.default_rng(7)
    dosages = random_dosages(rng, 20, 12, low=0.3, high=0.7)
    dosages[:15, 9] = np.nan
    traits = pd.DataFrame(rng.standard_normal((12, 3)), index=IDS, columns=list("abc"))
    traits.loc["s1", "b"] = np.nan
    traits.loc[["s1", "s2"], "c"] = np.nan
    covariates = pd.DataFrame({"age": np.arange(12.0)}, index=IDS)
    covariates.loc["s5", "age"] = np.nan
    order = rng.permutation(12)
    return ArraySource(dosages, samples=IDS), traits.iloc[order], covariates.iloc[order]


def assembled(inputs, further=(), **settings):
    source, traits, covariates = inputs
    return assemble(
        source,
        from_frame(traits, "traits"),
        from_frame(covariates, "covariates"),
        GwasSettings(autosomes=22, **settings),
        variants=np.arange(20),
        further_ids=further,
    )


def test_people_of_the_joint_test_have_everything(inputs):
    people = assembled(inputs)
    ((complete, joint, single),) = people.parts
    assert (joint, single, people.joint) == (True, False, True)
    assert complete.samples.tolist() == [0, 3, 4, 6, 7, 8, 9, 10, 11]
    expected = inputs[1].loc[[IDS[i] for i in complete.samples]].to_numpy()
    np.testing.assert_array_equal(complete.traits, expected)
    assert complete.design[:, 0].tolist() == complete.samples.tolist()
    assert people.removed["missing a trait or covariate"] == 3


def test_people_leave_for_one_reason_each(inputs):
    further = [SampleIds("a kinship", None, IDS[1:])]
    people = assembled(inputs, further, remove=["s3", "s1"], mind=0.5)
    removed = people.removed
    assert removed["--remove"] == 2
    assert removed["not in a kinship"] == 1
    assert removed["--mind"] == 1
    assert removed["missing a trait or covariate"] == 2
    assert 12 - sum(removed.values()) == len(people.parts[0][0].samples) == 6


def test_a_trait_on_its_own_samples_shares_them_with_traits_of_the_same(inputs):
    source, traits, covariates = inputs
    traits = traits.assign(d=traits["a"] * 2)
    people = assembled(
        (source, traits, covariates), each_trait=True, joint=False, each_trait_samples="own"
    )
    found = {tuple(p.trait_names): p for p, joint, single in people.parts}
    assert found.keys() == {("a", "d"), ("b",), ("c",)}
    assert people.trait_names == list("abcd")
    assert found["a", "d"].codes.tolist() == [0, 3]
    for names, part in found.items():
        whole = traits[list(names)].notna().all(axis=1).reindex(IDS) & (np.arange(12) != 5)
        assert part.samples.tolist() == np.flatnonzero(whole).tolist()
        assert not np.isnan(part.traits).any()


def test_own_samples_beside_the_joint_test(inputs):
    people = assembled(inputs, each_trait=True, each_trait_samples="own")
    assert [(joint, single) for _, joint, single in people.parts][0] == (True, False)
    assert {(joint, single) for _, joint, single in people.parts[1:]} == {(False, True)}
    with pytest.raises(GemcontError, match="--each-trait-samples own goes with --each-trait"):
        assembled(inputs, each_trait_samples="own")


def test_components_are_ranked_after_they_are_made(inputs):
    people = assembled(inputs, pcs=2, rank_int=True)
    (complete, *_), *_ = people.parts
    assert people.trait_names == complete.trait_names == ["pc1", "pc2"]
    ranks = complete.traits.argsort(axis=0).argsort(axis=0)
    assert np.sort(complete.traits[:, 0]).tolist() == pytest.approx(
        np.sort(complete.traits[:, 1]).tolist()
    )
    assert (ranks[:, 0] != ranks[:, 1]).any()


def test_nobody_left_is_said_with_the_reasons(inputs):
    with pytest.raises(GemcontError, match="^no sample is left: 7 by --keep, 2 by --remove, 3 m"):
        assembled(inputs, remove=["s0", "s4"], keep=["s0", "s1", "s2", "s4", "s5"])
    with pytest.raises(GemcontError, match="^no sample is left: 11 by --keep, 1 by --mind$"):
        assembled(inputs, keep=["s9"], mind=0.5)


def test_two_values_are_no_number(inputs, caplog):
    source, traits, covariates = inputs
    assembled((source, traits.assign(a=np.arange(12) % 2), covariates))
    assert "trait a has two values: this is the linear model" in caplog.text
    assert "trait b has two" not in caplog.text
