"""What the learner's commands need of the machine."""

import subprocess
import sys

import pytest
import torch

from gemcont import GemcontError
from gemcont.cli.torch_device import check_device
from gemcont.settings.learner import Device


def test_without_torch_the_commands_say_how_to_install_it(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import gemcont, gemcont.cli.gwas\n"
        "from gemcont.cli.{0} import main\n"
        "sys.exit(main({1!r}))"
    )
    commands = {
        "train": ["--study", "s", "--out", str(tmp_path / "m")],
        "embed": ["--study", "s", "--model", "m", "--out", str(tmp_path / "e")],
        "evaluate": ["--study", "s", "--model", "m", "--out", str(tmp_path / "v")],
        "simulate": ["--images", "x.npz", "--out", str(tmp_path / "s")],
    }
    for name, arguments in commands.items():
        run = subprocess.run(
            [sys.executable, "-c", code.format(name, arguments)], capture_output=True, text=True
        )
        assert run.returncode == 2
        assert run.stderr.endswith("gemcont.learn needs torch: pip install 'gemcont[learn]'\n")
        assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("device", "name"), [("cuda", "cuda.is_available"), ("mps", "backends.mps.is_available")]
)
def test_a_device_that_is_not_there_is_refused(monkeypatch, device, name):
    monkeypatch.setattr(f"torch.{name}", lambda: False)
    with pytest.raises(GemcontError, match=f"^--device: no {device} on this machine"):
        check_device(Device(device=device))
    monkeypatch.setattr(f"torch.{name}", lambda: True)
    check_device(Device(device=device))
    check_device(Device(device="cpu"))


def test_torch_is_told_the_number_of_threads():
    before = torch.get_num_threads()
    try:
        check_device(Device(threads=1))
        assert torch.get_num_threads() == 1
        check_device(Device())
        assert torch.get_num_threads() == 1  # what was not asked for stays
    finally:
        torch.set_num_threads(before)
