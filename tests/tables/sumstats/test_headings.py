"""Roles of the columns of a header."""

import math

import pytest
from reference.sumstats_texts import DIALECTS, check_row, read, table, values

from gemcont import GemcontError


def test_frequency_of_an_allele_that_no_column_names(tmp_path, caplog):
    found = read(tmp_path / "s", "SNP EA OA ALT_FREQ", "a A G 0.2")
    assert found["effect_allele_frequency"].to_list() == [None]
    assert "ALT_FREQ is the frequency of an allele that no column names: not used" in caplog.text
    asked = {"effect_allele_frequency": "ALT_FREQ"}
    found = read(tmp_path / "s", "SNP EA OA ALT_FREQ", "a A G 0.2", columns=asked)
    assert found["effect_allele_frequency"].to_list() == [0.2]


def test_a_role_asked_of_many_files_never_rules_over_a_program(tmp_path):
    header = "MarkerName Allele1 Allele2 Freq1 Effect StdErr P-value Direction"
    row = "a a g .2 1 1 .5 ++"
    for columns in ({"effect_allele": "Allele2"}, {"beta": "StdErr"}, {"z": "Effect"}):
        with pytest.raises(GemcontError, match=r"--columns .* contradicts .* read as METAL"):
            read(tmp_path / "s", header, row, columns=columns, firm=set(columns))
    columns = {"beta": "EFF2", "chromosome": "CHR"}  # of which METAL has one and needs the other
    found = read(tmp_path / "s", header + " CHR", row + " 4", columns=columns, firm=set(columns))
    assert values(found, "beta", "chromosome") == [[1], ["4"]]
    found = read(tmp_path / "s", header, row, columns={"effect_allele": "Allele2"})
    assert found["effect_allele"].to_list() == ["G"]


MORE_FREE_FORMS = [
    ("SNP CHR BP AL1 AL2 EAF B SE P_VAL", "rs1 3 77 G A 0.2 0.5 0.1 1e-6"),
    ("ID CHROM POS REF ALT AF BETA SE PVALUE", "rs1 3 77 A G 0.2 0.5 0.1 1e-6"),
    ("SNP CHR BP A1 A2 FREQ1 OR SE P", f"rs1 3 77 G A 0.2 {math.exp(0.5)!r} 0.1 1e-6"),
    ("RSID CHR POS A1 A0 A1FREQ BETA SE MLOGP", "rs1 3 77 G A 0.2 0.5 0.1 6"),
]


@pytest.mark.parametrize(("header", "row"), MORE_FREE_FORMS)
def test_free_form_headings(tmp_path, header, row):
    file = table(tmp_path / "s", header, row)
    assert file.dialect == "free-form"
    check_row(file)


def test_columns_by_name_rule_over_the_dialect(tmp_path):
    header, row = DIALECTS["fastGWA"]
    file = table(
        tmp_path / "s",
        header + " P2 MINE",
        row + " 0.1 x9",
        columns={"p_value": ["NONE", "P2"], "variant_id": "MINE"},
    )
    found = file.read().row(0, named=True)
    assert (found["neg_log_10_p_value"], found["variant_id"]) == (1.0, "x9")
    with pytest.raises(GemcontError, match=r"has no column 'X' or 'Y' for p_value; its header is"):
        table(tmp_path / "s", header, row, columns={"p_value": ["X", "Y"]})


def test_two_claims_are_refused(tmp_path):
    with pytest.raises(GemcontError, match="EAF and FREQ1 could both be effect_allele_freq"):
        table(tmp_path / "s", "SNP EAF FREQ1 P", "a 1 1 1")
    asked = {"effect_allele_frequency": "EAF"}
    found = table(tmp_path / "s", "SNP EAF FREQ1 P", "a 0.25 1 1", columns=asked).read()
    assert found["effect_allele_frequency"][0] == 0.25


def test_what_is_needed_is_asked_for(tmp_path):
    needed = ("effect_allele",)
    with pytest.raises(GemcontError, match=r"no column for effect_allele \(Allele1 alone does not"):
        table(tmp_path / "s", "SNP Allele1 Allele2 P", "a A C 1", needed=needed)
    with pytest.raises(GemcontError, match="no column of p values; name it by --columns"):
        table(tmp_path / "s", "SNP BETA", "a 1", needed=("neg_log_10_p_value",))
