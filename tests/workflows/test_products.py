"""Stores of products answer later questions as a fresh scan would."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import GemcontError
from gemcont.stats.added import added
from gemcont.tables.results.store import write_facts
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas
from gemcont.workflows.project.combine import project_store
from gemcont.workflows.project.files import ProductOutputs
from gemcont.workflows.project.pooled_cohorts import add_stores

M, D = 50, 5
NAMES = [f"e{d}" for d in range(D)]


def write_cohort(folder, name, n, *, seed, missing=0.0, flip=(), alleles=None, first=0, x=True):
    """PREFIX.bed, .pheno, .covar of n people; variants ``flip`` have their alleles turned."""
    rng = np.random.default_rng(seed)
    dosages = random_dosages(rng, M, n, missing=missing, low=0.2, high=0.8)
    mixed = rng.standard_normal((n, D)) @ rng.standard_normal((D, D))
    mixed[:, 1] += 0.4 * np.nan_to_num(dosages[3], nan=1) + 0.2 * seed
    covariates = rng.standard_normal((n, 2)) + seed
    mixed[:, 0] += covariates[:, 0] * (1 + seed)
    variants = [
        (*v[:3], *("AG" if i % 3 else "CA")) for i, v in enumerate(named_variants(M, ("1", "2")))
    ]
    if x:
        variants[-5:] = [("23", *v[1:]) for v in variants[-5:]]
        dosages[-5:, ::2] = np.where(dosages[-5:, ::2] == 1, 2, dosages[-5:, ::2])
    variants = [(*v[:3], *v[:2:-1]) if i in flip else v for i, v in enumerate(variants)]
    written = np.array([2 - row if i in flip else row for i, row in enumerate(dosages)])
    people = [(f, i, 1 + k % 2) for k, (f, i, _) in enumerate(named_samples(first + n)[first:])]
    write_fileset(str(folder / name), written, people, alleles(variants) if alleles else variants)
    ids = [p[:2] for p in people]
    write_table(folder / f"{name}.pheno", NAMES, mixed, ids)
    write_table(folder / f"{name}.covar", ["age", "pc"], covariates, ids)
    return dosages, mixed, covariates


def scan(folder, name, out=None, pheno=None, **settings):
    files = Files(
        str(folder / name), str(pheno or folder / f"{name}.pheno"), str(folder / f"{name}.covar")
    )
    prefix = str(folder / (out or name))
    write_gwas(files, Outputs(prefix, layout="parquet"), block_size=16, **settings)
    return pl.read_parquet(prefix + ".gwas.parquet") if settings.get("joint") is not False else None


@pytest.fixture
def one(tmp_path):
    _, traits, _ = write_cohort(tmp_path, "a", 240, seed=1, missing=0.03)
    scan(tmp_path, "a", save_products=True)
    return tmp_path, traits


def same(found, expected, rtol=1e-5, atol=1e-6):
    assert found.columns == expected.columns
    for name in found.columns:
        if found[name].dtype == pl.Float64:
            assert found[name].is_null().equals(expected[name].is_null())
            np.testing.assert_allclose(
                found[name].fill_null(0), expected[name].fill_null(0), rtol=rtol, atol=atol
            )
        else:
            assert found[name].to_list() == expected[name].to_list()


def write_weights(path, names, matrix):
    rows = ["\t".join(["trait", *names])]
    rows += ["\t".join([t, *map(repr, row)]) for t, row in zip(NAMES, matrix.tolist(), strict=True)]
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("test", ["lrt", "f"])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_combinations_are_those_of_a_fresh_scan(one, test, k):
    folder, traits = one
    matrix = np.random.default_rng(k).standard_normal((D, k))
    names = [f"axis{i}" for i in range(k)]
    write_weights(folder / "w.tsv", names, matrix)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet", test=test, each=True)
    tested, null, found, _ = project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert found == names
    ids = [s[:2] for s in named_samples(240)]
    write_table(folder / "c.pheno", names, traits @ matrix, ids)
    expected = scan(folder, "a", "fresh", folder / "c.pheno", test=test, each_trait=True)
    same(pl.read_parquet(folder / "p.gwas.parquet"), expected)
    singles = pl.read_parquet(folder / "fresh.traits.parquet")
    same(pl.read_parquet(folder / "p.traits.parquet"), singles)
    assert (null.n_traits, len(tested.neg_log_10_p)) == (k, M)
    assert not (folder / "p.traits.parts").exists()


def test_a_rotation_changes_nothing_and_a_subset_is_a_scan_of_it(one):
    folder, traits = one
    rotation = np.linalg.qr(np.random.default_rng(2).standard_normal((D, D)))[0]
    write_weights(folder / "w.tsv", list("vwxyz"), rotation)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet")
    project_store(folder / "a", outputs, weights=folder / "w.tsv")
    same(pl.read_parquet(folder / "p.gwas.parquet"), pl.read_parquet(folder / "a.gwas.parquet"))
    project_store(folder / "a.products", outputs, traits=["e4", "e1"])
    expected = scan(folder, "a", "fresh", trait_names=["e4", "e1"])
    same(pl.read_parquet(folder / "p.gwas.parquet"), expected)


def test_products_of_single_traits_serve_as_well(one):
    folder, _ = one
    scan(folder, "a", "s", joint=False, each_trait=True, save_products=True)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet")
    project_store(folder / "s", outputs, traits=NAMES)
    same(pl.read_parquet(folder / "p.gwas.parquet"), pl.read_parquet(folder / "a.gwas.parquet"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who\tx\ne0\t1\n", "the header must be 'trait'"),
        ("trait\tx\ne9\t1\n", "'e9' is not a trait of .*a.products; it has e0, e1"),
        ("trait\tx\ne0\tone\n", r"line 2 \(trait e0\): 'one' is no finite number"),
        ("trait\tx\ne0\tinf\n", r"line 2 \(trait e0\): 'inf' is no finite number"),
        ("trait\tx\ne0\t1\ne0\t2\n", "trait e0 stands twice"),
        ("trait\tx\tx\ne0\t1\t2\n", "a name stands twice"),
        ("trait\tx\ne0\t1\t2\n", "line 2 has 3 columns, the header 2"),
        ("trait\tx\ty\ne0\t1\t2\n", "trait y is collinear with x"),
        ("trait\tx\ne0\t0\n", "trait x has no variance"),
        ("trait\tx\n", "holds no trait"),
        ("trait\tx", "holds no trait"),
    ],
)
def test_weights_that_cannot_be(one, text, message):
    folder, _ = one
    (folder / "w.tsv").write_text(text)
    with pytest.raises(GemcontError, match=message):
        project_store(folder / "a", ProductOutputs(str(folder / "p")), weights=folder / "w.tsv")
    assert not list(folder.glob("p.*"))


def test_what_cannot_be_tested_jointly_is_still_tested_alone(one):
    folder, _ = one
    rows = "trait\tx\ty\tz\ne0\t1\t0\t1\ne1\t0\t1\t-1\n"
    (folder / "w.tsv").write_text(rows)
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    tested, _, _, _ = project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert tested is None
    found = pl.read_parquet(folder / "p.traits.parquet")
    assert found.height == 3 * M


def test_a_trait_constant_among_men_spoils_no_other(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    bim = (tmp_path / "a.bim").read_text().replace("\n23\t", "\n24\t")
    (tmp_path / "a.bim").write_text(bim)
    table = pl.read_csv(tmp_path / "a.pheno", separator="\t")
    men = pl.int_range(pl.len()) % 2 == 0
    table = table.with_columns(pl.when(men).then(1.5).otherwise(pl.col("e4")).alias("e4"))
    table.write_csv(tmp_path / "a.pheno", separator="\t")
    scan(tmp_path, "a", joint=False, each_trait=True, save_products=True)
    outputs = ProductOutputs(str(tmp_path / "p"), joint=False, each=True)
    project_store(tmp_path / "a", outputs, traits=["e0", "e4"])
    found = pl.read_parquet(tmp_path / "p.traits.parquet").filter(pl.col("chromosome") == "24")
    assert found.filter(pl.col("trait") == "e0")["t_statistic"].is_not_null().all()
    assert found.filter(pl.col("trait") == "e4")["t_statistic"].is_null().all()
    outputs = ProductOutputs(str(tmp_path / "p"), layout="parquet")
    project_store(tmp_path / "a", outputs, traits=["e0", "e4"])
    joint_test = pl.read_parquet(tmp_path / "p.gwas.parquet")
    assert joint_test.height == M
    assert joint_test.filter(pl.col("chromosome") == "24")["chi2"].is_null().all()
    assert joint_test.filter(pl.col("chromosome") != "24")["chi2"].is_not_null().all()


def test_bounds_leave_out_what_cannot_be_tested(one):
    folder, _ = one
    outputs = ProductOutputs(str(folder / "p"), layout="parquet", each=True, least=0.7)
    project_store(folder / "a", outputs, traits=["e0", "e1"])
    for name in ("gwas", "traits"):
        found = pl.read_parquet(folder / f"p.{name}.parquet")
        assert found["neg_log_10_p_value"].min() >= 0.7
        assert found["neg_log_10_p_value"].null_count() == 0


def test_many_combinations_are_bounded_as_many_traits_are(one, monkeypatch):
    folder, _ = one
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    monkeypatch.setattr("gemcont.workflows.common.wording.MANY_TRAITS", D - 1)
    monkeypatch.setattr("gemcont.workflows.common.wording.LEAST_OF_MANY", 0.7)
    project_store(folder / "a", outputs)
    bounded = pl.read_parquet(folder / "p.traits.parquet")
    assert 0 < bounded.height < M * D
    assert bounded["neg_log_10_p_value"].min() >= 0.7
    project_store(folder / "a", replace(outputs, least=0))
    assert pl.read_parquet(folder / "p.traits.parquet").height == M * D


def test_a_combination_without_variance_is_said(one, caplog):
    folder, _ = one
    write_weights(folder / "w.tsv", ["x", "nothing"], np.eye(D)[:, :2] * [1, 0])
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    with caplog.at_level("WARNING", "gemcont"):
        project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert "no variance, so NA: nothing" in caplog.text


def test_quotes_hold_commas_as_in_csv(one):
    folder, _ = one
    (folder / "w.csv").write_text('"trait","axis, one"\n"e0","1"\n"e1","-2"\n')
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    _, _, names, _ = project_store(folder / "a", outputs, weights=folder / "w.csv")
    assert names == ["axis, one"]


def test_nearly_collinear_traits_are_warned_of(one, caplog):
    folder, _ = one
    (folder / "w.tsv").write_text("trait\tx\ty\ne0\t1\t1\ne1\t0\t0.002\n")
    with caplog.at_level("WARNING", "gemcont"):
        outputs = ProductOutputs(str(folder / "p"))
        project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert "nearly collinear" in caplog.text


def nested(folder, *cohorts):
    """A pooled fileset whose covariates are each cohort's own, and its intercept."""
    dosages, traits, covariates = (list(parts) for parts in zip(*cohorts, strict=True))
    sizes = [len(t) for t in traits]
    n = sum(sizes)
    design, at = np.zeros((n, 3 * len(sizes) - 1)), 0
    for c, size in enumerate(sizes):
        design[at : at + size, 2 * c : 2 * c + 2] = covariates[c]
        if c:
            design[at : at + size, 2 * len(sizes) + c - 1] = 1
        at += size
    variants = [
        (*v[:3], *("AG" if i % 3 else "CA")) for i, v in enumerate(named_variants(M, ("1", "2")))
    ]
    people = named_samples(n)
    write_fileset(str(folder / "all"), np.hstack(dosages), people, variants)
    ids = [p[:2] for p in people]
    write_table(folder / "all.pheno", NAMES, np.vstack(traits), ids)
    write_table(folder / "all.covar", [f"c{j}" for j in range(design.shape[1])], design, ids)
    return scan(folder, "all")


@pytest.fixture
def two(tmp_path):
    a = write_cohort(tmp_path, "a", 240, seed=1, x=False)
    b = write_cohort(tmp_path, "b", 180, seed=2, x=False, flip=(0, 3, 7), first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    return tmp_path, a, b


def joint(folder, *names, **options):
    outputs = ProductOutputs(str(folder / "m"), name="meta", layout="parquet")
    tested, null, _, _ = add_stores([folder / n for n in names], outputs, **options)
    return pl.read_parquet(folder / "m.meta.parquet"), null


def test_cohorts_added_are_the_pooled_people_with_nested_covariates(two):
    folder, a, b = two
    found, null = joint(folder, "a", "b")
    expected = nested(folder, a, b)
    assert (null.n_samples, null.n_covariates) == (420, 6)
    same(found, expected, rtol=1e-4)


def test_traits_in_another_order_and_cohorts_turned_round(two):
    folder, *_ = two
    found, _ = joint(folder, "a", "b")
    table = pl.read_csv(folder / "b.pheno", separator="\t")
    table.select(*table.columns[:2], *NAMES[::-1]).write_csv(folder / "r.pheno", separator="\t")
    scan(folder, "b", "r", folder / "r.pheno", save_products=True)
    reordered, _ = joint(folder, "a", "r")
    same(reordered, found)
    turned, _ = joint(folder, "b", "a")
    np.testing.assert_allclose(turned["chi2"], found["chi2"], rtol=1e-5)
    flipped = [i in (0, 3, 7) for i in range(M)]
    eaf = np.where(flipped, 1 - found["effect_allele_frequency"], found["effect_allele_frequency"])
    np.testing.assert_allclose(turned["effect_allele_frequency"], eaf)


def test_a_variant_of_one_cohort_is_tested_in_it(two):
    folder, *_ = two
    scan(folder, "b", "part", save_products=True, chromosomes="2")
    found, _ = joint(folder, "a", "part")
    alone = pl.read_parquet(folder / "a.gwas.parquet")
    first = found.filter(pl.col("chromosome") != "2")
    same(first, alone.filter(pl.col("chromosome") != "2"))
    both, _ = joint(folder, "a", "b")
    here = pl.col("chromosome") == "2"
    same(found.filter(here), both.filter(here))


def test_a_place_that_stands_twice_in_one_cohort_is_left_out_and_said(two, caplog):
    folder, *_ = two
    variants = pl.read_parquet(folder / "a.products" / "variants.parquet")
    same_place = variants.with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.col("base_pair_location").shift(3))
        .otherwise(pl.col("base_pair_location"))
        .alias("base_pair_location"),
        *(
            pl.when(pl.int_range(pl.len()) == 7)
            .then(pl.col(c).shift(3))
            .otherwise(pl.col(c))
            .alias(c)
            for c in ("effect_allele", "other_allele", "chromosome")
        ),
    )
    same_place.write_parquet(folder / "a.products" / "variants.parquet")
    edit(folder, "a")
    with caplog.at_level("INFO", "gemcont"):
        found, _ = joint(folder, "a", "b")
    assert "2 place and alleles stand twice" in caplog.text
    position = variants["base_pair_location"][4]
    assert found.filter(pl.col("base_pair_location") == position).height == 0


def test_x_is_added_to_x(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    write_cohort(tmp_path, "b", 180, seed=2, first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    found, _ = joint(tmp_path, "a", "b")
    here = found.filter(pl.col("chromosome") == "23")
    assert here["chi2"].is_not_null().all()
    each = [pl.read_parquet(tmp_path / f"{n}.products" / "variants.parquet") for n in "ab"]
    parts = [e.filter(pl.col("chromosome") == "23") for e in each]
    alleles = sum((p["effect_allele_frequency"] * p["n_chromosomes"]).to_numpy() for p in parts)
    people = sum(p["n_chromosomes"].to_numpy() for p in parts)
    np.testing.assert_allclose(here["effect_allele_frequency"], alleles / people)
    assert (people < 2 * 420).all()


def edit(folder, name, **facts):
    path = folder / f"{name}.products"
    write_facts(path, json.loads((path / "store.json").read_text()) | facts)


def test_people_counted_twice_are_refused(two):
    folder, *_ = two
    with pytest.raises(GemcontError, match="a.products is given twice"):
        joint(folder, "a", "a.products")
    write_cohort(folder, "c", 100, seed=3, first=200, x=False)
    scan(folder, "c", save_products=True)
    with pytest.raises(GemcontError, match="40 people of .*c.products are in .*a.products too"):
        joint(folder, "a", "c")
    joint(folder, "a", "c", same_ids=True)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"encoder": "beef"}, "made by different encoders"),
        ({"ranked": True}, "b.products were ranked in their own cohort"),
        ({"pcs": 3}, "turned into components in their own cohort"),
        ({"traits": [*NAMES[:4], "other"]}, r"have different traits \(e4, ...\)"),
        ({"autosomes": 10}, "of different species"),
        ({"kind": "t"}, "holds t, not products"),
    ],
)
def test_stores_that_do_not_belong_together_are_refused(two, facts, message):
    folder, *_ = two
    edit(folder, "b", **facts)
    with pytest.raises(GemcontError, match=message):
        joint(folder, "a", "b")


def test_another_coding_of_alleles_is_refused(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    write_cohort(
        tmp_path, "b", 180, seed=2, first=240, alleles=lambda v: [(*r[:3], "0", "9") for r in v]
    )
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    with pytest.raises(GemcontError, match="shares no variant .* another coding of the alleles"):
        joint(tmp_path, "a", "b")


def test_the_encoder_is_that_of_the_embeddings(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    (tmp_path / "a.embed.json").write_text(json.dumps({"model": "c0ffee"}))
    scan(tmp_path, "a", save_products=True)
    facts = json.loads((tmp_path / "a.products" / "store.json").read_text())
    assert facts["encoder"] == "c0ffee"
    (tmp_path / "a.embed.json").write_text("{}")
    with pytest.raises(GemcontError, match="a.embed.json: not the json of gemcont-embed"):
        scan(tmp_path, "a", save_products=True)


def test_every_cohort_keeps_its_own_covariance_by_default(two, caplog):
    """The wald test of two stores is that of their sums under a covariance each."""
    folder, a, b = two
    outputs = ProductOutputs(str(folder / "m"), name="meta", layout="parquet", test="wald")
    with caplog.at_level("INFO", "gemcont"):
        add_stores([folder / "a", folder / "b"], outputs)
    assert "trait covariances of the cohorts: equal with -log10 p" in caplog.text
    found = pl.read_parquet(folder / "m.meta.parquet")
    scores, residuals, covariances = [], [], []
    for dosages, traits, covariates in (a, b):
        design = np.column_stack([np.ones(len(traits)), covariates])
        mean = np.nanmean(dosages, axis=1, keepdims=True)
        g = np.where(np.isnan(dosages), mean, dosages).T
        keep = np.eye(len(traits)) - design @ np.linalg.pinv(design)
        scores.append(g.T @ keep @ traits)
        residuals.append(np.einsum("nv,nm,mv->v", g, keep, g))
        covariances.append(traits.T @ keep @ traits / (len(traits) - design.shape[1]))
    expected = added(scores, residuals, covariances)
    np.testing.assert_allclose(found["chi2"], expected.chi2, rtol=1e-4)
    np.testing.assert_allclose(found["neg_log_10_p_value"], expected.neg_log_10_p, rtol=1e-4)
    assert (found["dof"] == D).all()


def test_unequal_covariances_are_warned_of_where_one_is_taken(tmp_path, caplog):
    for name, seed, first in (("a", 1, 0), ("b", 2, 240)):
        write_cohort(tmp_path, name, 240, seed=seed, x=False, first=first)
    table = pl.read_csv(tmp_path / "b.pheno", separator="\t")
    table = table.with_columns(pl.col(NAMES) * 3)
    table.write_csv(tmp_path / "b.pheno", separator="\t")
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    for test, level in (("lrt", "WARNING"), ("wald", "INFO")):
        caplog.clear()
        with caplog.at_level("INFO", "gemcont"):
            outputs = ProductOutputs(str(tmp_path / "m"), name="meta", layout="parquet", test=test)
            add_stores([tmp_path / "a", tmp_path / "b"], outputs)
        (record,) = [r for r in caplog.records if "trait covariances of" in r.getMessage()]
        assert record.levelname == level


def test_a_cohort_of_few_people_has_no_covariance_of_its_own(tmp_path, caplog):
    write_cohort(tmp_path, "a", 240, seed=1, x=False)
    write_cohort(tmp_path, "b", 40, seed=2, x=False, first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    outputs = ProductOutputs(str(tmp_path / "m"), name="meta", layout="parquet", test="wald")
    stores = [tmp_path / "a", tmp_path / "b"]
    add_stores(stores, outputs)
    assert "its own statistics are" in caplog.text
    groups = json.loads((tmp_path / "b.products" / "store.json").read_text())["groups"]
    for group in groups.values():
        group["n_samples"] = group["n_covariates"] + 4
    edit(tmp_path, "b", groups=groups)
    with pytest.raises(GemcontError, match="b.products has no covariance of its own on"):
        add_stores(stores, outputs)
