import re

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont.cli.gwas import main
from gemcont.tables.results.ssf import COLUMNS


@pytest.fixture
def written(tmp_path):
    """Run the command with --format ssf on awkward variants; returns a function of its flags."""
    rng = np.random.default_rng(61)
    dosages = random_dosages(rng, 12, 60)
    dosages[3] = 0
    variants = named_variants(12, ("1", "chr22", "23", "26"))
    variants[1] = ("1", "snp:1", 101, "A", "AT")
    variants[2] = ("1", "rs2", 102, "0", "G")
    variants[4] = ("scaffold_9", "rs4", 104, "A", "G")
    people = named_samples(60)
    write_fileset(str(tmp_path / "g"), dosages, people, variants)
    pheno = write_table(tmp_path / "p", ["a", "b"], rng.standard_normal((60, 2)))

    def run(*flags):
        base = ["--bfile", str(tmp_path / "g"), "--pheno", pheno, "--out", str(tmp_path / "o")]
        return main([*base, "--no-plot", "--format", "ssf", *flags])

    return run


def test_the_catalogs_rules(written, tmp_path):
    assert written("--pheno-name", "a", "--genome-build", "GRCh38") == 0
    table = pd.read_csv(tmp_path / "o.gwas.ssf.tsv", sep="\t", keep_default_na=False)
    assert tuple(table.columns) == COLUMNS
    assert set(table.chromosome) == {1, 22, 23, 25}
    assert table.variant_id.iloc[1] == "1_101_AT_A"
    assert all(re.fullmatch(r"\d+_\d+_[ACGT]+_[ACGT]+", v) for v in table.variant_id)
    assert table.rsid.to_list()[:2] == ["rs0", "NA"]
    for name in COLUMNS[4:8]:
        assert pd.to_numeric(table[name]).notna().all()
    assert table.effect_allele_frequency.between(0, 1).all()
    assert len(table) == 12 - 3  # a scaffold, an allele 0, a variant without variance
    log = (tmp_path / "o.log").read_text()
    assert "chromosome not 1-22, X, Y, MT 1, alleles other than A, C, G, T 1, no beta" in log
    yaml = (tmp_path / "o.gwas.ssf.tsv-meta.yaml").read_text()
    for line in ("genome_assembly: GRCh38", "file_type: GWAS-SSF v1.0", "sample_size: 60"):
        assert line in yaml
    import hashlib

    digest = hashlib.md5((tmp_path / "o.gwas.ssf.tsv").read_bytes()).hexdigest()
    assert f"data_file_md5sum: {digest}" in yaml


def test_a_file_per_trait(written, tmp_path):
    assert written("--each-trait-only", "--split-traits", "--genome-build", "GRCh37") == 0
    for trait in "ab":
        assert (tmp_path / f"o.{trait}.gwas.ssf.tsv").exists()
        assert (tmp_path / f"o.{trait}.gwas.ssf.tsv-meta.yaml").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--genome-build", "GRCh38"],
            "holds effects of one trait; a joint test of several has none",
        ),
        (["--pheno-name", "a"], "say --genome-build"),
        (["--each-trait-only", "--genome-build", "GRCh38"], "add --split-traits"),
    ],
)
def test_what_ssf_cannot_hold_is_refused(written, tmp_path, capsys, flags, message):
    assert written(*flags) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("o*.tsv*"))
