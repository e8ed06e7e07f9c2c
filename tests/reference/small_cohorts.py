"""Cohorts of three variants, and the public ones that METAL was run on."""

import pandas as pd
import pytest
from conftest import ROOT

SHARED = ROOT.parent / "shared"


OPEN = [SHARED / "data" / "meta" / f"open.{n}.tsv" for n in ("mvp", "finngen", "third")]


NAMES = ["mvp", "finngen", "third"]


needs_shared = pytest.mark.skipif(not OPEN[0].exists(), reason="shared/data/meta is not there")


def frame(**columns):
    return pd.DataFrame(columns)


def small_cohort(
    beta, *, effect="A", other="G", eaf=0.3, se=0.1, chrom="1", pos=(100, 200, 300), **more
):
    size = len(beta)
    pos = list(pos)[:size]
    return frame(
        CHR=chrom, POS=pos, SNP=[f"rs{p}" for p in pos], EA=effect, OA=other, EAF=eaf, BETA=beta,
        SE=se, **more,
    )  # fmt: skip
