"""A model judged: by the engine's components, labels that say what was tested, unseen people."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import BUNDLED
from reference.transforms import rank_inverse_normal

from gemcont import GemcontError, open_genotypes, run_gwas
from gemcont.learn.embedding.embed import embed
from gemcont.learn.evaluation import study as evaluate
from gemcont.learn.evaluation.study import evaluate_study
from gemcont.learn.files import Inputs, Split, open_inputs, train_files
from gemcont.learn.simulation.simulate import write_study
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings
from gemcont.stats.calibration import lambda_gc
from gemcont.tables.embeddings import embedding_facts

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


@pytest.fixture(scope="module")
def people(image_study):
    """The study's test people: table, z."""
    table = pl.read_csv(f"{image_study}/people.tsv", separator="\t")
    return table.filter(split="test")


def by_hand(image_study, people, traits):
    """-log10 p of the joint test of columns (people, D), ranked, by variant; slow and plain."""
    ranked = np.column_stack([rank_inverse_normal(column) for column in traits.T])
    frame = pd.DataFrame(ranked, index=pd.Index(people["IID"].to_list(), name="IID"))
    rows = run_gwas(f"{image_study}/study", frame.add_prefix("t"))
    return rows.set_index("variant_id")["neg_log_10_p_value"]


def scores(values, count):
    """Scores on the first components, by singular values."""
    left, size, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    return (left * size)[:, :count]


def agrees(row, p, dof):
    causal = p.index.str.startswith("c")
    found = p > -np.log10(5e-8)
    assert row["dof"] == dof
    assert row["causal_recovered"] == pytest.approx(found[causal].mean())
    assert row["null_recovered"] == found[~causal].sum()
    assert row["lambda_gc"] == pytest.approx(lambda_gc(p[~causal].to_numpy(), dof), rel=1e-5)


def test_tests_are_those_of_components_by_singular_values(image_study, people, model, tmp_path):
    found = evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(1, 4))
    opened = open_inputs(Inputs(study=image_study), genotypes=False)
    test = np.isin(opened.cohort.iid, people["IID"].to_list())
    values = embed(read_model(model), opened.cohort, test).astype(np.float64)
    rows = {row["test"]: row for row in found["tests"]}
    for count, name in ((1, "1 PC"), (4, "4 PCs"), (16, "16 PCs")):
        agrees(rows[name], by_hand(image_study, people, scores(values, count)), count)
    oracle = by_hand(image_study, people, people["z"].to_numpy()[:, None])
    agrees(rows["oracle: z itself"], oracle, 1)
    assert rows["oracle: z itself"]["causal_recovered"] > 0
    for row in found["tests"]:
        share = row["causal_recovered"] / rows["oracle: z itself"]["causal_recovered"]
        assert row["share_of_oracle"] == pytest.approx(share)
    assert found["main_test"] == "16 PCs"
    assert found["causal_recovered"] == rows["16 PCs"]["causal_recovered"]
    assert found["n_test"] == 500


def drawn(z, sizes, seed=0):
    """float32 embeddings (n, len(sizes)) of these singular values, the first along z (n,)."""
    rng, n = np.random.default_rng(seed), len(z)
    turned = np.linalg.qr(rng.standard_normal((len(sizes), len(sizes))))[0]
    sides = np.column_stack([z, rng.standard_normal((n, len(sizes) - 1))])
    values = np.linalg.qr(sides - sides.mean(axis=0))[0] * np.sqrt(n) * sizes
    return (values @ turned + 0.3).astype(np.float32)


# Singular values that float32 holds; numpy's own rank of float32 finds 3 of them in 500 people.
STEEP = np.array([1, 0.1, 1e-3, 3e-5, 3e-6, *np.zeros(59)])


@pytest.fixture
def steep(monkeypatch, people):
    """The evaluated embeddings are of a steep spectrum."""
    values = drawn(people["z"].to_numpy(), STEEP)
    monkeypatch.setattr(evaluate, "embed", lambda *_, **__: values)
    return values.astype(np.float64)


def test_components_of_a_steep_spectrum_are_those_of_the_engine(
    image_study, people, model, steep, tmp_path, caplog
):
    assert np.linalg.matrix_rank(steep.astype(np.float32) - steep.mean(axis=0, dtype="f4")) < 5
    found = evaluate_study(image_study, model, str(tmp_path / "r"))
    rows = {row["test"]: row for row in found["tests"]}
    assert [name for name in rows if "PC" in name] == ["1 PC", "4 PCs", "5 PCs"]
    for count, name in ((1, "1 PC"), (4, "4 PCs"), (5, "5 PCs")):
        agrees(rows[name], by_hand(image_study, people, scores(steep, count)), count)
    assert rows["1 PC"]["causal_recovered"] > 0
    assert found["pcs"] == {"1": 1, "4": 4, "16": 5, "64": 5}
    assert found["main_test"] == "5 PCs"
    assert "have 5 components with variance: 16, 64 are tested as 5 PCs" in caplog.text
    frame = pd.DataFrame(steep, index=pd.Index(people["IID"].to_list(), name="IID"))
    engine = run_gwas(f"{image_study}/study", frame.add_prefix("e"), pcs=64, rank_int=True)
    assert set(engine["dof"]) == {5}


def test_more_components_than_the_embedding_has(
    image_study, people, model, tmp_path, caplog, monkeypatch
):
    values = drawn(people["z"].to_numpy(), np.ones(64))
    monkeypatch.setattr(evaluate, "embed", lambda *_, **__: values)
    found = evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(64, 100, 65))
    assert found["pcs"] == {"16": 16, "64": 64, "65": 64, "100": 64}
    names = [row["test"] for row in found["tests"] if "PC" in row["test"]]
    assert names == ["16 PCs", "64 PCs"]
    assert "have 64 components with variance: 65, 100 are tested as 64 PCs" in caplog.text


def test_an_encoder_that_embeds_all_alike(image_study, model, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "embed", lambda *_, **__: np.ones((500, 64), dtype=np.float32))
    with pytest.raises(GemcontError, match="embeds all test people alike; train it anew"):
        evaluate_study(image_study, model, str(tmp_path / "r"))
    assert not list(tmp_path.iterdir())


def test_files_say_the_same(image_study, model, tmp_path):
    found = evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(2,))
    assert json.loads((tmp_path / "r.eval.json").read_text()) == found
    table = pl.read_csv(tmp_path / "r.eval.tsv", separator="\t")
    assert table["test"].to_list() == [row["test"] for row in found["tests"]]
    assert table["dof"].to_list() == [row["dof"] for row in found["tests"]]
    np.testing.assert_allclose(
        table["lambda_gc"], [row["lambda_gc"] for row in found["tests"]], atol=1e-6
    )
    assert (tmp_path / "r.eval.png").stat().st_size > 5000
    for row in found["tests"][:-1]:
        assert row["test"].split()[0] == str(row["dof"])
    kept = found["directions"]["kept"]
    named = [row["dof"] for row in found["tests"] if "direction" in row["test"]]
    assert named == sorted({1, kept} - {0} if kept else ())
    assert found["directions"]["n_validation"] == 30


def test_a_study_without_null_variants_has_no_lambda(tmp_path):
    """NA, which is no number of JSON's either."""
    sizes = {"n_train": 200, "n_test": 60, "variants": 4, "null_variants": 0, "n_external": 500}
    study, model = str(tmp_path / "s"), str(tmp_path / "m")
    write_study(BUNDLED / "emnist_sample.npz", study, **sizes)
    train_files(Inputs(study=study), Split(), replace(QUICK, epochs=1, width=8), model)
    found = evaluate_study(study, model, str(tmp_path / "r"))
    assert found["lambda_gc"] is None
    assert found["pcs"] == {"1": 1, "4": 4, "16": 8, "64": 8}
    text = (tmp_path / "r.eval.json").read_text()
    json.loads(text, parse_constant=pytest.fail)
    lines = (tmp_path / "r.eval.tsv").read_text().splitlines()
    assert all(line.endswith("\tNA") for line in lines[1:])


def test_where_no_direction_holds_none_is_tested(image_study, model, tmp_path, monkeypatch, caplog):
    from gemcont.learn.embedding.directions import Directions

    none = lambda self, embeddings, genotypes: (np.zeros(len(self.correlations)), 0.5)  # noqa: E731
    monkeypatch.setattr(Directions, "correlations_in", none)
    found = evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(1,))
    assert not [row for row in found["tests"] if "direction" in row["test"]]
    assert found["directions"]["kept"] == 0
    assert found["directions"]["n_validation"] == 30
    assert "no canonical direction holds: in 30 validation people the first" in caplog.text


def test_without_validation_people_directions_are_left_out(image_study, tmp_path, caplog):
    settings = TrainSettings(encoder="mlp", epochs=1, batch_size=64, validation_fraction=0.0)
    train_files(Inputs(study=image_study), Split(), settings, str(tmp_path / "m"))
    found = evaluate_study(image_study, str(tmp_path / "m"), str(tmp_path / "r"), pcs=(1,))
    assert found["directions"]["kept"] == 0
    assert "600 and 0 are here" in found["directions"]["reason"]
    assert "no canonical direction is tested: they are fitted on" in caplog.text


def test_people_seen_and_their_relatives_judge_nothing(image_study, people, tmp_path, caplog):
    """Trained on some of the test people: neither they nor relatives who lack z are judged by."""
    tested = people["IID"].to_list()
    (tmp_path / "these").write_text("".join(f"{iid}\n" for iid in tested[:200]))
    pairs = [f"{a}\t{b}\t0.25\n" for a, b in zip(tested[:40], tested[200:240], strict=True)]
    (tmp_path / "king").write_text("ID1\tID2\tKINSHIP\n" + "".join(pairs))
    known = [iid for iid in tested if iid not in tested[200:240]]
    (tmp_path / "age").write_text("IID\tage\n" + "".join(f"{i}\t{len(i)}\n" for i in known))
    inputs = Inputs(study=image_study, covar=str(tmp_path / "age"))
    split = Split(people=str(tmp_path / "these"), relatives=str(tmp_path / "king"))
    train_files(inputs, split, QUICK, str(tmp_path / "m"))
    with pytest.raises(
        GemcontError, match="--covar: the model was trained with age; give the same"
    ):
        evaluate_study(image_study, str(tmp_path / "m"), str(tmp_path / "r"))
    with caplog.at_level("INFO", "gemcont"):
        found = evaluate_study(
            image_study, str(tmp_path / "m"), str(tmp_path / "r"), covar=inputs.covar, pcs=(1,)
        )
    assert found["n_test"] == 260
    assert "260 people unseen (left out: 200 seen in training)" in caplog.text


def test_a_study_whose_test_people_were_trained_on(image_study, people, tmp_path):
    (tmp_path / "these").write_text("".join(f"{iid}\n" for iid in people["IID"]))
    split = Split(people=str(tmp_path / "these"))
    train_files(Inputs(study=image_study), split, QUICK, str(tmp_path / "m"))
    with pytest.raises(GemcontError, match="has 0 test people whom the model has not seen"):
        evaluate_study(image_study, str(tmp_path / "m"), str(tmp_path / "r"))


def test_the_engine_finds_in_the_written_table_what_is_judged(image_study, model, tmp_path):
    """gemcont-gwas --pcs on PREFIX.embed.tsv is the test of that label."""
    from gemcont.learn.files import embed_files

    found = evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(64,))
    (path,) = embed_files(Inputs(study=image_study), model, str(tmp_path / "e"))
    table = pd.read_csv(path, sep="\t", dtype={"FID": str, "IID": str})
    rows = run_gwas(open_genotypes(f"{image_study}/study"), table, pcs=64, rank_int=True)
    (row,) = (row for row in found["tests"] if row["dof"] == rows["dof"][0])
    p = rows.set_index("variant_id")["neg_log_10_p_value"]
    null = lambda_gc(p[p.index.str.startswith("n")], row["dof"])
    assert row["lambda_gc"] == pytest.approx(null, rel=1e-4)  # float32 encoder, other batches
    assert len(embedding_facts(path).iid) == 600
    assert Path(path).read_text().count("\n") == 501
