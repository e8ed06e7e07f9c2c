"""Flags of traits, filters and tests."""

import pytest

from gemcont import GemcontError
from gemcont.settings import scan
from gemcont.settings.flags import flag_name, flags_in
from gemcont.settings.scan import Filters, Traits


def test_nothing_is_filtered_unless_asked():
    filters = Filters()
    assert all(getattr(filters, field.name) is None for field, _, _ in flags_in(Filters))
    assert not filters.hwe_midp


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"maf": 0.51}, "--maf: 0.51 is not from 0 to 0.5"),
        ({"geno": -0.1}, "--geno: -0.1 is not from 0 to 1"),
        ({"mind": 2.0}, "--mind: 2 is not from 0 to 1"),
        ({"hwe": 1.5}, "--hwe: 1.5 is not from 0 to 1"),
        ({"info": 1.5}, "--info: 1.5 is not from 0 to 1"),
        ({"mac": -1}, "--mac: -1 is not from 0 up"),
        ({"from_bp": -5}, "--from-bp: -5 is not from 0 up"),
        ({"to_bp": 1.5}, "to_bp: must be a whole number"),
    ],
)
def test_filters_have_bounds(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        Filters(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"test": "wald"}, "--test: 'wald' is not one of lrt, f"),
        ({"each_trait_samples": "all"}, "--each-trait-samples: 'all' is not one of joint, own"),
        ({"pcs": 0}, "--pcs: 0 is not from 1 up"),
        ({"x_sex": "no"}, "x_sex: must be True or False"),
    ],
)
def test_tests_are_some_of_those_there_are(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        scan.Tests(**given)


def test_flags_have_plink_s_names():
    assert flag_name(Traits, "trait_names") == "--pheno-name"
    assert flag_name(Traits, "covariate_names") == "--covar-name"
    assert flag_name(Traits, "missing_codes") == "--missing-code"
    assert flag_name(scan.Tests, "x_sex") == "--no-x-sex"


def test_each_trait_only_is_two_settings_at_once():
    only = next(said for _, said, names in flags_in(scan.Tests) if names == ("--each-trait-only",))
    settings = scan.Tests(**only.sets)
    assert (settings.joint, settings.each_trait) == (False, True)
    assert scan.Tests().joint is None  # as the number of traits says
