import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.formula import formula_columns, formula_design

COLUMNS = {
    "sex": np.array([1.0, 2, 1, 2, 1, 2]),
    "age": np.array([30.0, 42, 51, 33, 60, 47]),
    "site": ["a", "b", "c", "a", "b", "c"],
}


def test_the_papers_model():
    formula = "sex*age + sex*I(age**2) + C(site)"
    assert formula_columns(formula, COLUMNS) == ["sex", "age", "site"]
    design, names = formula_design(formula, COLUMNS)
    sex, age = COLUMNS["sex"], COLUMNS["age"]
    expected = {
        "sex": sex,
        "age": age,
        "I(age ** 2)": age**2,
        "sex:age": sex * age,
        "sex:I(age ** 2)": sex * age**2,
        "C(site)[T.b]": [0, 1, 0, 0, 1, 0],
        "C(site)[T.c]": [0, 0, 1, 0, 0, 1],
    }
    assert set(names) == set(expected)
    for name, column in zip(names, design.T, strict=True):
        np.testing.assert_allclose(column, expected[name], err_msg=name)


@pytest.mark.parametrize(
    "formula",
    ["age", "log(age)", "(sex + age)**2", "age:site", "-1 + age", "I(age - 3*sex)", "C(sex)"],
)
def test_what_else_is_allowed(formula):
    formula_columns(formula, COLUMNS)
    assert len(formula_design(formula, COLUMNS)[0]) == 6


HOSTILE = [
    "__import__('os').system('touch x')",
    "os.getpid()",
    "age.__class__",
    "age[0]",
    "lambda: 1",
    "exec(age)",
    "eval('1')",
    "I(open)",
    "I(__builtins__)",
    "C(site, contr.treatment)",
    "{age}",
    "`age`",
    "age; sex",
    "age | sex",
    "age ~ sex",
    "I(age)(sex)",
    "[x for x in age]",
    "log(age).real",
    "age if sex else age",
    "I(9**9**9)",
    "I((9**9)**9)",
    "age**99999",
    "age**sex",
    "age @ sex",
    "I(age := 1)",
    "'a'",
    '"a"',
    "age\\nsex",
    "f'{age}'",
    "poly(age)",
    "age +",
    "()",
    "",
    "I()",
    "age" + "+age" * 600,
]


@pytest.mark.parametrize("formula", HOSTILE)
def test_hostile_and_broken_formulas_are_refused(formula):
    def read():
        formula_columns(formula, COLUMNS)
        formula_design(formula, COLUMNS)

    with pytest.raises(GemcontError, match="--covar-formula"):
        read()


@given(st.text("ageIClog0129+-*:()., '\"[]{}_=\\", max_size=25))
def test_any_text_is_a_design_or_a_message(formula):
    try:
        formula_columns(formula, COLUMNS)
        design, names = formula_design(formula, COLUMNS)
    except GemcontError:
        return
    assert design.shape == (6, len(names))


def test_an_unknown_column_is_answered_by_the_nearest():
    with pytest.raises(GemcontError, match="'aeg' is not a column; did you mean 'age'"):
        formula_columns("sex + aeg", COLUMNS)


def test_values_that_are_not_finite_are_refused():
    for age, count in (([1.0, 0.0, 2.0], 1), ([1.0, -3.0, 0.0], 2)):
        message = rf"log\(age\) has no finite value for {count} samples, sample b .*age is"
        with pytest.raises(GemcontError, match=message):
            formula_design("log(age) + age", {"age": np.array(age)}, ["a", "b", "c"])


def test_a_power_outside_i_is_warned_of(caplog):
    formula_columns("age ** 2 + I(age**2)", ["age"])
    assert caplog.text.count("write I(age**2)") == 1


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("(age", "parentheses do not match"),
        ("I(site**2)", "site holds categories"),
        ("0*age", "no covariate is left"),
    ],
)
def test_what_gives_no_design_is_said_plainly(formula, message):
    columns = {"age": np.array([1.0, 2, 3]), "site": ["a", "b", "a"]}

    def design():
        formula_columns(formula, list(columns))
        return formula_design(formula, {n: columns[n] for n in columns if n in formula})

    with pytest.raises(GemcontError, match=message):
        design()
