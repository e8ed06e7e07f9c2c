"""Rows of genotype files that are no variants here, species that files state, odd tables."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages
from pgenlib import PgenWriter
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


def write_pgen(prefix, dosages, variants, header="", several=()):
    """A .pgen of hard calls; rows of ``several`` have two ALT alleles in the .pgen itself."""
    counts = np.full(M, 2)
    counts[list(several)] = 3
    most = int(counts.max())
    kind = {"allele_ct_limit": most} if most > 2 else {}
    with PgenWriter(
        f"{prefix}.pgen".encode(), N, variant_ct=M, nonref_flags=False, **kind
    ) as writer:
        for row, count in zip(dosages, counts, strict=True):
            if count == 2:
                writer.append_biallelic(np.nan_to_num(row, nan=-9).astype(np.int8))
            else:
                calls = np.zeros(2 * N, dtype=np.int32)
                calls[1::2] = np.arange(N) % 3
                writer.append_alleles(calls, all_phased=False, allele_ct=3)
    lines = [f"{c}\t{p}\t{i}\tG\tA{',T' if counts[k] > 2 else ''}"
             for k, (c, i, p, *_) in enumerate(variants)]  # fmt: skip
    with open(f"{prefix}.pvar", "w") as file:
        file.write(header + "\n".join(["#CHROM\tPOS\tID\tREF\tALT", *lines]) + "\n")
    rows = [f"{f}\t{i}\t{s}" for f, i, s in named_samples(N)]
    with open(f"{prefix}.psam", "w") as file:
        file.write("\n".join(["#FID\tIID\tSEX", *rows]) + "\n")


def opened(kind, tmp_path, dosages, variants):
    if kind == "bed":
        write_fileset(str(tmp_path / "g"), dosages, named_samples(N), variants)
        return open_genotypes(str(tmp_path / "g"))
    if kind == "pgen":
        write_pgen(str(tmp_path / "g"), dosages, variants)
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


CHR_SET = "##chrSet=<autosomePairCt=25,X,Y,XY,M>\n"


@pytest.mark.parametrize(
    ("header", "autosomes"),
    [(CHR_SET, 25), ("##fileformat=VCFv4.2\n" + CHR_SET, 25),
     ("##chrSet=<haploidAutosomeCt=7>\n", 7), ("", None), ("##chrSet=<X,Y>\n", None),
     ("##other=<autosomePairCt=25>\n", None)],
)  # fmt: skip
def test_the_species_of_a_pvar(header, autosomes, tmp_path):
    write_pgen(str(tmp_path / "g"), *cohort(()), header=header)
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
    write_pgen(str(tmp_path / "g"), dosages, variants, header=CHR_SET)
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


@pytest.mark.parametrize("several", [(0,), (3, 4), (8,)])
def test_variants_of_three_alleles_in_the_pgen_itself(several, tmp_path):
    dosages, variants = cohort(())
    write_pgen(str(tmp_path / "g"), dosages, variants, several=several)
    source = open_genotypes(str(tmp_path / "g.pgen"))
    kept = [i for i in range(M) if i not in several]
    assert source.left_out == {"several ALT alleles": len(several)}
    assert source.variants["variant_id"].to_list() == [f"rs{i}" for i in kept]
    found = decode(source.read(np.arange(len(kept))))
    np.testing.assert_array_equal(found, dosages[kept])
    lines = (tmp_path / "g.pvar").read_text().splitlines(keepends=True)
    (tmp_path / "g.pvar").write_text("".join(lines[:-1]))
    with pytest.raises(GemcontError, match="holds 9"):
        open_genotypes(str(tmp_path / "g.pgen"))


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


def test_columns_of_a_pvar_go_by_name(tmp_path):
    for order in ("#CHROM ID POS ALT REF", "#CHROM POS ID REF ALT", "#CHROM REF INFO ALT ID POS"):
        values = {"#CHROM": "1", "POS": "5", "ID": "rs1", "REF": "A", "ALT": "G", "INFO": "R2=.5"}
        row = "\t".join(values[name] for name in order.split())
        (tmp_path / "g.pvar").write_text("\t".join(order.split()) + f"\n{row}\n")
        assert read_pvar(str(tmp_path / "g.pvar")).variants.row(0) == ("1", "rs1", 5, "G", "A")
    (tmp_path / "g.pvar").write_text("#CHROM\tPOS\tID\tREF\n1\t5\trs1\tA\n")
    with pytest.raises(GemcontError, match="must begin #CHROM and name POS, ID, REF and ALT"):
        read_pvar(str(tmp_path / "g.pvar"))


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


def test_a_psam_goes_by_its_header(tmp_path):
    (tmp_path / "s").write_text(
        "#IID\tSID\tPAT\tMAT\tSEX\tPHENO1\na\tx\t0\t0\t2\t-9\nb\ty\ta\t0\tM\t3\n"
    )
    samples, traits = read_psam(str(tmp_path / "s"))
    assert samples.rows() == [("0", "a", 2, True), ("0", "b", 1, False)]
    assert traits.columns == ["PHENO1"]
