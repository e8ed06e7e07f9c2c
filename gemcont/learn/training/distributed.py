"""Several processes as one: rows gathered with their gradients, parameters averaged."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch.distributed.nn.functional import all_gather


def start(device: str) -> tuple[int, int]:
    """Join the processes that ``torchrun`` started; return rank and their number, or 0 and 1."""
    if "RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return dist.get_rank(), dist.get_world_size()


def stop() -> None:
    """Leave the group of processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def gathered(rows: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Return rows (B, ...) of every process in the order of ranks, and where this one's begin.

    The backward pass sums what every process owes to a row. With a loss that is the mean over a
    process's own rows and parameters whose gradients are averaged over processes, the gradient is
    that of one process with the joint batch.
    """
    if not dist.is_initialized() or _ALONE:
        return rows, 0
    parts = all_gather(rows) if rows.is_floating_point() else _gathered_numbers(rows)
    return torch.cat(tuple(parts)), dist.get_rank() * len(rows)  # (processes B, ...)


_ALONE: list[bool] = []  # whether every process works for itself just now


@contextmanager
def alone() -> Iterator[None]:
    """Gather nothing inside: every process looks at the same rows by itself."""
    _ALONE.append(True)
    try:
        yield
    finally:
        _ALONE.pop()


def _gathered_numbers(rows):
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.contiguous())
    return parts


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes."""
    if not dist.is_initialized():
        return
    for parameter in parameters:
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()


def wait() -> None:
    """Wait until every process has come here."""
    if dist.is_initialized():
        dist.barrier()
