"""The simulated study: what is drawn, what depends on what, and the files."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bed_reader import open_bed
from conftest import BUNDLED

from gemcont import GemcontError, open_genotypes, polygenic_score

pytest.importorskip("torch")

from gemcont.cli import simulate as command
from gemcont.learn.simulation.glyphs import read_glyphs
from gemcont.learn.simulation.simulate import FILES, choose_glyphs, pack, write_study
from gemcont.settings.simulate import StudySettings
from gemcont.tables.schema import joint_columns, panel_columns

SAMPLE = str(BUNDLED / "emnist_sample.npz")
SMALL = {
    **{"n_train": 301, "n_test": 200, "variants": 25, "null_variants": 70, "n_external": 3000},
    **{"h_g": 0.7, "threads": 1},
}


class Study:
    """The files of a study, read."""

    def __init__(self, folder):
        self.folder = Path(folder)
        table = {"separator": "\t", "null_values": "NA"}
        types = {"schema_overrides": {"char": pl.String}}
        self.people = pl.read_csv(self.folder / "people.tsv", **table, **types)
        self.causal = pl.read_csv(self.folder / "causal.tsv", **table)
        self.panel = pl.read_csv(self.folder / "panel.tsv", **table)
        self.external = pl.read_csv(self.folder / "external.gwas.tsv", **table)
        self.images = np.load(self.folder / "images.npy")
        self.summary = json.loads((self.folder / "study.json").read_text())
        self.source = open_genotypes(str(self.folder / "study.bed"))

    def dosages(self):
        """Effect alleles (variants, people)."""
        with open_bed(self.folder / "study.bed") as file:
            return file.read(dtype="float64").T

    def of(self, split):
        return (self.people["split"] == split).to_numpy()


def make(folder, **changes):
    write_study(SAMPLE, str(folder), **SMALL | changes)
    return Study(folder)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make(tmp_path_factory.mktemp("simulated") / "study")


def test_the_files_go_together(study):
    assert {path.name for path in study.folder.iterdir()} == set(FILES)
    ids = study.source.samples["iid"].to_list()
    assert ids == study.people["IID"].to_list() == study.people["FID"].to_list()
    assert (ids[0], ids[300], ids[301], ids[-1]) == ("s0_1", "s0_301", "t1", "t200")
    assert study.images.shape == (501, 28, 28)
    variants = study.source.variants
    names = [f"c{i}" for i in range(1, 26)] + [f"n{i}" for i in range(1, 71)]
    assert variants["variant_id"].to_list() == names == study.external["variant_id"].to_list()
    assert variants["chromosome"].n_unique() > 10
    assert study.external.columns == [c.name for c in joint_columns("lrt", 1)]
    assert study.panel.columns == [c.name for c in panel_columns()]
    assert set(study.panel["variant_id"]) == set(names[:25])
    assert study.panel["neg_log_10_p_value"].is_sorted(descending=True)


def test_z_is_the_model(study):
    score = study.summary["score"]
    genetic = (study.causal["beta"].to_numpy() @ study.dosages()[:25] - score["mean"]) / score["sd"]
    noise = (study.people["z"].to_numpy() - np.sqrt(0.7) * genetic) / np.sqrt(0.3)
    for part in (genetic, noise, study.people["z"].to_numpy()):
        assert abs(part.mean()) < 4 / np.sqrt(501)
        assert abs(part.var() - 1) < 4 * np.sqrt(2 / 501)
    assert abs(np.corrcoef(genetic, noise)[0, 1]) < 4 / np.sqrt(501)


def test_angles_and_images(study):
    angle = study.people["angle"].to_numpy()
    np.testing.assert_allclose(angle, 45 * np.tanh(study.people["z"] / 2), rtol=1e-5)
    assert np.abs(angle).max() < 45


def test_genotypes_have_the_frequencies_of_the_external_scan(study):
    dosages, external = study.dosages(), study.external["effect_allele_frequency"].to_numpy()
    assert np.isin(dosages, (0, 1, 2)).all()
    spread = np.sqrt(external * (1 - external) / 2 * (1 / 501 + 1 / 3000))
    assert (np.abs(dosages.mean(axis=1) / 2 - external) < 4.5 * spread).all()
    hardy = (dosages == 1).mean(axis=1) / (2 * external * (1 - external))
    assert abs(hardy.mean() - 1) < 0.02
    assert (external > 0.03).all()
    assert (external < 0.53).all()


def test_the_panel_predicts(study):
    bed, panel = (str(study.folder / name) for name in ("study.bed", "panel.tsv"))
    score = polygenic_score(bed, panel)["SCORE"]
    assert np.corrcoef(score, study.people["z"])[0, 1] > 0.7
    assert (study.panel["beta_shrunk"].abs() <= study.panel["beta"].abs()).all()


def test_same_seed_same_bytes_other_seed_other_study(study, tmp_path):
    make(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (study.folder / name).read_bytes(), name
    other = make(tmp_path / "again", seed=1)  # over an earlier study
    assert not other.causal.equals(study.causal)
    assert not (tmp_path / "again.tmp").exists()


def test_other_splits_have_the_same_test_people(study, tmp_path):
    other = make(tmp_path / "other", split=3, n_train=98, null_variants=90)
    mine, theirs = study.of("test"), other.of("test")
    assert study.people.filter(mine).equals(other.people.filter(theirs))
    np.testing.assert_array_equal(study.images[mine], other.images[theirs])
    np.testing.assert_array_equal(study.dosages()[:, mine], other.dosages()[:95, theirs])
    names = ["variant_id", "beta", "chi2"]
    assert study.external.select(names).equals(other.external[:95].select(names))
    assert other.people["IID"][0] == "s3_1"
    assert not np.isin(other.people["z"][:98], study.people["z"]).any()


def test_without_rotation_the_glyphs_themselves_each_once(tmp_path):
    study = make(tmp_path / "still", alpha_max=0)
    glyphs = {image.tobytes(): char for image, char in zip(*_sample(), strict=True)}
    found = [image.tobytes() for image in study.images]
    assert len(set(found)) == 501
    assert [chr(glyphs[image]) for image in found] == study.people["char"].to_list()


def _sample():
    glyphs = read_glyphs(SAMPLE)
    return glyphs.images, glyphs.char


def test_glyphs_of_unknown_case_only_where_the_others_do_not_suffice():
    from gemcont.learn.simulation.glyphs import Glyphs

    images, char = _sample()
    char = np.where(np.arange(len(char)) % 5 == 0, 0, char).astype(np.uint8)
    glyphs = Glyphs(images, char, np.arange(len(char)) % 5 != 1)  # 6000 are certain
    train, test = choose_glyphs(glyphs, StudySettings(n_train=3000, n_test=3000))
    assert glyphs.certain[train].all()
    assert glyphs.certain[test].all()
    more, same = choose_glyphs(glyphs, StudySettings(n_train=6000, n_test=3000, split=1))
    np.testing.assert_array_equal(test, same)
    assert not glyphs.certain[more].all()
    assert not np.intersect1d(more, same).size
    assert not np.intersect1d(train, test).size


def test_a_panel_of_the_external_scan(tmp_path):
    study = make(tmp_path / "study", panel="external", h_g=0.9)
    assert 3 < study.panel.height < 25
    assert study.panel["variant_id"].str.starts_with("c").all()
    assert study.panel.columns == [c.name for c in panel_columns()]
    with pytest.raises(GemcontError, match="--panel external: no variant has p < 1e-05"):
        make(tmp_path / "nothing", panel="external", h_g=0, n_external=500)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


@pytest.mark.parametrize("count", [1, 4, 5, 8, 13])
def test_pack(count):
    dosage = np.random.default_rng(count).integers(3, size=count)
    code = np.array([3, 2, 0])[dosage]  # PLINK's two bits of 0, 1, 2 alleles A1
    bits = np.zeros(-(-count // 4) * 4, dtype=np.uint8)
    bits[:count] = code
    expected = (bits.reshape(-1, 4) << np.array([0, 2, 4, 6])).sum(axis=1).astype(np.uint8)
    assert pack(dosage == 0, dosage < 2) == expected.tobytes()


def run(tmp_path, *flags, out="study"):
    base = ["--images", SAMPLE, "--n-train", "50", "--n-test", "40", "--variants", "5"]
    few = ["--null-variants", "0", "--n-external", "200", "--threads", "1"]
    return command.main([*base, *few, "--out", str(tmp_path / out), *flags])


def test_the_command(tmp_path, capsys):
    for _ in range(2):  # the second over the first
        assert run(tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study", "study.simulate.log"]
    assert Study(tmp_path / "study").summary["settings"]["n_train"] == 50


def test_mistakes_are_one_line(tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("dear")
    for flags, out, message in (
        ([], "full", "holds other things (letter.txt); give a new folder"),
        ([], "file", "is a file"),
        (["--n-train", "9999"], "new", "10000 glyphs are there, 9999 + 40 are needed"),
        (["--images", str(tmp_path / "no.npz")], "new", "no.npz: no such file"),
        (["--out", "."], "new", "no name for a folder"),
    ):
        capsys.readouterr()
        assert run(tmp_path, *flags, out=out) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "full" / "letter.txt").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"h_g": 1.5}, "--h-g: 1.5 is not from 0 to 1"),
        ({"alpha_max": 200}, "--alpha-max: 200 is not from 0 to 180"),
        ({"n_test": 0}, "--n-test: 0 is not from 1 up"),
        ({"panel": "all"}, "--panel: 'all' is not one of causal, external"),
    ],
)
def test_settings_out_of_bounds(setting, message):
    with pytest.raises(GemcontError, match=message):
        StudySettings(**setting)
