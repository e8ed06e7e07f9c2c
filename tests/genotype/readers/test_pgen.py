"""PLINK 2 filesets, written by pgenlib, against the arrays behind them."""

import numpy as np
import pytest
import zstandard
from conftest import named_variants, random_dosages
from reference.dosage_files import M, write_pgen

from gemcont import GemcontError, open_genotypes
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.pgen import read_psam, read_pvar


def test_pgen_dosages(tmp_path, dosages):
    write_pgen(str(tmp_path / "d"), dosages)
    source = open_genotypes(str(tmp_path / "d.pgen"))
    assert source.has_dosages
    np.testing.assert_allclose(decode(source.read(np.arange(M))), dosages, atol=1e-6)
    some = decode(source.read(np.array([1, 5, 6]), np.array([0, 7, 30])))
    np.testing.assert_allclose(some, dosages[np.ix_([1, 5, 6], [0, 7, 30])], atol=1e-6)
    assert source.variants.row(2) == ("1", "rs2", 12, "C", "A")
    assert source.samples.row(1) == ("f1", "s1", 2, True)
    np.testing.assert_allclose(source.info, np.arange(M) / 100)


def test_pgen_hard_calls_are_packed(tmp_path, dosages):
    hard = np.round(dosages)
    write_pgen(str(tmp_path / "d"), hard, dosage=False)
    source = open_genotypes(str(tmp_path / "d.pgen"))
    assert not source.has_dosages
    block = source.read(np.arange(M), np.arange(3, 20))
    assert block.packed is not None
    np.testing.assert_array_equal(decode(block), hard[:, 3:20])


def test_several_alt_alleles_are_left_out_and_counted(tmp_path, dosages):
    write_pgen(str(tmp_path / "d"), dosages)
    pvar = tmp_path / "d.pvar"
    pvar.write_text(pvar.read_text().replace("rs3\tA\tC", "rs3\tA\tC,G"))
    source = open_genotypes(str(tmp_path / "d.pgen"))
    assert (source.n_variants, source.left_out) == (M - 1, {"several ALT alleles": 1})
    kept = np.delete(dosages, 3, axis=0)
    np.testing.assert_allclose(decode(source.read(np.arange(M - 1))), kept, atol=1e-6)


def test_compressed_pvar_and_bare_tables(tmp_path, dosages):
    write_pgen(str(tmp_path / "d"), dosages)
    text = (tmp_path / "d.pvar").read_bytes()
    (tmp_path / "d.pvar").unlink()
    (tmp_path / "d.pvar.zst").write_bytes(zstandard.compress(text))
    assert open_genotypes(str(tmp_path / "d.pgen")).n_variants == M
    (tmp_path / "d.pvar.zst").write_bytes(b"not zst")
    with pytest.raises(GemcontError, match=r"d.pvar.zst: cannot be read"):
        open_genotypes(str(tmp_path / "d.pgen"))
    (tmp_path / "x.pvar").write_text("1 rs1 0 5 C A\n")
    assert read_pvar(str(tmp_path / "x.pvar")).variants.row(0) == ("1", "rs1", 5, "C", "A")
    (tmp_path / "x.psam").write_text("#IID SEX PHENO1\na M 1\nb F NA\nc NA 2\n")
    samples, traits = read_psam(str(tmp_path / "x.psam"))
    assert samples.rows() == [("0", "a", 1, True), ("0", "b", 2, True), ("0", "c", 0, True)]
    assert traits["PHENO1"].to_list() == ["1", "NA", "2"]


def test_zstandard_is_named_where_it_is_missing(tmp_path, dosages, monkeypatch):
    write_pgen(str(tmp_path / "d"), dosages)
    (tmp_path / "d.pvar").rename(tmp_path / "d.pvar.zst")
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(GemcontError, match="reading .zst needs zstandard: pip install"):
        open_genotypes(str(tmp_path / "d.pgen"))


def test_a_short_line_of_a_pvar_is_named(tmp_path):
    path = tmp_path / "d.pvar"
    path.write_text("##x\n#CHROM\tPOS\tID\tREF\tALT\n1\t5\trs1\tA\tC\n1\t6\trs2\tA\n")
    with pytest.raises(GemcontError, match="line 4 has 4 columns, expected 5"):
        read_pvar(str(path))


@pytest.mark.parametrize("several", [(0,), (3, 4), (8,)])
def test_variants_of_three_alleles_in_the_pgen_itself(several, tmp_path):
    dosages = random_dosages(np.random.default_rng(1), 9, 30, missing=0.1, low=0.3, high=0.7)
    write_pgen(tmp_path / "g", dosages, dosage=False, variants=named_variants(9), several=several)
    source = open_genotypes(str(tmp_path / "g.pgen"))
    kept = [i for i in range(9) if i not in several]
    assert source.left_out == {"several ALT alleles": len(several)}
    assert source.variants["variant_id"].to_list() == [f"rs{i}" for i in kept]
    found = decode(source.read(np.arange(len(kept))))
    np.testing.assert_array_equal(found, dosages[kept])
    lines = (tmp_path / "g.pvar").read_text().splitlines(keepends=True)
    (tmp_path / "g.pvar").write_text("".join(lines[:-1]))
    with pytest.raises(GemcontError, match="holds 9"):
        open_genotypes(str(tmp_path / "g.pgen"))


def test_columns_of_a_pvar_go_by_name(tmp_path):
    for order in ("#CHROM ID POS ALT REF", "#CHROM POS ID REF ALT", "#CHROM REF INFO ALT ID POS"):
        values = {"#CHROM": "1", "POS": "5", "ID": "rs1", "REF": "A", "ALT": "G", "INFO": "R2=.5"}
        row = "\t".join(values[name] for name in order.split())
        (tmp_path / "g.pvar").write_text("\t".join(order.split()) + f"\n{row}\n")
        assert read_pvar(str(tmp_path / "g.pvar")).variants.row(0) == ("1", "rs1", 5, "G", "A")
    (tmp_path / "g.pvar").write_text("#CHROM\tPOS\tID\tREF\n1\t5\trs1\tA\n")
    with pytest.raises(GemcontError, match="must begin #CHROM and name POS, ID, REF and ALT"):
        read_pvar(str(tmp_path / "g.pvar"))


def test_a_psam_goes_by_its_header(tmp_path):
    (tmp_path / "s").write_text(
        "#IID\tSID\tPAT\tMAT\tSEX\tPHENO1\na\tx\t0\t0\t2\t-9\nb\ty\ta\t0\tM\t3\n"
    )
    samples, traits = read_psam(str(tmp_path / "s"))
    assert samples.rows() == [("0", "a", 2, True), ("0", "b", 1, False)]
    assert traits.columns == ["PHENO1"]
