"""gemcont-panel and gemcont-panel score."""

import numpy as np
import polars as pl
import pytest
from conftest import BUNDLED

from gemcont import open_genotypes
from gemcont.cli import panel
from gemcont.cli.panel import _meta_settings
from gemcont.settings.meta import MetaSettings
from gemcont.settings.panel import PanelCommand

MOUSE = str(BUNDLED / "mouse_hs1940")


def names(folder):
    return sorted(p.name for p in folder.glob("o.*"))


def test_a_panel_and_its_scores(tmp_path, capsys):
    variants = open_genotypes(MOUSE).variants
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "SNP": variants["variant_id"],
            "CHR": variants["chromosome"].cast(pl.String),
            "BP": variants["base_pair_location"],
            "A1": variants["effect_allele"].cast(pl.String),
            "A2": variants["other_allele"].cast(pl.String),
            "BETA": rng.normal(0, 0.3, variants.height),
            "SE": 0.05,
        }
    )
    report = tmp_path / "r.tsv"
    frame.write_csv(report, separator="\t")
    genotypes = ["--bfile", MOUSE, "--chr-set", "19"]
    flags = ["--palindromic", "keep", "--sumstats", str(report), "--out", str(tmp_path / "o")]
    assert panel.main([*genotypes, *flags]) == 0
    assert names(tmp_path) == ["o.dropped.tsv.gz", "o.log", "o.panel.tsv"]
    table = pl.read_csv(tmp_path / "o.panel.tsv", separator="\t", null_values="NA")
    assert table["locus"].to_list() == list(range(1, table.height + 1))
    joined = table.join(frame, left_on="variant_id", right_on="SNP")
    np.testing.assert_allclose(joined["beta"], joined["BETA"], rtol=1e-6)
    made = ["--panel", str(tmp_path / "o.panel.tsv"), "--out", str(tmp_path / "o")]
    assert panel.main(["score", *genotypes, *made]) == 0
    scores = pl.read_csv(tmp_path / "o.score.tsv", separator="\t")
    assert scores.columns == ["FID", "IID", "SCORE", "ALLELE_CT"]
    assert scores.height == 1940
    (tmp_path / "keep").write_text("A048005080\n")
    assert panel.main(["score", *genotypes, *made, "--keep", str(tmp_path / "keep")]) == 0
    assert pl.read_csv(tmp_path / "o.score.tsv", separator="\t").height == 1
    capsys.readouterr()
    assert panel.main([*genotypes, *flags, "--p", "1e-300"]) == 2
    assert "no variant of the genotypes has so small a p" in capsys.readouterr().err


def said(capsys, words):
    try:
        code = panel.main(words)
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--random-effects", "--scheme", "samplesize"], "--random-effects needs --scheme stderr"),
        (["--names", "a", "b"], "--names"),
        (["--p", "0"], "argument --p: '0' is not a number above 0 and up to 1"),
        (["--sample", "s"], "--sample goes with --bgen"),
        (["--sumstats", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, flags, message):
    report = tmp_path / "r.tsv"
    report.write_text("SNP A1 A2 BETA SE P\nrs1 A G 0.1 0.05 0.04\n")
    base = ["--bfile", MOUSE, "--chr-set", "19", "--out", str(tmp_path / "o")]
    assert message in said(capsys, [*base, "--sumstats", str(report), *flags])


def test_no_input_is_written_over(tmp_path, capsys):
    own = tmp_path / "o.panel.tsv"
    own.write_text("SNP A1 A2 BETA SE P\nrs1 A G 0.1 0.05 0.04\n")
    base = ["--bfile", MOUSE, "--chr-set", "19", "--out", str(tmp_path / "o")]
    assert "is also an input" in said(capsys, [*base, "--sumstats", str(own)])
    scores = tmp_path / "o.score.tsv"
    scores.write_text("a")
    assert "is also an input" in said(capsys, ["score", *base, "--panel", str(scores)])
    assert "required: --panel" in said(capsys, ["score", *base])


def test_what_the_meta_analysis_is_told_is_what_was_said():
    command = PanelCommand(
        out="o", bfile="g", sumstats=["a"], scheme="samplesize", ambiguous=0.3, autosomes=19
    )
    settings = MetaSettings(**_meta_settings(command))
    assert (settings.scheme, settings.ambiguous, settings.autosomes) == ("samplesize", 0.3, 19)
    unsaid = MetaSettings(**_meta_settings(PanelCommand(out="o", bfile="g", sumstats=["a"])))
    assert unsaid == MetaSettings()
