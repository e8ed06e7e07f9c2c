"""Several processes as one."""

import os
import subprocess
import sys
from dataclasses import replace

import torch

from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training import distributed
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


def test_one_process_gathers_nothing(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    assert distributed.start("cpu") == (0, 1)
    rows = torch.arange(6.0).reshape(3, 2)
    every, first = distributed.gathered(rows)
    assert every is rows
    assert first == 0
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.grad = torch.tensor([3.0, 5.0])
    distributed.average_gradients([parameter])
    distributed.wait()
    distributed.stop()
    assert parameter.grad.tolist() == [3.0, 5.0]


PROGRAM = """
import sys, torch
from gemcont.learn.training import distributed
rank, world = distributed.start("cpu")
rows = torch.full((2, 3), float(rank + 1), requires_grad=True)
every, first = distributed.gathered(rows)
assert every[:, 0].tolist() == [1, 1, 2, 2] and first == 2 * rank, (rank, every, first)
(every * torch.arange(4.0)[:, None] * (rank + 1)).sum().backward()
weight = 3.0  # what both processes owe to a row: (1 + 2) times its place
assert rows.grad[:, 0].tolist() == [weight * (first + i) for i in range(2)], rows.grad
numbers, _ = distributed.gathered(torch.tensor([rank]))
assert numbers.tolist() == [0, 1]
with distributed.alone():
    assert distributed.gathered(rows)[0] is rows
parameter = torch.nn.Parameter(torch.ones(1))
parameter.grad = torch.tensor([float(rank)])
distributed.average_gradients([parameter])
assert parameter.grad.item() == 0.5
distributed.wait()
distributed.stop()
"""


def test_two_processes_gather_rows_with_their_gradients(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    run = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
         str(tmp_path / "program.py")],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
