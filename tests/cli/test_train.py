"""gemcont-train: its mistakes in one line."""

import numpy as np
import polars as pl
import pytest

from gemcont.cli import train


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--study DIR or --images FILE is needed"),
        (["--study", "{study}", "--images", "x.npy"], "--images: --study has its own"),
        (["--study", "nowhere"], "--study: nowhere is no folder of gemcont-simulate"),
        (["--images", "nowhere.npy"], "nowhere.npy: cannot be read (No such file"),
        (["--images", "{images}"], "--bfile (or --pfile, --bgen) and --panel are needed here"),
        (["--images", "{images}", "--method", "supervised"], "needs --pheno and --target"),
        (["--images", "{images}", "--bfile", "{study}/study", "--panel", "{study}/panel.tsv"],
         "no sample of {images} is in"),
        (["--study", "{study}", "--batch-size", "5000"], "--batch-size: 5000 is more than the 570"),
        (["--study", "{study}", "--augment", "flip"], "--augment: 'flip' is not one of"),
        (["--study", "{study}", "--lr", "0"], "argument --lr: '0' is not a number above 0"),
        (["--study", "{study}", "--target", "w", "--method", "supervised"],
         "--target: 'w' is not a column of"),
        (["--study", "{study}", "--train-people", "{nobody}"],
         "--train-people: no sample of {nobody} is in {study}/people.tsv (somebody else against"),
        (["--study", "{study}", "--layout", "chw"], "--layout: --study has its own"),
        (["--study", "{study}", "--target-kind", "class"], "goes with --method supervised"),
        (["--study", "{study}", "--target-kind", "class", "--method", "supervised"],
         "--target-kind class: z holds 1100 values"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(image_study, tmp_path, capsys, arguments, message):
    images = tmp_path / "x.npz"
    np.savez(images, images=np.zeros((3, 28, 28), dtype=np.uint8), iid=["x", "y", "z"])
    (tmp_path / "nobody").write_text("somebody else\n")
    names = {"study": image_study, "images": images, "nobody": tmp_path / "nobody"}
    arguments = [a.format(**names) for a in arguments]
    try:
        code = train.main([*arguments, "--encoder", "mlp", "--out", str(tmp_path / "m")])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    error = capsys.readouterr().err
    assert message.format(**names) in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "m" / "model.pt").exists()


def test_panels_that_miss_the_genotypes(image_study, tmp_path, capsys):
    """Variants that are not there are counted; if none is, that is an error."""
    panel = pl.read_csv(f"{image_study}/panel.tsv", separator="\t")
    shifted = panel.with_columns(
        variant_id=pl.lit("x") + pl.col("variant_id"), base_pair_location=pl.lit(7, dtype=pl.Int64)
    )
    pl.concat([panel[:5], shifted[5:]]).write_csv(tmp_path / "some.tsv", separator="\t")
    shifted.write_csv(tmp_path / "none.tsv", separator="\t")
    people = pl.read_csv(f"{image_study}/people.tsv", separator="\t").select("FID", "IID")
    people.write_csv(tmp_path / "ids.tsv", separator="\t")
    base = ["--images", f"{image_study}/images.npy", "--image-ids", str(tmp_path / "ids.tsv")]
    base += ["--bfile", f"{image_study}/study", "--encoder", "mlp", "--epochs", "1"]
    base += ["--batch-size", "64", "--out", str(tmp_path / "m"), "--panel"]
    assert train.main([*base, str(tmp_path / "some.tsv")]) == 2
    assert "5 of the panel's 8 variants are in the genotypes" in capsys.readouterr().err
    assert train.main([*base, str(tmp_path / "some.tsv"), "--min-found", "0.6"]) == 0
    assert "5 variants of the panel used (3 not in the genotypes" in capsys.readouterr().out
    assert train.main([*base, str(tmp_path / "none.tsv")]) == 2
    assert "no variant of the panel is in" in capsys.readouterr().err
