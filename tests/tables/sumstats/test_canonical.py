"""Values of summary statistics in one form: effects, errors, p, n, frequencies, alleles."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.sumstats_texts import DIALECTS, read, table, values

from gemcont import GemcontError
from gemcont.tables.sumstats.canonical import neg_log_10_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.text.parse import MISSING

PLACE = "CHR POS SNP EA OA"


def test_effects_by_turns(tmp_path):
    found = read(
        tmp_path / "s",
        "SNP BETA OR HR",
        "a 0.5 NA NA",
        "b NA 2 NA",
        "c . . 4",
        "d 0.1 3 NA",
        "e NA 0 NA",
    )
    expected = [0.5, math.log(2), math.log(4), 0.1, np.nan]
    np.testing.assert_allclose(found["beta"].fill_null(np.nan), expected)
    assert found["is_ratio"].to_list()[:4] == [False, True, True, False]


@pytest.mark.parametrize("word", [w for w in MISSING if w])
@pytest.mark.parametrize("form", [str, str.upper, str.title])
def test_words_for_missing_are_those_of_every_table(tmp_path, word, form):
    found = read(tmp_path / "s", "SNP BETA P", f"a {form(word)} 0.1", f"b 0.5 {form(word)}")
    assert values(found, "beta") == [[None, 0.5]]
    assert found["neg_log_10_p_value"].to_list() == [1.0, None]


def test_p_by_turns(tmp_path):
    found = read(tmp_path / "s", "SNP MLOGP P", "a 3 NA", "b NA 1e-4", "c NA 1e-400", "d NA NA")
    assert found["neg_log_10_p_value"].to_list() == [3, 4, 400, None]


def test_two_columns_of_an_error_by_turns(tmp_path):
    """plink2's linear and logistic results, one below the other."""
    header = "CHROM POS ID REF ALT A1 OBS_CT BETA SE OR LOG(OR)_SE P"
    rows = ["1 5 a A G G 9 0.5 0.1 NA NA 0.1", "1 6 b A G G 9 NA NA 2 0.2 0.1"]
    found = read(tmp_path / "s", header, *rows)
    np.testing.assert_allclose(found["beta"], [0.5, math.log(2)])
    assert found["standard_error"].to_list() == [0.1, 0.2]


def test_negative_ratios_are_named(tmp_path):
    for name in ("OR", "HR"):
        message = rf"line 3: {name} is '-0.1', below 0: does it hold logarithms"
        with pytest.raises(GemcontError, match=message):
            read(tmp_path / "s", f"SNP {name} P", "a 1.1 0.5", "b -0.1 0.5")
    with pytest.raises(GemcontError, match="does it hold logarithms"):
        Sumstats(pl.DataFrame({"SNP": ["a"], "X": [-0.2]}), columns={"odds_ratio": "X"}).read()


@pytest.mark.parametrize("test", ["ADD", "add", "Additive", "ADDITIVE", "ADD-WGR-FIRTH"])
def test_additive_in_any_case(tmp_path, test):
    file = Sumstats(pd.DataFrame({"SNP": ["a", "b"], "P": [0.1, 0.2], "TEST": [test, "DOMDEV"]}))
    assert file.read()["variant_id"].to_list() == ["a"]
    assert file.skipped == {"TEST is not ADD": 1}
    assert file.left_out[0].rows() == [(1, "b")]


METAL = "MarkerName Allele1 Allele2 Effect StdErr P-value Direction"


@pytest.mark.parametrize(
    ("header", "row", "n"),
    [
        (f"{METAL} N", "a a g 1 1 .5 ++ 7", 7),
        (f"{METAL} NCASE NCONTROL", "a a g 1 1 .5 ++ 3 4", 7),
        ("CHROM GENPOS ID ALLELE0 ALLELE1 LOG10P N_CASES N_CONTROLS", "1 5 a A G 1 3 4", 7),
        ("#chrom pos ref alt rsids pval beta sebeta num_samples", "1 5 A G a .1 1 1 7", 7),
        ("SNP EA OA BETA SE N_CAS N_CON", "a A G 1 1 3 4", 7),
        ("SNP EA OA BETA SE Nca Nco Neff", "a A G 1 1 3 4 6", 7),
        ("SNP EA OA BETA SE Neff", "a A G 1 1 6", 6),
        ("SNP EA OA BETA SE N N_CASES N_CONTROLS", "a A G 1 1 NA 3 4", 7),
    ],
)
def test_sample_sizes_of_any_name(tmp_path, header, row, n):
    assert read(tmp_path / "s", header, row)["n"].to_list() == [n]


@pytest.mark.parametrize("name", ["ALT_FREQ", "AF_ALT", "ALT_AF", "AAF"])
def test_frequency_of_alt_is_turned_where_the_effect_is_of_ref(tmp_path, name):
    rows = ["a A G A G 0.2", "b A G G A 0.2", "c A G C T 0.2"]
    found = read(tmp_path / "s", f"SNP REF ALT EA OA {name}", *rows)
    frequency = found["effect_allele_frequency"].to_list()
    assert frequency[1:] == [0.2, None]
    np.testing.assert_allclose(frequency[0], 0.8)
    alone = read(tmp_path / "s", f"SNP REF ALT {name}", "a A G 0.2")
    assert values(alone, "effect_allele", "effect_allele_frequency") == [["G"], [0.2]]


@pytest.mark.parametrize(
    ("header", "row", "frequency"),
    [
        ("SNP REF EA OA ALT_FREQ", "a A A G 0.2", 0.8),
        ("SNP ALT EA OA ALT_FREQ", "a A A G 0.2", 0.2),
        ("SNP REF ALT EA OA REF_FREQ", "a A G A G 0.2", 0.2),
        ("SNP EA OA OAF", "a A G 0.2", 0.8),
        ("SNP A1 A2 FREQ_A2", "a A G 0.2", 0.8),
        ("SNP EA OA MAF", "a A G 0.2", None),
        ("SNP EA OA EAF OAF", "a A G NA 0.2", 0.8),
        ("CHROM POS ID REF ALT A1 OBS_CT BETA SE P ALT_FREQS", "1 5 a A G A 9 1 1 1 0.2", 0.8),
    ],
)
def test_frequencies_of_other_alleles(tmp_path, header, row, frequency):
    found = read(tmp_path / "s", header, row)["effect_allele_frequency"].to_list()
    assert found == [None] if frequency is None else np.isclose(found[0], frequency)


def test_alleles_and_chromosomes_as_other_programs_leave_them(tmp_path):
    found = read(tmp_path / "s", PLACE, "23.0 5 a TRUE g", "1.0 5 b t True", "X 6 c 1.0 2")
    assert values(found, "chromosome", "effect_allele", "other_allele") == [
        ["23", "1", "X"], ["T", "T", "1"], ["G", "T", "2"],
    ]  # fmt: skip
    frame = pd.DataFrame({"CHR": [23.0, np.nan], "EA": [True, True], "OA": ["G", "g"]})
    for one in (frame, pl.DataFrame({name: frame[name].to_list() for name in frame})):
        found = Sumstats(one).read()
        assert values(found, "chromosome", "effect_allele") == [["23", None], ["T", "T"]]
    with pytest.raises(
        GemcontError, match="line 3: EA is 'FALSE', no allele: was it read as a log"
    ):
        read(tmp_path / "s", PLACE, "1 5 a TRUE G", "1 6 b FALSE G")
    assert read(tmp_path / "s", "SNP P", "1.0 0.1")["variant_id"].to_list() == ["1.0"]


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
