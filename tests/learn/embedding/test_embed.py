"""Embeddings of held-out people."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from gemcont import GemcontError, run_gwas
from gemcont.cli.gwas import main as gwas
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.images import Images
from gemcont.learn.data.people import assemble
from gemcont.learn.embedding.embed import embed
from gemcont.learn.files import Inputs, Split, embed_files
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


def test_only_people_never_seen_are_written(image_study, model, tmp_path):
    prefix = str(tmp_path / "e")
    embed_files(Inputs(study=image_study), model, prefix, directions=2, include_training=True)
    people = pl.read_csv(f"{image_study}/people.tsv", separator="\t")
    tested = people.filter(split="test")["IID"].to_list()
    for kind, width in (("embed", 64), ("directions", 2)):
        table = pl.read_csv(f"{prefix}.{kind}.tsv", separator="\t")
        assert table["IID"].to_list() == tested
        assert table.width == 2 + width
        facts = json.loads(Path(f"{prefix}.{kind}.json").read_text())
        assert facts["model"] == read_model(model).hash
        assert sorted(facts["seen"]["iid"]) == sorted(people.filter(split="train")["IID"])
    seen = pl.read_csv(f"{prefix}.seen.embed.tsv", separator="\t")
    assert not set(seen["IID"]) & set(tested)
    embed_files(Inputs(study=image_study), model, prefix, layout="parquet")
    assert not Path(f"{prefix}.embed.tsv").exists()
    table = pl.read_parquet(f"{prefix}.embed.parquet")
    assert table.columns[:3] == ["FID", "IID", "e1"]


def test_an_embedding_is_that_of_the_image_alone_and_the_mean_of_two(model):
    """Neither order nor batch matter; a person with two images has their mean."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
    iid = [f"p{i}" for i in range(39)] + ["p3"]
    trained = read_model(model)
    values = embed(trained, assemble(Images(pixels, SampleIds("i", None, iid))))
    order = np.random.default_rng(1).permutation(40)
    turned = assemble(Images(pixels[order], SampleIds("i", None, [iid[i] for i in order])))
    again = embed(trained, turned)
    rows = [turned.iid.index(f"p{i}") for i in range(39)]
    np.testing.assert_allclose(again[rows], values, atol=1e-5)
    with torch.no_grad():
        single = trained.method.embed(torch.from_numpy(pixels[[3, 39]])[:, None].float() / 255)
    np.testing.assert_allclose(values[3], single.mean(dim=0), atol=1e-5)


def test_the_engine_leaves_out_whom_the_encoder_has_seen(image_study, model, tmp_path, capsys):
    prefix = str(tmp_path / "e")
    embed_files(Inputs(study=image_study), model, prefix, include_training=True)
    both = pl.concat(
        pl.read_csv(f"{prefix}.{kind}.tsv", separator="\t", schema_overrides={"FID": str})
        for kind in ("embed", "seen.embed")
    )
    both.write_csv(f"{prefix}.embed.tsv", separator="\t")
    command = ["--bfile", f"{image_study}/study", "--pheno", f"{prefix}.embed.tsv", "--pcs", "4"]
    command += ["--no-plot", "--out", str(tmp_path / "scan")]
    assert gwas(command) == 0
    out = capsys.readouterr().out
    assert "500 of 1100 samples analysed (left out: 600 seen in training" in out
    assert gwas([*command, "--allow-training-samples"]) == 0
    out = capsys.readouterr().out
    assert "1100 of 1100 samples analysed" in out
    assert "Warning: 600 samples used in training the encoder are kept" in out
    Path(f"{prefix}.embed.json").unlink()
    assert gwas(command) == 0
    assert "looks like embeddings, but there is no" in capsys.readouterr().out
    Path(f"{prefix}.embed.json").write_text("[]")
    assert gwas(command) == 2
    assert "not the json of gemcont-embed" in capsys.readouterr().err


def test_training_people_are_inflated_and_held_out_people_are_not(image_study, tmp_path):
    """Trained on permuted genotypes, nothing is to be found: what is found is leakage."""
    from gemcont.learn.files import open_inputs, roles
    from gemcont.learn.training.train import train

    opened = open_inputs(Inputs(study=image_study))
    cohort = opened.cohort
    shuffled = cohort.dosages[np.random.default_rng(0).permutation(cohort.n_people)]
    cohort = replace(cohort, dosages=shuffled)
    settings = replace(QUICK, epochs=60, corruption=0.0, augment=())
    role, _ = roles(opened, Split(), settings)
    train(cohort, opened.panel, role, settings, str(tmp_path / "m"))
    trained = read_model(tmp_path / "m")
    strongest = {}
    for name, people in (("seen", role == 0), ("held out", role == 2)):
        rows = np.flatnonzero(people)
        index = [f"p{i}" for i in rows]
        traits = pd.DataFrame(embed(trained, cohort, people), index=index).add_prefix("e")
        found = run_gwas(shuffled[rows].T.astype(float), traits, pcs=4, rank_int=True)
        strongest[name] = found["neg_log_10_p_value"].median()
    assert strongest["seen"] > 5
    assert strongest["held out"] < 1.5


def test_images_of_another_size_and_nobody_left(image_study, model, tmp_path):
    pixels = np.zeros((2, 14, 14), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels, iid=["a", "b"])
    with pytest.raises(
        GemcontError, match=r"of shape \(1, 14, 14\), the model is of \(1, 28, 28\)"
    ):
        embed_files(Inputs(images=str(tmp_path / "x.npz")), model, str(tmp_path / "e"))
    seen = read_model(model).seen.iid[:2]
    np.savez(tmp_path / "y.npz", images=np.zeros((2, 28, 28), dtype=np.uint8), iid=seen)
    with pytest.raises(GemcontError, match="nobody to embed"):
        embed_files(Inputs(images=str(tmp_path / "y.npz")), model, str(tmp_path / "e"))
    people = pl.read_csv(f"{image_study}/people.tsv", separator="\t")
    people[550:].select("FID", "IID").write_csv(tmp_path / "z.ids.tsv", separator="\t")
    np.save(tmp_path / "z.npy", np.load(f"{image_study}/images.npy")[550:])
    files = {"genotypes": f"{image_study}/study.bed", "panel": f"{image_study}/panel.tsv"}
    some = Inputs(images=str(tmp_path / "z.npy"), **files)
    with pytest.raises(
        GemcontError, match=r"--directions: .* 64 or more .*: \d+ and \d+ are here with images"
    ):
        embed_files(some, model, str(tmp_path / "e"), directions=1)
    assert not list(tmp_path.glob("e.*"))
