"""The headings that programs of the field give their summary statistics: declared as data.

A header is first compared with every dialect, whose own meaning of a name rules there (Allele1 is
the effect allele of METAL and the other one of SAIGE); only a header that is nobody's is read by
the free-form aliases. Names are compared without case, #, and with _ for every other sign.
"""

from typing import NamedTuple

# What a column can be. Where several can give a value, each row takes the first that is filled:
# of effect and ratios the effect, of -log10 p, p and log10 p the first, of standard error and
# interval the error. The standard error is that of the effect, so of the logarithm of a ratio.
ROLES = (
    "variant_id rsid chromosome base_pair_location effect_allele other_allele ref alt beta "
    "odds_ratio hazard_ratio standard_error ci ci_lower ci_upper effect_allele_frequency "
    "other_allele_frequency alt_allele_frequency ref_allele_frequency neg_log_10_p_value p_value "
    "log_10_p_value z n n_cases n_controls n_effective test strand trait"
).split()
# REGENIE's --htp has one column that is an odds ratio where there are controls, else the effect.
EFFECT_BY_CONTROLS = "effect_by_controls"


class Dialect(NamedTuple):
    """One program's heading.

    Attributes:
        name: of the program.
        signature: columns, all present, that no other dialect has together.
        columns: role -> names. Each row takes the first that is filled; of p the first that is
            present, since two p are of two tests.
    """

    name: str
    signature: str
    columns: dict


def _dialect(name, signature, **columns):
    return Dialect(name, signature, {role: names.split() for role, names in columns.items()})


# The order matters: a more particular signature stands before a more general one.
DIALECTS = (
    _dialect(
        "MTAG's results",
        "SNP A1 A2 mtag_beta mtag_se mtag_z mtag_pval",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="BP",
        effect_allele="A1",
        other_allele="A2",
        beta="mtag_beta",
        standard_error="mtag_se",
        effect_allele_frequency="FRQ meta_freq",
        p_value="mtag_pval",
        z="mtag_z",  # Z is that of the study before MTAG
        n="N",
    ),
    _dialect(
        "PGS Catalog",
        "effect_allele effect_weight",
        variant_id="variant_id",
        rsid="rsID",
        chromosome="chr_name",
        base_pair_location="chr_position",
        effect_allele="effect_allele",
        other_allele="other_allele reference_allele hm_inferOtherAllele",
        beta="effect_weight",
        effect_allele_frequency="allelefrequency_effect",
    ),
    _dialect(
        "REGENIE --htp",
        "Name Chr Pos Ref Alt Trait Cohort Model Effect LCI_Effect UCI_Effect Pval",
        variant_id="Name",
        chromosome="Chr",
        base_pair_location="Pos",
        effect_allele="Alt",
        other_allele="Ref",
        effect_by_controls="Effect",
        ci_lower="LCI_Effect",
        ci_upper="UCI_Effect",
        effect_allele_frequency="AAF",
        p_value="Pval",
        n_cases="Num_Cases",
        n_controls="Num_Controls",
        test="Model",
        trait="Trait",
    ),
    _dialect(
        "GWAS-SSF",
        "chromosome base_pair_location effect_allele other_allele",
        variant_id="variant_id",
        rsid="rsid rs_id",
        chromosome="chromosome",
        base_pair_location="base_pair_location",
        effect_allele="effect_allele",
        other_allele="other_allele",
        beta="beta",
        odds_ratio="odds_ratio",
        hazard_ratio="hazard_ratio",
        standard_error="standard_error",
        ci_lower="ci_lower",
        ci_upper="ci_upper",
        effect_allele_frequency="effect_allele_frequency",
        neg_log_10_p_value="neg_log_10_p_value",
        p_value="p_value",
        n="n",
        trait="trait",
    ),
    _dialect(
        "REGENIE",
        "CHROM GENPOS ID ALLELE0 ALLELE1 LOG10P",
        variant_id="ID",
        chromosome="CHROM",
        base_pair_location="GENPOS",
        effect_allele="ALLELE1",
        other_allele="ALLELE0",
        beta="BETA",
        standard_error="SE",
        effect_allele_frequency="A1FREQ",
        neg_log_10_p_value="LOG10P",
        n="N",
        test="TEST",
    ),
    _dialect(
        "BOLT-LMM",
        "SNP CHR BP GENPOS ALLELE1 ALLELE0",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="BP",
        effect_allele="ALLELE1",
        other_allele="ALLELE0",
        beta="BETA",
        standard_error="SE",
        effect_allele_frequency="A1FREQ",
        p_value="P_BOLT_LMM P_BOLT_LMM_INF P_LINREG",
    ),
    _dialect(
        "SAIGE",
        "CHR POS Allele1 Allele2 AF_Allele2",
        variant_id="MarkerID SNPID rsid",
        chromosome="CHR",
        base_pair_location="POS",
        effect_allele="Allele2",
        other_allele="Allele1",
        beta="BETA",
        standard_error="SE",
        effect_allele_frequency="AF_Allele2",
        p_value="p_value",
        n="N",
        n_cases="N_case",
        n_controls="N_ctrl",
    ),
    _dialect(
        "METAL",
        "MarkerName Allele1 Allele2 Direction",
        variant_id="MarkerName",
        chromosome="Chromosome",
        base_pair_location="Position",
        effect_allele="Allele1",
        other_allele="Allele2",
        beta="Effect",
        standard_error="StdErr",
        effect_allele_frequency="Freq1",
        p_value="P_value",
        log_10_p_value="log_P_",
        z="Zscore",
        n="TotalSampleSize Weight",
    ),
    _dialect(
        "GEMMA",
        "chr rs ps n_miss allele1 allele0",
        variant_id="rs",
        chromosome="chr",
        base_pair_location="ps",
        effect_allele="allele1",
        other_allele="allele0",
        beta="beta",
        standard_error="se",
        effect_allele_frequency="af",
        p_value="p_wald p_lrt p_score",
    ),
    _dialect(
        "FinnGen",
        "chrom pos ref alt rsids pval",
        variant_id="rsids",
        chromosome="chrom",
        base_pair_location="pos",
        effect_allele="alt",
        other_allele="ref",
        beta="beta",
        standard_error="sebeta",
        effect_allele_frequency="af_alt",
        neg_log_10_p_value="mlogp",
        p_value="pval",
    ),
    _dialect(
        "MVP",
        "SNP_ID chrom pos ref alt ea pval",
        variant_id="SNP_ID",
        chromosome="chrom",
        base_pair_location="pos",
        effect_allele="ea",
        ref="ref",
        alt="alt",
        beta="beta",
        odds_ratio="or",
        standard_error="sebeta",
        ci="ci",
        effect_allele_frequency="af",
        p_value="pval",
        n="num_samples",
        n_cases="num_cases",
        n_controls="num_controls",
    ),
    _dialect(
        "fastGWA",
        "CHR SNP POS A1 A2 N AF1 BETA SE P",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="POS",
        effect_allele="A1",
        other_allele="A2",
        beta="BETA",
        standard_error="SE",
        effect_allele_frequency="AF1",
        p_value="P",
        n="N",
    ),
    _dialect(
        "plink2",
        "CHROM POS ID REF ALT A1",
        variant_id="ID",
        chromosome="CHROM",
        base_pair_location="POS",
        effect_allele="A1",
        other_allele="OMITTED AX",
        ref="REF",
        alt="ALT",
        beta="BETA",
        odds_ratio="OR",
        standard_error="SE LOG_OR_SE",
        ci_lower="L95",
        ci_upper="U95",
        effect_allele_frequency="A1_FREQ",
        # Older builds head the same values, -log10 p, LOG10_P.
        neg_log_10_p_value="NEG_LOG10_P LOG10_P",
        p_value="P",
        n="OBS_CT",
        test="TEST",
    ),
    _dialect(
        "plink1.9",
        "CHR SNP BP A1 TEST NMISS",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="BP",
        effect_allele="A1",
        beta="BETA",
        odds_ratio="OR",
        standard_error="SE",
        ci_lower="L95",
        ci_upper="U95",
        p_value="P",
        n="NMISS",
        test="TEST",
    ),
    _dialect(
        "plink1.9 --assoc",
        "CHR SNP BP NMISS R2 T P",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="BP",
        beta="BETA",
        standard_error="SE",
        p_value="P",
        n="NMISS",
    ),
    _dialect(
        "plink1.9 --assoc",
        "CHR SNP BP A1 F_A F_U A2 P OR",
        variant_id="SNP",
        chromosome="CHR",
        base_pair_location="BP",
        effect_allele="A1",
        other_allele="A2",
        odds_ratio="OR",
        standard_error="SE",
        ci_lower="L95",
        ci_upper="U95",
        p_value="P",
    ),
    _dialect(
        "MTAG",
        "snpid chr bpos a1 a2 freq z pval",
        variant_id="snpid",
        chromosome="chr",
        base_pair_location="bpos",
        effect_allele="a1",
        other_allele="a2",
        beta="beta",
        standard_error="se",
        effect_allele_frequency="freq",
        p_value="pval",
        z="z",
        n="n",
    ),
)
# Of a header that is no program's: what consortia write. A1 is taken as the effect allele, as
# PLINK, LDSC and GCTA have it; MungeSumstats' files, whose A2 is, cannot be told from them.
ALIASES = {
    "variant_id": "SNP SNPID SNP_ID RSID RS_ID RS RSIDS ID MARKER MARKERNAME MARKER_NAME MARKERID "
    "VARIANT VARIANT_ID VARID",
    "chromosome": "CHR CHROM CHROMOSOME CHR_ID",
    "base_pair_location": "POS BP POSITION BASE_PAIR_LOCATION BASE_PAIR_POSITION CHR_POS BPOS "
    "GENPOS PS BP_POSITION",
    "effect_allele": "EFFECT_ALLELE EFFECTALLELE EA A1 AL1 ALLELE_EFFECT TESTED_ALLELE "
    "CODED_ALLELE RISK_ALLELE",
    "other_allele": "OTHER_ALLELE OTHERALLELE NON_EFFECT_ALLELE NONEFFECT_ALLELE NEA OA A2 AL2 A0 "
    "NONCODED_ALLELE NON_CODED_ALLELE",
    "ref": "REF REFERENCE_ALLELE",
    "alt": "ALT ALTERNATE_ALLELE ALTERNATIVE_ALLELE",
    "beta": "BETA EFFECT B EFFECT_SIZE BETA_EFFECT LOG_ODDS LOG_OR",
    "odds_ratio": "OR ODDS_RATIO",
    "hazard_ratio": "HR HAZARD_RATIO",
    "standard_error": "SE STDERR STD_ERR STANDARD_ERROR STDERROR SEBETA SE_BETA BETA_SE",
    "ci": "CI CI95 CI_95 95_CI 95CI OR_95_CI OR_95CI CONFIDENCE_INTERVAL",
    "ci_lower": "CI_LOWER CI_LOW CI95_LOWER CI_LOWER_95 CI_L LOWER_CI OR_95L OR_95_L L95 LOWER_95",
    "ci_upper": "CI_UPPER CI_HIGH CI95_UPPER CI_UPPER_95 CI_U UPPER_CI OR_95U OR_95_U U95 UPPER_95",
    "effect_allele_frequency": "EAF FREQ FREQ1 FRQ AF AF1 A1FREQ A1_FREQ FREQ_A1 A1_AF AF_A1 "
    "FREQ_EFFECT EFFECT_ALLELE_FREQ EFFECT_ALLELE_FREQUENCY FREQ_EFFECT_ALLELE EFFECT_AF EA_FREQ "
    "AF_EA CODED_ALLELE_FREQ",
    "other_allele_frequency": "OAF NEAF A2FREQ A2_FREQ FREQ_A2 A2_AF AF_A2 OTHER_ALLELE_FREQ "
    "OTHER_ALLELE_FREQUENCY NON_EFFECT_ALLELE_FREQ NON_EFFECT_ALLELE_FREQUENCY",
    "alt_allele_frequency": "AF_ALT ALT_AF ALT_FREQ ALT_FREQS FREQ_ALT AAF POOLED_ALT_AF "
    "ALT_ALLELE_FREQ ALT_ALLELE_FREQUENCY",
    "ref_allele_frequency": "AF_REF REF_AF REF_FREQ REF_FREQS FREQ_REF REF_ALLELE_FREQ "
    "REF_ALLELE_FREQUENCY",
    "neg_log_10_p_value": "NEG_LOG10_P NEG_LOG_10_P_VALUE NEGLOG10P NEG_LOG10P NEG_LOG10_PVAL "
    "MINUS_LOG10_P MLOGP MLOG10P LOG10P LP",
    "p_value": "P PVAL P_VAL PVALUE P_VALUE P_VALUES GWAS_P P_GC",
    "z": "Z ZSCORE Z_SCORE Z_STAT",
    "n": "N N_TOTAL NTOTAL TOTAL_N TOTALN N_SAMPLES NSAMPLES NUM_SAMPLES SAMPLE_SIZE SAMPLESIZE "
    "TOTALSAMPLESIZE N_COMPLETE_SAMPLES OBS_CT NMISS",
    "n_cases": "N_CASE N_CASES NCASE NCASES N_CAS NCAS NCA NUM_CASES NUM_CASE CASES_N",
    "n_controls": "N_CONTROL N_CONTROLS NCONTROL NCONTROLS N_CTRL N_CTRLS N_CON NCON NCO "
    "NUM_CONTROLS NUM_CONTROL CONTROLS_N",
    "n_effective": "NEFF N_EFF NEFFECTIVE N_EFFECTIVE EFFECTIVE_N",
    "test": "TEST",
    "strand": "STRAND",
    "trait": "TRAIT",
}
# Roles whose names mean the same in every program: a dialect that lacks one takes these too.
BEHIND_DIALECTS = (
    "variant_id chromosome base_pair_location ci ci_lower ci_upper alt_allele_frequency "
    "ref_allele_frequency n n_cases n_controls n_effective strand"
).split()
# The GWAS Catalog's harmonised columns, which stand beside the author's and go before them.
HARMONISED = {
    "hm_rsid": "HM_RSID",
    "hm_chromosome": "HM_CHROM HM_CHR",
    "hm_base_pair_location": "HM_POS",
    "hm_effect_allele": "HM_EFFECT_ALLELE",
    "hm_other_allele": "HM_OTHER_ALLELE",
    "hm_beta": "HM_BETA",
    "hm_odds_ratio": "HM_ODDS_RATIO",
    "hm_ci_lower": "HM_CI_LOWER",
    "hm_ci_upper": "HM_CI_UPPER",
    "hm_effect_allele_frequency": "HM_EFFECT_ALLELE_FREQUENCY",
}
