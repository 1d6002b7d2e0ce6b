"""Trainer: epochs, averages, early stopping, checkpoints."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from numbers import Integral
from typing import Any, ClassVar

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from sktsgen._sklearn_compat import Interval, StrOptions
from sktsgen.exceptions import (
    NonFiniteLossError,
    OutOfMemoryError,
    TrainingInterruptedWarning,
)
from sktsgen.nn import Network, TrainingStep
from sktsgen.persistence import register
from sktsgen.training._ranks import (
    SharedNoise,
    average_gradients,
    from_rank_zero,
    is_in_group,
    join_ranks,
    mean_over_ranks,
    of_all_ranks,
    progress_bar,
    rank_and_size,
    share_of_mean,
    start_alike,
)
from sktsgen.training._recipe import Recipe, TrainingData, TrainingHistory
from sktsgen.training._runtime import keep_freed_memory
from sktsgen.training._state import CheckpointStore, TrainState, copy_weights, identity_of

logger = logging.getLogger("sktsgen")


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
        parameters and data goes on from there and ends where a straight run would, if its
        `random_state` is an int: without one each fit begins with other weights.

    Notes
    -----
    Started by ``torchrun --nproc-per-node=2 script.py``, or wherever a process group of
    `torch.distributed` is up, the ranks share each batch and take the same steps, with the noise
    that one process would draw; rank 0 alone reads and writes checkpoints. Every rank calls
    ``fit`` with the same data and ends with the same weights.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "steps_per_epoch": [Interval(Integral, 1, None, closed="left")],
        "precision": [StrOptions({"fp32", "bf16"})],
        "compile": ["boolean"],
        "checkpoint_dir": [str, os.PathLike, None],
    }

    _cut_stage: str | None = None

    def __init__(
        self,
        *,
        steps_per_epoch: int = 100,
        precision: str = "fp32",
        compile: bool = False,
        checkpoint_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.precision = precision
        self.compile = compile
        self.checkpoint_dir = checkpoint_dir

    def _keeps_checkpoints_of(self, stage: str) -> bool:
        """Whether to write and read them: not after a stage that was cut short and is to go on.

        What is trained on it now will be trained on something else then.
        """
        if stage == self._cut_stage:
            self._cut_stage = None
        return self.checkpoint_dir is not None and self._cut_stage is None

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

        Parameters
        ----------
        network : Network
            What to train, in place, on the device it is on.
        data : TrainingData
            Items to train on, at least one.
        recipe : Recipe
            Epochs, batches, learning rate and the like.
        generator : torch.Generator
            Source of shuffling and noise, on the device of `network`.
        validation : TrainingData or None, default=None
            Items to judge by after every epoch; None or no items keeps the last average.
        stage : str, default="training"
            Name in messages, on the progress bar and of the checkpoint.
        verbose : int, default=0
            1 shows a progress bar.

        Returns
        -------
        history : TrainingHistory
            Losses per epoch, and the epoch whose weights were kept.

        Raises
        ------
        NonFiniteLossError
            If the loss becomes infinite or NaN.
        OSError
            If the folder of the checkpoints cannot be written.
        OutOfMemoryError
            If a batch does not fit into the memory of the device.
        RankLostError
            If another process of this training has ended.
        ValueError
            If a parameter is out of range, or a checkpoint of other parameters or data is in the
            way.
        """
        self._validate_params()
        join_ranks(next(network.parameters()).device)
        keep_freed_memory()
        run = _Run(self, network, data, recipe, generator, validation, stage)
        with progress_bar(recipe.max_epochs, stage, verbose, done=run.state.epoch) as bar:
            try:
                while not run.state.is_done:
                    run.epoch()
                    bar.set_postfix(run.latest(), refresh=False)
                    bar.update()
            except KeyboardInterrupt:
                # There is nothing to keep, or other ranks that would wait for this one.
                if not run.state.epoch or rank_and_size()[1] > 1:
                    raise
                self._cut_stage = stage
                run.warn_interrupted()
            except torch.OutOfMemoryError as error:
                raise run.out_of_memory() from error
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
        # What is learnt from the statistics of a batch needs all of it: every rank does the same.
        is_whole = getattr(network, "learns_from_whole_batch", False)
        self.is_shared = is_in_group() and not is_whole
        self.rank, self.n_ranks = rank_and_size() if self.is_shared else (0, 1)
        self._check_sizes()
        start_alike(network, generator)
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=recipe.learning_rate,
            betas=recipe.betas,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.average = copy_weights(network)
        self.store: CheckpointStore | None = None
        self.state = TrainState({}, is_done=recipe.max_epochs == 0)
        if trainer._keeps_checkpoints_of(stage):
            parts = data, self.validation
            known = {**asdict(recipe), **trainer.get_params(), "device": self.device.type}
            self.state.identity = identity_of(network, parts, known)
            resumed = from_rank_zero(self._read_checkpoint)
            if resumed is not None:
                self._resume(resumed)

    def epoch(self) -> None:
        """Take the steps of one epoch, look at the validation part, write a checkpoint."""
        first = self.state.epoch * self.trainer.steps_per_epoch
        total = torch.zeros((), device=self.device)
        for step, indices in enumerate(self._batches(), start=first):
            total += self._step(step, indices)
        mean = float(mean_over_ranks(total)) / self.trainer.steps_per_epoch
        self._check_finite("loss", mean)
        self.state.epoch += 1
        self.state.losses.append(mean)
        if self.validation is not None:
            self._validate()
        self.state.is_done = self._is_done()
        if self.store is not None:
            self._capture()
            self.store.save(self.state)

    def latest(self) -> dict[str, str]:
        """Newest losses, for the progress bar."""
        shown = {"loss": f"{self.state.losses[-1]:.4f}"}
        if self.state.validation_losses:
            shown["validation"] = f"{self.state.validation_losses[-1]:.4f}"
        return shown

    def warn_interrupted(self) -> None:
        """Tell how far the training came before the user's interrupt."""
        warnings.warn(
            f"Stage {self.stage!r} was interrupted after {self.state.epoch} of "
            f"{self.recipe.max_epochs} epochs; the best weights so far are kept.",
            TrainingInterruptedWarning,
            stacklevel=4,
        )

    def out_of_memory(self) -> OutOfMemoryError:
        """Tell what to lower where a batch does not fit."""
        size = self.recipe.batch_size
        return OutOfMemoryError(
            f"A batch of {size // self.n_ranks} items of stage {self.stage!r} does not fit into "
            f"the memory of {self.device}; lower batch_size, for example to a half of what it is, "
            f"or window_length."
        )

    def finish(self) -> TrainingHistory:
        """Leave the best weights in the network."""
        kept = self.state.best or self.average
        self.network.load_state_dict(kept)
        logger.info("stage %s: %d epochs", self.stage, self.state.epoch)
        best_epoch = self.state.best_epoch or self.state.epoch
        return TrainingHistory(self.state.losses, self.state.validation_losses, best_epoch)

    def _batches(self) -> Iterator[Tensor]:
        """Shuffle the items of an epoch: without replacement, then over again."""
        n_items, size = len(self.data), self.recipe.batch_size
        needed = self.trainer.steps_per_epoch * size
        order = [
            torch.randperm(n_items, generator=self.generator, device=self.device)
            for _ in range(-(-needed // n_items))
        ]
        return iter(torch.cat(order)[:needed].split(size))

    def _step(self, step: int, indices: Tensor) -> Tensor:
        self._set_learning_rate(step)
        context = TrainingStep(self.generator, step / self.n_steps)
        if self.is_shared:
            context = context._replace(whole=of_all_ranks)
        share = indices[self.rank :: self.n_ranks]
        with self._autocast(), self._noise(len(share)):
            loss = share_of_mean(self.loss(self.data.batch(share), context))
        self.optimizer.zero_grad()
        loss.backward()
        if self.is_shared:
            average_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.recipe.clip_norm)
        self.optimizer.step()
        self._update_average(step)
        return loss.detach()

    def _set_learning_rate(self, step: int) -> None:
        warm_up = min(1.0, (step + 1) / max(1, self.recipe.warm_up_steps))
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
        self._check_finite("validation loss", loss)
        state = self.state
        state.validation_losses.append(loss)
        if loss < state.best_loss:
            state.best_loss, state.best_epoch = loss, state.epoch
            state.best = {name: tensor.clone() for name, tensor in self.average.items()}

    def _validation_loss(self) -> float:
        assert self.validation is not None
        indices = torch.arange(len(self.validation), device=self.device)
        total = torch.zeros((), device=self.device)
        for part in indices.split(4 * self.recipe.batch_size):
            with self._autocast():
                total += len(part) * self.network.loss(self.validation.batch(part), None).mean()
        return float(mean_over_ranks(total)) / len(indices)

    def _is_done(self) -> bool:
        state, recipe = self.state, self.recipe
        if state.epoch >= recipe.max_epochs:
            return True
        waited = epochs_waited(state.validation_losses, recipe.tol)
        return recipe.early_stopping and waited >= recipe.n_iter_no_change

    def _check_sizes(self) -> None:
        if not len(self.data):
            raise ValueError(f"The data of stage {self.stage!r} has no items; give at least one.")
        if self.recipe.batch_size % self.n_ranks:
            raise ValueError(
                f"batch_size={self.recipe.batch_size} cannot be shared evenly among "
                f"{self.n_ranks} ranks; choose a multiple of {self.n_ranks}."
            )

    def _check_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise NonFiniteLossError(
                f"The {name} of stage {self.stage!r} became {value} after {self.state.epoch} whole "
                f"epochs; lower learning_rate={self.recipe.learning_rate} or check the scale of X."
            )

    def _noise(self, n_items: int) -> AbstractContextManager[Any]:
        shared = SharedNoise(self.rank, self.n_ranks, n_items)
        return shared if self.is_shared else nullcontext()

    def _autocast(self) -> AbstractContextManager[Any]:
        is_half = self.trainer.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_half)

    def _read_checkpoint(self) -> TrainState | None:
        """Open the store, on one rank alone, and read what is in it."""
        assert self.trainer.checkpoint_dir is not None
        self.store = CheckpointStore(self.trainer.checkpoint_dir, self.stage)
        return self.store.load(self.state.identity)

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


def epochs_waited(losses: list[float], tol: float) -> int:
    """Count the epochs since `losses` last fell by more than `tol`."""
    lowest, waited = math.inf, 0
    for loss in losses:
        waited += 1
        if loss < lowest - tol:
            lowest, waited = loss, 0
    return waited
