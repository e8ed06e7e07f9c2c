"""Meta-analysis: METAL's rows, schemes, our own files, settings that cannot be."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages
from reference.large_cohorts import A, B, check
from reference.small_cohorts import NAMES, OPEN, SHARED, frame, needs_shared, small_cohort

from gemcont import (
    ArraySource,
    GemcontError,
    run_clump,
    run_each_trait,
    run_gwas,
    run_meta,
    run_panel,
)
from gemcont.cli import meta
from gemcont.workflows.meta.run import cohort_names


@needs_shared
@pytest.mark.parametrize(("gc", "table"), [(False, "three_cohorts"), (True, "three_cohorts.gc")])
def test_every_row_of_metal(gc, table):
    found = run_meta(OPEN, NAMES, match="id", palindromic="keep", genomic_control=gc)
    found = found.set_index("variant_id")
    assert found.index.is_unique
    theirs = pd.read_csv(SHARED / "reference" / "metal" / f"{table}.tbl", sep="\t", dtype=str)
    theirs = theirs.set_index("MarkerName").loc[found.index]
    assert len(theirs) == len(found) == 5000
    turned = found.effect_allele.str.lower() != theirs.Allele1
    assert (found.other_allele.str.lower()[turned] == theirs.Allele1[turned]).all()
    sign = np.where(turned, -1, 1)
    columns = {
        "Effect": sign * found.beta,
        "StdErr": found.standard_error,
        "HetChiSq": found.q_statistic,
        "HetISq": found.i2,
        "HetDf": found.q_dof,
        "Freq1": np.where(turned, 1 - found.effect_allele_frequency, found.effect_allele_frequency),
    }
    for name, values in columns.items():
        digits = theirs[name].str.partition(".")[2].str.len().max()
        printed = theirs[name].astype(float)
        assert (np.abs(values - printed) <= 0.5000001 * 10.0**-digits + 1e-12).all(), name
    swap = str.maketrans("+-", "-+")
    mine = [d.translate(swap) if t else d for d, t in zip(found.direction, turned, strict=True)]
    assert mine == theirs.Direction.tolist()
    for column, printed in (
        (found.neg_log_10_p_value, theirs["P-value"]),
        (found.q_neg_log_10_p_value, theirs.HetPVal),
    ):
        mantissa, power = printed.str.extract(r"^([0-9.]+)(?:e([-+][0-9]+))?$").T.to_numpy()
        power = np.array([0 if isinstance(p, float) else int(p) for p in power])
        expected = -np.log10(mantissa.astype(float)) - power
        digits = np.array([len(m.replace(".", "").lstrip("0")) for m in mantissa])
        assert (np.abs(column - expected) < 0.5 * 10.0 ** (1 - digits)).all()


def test_sample_size_scheme():
    first = small_cohort([0.2, 0.3], N=[100, 100])
    second = small_cohort([0.2, -0.3], N=[300, 300])
    found = run_meta([first, second], scheme="samplesize")
    np.testing.assert_allclose(found.z, [(10 * 2 + 300**0.5 * 2) / 20, (30 - 3 * 300**0.5) / 20])
    assert "beta" not in found.columns
    assert found.n.tolist() == [400, 400]


@pytest.mark.parametrize(
    ("more", "z"),
    [
        ({"P": [1e-9], "SE": [0.0]}, 6.109),
        ({"P": [1e-9], "SE": [np.nan]}, 6.109),
        ({"SE": [0.1]}, 2.0),
        ({"SE": [0.0]}, None),
        ({"SE": [-0.1]}, None),
        ({"SE": [0.1], "N": [0]}, None),
        ({"SE": [0.1], "N": [np.nan]}, None),
    ],
)
def test_sample_size_scheme_takes_p_first_and_no_impossible_rows(more, z):
    base = {"CHR": [1, 1], "POS": [5, 6], "EA": "A", "OA": "G", "BETA": [0.2, 0.1], "N": [100, 90]}
    more = {name: [*values, 0.5] for name, values in more.items()}
    other = frame(CHR=[1], POS=[9], EA=["A"], OA=["G"], Z=[1.0], N=[50])
    found = run_meta([frame(**(base | more)), other], scheme="samplesize")
    assert found.z.notna().all()
    assert len(found) == (2 if z is None else 3)
    if z is not None:
        np.testing.assert_allclose(found.z[0], z, rtol=1e-3)


def test_our_own_files_and_two_halves(tmp_path):
    rng = np.random.default_rng(5)
    n, dosages = 1000, random_dosages(rng, 40, 1000)
    traits = pd.DataFrame(rng.standard_normal((n, 2)), columns=["a", "b"])
    traits["a"] += 0.3 * dosages[7]
    whole = run_gwas(dosages, traits[["a"]])
    halves = [
        run_gwas(dosages[:, part], traits[["a"]].iloc[part].reset_index(drop=True))
        for part in (slice(0, 500), slice(500, n))
    ]
    found = run_meta(halves, match="id", palindromic="keep").set_index("variant_id")
    whole = whole.set_index("variant_id").loc[found.index]
    error = whole.standard_error
    assert (np.abs(found.beta - whole.beta) < 0.25 * error).all()
    np.testing.assert_allclose(found.standard_error, error, rtol=0.05)
    assert found.n.tolist() == [1000] * 40
    each = run_each_trait(dosages, traits)
    with pytest.raises(
        GemcontError, match=r"holds several traits \(a, b ...\); say one by --trait"
    ):
        run_meta([each], match="id", palindromic="keep")
    one = run_meta([each], match="id", palindromic="keep", trait="a").set_index("variant_id")
    np.testing.assert_allclose(one.beta.loc[whole.index], whole.beta, rtol=1e-9)


def test_settings_and_names(tmp_path):
    one = small_cohort([0.1])
    for settings, message in (
        ({"scheme": "x"}, "--scheme: 'x' is not one of"),
        ({"ambiguous": 0.6}, "--ambiguous: 0.6 is not above 0 and up to 0.5"),
        ({"random_effects": True, "scheme": "samplesize"}, "--random-effects needs"),
    ):
        with pytest.raises(GemcontError, match=message):
            run_meta([one], **settings)
    with pytest.raises(GemcontError, match="2 names for 1 files"):
        run_meta([one], ["a", "b"])
    with pytest.raises(GemcontError, match="two cohorts have the same name"):
        run_meta([one, one], ["a", "a"])
    paths = [tmp_path / name for name in ("a.tsv", "b.gz", "x/a.tsv")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert cohort_names(paths[:2], None) == ["a", "b"]
    assert cohort_names(paths[::2], None) == [str(paths[0]), str(paths[2])]
    with pytest.raises(GemcontError, match="none.tsv: no such file"):
        cohort_names([tmp_path / "none.tsv"], None)
    with pytest.raises(GemcontError, match="stands twice"):
        cohort_names(paths[:1] * 2, None)
    with pytest.raises(GemcontError, match="'a.tb' is no name for a table"):
        cohort_names(paths[:1], ["a\tb"])
    with pytest.raises(GemcontError, match="no cohort is given"):
        run_meta([])
    assert len(run_meta(one)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SE": np.nan}, "60 effect or standard error missing; --se-from-p takes errors"),
        ({"SE": 0.0}, "60 standard error not above 0"),
        ({"OA": None}, "60 alleles missing, 0 or the same"),
        ({"POS": 0}, "60 chromosome or position missing"),
    ],
)
def test_a_cohort_of_which_nothing_enters_is_refused(change, reason):
    for frames in ([A, B.assign(**change)], [B.assign(**change)]):
        with pytest.raises(GemcontError, match=f"no row .*can be used.* {reason}"):
            run_meta(frames)


def test_a_cohort_without_a_sample_size_is_warned_of(caplog):
    found = run_meta([A.drop(columns="N"), B])
    assert "cohort1: no sample size: n of the result does not count its people" in caplog.text
    assert set(found.n) == {100}


# Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ambiguous": "0.4"}, "ambiguous: must be a number, not '0.4' .str."),
        ({"columns": "beta=X"}, "columns: must be a dict"),
        ({"build": 37}, "build: must be a list"),
        ({"autosomes": "22"}, "autosomes: must be a whole number"),
        ({"random_effects": "yes"}, "random_effects: must be True or False"),
        ({"max_eaf_diff": True}, "max_eaf_diff: must be a number"),
        ({"schema": "x"}, "schema: no such setting; there are autosomes, columns, se_from_p"),
    ],
)
def test_settings_of_another_type_are_said(settings, message):
    with pytest.raises(GemcontError, match=message):
        run_meta([A], **settings)
    with pytest.raises(GemcontError, match=message):
        run_panel(A, ArraySource(np.zeros((2, 3))), meta=settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_meta([A], columns={"betaa": "X"}), "--columns: 'betaa' is no role; there are"),
        (lambda: run_meta([A], columns={"beta": 1}), "--columns: 1 is no name of a column for"),
        (lambda: run_meta([A], columns={1: "X"}), "--columns: 1 is no role"),
        (lambda: run_meta([A], columns={"7:beta": "X"}), "--columns: 7 is none of the files"),
        (lambda: run_meta([A], genotypes={"x": 1}), "a dict is neither a path nor a source"),
        (lambda: run_meta([A], reference={"x": 1}), "is a dict, neither a path nor a DataFrame"),
        (lambda: run_panel(A, ArraySource(np.zeros((2, 3))), meta="x"), "meta: must be a dict"),
        (lambda: run_clump(ArraySource(np.zeros((2, 3))), None), "is a NoneType, neither a path"),
        (lambda: run_meta([pl.DataFrame({"P": [[1.0]], "SNP": ["a"]})]), "no column for effect_al"),
    ],
)
def test_what_cannot_be_given_is_said(call, message):
    with pytest.raises(GemcontError, match=message):
        call()


def test_columns_of_one_file(tmp_path, capsys):
    header = "MarkerName Allele1 Allele2 Freq1 Effect StdErr P-value Direction Chromosome Position"
    metal = A.assign(F=0.3, P=0.5, D="+")
    metal = metal[["SNP", "EA", "OA", "F", "BETA", "SE", "P", "D", "CHR", "POS"]]
    metal.to_csv(tmp_path / "a.tbl", sep="\t", index=False, header=header.split())
    turned = B.rename(columns={"EA": "Allele2", "OA": "Allele1"})
    turned.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    files = ["--sumstats", str(tmp_path / "a.tbl"), str(tmp_path / "b.tsv")]
    out = ["--no-plot", "--out", str(tmp_path / "o")]
    roles = "effect_allele=Allele2,other_allele=Allele1"
    assert meta.main([*files, *out, "--columns", roles]) == 2
    error = capsys.readouterr().err
    assert "contradicts" in error
    assert "--columns FILE:effect_allele=Allele2" in error
    for name in ("b.tsv", "b", "2", str(tmp_path / "b.tsv")):
        assert (
            meta.main(
                [*files, *out, "--columns", ",".join(f"{name}:{role}" for role in roles.split(","))]
            )
            == 0
        )
        check(pd.read_csv(tmp_path / "o.meta.tsv", sep="\t"))
    apart = [f"--columns=b:{part}" for part in roles.split(",")]
    assert meta.main([*files, *out, *apart]) == 0
    capsys.readouterr()
    assert meta.main([*files, *out, "--columns", f"c.tsv:{roles}"]) == 2
    assert "--columns: c.tsv is none of the files (a, b)" in capsys.readouterr().err
