"""PLINK 2 and BGEN files, written by their own packages, against the arrays behind them."""

import numpy as np
import pandas as pd
import pytest
import zstandard
from bgen import BgenWriter
from conftest import named_samples, random_dosages
from pgenlib import PgenWriter

from gemcont import GemcontError, open_genotypes, run_gwas
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.pgen import read_psam, read_pvar

N, M = 37, 12
GRID = 1 / (1 << 14)  # step of a .pgen's dosages


@pytest.fixture
def dosages():
    """Dosages on a .pgen's grid, NaN missing."""
    rng = np.random.default_rng(51)
    hard = random_dosages(rng, M, N, missing=0.05)
    soft = np.clip(hard + rng.uniform(-0.4, 0.4, hard.shape), 0, 2)
    return np.round(soft / GRID) * GRID


def write_pgen(prefix, values, *, dosage=True, alt="C"):
    """PREFIX.pgen, .pvar (with an INFO column) and .psam (with sex and a trait)."""
    with PgenWriter(
        str(prefix + ".pgen").encode(), N, variant_ct=M, nonref_flags=False, dosage_present=dosage
    ) as writer:
        for row in values:
            if dosage:
                writer.append_dosages(np.nan_to_num(row, nan=-9).astype(np.float32))
            else:
                writer.append_biallelic(np.nan_to_num(row, nan=-9).astype(np.int8))
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tINFO"]
    lines += [f"1\t{10 + i}\trs{i}\tA\t{alt}\tX=1;R2=0.{i:02d}" for i in range(M)]
    with open(prefix + ".pvar", "w") as file:
        file.write("\n".join(lines) + "\n")
    rows = [f"{f}\t{i}\t{s}\t{j / 7}" for j, (f, i, s) in enumerate(named_samples(N))]
    with open(prefix + ".psam", "w") as file:
        file.write("\n".join(["#FID\tIID\tSEX\theight", *rows]) + "\n")


def write_bgen(path, values, *, bits=16, samples=True):
    ids = [i for _, i, _ in named_samples(N)] if samples else []
    with BgenWriter(
        str(path), N, samples=ids, compression="zlib", layout=2, metadata=None
    ) as writer:
        for i, row in enumerate(values):
            p = np.column_stack(
                [np.clip(1 - row, 0, 1), 1 - np.abs(1 - row), np.clip(row - 1, 0, 1)]
            )
            writer.add_variant(f"v{i}", f"rs{i}", "1", 10 + i, ["A", "C"], p, bit_depth=bits)


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


@pytest.mark.parametrize("bits", [8, 16])
def test_bgen_dosages_of_the_second_allele(tmp_path, dosages, bits):
    write_bgen(tmp_path / "d.bgen", dosages, bits=bits)
    source = open_genotypes(str(tmp_path / "d.bgen"))
    step = 2 / (2**bits - 1) + GRID
    np.testing.assert_allclose(decode(source.read(np.arange(M))), dosages, atol=step)
    assert source.variants.row(0) == ("1", "rs0", 10, "C", "A")


def test_pgen_and_bgen_give_the_same_results(tmp_path, dosages):
    write_pgen(str(tmp_path / "d"), dosages)
    write_bgen(tmp_path / "d.bgen", dosages)
    traits = pd.DataFrame(
        np.random.default_rng(1).standard_normal((N, 2)), index=[i for _, i, _ in named_samples(N)]
    )
    a, b = (run_gwas(str(tmp_path / name), traits) for name in ("d.pgen", "d.bgen"))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


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


def test_layout_1_is_named(tmp_path):
    with BgenWriter(
        str(tmp_path / "d.bgen"), 3, samples=[], compression="zlib", layout=1, metadata=None
    ) as writer:
        writer.add_variant("v", "rs1", "1", 5, ["A", "C"], np.tile([1.0, 0, 0], (3, 1)))
    with pytest.raises(GemcontError, match=r"layout 1 \(v1.1\) is not read"):
        open_genotypes(str(tmp_path / "d.bgen"))


def test_sample_files(tmp_path, dosages):
    write_bgen(tmp_path / "d.bgen", dosages, samples=False)
    with pytest.raises(GemcontError, match="holds no sample ids; give them with --sample"):
        open_genotypes(str(tmp_path / "d.bgen"))
    lines = [
        "ID_1 ID_2 missing sex",
        "0 0 0 D",
        *(f"{f} {i} 0 {s}" for f, i, s in named_samples(N)),
    ]
    sample = tmp_path / "d.sample"
    sample.write_text("\n".join(lines))
    source = open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample))
    assert source.samples.row(1) == ("f1", "s1", 2, True)
    sample.write_text("\n".join(lines[:-1]))
    with pytest.raises(GemcontError, match="holds 37 samples, .*d.sample has 36"):
        open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample))
    sample.write_text("a b\nc d\n")
    with pytest.raises(GemcontError, match="not a .sample file"):
        open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("d.pgen", lambda b: b[:40], "d.pgen: damaged or truncated"),
        ("d.pgen", lambda b: b"PK" + b[2:], "not a .pgen .begins 504b"),
        ("d.pgen", None, "d.pgen: no such file"),
        ("d.psam", None, "d.psam: no such file"),
        ("d.psam", lambda b: b[: b.rindex(b"f36")], "d.pgen holds 37, .*d.psam has 36"),
        ("d.psam", lambda b: b.replace(b"IID", b"ID"), "header must begin #FID IID"),
        ("d.pvar", lambda b: b[: b.rindex(b"1\t21")], "d.pgen holds 12, .*d.pvar has 11"),
        (
            "d.pvar",
            lambda b: b.replace(b"REF", b"R"),
            "header must begin #CHROM and name POS",
        ),
        ("d.bgen", lambda b: b[:60], "d.bgen"),
        ("d.bgen", lambda b: b[: len(b) // 2], "d.bgen"),
        ("d.bgen", lambda b: b"x" * 500, "not a BGEN file"),
        ("d.bgen", None, "d.bgen: no such file"),
    ],
)
def test_damaged_files(tmp_path, dosages, name, change, message):
    write_pgen(str(tmp_path / "d"), dosages)
    write_bgen(tmp_path / "d.bgen", dosages)
    path = tmp_path / name
    data = path.read_bytes()
    path.unlink()
    if change is not None:
        path.write_bytes(change(data))

    def read():
        source = open_genotypes(str(tmp_path / ("d.bgen" if "bgen" in name else "d.pgen")))
        source.read(np.arange(source.n_variants))

    with pytest.raises(GemcontError, match=message):
        read()


@pytest.mark.parametrize(
    ("module", "path", "message"),
    [
        ("pgenlib", "d.pgen", r"pip install 'gemcont\[pgen\]'"),
        ("bgen", "d.bgen", r"pip install 'gemcont\[bgen\]'"),
    ],
)
def test_missing_packages_are_named(tmp_path, dosages, monkeypatch, module, path, message):
    write_pgen(str(tmp_path / "d"), dosages)
    write_bgen(tmp_path / "d.bgen", dosages)
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(GemcontError, match=message):
        open_genotypes(str(tmp_path / path))


def test_haploids_of_a_bgen_count_as_in_other_files(tmp_path):
    alleles = np.array([0, 1, 1, 0, 1])
    probabilities = np.column_stack([1 - alleles, alleles, np.full(5, np.nan)]).astype(float)
    with BgenWriter(
        str(tmp_path / "h.bgen"), 5, samples=list("abcde"), compression="zlib", layout=2
    ) as writer:
        ploidy = np.array([1, 1, 2, 2, 2], dtype=np.uint8)
        diploid = [[1, 0, np.nan], [0, 1, np.nan], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
        writer.add_variant("v", "mixed", "X", 1, ["A", "C"], np.array(diploid, float), ploidy)
        writer.add_variant("w", "single", "MT", 2, ["A", "C"], probabilities[:, :2], 1)
    found = decode(open_genotypes(str(tmp_path / "h.bgen")).read(np.arange(2)))
    np.testing.assert_allclose(found, [[0, 2, 0, 1, 2], 2 * alleles])


@pytest.mark.parametrize(
    ("order", "message"),
    [([1, 0, *range(2, N)], "sample 1 is s1, but s0 inside"), (range(N), None)],
)
def test_a_sample_file_in_another_order_is_refused(tmp_path, dosages, order, message):
    write_bgen(tmp_path / "d.bgen", dosages)
    rows = [f"{f} {i} 0 {s}" for f, i, s in named_samples(N)]
    sample = tmp_path / "d.sample"
    sample.write_text("\n".join(["ID_1 ID_2 missing sex", "0 0 0 D", *(rows[i] for i in order)]))
    if message is None:
        assert open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample)).n_samples == N
    else:
        with pytest.raises(GemcontError, match=message):
            open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample))


def test_a_sample_file_of_other_names_is_believed_with_a_warning(tmp_path, dosages, caplog):
    write_bgen(tmp_path / "d.bgen", dosages)
    sample = tmp_path / "d.sample"
    rows = [f"x{i} x{i} 0 0" for i in range(N)]
    sample.write_text("\n".join(["ID_1 ID_2 missing sex", "0 0 0 D", *rows]))
    assert open_genotypes(str(tmp_path / "d.bgen"), sample=str(sample)).samples["iid"][0] == "x0"
    assert "whose order is believed" in caplog.text


def test_impossible_probabilities_are_an_error(tmp_path, dosages):
    path = tmp_path / "d.bgen"
    with BgenWriter(str(path), N, samples=[], compression=None, layout=2) as writer:
        writer.add_variant("v", "rs0", "1", 9, ["A", "C"], np.tile([0.0, 1.0, 0.0], (N, 1)))
    data = bytearray(path.read_bytes())
    data[-2 * N :] = b"\xff" * (2 * N)  # both stored probabilities of everyone are 1
    path.write_bytes(bytes(data))
    sample = tmp_path / "d.sample"
    rows = [f"x{i} x{i} 0 0" for i in range(N)]
    sample.write_text("\n".join(["ID_1 ID_2 missing sex", "0 0 0 D", *rows]))
    source = open_genotypes(str(path), sample=str(sample))
    with pytest.raises(GemcontError, match="damaged, variant rs0/v stores genotype probab"):
        source.read(np.array([0]))


def test_a_short_line_of_a_pvar_is_named(tmp_path):
    path = tmp_path / "d.pvar"
    path.write_text("##x\n#CHROM\tPOS\tID\tREF\tALT\n1\t5\trs1\tA\tC\n1\t6\trs2\tA\n")
    with pytest.raises(GemcontError, match="line 4 has 4 columns, expected 5"):
        read_pvar(str(path))
