"""A scan prepared, and what is refused before it starts."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages

from gemcont import ArraySource, GemcontError, run_gwas
from gemcont.genotype.chromosomes import Ploidy
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.contrasts import Conditional
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.scan.groups import Group


def test_one_trait_has_no_others_to_be_given(related):
    with pytest.raises(GemcontError, match="there is no other trait"):
        run_gwas(related.source, related.traits[["a"]], contrast="conditional:a")


def prepared(related, **settings):
    return prepare(
        related.source, from_frame(related.traits, "traits"), None, GwasSettings(**settings)
    )


@pytest.mark.parametrize(
    ("contrast", "code"),
    [("any", "any"), ("common", "common"), ("b", 1), ("conditional:c", Conditional(2))],
)
def test_a_contrast_of_a_trait_is_its_number(related, contrast, code):
    assert prepared(related, contrast=contrast).plan.contrast == code


@pytest.mark.parametrize("contrast", ["d", "conditional:d", "conditional:"])
def test_a_contrast_of_no_trait_is_refused(related, contrast):
    with pytest.raises(GemcontError, match=r"neither a tested trait \(a, b, c\) nor one of any"):
        prepared(related, contrast=contrast)


def test_settings_become_the_plan(related):
    run = prepared(related, test="f", maf=0.2, neg_log10_p_min=2, effects=True, each_trait=True)
    assert (run.plan.test, run.plan.effects, run.plan.joint) == ("f", True, True)
    assert run.plan.filter.flags == ["--maf"]
    assert run.plan.min_neg_log_10_p == run.plan.singles.min_neg_log_10_p == 2
    assert run.plan.refit is None
    assert run.removed_variants["--maf"] == 0
    assert prepared(related, neg_log10_p_min=0).plan.min_neg_log_10_p is None
    assert prepared(related, kinship="grm", refit=1e-3).plan.refit == pytest.approx(3)


def test_the_strongest_rows_are_kept_by_leaders(related):
    run = prepared(related, each_trait=True, top_k=4)
    assert run.plan.singles.leaders.strongest.shape == (3, 4)
    for name in ("top_k", "dense"):
        flag = name.replace("_", "-")
        with pytest.raises(GemcontError, match=f"^--{flag} goes with --each-trait"):
            prepared(related, **{name: 1 if name == "top_k" else True})


def test_models_are_made_where_variants_lie(related):
    assert prepared(related).plan.models.keys() == {Group(Ploidy.AUTOSOME), Group(Ploidy.XY)}
    names = np.where(related.names == "3", "X", related.names)
    renamed = related._replace(
        variants=related.variants.with_columns(chromosome=pl.Series(names, dtype=pl.String))
    )
    models = prepared(renamed).plan.models
    assert models.keys() == {Group(Ploidy.AUTOSOME), Group(Ploidy.XY), Group(Ploidy.X)}
    assert models[Group(Ploidy.XY)] is models[Group(Ploidy.AUTOSOME)]
    only = prepared(renamed, chromosomes="1").plan.models
    assert Group(Ploidy.X) not in only


def test_quality_of_hard_calls_cannot_be_judged(study):
    from gemcont import open_genotypes
    from gemcont.tables.phenotypes import read_sample_table

    source, traits = open_genotypes(study.bfile), read_sample_table(study.pheno)
    with pytest.raises(GemcontError, match="--info: .* holds hard calls only"):
        prepare(source, traits, None, GwasSettings(info=0.3))


def test_rows_by_number_and_by_name_are_not_matched():
    dosages = random_dosages(np.random.default_rng(1), 3, 30)
    numbered = from_frame(pd.DataFrame({"y": np.arange(30.0)}), "the traits")
    named = ArraySource(dosages, samples=[f"s{i}" for i in range(30)])
    with pytest.raises(GemcontError, match="^the traits: its rows are numbered"):
        prepare(named, numbered, None, GwasSettings())
    assert prepare(ArraySource(dosages), numbered, None, GwasSettings()).size >= 128
