"""Some of an image study's people, as a cohort of its own."""

from pathlib import Path

import numpy as np

from gemcont.learn.files import Inputs


def cohort_of(image_study, tmp_path, rows, name="some"):
    """Inputs of some of the study's people as files of their own."""
    people = (Path(image_study) / "people.tsv").read_text().splitlines()
    ids = ["\t".join(people[i + 1].split("\t")[:2]) for i in rows]
    (tmp_path / f"{name}.ids.tsv").write_text("FID\tIID\n" + "\n".join(ids) + "\n")
    np.save(tmp_path / f"{name}.npy", np.load(f"{image_study}/images.npy")[list(rows)])
    return Inputs(
        images=str(tmp_path / f"{name}.npy"),
        genotypes=f"{image_study}/study.bed",
        panel=f"{image_study}/panel.tsv",
    )
