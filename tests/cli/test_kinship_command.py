"""gemcont-kinship, and gemcont-gwas with what it wrote, as their user meets them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset
from reference.relatives import families

from gemcont.cli import gwas, kinship
from gemcont.stats.calibration import lrt_true_rate


class Study:
    """A fileset of 120 relatives, 120 variants on three chromosomes, and three traits."""

    def __init__(self, folder):
        found = families()
        self.folder, self.bfile, self.out = folder, str(folder / "s"), str(folder / "r")
        ids = list(zip(found.samples["fid"], found.samples["iid"], strict=True))
        samples = [(f, i, sex) for (f, i), sex in zip(ids, found.samples["sex"], strict=True)]
        places = zip(found.names, found.variants["variant_id"], strict=True)
        variants = [(c, name, 10 + i, "A", "G") for i, (c, name) in enumerate(places)]
        write_fileset(self.bfile, found.dosages, samples, variants)
        self.pheno = write_table(folder / "y.tsv", list("abc"), found.traits.to_numpy(), ids=ids)

    def make(self, *flags, out="K"):
        """Exit code of gemcont-kinship."""
        base = ["--bfile", self.bfile, "--out", str(self.folder / out), "--no-plot"]
        return kinship.main([*base, *flags])

    def scan(self, *flags, out=None):
        """Exit code of gemcont-gwas."""
        base = ["--bfile", self.bfile, "--pheno", self.pheno, "--out", out or self.out]
        return gwas.main([*base, "--no-plot", *flags])

    def read(self, name):
        """A result file."""
        return (self.folder / name).read_bytes()


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


def fails(code, capsys, *messages):
    assert code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    for message in messages:
        assert message in error


def test_what_it_writes(study):
    assert kinship.main(["--bfile", study.bfile, "--out", str(study.folder / "K"), "--loco"]) == 0
    suffixes = ["eigen.npz", "grm.id", "grm.npy", "kinship.png", "loco", "log", "summary.json"]
    assert sorted(p.name for p in study.folder.glob("K.*")) == [f"K.{s}" for s in suffixes]
    loco = sorted(p.name for p in (study.folder / "K.loco").iterdir())
    kinds = ("eigen.npz", "grm.id", "grm.npy")
    assert loco == [f"{c}.{kind}" for c in "123" for kind in kinds]
    summary = json.loads((study.folder / "K.summary.json").read_text())
    assert summary["n_samples"] == 120
    matrix = np.load(study.folder / "K.grm.npy")
    assert summary["mean_diagonal"] == pytest.approx(np.diag(matrix).mean())
    eigen = np.load(study.folder / "K.eigen.npz")
    product = (eigen["vectors"] * eigen["values"]) @ eigen["vectors"].T
    np.testing.assert_allclose(product, matrix, atol=1e-5)


@pytest.mark.parametrize("loco", [[], ["--loco"]])
def test_a_scan_re_uses_it(study, loco):
    assert study.make("--loco") == 0
    assert study.scan("--kinship", "grm", *loco, "--each-trait", "--effects") == 0
    made = study.out + ".made"
    assert study.scan("--kinship", str(study.folder / "K"), *loco, "--each-trait", out=made) == 0
    a, b = (pl.read_csv(f"{out}.gwas.tsv", separator="\t") for out in (study.out, made))
    chi2 = (x["chi2"].to_numpy() for x in (a, b))
    np.testing.assert_allclose(*chi2, rtol=1e-4, atol=1e-5)
    log = Path(made + ".log").read_text()
    assert "eigenvectors of" in log
    assert "largest eigenvalue of dL/dCg" in log


def test_summary_and_picture_of_a_scan(study):
    base = ["--bfile", study.bfile, "--pheno", study.pheno, "--out", study.out]
    assert gwas.main([*base, "--kinship", "grm", "--each-trait"]) == 0
    assert Path(study.out + ".heritability.png").stat().st_size > 1000
    found = json.loads(Path(study.out + ".summary.json").read_text())["kinship"]
    assert found["name"] == "grm"
    assert found["refitted_below_p"] == 1e-4
    assert 0 < found["n_refitted"] < 20
    log = Path(study.out + ".log").read_text()
    assert f"covariances re-estimated for the {found['n_refitted']} strongest variants" in log
    assert [row["trait"] for row in found["traits"]] == list("abc")
    assert all(0 <= row["heritability"] <= 1 for row in found["traits"])
    assert {"own_heritability", "own_heritability_se"} <= found["traits"][0].keys()
    assert np.shape(found["null"]["genetic_correlation_se"]) == (3, 3)
    assert study.scan() == 0  # without kinship the picture is stale
    assert not Path(study.out + ".heritability.png").exists()


def test_of_a_contrast_its_own_rate_is_given_and_nothing_is_refitted(study):
    assert study.scan("--kinship", "grm", "--contrast", "b") == 0
    found = json.loads(Path(study.out + ".summary.json").read_text())
    assert found["contrast"] == "b"
    assert found["kinship"]["refitted_below_p"] == found["kinship"]["n_refitted"] == 0
    rate = found["lrt_true_over_nominal_rate"]
    assert rate["statistic"] == "one scale per variant, own effect on b, the others free"
    assert rate["ratio"] == pytest.approx(lrt_true_rate(120, 1, 3, contrast=1) / 5e-8)
    assert "refitted_true_over_nominal_rate" not in found
    log = Path(study.out + ".log").read_text()
    assert "test lrt, own effect on b, the others free: N = 120" in log
    assert study.scan("--kinship", "grm", "--contrast", "b", "--test", "f") == 0
    found = json.loads(Path(study.out + ".summary.json").read_text())
    assert "lrt_true_over_nominal_rate" not in found
    assert "the F test is approximate, with kinship" in Path(study.out + ".log").read_text()


def test_a_matrix_that_has_changed_is_refused(study, capsys):
    assert study.make() == 0
    matrix = np.load(study.folder / "K.grm.npy")
    np.save(study.folder / "K.grm.npy", 2 * matrix)
    fails(study.scan("--kinship", str(study.folder / "K")), capsys, "K.eigen.npz", "another matrix")


def test_other_people_are_refused(study, capsys):
    assert study.make() == 0
    ids = (study.folder / "K.grm.id").read_text().replace("\ts", "\tz")
    (study.folder / "K.grm.id").write_text(ids)
    fails(study.scan("--kinship", str(study.folder / "K")), capsys, "no sample of", "K.grm.npy")


def test_fewer_people_take_their_rows(study):
    keep = study.folder / "keep"
    keep.write_text("".join(f"f{i // 4} s{i}\n" for i in range(4, 100)))
    assert study.make() == 0
    assert study.scan("--kinship", str(study.folder / "K"), "--keep", str(keep)) == 0
    assert "rows of 96 of its 120 samples are taken" in Path(study.out + ".log").read_text()
    assert study.make("--keep", str(keep), out="few") == 0
    assert study.scan("--kinship", str(study.folder / "few")) == 0
    assert "24 not in" in Path(study.out + ".log").read_text()


def test_variants_of_the_matrix(study, capsys):
    some = study.folder / "some"
    some.write_text("\n".join(f"rs{i}" for i in range(0, 120, 2)))
    assert study.make("--extract", str(some)) == 0
    summary = json.loads((study.folder / "K.summary.json").read_text())
    assert 0 < summary["n_variants"] <= 60
    some.write_text("\n".join(f"rs{i}" for i in range(40)))
    fails(study.make("--extract", str(some), "--loco"), capsys, "--loco: all variants", "1")


def test_chunks_and_a_resumed_scan_are_the_same_bytes(study):
    assert study.make("--loco") == 0
    flags = ["--kinship", str(study.folder / "K"), "--loco", "--block-size", "20", "--each-trait"]
    assert study.scan(*flags, out=str(study.folder / "whole")) == 0
    for i in (2, 1):
        assert study.scan(*flags, "--chunk", f"{i}/2") == 0
    assert gwas.main(["merge", "--out", study.out, "--no-plot"]) == 0
    for suffix in (".gwas.tsv", ".traits.parquet"):
        assert study.read(f"r{suffix}") == study.read(f"whole{suffix}")


def test_another_kinship_does_not_go_on_with_a_scan(study, capsys):
    assert study.make() == 0
    flags = ["--kinship", str(study.folder / "K"), "--block-size", "20"]
    assert study.scan(*flags, "--chunk", "1/2") == 0
    assert study.scan(*flags, "--reml", "--chunk", "2/2") == 0
    fails(gwas.main(["merge", "--out", study.out]), capsys, "--reml was not given, is True")


def test_nothing_that_is_read_is_written_over(study, capsys):
    shutil.copy(study.bfile + ".bed", study.folder / "K.grm.npy")
    link = study.folder / "s2.bed"
    link.symlink_to(study.folder / "K.grm.npy")
    for suffix in (".bim", ".fam"):
        shutil.copy(study.bfile + suffix, study.folder / f"s2{suffix}")
    code = kinship.main(["--bfile", str(study.folder / "s2"), "--out", str(study.folder / "K")])
    fails(code, capsys, "--out", "is also an input")


def test_a_failed_loco_leaves_no_half_folder(study, capsys, monkeypatch):
    import gemcont.workflows.kinship.files as files

    write, done = files.write_eigen, []

    def failing(path, *arguments):
        done.append(path)
        if len(done) == 3:
            raise OSError(28, "No space left on device", path)
        write(path, *arguments)

    monkeypatch.setattr(files, "write_eigen", failing)
    fails(study.make("--loco"), capsys, "cannot be written (No space left on device)")
    assert not list(study.folder.glob("K.loco*"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--kinship-type", "standardised"], "--kinship-type goes with --kinship grm"),
        (["--kinship", "K", "--kinship-maf", "0.1"], "--kinship-maf goes with --kinship grm"),
        (["--kinship", "nowhere"], "nowhere: no such kinship matrix"),
    ],
)
def test_flags_that_do_nothing_are_refused(study, capsys, flags, message):
    fails(study.scan(*flags), capsys, message)


@pytest.mark.parametrize("kinship_flags", [["--kinship", "grm"], ["--kinship", "grm", "--loco"]])
def test_a_killed_scan_goes_on_to_the_same_bytes(study, monkeypatch, kinship_flags):
    from gemcont.workflows.gwas.files.journal import Journal

    flags = [*kinship_flags, "--block-size", "20", "--each-trait", "--effects"]
    assert study.scan(*flags, out=str(study.folder / "whole")) == 0
    add, done = Journal.add, []

    def killed(self, block, tally):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(block)
        add(self, block, tally)

    monkeypatch.setattr(Journal, "add", killed)
    assert study.scan(*flags) == 130
    monkeypatch.setattr(Journal, "add", add)
    assert study.scan(*flags, "--resume") == 0
    for suffix in (".gwas.tsv", ".traits.parquet", ".effects.parquet"):
        assert study.read(f"r{suffix}") == study.read(f"whole{suffix}")


def test_a_failed_run_leaves_no_folder_of_another_matrix(study, capsys, monkeypatch):
    import gemcont.workflows.kinship.files as files

    assert study.make("--loco") == 0
    monkeypatch.setattr(files, "_write_loco", lambda *a: 1 / 0)
    assert study.make("--loco", "--kinship-type", "standardised") == 1
    assert not (study.folder / "K.loco").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "chr 1", "NC_000001.11"])
def test_chromosomes_may_have_any_name(name, tmp_path):
    """Their files of a kinship without them stay in one folder, and are found again."""
    rng = np.random.default_rng(8)
    dosages = random_dosages(rng, 60, 40, low=0.3, high=0.7)
    variants = named_variants(60, ("1", "2", "3"))
    write_fileset(str(tmp_path / "g"), dosages, named_samples(40), variants)
    lines = [line.split("\t") for line in (tmp_path / "g.bim").read_text().splitlines()]
    if " " in name:
        name = name.replace(" ", "_")
    text = ["\t".join([name if c == "1" else c, *rest]) for c, *rest in lines]
    (tmp_path / "g.bim").write_text("\n".join(text) + "\n")
    before = set(os.listdir(tmp_path.parent))
    flags = ["--bfile", str(tmp_path / "g"), "--loco", "--no-plot", "--out", str(tmp_path / "k")]
    done = kinship.main(flags)
    assert done in (0, 2)
    assert set(os.listdir(tmp_path.parent)) == before
    assert all(p.name.startswith(("g.", "k.")) for p in tmp_path.iterdir())
