"""Columns of the files that gemcont writes."""

from gemcont.tables.schema import joint_columns


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
