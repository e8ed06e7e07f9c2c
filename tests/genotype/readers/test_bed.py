import gzip

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.packed import write_fileset

from gemcont import GemcontError, open_genotypes
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.readers.bed import read_bim, read_fam


@pytest.fixture
def fileset(tmp_path):
    dosages = random_dosages(np.random.default_rng(5), 23, 10, missing=0.2)
    prefix = str(tmp_path / "small")
    write_fileset(prefix, dosages, named_samples(10), named_variants(23))
    return prefix, dosages


def test_reads_what_was_written(fileset):
    prefix, dosages = fileset
    for path in (prefix, prefix + ".bed"):
        source = open_genotypes(path)
        assert (source.n_samples, source.n_variants) == (10, 23)
        np.testing.assert_array_equal(decode(source.read(np.arange(23))), dosages)
    assert source.samples.row(1) == ("f1", "s1", 2, True)
    assert source.variants.row(2) == ("1", "rs2", 102, "A", "G")


@settings(deadline=None, max_examples=50)
@given(st.sets(st.integers(0, 22), min_size=1), st.sets(st.integers(0, 9), min_size=1))
def test_any_variants_and_samples(tmp_path_factory, variants, samples):
    prefix = str(tmp_path_factory.mktemp("bed") / "small")
    dosages = random_dosages(np.random.default_rng(6), 23, 10, missing=0.2)
    write_fileset(prefix, dosages, named_samples(10), named_variants(23))
    variants, samples = np.array(sorted(variants)), np.array(sorted(samples))
    block = open_genotypes(prefix).read(variants, samples)
    np.testing.assert_array_equal(decode(block), dosages[np.ix_(variants, samples)])


@pytest.mark.parametrize("size", [1, 4, 22, 23, 100])
def test_blocks_cover_the_variants_once_in_order(fileset, size):
    prefix, dosages = fileset
    blocks = list(open_genotypes(prefix).blocks(np.arange(2, 23), size=size))
    assert [b.first for b in blocks] == list(range(0, 21, size))
    np.testing.assert_array_equal(np.vstack([decode(b) for b in blocks]), dosages[2:])


def test_no_variants_is_an_empty_block(fileset):
    block = open_genotypes(fileset[0]).read(np.array([], dtype=int))
    assert (block.count, len(block.packed)) == (0, 0)


def test_tables_of_every_shape(tmp_path):
    fam = "\ufeff0 007  0 0 1 -9 more\r\n0\tNA12\t0 0\t2 1.5 more\r\n\r\n 0 x 0 0 other -9 more \n"
    (tmp_path / "a.fam").write_bytes(fam.encode())
    table = read_fam(str(tmp_path / "a.fam"))
    assert table.rows() == [
        ("0", "007", 1, True),
        ("0", "NA12", 2, True),
        ("0", "x", 0, True),
    ]
    bim = b"chr1  rs1 0.5\t100 A\tG\n1 . 0 100 A AT\n1 . 0 99 0 <DEL>"
    (tmp_path / "a.bim.gz").write_bytes(gzip.compress(bim))
    table = read_bim(str(tmp_path / "a.bim.gz"))
    assert table.rows() == [
        ("chr1", "rs1", 100, "A", "G"),
        ("1", ".", 100, "A", "AT"),
        ("1", ".", 99, "0", "<DEL>"),
    ]


def test_gzipped_tables_beside_a_bed(fileset, tmp_path):
    prefix, dosages = fileset
    for suffix in (".bim", ".fam"):
        plain = tmp_path / f"small{suffix}"
        (tmp_path / f"small{suffix}.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    np.testing.assert_array_equal(decode(open_genotypes(prefix).read(np.arange(23))), dosages)


def test_variant_table_types(fileset):
    variants = open_genotypes(fileset[0]).variants
    assert variants["variant_id"].dtype == pl.String
    assert variants["base_pair_location"].dtype == pl.Int32


def spoil(prefix, suffix, change):
    path = prefix + suffix
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(change(data))


@pytest.mark.parametrize(
    ("suffix", "change", "message"),
    [
        (".bed", lambda b: b[:-1], r"71 bytes found, 72 expected for 23 variants .* 10 samples"),
        (".bed", lambda b: b + b"x", "73 bytes found, 72 expected"),
        (".bed", lambda b: b"\x6c\x1b\x00" + b[3:], r"sample-major .* \(third byte 00"),
        (".bed", lambda b: b"PK" + b[2:], r"not a PLINK .bed \(begins 504b, expected 6c1b\)"),
        (".bed", lambda b: b"", "not a PLINK .bed"),
        (".bed", lambda b: b[:2], "third byte missing"),
        (".bim", lambda b: b[b.index(b"\n") + 1 :], "72 bytes found, 69 expected"),
        (".bim", lambda b: b"", "small.bim: the file is empty"),
        (".bim", lambda b: b.replace(b"\t105\t", b"\tx\t"), "line 6: base_pair_location is 'x'"),
        (".bim", lambda b: b.replace(b"\trs5\t", b"\t"), "line 6 has 5 columns, expected 6"),
        (".bim", lambda b: b.replace(b"rs5\t", b"rs5\tx\t"), "line 6 has 7 columns, expected 6"),
        (".bim", lambda b: b.replace(b"rs5", b"\xff\xfe"), "line 6 is not UTF-8 text"),
        (".fam", lambda b: b.replace(b"f4\ts4", b"f3\ts3"), "duplicate sample FID f3 IID s3"),
        (".fam", lambda b: b.replace(b"-9", b""), "5 columns found, a .fam has six"),
        (".fam", lambda b: b"\0" + b, "not a text file"),
    ],
)
def test_damaged_filesets_are_refused(fileset, suffix, change, message):
    spoil(fileset[0], suffix, change)
    with pytest.raises(GemcontError, match=message):
        open_genotypes(fileset[0])


@pytest.mark.parametrize("suffix", [".bed", ".bim", ".fam"])
def test_missing_files_are_named(fileset, tmp_path, suffix):
    (tmp_path / f"small{suffix}").unlink()
    with pytest.raises(GemcontError, match=f"small{suffix}: no such file"):
        open_genotypes(fileset[0])


@pytest.mark.parametrize("change", [lambda z: z[:-10], lambda z: z[:12] + b"junk" + z[16:]])
def test_damaged_gzip_is_named(fileset, tmp_path, change):
    plain = tmp_path / "small.bim"
    (tmp_path / "small.bim.gz").write_bytes(change(gzip.compress(plain.read_bytes())))
    plain.unlink()
    with pytest.raises(GemcontError, match=r"small.bim.gz: damaged or truncated gzip"):
        open_genotypes(fileset[0])


@pytest.mark.parametrize("missing", [0, 1, 2, 3, 4])
def test_a_fam_that_lacks_a_line_is_suspected(missing, tmp_path, caplog):
    """Where as many bytes hold the samples that are left, only their padding tells."""
    n = 16
    dosages = random_dosages(np.random.default_rng(3), 20, n)
    prefix = str(tmp_path / "g")
    write_fileset(prefix, dosages, named_samples(n), named_variants(20))
    lines = (tmp_path / "g.fam").read_text().splitlines(keepends=True)
    (tmp_path / "g.fam").write_text("".join(lines[missing:]))
    if missing == 4:
        with pytest.raises(GemcontError, match="the three files do not belong together"):
            open_genotypes(prefix)
        return
    source = open_genotypes(prefix)
    for _ in range(2):
        source.read(np.arange(20))
    warnings = [r for r in caplog.records if "genotypes behind the last of the" in r.getMessage()]
    assert len(warnings) == (1 if missing else 0)


@pytest.mark.parametrize("n", [5, 6, 7, 8])
def test_what_plink_pads_with_is_no_suspicion(n, tmp_path, caplog):
    write_fileset(str(tmp_path / "g"), np.full((3, n), 1.0), named_samples(n), named_variants(3))
    open_genotypes(str(tmp_path / "g")).read(np.arange(3))
    assert not caplog.records
