"""Models are bound to the people, the study and the panel that they were trained with."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import BUNDLED

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.images import Images
from gemcont.learn.data.people import assemble
from gemcont.learn.evaluation.study import evaluate_study
from gemcont.learn.files import Inputs, Split, embed_files, open_inputs, roles, train_files
from gemcont.learn.simulation.simulate import write_study
from gemcont.learn.training import train as trainer
from gemcont.learn.training.model import read_model
from gemcont.learn.training.provenance import remembered
from gemcont.settings.train import TrainSettings

QUICK = TrainSettings(encoder="mlp", epochs=1, batch_size=64, lr=1e-3)


@pytest.fixture(scope="module")
def model(image_study, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("model") / "m")
    train_files(Inputs(study=image_study), Split(), QUICK, folder)
    return folder


@pytest.fixture
def copy(model, tmp_path):
    """A copy of the model, to be edited."""
    return Path(shutil.copytree(model, tmp_path / "copy"))


@pytest.fixture(scope="module")
def other_study(tmp_path_factory):
    """A study of the same ids, of another seed."""
    folder = str(tmp_path_factory.mktemp("other") / "study")
    sizes = {"n_train": 600, "n_test": 500, "variants": 8, "null_variants": 40}
    write_study(BUNDLED / "emnist_sample.npz", folder, **sizes, n_external=2000, seed=4)
    return folder


def warnings(caplog):
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


def copied(study, folder):
    return Path(shutil.copytree(study, folder))


def test_a_model_and_its_study_go_together_without_a_word(image_study, model, tmp_path, caplog):
    embed_files(Inputs(study=image_study), model, str(tmp_path / "e"), directions=1)
    evaluate_study(image_study, model, str(tmp_path / "r"), pcs=(1,))
    assert not [w for w in warnings(caplog) if "direction" not in w]


def test_another_study_is_refused(other_study, model, tmp_path):
    with pytest.raises(GemcontError, match="is not the study that the model was trained on"):
        evaluate_study(other_study, model, str(tmp_path / "r"))
    with pytest.raises(GemcontError, match="is not the study that the model was trained on"):
        embed_files(Inputs(study=other_study), model, str(tmp_path / "e"))
    assert not list(tmp_path.iterdir())


def edit_split(study):
    """Moves ten training people of a study to its test people."""
    path = study / "people.tsv"
    table = pl.read_csv(path, separator="\t", infer_schema=False)
    moved = pl.Series("split", ["test"] * 10 + table["split"][10:].to_list())
    table.with_columns(moved).write_csv(path, separator="\t")


def edit_images(study):
    images = np.load(study / "images.npy")
    np.save(study / "images.npy", images[::-1])


@pytest.mark.parametrize("edit", [edit_split, edit_images])
def test_a_study_that_was_edited_is_another(image_study, model, tmp_path, edit):
    study = copied(image_study, tmp_path / "study")
    edit(study)
    with pytest.raises(GemcontError, match="its people, their split or images have changed"):
        evaluate_study(str(study), model, str(tmp_path / "r"))


def test_columns_beside_the_split_may_come_and_go(image_study, model, tmp_path):
    study = copied(image_study, tmp_path / "study")
    table = pl.read_csv(study / "people.tsv", separator="\t", infer_schema=False)
    table.drop("char", "angle").with_columns(site=pl.lit("x")).write_csv(
        study / "people.tsv", separator="\t"
    )
    assert evaluate_study(str(study), model, str(tmp_path / "r"), pcs=(1,))["n_test"] == 500


def test_another_panel_is_refused(image_study, model, tmp_path):
    study = copied(image_study, tmp_path / "study")
    lines = (study / "panel.tsv").read_text().splitlines()
    (study / "panel.tsv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(GemcontError, match="--panel: its 7 variants .* not the 8"):
        evaluate_study(str(study), model, str(tmp_path / "r"))


def as_an_earlier_version(folder):
    """model.json without the hashes that earlier versions did not write."""
    facts = json.loads((folder / "model.json").read_text())
    for name in ("study", "roles", "remembered"):
        del facts["data"][name]
    (folder / "model.json").write_text(json.dumps(facts))


def test_a_model_of_an_earlier_version_is_read_with_a_warning(image_study, copy, tmp_path, caplog):
    as_an_earlier_version(copy)
    assert evaluate_study(image_study, str(copy), str(tmp_path / "r"), pcs=(1,))["n_test"] == 500
    assert "people.tsv: whether it was edited cannot be told" in caplog.text
    assert "whether it is of this study cannot be told" in caplog.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("s0_7\ttrain", "s0_7\ttest"),
        ("s0_7\ttrain", "t_7\ttrain"),
        ("t1\ttest", "t1\trelated"),
        ("s0_7\ts0_7\ttrain\n", ""),
    ],
)
def test_people_of_a_model_that_were_edited(copy, old, new):
    path = copy / "people.tsv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(GemcontError, match=r"people.tsv: (damaged|ids or roles are not those)"):
        read_model(copy)


@pytest.mark.parametrize(
    "changed", [lambda rows: rows + [rows[-1]], lambda rows: [*rows[:-1], rows[-1] + "ed"]]
)
def test_people_of_an_earlier_model_are_read_with_care(copy, changed):
    """A role that is no word of ours would be of somebody unseen."""
    as_an_earlier_version(copy)
    rows = (copy / "people.tsv").read_text().splitlines()
    (copy / "people.tsv").write_text("\n".join(changed(rows)) + "\n")
    with pytest.raises(GemcontError, match="damaged: a role that is none, or a duplicate IID"):
        read_model(copy)


def test_rows_and_ids_elsewhere_change_nothing(copy, model):
    """The table may be sorted, and its columns stand in another order."""
    table = pl.read_csv(copy / "people.tsv", separator="\t", infer_schema=False)
    table.sort("IID").select("role", "IID", "FID").write_csv(copy / "people.tsv", separator="\t")
    assert read_model(copy).role == read_model(model).role


def files_of(image_study, tmp_path, rows, turned=False):
    """Inputs of some of the study's people as files of their own."""
    people = pl.read_csv(f"{image_study}/people.tsv", separator="\t", infer_schema=False)
    people[rows].select("FID", "IID").write_csv(tmp_path / "x.ids.tsv", separator="\t")
    images = np.load(f"{image_study}/images.npy")[rows]
    np.save(tmp_path / "x.npy", images[::-1] if turned else images)
    files = {"genotypes": f"{image_study}/study.bed", "panel": f"{image_study}/panel.tsv"}
    return Inputs(images=str(tmp_path / "x.npy"), **files)


def test_people_of_the_same_ids_with_other_images_are_warned_of(image_study, tmp_path, caplog):
    inputs = files_of(image_study, tmp_path, list(range(400)))
    train_files(inputs, Split(fraction=0.5), QUICK, str(tmp_path / "m"))
    embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"))
    embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"), directions=1)
    more = files_of(image_study, tmp_path, list(range(390, 700)))
    embed_files(more, str(tmp_path / "m"), str(tmp_path / "e"))
    assert not [w for w in warnings(caplog) if "--directions" not in w]
    for count in (400, 300):
        files_of(image_study, tmp_path, list(range(count)), turned=True)
        embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"))
        looked_at = sum(iid.startswith("s0_") for iid in read_model(tmp_path / "m").seen.iid)
        assert looked_at == 200
        assert "people looked at, whom it was trained on, have other images here" in caplog.text
        caplog.clear()


def test_two_images_of_a_person_are_remembered_together(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 9)).astype(np.uint8)
    iid = ["a", "b", "a", "c", "b", "d"]
    cohort = assemble(Images(pixels, SampleIds("i", None, iid)))
    known = remembered(cohort, np.array([True, True, False, True]))
    assert list(known) == ["a", "b", "d"]
    order = [1, 0, 2, 5, 3, 4]
    turned = assemble(Images(pixels[order], SampleIds("i", None, [iid[i] for i in order])))
    assert remembered(turned, np.ones(4, dtype=bool)).items() >= known.items()
    swapped = assemble(Images(pixels[[2, 1, 0, 3, 4, 5]], SampleIds("i", None, iid)))
    assert remembered(swapped, np.ones(4, dtype=bool))["a"] != known["a"]


def test_other_genotypes_or_covariates_are_warned_of(image_study, tmp_path, caplog):
    inputs = files_of(image_study, tmp_path, list(range(300)))
    iid = open_inputs(inputs, genotypes=False).cohort.iid
    for name, factor in (("now", 1), ("then", 2)):
        rows = [f"{i}\t{factor * k}\n" for k, i in enumerate(iid)]
        (tmp_path / name).write_text("IID\tage\n" + "".join(rows))
    inputs = replace(inputs, covar=str(tmp_path / "now"))
    train_files(inputs, Split(fraction=0.5), QUICK, str(tmp_path / "m"))
    embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"), directions=1)
    assert "their covariates are not" not in caplog.text
    inputs = replace(inputs, covar=str(tmp_path / "then"))
    embed_files(inputs, str(tmp_path / "m"), str(tmp_path / "e"), directions=1)
    assert "those of its training, their covariates are not" in caplog.text


def test_a_model_of_files_is_judged_by_a_study_with_a_warning(image_study, tmp_path, caplog):
    inputs = files_of(image_study, tmp_path, list(range(600)))
    train_files(inputs, Split(fraction=0.9), QUICK, str(tmp_path / "m"))
    evaluate_study(image_study, str(tmp_path / "m"), str(tmp_path / "r"), pcs=(1,))
    assert "it was trained on files, not on the study" in caplog.text


def test_going_on_writes_people_and_facts_anew(image_study, tmp_path, monkeypatch):
    kept = trainer._Trainer._keep

    def keep_one(self, epoch, lines):
        kept(self, epoch, lines)
        raise KeyboardInterrupt

    folder, settings = tmp_path / "m", replace(QUICK, epochs=2)
    monkeypatch.setattr(trainer._Trainer, "_keep", keep_one)
    with pytest.raises(KeyboardInterrupt):
        train_files(Inputs(study=image_study), Split(), settings, str(folder))
    monkeypatch.setattr(trainer._Trainer, "_keep", kept)
    text = (folder / "people.tsv").read_text()
    (folder / "people.tsv").write_text(text.replace("\ttrain\n", "\ttest\n", 1))
    as_an_earlier_version(folder)
    train_files(Inputs(study=image_study), Split(), settings, str(folder), resume=True)
    assert (folder / "people.tsv").read_text() == text
    read_model(folder)
    study = copied(image_study, tmp_path / "study")
    edit_images(study)
    (folder / "model.pt").unlink()
    with pytest.raises(GemcontError, match="had other (images|study); give the same"):
        train_files(Inputs(study=str(study)), Split(), settings, str(folder), resume=True)


def test_ids_of_a_list_that_are_nobodys_are_counted(image_study, tmp_path, caplog):
    opened = open_inputs(Inputs(study=image_study))
    names = opened.cohort.iid[:100]
    (tmp_path / "list").write_text("SEX\tIID\n" + "".join(f"1\t{i}\n" for i in [*names, "x", "y"]))
    role, _ = roles(opened, Split(people=str(tmp_path / "list")), QUICK)
    assert (role != 2).sum() == 100
    assert "--train-people: 2 ids of" in caplog.text
    role, _ = roles(opened, Split(people=names), QUICK)
    assert (role != 2).sum() == 100


def test_listed_people_who_lack_something_are_counted(image_study, tmp_path, caplog):
    inputs = files_of(image_study, tmp_path, list(range(200)))
    iid = open_inputs(inputs).cohort.iid
    (tmp_path / "age").write_text("IID\tage\n" + "".join(f"{i}\t4\n" for i in iid[:90]))
    opened = open_inputs(replace(inputs, covar=str(tmp_path / "age")))
    role, _ = roles(opened, Split(people=iid[:100]), QUICK)
    assert (role != 2).sum() == 90
    assert "--train-people: 10 have an image and lack something else" in caplog.text
    with pytest.raises(GemcontError, match="nobody on it has all that the training needs"):
        roles(opened, Split(people=iid[90:]), QUICK)


def test_relatives_that_chain_nearly_everybody_are_suspected(image_study, tmp_path, caplog):
    opened = open_inputs(Inputs(study=image_study))
    iid = opened.cohort.iid[:600]
    rows = [f"{a}\t{b}\n" for a, b in zip(iid, iid[1:], strict=False)]
    (tmp_path / "pairs").write_text("ID1\tID2\n" + "".join(rows))
    roles(opened, Split(relatives=str(tmp_path / "pairs")), QUICK)
    assert "600 of 1100 people are chained into one group of relatives" in caplog.text
