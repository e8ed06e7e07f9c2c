"""gemcont-evaluate: the whole chain that ends in it, and its mistakes in one line."""

import json

import polars as pl
import pytest
from conftest import BUNDLED

from gemcont.cli import embed, evaluate, gwas, simulate, train


def test_simulate_train_embed_gwas_evaluate(tmp_path, capsys):
    study, model, prefix = (str(tmp_path / name) for name in ("study", "model", "r"))
    sizes = "--n-train 1000 --n-test 1000 --variants 10 --null-variants 100 --n-external 3000"
    images = ["--images", str(BUNDLED / "emnist_sample.npz")]
    assert simulate.main([*images, *sizes.split(), "--out", study]) == 0
    quick = ["--encoder", "mlp", "--epochs", "2", "--batch-size", "64", "--lr", "1e-3"]
    assert train.main(["--study", study, *quick, "--out", model]) == 0
    wanted = ["--study", study, "--model", model]
    assert embed.main([*wanted, "--directions", "auto", "--out", prefix]) == 0
    scan = ["--bfile", f"{study}/study", "--no-plot", "--rank-int", "--out", prefix]
    assert gwas.main([*scan, "--pheno", f"{prefix}.embed.tsv", "--pcs", "16"]) == 0
    assert pl.read_csv(f"{prefix}.gwas.tsv", separator="\t").height == 110
    assert evaluate.main([*wanted, "--out", prefix]) == 0
    found = json.loads((tmp_path / "r.eval.json").read_text())
    assert found["n_test"] == 1000
    assert found["r2"] > 0.1
    assert found["null_recovered"] == 0
    tests = {row["test"]: row for row in found["tests"]}
    assert {"1 PC", "4 PCs", "16 PCs", "64 PCs", "oracle: z itself"} < tests.keys()
    assert tests["16 PCs"]["causal_recovered"] == found["causal_recovered"]
    table = pl.read_csv(f"{prefix}.eval.tsv", separator="\t")
    assert table["test"].to_list() == [row["test"] for row in found["tests"]]
    assert (tmp_path / "r.eval.png").stat().st_size > 5000
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "{study}", "--model", "{study}"], "--model: {study} is no folder of"),
        (["--study", "{model}", "--model", "{model}"], "--study: {model} is no folder of"),
        (["--study", "{study}", "--model", "{noise}"], "of shape (1, 28, 28), the model is of"),
        (["--study", "{study}", "--model", "{model}", "--covar", "{study}/people.tsv",
          "--covar-name", "z"], "--covar: the model was trained with none; give the same"),
        (["--study", "{study}", "--model", "{model}", "--covar", "nowhere"], "nowhere: no such"),
    ],
)  # fmt: skip
def test_mistakes_of_judging(image_study, model, noise, tmp_path, capsys, arguments, message):
    names = {"study": image_study, "model": model, "noise": noise[1]}
    command = [a.format(**names) for a in arguments]
    assert evaluate.main([*command, "--out", str(tmp_path / "r")]) == 2
    error = capsys.readouterr().err
    assert message.format(**names) in error
    assert len(error.splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".log"]


@pytest.mark.parametrize("pcs", ["0", "1,x", "-3", "1.5", ","])
def test_numbers_of_components_that_are_none(pcs, capsys):
    with pytest.raises(SystemExit) as stopped:
        evaluate.main(["--study", "s", "--model", "m", "--out", "r", f"--pcs={pcs}"])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
