"""Clumping from files to loci: PLINK 2's answers, our own results, and what cannot be."""

import gzip

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples
from reference.clump_reports import DATA, MOUSE, SETTINGS, small

from gemcont import GemcontError, run_clump, run_gwas
from gemcont.workflows.clump.files import write_loci


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
