"""Roles of people, and trainings from files to files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reference.image_cohorts import cohort_of

from gemcont import GemcontError
from gemcont.learn.data.split import HELD_OUT, KIN, TRAIN, VALIDATION
from gemcont.learn.embedding.embed import unseen
from gemcont.learn.files import Inputs, Split, embed_files, open_inputs, roles, train_files
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings
from gemcont.tables.phenotypes import read_sample_table

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


def test_relatives_share_a_side(image_study, tmp_path):
    people = [x.split("\t")[1] for x in (Path(image_study) / "people.tsv").read_text().splitlines()]
    trained, tested = people[1], people[-1]
    (tmp_path / "king").write_text(f"ID1\tID2\tKINSHIP\n{trained}\t{tested}\t0.25\n")
    split = Split(relatives=str(tmp_path / "king"))
    with pytest.raises(GemcontError, match=f"{trained} is trained on and its relative {tested}"):
        train_files(Inputs(study=image_study), split, QUICK, str(tmp_path / "m"))


def test_people_are_chosen_by_list_or_fraction(image_study, tmp_path):
    opened = open_inputs(Inputs(study=image_study))
    role, kin = roles(opened, Split(), QUICK)
    assert kin == []
    assert [(role == r).sum() for r in (TRAIN, VALIDATION, HELD_OUT)] == [570, 30, 500]
    assert (role[600:] == HELD_OUT).all()
    chosen = opened.cohort.iid[:200]
    (tmp_path / "these").write_text("\n".join(chosen))
    role, _ = roles(opened, Split(people=str(tmp_path / "these")), QUICK)
    assert (role[:200] != HELD_OUT).all()
    assert (role[200:] == HELD_OUT).all()
    role, _ = roles(replace(opened, study=None), Split(fraction=0.25), QUICK)
    assert (role != HELD_OUT).sum() == 275


def test_relatives_who_lack_a_covariate_are_not_embedded(image_study, tmp_path):
    """Left out of the training, but related to people in it: neither trained on nor held out."""
    inputs = cohort_of(image_study, tmp_path, range(300))
    iid = read_sample_table(tmp_path / "some.ids.tsv").iid
    rows = [f"{i}\t{k}" for k, i in enumerate(iid[:200])]
    (tmp_path / "covar").write_text("IID\tage\n" + "\n".join(rows) + "\n")
    kin = [f"{a}\t{b}\t0.25" for a, b in zip(iid[:100], iid[200:300], strict=True)]
    (tmp_path / "king").write_text("ID1\tID2\tKINSHIP\n" + "\n".join(kin) + "\n")
    inputs = replace(inputs, covar=str(tmp_path / "covar"))
    split = Split(fraction=0.6, relatives=str(tmp_path / "king"))
    train_files(inputs, split, QUICK, str(tmp_path / "m"))
    model = read_model(tmp_path / "m")
    trained = model.have(iid, TRAIN, VALIDATION)
    assert trained.sum() == 120
    related = model.have(iid, KIN)
    np.testing.assert_array_equal(related[200:], trained[:100])
    cohort = open_inputs(replace(inputs, covar=None), genotypes=False).cohort
    np.testing.assert_array_equal(~unseen(model, cohort), trained | related)
    embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"), directions=1)
    assert model.facts["covariates"] == ["age"]
    with pytest.raises(GemcontError, match="--covar: the model was trained with age"):
        embed_files(replace(inputs, covar=None), str(tmp_path / "m"), str(tmp_path / "e"),
                    directions=1)  # fmt: skip
    lines = Path(inputs.panel).read_text().splitlines()
    (tmp_path / "panel.tsv").write_text("\n".join(lines[:4]) + "\n")
    with pytest.raises(GemcontError, match="--panel: its 3 variants .* not the 8"):
        embed_files(replace(inputs, panel=str(tmp_path / "panel.tsv")), str(tmp_path / "m"),
                    str(tmp_path / "e"), directions=1)  # fmt: skip


def test_families_are_those_of_the_genotypes_where_images_have_none(image_study, tmp_path):
    inputs = cohort_of(image_study, tmp_path, range(100))
    iid = read_sample_table(tmp_path / "some.ids.tsv").iid
    (tmp_path / "some.ids.tsv").write_text("IID\n" + "\n".join(iid) + "\n")
    for suffix in ("bed", "bim"):
        (tmp_path / f"g.{suffix}").symlink_to(f"{image_study}/study.{suffix}")
    fam = [line.split("\t") for line in Path(f"{image_study}/study.fam").read_text().splitlines()]
    lines = ["\t".join([f"f{i // 4}", *line[1:]]) for i, line in enumerate(fam)]
    (tmp_path / "g.fam").write_text("\n".join(lines) + "\n")
    opened = open_inputs(replace(inputs, genotypes=str(tmp_path / "g.bed")))
    role, _ = roles(opened, Split(families=True), QUICK)
    sides = role.reshape(25, 4)
    assert (sides == sides[:, :1]).all()
    assert 0 < (role == HELD_OUT).sum() < 100
    alone = open_inputs(inputs, genotypes=False)
    with pytest.raises(GemcontError, match="--families: .* has no FID column"):
        roles(alone, Split(families=True), QUICK)
