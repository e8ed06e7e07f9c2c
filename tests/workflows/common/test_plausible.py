"""Cohorts that cannot be what their columns say: effects, errors, frequencies, strands, copies."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import ArraySource, GemcontError, run_clump, run_meta, run_panel
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.workflows.common.plausible import EffectSample

LETTERS = [("A", "G"), ("C", "T"), ("A", "T"), ("G", "C"), ("T", "G"), ("A", "C")]
FLIP = {"A": "T", "C": "G", "G": "C", "T": "A"}


def cohort(seed, n=300, *, truth=None, fst=0.0, spread=0.05):
    """A study of n variants, two of six palindromic, whose p follow from effects and errors."""
    shared, own = np.random.default_rng(1), np.random.default_rng(seed)
    frequency = shared.uniform(0.05, 0.95, n)
    effect = shared.normal(0, spread, n) if truth is None else truth
    if fst:
        scale = (1 - fst) / fst
        frequency = np.clip(own.beta(frequency * scale, (1 - frequency) * scale), 0.01, 0.99)
    error = shared.uniform(0.01, 0.03, n) * own.uniform(0.8, 1.2)
    beta = effect + own.normal(0, error)
    letters = [LETTERS[i % 6] for i in range(n)]
    frame = pd.DataFrame(
        {
            "CHR": np.repeat(["1", "2"], [n // 2, n - n // 2]),
            "POS": 1000 * np.arange(1, n + 1),
            "SNP": [f"rs{i}" for i in range(n)],
            "EA": [a for a, _ in letters],
            "OA": [b for _, b in letters],
            "EAF": frequency,
            "BETA": beta,
            "SE": error,
            "P": 10.0 ** -neg_log10_normal_sf(np.abs(beta / error)),
            "N": 1000,
        }
    )
    return frame


def flipped(frame, which=slice(None)):
    """The rows ``which`` in the letters of the other strand."""
    turned = frame.copy()
    for name in ("EA", "OA"):
        letters = turned[name].to_numpy().copy()
        letters[which] = [FLIP[x] for x in letters[which]]
        turned[name] = letters
    return turned


def swapped(frame, which=slice(None)):
    """The rows ``which`` for the other allele: the same results, otherwise written."""
    turned = frame.copy()
    effect, other = (frame[name].to_numpy().copy() for name in ("EA", "OA"))
    effect[which], other[which] = frame.OA.to_numpy()[which], frame.EA.to_numpy()[which]
    beta, eaf = frame.BETA.to_numpy().copy(), frame.EAF.to_numpy().copy()
    beta[which], eaf[which] = -beta[which], 1 - eaf[which]
    return turned.assign(EA=effect, OA=other, BETA=beta, EAF=eaf)


def polars(frame):
    return pl.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


A, B = cohort(2), cohort(3)
TRUTH = run_meta([A, B])


def same(found, expected=TRUTH):
    pd.testing.assert_frame_equal(
        found.drop(columns="direction"), expected.drop(columns="direction")
    )


# Effects, errors and p


RATIOS = B.assign(BETA=np.exp(B.BETA))
OF_RATIO = cohort(3, truth=np.random.default_rng(5).normal(0, 0.5, 300))
FAULTS = {
    "odds ratios as effects": (RATIOS, "BETA holds odds ratios, not effects: P follows from log"),
    "without p": (RATIOS.drop(columns="P"), "BETA is above 0 in every row and its median is 1.00"),
    "logarithms as ratios": (
        B.assign(OR=np.abs(B.BETA)).drop(columns="BETA"),
        "OR holds logarithms, not ratios: P follows from OR / SE",
    ),
    "logarithms as ratios, no p": (
        B.assign(OR=np.abs(B.BETA)).drop(columns=["BETA", "P"]),
        "the median of OR is 0.0[0-9]*, where ratios are near 1",
    ),
    "negative ratios": (B.rename(columns={"BETA": "OR"}), "OR is .*, below 0: does it hold log"),
    "the error of the ratio": (
        OF_RATIO.assign(OR=np.exp(OF_RATIO.BETA), SE=OF_RATIO.SE * np.exp(OF_RATIO.BETA)).drop(
            columns="BETA"
        ),
        "SE is the error of the ratio OR itself, not of its logarithm",
    ),
    "both": (
        OF_RATIO.assign(BETA=np.exp(OF_RATIO.BETA), SE=OF_RATIO.SE * np.exp(OF_RATIO.BETA)),
        "SE is the error of the ratio BETA itself",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("kind", ["pandas", "polars", "file"])
def test_effects_that_are_something_else_are_refused(name, kind, tmp_path):
    frame, message = FAULTS[name]
    if kind == "polars":
        frame = polars(frame)
    elif kind == "file":
        frame.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
        frame = str(tmp_path / "b.tsv")
    with pytest.raises(GemcontError, match=message):
        run_meta([A, frame], ["a", "b"])


def test_what_the_message_says_mends_it(tmp_path):
    RATIOS.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    columns = {"b.tsv:odds_ratio": "BETA"}
    same(run_meta([A, str(tmp_path / "b.tsv")], ["cohort1", "cohort2"], columns=columns))
    logs = B.rename(columns={"BETA": "OR"})
    same(run_meta([A, logs], columns={"2:beta": "OR"}))
    same(run_meta([A, B.assign(OR=np.exp(B.BETA)).drop(columns="BETA")]))


def test_columns_asked_of_every_frame_reach_every_frame():
    columns = {"beta": "OR"}
    both = [frame.rename(columns={"BETA": "OR"}) for frame in (A, B)]
    same(run_meta(both, columns=columns))
    with pytest.raises(GemcontError, match="--columns: x.tsv is none of the files"):
        run_meta(both, columns={"x.tsv:beta": "OR"})


def test_a_handful_of_rows_says_it_too():
    with pytest.raises(GemcontError, match=r"BETA holds odds ratios.*--columns b:odds_ratio=BETA"):
        run_meta([A.head(8), RATIOS.head(8)], ["a", "b"])


def test_the_scheme_of_sample_sizes_and_the_panel_look_too():
    with pytest.raises(GemcontError, match="BETA holds odds ratios"):
        run_meta([A, RATIOS], scheme="samplesize")
    dosages = np.random.default_rng(3).integers(0, 3, (300, 60)).astype(float)
    source = ArraySource(dosages, variants=variants_of(A))
    with pytest.raises(GemcontError, match="BETA holds odds ratios"):
        run_panel(RATIOS, source, p=0.5)


def variants_of(frame):
    names = {"CHR": "chromosome", "SNP": "variant_id", "POS": "base_pair_location"}
    names |= {"EA": "effect_allele", "OA": "other_allele"}
    return polars(frame[list(names)]).rename(names)


def test_clumping_only_warns(caplog):
    dosages = np.random.default_rng(3).integers(0, 3, (300, 60)).astype(float)
    run_clump(ArraySource(dosages, variants=variants_of(A)), RATIOS, p1=0.1)
    assert "BETA holds odds ratios" in caplog.text


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_a_p_of_something_else_is_warned_of(factor, caplog):
    run_meta([A, B.assign(SE=B.SE * factor)])
    assert (
        "P does not follow from BETA and SE: the typical z of the one is 5.0 times" in caplog.text
    )


def test_right_cohorts_are_left_alone(caplog):
    """Effects all of the risk allele, few rows, rounded p, corrected p, large units."""
    positive = swapped(B, np.flatnonzero(B.BETA < 0))
    same(run_meta([A, positive]))
    large = A.assign(BETA=A.BETA * 1000 + 0, SE=A.SE * 1000)
    ones = cohort(4, truth=np.full(300, 1.0))
    rounded = B.assign(P=[float(f"{p:.1g}") for p in B.P])
    corrected = B.assign(P=10.0 ** -neg_log10_normal_sf(np.abs(B.BETA / B.SE) / 1.1))
    for frames in ([large], [A, rounded], [A, corrected], [ones], [A.head(5)]):
        run_meta(frames)
    assert "follow" not in caplog.text
    assert "ratios" not in caplog.text


def test_a_sample_is_bounded(monkeypatch):
    monkeypatch.setattr("gemcont.workflows.common.plausible._SAMPLE", 5)
    sample = EffectSample()
    batch = pl.DataFrame(
        {"beta": [0.1] * 4, "standard_error": 1.0, "neg_log_10_p_value": 1.0, "is_ratio": None}
    )
    for _ in range(3):
        sample.add(batch)
    assert sample.n_rows == 5


# Strands


@pytest.mark.parametrize("fst", [0.03, 0.15])
def test_frequencies_of_another_ancestry_turn_no_palindrome(fst):
    other = B.assign(EAF=cohort(3, fst=fst).EAF)
    found = run_meta([A, other])
    np.testing.assert_allclose(found.beta, TRUTH.beta, rtol=1e-12)
    assert (found.n_studies == 2).all()


@pytest.mark.parametrize("frequency", ["known", "unknown"])
def test_a_cohort_of_the_other_strand_is_turned_whole(frequency):
    other = flipped(B)
    if frequency == "unknown":
        other = other.drop(columns="EAF")
    found = run_meta([A, other])
    np.testing.assert_allclose(found.beta, TRUTH.beta, rtol=1e-12)
    assert (found.n_studies == 2).all()


def test_a_few_mistakes_of_strand_do_not_count():
    where = np.flatnonzero([LETTERS[i % 6][0] != FLIP[LETTERS[i % 6][1]] for i in range(300)])[:1]
    found = run_meta([A, flipped(B, where)])
    np.testing.assert_allclose(found.beta, TRUTH.beta, rtol=1e-12)


def test_of_a_mixture_the_frequency_decides():
    found = run_meta([A, flipped(B, np.arange(300) % 7 < 3)])
    both = found.merge(TRUTH, on="variant_id")
    pooled = both.n_studies_x == 2
    np.testing.assert_allclose(both.beta_x[pooled], both.beta_y[pooled], rtol=1e-12)
    alone = both[~pooled]
    palindromic = [
        FLIP[e] == o for e, o in zip(alone.effect_allele_x, alone.other_allele_x, strict=True)
    ]
    assert all(palindromic)
    near = (alone.effect_allele_frequency_x > 0.39) & (alone.effect_allele_frequency_x < 0.61)
    assert near.all()


def test_the_order_of_cohorts_and_strands_changes_nothing():
    """Three cohorts, one on the other strand, each with variants of its own."""
    c = cohort(7)
    frames = [A.iloc[:250], flipped(B.iloc[50:]), swapped(c, np.arange(300) % 2 == 0)]
    expected = run_meta(frames).set_index("variant_id")
    for order in ([0, 2, 1], [2, 0, 1], [1, 0, 2], [1, 2, 0]):
        found = run_meta([frames[i] for i in order]).set_index("variant_id").loc[expected.index]
        assert (found.n_studies == expected.n_studies).all()
        np.testing.assert_allclose(found.beta.abs(), expected.beta.abs(), rtol=1e-9)
        told = np.array(
            [FLIP[e] == o for e, o in expected[["effect_allele", "other_allele"]].to_numpy()]
        )
        # The first cohort's strand is everybody's: where it is the other one, letters turn.
        same_letter = found.effect_allele == expected.effect_allele
        turn = np.where(same_letter == (order[0] != 1), 1, -1)
        np.testing.assert_array_equal(np.sign(found.beta * expected.beta)[told], turn[told])


def test_letters_that_are_kept_are_warned_of(caplog):
    run_meta([A, flipped(B)], palindromic="keep")
    assert "200 of 200 variants that tell are on the other strand" in caplog.text


# Frequencies


@pytest.mark.parametrize("turn", ["frequency", "alleles"])
def test_mirrored_frequencies_are_refused(turn):
    wrong = (
        B.assign(EAF=1 - B.EAF)
        if turn == "frequency"
        else B.rename(columns={"EA": "OA", "OA": "EA"})
    )
    message = r"b: its allele frequencies mirror those before it \(correlation -1.00 over 200"
    for frames in ([A, wrong], [polars(A), polars(wrong)]):
        with pytest.raises(GemcontError, match=message):
            run_meta(frames, ["a", "b"])
    right = {
        "frequency": {"other_allele_frequency": "EAF"},
        "alleles": {"effect_allele": "OA", "other_allele": "EA"},
    }
    same(
        run_meta(
            [A, wrong], columns={f"cohort2:{role}": name for role, name in right[turn].items()}
        )
    )


def test_the_minor_alleles_frequency_is_not_used(caplog):
    minor = B.assign(EAF=np.minimum(B.EAF, 1 - B.EAF))
    found = run_meta([A, minor])
    assert (
        "its own never exceed 0.5, so are they the minor allele's?: they are not used"
        in caplog.text
    )
    np.testing.assert_allclose(found.beta, TRUTH.beta)
    np.testing.assert_allclose(found.effect_allele_frequency, A.EAF)
    caplog.clear()
    run_meta([minor, A])
    assert "those before it never exceed 0.5" in caplog.text


def test_frequencies_that_nothing_confirms(caplog):
    minor = [frame.assign(EAF=np.minimum(frame.EAF, 1 - frame.EAF)) for frame in (A, B)]
    for frames in (minor[:1], minor):
        caplog.clear()
        run_meta(frames)
        assert caplog.text.count("no frequency is above one half") == len(frames)
    caplog.clear()
    run_meta([swapped(A, A.EAF > 0.5), B])
    assert "one half" not in caplog.text


def test_frequencies_of_nothing_do_not_turn_a_mixture(caplog):
    rng = np.random.default_rng(4)
    wild = flipped(B, np.arange(300) % 7 < 3).assign(EAF=rng.uniform(0, 1, 300))
    found = run_meta([A, wild])
    assert "its allele frequencies do not go with those before it" in caplog.text
    both = found.merge(TRUTH, on="variant_id")
    pooled = both.n_studies_x == 2
    np.testing.assert_allclose(both.beta_x[pooled], both.beta_y[pooled], rtol=1e-12)
    assert pooled.sum() == 200


# Copies


@pytest.mark.parametrize(
    "kind",
    ["gz", "order", "alleles", "strand", "rounded", "ratios", "corrected", "part", "other ids"],
)
def test_a_copy_is_refused(kind, tmp_path):
    A.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    if kind == "gz":
        with gzip.open(tmp_path / "b.tsv.gz", "wb") as file:
            file.write((tmp_path / "a.tsv").read_bytes())
        copy = str(tmp_path / "b.tsv.gz")
    else:
        copy = {
            "order": A.sample(frac=1, random_state=1),
            "alleles": swapped(A, np.arange(300) % 2 == 0),
            "strand": flipped(A),
            "rounded": A.assign(BETA=A.BETA.round(5), SE=A.SE.round(5)),
            "ratios": A.assign(OR=np.exp(A.BETA).round(3)).drop(columns="BETA"),
            "corrected": A.assign(SE=A.SE * 1.05),
            "part": A.iloc[100:200],
            "other ids": A.assign(SNP="."),
        }[kind]
    with pytest.raises(GemcontError, match=r"a and c have the same effects in (9[5-9]|100)%"):
        run_meta([str(tmp_path / "a.tsv"), B, copy], ["a", "b", "c"])
    with pytest.raises(GemcontError, match="a and c have the same effects"):
        run_meta([A, B, copy], ["a", "b", "c"], scheme="samplesize")


def test_cohorts_of_the_same_truth_are_no_copies():
    run_meta([A, B, cohort(9)])
    constant = A.assign(BETA=0.1, SE=0.1, P=0.5)
    run_meta([constant, constant.assign(N=5)])
