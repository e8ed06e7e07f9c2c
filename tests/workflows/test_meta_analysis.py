"""Meta-analysis of files: METAL's answers, our own files, drops with reasons, builds."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import ROOT, random_dosages

from gemcont import ArraySource, GemcontError, run_each_trait, run_gwas, run_meta
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.meta.builds import LANDMARKS, guess
from gemcont.workflows.meta.files import write_rows
from gemcont.workflows.meta.pool import directions
from gemcont.workflows.meta.run import MetaSettings, cohort_names, prepare

SHARED = ROOT.parent / "shared"
OPEN = [SHARED / "data" / "meta" / f"open.{n}.tsv" for n in ("mvp", "finngen", "third")]
NAMES = ["mvp", "finngen", "third"]
needs_shared = pytest.mark.skipif(not OPEN[0].exists(), reason="shared/data/meta is not there")


@needs_shared
@pytest.mark.parametrize(("gc", "table"), [(False, "three_cohorts"), (True, "three_cohorts.gc")])
def test_every_row_of_metal(gc, table):
    found = run_meta(OPEN, NAMES, match="id", palindromic="keep", genomic_control=gc)
    found = found.set_index("variant_id")
    assert found.index.is_unique
    theirs = pd.read_csv(SHARED / "reference" / "metal" / f"{table}.tbl", sep="\t", dtype=str)
    theirs = theirs.set_index("MarkerName").loc[found.index]
    assert len(theirs) == len(found) == 5000
    turned = found.effect_allele.str.lower() != theirs.Allele1
    assert (found.other_allele.str.lower()[turned] == theirs.Allele1[turned]).all()
    sign = np.where(turned, -1, 1)
    columns = {
        "Effect": sign * found.beta,
        "StdErr": found.standard_error,
        "HetChiSq": found.q_statistic,
        "HetISq": found.i2,
        "HetDf": found.q_dof,
        "Freq1": np.where(turned, 1 - found.effect_allele_frequency, found.effect_allele_frequency),
    }
    for name, values in columns.items():
        digits = theirs[name].str.partition(".")[2].str.len().max()
        printed = theirs[name].astype(float)
        assert (np.abs(values - printed) <= 0.5000001 * 10.0**-digits + 1e-12).all(), name
    swap = str.maketrans("+-", "-+")
    mine = [d.translate(swap) if t else d for d, t in zip(found.direction, turned, strict=True)]
    assert mine == theirs.Direction.tolist()
    for column, printed in (
        (found.neg_log_10_p_value, theirs["P-value"]),
        (found.q_neg_log_10_p_value, theirs.HetPVal),
    ):
        mantissa, power = printed.str.extract(r"^([0-9.]+)(?:e([-+][0-9]+))?$").T.to_numpy()
        power = np.array([0 if isinstance(p, float) else int(p) for p in power])
        expected = -np.log10(mantissa.astype(float)) - power
        digits = np.array([len(m.replace(".", "").lstrip("0")) for m in mantissa])
        assert (np.abs(column - expected) < 0.5 * 10.0 ** (1 - digits)).all()


@needs_shared
def test_rows_that_metal_drops_have_their_reason(tmp_path):
    run = prepare(OPEN, NAMES, MetaSettings(match="id", palindromic="keep"))
    counts = {cohort.name: cohort.counts for cohort in run.cohorts}
    assert counts["finngen"]["standard error not above 0"] == 15
    assert counts["finngen"]["the variant stands twice, its first row is used"] == 10
    assert counts["finngen"]["alleles are not those of the reference"] == 3
    assert counts["third"]["effect or standard error missing"] == 10
    for cohort in run.cohorts:
        dropped = sum(len(frame) for frame in cohort.dropped)
        assert cohort.counts["entered"] + dropped == cohort.counts["rows"]
    write_rows(run, str(tmp_path / "o"), "tsv")
    table = pl.read_csv(gzip.open(tmp_path / "o.dropped.tsv.gz"), separator="\t")
    assert table.columns == ["cohort", "row", "variant_id", "reason"]
    assert table.height == 38
    first = table.row(0, named=True)
    line = OPEN[NAMES.index(first["cohort"])].read_text().split("\n")[first["row"]]
    assert line.split("\t")[2] == first["variant_id"]


def frame(**columns):
    return pd.DataFrame(columns)


def cohort(beta, *, effect="A", other="G", eaf=0.3, se=0.1, chrom="1", pos=(100, 200, 300), **more):
    size = len(beta)
    pos = list(pos)[:size]
    return frame(
        CHR=chrom, POS=pos, SNP=[f"rs{p}" for p in pos], EA=effect, OA=other, EAF=eaf, BETA=beta,
        SE=se, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "other", "sign"), [("A", "G", 1), ("G", "A", -1), ("T", "C", 1), ("c", "t", -1)]
)
def test_the_effect_allele_is_the_first_cohorts(effect, other, sign):
    eaf = 0.3 if sign > 0 else 0.7
    second = cohort([sign * 0.2, sign * 0.1], effect=effect, other=other, eaf=eaf)
    found = run_meta([cohort([0.2, 0.3]), second])
    np.testing.assert_allclose(found.beta, [0.2, 0.2])
    np.testing.assert_allclose(found.effect_allele_frequency, 0.3, rtol=1e-6)
    assert found.effect_allele.tolist() == ["A", "A"]
    assert found.direction.tolist() == ["++", "++"]


def test_several_alleles_at_one_place_do_not_collide():
    first = frame(CHR=[1, 1, 1], POS=[5, 5, 5], EA=["A", "A", "AT"], OA=["G", "C", "A"],
                  BETA=[0.1, 0.2, 0.3], SE=[0.1] * 3)  # fmt: skip
    second = frame(CHR=["chr1"] * 3, POS=[5, 5, 5], EA=["C", "A", "AT"], OA=["A", "G", "A"],
                   BETA=[-0.2, 0.1, 0.3], SE=[0.1] * 3)  # fmt: skip
    found = run_meta([first, second], palindromic="keep")
    assert len(found) == 3
    np.testing.assert_allclose(np.sort(found.beta), [0.1, 0.2, 0.3])
    assert (found.n_studies == 2).all()


def test_indels_on_either_strand():
    first = frame(CHR=[1], POS=[5], EA=["AC"], OA=["A"], BETA=[0.3], SE=[0.1])
    second = frame(CHR=[1], POS=[5], EA=["T"], OA=["GT"], BETA=[-0.3], SE=[0.1])
    found = run_meta([first, second])
    assert found.n_studies.tolist() == [2]
    np.testing.assert_allclose(found.beta, 0.3)


def test_standard_errors_from_p():
    z = np.array([3.0, 0.5, 45.0])
    p = neg_log10_normal_sf(z)
    beta = np.array([0.3, -0.05, 0.45])
    one = cohort(beta, se=[np.nan, 0.2, np.nan], MLOGP=p)
    found = run_meta([one], se_from_p=True)
    np.testing.assert_allclose(found.standard_error, [0.1, 0.2, 0.01], rtol=1e-9)
    assert len(run_meta([one])) == 1
    bare = run_meta([one.drop(columns="SE")], se_from_p=True)
    np.testing.assert_allclose(bare.standard_error, np.abs(beta) / z, rtol=1e-9)


def test_drops_by_reason():
    bad = cohort(
        [0.1, np.nan, 0.1, 0.1, 0.1, 0.1],
        effect=["A", "A", "A", "A", None, "A"],
        se=[0.1, 0.1, 0.0, 0.1, 0.1, 0.1],
        pos=(1, 2, 3, 1, 5, 6),
        chrom=["1", "1", "1", "1", "1", None],
    )
    run = prepare([bad], ["x"], MetaSettings())
    assert run.cohorts[0].counts == {
        "rows": 6,
        "effect or standard error missing": 1,
        "standard error not above 0": 1,
        "alleles missing, 0 or the same": 1,
        "chromosome or position missing": 1,
        "the variant stands twice, its first row is used": 1,
        "entered": 1,
    }
    assert run.dropped()["row"].to_list() == [2, 3, 4, 5, 6]


def test_palindromes_drop_and_infer():
    first = cohort([0.1, 0.1], effect="A", other="T", eaf=[0.2, 0.45])
    second = cohort([0.3, 0.3], effect="A", other="T", eaf=[0.8, 0.45])
    inferred = run_meta([first, second]).set_index("base_pair_location")
    np.testing.assert_allclose(inferred.beta, [-0.1, 0.1])
    assert inferred.n_studies.tolist() == [2, 1]
    kept = run_meta([first, second], palindromic="keep")
    np.testing.assert_allclose(kept.beta, [0.2, 0.2])
    with pytest.raises(GemcontError, match="no row of any cohort can be used"):
        run_meta([first, second], palindromic="drop")


def test_a_reference_rules_and_adds_nothing():
    reference = frame(CHR=[1, 1], POS=[100, 200], SNP=["r1", "r2"], EA=["G", "A"], OA=["A", "G"],
                      EAF=[0.7, 0.3], BETA=[0, 0], SE=[1, 1])  # fmt: skip
    found = run_meta([cohort([0.2, 0.3, 0.4])], reference=reference)
    assert found.variant_id.tolist() == ["r1", "r2"]
    np.testing.assert_allclose(found.beta, [-0.2, 0.3])
    far = cohort([0.1] * 3, pos=(7, 8, 9))
    with pytest.raises(GemcontError, match="3 of 3 rows are not in the reference; its positions"):
        run_meta([far], reference=reference)


def test_genotypes_rule_too():
    rng = np.random.default_rng(4)
    dosages = random_dosages(rng, 3, 500)
    source = ArraySource(dosages)
    variants = source.variants.with_columns(
        chromosome=pl.Series(["1"] * 3, dtype=pl.Categorical),
        base_pair_location=pl.Series([100, 200, 300], dtype=pl.Int32),
        effect_allele=pl.Series(["G", "A", "T"], dtype=pl.Categorical),
        other_allele=pl.Series(["A", "G", "A"], dtype=pl.Categorical),
    )
    source = ArraySource(dosages, variants=variants)
    frequency = dosages.mean(axis=1) / 2
    one = cohort([0.2, 0.3, 0.1], effect=["A", "A", "A"], other=["G", "G", "T"],
                 eaf=[1 - frequency[0], frequency[1], frequency[2]])  # fmt: skip
    found = run_meta([one], genotypes=source)
    far = not 0.4 <= frequency[2] <= 0.6
    expected = [-0.2, 0.3, 0.1] if far else [-0.2, 0.3]  # A/T with T counted: the other strand
    np.testing.assert_allclose(found.beta, expected)


def test_sample_size_scheme():
    first = cohort([0.2, 0.3], N=[100, 100])
    second = cohort([0.2, -0.3], N=[300, 300])
    found = run_meta([first, second], scheme="samplesize")
    np.testing.assert_allclose(found.z, [(10 * 2 + 300**0.5 * 2) / 20, (30 - 3 * 300**0.5) / 20])
    assert "beta" not in found.columns
    assert found.n.tolist() == [400, 400]


@pytest.mark.parametrize(
    ("more", "z"),
    [
        ({"P": [1e-9], "SE": [0.0]}, 6.109),
        ({"P": [1e-9], "SE": [np.nan]}, 6.109),
        ({"SE": [0.1]}, 2.0),
        ({"SE": [0.0]}, None),
        ({"SE": [-0.1]}, None),
        ({"SE": [0.1], "N": [0]}, None),
        ({"SE": [0.1], "N": [np.nan]}, None),
    ],
)
def test_sample_size_scheme_takes_p_first_and_no_impossible_rows(more, z):
    base = {"CHR": [1, 1], "POS": [5, 6], "EA": "A", "OA": "G", "BETA": [0.2, 0.1], "N": [100, 90]}
    more = {name: [*values, 0.5] for name, values in more.items()}
    other = frame(CHR=[1], POS=[9], EA=["A"], OA=["G"], Z=[1.0], N=[50])
    found = run_meta([frame(**(base | more)), other], scheme="samplesize")
    assert found.z.notna().all()
    assert len(found) == (2 if z is None else 3)
    if z is not None:
        np.testing.assert_allclose(found.z[0], z, rtol=1e-3)


def test_no_place_is_no_match():
    first, second = (
        frame(CHR=[0, 1], POS=[0, 0], SNP=["a", "b"], EA="A", OA="G", BETA=0.1, SE=0.1)
        for _ in range(2)
    )
    with pytest.raises(GemcontError, match="no row of any cohort"):
        run_meta([first, second])


def test_strand_columns():
    first = cohort([0.1], effect="A", other="T", eaf=0.2)
    for minus in ("-", "-1", "reverse"):
        second = cohort([0.1], effect="T", other="A", eaf=0.2, STRAND=[minus])
        found = run_meta([first, second], palindromic="keep")
        np.testing.assert_allclose(found.beta, 0.1)
    with pytest.raises(GemcontError, match="STRAND is '2', neither . nor -"):
        run_meta([first, cohort([0.1], STRAND=["2"])])


def test_positions_and_sizes_of_other_kinds():
    with pytest.raises(GemcontError, match="POS is 100.5, not a whole number"):
        run_meta([cohort([0.1], pos=(100.5,))])
    cases = cohort([0.1], N_CASES=[30], N_CONTROLS=[70])
    assert run_meta([cases]).n.tolist() == [100]
    far = cohort([0.1, 0.2], pos=(268_435_956, 500), chrom=["1", "2"])
    found = run_meta([far, far.assign(CHR=["1", "2"])], ["a", "b"])
    assert found.base_pair_location.tolist() == [268_435_956, 500]
    floats = cohort([0.1, 0.2]).assign(CHR=[1.0, np.nan])
    assert run_meta([floats]).chromosome.tolist() == ["1"]


def test_cohorts_that_share_nothing_are_warned_of(caplog):
    run_meta([cohort([0.1], pos=(5,)), cohort([0.1], pos=(6,))])
    assert "shares no variant with the cohorts before it" in caplog.text
    with pytest.raises(GemcontError, match="no row can be used of cohort2, 1 effect or standard"):
        run_meta([cohort([0.1]), cohort([np.nan])])


def test_a_small_reference_of_the_right_build_is_no_mistake():
    reference = cohort([0.0] * 20, pos=range(100, 120))
    wide = cohort([0.1] * 500, pos=range(100, 600))
    assert len(run_meta([wide], reference=reference)) == 20
    columns = {"beta": "BETA", "standard_error": "SE"}
    assert len(run_meta([wide], reference=reference.drop(columns="BETA"), columns=columns)) == 20


def test_a_haploid_chain_of_another_species(tmp_path):
    (tmp_path / "c").write_text(
        "chain 9 chr23 900 + 0 500 chr23 900 + 100 600 1\n500\n\n"
        "chain 8 chr5 9 + 0 9 chr5 9 + 0 9 2\n\n"
        "chain 5 chrX 900 + 0 500 chrX 900 + 7 507 1\n500\n"
    )
    rows = cohort([0.1, 0.2, 0.3], pos=(10, 10, 10), chrom=["23", "X", "5"])
    found = run_meta([rows], build=["1"], to_build="2", liftover=str(tmp_path / "c"), autosomes=29)
    assert found.chromosome.tolist() == ["23", "X"]
    assert found.base_pair_location.tolist() == [110, 17]


def test_our_own_files_and_two_halves(tmp_path):
    rng = np.random.default_rng(5)
    n, dosages = 1000, random_dosages(rng, 40, 1000)
    traits = pd.DataFrame(rng.standard_normal((n, 2)), columns=["a", "b"])
    traits["a"] += 0.3 * dosages[7]
    whole = run_gwas(dosages, traits[["a"]])
    halves = [
        run_gwas(dosages[:, part], traits[["a"]].iloc[part].reset_index(drop=True))
        for part in (slice(0, 500), slice(500, n))
    ]
    found = run_meta(halves, match="id", palindromic="keep").set_index("variant_id")
    whole = whole.set_index("variant_id").loc[found.index]
    error = whole.standard_error
    assert (np.abs(found.beta - whole.beta) < 0.25 * error).all()
    np.testing.assert_allclose(found.standard_error, error, rtol=0.05)
    assert found.n.tolist() == [1000] * 40
    each = run_each_trait(dosages, traits)
    with pytest.raises(
        GemcontError, match=r"holds several traits \(a, b ...\); say one by --trait"
    ):
        run_meta([each], match="id", palindromic="keep")
    one = run_meta([each], match="id", palindromic="keep", trait="a").set_index("variant_id")
    np.testing.assert_allclose(one.beta.loc[whole.index], whole.beta, rtol=1e-9)


def test_mixed_builds_are_noticed():
    ids = list(LANDMARKS)
    old = {i: (c, p) for i, (c, p, _) in LANDMARKS.items()}
    new = {i: (c, p) for i, (c, _, p) in LANDMARKS.items()}
    extra = {f"rs{i}": ("2", 1000 * i) for i in range(1, 20)}
    moved = {i: (c, p + 7) for i, (c, p) in extra.items()}

    def at(places):
        return frame(
            SNP=list(places), CHR=[c for c, _ in places.values()],
            POS=[p for _, p in places.values()], EA="A", OA="G", BETA=0.1, SE=0.1,
        )  # fmt: skip

    with pytest.raises(GemcontError, match=r"100% of the 30 ids .* looks like GRCh38 .* GRCh37"):
        run_meta([at(old | extra), at(new | moved)])
    assert len(run_meta([at(old | extra), at(new | moved)], match="id")) == 30
    with pytest.raises(GemcontError, match="--build: the builds differ; give --liftover"):
        run_meta([at(old), at(new)], build=["37", "hg38"])
    chromosomes = pl.Series([new[i][0] for i in ids])
    assert guess(pl.Series(ids), chromosomes, np.array([new[i][1] for i in ids])).startswith(
        "GRCh38"
    )
    assert guess(pl.Series(["x"]), pl.Series(["3"]), np.array([5])) is None


def test_liftover(tmp_path):
    (tmp_path / "chain").write_text(
        "chain 9 chr1 1000 + 0 300 chr1 2000 + 1000 1300 1\n300\n\n"
        "chain 8 chr1 1000 + 300 400 chr1 2000 - 0 100 2\n100\n\n"
        "chain 7 chr1 1000 + 400 500 chr2 900 + 0 100 3\n100\n"
    )
    target = cohort([0.1, 0.2], pos=(1100, 1951), effect=["A", "A"])
    moved = cohort([0.3, 0.4, 0.5, 0.6, 0.7], pos=(100, 350, 450, 600, 360),
                   effect=["A", "T", "A", "A", "AT"], other=["G", "C", "G", "G", "A"])  # fmt: skip
    settings = {"build": ["38", "37"], "liftover": str(tmp_path / "chain")}
    run = prepare([target, moved], ["x", "y"], MetaSettings(**settings))
    found = to_pandas(pl.concat(run.frames()))
    assert found.n_studies.tolist() == [2, 2]
    np.testing.assert_allclose(found.beta, [0.2, 0.3])
    counts = run.cohorts[1].counts
    assert counts["liftover: no place in the other build"] == 1
    assert counts["liftover: another chromosome"] == 1
    assert counts["liftover: an indel on the other strand"] == 1
    assert counts["strand turned by liftover"] == 1
    with pytest.raises(GemcontError, match="say the build of every file by --build"):
        run_meta([target, moved], liftover=str(tmp_path / "chain"))
    with pytest.raises(GemcontError, match="every file is of build 37 already"):
        run_meta([target, moved], build=["37"], liftover=str(tmp_path / "chain"))
    with pytest.raises(GemcontError, match="--build: 3 builds for 2 files"):
        run_meta([target, moved], build=["37", "38", "38"])


def test_settings_and_names(tmp_path):
    one = cohort([0.1])
    for settings, message in (
        ({"scheme": "x"}, "--scheme: 'x' is not one of"),
        ({"ambiguous": 0.6}, "--ambiguous: 0.6 is not above 0 and up to 0.5"),
        ({"random_effects": True, "scheme": "samplesize"}, "--random-effects needs"),
    ):
        with pytest.raises(GemcontError, match=message):
            run_meta([one], **settings)
    with pytest.raises(GemcontError, match="2 names for 1 files"):
        run_meta([one], ["a", "b"])
    with pytest.raises(GemcontError, match="two cohorts have the same name"):
        run_meta([one, one], ["a", "a"])
    paths = [tmp_path / name for name in ("a.tsv", "b.gz", "x/a.tsv")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert cohort_names(paths[:2], None) == ["a", "b"]
    assert cohort_names(paths[::2], None) == [str(paths[0]), str(paths[2])]
    with pytest.raises(GemcontError, match="none.tsv: no such file"):
        cohort_names([tmp_path / "none.tsv"], None)
    with pytest.raises(GemcontError, match="stands twice"):
        cohort_names(paths[:1] * 2, None)
    with pytest.raises(GemcontError, match="'a.tb' is no name for a table"):
        cohort_names(paths[:1], ["a\tb"])
    with pytest.raises(GemcontError, match="no cohort is given"):
        run_meta([])
    assert len(run_meta(one)) == 1


def test_rows_come_in_genome_order():
    one = frame(CHR=["X", "10", "2", "chr1", "MT"], POS=[1, 1, 1, 1, 1], EA="A", OA="G",
                BETA=0.1, SE=0.1)  # fmt: skip
    assert run_meta([one]).chromosome.tolist() == ["1", "2", "10", "X", "MT"]


def test_directions():
    z = np.array([[1.0, -1.0, 0.0, np.nan]])
    assert directions(z).to_list() == ["+-0?"]


def test_codes_and_keys_of_alleles():
    codes = AlleleCodes()
    names = pl.Series(["A", "T", "AC", "GT", "<DEL>", None])
    found = codes.encode(names)
    assert codes.decode(found).to_list() == names.to_list()
    complement = codes.complement
    assert codes.decode(complement[found[:5]]).to_list() == ["T", "A", "GT", "AC", "<DEL>"]
    place = np.array([3, 3, 3, 3]), np.array([77, 77, 77, 78])
    effect, other = found[[2, 0, 3, 2]], found[[0, 2, 1, 0]]
    keys = codes.keys(*place, effect, other)
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_more_rows_than_a_chunk(monkeypatch):
    first, second = (cohort([0.1 * i, 0.2, 0.3]) for i in (1, 3))
    expected = run_meta([first, second])
    monkeypatch.setattr("gemcont.workflows.meta.pool._CHUNK", 1)
    pd.testing.assert_frame_equal(run_meta([first, second]), expected)
