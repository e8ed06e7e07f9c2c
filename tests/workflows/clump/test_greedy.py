"""The streamed clumping is the slow one, however much memory and however many threads."""

from pathlib import Path

import numpy as np
import pandas as pd
from reference.clump_reports import awkward
from reference.ld import clump as slow_clump
from reference.ld import phased_r2

from gemcont import open_genotypes, run_clump


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
