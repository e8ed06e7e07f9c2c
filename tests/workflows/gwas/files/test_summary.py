"""The summary beside the results."""

import json

from conftest import write_table
from reference.packed import write_fileset

from gemcont.cli.gwas import main as gwas


def test_the_summary_of_what_was_refitted(tmp_path, related):
    people = list(zip(*(related.samples[c].to_list() for c in ("fid", "iid")), strict=True))
    people = [(f, i, 1) for f, i in people]
    rows = [(str(c), f"rs{i}", 10 + i, "A", "G") for i, c in enumerate(related.names)]
    write_fileset(str(tmp_path / "g"), related.dosages, people, rows)
    ids = [(f, i) for f, i, _ in people]
    write_table(tmp_path / "y.tsv", list("abc"), related.traits.to_numpy(), ids)
    flags = ["--bfile", str(tmp_path / "g"), "--pheno", str(tmp_path / "y.tsv"), "--no-plot"]
    flags += ["--kinship", "grm", "--out", str(tmp_path / "r")]
    assert gwas(flags) == 0
    found = json.loads((tmp_path / "r.summary.json").read_text())
    assert (
        found["lrt_true_over_nominal_rate"]["ratio"]
        < found["refitted_true_over_nominal_rate"]["ratio"]
    )
    log = (tmp_path / "r.log").read_text()
    assert "covariances re-estimated, p < 0.0001" in log
    assert gwas([*flags, "--test", "f"]) == 0
    found = json.loads((tmp_path / "r.summary.json").read_text())
    assert not [key for key in found if key.endswith("nominal_rate")]
