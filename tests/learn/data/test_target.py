import math

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.learn.data.target import coded_target
from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings
from gemcont.tables.phenotypes import read_sample_table

NAN = np.nan
SUPERVISED = TrainSettings(method="supervised", encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ([0, 1, 1, NAN], [0, 1, 1, NAN], "1 people are 0, 2 are 1"),
        ([1, 2, 2, NAN], [0, 1, 1, NAN], "1 people are 1, 2 are 2, PLINK's controls and cases"),
        ([1, 2, 0, 0], [0, 1, NAN, NAN], "0 beside 1 and 2 is missing, as in PLINK: 2 people"),
        ([1, 2, -9, 2], [0, 1, NAN, 1], "-9 beside 1 and 2 is missing, as in PLINK: 1 people"),
        ([1, 2, -9, 0], [0, 1, NAN, NAN], "-9 beside 1 and 2"),
        ([0, 1, -9, 1], [0, 1, NAN, 1], "-9 beside 0 and 1 is missing"),
    ],
)
def test_classes_are_0_and_1_and_said(caplog, values, expected, words):
    with caplog.at_level("INFO", "gemcont"):
        found, is_class = coded_target("y", np.array(values, dtype=float))
    assert is_class
    np.testing.assert_array_equal(found, expected)
    assert f"--target y is a class: {words}" in caplog.text or words in caplog.text


@pytest.mark.parametrize(
    "values", [[0.5, 1, 2], [1, 2, 3], [0, 1, 2, 3], [2, 2], [0, 2], [1, 1], [-1, 1], [NAN, NAN]]
)
def test_all_else_is_a_number(values):
    found, is_class = coded_target("y", np.array(values, dtype=float))
    assert not is_class
    np.testing.assert_array_equal(found, values)


def test_what_the_user_says_rules(caplog):
    grades = np.array([0.0, 1, 2, 0])
    found, is_class = coded_target("y", grades, "number")
    assert not is_class
    np.testing.assert_array_equal(found, grades)
    with pytest.raises(GemcontError, match=r"--target-kind class: y holds 3 values \(1, 2, 3\)"):
        coded_target("y", np.array([1.0, 2, 3]), "class")
    with pytest.raises(GemcontError, match="--target-kind: 'x' is not one of"):
        coded_target("y", grades, "x")
    coded_target("y", np.array([-9.0, 50, 60]))
    assert "-9 is taken as a value (1 people)" in caplog.text


@pytest.mark.parametrize(
    ("classes", "missing", "kind", "is_class", "n"),
    [
        ((0, 1), "NA", None, True, 450),
        ((1, 2), "-9", None, True, 450),
        ((1, 2), "0", None, True, 450),
        ((1, 2), "NA", "number", False, 450),
        ((1, 2), "0", "number", False, 600),
        ((0, 1), "-9", "class", True, 450),
    ],
)
def test_a_class_is_told_by_its_coding(
    image_study, tmp_path, caplog, classes, missing, kind, is_class, n
):
    """PLINK's 1 and 2 too; a fourth of the people have no value."""
    people = read_sample_table(f"{image_study}/people.tsv")
    values = [
        missing if i % 4 == 0 else str(classes[int(z > 0)])
        for i, z in enumerate(people.columns["z"].to_list())
    ]
    rows = "".join(f"{v}\t{i}\n" for v, i in zip(values, people.iid, strict=True))
    (tmp_path / "case.tsv").write_text("case\tIID\n" + rows)
    inputs = Inputs(
        study=image_study, pheno=str(tmp_path / "case.tsv"), target="case", target_kind=kind
    )
    with caplog.at_level("INFO", "gemcont"):
        lines = train_files(inputs, Split(), SUPERVISED, str(tmp_path / "m"))
    facts = read_model(tmp_path / "m").facts
    assert facts["binary_target"] == is_class
    assert facts["n_train"] + facts["n_validation"] == n
    assert ("--target case is a class" in caplog.text) == is_class
    if n == 450:
        assert "275 missing case" in caplog.text
    if is_class:
        assert lines[0]["loss"] == pytest.approx(math.log(2), abs=0.1)
