"""gemcont-panel and gemcont-panel score."""

import numpy as np
import polars as pl
from conftest import BUNDLED

from gemcont import open_genotypes
from gemcont.cli import panel

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
