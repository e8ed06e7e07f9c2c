"""The steps of CONTRIBUTING.md, followed: what it says is all that is needed."""

import sys
import types
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import gemcont
from gemcont import ArraySource
from gemcont.cli.parser import Parser
from gemcont.genotype import READERS
from gemcont.settings.flags import UnknownSettingError, flag, part_of, settings_of
from gemcont.settings.gwas import GwasCommand, GwasSettings
from gemcont.settings.shared import TESTS
from gemcont.stats import multitrait
from gemcont.stats.null import fit_null


class CsvSource(ArraySource):
    """Dosages in a text file, a line a variant: a reader in one class."""

    def __init__(self, path):
        super().__init__(np.loadtxt(path, delimiter=",", ndmin=2))
        self.name, self.files = path, [path]


def test_a_reader(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    dosages = rng.integers(0, 3, size=(20, 40)).astype(float)
    np.savetxt(tmp_path / "g.csv", dosages, delimiter=",")
    module = types.ModuleType("csv_reader")
    module.CsvSource = CsvSource
    monkeypatch.setitem(sys.modules, "csv_reader", module)
    monkeypatch.setitem(READERS, ".csv", "csv_reader:CsvSource")
    traits = pd.DataFrame({"y": rng.standard_normal(40)})
    by_file = gemcont.run_gwas(str(tmp_path / "g.csv"), traits)
    pd.testing.assert_frame_equal(by_file, gemcont.run_gwas(dosages, traits))


def test_a_test_statistic(monkeypatch):
    def score(null, r2):
        chi2 = null.n_samples * r2
        return chi2, multitrait.neg_log10_chi2_sf(chi2, null.n_traits)

    assert tuple(multitrait.STATISTICS) == TESTS
    rng = np.random.default_rng(4)
    null = fit_null(rng.standard_normal((50, 2)), np.empty((50, 0)))
    genotypes = rng.integers(0, 3, size=(10, 50)).astype(float)
    monkeypatch.setitem(multitrait.STATISTICS, "score", score)
    ours = multitrait.scan(null, genotypes, test="score")
    np.testing.assert_allclose(ours.statistic, 50 * multitrait.scan(null, genotypes).r2)


def test_a_flag(capsys):
    @dataclass(frozen=True, kw_only=True)
    class WithFlag(GwasSettings):
        step: int = flag(1, "of a staircase", group="test", metavar="N", low=1)

    @dataclass(frozen=True, kw_only=True)
    class Command(GwasCommand, WithFlag):
        pass

    words = ["--bfile", "b", "--pheno", "p", "--out", "o", "--step", "3"]
    command, given = Parser(Command, prog="x").read(words)
    assert part_of(WithFlag, command).step == 3
    assert "step" in given
    assert "--step N" in Parser(Command, prog="x").format_help()
    with pytest.raises(gemcont.GemcontError, match="--step: 0 is not from 1 up"):
        settings_of(WithFlag, {"step": 0})
    with pytest.raises(UnknownSettingError, match="step: no such setting"):
        settings_of(GwasSettings, {"step": 2})


def test_an_encoder(tmp_path, monkeypatch):
    import torch

    from gemcont.learn.encoders.build import build_encoder

    (tmp_path / "mine_for_tests.py").write_text(
        "from torch import nn\n"
        "class Tiny(nn.Sequential):\n"
        "    def __init__(self, shape, width):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], width))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    encoder = build_encoder("mine_for_tests:Tiny", (1, 8, 8), 5)
    images = torch.randn(6, 1, 8, 8)
    alone = torch.cat([encoder(image[None]) for image in images])
    torch.testing.assert_close(encoder(images), alone)
