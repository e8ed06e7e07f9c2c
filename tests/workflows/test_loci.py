"""Clumping files: PLINK 2's answers, what must not matter, matching, and the tables around it."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import BUNDLED, named_samples, named_variants
from reference.ld import clump as slow_clump
from reference.ld import phased_r2
from reference.packed import write_fileset

from gemcont import GemcontError, open_genotypes, run_clump, run_gwas
from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.source import Block
from gemcont.workflows.clump import overlap
from gemcont.workflows.clump.files import allele_signs, correlation, write_loci
from gemcont.workflows.clump.loci import p_text

DATA = Path(__file__).parent.parent / "data"
MOUSE = BUNDLED / "mouse_hs1940"
SETTINGS = {
    "default": {},
    "loci": {"p1": 5e-8, "r2": 0.05, "kb": 5000},
    "panel": {"p1": 1e-5, "p2": 1e-5, "r2": 0.05, "kb": 5000},
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("r2_type", ["phased", "unphased"])
@pytest.mark.parametrize("memory", [512, 0])
def test_mouse_clumps_are_plink2s_to_the_letter(settings, r2_type, memory):
    suffix = "" if r2_type == "phased" else "_unphased"
    loci = run_clump(
        MOUSE,
        DATA / "mouse.cd8.sumstats.tsv.gz",
        autosomes=19,
        r2_type=r2_type,
        memory=memory,
        **SETTINGS[settings],
    )
    expected = gzip.decompress((DATA / f"mouse.{settings}.plink2{suffix}.clumps.gz").read_bytes())
    assert loci.plink_table().write_csv(separator="\t") == expected.decode()


def awkward(folder, seed=3, n_variants=300, n_samples=160):
    """A fileset with linkage and missing genotypes, and its report: ties, NA, unknown ids."""
    rng = np.random.default_rng(seed)
    haplotypes = rng.random((2, n_samples)) < 0.4
    dosages = np.empty((n_variants, n_samples))
    for v in range(n_variants):
        fresh = rng.random((2, n_samples)) < rng.uniform(0.1, 0.9)
        haplotypes = np.where(rng.random((2, n_samples)) < 0.85, haplotypes, fresh)
        dosages[v] = haplotypes.sum(axis=0)
    dosages[rng.random(dosages.shape) < 0.03] = np.nan
    prefix = str(folder / "a")
    variants = named_variants(n_variants, ("1", "2", "X"))
    write_fileset(prefix, dosages, named_samples(n_samples), variants)
    p = np.round(rng.random(n_variants) ** 8, 4) + 1e-4
    text = [f"{x:.4g}" for x in p]
    for i in range(0, n_variants, 17):
        text[i], p[i] = "NA", np.nan
    rows = [(variants[i][1], text[i]) for i in range(n_variants)] + [("nobody", "1e-20")]
    rng.shuffle(rows)
    report = folder / "report"
    report.write_text("SNP P\n" + "".join(f"{i} {x}\n" for i, x in rows))
    return prefix, str(report), dosages, variants, p


def test_equals_the_slow_way(tmp_path):
    prefix, report, dosages, variants, p = awkward(tmp_path)
    kb = 0.03
    loci = run_clump(prefix, report, p1=0.01, r2=0.1, kb=kb, chromosomes="1,2", threads=2)
    autosomal = [i for i, v in enumerate(variants) if v[0] != "X" and not np.isnan(p[i])]
    owner = slow_clump(
        [variants[i][0] for i in autosomal],
        [variants[i][2] for i in autosomal],
        p[autosomal],
        lambda i, j: phased_r2(dosages[autosomal[i]], dosages[autosomal[j]]),
        p1=0.01,
        bound=0.1,
        kb=kb,
    )
    expected = {
        variants[i][1]: variants[autosomal[o]][1]
        for i, o in zip(autosomal, owner, strict=True)
        if o >= 0
    }
    members = loci.members
    assert dict(zip(members["variant_id"], members["index_variant"], strict=True)) == expected


def test_what_must_not_matter(tmp_path):
    prefix, report, *_ = awkward(tmp_path)
    settings = {"p1": 0.05, "r2": 0.1, "kb": 0.05}
    expected = run_clump(prefix, report, **settings).plink_table()
    assert expected.height > 20
    for other in ({"threads": 1}, {"threads": 3}, {"memory": 0}):
        assert run_clump(prefix, report, **settings, **other).plink_table().equals(expected)
    lines = Path(report).read_text().split("\n")
    Path(report).write_text("\n".join([lines[0], *sorted(lines[1:])]) + "\n")
    assert run_clump(prefix, report, **settings).plink_table().equals(expected)
    frame = pd.read_csv(report, sep=" ")
    assert run_clump(open_genotypes(prefix), frame, **settings).plink_table().equals(expected)


def test_only_founders_and_kept_samples_count(tmp_path):
    prefix, report, dosages, variants, _ = awkward(tmp_path)
    settings = {"p1": 0.05, "r2": 0.1, "kb": 0.05}
    everyone = run_clump(prefix, report, **settings).plink_table()
    half = [f"{f}\t{i}" for f, i, _ in named_samples(160)[:80]]
    (tmp_path / "keep").write_text("\n".join(half))
    kept = run_clump(prefix, report, keep=str(tmp_path / "keep"), **settings).plink_table()
    assert not kept.equals(everyone)
    lines = Path(prefix + ".fam").read_text().split("\n")
    lines[80:160] = [line.replace(" 0 0 ", " dad 0 ", 1) for line in lines[80:160]]
    lines[80:160] = [line.replace("\t0\t0\t", "\tdad\t0\t", 1) for line in lines[80:160]]
    Path(prefix + ".fam").write_text("\n".join(lines))
    assert run_clump(prefix, report, **settings).plink_table().equals(kept)
    (tmp_path / "keep").write_text("f0\ts0\n")
    with pytest.raises(GemcontError, match="1 founders among the samples"):
        run_clump(prefix, report, keep=str(tmp_path / "keep"), **settings)
    write_fileset(str(tmp_path / "b"), dosages[:, :80], named_samples(80), variants)
    assert run_clump(str(tmp_path / "b"), report, **settings).plink_table().equals(kept)


def test_our_own_results_go_in_without_flags(tmp_path, study):
    rng = np.random.default_rng(1)
    traits = pd.DataFrame(study.traits, index=[i for _, i, _ in named_samples(101)])
    one = run_gwas(study.bfile, traits[[0]])
    loci = run_clump(study.bfile, one)
    assert loci.loci["variant_id"][0] == "rs3"
    assert {"beta", "standard_error", "effect_allele_frequency", "n"} <= set(loci.loci.columns)
    assert loci.matched.log_p == [True]
    assert loci.plink_table().columns[3] == "NEG_LOG10_P"
    joint = run_gwas(study.bfile, traits, test="f")
    loci = run_clump(study.bfile, joint.sample(frac=1, random_state=rng.integers(99)))
    assert "beta" not in loci.loci.columns
    assert loci.loci["effect_allele"][0] == one["effect_allele"][3]


def test_several_reports_give_the_best_p(tmp_path):
    prefix, report, *_ = awkward(tmp_path)
    second = tmp_path / "second"
    second.write_text("SNP P\nrs5 1e-30\nrs7 0.9\n")
    loci = run_clump(prefix, [report, str(second)], p1=0.01, r2=0.1)
    table = loci.plink_table()
    assert table.columns[3] == "F"
    assert table.row(0)[2:5] == ("rs5", 2, "1e-30")
    assert all("(1)" in m or "(2)" in m for m in table["SP2"][0].split(","))


def small(folder, rows, header="SNP\tCHR\tBP\tA1\tA2\tP", variants=None):
    """Two linked variants and a lone one, and a report of the rows."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 90).astype(float)
    dosages = np.array([x, x, rng.integers(0, 3, 90)])
    variants = variants or [
        ("1", "a", 10, "A", "G"),
        ("1", "b", 20, "C", "T"),
        ("chr2", "c", 5, "A", "C"),
    ]
    write_fileset(str(folder / "g"), dosages, named_samples(90), variants)
    (folder / "r").write_text("\n".join([header, *("\t".join(map(str, r)) for r in rows)]) + "\n")
    return str(folder / "g"), str(folder / "r")


def test_matching_by_place_and_alleles(tmp_path):
    rows = [
        ("x", "chr1", 10, "g", "a", 1e-9),
        ("y", 1, 20, "C", "T", 1e-5),
        ("z", 2, 5, "A", "C", 1e-6),
        ("w", 2, 5, "A", "G", 1e-20),
    ]
    loci = run_clump(*small(tmp_path, rows))
    assert loci.loci["variant_id"].tolist() == ["a", "c"]
    assert loci.loci["n_variants"].tolist() == [2, 1]
    missing = loci.missing_table()
    assert missing.rows() == [("w", "2", 5, 20.0, "not in the genotypes", str(tmp_path / "r"))]


def test_a_repeated_id_is_told_apart_or_refused(tmp_path):
    variants = [("1", "a", 10, "A", "G"), ("1", "a", 20, "C", "T"), ("1", ".", 30, "A", "C")]
    rows = [("a", 1, 20, "C", "T", 1e-9), (".", 1, 30, "A", "C", 1e-6)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["base_pair_location"].tolist() == [20, 30]
    rows = [("a", 1, 20, "C", "NA", 1e-9)]
    with pytest.raises(GemcontError, match="variant id a stands for several variants"):
        run_clump(*small(tmp_path, rows, variants=variants))
    rows = [(".", 1, 30, "A", "C", 1e-9)]
    assert len(run_clump(*small(tmp_path, rows, variants=variants)).loci) == 1


def test_other_positions_are_warned_of(tmp_path, caplog):
    run_clump(*small(tmp_path, [("a", 1, 999, "A", "G", 1e-9)]))
    assert "another genome build?" in caplog.text


def test_nothing_matched_shows_both_sides(tmp_path):
    with pytest.raises(GemcontError, match=r"no variant of .* \(x, y against a, b, c\), nor by"):
        run_clump(*small(tmp_path, [("x", 1, 1, "A", "C", 1), ("y", 1, 1, "A", "C", 1)]))
    rows = [("a", 1, 10, "A", "G", 1e-9)]
    with pytest.raises(GemcontError, match="is left by --chr"):
        run_clump(*small(tmp_path, rows), chromosomes="2")


def test_no_clumps_say_why(tmp_path, caplog):
    loci = run_clump(*small(tmp_path, [("a", 1, 10, "A", "G", 0.02)]))
    assert "no clumps: the smallest p of a variant in the genotypes is 0.02, above 0.0001" in (
        caplog.text
    )
    assert (len(loci.loci), len(loci.members), loci.plink_table().height) == (0, 0, 0)
    assert loci.plink_table().columns[-1] == "SP2"
    write_loci(loci, str(tmp_path / "o"), plot=3, ld_matrix=True)
    assert sorted(p.name for p in tmp_path.glob("o*")) == [
        "o.clumps",
        "o.loci.tsv",
        "o.missing.tsv",
    ]


def test_chromosome_0_is_left_out(tmp_path):
    variants = [("0", "a", 0, "A", "G"), ("1", "b", 20, "C", "T"), ("1", "c", 30, "A", "C")]
    rows = [("a", 0, 0, "A", "G", 1e-9), ("b", 1, 20, "C", "T", 1e-9)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["variant_id"].tolist() == ["b"]


def test_p_that_underflows_or_is_0(tmp_path, caplog):
    rows = [("a", 1, 10, "A", "G", "1e-400"), ("c", 2, 5, "A", "C", "3.5e-900")]
    table = run_clump(*small(tmp_path, rows)).plink_table()
    assert table["P"].to_list() == ["3.5e-900", "1e-400"]
    rows = [("a", 1, 10, "A", "G", 0, 5, 0.1), ("c", 2, 5, "A", "C", 0, "NA", "NA")]
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    loci = run_clump(*small(tmp_path, rows, header))
    np.testing.assert_allclose(loci.loci["neg_log_10_p_value"], [544.6653, 323.306], rtol=1e-5)
    assert "p is 0 in some rows" in caplog.text


@pytest.mark.parametrize(
    ("value", "text"),
    [(4.0, "0.0001"), (4.5, "3.16228e-05"), (0.0, "1"), (400.0, "1e-400"), (399.3, "5.01187e-400")],
)
def test_p_in_plinks_digits(value, text):
    assert p_text(value) == text


def test_genes(tmp_path):
    bed = tmp_path / "genes.bed"
    bed.write_text("track x\nchr1\t0\t5\tFAR\nchr1\t5\t15\tIN\n1\t9\t30\tALSO\n")
    rows = [("a", 1, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "C", 1e-7)]
    loci = run_clump(*small(tmp_path, rows), genes=str(bed)).loci
    assert loci["nearest_gene"].fillna("none").tolist() == ["IN,ALSO", "none"]
    assert loci["gene_distance"][0] == 0
    gff = tmp_path / "genes.gff"
    gff.write_text(
        "#\n1\tx\tgene\t12\t30\t.\t+\t.\tID=g1;Name=NAME\n1\tx\texon\t1\t9\t.\t+\t.\tID=e\n"
        '2\tx\tgene\t1\t3\t.\t+\t.\tgene_id "E5"; gene_name "GTF";\n'
    )
    loci = run_clump(*small(tmp_path, rows), genes=str(gff)).loci
    assert loci["nearest_gene"].tolist() == ["NAME", "GTF"]
    assert loci["gene_distance"].tolist() == [2, 2]
    bed.write_text("chr1 0 5\n")
    with pytest.raises(GemcontError, match="line 1 is neither BED"):
        run_clump(*small(tmp_path, rows), genes=str(bed))


def test_matrix_is_signed_for_the_reports_alleles(tmp_path):
    header = "SNP\tA1\tA2\tBETA\tSE\tP"
    rows = [("a", "A", "G", 0.5, 0.1, 1e-9), ("b", "A", "G", -0.4, 0.1, 1e-5)]
    loci = run_clump(*small(tmp_path, rows, header))  # b is C/T here: A/G on the other strand
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    r = np.loadtxt(tmp_path / "o.locus1.ld")
    np.testing.assert_allclose(r, [[1, -1], [-1, 1]], atol=1e-6)
    table = pl.read_csv(tmp_path / "o.locus1.z.tsv", separator="\t", null_values="NA")
    np.testing.assert_allclose(table["z"], [5, -4])
    assert table["effect_allele"].to_list() == ["A", "A"]


def test_signs_of_alleles():
    ours = pl.DataFrame({"effect_allele": ["A"] * 8, "other_allele": ["G"] * 6 + ["T", "G"]})
    rows = pl.DataFrame(
        {
            "effect_allele": ["A", "G", "T", "C", "A", None, "T", "G"],
            "other_allele": ["G", "A", "C", "T", "C", None, "A", None],
        }
    )
    sign, flipped, palindromic = allele_signs(ours, rows)
    assert sign.tolist() == [1, -1, 1, -1, 0, 0, -1, -1]
    assert flipped.tolist() == [False, False, True, True, False, False, False, False]
    assert palindromic.tolist() == [False] * 6 + [True, False]


def test_alleles_as_numbers(tmp_path):
    variants = [("1", "a", 10, "1", "2"), ("1", "b", 20, "2", "1"), ("2", "c", 5, "1", "2")]
    rows = [("x", 1, 10, 1, 2, 1e-9), ("y", 1, 20, 1, 2, 1e-6)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["n_variants"].tolist() == [2]
    assert loci.loci["effect_allele"].tolist() == ["1"]
    sign, _, _ = allele_signs(loci.variants, loci.matched.rows)
    assert sign.tolist() == [1, -1]


def test_the_other_strand_matches_by_place_and_leaves_palindromes_unsigned(tmp_path, caplog):
    variants = [("1", "a", 10, "A", "G"), ("1", "b", 20, "A", "T"), ("2", "c", 5, "A", "C")]
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("x", 1, 10, "T", "C", 1e-9, 1, 0.1), ("y", 1, 20, "A", "T", 1e-6, 1, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header, variants))
    assert loci.loci["n_variants"].tolist() == [2]
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    table = pl.read_csv(tmp_path / "o.locus1.z.tsv", separator="\t")
    assert table["variant_id"].to_list() == ["a"]
    assert "1 variants left out of the matrices" in caplog.text


def test_effects_stay_with_the_alleles_they_were_reported_for(tmp_path):
    header = "SNP\tA1\tA2\tBETA\tP"
    rows = [("a", "G", "A", -0.9, 1e-9), ("c", "NA", "NA", 0.5, 1e-8)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["effect_allele"].tolist() == ["G", "A"]
    assert loci["other_allele"].tolist() == ["A", "C"]
    np.testing.assert_array_equal(loci["beta"], [-0.9, np.nan])


def test_matrices_need_alleles(tmp_path):
    loci = run_clump(*small(tmp_path, [("a", 1e-9)], "SNP\tP"))
    with pytest.raises(GemcontError, match="--ld-matrix: the summary statistics have no alleles"):
        write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    loci = run_clump(*small(tmp_path, [("a", "C", "T", 1e-9), ("c", "A", "G", 1e-8)],
                            "SNP\tA1\tA2\tP"))  # fmt: skip
    write_loci(loci, str(tmp_path / "o"), ld_matrix=True)
    assert [p.name for p in tmp_path.glob("*.ld")] == ["o.locus1.ld"]


def test_places_and_alleles_that_differ_are_counted(tmp_path, caplog):
    rows = [("a", 2, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "G", 1e-8)]
    loci = run_clump(*small(tmp_path, rows))
    assert loci.matched.counts["at another place"] == 1
    assert loci.matched.counts["with other alleles"] == 1
    assert "another genome build?" in caplog.text
    assert "effects do" in caplog.text


def test_several_traits_in_a_report(tmp_path, caplog):
    header = "SNP\ttrait\tP\tchromosome\tbase_pair_location\teffect_allele\tother_allele"
    header = header.replace("SNP", "variant_id").replace("P\t", "p_value\t", 1)
    place = (1, 10, "A", "G")
    rows = [("a", "x", 1e-6, *place), ("a", "y", 1e-9, *place)]
    genotypes = small(tmp_path, rows, header)
    assert run_clump(*genotypes).plink_table()["P"].to_list() == ["1e-09"]
    assert "2 traits in the reports" in caplog.text
    assert run_clump(*genotypes, trait="x").plink_table()["P"].to_list() == ["1e-06"]


def test_p_taken_for_its_logarithm_is_warned_of(tmp_path, caplog):
    rows = [("a", 0.5)] * 200
    run_clump(*small(tmp_path, rows, "SNP\tMLOGP"))
    assert "does that column hold p itself?" in caplog.text


def test_negative_positions_and_unknown_codes(tmp_path, caplog):
    variants = [("1", "a", -1, "A", "G"), ("30", "b", 20, "C", "T"), ("2", "c", 5, "A", "C")]
    rows = [("a", 1, 1, "A", "G", 1e-9), ("b", 30, 20, "C", "T", 1e-8)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["variant_id"].tolist() == ["b"]
    assert "chromosome codes 30 are beyond 22 autosomes" in caplog.text


def test_correlation_has_no_negative_eigenvalue():
    rng = np.random.default_rng(3)
    dosage = rng.integers(0, 3, (30, 12)).astype(float)
    dosage[rng.random(dosage.shape) < 0.3] = np.nan
    dosage[4] = 1.0
    for block in (
        Block(
            first=0,
            count=30,
            n_samples=12,
            packed=pack_hardcalls(np.where(np.isnan(dosage), -1, dosage).astype(np.int8)),
        ),
        Block(first=0, count=30, n_samples=12, dosage=dosage.astype(np.float32)),
    ):
        r = correlation(block)
        assert np.linalg.eigvalsh(r).min() > -1e-12
        np.testing.assert_array_equal(np.diag(r), 1)
    full = rng.integers(0, 3, (5, 3000))
    block = Block(first=0, count=5, n_samples=3000, packed=pack_hardcalls(full.astype(np.int8)))
    np.testing.assert_allclose(correlation(block), np.corrcoef(full), atol=1e-12)


def test_settings_that_cannot_be(tmp_path):
    genotypes = small(tmp_path, [("a", 1, 10, "A", "G", 1e-9)])
    for settings, message in (
        ({"r2": 1.0}, "--clump-r2: 1 is not from 0 to below 1"),
        ({"r2": -0.1}, "--clump-r2"),
        ({"p1": 0}, "--clump-p1: 0 is not above 0 and up to 1"),
        ({"kb": 0}, "--clump-kb: 0 is not from 0.001 up"),
        ({"r2_type": "x"}, "--r2-type: 'x' is not one of phased, unphased"),
    ):
        with pytest.raises(GemcontError, match=message):
            run_clump(*genotypes, **settings)
    assert len(run_clump(*genotypes, kb=float("inf")).loci) == 1
    assert len(run_clump(*genotypes, p1=1e-3, p2=1e-5).loci) == 1  # p2 below p1 is accepted


def test_overlap_of_loci(tmp_path):
    rows = [("a", 1, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "C", 1e-8)]
    prefix, report = small(tmp_path, rows)
    loci = run_clump(prefix, report).loci
    results = pd.DataFrame(
        {
            "SNP": ["a", "b", "c"],
            "P": [0.5, 1e-12, 0.01],
            "EAF": [0.4, 0.41, 0.3],
        }
    )
    own = overlap(loci, results)
    assert (own.n_loci, own.n_tested, own.n_recovered, own.fraction) == (2, 2, 0, 0.0)
    linked = overlap(loci, results, r2=0.8, genotypes=prefix)
    assert linked.table["recovered"].tolist() == [True, False]
    assert linked.table["recovered_by"][0] == "b"
    np.testing.assert_allclose(linked.table["r2"][0], 1)
    assert overlap(loci, results, threshold="bonferroni").threshold == 0.025
    assert overlap(loci, results, threshold="bonferroni").n_recovered == 1
    with pytest.raises(GemcontError, match="no locus is in the results"):
        overlap(loci, results.assign(SNP=["x", "y", "z"]))
    np.testing.assert_allclose(own.table["neg_log_10_p_value"], [-np.log10(0.5), 2])
    with pytest.raises(GemcontError, match="go together"):
        overlap(loci, results, r2=0.8)
    with pytest.raises(GemcontError, match="threshold -1 is neither a p nor 'bonferroni'"):
        overlap(loci, results, threshold=-1)


def test_chance_recovers_what_frequency_explains():
    rng = np.random.default_rng(2)
    n = 4000
    frequency = rng.uniform(0.01, 0.5, n)
    p = np.where(frequency > 0.3, 1e-9, 0.5)  # every common variant is a hit
    results = pd.DataFrame({"SNP": [f"v{i}" for i in range(n)], "P": p, "EAF": frequency})
    common = results[frequency > 0.35].head(50)
    found = overlap(common, results)
    assert found.fraction == 1.0
    assert found.expected > 0.9
    assert found.p_value > 0.1
    rare = overlap(results[frequency < 0.25].head(50), results)
    assert (rare.fraction, rare.expected) == (0.0, 0.0)


FLOORS = ["2.2250738585072014e-308", "1e-300", "0", "4.94065645841247e-324", "1e-200"]


@pytest.mark.parametrize("floor", FLOORS)
def test_ties_at_the_floor_of_p_go_by_effect_over_error(tmp_path, floor):
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("a", 1, 10, "A", "G", floor, 5, 0.1), ("b", 1, 20, "C", "T", floor, -9, 0.1)]
    rows += [("c", 2, 5, "A", "C", "1e-9", 0.61, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["variant_id"].tolist() == ["b", "c"]
    np.testing.assert_allclose(loci["neg_log_10_p_value"][1], 9)


def test_a_tie_of_linked_variants_stays_a_tie(tmp_path):
    """Equal p of equal effects are no floor: the first of the genotypes leads, as in PLINK."""
    header = "SNP\tCHR\tBP\tA1\tA2\tP\tBETA\tSE"
    rows = [("b", 1, 20, "C", "T", "1e-120", 2.5, 0.1), ("a", 1, 10, "A", "G", "1e-120", 2.5, 0.1)]
    loci = run_clump(*small(tmp_path, rows, header)).loci
    assert loci["variant_id"].tolist() == ["a"]
    assert loci["neg_log_10_p_value"].tolist() == [120]


def test_ties_at_a_floor_without_effects_are_warned_of(tmp_path, caplog):
    rows = [("a", "1e-300"), ("b", "1e-300"), ("c", "1e-9")]
    run_clump(*small(tmp_path, rows, "SNP\tP"))
    assert "2 rows tie at the smallest p, 1e-300" in caplog.text


def test_the_rows_own_alleles_come_first(tmp_path, caplog):
    """Two rows under one id: the stronger is of another alternate allele."""
    rows = [
        ("a", 1, 10, "A", "C", 1e-50),
        ("a", 1, 10, "A", "G", 1e-6),
        ("c", 2, 5, "A", "C", 1e-8),
    ]
    loci = run_clump(*small(tmp_path, rows)).loci
    assert loci["variant_id"].tolist() == ["c", "a"]
    np.testing.assert_allclose(loci["neg_log_10_p_value"], [8, 6])
    assert "effects do" not in caplog.text
    variants = [("1", "a", 10, "A", "G"), ("1", "a", 10, "A", "C"), ("2", "c", 5, "A", "C")]
    loci = run_clump(*small(tmp_path, rows, variants=variants)).loci
    np.testing.assert_allclose(loci["neg_log_10_p_value"], [50, 8])
    assert loci["other_allele"].tolist() == ["C", "C"]
    variants = [("1", "a", 10, "A", "G"), ("1", "1:10:A:C", 10, "A", "C"), ("2", "c", 5, "A", "C")]
    found = run_clump(*small(tmp_path, rows, variants=variants))
    assert dict(found.matched.rows.select("variant", "neg_log_10_p_value").rows()) == {
        0: 6, 1: 50, 2: 8,
    }  # fmt: skip


@pytest.mark.parametrize("between", [",", ";", "|"])
def test_cells_of_several_ids(tmp_path, between):
    rows = [(f"x{between}a", 1e-9), (f"b{between}y", 1e-8), ("c", 1e-7)]
    loci = run_clump(*small(tmp_path, rows, "SNP\tP")).loci
    assert loci["variant_id"].tolist() == ["a", "c"]
    assert loci["n_variants"].tolist() == [2, 1]
    results = pd.DataFrame({"SNP": [f"x{between}a", "c"], "P": [1e-9, 0.5]})
    assert overlap(loci, results).n_recovered == 1


def test_places_written_otherwise(tmp_path):
    rows = [("x", "1.0", 10, "g", "a", 1e-9), ("z", "chr02", 5, "A", "C", 1e-6)]
    assert run_clump(*small(tmp_path, rows)).loci["variant_id"].tolist() == ["a", "c"]
    variants = [("25", "a", 10, "A", "G"), ("23", "b", 20, "C", "T"), ("2", "c", 5, "A", "T")]
    rows = [("x", "X", 10, "A", "G", 1e-9), ("y", "XY", 20, "C", "TRUE", 1e-8)]
    found = run_clump(*small(tmp_path, rows, variants=variants))
    assert found.matched.rows["variant"].to_list() == [0, 1]


def test_columns_of_one_report(tmp_path):
    prefix, first = small(tmp_path, [("a", 0.5, 1e-9)], "SNP\tQ\tP2")
    second = tmp_path / "second"
    second.write_text("SNP P2 P\nc 1e-9 0.5\n")
    columns = {"r:p_value": "P2"}
    assert run_clump(prefix, [first, str(second)], columns=columns).loci["variant_id"].tolist() == [
        "a"
    ]
    with pytest.raises(GemcontError, match="--columns: q is none of the files"):
        run_clump(prefix, [first], columns={"q:p_value": "P2"})
