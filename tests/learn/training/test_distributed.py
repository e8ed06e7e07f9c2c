"""Several processes as one."""

import os
import subprocess
import sys
from dataclasses import replace

import torch

from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training.model import read_model
from gemcont.settings.train import TrainSettings

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


def fit(study, out, settings=QUICK, **options):
    return train_files(Inputs(study=study), Split(), settings, str(out), **options)


def test_two_processes_are_one_with_the_joint_batch(image_study, tmp_path):
    """torchrun over gloo: negatives are gathered with their gradients."""
    command = ["--study", image_study, "--encoder", "mlp", "--epochs", "2", "--batch-size", "64"]
    for method in ("gemcont", "simclr", "vae"):
        one, two = tmp_path / f"{method}1", tmp_path / f"{method}2"
        arms = [*command, "--method", method, "--out"]
        fit(image_study, one, replace(QUICK, epochs=2, lr=3e-4, method=method))
        run = subprocess.run(
            [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
             "-m", "gemcont.cli.train", *arms, str(two), "--threads", "1"],
            capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        a, b = (read_model(folder).method.state_dict() for folder in (one, two))
        for name, value in a.items():
            # where a gradient is next to nothing Adam makes a step of its rounding
            close = torch.isclose(b[name], value, rtol=1e-3, atol=2e-5)
            assert close.float().mean() > 0.98
            torch.testing.assert_close(b[name], value, rtol=1e-3, atol=3e-4)
