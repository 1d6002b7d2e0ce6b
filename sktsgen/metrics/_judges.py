"""Classifiers that learn to tell generated windows from real ones."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn import functional as F

from sktsgen.metrics._encoder import Block, uniform
from sktsgen.metrics._recurrent import RecurrentReader

PER_SIDE = 128  # windows of each side in a batch
MAX_PAIRED = 32  # channels whose correlations inside a window are looked at

Sides = tuple[Tensor, ...]  # real and generated windows, (window, time, feature)


class Judge(Protocol):
    """What `discriminative_score` asks of a judge."""

    def verdicts(self, train: Sides, test: Sides, generator: torch.Generator) -> list[Tensor]:
        """Learn from `train` and tell of each window of `test` whether it looks real."""


class RecurrentJudge(NamedTuple):
    """A recurrent network, trained for a fixed time; None for a width of half the channels."""

    hidden_size: int | None
    n_layers: int
    n_iterations: int
    learning_rate: float

    def verdicts(self, train: Sides, test: Sides, generator: torch.Generator) -> list[Tensor]:
        """Learn from `train` and tell of each window of `test` whether it looks real."""
        network = self.build(train[0].shape[-1], generator)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)
        for _ in range(self.n_iterations):
            loss = batch_loss(network.last, train, generator)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.inference_mode():
            return [network.last(side) > 0 for side in test]

    def build(self, n_channels: int, generator: torch.Generator) -> RecurrentReader:
        """Return a network with fresh weights."""
        width = self.hidden_size or max(1, n_channels // 2)
        return RecurrentReader(n_channels, width, self.n_layers, generator=generator)


class ConvolutionalJudge(NamedTuple):
    """Dilated convolutions, stopped where a part of the training windows is judged best."""

    width: int
    max_iterations: int
    learning_rate: float
    look_every: int = 25  # iterations
    patience: int = 8  # looks without a better one

    def verdicts(self, train: Sides, test: Sides, generator: torch.Generator) -> list[Tensor]:
        """Learn from `train` and tell of each window of `test` whether it looks real."""
        train, held_out = zip(*(split(side, generator) for side in train), strict=True)
        network = ConvolutionalReader(
            train[0].shape[1], train[0].shape[2], self.width, generator=generator
        )
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, fused=True)
        best, best_loss, since_best = network.state_dict(), np.inf, 0
        for iteration in range(1, self.max_iterations + 1):
            loss = batch_loss(network, train, generator)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if iteration % self.look_every:
                continue
            seen = _held_out_loss(network, held_out)
            since_best += 1
            if seen < best_loss:
                best_loss, since_best = seen, 0
                best = {name: value.clone() for name, value in network.state_dict().items()}
            if since_best == self.patience:
                break
        network.load_state_dict(best)
        with torch.inference_mode():
            return [network(side) > 0 for side in test]


class ConvolutionalReader(nn.Module):
    """Residual dilated convolutions and one number read off their mean and maximum over time."""

    def __init__(
        self, n_timesteps: int, n_channels: int, width: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        depth = max(2, min(6, n_timesteps.bit_length() - 2))
        widths = [n_channels] + [width] * depth
        self.blocks = nn.Sequential(
            *(Block(widths[i], widths[i + 1], 2**i, generator) for i in range(depth))
        )
        self.weight = uniform((2 * width, 1), (2 * width) ** -0.5, generator)
        self.bias = uniform((1,), (2 * width) ** -0.5, generator)

    def forward(self, windows: Tensor) -> Tensor:
        """Read windows: (batch, time, channel) to (batch,)."""
        states = self.blocks(windows)
        pooled = torch.cat((states.mean(1), states.amax(1)), dim=-1)
        return (pooled @ self.weight + self.bias).squeeze(-1)


def _held_out_loss(network: nn.Module, sides: Sides) -> float:
    with torch.inference_mode():
        losses = [
            F.binary_cross_entropy_with_logits(
                network(side), torch.full((len(side),), float(is_real))
            )
            for side, is_real in zip(sides, (True, False), strict=True)
        ]
    return float(torch.stack(losses).mean())


class BoostingJudge(NamedTuple):
    """Boosted trees on statistics of each window; scikit-learn's, stopped early.

    Of up to ten training windows none is kept back to stop by: a tenth of them is one window, and
    both sides are to be among what is kept back.
    """

    max_iterations: int

    def verdicts(self, train: Sides, test: Sides, generator: torch.Generator) -> list[Tensor]:
        """Learn from `train` and tell of each window of `test` whether it looks real."""
        seed = int(torch.randint(2**31 - 1, (), generator=generator))
        sizes = [len(side) for side in train]
        trees = HistGradientBoostingClassifier(
            max_iter=self.max_iterations,
            early_stopping=sum(sizes) > 10 and min(sizes) > 1,
            random_state=seed,
        )
        seen = np.concatenate([window_statistics(side.double().numpy()) for side in train])
        trees.fit(seen, np.repeat([1, 0], sizes))
        return [
            torch.from_numpy(trees.predict(window_statistics(side.double().numpy())) == 1)
            for side in test
        ]


def window_statistics(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summarise each window: levels, spread, roughness, memory and correlations.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_timesteps, n_channels)
        Windows of at least one step.

    Returns
    -------
    statistics : ndarray of shape (n_windows, n_statistics)
        Finite; what a window of one step has none of is 0.
    """
    steps = np.diff(windows, axis=1) if windows.shape[1] > 1 else np.zeros_like(windows)
    deviations = windows - windows.mean(1, keepdims=True)
    parts = [
        windows[:, 0],
        windows[:, -1],
        windows.mean(1),
        windows.std(1),
        *np.quantile(windows, (0, 0.25, 0.5, 0.75, 1), axis=1),
        np.abs(steps).mean(1),
        steps.std(1),
        np.abs(steps).max(1),
        (steps == 0).mean(1),
        _inner(deviations[:, 1:], deviations[:, :-1]) / _nonzero(_inner(deviations, deviations)),
        _pair_correlations(deviations[..., :MAX_PAIRED]),
    ]
    return np.concatenate(parts, axis=1)


def _pair_correlations(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate the channels inside each window, each pair once."""
    scales = np.sqrt(_inner(deviations, deviations))
    unit = deviations / _nonzero(scales)[:, None]
    rows, columns = np.tril_indices(deviations.shape[2], -1)
    return np.einsum("ntc,ntd->ncd", unit, unit, optimize=True)[:, rows, columns]


def _inner(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("ntc,ntc->nc", a, b)


def _nonzero(scales: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(scales > 0, scales, 1.0)


def batch_loss(
    read: Callable[[Tensor], Tensor], sides: Sides, generator: torch.Generator
) -> Tensor:
    """Return the cross-entropy of one batch of both sides."""
    sizes = [min(PER_SIDE, len(side)) for side in sides]
    labels = torch.cat([torch.ones(sizes[0]), torch.zeros(sizes[1])])
    batch = torch.cat([draw(side, n, generator) for side, n in zip(sides, sizes, strict=True)])
    return F.binary_cross_entropy_with_logits(read(batch), labels)


def draw(side: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draw `n` different rows."""
    return side[torch.randperm(len(side), generator=generator)[:n]]


def split(side: Tensor, generator: torch.Generator, fraction: float = 0.2) -> tuple[Tensor, Tensor]:
    """Split rows at random; the second part has `fraction` of them, one at least."""
    order = torch.randperm(len(side), generator=generator)
    n_second = max(1, round(fraction * len(side)))
    return side[order[n_second:]], side[order[:n_second]]


JUDGES: dict[str, Judge] = {
    "gru-small": RecurrentJudge(None, 1, 2000, 1e-3),
    "gru-strong": RecurrentJudge(32, 2, 800, 2e-3),
    "conv": ConvolutionalJudge(32, 1200, 2e-3),
    "boosting": BoostingJudge(200),
}
