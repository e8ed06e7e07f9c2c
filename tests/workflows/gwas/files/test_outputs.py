"""Names and layouts of a run's result files, and what they cannot hold."""

import dataclasses
import logging
from types import SimpleNamespace

import polars as pl
import pytest
from reference.scans import contents

from gemcont import GemcontError
from gemcont.settings.gwas import LAYOUTS
from gemcont.workflows.gwas.files.outputs import Outputs

LAYOUT_SUFFIX = {"tsv": ".tsv", "tsv.gz": ".tsv.gz", "parquet": ".parquet", "ssf": ".tsv"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_are_named_by_their_layout(layout):
    build = "GRCh38" if layout == "ssf" else None
    outputs = Outputs("a/r", layout=layout, genome_build=build)
    assert outputs.joint.startswith("a/r.gwas")
    assert outputs.joint.removeprefix("a/r.gwas") == outputs.of_trait("x").removeprefix(
        "a/r.x.gwas"
    )
    assert outputs.joint.removeprefix("a/r.") in outputs.files.names


def run_of(joint=True, single=False, n_traits=1, names=("y",), **settings):
    known = {"dense": False, "save_products": False, "effects": False, "top_k": None, "test": "lrt"}
    return SimpleNamespace(
        people=SimpleNamespace(joint=joint, trait_names=list(names)),
        null=SimpleNamespace(n_traits=n_traits),
        has_single=single,
        settings=SimpleNamespace(**{**known, **settings}),
        relatives=SimpleNamespace(kinship=None),
    )


SSF = {"layout": "ssf", "genome_build": "GRCh38"}


@pytest.mark.parametrize(
    ("layout", "run", "message"),
    [
        (SSF, {"n_traits": 2}, "--format ssf holds effects of one trait"),
        (SSF, {"joint": False, "single": True}, "--format ssf is one file per trait: add --split"),
        ({"split": True}, {}, "--split-traits goes with --each-trait"),
        ({"split": True}, {"single": True, "dense": True}, "--dense writes one store"),
        ({"split": True}, {"single": True, "names": ["a/b"]}, "--split-traits: 'a/b' cannot be"),
        ({"split": True}, {"single": True, "names": ["log"]}, "--split-traits: 'log' cannot be"),
    ],
)
def test_what_a_layout_cannot_hold_is_refused(tmp_path, layout, run, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        Outputs(str(tmp_path / "r"), **layout).check(run_of(**run))


def test_what_a_layout_holds_passes(tmp_path):
    prefix = str(tmp_path / "r")
    Outputs(prefix).check(run_of(n_traits=3))
    Outputs(prefix, **SSF).check(run_of())
    Outputs(prefix, **SSF, split=True).check(run_of(joint=False, single=True))


def test_a_folder_that_is_no_store_of_ours_stays(tmp_path):
    (tmp_path / "r.products").mkdir()
    outputs = Outputs(str(tmp_path / "r"))
    outputs.check(run_of())
    with pytest.raises(GemcontError, match=r"r\.products: .* in the way"):
        outputs.check(run_of(save_products=True))


def test_files_that_this_run_did_not_write_go(tmp_path, caplog):
    names = ["gwas.tsv", "gwas.parquet", "effects.parquet", "traits.parquet", "manhattan.png"]
    names += ["heritability.png", "summary.json", "log", "notes.txt"]
    for name in names:
        (tmp_path / f"r.{name}").write_text("old")
    with caplog.at_level(logging.INFO, "gemcont"):
        Outputs(str(tmp_path / "r")).remove_stale(run_of(), pictures=True)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"r.gwas.tsv", "r.manhattan.png", "r.summary.json", "r.log", "r.notes.txt"}
    assert len(caplog.messages) == 4
    Outputs(str(tmp_path / "r"), layout="parquet").remove_stale(run_of(), pictures=False)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"r.summary.json", "r.log", "r.notes.txt"}


KINDS = {
    "joint": ({}, {}),
    "effects": ({}, {"effects": True}),
    "single": ({}, {"each_trait": True, "neg_log10_p_min": 0.1}),
    "every": ({}, {"each_trait": True}),
    "dense": ({}, {"each_trait": True, "dense": True}),
    "products": ({}, {"save_products": True}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_frame_has_an_output_and_a_file(study, scan, kind):
    run = scan(kind=KINDS[kind])
    outputs = Outputs(str(study.folder / "result"))
    parts = outputs.parts(run, str(study.folder / "p"))
    assert kind in parts
    assert ("variants" in parts) == (kind in ("dense", "products"))
    named = {"joint": ".gwas.tsv", "effects": ".effects.parquet", "dense": "store.json"}
    named |= {"single": ".traits.parquet", "every": ".traits.parquet", "products": "store.json"}
    assert named[kind] in contents(study)


def test_layouts_hold_the_same_rows(study, scan):
    tables = {}
    for layout in ("tsv", "tsv.gz", "parquet"):
        scan(layout.replace(".", "_"), ({"layout": layout}, {}))
        path = study.folder / f"{layout.replace('.', '_')}.gwas{LAYOUT_SUFFIX[layout]}"
        read = pl.read_parquet if layout == "parquet" else _read_text
        tables[layout] = read(path)
    for table in tables.values():
        assert table["variant_id"].cast(pl.String).to_list() == [f"rs{i}" for i in range(60)]
        p = tables["tsv"]["neg_log_10_p_value"]
        assert (table["neg_log_10_p_value"] - p).abs().max() < 1e-6 * p.max()


def _read_text(path):
    return pl.read_csv(path, separator="\t", null_values="NA")


def test_the_prefix_is_the_only_field_of_its_own():
    own = {f.name for f in dataclasses.fields(Outputs)}
    assert own == {"prefix", "layout", "split", "genome_build"}
