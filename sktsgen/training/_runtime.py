"""Devices, seeds and ranks."""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist
from sklearn.utils import check_random_state


def resolve_device(device: str) -> torch.device:
    """Turn a `device` parameter into a device that is there.

    Parameters
    ----------
    device : str
        ``"auto"`` (cuda, else mps, else cpu) or a torch device such as ``"cpu"`` or ``"cuda:1"``.

    Raises
    ------
    ValueError
        If the device is unknown or not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} is not available here; use 'auto', 'cpu', or the name of an "
            f"accelerator this machine has."
        ) from error
    return resolved


def make_generator(
    random_state: int | np.random.RandomState | None, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Generator seeded from a scikit-learn `random_state`; an int gives the same one each time."""
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    return torch.Generator(device=device).manual_seed(seed)


def rank_and_size() -> tuple[int, int]:
    """This process's number and how many there are; (0, 1) outside a process group."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over the ranks, in one message."""
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([g.flatten() for g in grads])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    pieces = flat.split([g.numel() for g in grads])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)
