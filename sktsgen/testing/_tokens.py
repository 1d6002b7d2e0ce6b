"""Hypothesis strategy of series that are made token by token."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from sktsgen.estimators import FactorizedARGenerator, MultiScaleARGenerator
from sktsgen.testing._pool import is_same
from sktsgen.testing._sizes import Size, sizes
from sktsgen.testing._source import Given

# How plain the codes of a book are, and everything that has an entry for each of them.
_ByCode = tuple[Tensor, tuple[Tensor, ...]]

_STEPS = 2**16
_MIDDLE = 0.5


def token_series(generator: Any, *, length: Size = (2, 16)) -> SearchStrategy[Any]:
    """Give a strategy of single series, each token of which Hypothesis chooses and shrinks.

    Parameters
    ----------
    generator : fitted FactorizedARGenerator or MultiScaleARGenerator, path-like or callable
        Or the file of a saved one, or a function without arguments that returns one.
    length : int, pair of int, or strategy of int, default=(2, 16)
        Time steps of an example: a number, the least and the most, or what a strategy gives.

    Returns
    -------
    strategy : SearchStrategy
        Of arrays of shape (length, n_channels), or frames with a plain time index where the
        generator was fitted to frames.

    Raises
    ------
    TypeError
        When the first example is drawn, if `generator` is none that draws tokens.
    ValueError
        If `length` is out of range.

    See Also
    --------
    time_series : Series out of a pool: 64 steps at an eighth of the cost of 2 to 16 here.

    Notes
    -----
    A token is drawn by the inverse of its cumulative distribution given the past, with the codes
    in the order of how far from the mean they stand; so 0, which Hypothesis shrinks to, is the
    plainest token. Of a window with several scales the coarsest tokens come first. What the tokens
    leave open is drawn too, or taken from the middle of its distribution in the plainest case.
    Each step runs the network once for one series, and an example may hold some 2,000 choices:
    keep series short, and set ``deadline=None``.

    Examples
    --------
    >>> from sktsgen.testing import token_series
    >>> series = token_series("building.sktsgen", length=(2, 12))
    """
    lengths = sizes("length", length)[0]
    given, made = Given(generator), _Copy()

    @st.composite
    def examples(draw: Any) -> Any:
        model = made.of(given.generator)
        n_steps, noise = draw(lengths), draw(st.integers(0, _STEPS - 1))
        label = None if model.classes_ is None else draw(st.sampled_from(list(model.classes_)))
        script = _Script(draw, noise, _tokens_per_step(model))
        model._draw_part = lambda given: _drawn(model, given, script)
        return _single(model.sample(1, length=n_steps, y=label, random_state=0))

    return examples()


class _Copy:
    """The copy of a generator that tokens are drawn from; a new `fit` makes it a new one."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.model: Any = None

    def of(self, generator: Any) -> Any:
        """Give the copy."""
        state = dict(vars(generator))
        if self.model is None or not is_same(self.state, state):
            self.state, self.model = state, _plainest_first(generator)
        return self.model


def _plainest_first(generator: Any) -> Any:
    """Copy a generator and number its codes by the size of what they stand for."""
    if not isinstance(generator, FactorizedARGenerator | MultiScaleARGenerator):
        raise TypeError(
            f"{type(generator).__name__} draws no tokens step by step; use `time_series`, or a "
            f"FactorizedARGenerator or MultiScaleARGenerator."
        )
    model = copy.deepcopy(generator).to_device("cpu")
    is_factorized = isinstance(model, FactorizedARGenerator)
    for sizes_of_codes, by_code in (_levels if is_factorized else _shared_codes)(model):
        order = sizes_of_codes.argsort(stable=True)
        for tensor in by_code:
            tensor.copy_(tensor[order])
    return model


def _levels(model: FactorizedARGenerator) -> Iterator[_ByCode]:
    """Codes of every depth."""
    tokenizer, prior = model.tokenizer_, model.prior_
    for depth, level in enumerate(tokenizer.quantizer.levels):
        of_book = (level.codebook, level.counts, level.sums, prior.codebooks[depth])
        of_prior = (prior.heads.out[depth], prior.heads.out_bias[depth])
        yield (level.codebook @ tokenizer.basis).square().sum(1), (*of_book, *of_prior)


def _shared_codes(model: MultiScaleARGenerator) -> Iterator[_ByCode]:
    """Codes that all scales share."""
    book, head = model.tokenizer_.quantizer.codebook, model.prior_.head[-1]
    of_book = (book.codebook, book.counts, book.sums)
    yield book.codebook.square().sum(1), (*of_book, *head.parameters())


def _tokens_per_step(model: Any) -> int:
    """Uniforms of a time step that choose tokens: they are the first."""
    if isinstance(model, FactorizedARGenerator):
        return int(model.n_codebooks)
    return int(model.prior_.tokens_per_step)


@dataclass
class _Script:
    """Uniforms of one series, of which the first of each step are for its tokens.

    They stand in the place of `SeriesNoise`.
    """

    choose: Any
    noise: int
    n_tokens: int
    width: int = 0

    def __post_init__(self) -> None:
        self._stream = np.random.Generator(np.random.Philox(key=self.noise))

    def draw(self, n_steps: int) -> Tensor:
        """Uniforms of the next steps, of shape (1, n_steps, width)."""
        uniforms = np.full((1, n_steps, self.width), _MIDDLE)
        if self.noise:
            self._stream.random(out=uniforms)
            np.clip(uniforms, 0.5 / _STEPS, 1.0 - 0.5 / _STEPS, out=uniforms)
        for step in range(n_steps):
            for token in range(self.n_tokens):
                chosen = self.choose(st.integers(0, _STEPS - 1))
                uniforms[0, step, token] = (chosen + 0.5) / _STEPS
        return torch.tensor(uniforms, dtype=torch.float32)


def _drawn(model: Any, given: Any, script: _Script) -> np.ndarray:
    def noise(width: int, device: object) -> _Script:
        script.width = width
        return script

    object.__setattr__(given, "noise", noise)  # a frozen dataclass of this one draw
    with torch.inference_mode():
        return model._draw_features(given).numpy()


def _single(drawn: Any) -> Any:
    return drawn.droplevel(0) if isinstance(drawn, pd.DataFrame) else drawn[0]
