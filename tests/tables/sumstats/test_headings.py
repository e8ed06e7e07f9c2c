"""Roles of the columns of a header."""

import math

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.tables.sumstats.read import Sumstats


def read(path, header, *rows, separator="\t", **options):
    lines = [separator.join(line.split(" ")) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options).read()


def values(frame, *names):
    return [frame[name].to_list() for name in names]


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


# One variant, effect allele G with frequency 0.2, other allele A, beta 0.5, SE 0.1, p 1e-6, in the
# words of every program: (header, row).
DIALECTS = {
    "GWAS-SSF": (
        "chromosome base_pair_location effect_allele other_allele beta standard_error "
        "effect_allele_frequency p_value variant_id n",
        "3 77 G A 0.5 0.1 0.2 1e-6 rs1 100",
    ),
    "plink2": (
        "#CHROM POS ID REF ALT A1 OMITTED A1_FREQ TEST OBS_CT BETA SE T_STAT P ERRCODE",
        "3 77 rs1 G A G A 0.2 ADD 100 0.5 0.1 5 1e-6 .",
    ),
    "plink1.9": ("CHR SNP BP A1 TEST NMISS BETA SE STAT P", "3 rs1 77 G ADD 100 0.5 0.1 5 1e-6"),
    "REGENIE": (
        "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA",
        "3 77 rs1 A G 0.2 1 100 ADD 0.5 0.1 25 6 NA",
    ),
    "SAIGE": (
        "CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 MissingRate BETA SE Tstat var "
        "p.value N",
        "3 77 rs1 A G 40 0.2 0 0.5 0.1 5 1 1e-6 100",
    ),
    "fastGWA": ("CHR SNP POS A1 A2 N AF1 BETA SE P", "3 rs1 77 G A 100 0.2 0.5 0.1 1e-6"),
    "BOLT-LMM": (
        "SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ F_MISS CHISQ_LINREG P_LINREG BETA SE "
        "CHISQ_BOLT_LMM P_BOLT_LMM",
        "rs1 3 77 0 G A 0.2 0 20 0.1 0.5 0.1 25 1e-6",
    ),
    "GEMMA": (
        "chr rs ps n_miss allele1 allele0 af beta se logl_H1 l_remle p_wald",
        "3 rs1 77 0 G A 0.2 0.5 0.1 -5 1 1e-6",
    ),
    "METAL": (
        "MarkerName Allele1 Allele2 Freq1 FreqSE Effect StdErr P-value Direction",
        "rs1 g a 0.2 0 0.5 0.1 1e-6 ++",
    ),
    "FinnGen": (
        "#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt",
        "3 77 A G rs1 GENE 1e-6 6 0.5 0.1 0.2",
    ),
    "MVP": (
        "SNP_ID chrom pos ref alt ea af num_samples beta sebeta pval r2",
        "rs1 3 77 G A G 0.2 100 0.5 0.1 1e-6 0.9",
    ),
    "MTAG": (
        "snpid chr bpos a1 a2 freq n beta se z pval",
        "rs1 3 77 G A 0.2 100 0.5 0.1 5 1e-6",
    ),
    "free-form": (
        "MARKER CHROMOSOME POSITION EFFECT_ALLELE NON_EFFECT_ALLELE FREQ_EFFECT EFFECT STDERR PVAL",
        "rs1 3 77 g a 0.2 0.5 0.1 1e-6",
    ),
}


MORE_FREE_FORMS = [
    ("SNP CHR BP AL1 AL2 EAF B SE P_VAL", "rs1 3 77 G A 0.2 0.5 0.1 1e-6"),
    ("ID CHROM POS REF ALT AF BETA SE PVALUE", "rs1 3 77 A G 0.2 0.5 0.1 1e-6"),
    ("SNP CHR BP A1 A2 FREQ1 OR SE P", f"rs1 3 77 G A 0.2 {math.exp(0.5)!r} 0.1 1e-6"),
    ("RSID CHR POS A1 A0 A1FREQ BETA SE MLOGP", "rs1 3 77 G A 0.2 0.5 0.1 6"),
]


def table(path, header, *rows, separator="\t", **options):
    lines = [separator.join(line.split()) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options)


@pytest.mark.parametrize(("header", "row"), MORE_FREE_FORMS)
def test_free_form_headings(tmp_path, header, row):
    file = table(tmp_path / "s", header, row)
    assert file.dialect == "free-form"
    check_row(file)


def check_row(file):
    row = file.read().row(0, named=True)
    assert row["variant_id"] == "rs1"
    assert row["effect_allele"] == "G"
    if file.dialect not in ("plink1.9",):
        assert row["other_allele"] == "A"
        assert row["effect_allele_frequency"] == 0.2
    if file.dialect != "METAL":
        assert (row["chromosome"], row["base_pair_location"]) == ("3", 77)
    np.testing.assert_allclose([row["beta"], row["standard_error"]], [0.5, 0.1], rtol=1e-12)
    np.testing.assert_allclose(row["neg_log_10_p_value"], 6, rtol=1e-12)


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
