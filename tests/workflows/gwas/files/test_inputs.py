"""What a scan reads, and every path of it."""

import numpy as np
import pytest
from conftest import named_samples, random_dosages, write_table

from gemcont import ArraySource, GemcontError
from gemcont.settings.gwas import GwasSettings
from gemcont.workflows.gwas.files.inputs import Files


def test_tables_are_opened_beside_the_genotypes(study):
    source, traits, covariates = Files(study.bfile, study.pheno, study.covar).open()
    assert (source.n_variants, source.n_samples) == (60, 101)
    assert traits.columns.columns == ["height", "weight"]
    assert covariates.columns.columns == ["age"]
    assert Files(study.bfile, study.pheno).open()[2] is None


def test_every_file_that_is_read_is_named(study):
    files = Files(study.bfile, study.pheno, study.covar)
    source, *_ = files.open()
    settings = GwasSettings(keep="k", remove="r", extract="x", exclude="e", condition_list="c")
    paths = files.paths(source, settings)
    assert paths[:3] == [f"{study.bfile}.{suffix}" for suffix in ("bed", "bim", "fam")]
    assert {study.pheno, study.covar, "k", "r", "x", "e", "c"} <= set(paths)
    assert len(paths) == len(set(paths))
    alone = Files(study.bfile, study.pheno)
    assert alone.paths(source, GwasSettings()) == [*paths[:3], study.pheno]


def test_files_beside_a_table_are_read_where_they_are(study):
    np.save(study.folder / "t.npy", study.traits)
    (study.folder / "t.ids.tsv").write_text("")
    files = Files(study.bfile, str(study.folder / "t.npy"))
    source, *_ = Files(study.bfile, study.pheno).open()
    read = files.paths(source, GwasSettings())
    assert str(study.folder / "t.ids.tsv") in read
    assert str(study.folder / "t.names.txt") not in read  # there is none
    (study.folder / "t.embed.json").write_text("{}")
    assert str(study.folder / "t.embed.json") in files.paths(source, GwasSettings())


def test_traits_are_needed(study):
    with pytest.raises(GemcontError, match="^--pheno: a table of traits is needed"):
        Files(study.bfile).open()


def test_genotypes_may_be_open_already(tmp_path):
    dosages = random_dosages(np.random.default_rng(1), 4, 9)
    source = ArraySource(dosages, samples=[iid for _, iid, _ in named_samples(9)])
    pheno = write_table(tmp_path / "y", ["y"], np.arange(9.0)[:, None])
    files = Files(source, pheno)
    assert files.open()[0] is source
    assert files.paths(source, GwasSettings()) == [pheno]
