"""What the training loop is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor


class TrainingData(Sized, Protocol):
    """A number of items and a way to gather some of them into a batch."""

    def content(self) -> Iterator[Tensor]:
        """Everything that batches are made of, so that a checkpoint of other data is told apart."""

    def batch(self, indices: Tensor) -> Any:
        """Batch of the items at `indices`, as the network's ``loss`` takes it."""


@dataclass(frozen=True)
class Recipe:
    """How one network is optimised: what a paper reports.

    Attributes
    ----------
    max_epochs : int
        Epochs at most; an epoch is `Trainer.steps_per_epoch` optimiser steps.
    batch_size : int
        Items per optimiser step, over all ranks.
    learning_rate : float
        Peak of the schedule: linear warm-up, then a cosine to a hundredth.
    weight_decay, betas, clip_norm, warm_up_steps : float, pair of float, float, int
        As in AdamW; gradients are clipped to `clip_norm`.
    average_decay : float
        Decay per step of the moving average of the weights, 0 for none.
    early_stopping : bool
        Whether to stop once the validation loss has not improved by `tol` for
        `n_iter_no_change` epochs. The average with the lowest validation loss is kept in any
        case where there is a validation part.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float = 1.0
    warm_up_steps: int = 50
    average_decay: float = 0.995
    early_stopping: bool = True
    n_iter_no_change: int = 10
    tol: float = 1e-4


class TrainingHistory(NamedTuple):
    """Losses per epoch, and the epoch whose weights were kept."""

    losses: list[float]
    validation_losses: list[float]
    best_epoch: int
