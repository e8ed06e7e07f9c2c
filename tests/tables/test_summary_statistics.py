"""Summary statistics of every dialect, broken ones, and the values that are hard to read."""

import gzip
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.sumstats.canonical import neg_log_10_of
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


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_every_dialect_says_the_same(tmp_path, name, separator):
    file = table(tmp_path / "s", *DIALECTS[name], separator=separator)
    assert file.dialect == name
    check_row(file)


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


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("SNP P", "a 1.5", "line 3: P is '1.5', not from 0 to 1"),
        ("SNP P", "a -0.5", "line 3: P is '-0.5', not from 0 to 1"),
        ("SNP P", "a x", "line 3: P is 'x', not a number"),
        ("SNP MLOGP", "a -3", "line 3: MLOGP is '-3', below 0"),
        ("SNP EAF P", "a 7 1", "line 3: EAF is '7', not from 0 to 1"),
        ("SNP POS P", "a x 1", "line 3: POS is 'x', not a number"),
        ("SNP BP P", "a 1", "line 3 has 2 columns, expected 3"),
    ],
)
def test_faults_name_their_line(tmp_path, header, row, message):
    good = " ".join(["b", *["0.5"] * (len(header.split()) - 1)]).replace("POS", "5")
    with pytest.raises(GemcontError, match=message):
        table(tmp_path / "s", header, good, row).read()


def test_missing_values(tmp_path):
    file = table(tmp_path / "s", "SNP BETA SE P", "a NA . nan", "b - n/a NA", "c 1 inf 0.1")
    found = file.read()
    assert found["beta"].to_list() == [None, None, 1]
    assert found["standard_error"].to_list() == [None, None, None]
    np.testing.assert_allclose(found["neg_log_10_p_value"][2], 1)
    assert found["neg_log_10_p_value"].null_count() == 2


def test_small_p_from_text(tmp_path):
    texts = ["3.2e-412", "1E-5000", "0.5e-1000", "0", "1e-308", "1"]
    rows = [f"v{i} {text}" for i, text in enumerate(texts)]
    found = table(tmp_path / "s", "SNP P", *rows).read()["neg_log_10_p_value"].to_list()
    expected = [412 - math.log10(3.2), 5000, 1000 + math.log10(2), math.inf, 308, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(st.floats(1, 10, exclude_max=True), st.integers(-9000, 0))
def test_minus_log10_of_any_text(mantissa, power):
    found = neg_log_10_of(f"{mantissa!r}e{power}")
    np.testing.assert_allclose(found, -math.log10(mantissa) - power, rtol=1e-13, atol=1e-13)


def test_infinite_and_signed_p(tmp_path):
    found = table(tmp_path / "s", "SNP MLOGP", "a inf", "b 3").read()
    assert found["neg_log_10_p_value"].to_list() == [math.inf, 3]
    found = table(tmp_path / "s", "SNP P", "a +1e-310", "b -0.0", "c 0.1").read()
    assert found["neg_log_10_p_value"].to_list() == [310, math.inf, 1]


def test_stray_quotes_are_letters(tmp_path):
    rows = [f"v{i} x 0.5" for i in range(30)]
    rows[10], rows[20] = 'v10 5"in 0.5', 'v20 "7in 0.5'
    assert table(tmp_path / "s", "SNP NOTE P", *rows).read().height == 30
    (tmp_path / "s").write_text('"SNP"\t"P"\n"a"\t"0.1"\n')
    assert Sumstats(str(tmp_path / "s")).read()["variant_id"].to_list() == ["a"]


def test_logistic_standard_errors_and_rsids(tmp_path):
    file = table(
        tmp_path / "s",
        "#CHROM POS ID REF ALT A1 FIRTH? TEST OBS_CT OR LOG(OR)_SE Z_STAT P ERRCODE",
        "1 5 a A G G N ADD 100 2 0.25 3 1e-3 .",
    )
    assert file.read()["standard_error"].to_list() == [0.25]
    header = DIALECTS["GWAS-SSF"][0] + " rsid"
    file = table(tmp_path / "s", header, "1 5 A C 1 1 0.5 0.5 1_5_C_A 9 rs7",
                 "1 6 A C 1 1 0.5 0.5 1_6_C_A 9 NA")  # fmt: skip
    assert file.read()["variant_id"].to_list() == ["rs7", "1_6_C_A"]


def test_text_of_every_kind(tmp_path):
    rows = "##a comment\r\n\ufeff".encode() + b"SNP,P\r\na,0.5\r\n\r\nb,1e-3\r\n"
    plain = b"\xef\xbb\xbf" + rows.replace("\ufeff".encode(), b"")
    for data in (plain, gzip.compress(plain[:20]) + gzip.compress(plain[20:])):
        (tmp_path / "s").write_bytes(data)
        assert Sumstats(str(tmp_path / "s")).read()["variant_id"].to_list() == ["a", "b"]


def test_chunks_and_rows(tmp_path, monkeypatch):
    rows = [f"v{i} {i + 1} 0.5" for i in range(500)]
    whole = table(tmp_path / "s", "SNP POS P", *rows).read()
    monkeypatch.setattr("gemcont.tables.sumstats.read._CHUNK", 64)
    file = Sumstats(str(tmp_path / "s"))
    parts = list(file.batches())
    assert len(parts) > 50
    assert pl.concat(parts).equals(whole)
    assert whole["row"].to_list() == list(range(500))


def test_one_trait_of_several(tmp_path):
    file = table(tmp_path / "s", DIALECTS["GWAS-SSF"][0] + " trait",
                 "1 5 A C 1 1 0.5 0.5 a 9 x", "1 5 A C 2 1 0.5 0.5 a 9 y", trait="y")  # fmt: skip
    assert file.read()["beta"].to_list() == [2]
    with pytest.raises(GemcontError, match="--trait: .* has no trait 'z'"):
        Sumstats(str(tmp_path / "s"), trait="z").read()
    with pytest.raises(GemcontError, match="--trait: .* has no column of traits"):
        table(tmp_path / "s", "SNP P", "a 1", trait="y")


def test_parquet_and_frames(tmp_path):
    frame = pd.DataFrame({"SNP": ["a", "b"], "CHR": [1, 2], "P": [0.5, np.nan], "N": [3, 4]})
    found = Sumstats(frame).read()
    assert found["chromosome"].to_list() == ["1", "2"]
    assert found["neg_log_10_p_value"].null_count() == 1
    pl.DataFrame({"SNP": ["a"], "P": [0.1]}).write_parquet(tmp_path / "p")
    assert Sumstats(str(tmp_path / "p")).read()["neg_log_10_p_value"].to_list() == [1.0]
    with pytest.raises(GemcontError, match="the table of summary statistics, row 1: P is 2.0"):
        Sumstats(pd.DataFrame({"SNP": ["a", "b"], "P": [0.5, 2.0]})).read()


def test_files_that_are_none(tmp_path):
    path = tmp_path / "s"
    for data, message in (
        (b"", "the file is empty"),
        (b"SNP P\n", "has a header but no rows"),
        (b"SNP\x00P\n1 2\n", "not a text file"),
        (b"SNP P\ra 1\rb 1\r", "lines end in bare carriage returns"),
        (b"\x01\x02\x7f P\n1 2\n", "not a text file"),
        (b"SNP P P\n1 2 3\n", "column 'P' stands twice"),
        (gzip.compress(b"SNP P\n" + b"a 1\n" * 9000)[:60], "damaged, truncated or unreadable"),
        (b"\x28\xb5\x2f\xfd rest", "packed by zstd; unpack it, or use gzip"),
        (b"PAR1 not really", "not a parquet file, or truncated"),
    ):
        path.write_bytes(data)
        with pytest.raises(GemcontError, match=message):
            Sumstats(str(path)).read()
    with pytest.raises(GemcontError, match="no such file"):
        Sumstats(str(tmp_path / "none"))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.text("ab1_:-", min_size=1, max_size=8),
            st.floats(-50, 50),
            st.floats(1e-290, 1),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    rows = [(f"v{i}", b, p) for i, b, p in rows]
    path = tmp_path_factory.mktemp("s") / "s"
    path.write_text("SNP\tBETA\tP\n" + "".join(f"{i}\t{b!r}\t{p!r}\n" for i, b, p in rows))
    found = Sumstats(str(path)).read()
    assert found["variant_id"].to_list() == [i for i, _, _ in rows]
    assert found["beta"].to_list() == [b for _, b, _ in rows]
    np.testing.assert_allclose(
        found["neg_log_10_p_value"], [-math.log10(p) for _, _, p in rows], atol=1e-12, rtol=1e-12
    )
