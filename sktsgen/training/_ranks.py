"""Several processes that train one network, as one process would."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.overrides import TorchFunctionMode
from tqdm.auto import tqdm

from sktsgen.exceptions import RankLostError
from sktsgen.nn import Loss
from sktsgen.training._runtime import has_gpu_for_each_rank, make_generator

Result = TypeVar("Result")


def is_in_group() -> bool:
    """Tell whether this process is one of a group, be it of one."""
    return dist.is_available() and dist.is_initialized()


def rank_and_size() -> tuple[int, int]:
    """Return the number of the process and how many there are; (0, 1) outside a group."""
    return (dist.get_rank(), dist.get_world_size()) if is_in_group() else (0, 1)


def join_ranks(device: torch.device) -> None:
    """Let processes that ``torchrun`` started find each other, unless they have already."""
    if not dist.is_available() or is_in_group() or not dist.is_torchelastic_launched():
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)  # objects are sent by way of the current one
    dist.init_process_group(backend_of(device))
    atexit.register(_leave)


def backend_of(device: torch.device) -> str:
    """Name what ranks on such devices talk by.

    `nccl` wants a GPU for each rank; `gloo` goes by the memory of the host, so that ranks can share
    one.
    """
    has_own = device.type == "cuda" and has_gpu_for_each_rank()
    return "nccl" if has_own else "gloo"


def _leave() -> None:
    if is_in_group():
        dist.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    """Say in our words that another rank is gone."""
    rank, n_ranks = rank_and_size()
    try:
        yield
    except RuntimeError as error:  # what every backend raises
        raise RankLostError(
            f"Rank {rank} of {n_ranks} could not speak to the others; one of them ended, or cannot "
            f"be reached: {error} Look at what that rank printed and start the job again; with "
            f"Trainer(checkpoint_dir=...) it goes on from the last whole epoch."
        ) from error


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over the ranks, in one message."""
    reached = [(p, p.grad) for p in parameters if p.grad is not None]
    flat = mean_over_ranks(torch.cat([grad.flatten() for _, grad in reached]))
    pieces = flat.split([grad.numel() for _, grad in reached])
    for (parameter, _), piece in zip(reached, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)


def mean_over_ranks(value: Tensor) -> Tensor:
    """Return the mean of `value` over the ranks, the same on each; `value` itself without any."""
    if not is_in_group():
        return value
    total = value.clone()
    with _together():
        dist.all_reduce(total)
    return total / dist.get_world_size()


def share_of_mean(loss: Loss) -> Tensor:
    """Return what has the mean of the whole batch as its mean over the ranks."""
    return Loss(loss.totals, mean_over_ranks(loss.weights)).mean()


def of_all_ranks(share: Tensor) -> Tensor:
    """Put what every rank has of a batch together, in the order of the batch."""
    parts = [torch.empty_like(share) for _ in range(rank_and_size()[1])]
    with _together():
        dist.all_gather(parts, share.contiguous())
    return torch.stack(parts, dim=1).flatten(0, 1)


def start_alike(network: torch.nn.Module, generator: torch.Generator) -> None:
    """Give every rank the weights and the generator of rank 0."""
    if not is_in_group():
        return
    with _together():
        for tensor in network.state_dict().values():
            dist.broadcast(tensor, src=0)
    generator.set_state(from_rank_zero(generator.get_state))


def from_rank_zero(read: Callable[[], Result]) -> Result:
    """Return on every rank what `read` returns on rank 0, or raise there what it raises here."""
    if not is_in_group():
        return read()
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer[0] = read()
        except Exception as error:
            answer[1] = error
    with _together():
        dist.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    return answer[0]  # type: ignore[no-any-return]


def generator_of_ranks(random_state: Any, device: torch.device) -> torch.Generator:
    """Make the generator of a fit, on the processor: of all ranks that of rank 0.

    Parameters
    ----------
    random_state : int, RandomState or None
        As in scikit-learn; None is another seed each time, and so on each rank.
    device : torch.device
        Where the rank is going to train.
    """
    join_ranks(device)
    seed = from_rank_zero(lambda: make_generator(random_state).initial_seed())
    return torch.Generator().manual_seed(seed)


def progress_bar(total: int, name: str, verbose: int, *, done: int = 0) -> Any:
    """Make the bar of one stage of a fit, on one rank alone; silent unless asked.

    Parameters
    ----------
    total : int
        Epochs or draws of the stage.
    name : str
        What stands before the bar.
    verbose : int
        1 shows it.
    done : int, default=0
        Those that an earlier process has done.
    """
    is_quiet = not verbose or rank_and_size()[0] > 0
    return tqdm(total=total, initial=done, desc=name, disable=is_quiet)


class SharedNoise(TorchFunctionMode):
    """Noise of a rank's share of a batch: its rows of what one process would draw for all.

    Every rank draws for the whole batch, from generators in the same state, and takes the rows of
    its share; those of a permutation tell places in the whole batch. Noise whose first axis is no
    multiple of the share is one for all and left as it is.

    Parameters
    ----------
    rank, n_ranks : int
        The share is items `rank`, `rank` + `n_ranks`, and so on.
    n_items : int
        Items of the share.
    """

    def __init__(self, rank: int, n_ranks: int, n_items: int) -> None:
        super().__init__()
        self.rank, self.n_ranks, self.n_items = rank, n_ranks, n_items

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None or func not in _NOISE:
            return func(*args, **kwargs)
        if func in _FILLS:
            part, *bounds = args
            whole = func(part.new_empty(self._whole(part.shape)), *bounds, **kwargs)
            return part.copy_(self._share(whole, part.shape))
        if func is torch.randperm:
            return self._share(func(*self._whole(args), **kwargs), args)
        limits, shape = _split_shape(func, args)
        return self._share(func(*limits, self._whole(shape), **kwargs), shape)

    def _whole(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Give the shape of the noise of all ranks."""
        is_shared = bool(shape) and shape[0] % self.n_items == 0
        return (shape[0] * self.n_ranks, *shape[1:]) if is_shared else tuple(shape)

    def _share(self, whole: Tensor, shape: Sequence[int]) -> Tensor:
        if whole.shape == tuple(shape):
            return whole
        by_item: Tensor = whole.unflatten(0, (self.n_items * self.n_ranks, -1))
        return by_item[self.rank :: self.n_ranks].flatten(0, 1)


_FILLS = {Tensor.uniform_, Tensor.normal_, Tensor.bernoulli_, Tensor.exponential_}
_NOISE = {torch.rand, torch.randn, torch.randint, torch.randperm, *_FILLS}


def _split_shape(func: Any, args: tuple[Any, ...]) -> tuple[Sequence[int], Sequence[int]]:
    """Give the positional arguments before a shape, and the shape."""
    if func is torch.randint:
        return args[:-1], args[-1]
    return (), args if isinstance(args[0], int) else args[0]
