"""Which rows are the same variant: ids of a cell, alleles of an id, places, genes, builds."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import ArraySource, GemcontError, run_clump, run_meta, run_panel
from gemcont.cli import meta
from gemcont.genotype.chromosomes import canonical_name, place_name
from gemcont.workflows.common.lookup import split_ids
from gemcont.workflows.meta.run import MetaSettings, prepare

PAIRS = [("A", "G"), ("C", "T"), ("G", "T"), ("A", "C")]


def cohort(seed=1, n=60, **columns):
    """n variants of one chromosome whose letters tell the strand."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "CHR": "1",
            "POS": 1000 * np.arange(1, n + 1),
            "SNP": [f"rs{i}" for i in range(n)],
            "EA": [PAIRS[i % 4][0] for i in range(n)],
            "OA": [PAIRS[i % 4][1] for i in range(n)],
            "BETA": rng.normal(0, 0.1, n),
            "SE": rng.uniform(0.05, 0.1, n),
            "N": 100,
        }
    )
    return frame.assign(**columns)


A, B = cohort(1), cohort(2)
TRUTH = run_meta([A, B])


def check(found, n_studies=2):
    """The pooled effects of TRUTH, in any order of rows."""
    both = found.merge(TRUTH, on="base_pair_location")
    assert len(both) == len(found) == len(TRUTH)
    assert (found.n_studies == n_studies).all()
    sign = np.where(both.effect_allele_x == both.effect_allele_y, 1, -1)
    np.testing.assert_allclose(sign * both.beta_x, both.beta_y, rtol=1e-6)


# Ids


@pytest.mark.parametrize("between", [",", ";", "|", " ", ", "])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_each_id_of_a_cell_is_tried(between, order):
    cells = [f"rs{i}{between}rs9{i}9" if i % 3 else f"x{i}{between}rs{i}" for i in range(60)]
    frames = [A, B.assign(SNP=cells)]
    check(run_meta([frames[i] for i in order], match="id"))


def test_two_rows_that_name_one_variant_are_one():
    twice = pd.concat([B.assign(SNP=[f"rs{i},y{i}" for i in range(60)]), B.head(4), B.head(4)])
    run = prepare([A, twice], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["the variant stands twice, its first row is used"] == 8
    new = pd.DataFrame(twice.assign(SNP=twice.SNP.str.replace("rs", "new")))
    run = prepare([A, new], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["the variant stands twice, its first row is used"] == 8


def test_split_ids():
    at, ids = split_ids(pl.Series(["a", "b,c", None, ";d;", "e f"]))
    assert at.tolist() == [0, 1, 1, 2, 3, 4, 4]
    assert ids.to_list() == ["a", "b", "c", None, "d", "e", "f"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_the_rows_of_an_id_the_one_whose_alleles_fit(first, order):
    """A third of the variants with another alternate allele under the same id."""
    more = B.iloc[::3].assign(OA=[{"G": "C", "T": "G", "C": "T"}[x] for x in B.OA[::3]], BETA=9)
    more = more[[o != e for o, e in zip(more.OA, more.EA, strict=True)]]
    assert len(more) > 10
    several = pd.concat([more, B] if first else [B, more])
    frames = [A, several]
    found = run_meta([frames[i] for i in order], match="id")
    check(found[found.n_studies == 2])
    if order == [1, 0]:  # the other allele is a variant of its own
        assert (found.n_studies == 1).sum() == len(more)
    else:
        assert len(found) == 60


def test_an_id_with_other_alleles_only_is_left_out():
    wrong = B.assign(OA=["C" if i == 0 else o for i, o in enumerate(B.OA)])
    run = prepare([A, wrong], ["a", "b"], MetaSettings(match="id"))
    assert run.cohorts[1].counts["alleles are not those of the reference"] == 1


# Places and letters


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("23.0", "X"), ("1.0", "1"), ("chr01", "1"), ("X ", "X"), ("chrx", "X"), ("CHR1", "1"),
        ("01", "1"), ("26.0", "MT"), ("PAR1", "XY"), ("X_nonPAR", "X"), ("25", "XY"),
        ("1.5", "1.5"), ("GL000192.1", "GL000192.1"), ("chr23.00", "X"),
    ],
)  # fmt: skip
def test_names_of_chromosomes(written, name):
    assert canonical_name(written) == name
    assert place_name(written) == ("X" if name == "XY" else name)


@pytest.mark.parametrize("names", ["1.0", "chr01", " 1", "chr1"])
def test_cohorts_that_name_chromosomes_otherwise(names, tmp_path):
    check(run_meta([A, B.assign(CHR=names)]))
    B.assign(CHR=names).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    check(run_meta([A, str(tmp_path / "b.tsv")]))


@pytest.mark.parametrize("names", ["XY", "25", 25.0, "23.0", "PAR2", "chrX"])
def test_a_pseudoautosomal_variant_is_one_on_x(names):
    far = [frame.assign(POS=frame.POS + 60_000) for frame in (A.assign(CHR="X"), B)]
    found = run_meta([far[0], far[1].assign(CHR=names)])
    check(found.assign(base_pair_location=found.base_pair_location - 60_000))
    assert set(found.chromosome) == {"X"}


def test_25_is_mt_where_the_mitochondrion_is():
    """As the GWAS Catalog numbers it, and so --format ssf; in cattle it is an autosome."""
    rows = A.head(10).assign(CHR="25")
    assert set(run_meta([rows, B.head(10).assign(CHR="MT")]).n_studies) == {2}
    assert set(run_meta([rows], autosomes=29).chromosome) == {"25"}


def test_alleles_that_are_one_letter():
    """A file of which a column of nothing but T was read as logical."""
    frames = [frame[frame.OA == "T"].reset_index(drop=True) for frame in (A, B)]
    expected = run_meta(frames)
    for written in ("TRUE", "True", True, "t"):
        found = run_meta([frames[0], frames[1].assign(OA=written)])
        pd.testing.assert_frame_equal(found, expected)


# Several genes in one file


def genes(n_genes, share=1.0):
    """Rows of several genes, the second ones for a share of the variants."""
    frames = [B.assign(gene_id="G0")]
    frames += [
        cohort(10 + g).assign(gene_id=f"G{g}").head(int(60 * share)) for g in range(1, n_genes)
    ]
    return pd.concat(frames).sort_values("POS", kind="stable")


@pytest.mark.parametrize(("n_genes", "share"), [(2, 1.0), (5, 1.0), (2, 0.6)])
def test_several_genes_in_one_file_are_refused(n_genes, share, tmp_path):
    frame = genes(n_genes, share)
    message = r"rows repeat a variant .* --columns trait=gene_id --trait NAME"
    frame.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    for what in (frame, str(tmp_path / "b.tsv")):
        with pytest.raises(GemcontError, match=message):
            run_meta([A, what])


def test_a_gene_is_read_by_its_name():
    frame = genes(3)
    found = run_meta([frame], columns={"trait": "gene_id"}, trait="G0")
    np.testing.assert_allclose(found.beta, B.BETA)
    with pytest.raises(GemcontError, match=r"holds several traits \(G0, G1, G2"):
        run_meta([frame], columns={"trait": "gene_id"})


def test_some_repeated_rows_are_warned_of(caplog):
    run_meta([A, genes(2, 0.2)])
    assert "12 of 72 rows repeat a variant that stands before them; the first row" in caplog.text


def test_genes_in_a_panel_and_in_clumping(caplog):
    rng = np.random.default_rng(3)
    names = {"CHR": "chromosome", "SNP": "variant_id", "POS": "base_pair_location"}
    names |= {"EA": "effect_allele", "OA": "other_allele"}
    variants = pl.DataFrame({new: A[old].to_numpy() for old, new in names.items()})
    source = ArraySource(rng.integers(0, 3, (60, 50)).astype(float), variants=variants)
    frame = genes(2).assign(P=rng.uniform(0, 1, 120))
    with pytest.raises(GemcontError, match="rows repeat a variant"):
        run_panel(frame, source, p=0.5)
    run_clump(source, frame, p1=0.5)
    assert "60 of 120 rows repeat a variant" in caplog.text


# Rows that are of no result


def test_what_is_not_additive_is_listed(tmp_path, capsys):
    for frame, name in ((A.assign(TEST="ADD"), "a"), (stacked(), "b")):
        frame.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    files = [str(tmp_path / f"{name}.tsv") for name in "ab"]
    assert meta.main(["--sumstats", *files, "--no-plot", "--out", str(tmp_path / "o")]) == 0
    dropped = pl.read_csv(gzip.open(tmp_path / "o.dropped.tsv.gz"), separator="\t")
    assert dropped["reason"].to_list() == ["TEST is not ADD"] * 60
    assert dropped["row"].to_list() == list(range(61, 121))
    stacked().tail(60).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    capsys.readouterr()
    assert meta.main(["--sumstats", *files, "--no-plot", "--out", str(tmp_path / "o")]) == 2
    assert "no row can be used of b, 60 TEST is not ADD" in capsys.readouterr().err


def stacked():
    return pd.concat([B.assign(TEST="add"), B.assign(TEST="DOMDEV")])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SE": np.nan}, "60 effect or standard error missing; --se-from-p takes errors"),
        ({"SE": 0.0}, "60 standard error not above 0"),
        ({"OA": None}, "60 alleles missing, 0 or the same"),
        ({"POS": 0}, "60 chromosome or position missing"),
    ],
)
def test_a_cohort_of_which_nothing_enters_is_refused(change, reason):
    for frames in ([A, B.assign(**change)], [B.assign(**change)]):
        with pytest.raises(GemcontError, match=f"no row .*can be used.* {reason}"):
            run_meta(frames)


def test_a_p_of_0_tells_no_error_and_says_so(caplog):
    p = np.where(np.arange(60) < 5, 0.0, 0.01)
    bare = B.drop(columns="SE").assign(P=p)
    run = prepare([A, bare], ["a", "b"], MetaSettings(se_from_p=True))
    assert run.cohorts[1].counts["p is 0, which tells no standard error"] == 5
    assert "b: P is 0 in 5 rows, its strongest, which tells no standard error" in caplog.text
    width = 1.96 * B.SE
    intervals = bare.assign(CI_LOWER=B.BETA - width, CI_UPPER=B.BETA + width)
    found = run_meta([A, intervals], se_from_p=True)
    assert (found.n_studies == 2).all()
    floored = bare.assign(P=np.where(p == 0, 2.2250738585072014e-308, p))
    found = run_meta([intervals.assign(P=floored.P)], se_from_p=True)
    np.testing.assert_allclose(found.standard_error[:5], B.SE[:5], rtol=1e-3)


def test_a_p_at_its_floor_gives_way_to_effect_over_error():
    strong = B.assign(BETA=100 * B.SE, P=2.2250738585072014e-308)
    np.testing.assert_allclose(run_meta([strong], scheme="samplesize").z, 100)
    zero = B.assign(BETA=100 * B.SE, P=0.0)
    np.testing.assert_allclose(run_meta([zero], scheme="samplesize").z, 100)


def test_a_cohort_without_a_sample_size_is_warned_of(caplog):
    found = run_meta([A.drop(columns="N"), B])
    assert "cohort1: no sample size: n of the result does not count its people" in caplog.text
    assert set(found.n) == {100}


# Builds


def chain(path, sizes=(249250621, 248956422), shift=5000):
    length = 100_000_000
    path.write_text(
        f"chain 9 chr1 {sizes[0]} + 0 {length} chr1 {sizes[1]} + {shift} {length + shift} 1\n"
        f"{length}\n"
    )
    return str(path)


def test_a_chain_of_another_direction_is_refused(tmp_path):
    moved = B.assign(POS=B.POS + 5000)
    right = chain(tmp_path / "right", (248956422, 249250621), -5000)
    text = (tmp_path / "right").read_text().replace("+ 0 100000000 chr1", "+ 5000 100005000 chr1")
    (tmp_path / "right").write_text(text.replace("+ -5000 99995000", "+ 0 100000000"))
    settings = {"build": ["37", "38"], "to_build": "37"}
    frames = [A.drop(columns="SNP"), moved.drop(columns="SNP")]
    check(run_meta(frames, liftover=right, **settings))
    message = r"the chain .* lifts from GRCh37 \(hg19\) to GRCh38 \(hg38\), but cohort2 is to be"
    for frame in (frames, [A, moved]):
        with pytest.raises(GemcontError, match=message):
            run_meta(frame, liftover=chain(tmp_path / "wrong"), **settings)
    assert len(run_meta(frames, liftover=chain(tmp_path / "x", (9, 9), 0), **settings)) > 60


def test_cohorts_that_share_little_are_doubted(caplog):
    moved = B.assign(POS=np.where(np.arange(60) < 4, B.POS, B.POS + 7), SNP=".")
    run_meta([A, moved])
    assert "shares 4 of its 60 variants with those before it: another genome build?" in caplog.text
    beyond = 248_956_422  # of chromosome 1 in GRCh38
    ends = [frame.copy() for frame in (A, moved)]
    ends[0].loc[59, "POS"] = beyond + 1000
    ends[1] = ends[1].assign(CHR="17")
    ends[1].loc[59, "POS"] = 81_195_210 + 1000  # of chromosome 17 in GRCh37
    with_ids = [frame.assign(SNP=[f"{i}_{k}" for k in range(60)]) for i, frame in enumerate(ends)]
    run_meta(with_ids, match="id")
    assert (
        "no variant with the cohorts before it, by id: are the ids of another kind" in caplog.text
    )
    with pytest.raises(GemcontError, match=r"looks like GRCh38 .*, the others like GRCh37"):
        run_meta(ends)
    with pytest.raises(GemcontError, match="cohort2 is stated to be of .* build 37, but its pos"):
        run_meta([A, ends[1]], build=["37"])


# Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ambiguous": "0.4"}, "ambiguous: must be a number, not '0.4' .str."),
        ({"columns": "beta=X"}, "columns: must be a dict"),
        ({"build": 37}, "build: must be a list"),
        ({"autosomes": "22"}, "autosomes: must be a whole number"),
        ({"random_effects": "yes"}, "random_effects: must be True or False"),
        ({"max_eaf_diff": True}, "max_eaf_diff: must be a number"),
        ({"schema": "x"}, "schema: no such setting; there are autosomes, columns, se_from_p"),
    ],
)
def test_settings_of_another_type_are_said(settings, message):
    with pytest.raises(GemcontError, match=message):
        run_meta([A], **settings)
    with pytest.raises(GemcontError, match=message):
        run_panel(A, ArraySource(np.zeros((2, 3))), meta=settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run_meta([A], columns={"betaa": "X"}), "--columns: 'betaa' is no role; there are"),
        (lambda: run_meta([A], columns={"beta": 1}), "--columns: 1 is no name of a column for"),
        (lambda: run_meta([A], columns={1: "X"}), "--columns: 1 is no role"),
        (lambda: run_meta([A], columns={"7:beta": "X"}), "--columns: 7 is none of the files"),
        (lambda: run_meta([A], genotypes={"x": 1}), "a dict is neither a path nor a source"),
        (lambda: run_meta([A], reference={"x": 1}), "is a dict, neither a path nor a DataFrame"),
        (lambda: run_panel(A, ArraySource(np.zeros((2, 3))), meta="x"), "meta: must be a dict"),
        (lambda: run_clump(ArraySource(np.zeros((2, 3))), None), "is a NoneType, neither a path"),
        (lambda: run_meta([pl.DataFrame({"P": [[1.0]], "SNP": ["a"]})]), "no column for effect_al"),
    ],
)
def test_what_cannot_be_given_is_said(call, message):
    with pytest.raises(GemcontError, match=message):
        call()


def test_lists_in_a_column_are_no_values():
    frame = pl.DataFrame({name: A[name].to_numpy() for name in A})
    with pytest.raises(GemcontError, match="column 'N' holds lists, not single values"):
        run_meta([frame.with_columns(pl.concat_list("N").alias("N"))])


def test_settings_of_clumps_and_panels():
    source = ArraySource(np.zeros((2, 3)))
    with pytest.raises(GemcontError, match="p1: must be a number"):
        run_clump(source, A, p1="0.1")
    with pytest.raises(GemcontError, match="p11: no such setting; there are autosomes, .*p1, p2"):
        run_clump(source, A, p11=0.1)
    with pytest.raises(GemcontError, match="threads: must be a whole number"):
        run_panel(A, source, threads="2")


def test_names_have_to_be_a_list():
    with pytest.raises(GemcontError, match="--names: 'ab' is one name, not a list"):
        run_meta([A], "ab")


def test_columns_of_one_file(tmp_path, capsys):
    header = "MarkerName Allele1 Allele2 Freq1 Effect StdErr P-value Direction Chromosome Position"
    metal = A.assign(F=0.3, P=0.5, D="+")
    metal = metal[["SNP", "EA", "OA", "F", "BETA", "SE", "P", "D", "CHR", "POS"]]
    metal.to_csv(tmp_path / "a.tbl", sep="\t", index=False, header=header.split())
    turned = B.rename(columns={"EA": "Allele2", "OA": "Allele1"})
    turned.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    files = ["--sumstats", str(tmp_path / "a.tbl"), str(tmp_path / "b.tsv")]
    out = ["--no-plot", "--out", str(tmp_path / "o")]
    roles = "effect_allele=Allele2,other_allele=Allele1"
    assert meta.main([*files, *out, "--columns", roles]) == 2
    error = capsys.readouterr().err
    assert "contradicts" in error
    assert "--columns FILE:effect_allele=Allele2" in error
    for name in ("b.tsv", "b", "2", str(tmp_path / "b.tsv")):
        assert (
            meta.main(
                [*files, *out, "--columns", ",".join(f"{name}:{role}" for role in roles.split(","))]
            )
            == 0
        )
        check(pd.read_csv(tmp_path / "o.meta.tsv", sep="\t"))
    apart = [f"--columns=b:{part}" for part in roles.split(",")]
    assert meta.main([*files, *out, *apart]) == 0
    capsys.readouterr()
    assert meta.main([*files, *out, "--columns", f"c.tsv:{roles}"]) == 2
    assert "--columns: c.tsv is none of the files (a, b)" in capsys.readouterr().err
