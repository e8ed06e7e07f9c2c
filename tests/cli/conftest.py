"""What the commands' tests share."""

import numpy as np
import polars as pl
import pytest

from gemcont.cli import train


@pytest.fixture(scope="session")
def noise(image_study, tmp_path_factory):
    """Flags of files whose images show nothing of the genotypes, and a model of them."""
    folder = tmp_path_factory.mktemp("noise")
    people = pl.read_csv(f"{image_study}/people.tsv", separator="\t", infer_schema=False)
    people.select("FID", "IID").write_csv(folder / "x.ids.tsv", separator="\t")
    images = np.random.default_rng(0).integers(0, 256, (1100, 3, 9, 8))
    np.save(folder / "x.npy", images.astype(np.uint8))
    files = ["--images", str(folder / "x.npy"), "--bfile", f"{image_study}/study"]
    files += ["--panel", f"{image_study}/panel.tsv"]
    quick = ["--encoder", "mlp", "--epochs", "1", "--batch-size", "64"]
    assert train.main([*files, *quick, "--out", str(folder / "m")]) == 0
    return files, str(folder / "m")
