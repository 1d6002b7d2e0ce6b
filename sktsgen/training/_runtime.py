"""Devices, seeds and memory."""

from __future__ import annotations

import os
import secrets

import numpy as np
import torch
from sklearn.utils import check_random_state

# Just below the largest block, 32 MiB, by which glibc lets itself be told what to keep.
_LARGEST_KEPT = 30 * 2**20


def keep_freed_memory() -> None:
    """Have the C library keep what training frees for the next step, as far as it would anyway.

    A block that is freed raises the size up to which glibc keeps blocks, 128 KiB at first. Until a
    large one has been, the memory of each step goes back to the system and is cleared anew for the
    next, which takes time on a CPU. This one is never written to.
    """
    torch.empty(_LARGEST_KEPT, dtype=torch.uint8)


def resolve_device(device: str) -> torch.device:
    """Turn a `device` parameter into a device that is there.

    Parameters
    ----------
    device : str
        ``"auto"`` (cuda, else cpu) or a torch device such as ``"cpu"`` or ``"cuda:1"``. Of several
        processes that ``torchrun`` started on a machine, each gets a cuda of its own where no
        number is named; with fewer GPUs than processes, they share them.

    Raises
    ------
    ValueError
        If the device is unknown or not there.
    """
    own = os.environ.get("LOCAL_RANK")  # set by torchrun
    if device in ("auto", "cuda") and torch.cuda.is_available():
        n_gpus = torch.cuda.device_count()
        return torch.device("cuda" if own is None else f"cuda:{int(own) % n_gpus}")
    if device == "auto":  # not mps, which has no float64, as statistics of the data are taken in
        return torch.device("cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} is not available here; use 'auto', 'cpu', or the name of an "
            f"accelerator this machine has."
        ) from error
    if own is not None and resolved.type == "cuda":
        _refuse_another_gpu(resolved, int(own))
    return resolved


def _refuse_another_gpu(device: torch.device, own: int) -> None:
    """Refuse the one GPU that a script names for all its ranks, where each can have its own."""
    if has_gpu_for_each_rank() and device.index != own:
        raise ValueError(
            f"device={str(device)!r} was asked for by rank {own} of this machine, which has a GPU "
            f"for each; give 'cuda' or 'auto', and every rank takes its own."
        )


def has_gpu_for_each_rank() -> bool:
    """Tell whether the ranks that ``torchrun`` started on this machine can have a GPU each."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) <= torch.cuda.device_count()


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
