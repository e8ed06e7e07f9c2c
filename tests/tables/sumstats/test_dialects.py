"""Headers of the field's programs."""

import math

import numpy as np
import pytest

from gemcont.tables.sumstats.read import Sumstats

Z = 1.959963984540054


def read(path, header, *rows, separator="\t", **options):
    lines = [separator.join(line.split(" ")) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options).read()


def values(frame, *names):
    return [frame[name].to_list() for name in names]


def test_effect_of_htp_is_a_ratio_where_there_are_controls(tmp_path):
    header = (
        "Name Chr Pos Ref Alt Trait Cohort Model Effect LCI_Effect UCI_Effect Pval AAF Num_Cases "
        "Num_Controls Info"
    )
    limits = [math.exp(math.log(2) + s * Z * 0.1) for s in (-1, 1)]
    found = read(
        tmp_path / "s", header,
        f"a 1 5 G A T C ADD-WGR-FIRTH 2 {limits[0]!r} {limits[1]!r} 1e-9 0.2 40 60 X=1",
        f"b 1 6 G A T C ADD-WGR-LR 0.5 {0.5 - Z * 0.1!r} {0.5 + Z * 0.1!r} 1e-9 0.2 90 NA X=1",
    )  # fmt: skip
    np.testing.assert_allclose(found["beta"], [math.log(2), 0.5])
    np.testing.assert_allclose(found["standard_error"], [0.1, 0.1])
    assert found["n"].to_list() == [100, 90]


def test_results_of_mtag_not_what_went_in(tmp_path):
    header = "SNP CHR BP A1 A2 Z N FRQ mtag_beta mtag_se mtag_z mtag_pval"
    found = read(tmp_path / "s", header, "rs1 1 5 A G 1.5 99 0.2 0.5 0.1 5 1e-6")
    assert values(found, "z", "beta", "standard_error", "n") == [[5], [0.5], [0.1], [99]]


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


def table(path, header, *rows, separator="\t", **options):
    lines = [separator.join(line.split()) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_every_dialect_says_the_same(tmp_path, name, separator):
    file = table(tmp_path / "s", *DIALECTS[name], separator=separator)
    assert file.dialect == name
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


def test_old_plink2_has_no_omitted_allele(tmp_path):
    file = table(
        tmp_path / "s",
        "#CHROM POS ID REF ALT A1 TEST OBS_CT BETA SE T_STAT LOG10_P",
        "1 5 a G A G ADD 9 1 1 1 6",
        "1 6 b G A A ADD 9 1 1 1 6",
        "1 7 c G A A COV 9 1 1 1 6",
    )
    found = file.read()
    assert found["other_allele"].to_list() == ["A", "G"]
    assert found["neg_log_10_p_value"].to_list() == [6, 6]
    assert file.skipped == {"TEST is not ADD": 1}
    assert file.has_log_p
