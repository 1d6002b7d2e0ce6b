"""All that is needed to go on with a training, and where it is kept."""

from __future__ import annotations

import hashlib
import io
import logging
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sktsgen.nn import Network
from sktsgen.training._recipe import TrainingData

_NO_MATTER = ("checkpoint_dir", "compile")

logger = logging.getLogger("sktsgen")


@dataclass
class TrainState:
    """Position of a training after a whole number of epochs.

    Attributes
    ----------
    identity : dict of str to str
        What was trained on what; a checkpoint of another identity is refused.
    epoch : int
        Epochs done.
    network, average, best : dict of str to Tensor
        Current weights, their moving average, and the average with the lowest validation loss.
    optimizer : dict
        State of the optimiser.
    generator : Tensor
        State of the random generator.
    best_loss : float
        Validation loss of `best`.
    best_epoch : int
        When `best` was reached, 0 for never.
    losses, validation_losses : list of float
        One entry per epoch.
    is_done : bool
        Whether the training has come to its end.
    """

    identity: dict[str, str]
    epoch: int = 0
    network: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    generator: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.uint8))
    best_loss: float = math.inf
    best_epoch: int = 0
    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    is_done: bool = False


class CheckpointStore:
    """One training's checkpoint in a folder: the newest state and the one before it.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.
    name : str
        Name of the stage, part of the file names.

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str], name: str) -> None:
        self.path = Path(folder) / f"{name}.checkpoint"
        self.former = self.path.with_suffix(".former")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            probe = self.path.with_suffix(".probe")
            probe.touch()
            probe.unlink(missing_ok=True)  # another rank may have been faster
        except OSError as error:
            raise OSError(
                f"checkpoint_dir={str(folder)!r} cannot be written ({error.strerror}); "
                f"give a folder you may write to, or None for no checkpoints."
            ) from error

    def save(self, state: TrainState) -> None:
        """Write `state` beside the newest file, then move both names on."""
        temporary = self.path.with_suffix(".partial")
        try:
            with temporary.open("wb") as file:
                torch.save(vars(state), file)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                os.replace(self.path, self.former)
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def load(self, identity: dict[str, str]) -> TrainState | None:
        """Return the newest whole state, or None where there is none.

        Raises
        ------
        ValueError
            If the checkpoint belongs to other parameters or data; the message names them.
        """
        for path in (self.path, self.former):
            if not path.exists():
                continue
            content = io.BytesIO(path.read_bytes())
            try:
                state = TrainState(**torch.load(content, map_location="cpu", weights_only=True))
            except Exception:  # torch has no one error for a file cut short by a crash
                logger.warning("checkpoint %s is damaged and is not used", path)
                continue
            self._check(state, identity)
            return state
        return None

    def _check(self, state: TrainState, identity: dict[str, str]) -> None:
        names = sorted(state.identity.keys() | identity.keys())
        differences = [
            f"{name} was {state.identity.get(name)} and is {identity.get(name)}"
            for name in names
            if state.identity.get(name) != identity.get(name)
        ]
        if differences:
            raise ValueError(
                f"The checkpoint {self.path.name!r} belongs to another training: "
                f"{'; '.join(differences)}. Use the same parameters and data, with an int as "
                f"random_state, or an empty checkpoint_dir."
            )


def identity_of(
    network: Network, parts: tuple[TrainingData, TrainingData | None], known: dict[str, Any]
) -> dict[str, str]:
    """Say what is trained on what: a training is resumed only where all of it is the same.

    Parameters
    ----------
    network : Network
        Before its first step.
    parts : (TrainingData, TrainingData or None)
        What is trained on, and what is held out.
    known : dict of str to object
        How it is trained; where the checkpoint is kept is left out, and whether it is compiled.

    Returns
    -------
    identity : dict of str to str
        Of weights and data fingerprints, which tell other seeds and other data apart.
    """
    names = ("data", "held-out data")
    contents = {
        name: () if part is None else part.content()
        for name, part in zip(names, parts, strict=True)
    }
    whole = {
        **{f"network.{name}": value for name, value in network.config.items()},
        **{name: value for name, value in known.items() if name not in _NO_MATTER},
        "n_windows": len(parts[0]),
        "initial weights": fingerprint(network.state_dict().values()),
        **{name: fingerprint(content) for name, content in contents.items()},
    }
    return {name: str(value) for name, value in whole.items()}


def copy_weights(module: torch.nn.Module) -> dict[str, Tensor]:
    """Copy weights and buffers."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """Give a checksum of the values of tensors, which their order changes too."""
    digest = hashlib.blake2b(digest_size=6)
    for tensor in tensors:
        digest.update(np.ascontiguousarray(tensor.numpy(force=True)).data)
    return digest.hexdigest()
