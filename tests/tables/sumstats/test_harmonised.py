"""The GWAS Catalog's harmonised columns."""

from reference.sumstats_texts import read, values

HARMONISED = (
    "hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta hm_odds_ratio hm_ci_lower "
    "hm_ci_upper hm_effect_allele_frequency chromosome base_pair_location effect_allele "
    "other_allele beta odds_ratio standard_error effect_allele_frequency p_value z"
)


def test_harmonised_columns_go_first(tmp_path):
    rows = [
        # as the author has it, turned over, and not harmonised
        "rs1 1 5 G A 0.5 NA NA NA 0.2 1 5 A G 0.5 NA 0.1 0.2 1e-6 5",
        "rs2 1 6 G A -0.5 NA NA NA 0.8 1 6 G A 0.5 NA 0.1 0.2 1e-6 5",
        "NA NA NA NA NA NA NA NA NA NA 1 7 C T 0.3 NA 0.1 0.3 1e-3 3",
    ]
    found = read(tmp_path / "s", HARMONISED, *rows)
    names = ("effect_allele", "other_allele", "beta", "effect_allele_frequency")
    assert values(found, *names) == [
        ["A", "A", "C"], ["G", "G", "T"], [0.5, -0.5, 0.3], [0.2, 0.8, 0.3],
    ]  # fmt: skip
    assert found["base_pair_location"].to_list() == [5, 6, 7]


def test_places_of_an_author_of_another_build_are_not_mixed_in(tmp_path):
    rows = [
        "rs1 1 105 G A 0.5 NA NA NA 0.2 1 5 A G 0.5 NA 0.1 0.2 1e-6 5",
        "NA NA NA NA NA NA NA NA NA NA 1 7 C T 0.3 NA 0.1 0.3 1e-3 3",
    ]
    found = read(tmp_path / "s", HARMONISED, *rows)
    assert found["base_pair_location"].to_list() == [105, None]


def test_harmonised_alleles_never_meet_an_authors_effect(tmp_path):
    row = "rs1 1 5 G A NA NA NA NA NA 1 5 G A 0.5 NA 0.1 0.2 1e-6 5"
    found = read(tmp_path / "s", HARMONISED, row)
    assert values(found, "effect_allele", "beta") == [["G"], [0.5]]
