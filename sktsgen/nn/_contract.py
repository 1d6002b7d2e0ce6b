"""What the training loop and the files know of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from sktsgen.nn._loss import Loss

NetworkType = TypeVar("NetworkType", bound="Network")


def _all_there_is(rows: Tensor) -> Tensor:
    return rows


class TrainingStep(NamedTuple):
    """Where training stands when a loss is computed.

    Attributes
    ----------
    generator : torch.Generator
        Source of all noise: dropout, corruption, revived codes.
    progress : float
        Share of the planned training that is done, from 0 to 1.
    whole : callable
        Takes something of every item that a loss is given, gives that of every item of the whole
        batch, in its order: more where ranks share it. No gradient goes through.
    """

    generator: torch.Generator
    progress: float
    whole: Callable[[Tensor], Tensor] = _all_there_is


class Network(nn.Module):
    """A network that can be built again from its plain `config` and its arrays.

    Subclasses take their sizes by keyword plus ``generator``, set ``self.config`` to the former,
    and define ``loss(batch, step)``; without a step the loss is evaluated, not trained.
    """

    registry: ClassVar[dict[str, type[Network]]] = {}
    # Whether a step needs the whole batch, as statistics kept in buffers do; then every rank
    # works on all of it.
    learns_from_whole_batch: ClassVar[bool] = False
    # What of `config` is settled after training, and so no difference of sizes.
    settled_after_training: ClassVar[frozenset[str]] = frozenset()
    config: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Network.registry[cls.__name__] = cls

    def loss(self, batch: Any, step: TrainingStep | None = None) -> Loss:
        """Sum up the errors of a batch, and the weights that they are to be divided by."""
        raise NotImplementedError

    def to_plain(self) -> dict[str, Any]:
        """Class name, sizes and numpy arrays: all that is needed to build the network again."""
        arrays = {name: t.numpy(force=True).copy() for name, t in self.state_dict().items()}
        return {"__module__": type(self).__name__, "config": dict(self.config), "arrays": arrays}

    @staticmethod
    def from_plain(plain: dict[str, Any]) -> Network:
        """Inverse of `to_plain`; the network is built on the CPU."""
        cls = Network.registry[plain["__module__"]]
        network = cls(**plain["config"], generator=torch.Generator().manual_seed(0))
        arrays = {name: torch.tensor(array) for name, array in plain["arrays"].items()}
        network.load_state_dict(arrays)
        return network

    def frozen(self: NetworkType) -> NetworkType:
        """Return the network itself, without gradients."""
        return self.requires_grad_(False).eval()
