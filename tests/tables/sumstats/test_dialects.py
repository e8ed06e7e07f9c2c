"""Headers of the field's programs."""

import math

import numpy as np
import pytest
from reference.sumstats_texts import DIALECTS, check_row, read, table, values

Z = 1.959963984540054


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


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_every_dialect_says_the_same(tmp_path, name, separator):
    file = table(tmp_path / "s", *DIALECTS[name], separator=separator)
    assert file.dialect == name
    check_row(file)


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
