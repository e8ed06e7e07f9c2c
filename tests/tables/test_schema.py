"""Columns of the files that gemcont writes."""

import polars as pl
import pytest

from gemcont.tables import schema
from gemcont.tables.schema import joint_columns, locus_columns, meta_columns

FILES = {
    **{
        f"joint {test} {d}": joint_columns(test, d) for test in ("lrt", "wald", "f") for d in (1, 3)
    },
    **{f"meta {scheme}": meta_columns(scheme) for scheme in ("stderr", "samplesize")},
    "single": schema.single_columns(),
    "variants of a store": schema.store_variant_columns(),
    "traits of a store": schema.store_trait_columns(),
    "panel": schema.panel_columns(),
    "dropped": schema.dropped_columns(),
    "missing": schema.missing_columns(),
    "loci": locus_columns({"beta", "n", "trait"}, genes=True),
}


@pytest.mark.parametrize("columns", FILES.values(), ids=FILES)
def test_every_column_stands_once_and_says_what_it_is(columns):
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    for column in columns:
        assert column.meaning
        assert isinstance(column.dtype(), pl.DataType)
        assert column.name == column.name.lower()


def test_a_files_frame_can_be_made_of_its_columns():
    schema_of = {column.name: column.dtype for column in FILES["single"]}
    assert pl.DataFrame(schema=schema_of).columns[0] == "trait"


def test_loci_have_what_the_report_has():
    names = [c.name for c in locus_columns({"beta", "standard_error", "p"}, genes=False)]
    assert names[4:7] == ["beta", "standard_error", "neg_log_10_p_value"]
    assert not {"trait", "n", "nearest_gene"} & set(names)
    assert names[-1] == "n_below_p2"
    more = [c.name for c in locus_columns({"trait", "effect_allele_frequency"}, genes=True)]
    assert more[-2:] == ["nearest_gene", "gene_distance"]
    assert "trait" in more
    assert "beta" not in more


def test_a_pooled_effect_has_an_error_and_a_pooled_score_none():
    effect, score = ({c.name for c in meta_columns(s)} for s in ("stderr", "samplesize"))
    assert effect - score == {"beta", "standard_error", "tau2"}
    assert score - effect == {"z"}


def test_columns_follow_the_test_and_the_number_of_traits():
    names = [c.name for c in joint_columns("lrt", 1)]
    assert (
        names
        == (
            "chromosome base_pair_location effect_allele other_allele beta standard_error "
            "effect_allele_frequency neg_log_10_p_value variant_id n chi2 dof r2"
        ).split()
    )
    names = [c.name for c in joint_columns("f", 2)]
    assert "beta" not in names
    assert names[-4:] == ["f_statistic", "dof", "dof2", "r2"]
