"""Values filled row by row: effects, errors, p, n, frequencies; and text above the header."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.sumstats.read import Sumstats
from gemcont.text.parse import MISSING

Z = 1.959963984540054
PLACE = "CHR POS SNP EA OA"


def read(path, header, *rows, separator="\t", **options):
    lines = [separator.join(line.split(" ")) for line in (header, *rows)]
    path.write_text("\n".join(lines) + "\n")
    return Sumstats(str(path), **options).read()


def values(frame, *names):
    return [frame[name].to_list() for name in names]


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


@pytest.mark.parametrize("text", ["0.9,1.6", "0.9-1.6", "[0.9; 1.6]", "(0.9 to 1.6)", "0.9–1.6"])
def test_intervals_as_text(tmp_path, text):
    (tmp_path / "s").write_text(f"SNP\tOR\tCI\nrs1\t1.2\t{text}\nrs2\t1.2\tNA\n")
    found = Sumstats(str(tmp_path / "s")).read()
    expected = math.log(1.6 / 0.9) / (2 * Z)
    np.testing.assert_allclose(found["standard_error"].to_list()[0], expected)
    assert found["is_of_interval"].to_list() == [True, False]


def test_the_scale_of_an_interval(tmp_path):
    header = "SNP BETA OR SE CI_LOWER CI_UPPER"
    rows = ["a -0.1 NA NA -0.2 0.0", "b NA 1.2 NA 0.9 1.6", "c 0.182 NA NA 0.9 1.6",
            "d 5 NA NA 0.9 1.6", "e 0.1 NA 0.3 0 0.2", "f NA 1.2 NA 1.2 1.2"]  # fmt: skip
    found = read(tmp_path / "s", header, *rows)["standard_error"].fill_null(np.nan).to_numpy()
    ratio = math.log(1.6 / 0.9) / (2 * Z)
    np.testing.assert_allclose(found, [0.1 / Z, ratio, ratio, np.nan, 0.3, np.nan])


@settings(deadline=None, max_examples=60)
@given(st.floats(-2, 2), st.floats(0.01, 1))
def test_an_error_comes_back_from_its_interval(effect, error):
    low, high = effect - Z * error, effect + Z * error
    ratio = pd.DataFrame(
        {"OR": [math.exp(effect)], "L95": [math.exp(low)], "U95": [math.exp(high)]}
    )
    plain = pd.DataFrame({"BETA": [effect], "CI_LOWER": [low], "CI_UPPER": [high]})
    for frame in (ratio, plain):
        np.testing.assert_allclose(Sumstats(frame).read()["standard_error"], [error], rtol=1e-6)


def test_negative_ratios_are_named(tmp_path):
    for name in ("OR", "HR"):
        message = rf"line 3: {name} is '-0.1', below 0: does it hold logarithms"
        with pytest.raises(GemcontError, match=message):
            read(tmp_path / "s", f"SNP {name} P", "a 1.1 0.5", "b -0.1 0.5")
    with pytest.raises(GemcontError, match="does it hold logarithms"):
        Sumstats(pl.DataFrame({"SNP": ["a"], "X": [-0.2]}), columns={"odds_ratio": "X"}).read()


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


def test_frequency_of_an_allele_that_no_column_names(tmp_path, caplog):
    found = read(tmp_path / "s", "SNP EA OA ALT_FREQ", "a A G 0.2")
    assert found["effect_allele_frequency"].to_list() == [None]
    assert "ALT_FREQ is the frequency of an allele that no column names: not used" in caplog.text
    asked = {"effect_allele_frequency": "ALT_FREQ"}
    found = read(tmp_path / "s", "SNP EA OA ALT_FREQ", "a A G 0.2", columns=asked)
    assert found["effect_allele_frequency"].to_list() == [0.2]


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


PGS = """###PGS CATALOG SCORING FILE
#format_version=2.0
##POLYGENIC SCORE
#pgs_id=PGS1
#weight_type=beta
rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight
rs1\t1\t5\tA\tG\t0.5
rs2\t1\tx\tA\tG\t0.5
"""


def test_headers_below_lines_of_one_hash(tmp_path):
    path = tmp_path / "s"
    path.write_text(PGS.replace("\tx\t", "\t6\t"))
    file = Sumstats(str(path))
    assert file.dialect == "PGS Catalog"
    assert file.read()["beta"].to_list() == [0.5, 0.5]
    path.write_text(PGS)
    with pytest.raises(GemcontError, match="line 8: chr_position is 'x', not a number"):
        Sumstats(str(path)).read()


@pytest.mark.parametrize("separator", ["\t", " ", ","])
def test_the_last_line_of_one_hash_may_be_the_header(tmp_path, separator):
    lines = ["#source=x", "#CHROM POS ID REF ALT A1 P", "1 5 rs1 A G G 0.1", "1 6 rs2 A G G 0.2"]
    (tmp_path / "s").write_text("\n".join(x.replace(" ", separator) for x in lines) + "\n")
    file = Sumstats(str(tmp_path / "s"))
    assert file.dialect == "plink2"
    assert file.read()["variant_id"].to_list() == ["rs1", "rs2"]
    (tmp_path / "s").write_text(lines[1].replace(" ", separator) + "\n")
    with pytest.raises(GemcontError, match="has a header but no rows"):
        Sumstats(str(tmp_path / "s")).read()


def test_text_in_columns_that_nothing_uses(tmp_path):
    header = "SNP EA OA BETA SE P INFO Z"
    found = read(tmp_path / "s", header, "a A G 1 1 0.5 AF=0.1;IMP text", unread=("z",))
    assert found["z"].to_list() == [None]


@pytest.mark.parametrize(
    "thing", [None, {"x": [1]}, [1], pl.LazyFrame({"x": [1]}), np.zeros((2, 2)), 7]
)
def test_what_is_no_table_is_said_in_one_line(thing):
    with pytest.raises(GemcontError, match="neither a path nor a DataFrame"):
        Sumstats(thing)


def test_a_frame_with_a_column_twice():
    frame = pd.DataFrame([["a", 0.1, 0.2]], columns=["SNP", "P", "P"])
    with pytest.raises(GemcontError, match="column 'P' stands twice"):
        Sumstats(frame)


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
