"""Devices, seeds and ranks."""

from __future__ import annotations

import secrets

import numpy as np
import torch
import torch.distributed as dist
from sklearn.utils import check_random_state
from torch import Tensor


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
    """Make a generator from a scikit-learn `random_state`; an int gives the same one each time.

    None is fresh entropy of the system: numpy's global state is neither read nor moved on.
    """
    if random_state is None:
        seed = secrets.randbits(31)
    else:
        seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    return torch.Generator(device=device).manual_seed(seed)


def rank_and_size() -> tuple[int, int]:
    """Return the number of the process and how many there are; (0, 1) outside a group."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over the ranks, in one message."""
    reached = [(p, p.grad) for p in parameters if p.grad is not None]
    flat = mean_over_ranks(torch.cat([grad.flatten() for _, grad in reached]))
    pieces = flat.split([grad.numel() for _, grad in reached])
    for (parameter, _), piece in zip(reached, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)


def mean_over_ranks(value: Tensor) -> Tensor:
    """Return the mean of `value` over the ranks, the same on each; `value` itself on one."""
    n_ranks = rank_and_size()[1]
    if n_ranks == 1:
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / n_ranks


def start_alike(network: torch.nn.Module, generator: torch.Generator) -> None:
    """Give every rank the weights and the generator of rank 0."""
    if rank_and_size()[1] == 1:
        return
    for tensor in network.state_dict().values():
        dist.broadcast(tensor, src=0)
    states = [generator.get_state()]
    dist.broadcast_object_list(states, src=0)
    generator.set_state(states[0])
