"""Summary statistics as text: one variant in the words of every program, and small tables."""

import numpy as np

from gemcont.tables.sumstats.read import Sumstats

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
    """Write a table whose columns are told apart by single blanks, and open it."""
    lines = [separator.join(line.split(" ")) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options)


def read(path, header, *rows, **options):
    """Write a table and return its rows."""
    return table(path, header, *rows, **options).read()


def values(frame, *names):
    return [frame[name].to_list() for name in names]


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
