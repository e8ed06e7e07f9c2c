"""Rows of genotype files that are no variants here, species that files state, odd tables."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.dosage_files import write_pgen
from reference.packed import write_fileset

from gemcont import ArraySource, GemcontError, open_genotypes, run_clump, run_gwas
from gemcont.genotype.chromosomes import autosomes_of
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.bed import read_bim
from gemcont.genotype.readers.bgen import read_sample
from gemcont.genotype.readers.pgen import read_psam, read_pvar
from gemcont.workflows.kinship.files import write_kinship

N, M = 30, 9


IIDS = [i for _, i, _ in named_samples(N)]


def cohort(negative=(2, 5)):
    """Dosages and (chromosome, id, position, a1, a2), some switched off."""
    dosages = random_dosages(np.random.default_rng(1), M, N, missing=0.1, low=0.3, high=0.7)
    variants = [list(v) for v in named_variants(M)]
    for i in negative:
        variants[i][2] *= -1
    return dosages, variants


def opened(kind, tmp_path, dosages, variants):
    if kind == "bed":
        write_fileset(str(tmp_path / "g"), dosages, named_samples(N), variants)
        return open_genotypes(str(tmp_path / "g"))
    if kind == "pgen":
        write_pgen(tmp_path / "g", dosages, dosage=False, variants=variants)
        return open_genotypes(str(tmp_path / "g.pgen"))
    names = ("chromosome", "variant_id", "base_pair_location", "effect_allele", "other_allele")
    return ArraySource(dosages, IIDS, pl.DataFrame(variants, schema=names, orient="row"))


@pytest.mark.parametrize("kind", ["bed", "pgen", "array"])
def test_a_negative_position_switches_a_variant_off(kind, tmp_path, caplog):
    dosages, variants = cohort()
    source = opened(kind, tmp_path, dosages, variants)
    kept = [i for i in range(M) if i not in (2, 5)]
    assert source.variants["variant_id"].to_list() == [f"rs{i}" for i in kept]
    assert source.left_out == {"negative position": 2}
    np.testing.assert_allclose(decode(source.read(np.arange(M - 2))), dosages[kept], atol=1e-6)
    np.testing.assert_allclose(decode(source.read(np.array([1, 3]))), dosages[[1, 4]], atol=1e-6)
    y = pd.DataFrame({"y": np.random.default_rng(2).standard_normal(N)}, index=IIDS)
    caplog.set_level(logging.INFO)
    found = run_gwas(source, y)
    assert (found.base_pair_location > 0).all()
    assert f"{M - 2} variants tested (left out: 2 with negative position)" in caplog.text
    whole = opened(kind, tmp_path, dosages, cohort(())[1])
    expected = run_gwas(whole, y).iloc[kept].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


def test_it_is_off_in_every_command(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    dosages, variants = cohort()
    source = opened("bed", tmp_path, dosages, variants)
    write_kinship(str(tmp_path / "g"), str(tmp_path / "k"), plot=False)
    assert "2 rows of negative position are left out" in caplog.text
    assert "g.bed: 30 samples, 7 variants" in caplog.text
    table = pd.DataFrame({"ID": [f"rs{i}" for i in range(M)], "P": [1e-9] * M})
    loci = run_clump(source, table, r2=0.9999999, kb=1e-3)
    assert not {"rs2", "rs5"} & set(loci.members.variant_id)


CHR_SET = "##chrSet=<autosomePairCt=25,X,Y,XY,M>"


@pytest.mark.parametrize(
    ("header", "autosomes"),
    [([CHR_SET], 25), (["##fileformat=VCFv4.2", CHR_SET], 25),
     (["##chrSet=<haploidAutosomeCt=7>"], 7), ([], None), (["##chrSet=<X,Y>"], None),
     (["##other=<autosomePairCt=25>"], None)],
)  # fmt: skip
def test_the_species_of_a_pvar(header, autosomes, tmp_path):
    dosages, variants = cohort(())
    write_pgen(tmp_path / "g", dosages, dosage=False, variants=variants, meta=header)
    source = open_genotypes(str(tmp_path / "g.pgen"))
    assert source.autosomes == autosomes
    assert autosomes_of(source) == (autosomes or 22)
    if autosomes:
        assert autosomes_of(source, autosomes) == autosomes
        with pytest.raises(GemcontError, match=f"--chr-set 22: .*g.pgen is of {autosomes} auto"):
            autosomes_of(source, 22)
    else:
        assert autosomes_of(source, 40) == 40


def test_the_species_decides_in_scan_and_kinship(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    dosages, variants = cohort(())
    variants = [["24", *v[1:]] for v in variants]
    write_pgen(tmp_path / "g", dosages, dosage=False, variants=variants, meta=[CHR_SET])
    y = pd.DataFrame({"y": np.random.default_rng(2).standard_normal(N)}, index=IIDS)
    found = run_gwas(str(tmp_path / "g.pgen"), y)
    write_fileset(str(tmp_path / "b"), dosages, named_samples(N), variants)
    expected = run_gwas(str(tmp_path / "b"), y, autosomes=25)
    np.testing.assert_array_equal(found.neg_log_10_p_value, expected.neg_log_10_p_value)
    write_kinship(str(tmp_path / "g.pgen"), str(tmp_path / "k"), plot=False)
    with pytest.raises(GemcontError, match="--chr-set 22"):
        run_gwas(str(tmp_path / "g.pgen"), y, autosomes=22)
    with pytest.raises(GemcontError, match="--chr-set 22"):
        write_kinship(str(tmp_path / "g.pgen"), str(tmp_path / "k"), autosomes=22)
    with pytest.raises(GemcontError, match="--chr-set 22"):
        run_clump(str(tmp_path / "g.pgen"), pd.DataFrame({"ID": ["rs1"], "P": [0.1]}), autosomes=22)


@pytest.mark.parametrize("position", ["100000", "1e+05", "1E5", "100000.0", "+100000"])
def test_positions_as_r_and_pandas_write_them(position, tmp_path):
    (tmp_path / "g.bim").write_text(f"1 rs1 0 {position} A G\n1 rs2 0 7 A G\n")
    assert read_bim(str(tmp_path / "g.bim"))["base_pair_location"].to_list() == [100_000, 7]
    (tmp_path / "g.pvar").write_text(f"#CHROM\tID\tPOS\tREF\tALT\n1\trs1\t{position}\tA\tG\n")
    assert read_pvar(str(tmp_path / "g.pvar")).variants["base_pair_location"].to_list() == [100_000]


@pytest.mark.parametrize("position", ["1e+10", "1.5", "1_0", "x", "inf", "1e", "٣"])
def test_positions_that_are_none(position, tmp_path):
    (tmp_path / "g.bim").write_text(f"1 rs1 0 5 A G\n1 rs1 0 {position} A G\n")
    with pytest.raises(GemcontError, match=r"line 2: base_pair_location is .*, not a whole number"):
        read_bim(str(tmp_path / "g.bim"))


@pytest.mark.parametrize("reader", [read_sample, read_psam, read_pvar])
def test_bytes_that_are_not_utf_8_are_named_by_line(reader, tmp_path):
    texts = {
        read_sample: b"ID missing\n0 0\na 0\nJos\xe9 0\n",
        read_psam: b"#IID\tTaille_\xe9\na\t1\n",
        read_pvar: b"#CHROM\tPOS\tID\tREF\tALT\t\xe9\n1\t5\trs1\tA\tC\t1\n",
    }
    (tmp_path / "s").write_bytes(texts[reader])
    line = 4 if reader is read_sample else 1
    with pytest.raises(GemcontError, match=f"line {line} is not UTF-8 text"):
        reader(str(tmp_path / "s"))
