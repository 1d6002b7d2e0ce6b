"""Trainer: epochs, averages, early stopping, checkpoints."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Sized
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import torch
from sklearn.base import BaseEstimator
from torch import Tensor
from tqdm.auto import tqdm

from sktsgen.exceptions import NonFiniteLossError, TrainingInterruptedWarning
from sktsgen.nn import Network, TrainingStep
from sktsgen.persistence import register
from sktsgen.training._runtime import average_gradients, rank_and_size
from sktsgen.training._state import CheckpointStore, TrainState, copy_weights

logger = logging.getLogger("sktsgen")


class TrainingData(Sized, Protocol):
    """A number of items and a way to gather some of them into a batch."""

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
        `n_iter_no_change` epochs; the best average is kept in any case where there is a
        validation part.
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


@register
class Trainer(BaseEstimator):
    """Run the optimisation of a network: how the machine does it.

    Parameters
    ----------
    steps_per_epoch : int, default=100
        Optimiser steps between two looks at the validation part. Windows of a long series
        overlap, so a pass over all of them is no natural unit; this one costs the same on any
        data.
    precision : {"fp32", "bf16"}, default="fp32"
        Arithmetic of the forward pass; bf16 pays off on a GPU only.
    compile : bool, default=False
        Whether to run the loss through ``torch.compile``.
    checkpoint_dir : path-like or None, default=None
        Folder for the state of a training, written after every epoch. A ``fit`` with the same
        parameters and data goes on from there and ends where a straight run would.
    """

    def __init__(
        self,
        *,
        steps_per_epoch: int = 100,
        precision: str = "fp32",
        compile: bool = False,
        checkpoint_dir: str | None = None,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.precision = precision
        self.compile = compile
        self.checkpoint_dir = checkpoint_dir

    def fit(
        self,
        network: Network,
        data: TrainingData,
        recipe: Recipe,
        *,
        generator: torch.Generator,
        validation: TrainingData | None = None,
        stage: str = "training",
        verbose: int = 0,
    ) -> TrainingHistory:
        """Minimise ``network.loss`` over `data`; the best weights are left in `network`.

        Raises
        ------
        NonFiniteLossError
            If the loss becomes infinite or NaN.
        ValueError
            If a checkpoint of other parameters or data is in the way.
        """
        run = _Run(self, network, data, recipe, generator, validation, stage)
        with tqdm(
            total=recipe.max_epochs, initial=run.state.epoch, desc=stage, disable=not verbose
        ) as bar:
            try:
                while not run.state.is_done:
                    run.epoch()
                    bar.set_postfix(run.latest(), refresh=False)
                    bar.update()
            except KeyboardInterrupt:
                run.interrupted()
        return run.finish()


class _Run:
    """One training: its network, optimiser and state."""

    def __init__(
        self,
        trainer: Trainer,
        network: Network,
        data: TrainingData,
        recipe: Recipe,
        generator: torch.Generator,
        validation: TrainingData | None,
        stage: str,
    ) -> None:
        self.trainer, self.network, self.data, self.recipe = trainer, network, data, recipe
        self.generator, self.stage = generator, stage
        self.validation = validation if validation is not None and len(validation) else None
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.device = self.parameters[0].device
        self.loss = torch.compile(network.loss) if trainer.compile else network.loss
        self.n_steps = recipe.max_epochs * trainer.steps_per_epoch
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=recipe.learning_rate,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.average = copy_weights(network)
        identity = self._identity()
        folder = trainer.checkpoint_dir
        self.store = None if folder is None else CheckpointStore(folder, stage)
        self.state = TrainState(identity, is_done=recipe.max_epochs == 0)
        resumed = None if self.store is None else self.store.load(identity)
        if resumed is not None:
            self._resume(resumed)

    def epoch(self) -> None:
        """A fixed number of optimiser steps, a look at the validation part, a checkpoint."""
        first = self.state.epoch * self.trainer.steps_per_epoch
        total = torch.zeros((), device=self.device)
        for step, indices in enumerate(self._batches(), start=first):
            total += self._step(step, indices)
        mean = float(total) / self.trainer.steps_per_epoch
        if not math.isfinite(mean):
            raise NonFiniteLossError(
                f"The loss of stage {self.stage!r} became {mean} in epoch {self.state.epoch + 1}; "
                f"lower learning_rate={self.recipe.learning_rate} or check the scale of X."
            )
        self.state.epoch += 1
        self.state.losses.append(mean)
        if self.validation is not None:
            self._validate()
        self.state.is_done = self._is_done()
        if self.store is not None and rank_and_size()[0] == 0:
            self._capture()
            self.store.save(self.state)

    def latest(self) -> dict[str, str]:
        """Newest losses, for the progress bar."""
        shown = {"loss": f"{self.state.losses[-1]:.4f}"}
        if self.state.validation_losses:
            shown["validation"] = f"{self.state.validation_losses[-1]:.4f}"
        return shown

    def interrupted(self) -> None:
        """Keep what there is after the user's interrupt; without a whole epoch there is nothing."""
        if not self.state.epoch:
            raise KeyboardInterrupt
        warnings.warn(
            f"Stage {self.stage!r} was interrupted after {self.state.epoch} of "
            f"{self.recipe.max_epochs} epochs; the best weights so far are kept.",
            TrainingInterruptedWarning,
            stacklevel=4,
        )

    def finish(self) -> TrainingHistory:
        """Leave the best weights in the network."""
        kept = self.state.best or self.average
        self.network.load_state_dict(kept)
        logger.info("stage %s: %d epochs", self.stage, self.state.epoch)
        best_epoch = self.state.best_epoch or self.state.epoch
        return TrainingHistory(self.state.losses, self.state.validation_losses, best_epoch)

    def _batches(self) -> Iterator[Tensor]:
        """Indices of an epoch's batches: items without replacement, then over again."""
        n_items, size = len(self.data), self.recipe.batch_size
        needed = self.trainer.steps_per_epoch * size
        order: list[Tensor] = []
        while sum(map(len, order)) < needed:
            order.append(torch.randperm(n_items, generator=self.generator, device=self.device))
        return iter(torch.cat(order)[:needed].split(size))

    def _step(self, step: int, indices: Tensor) -> Tensor:
        rank, n_ranks = rank_and_size()
        self._set_learning_rate(step)
        context = TrainingStep(self.generator, step / self.n_steps)
        with self._autocast():
            loss = self.loss(self.data.batch(indices[rank::n_ranks]), context)
        self.optimizer.zero_grad()
        loss.backward()
        if n_ranks > 1:
            average_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)
        self.optimizer.step()
        self._update_average(step)
        return loss.detach()

    def _set_learning_rate(self, step: int) -> None:
        warm_up = min(1.0, (step + 1) / self.recipe.warm_up_steps)
        cosine = 0.505 + 0.495 * math.cos(math.pi * step / self.n_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * warm_up * cosine

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        # Early on the average follows closely, so that the random start is soon forgotten.
        decay = min(self.recipe.average_decay, (step + 1) / (step + 10))
        averaged, current = [], []
        for name, tensor in self.network.state_dict().items():
            if tensor.is_floating_point() and decay:
                averaged.append(self.average[name])
                current.append(tensor)
            else:
                self.average[name].copy_(tensor)
        if averaged:
            torch._foreach_lerp_(averaged, current, 1.0 - decay)

    @torch.no_grad()
    def _validate(self) -> None:
        trained = copy_weights(self.network)
        self.network.load_state_dict(self.average)
        loss = self._validation_loss()
        self.network.load_state_dict(trained)
        state = self.state
        state.validation_losses.append(loss)
        if loss < state.best_loss - self.recipe.tol:
            state.best_loss, state.best_epoch = loss, state.epoch
            state.best = {name: tensor.clone() for name, tensor in self.average.items()}

    def _validation_loss(self) -> float:
        assert self.validation is not None
        indices = torch.arange(len(self.validation), device=self.device)
        total = torch.zeros((), device=self.device)
        for part in indices.split(4 * self.recipe.batch_size):
            with self._autocast():
                total += len(part) * self.network.loss(self.validation.batch(part), None)
        return float(total) / len(indices)

    def _is_done(self) -> bool:
        state, recipe = self.state, self.recipe
        if state.epoch >= recipe.max_epochs:
            return True
        waited = state.epoch - state.best_epoch
        has_validation = bool(state.validation_losses)
        return recipe.early_stopping and has_validation and waited >= recipe.n_iter_no_change

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.trainer.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _identity(self) -> dict[str, Any]:
        # A fingerprint of weights and first batch tells other data and other seeds apart.
        weights = sum(float(p.detach().double().sum()) for p in self.parameters)
        return {
            "stage": self.stage,
            "sizes": str(self.network.config),
            "recipe": str(asdict(self.recipe)),
            "steps_per_epoch": self.trainer.steps_per_epoch,
            "n_windows": len(self.data),
            "initial_weights": weights,
            "data": fingerprint(self.data),
        }

    def _capture(self) -> None:
        self.state.network = copy_weights(self.network)
        self.state.average = self.average
        self.state.optimizer = self.optimizer.state_dict()
        self.state.generator = self.generator.get_state()

    def _resume(self, state: TrainState) -> None:
        self.state = state
        self.network.load_state_dict(state.network)
        self.average = {name: t.to(self.device) for name, t in state.average.items()}
        self.optimizer.load_state_dict(state.optimizer)
        self.generator.set_state(state.generator)


def fingerprint(data: TrainingData) -> float:
    """Sum over some windows of the data: differs where the data differ."""
    indices = torch.linspace(0, len(data) - 1, min(len(data), 64)).long()
    total = 0.0
    pending = [data.batch(indices)]
    while pending:
        item = pending.pop()
        if isinstance(item, Tensor):
            total += float(item.double().sum())
        elif isinstance(item, tuple):
            pending.extend(item)
    return total

