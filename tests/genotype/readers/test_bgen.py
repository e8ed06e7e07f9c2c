"""BGEN files, written by the package bgen, against the arrays behind them."""

import numpy as np
import pandas as pd
import pytest
from bgen import BgenWriter
from conftest import named_samples
from reference.dosage_files import PGEN_STEP, M, N, write_bgen, write_pgen

from gemcont import GemcontError, open_genotypes, run_gwas
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.bgen import read_sample


@pytest.mark.parametrize("bits", [8, 16])
def test_bgen_dosages_of_the_second_allele(tmp_path, dosages, bits):
    write_bgen(tmp_path / "d.bgen", dosages, bits=bits)
    source = open_genotypes(str(tmp_path / "d.bgen"))
    step = 2 / (2**bits - 1) + PGEN_STEP
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


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ID_1 ID_2 missing sex\n0 0 0 D", "f a 0 1"),
        ("ID_1 ID_2 missing SEX\n0 0 0 D", "f a 0 M"),
        ("ID_1 ID_2 missing Sex pheno\n0 0 0 D P", "f a 0 male 1.5"),
        ("FID IID sex\n0 0 D", "f a 1"),
    ],
)
def test_sample_files_of_two_ids(header, row, tmp_path):
    (tmp_path / "s").write_text(f"{header}\n{row}\n")
    assert read_sample(str(tmp_path / "s")).row(0) == ("f", "a", 1, True)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ID missing sex\n0 0 D", "a 0 1"),
        ("ID missing sex\n0 C D", "a 0 1"),
        ("ID sex\n0 D", "a 1"),
        ("id SEX pheno\n0 D P", "a M 2"),
    ],
)
def test_sample_files_of_one_id(header, row, tmp_path):
    (tmp_path / "s").write_text(f"{header}\n{row}\n")
    assert read_sample(str(tmp_path / "s")).row(0) == ("a", "a", 1, True)


@pytest.mark.parametrize("text", ["ID\n", "ID missing\n1 0\na 0\n", "a b\nc d\n"])
def test_what_is_no_sample_file(text, tmp_path):
    (tmp_path / "s").write_text(text)
    with pytest.raises(GemcontError, match="not a .sample file"):
        read_sample(str(tmp_path / "s"))
