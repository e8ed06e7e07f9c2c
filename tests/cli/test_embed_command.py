"""gemcont-embed and gemcont-evaluate as their user meets them: what is written, one-line errors."""

import json

import numpy as np
import polars as pl
import pytest

from gemcont.cli import embed, evaluate, train


def read_json(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("layout", ["tsv", "parquet"])
def test_directions_are_written_and_described(image_study, model, tmp_path, layout):
    command = ["--study", image_study, "--model", model, "--out", str(tmp_path / "e")]
    assert embed.main([*command, "--directions", "3", "--format", layout]) == 0
    read = pl.read_parquet if layout == "parquet" else lambda p: pl.read_csv(p, separator="\t")
    table = read(tmp_path / f"e.directions.{layout}")
    assert table.columns == ["FID", "IID", "d1", "d2", "d3"]
    for name in ("e.directions.json", "e.embed.json"):
        facts = read_json(tmp_path / name)["directions"]
        assert facts["asked"] == facts["kept"] == 3
        assert facts["n_validation"] == 30
        held = facts["correlations_in_validation"]
        assert len(facts["correlations"]) == len(held) == 3
        assert facts["hold"] == [r > facts["largest_of_permuted_panels"] for r in held]
    assert (
        "canonical correlations in training (30 validation) people"
        in (tmp_path / "e.log").read_text()
    )


def test_numbers_are_written_to_their_last_digit(image_study, model, tmp_path):
    """Tiny embeddings too: a fixed number of decimals would round them to nothing."""
    command = ["--study", image_study, "--model", model, "--out", str(tmp_path / "e")]
    for layout in ("tsv", "parquet"):
        assert embed.main([*command, "--format", layout]) == 0
        if layout == "tsv":
            text = pl.read_csv(
                tmp_path / "e.embed.tsv", separator="\t", schema_overrides={"e1": pl.Float32}
            )
    assert (text["e1"] == pl.read_parquet(tmp_path / "e.embed.parquet")["e1"]).all()


def test_where_no_direction_holds_no_table_is_written(noise, tmp_path, capsys):
    files, model = noise
    command = [*files, "--model", model, "--out", str(tmp_path / "e")]
    assert embed.main([*command, "--directions", "2"]) == 0
    assert (
        "in 28 validation people no better than a permuted panel: d1, d2" in capsys.readouterr().out
    )
    assert (tmp_path / "e.directions.tsv").exists()
    assert embed.main([*command, "--directions", "auto"]) == 0
    assert not list(tmp_path.glob("e.directions.*"))
    facts = read_json(tmp_path / "e.embed.json")["directions"]
    assert (facts["asked"], facts["kept"], facts["n_validation"]) == ("auto", 0, 28)
    out = capsys.readouterr().out
    assert "Warning: no canonical direction holds: in 28 validation people the first" in out
    assert "e.directions.tsv is not written: it would hold none" in out
    assert "e.directions.tsv of an earlier run removed" in out


def test_channels_first_are_channels(noise):
    """What torch's users have trains as what it is."""
    from gemcont.learn.training.model import read_facts

    assert read_facts(noise[1])["shape"] == [3, 9, 8]


def test_covariates_of_some_are_counted(noise, tmp_path, capsys):
    files, model = noise
    lines = [f"t{i}\t{i % 7}\n" for i in range(1, 301)]
    (tmp_path / "age").write_text("IID\tage\n" + "".join(lines))
    command = [*files, "--model", model, "--out", str(tmp_path / "e")]
    assert embed.main([*command, "--covar", str(tmp_path / "age")]) == 0
    out = capsys.readouterr().out
    table = pl.read_csv(tmp_path / "e.embed.tsv", separator="\t")
    known = sum(iid.startswith("t") and int(iid[1:]) <= 300 for iid in table["IID"])
    assert f"--covar: known of {known} of the {table.height} people to embed" in out
    (tmp_path / "age").write_text("IID\tage\n" + "".join(lines).replace("t", "u"))
    assert embed.main([*command, "--covar", str(tmp_path / "age")]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--study DIR or --images FILE is needed"),
        (["--study", "{study}", "--layout", "hwc"], "--layout: --study has its own"),
        (["--study", "{noise}"], "no study.json"),
        (["--study", "{study}"], "--images: of shape (1, 28, 28), the model is of (3, 9, 8)"),
        (["--images", "{noise}/x.npy", "--layout", "hwc"], "of shape (8, 3, 9), the model is of"),
        (["--images", "{noise}/x.npy", "--layout", "hw"], "--layout hw: {noise}/x.npy has shape"),
        (["--images", "{noise}/x.npy", "--directions", "1"], "--directions needs --panel"),
        (["--images", "{noise}/x.npy", "--image-ids", "{noise}/none"], "{noise}/x.npy: has no ids"),
    ],
)
def test_mistakes_of_embedding(image_study, noise, tmp_path, capsys, arguments, message):
    names = {"study": image_study, "noise": noise[1].removesuffix("/m")}
    command = [a.format(**names) for a in arguments]
    assert embed.main([*command, "--model", noise[1], "--out", str(tmp_path / "e")]) == 2
    error = capsys.readouterr().err
    assert message.format(**names) in error
    assert len(error.splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".log"]


def break_dtype(study):
    images = np.load(study / "images.npy")
    np.save(study / "images.npy", images / 255)


def break_count(study):
    np.save(study / "images.npy", np.load(study / "images.npy")[:-1])


def break_shape(study):
    np.save(study / "images.npy", np.load(study / "images.npy").reshape(1100, -1))


def break_npy(study):
    (study / "images.npy").write_bytes(b"\x93NUMPY\x01")


def break_split(study):
    path = study / "people.tsv"
    path.write_text(path.read_text().replace("\ttrain\t", "\tTrain\t"))


def break_columns(study):
    path = study / "people.tsv"
    path.write_text(path.read_text().replace("split", "side", 1))


def break_causal(study):
    (study / "causal.tsv").write_text("variant_id\tbeta\nrs1\t0.5\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_dtype, "images.npy: holds float64 (1100, 28, 28); images must be uint8"),
        (break_count, "people.tsv: names 1100 images, {study}/images.npy has 1099"),
        (break_shape, "images.npy: has shape (1100, 784)"),
        (break_npy, "images.npy: not a whole .npy"),
        (break_split, "people.tsv: split is 'Train'; it is train or test"),
        (break_columns, "'split' is not a column of {study}/people.tsv"),
        (break_causal, "causal.tsv: rs1 is not in"),
    ],
)
def test_studies_that_are_not_whole(image_study, model, tmp_path, capsys, damage, message):
    import shutil
    from pathlib import Path

    study = Path(shutil.copytree(image_study, tmp_path / "study"))
    damage(study)
    inputs, out = ["--study", str(study)], ["--out", str(tmp_path / "r")]
    for command, arguments in (
        (evaluate, [*inputs, "--model", model]),
        (embed, [*inputs, "--model", model]),
        (train, [*inputs, "--encoder", "mlp"]),
    ):
        assert command.main([*arguments, *out]) == 2
        error = capsys.readouterr().err
        assert message.format(study=study) in error
        assert len(error.splitlines()) == 1
