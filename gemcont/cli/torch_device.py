"""What the learner's commands need of the machine: torch, a device, threads."""

from gemcont.errors import GemcontError
from gemcont.settings.learner import Device


def check_device(command: Device) -> None:
    """Raise GemcontError on a machine without torch or the device that is asked for.

    torch is told the number of threads.
    """
    from gemcont.learn import require_torch

    torch = require_torch()
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if command.device != "cpu" and not there[command.device]():
        raise GemcontError(f"--device: no {command.device} on this machine")
    if command.threads is not None:
        torch.set_num_threads(command.threads)
