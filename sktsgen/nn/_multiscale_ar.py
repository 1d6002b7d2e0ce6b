"""Both stages of TimeMAR together: densities, and draws of tokens and of values."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sktsgen.nn._cache import KVCache
from sktsgen.nn._dual_path_tokenizer import DecodedWindow, DualPathTokenizer
from sktsgen.nn._multiscale_quantizer import TokenInputs
from sktsgen.nn._scale_prior import ScalePrior, TokenBatch
from sktsgen.nn._window_batch import WindowBatch
from sktsgen.nn._window_emission import WindowEmission
from sktsgen.ops import draw_index, nucleus, pool


def read_tokens(
    tokenizer: DualPathTokenizer,
    batch: WindowBatch,
    codes: Int[Tensor, "batch token"] | None = None,
    taken: Int[Tensor, "batch token"] | None = None,
) -> TokenBatch:
    """Prepare what a prior is trained on.

    `codes` are the tokens of the windows, where these are known, and `taken` the ones that are
    read and decoded in their place, if they are others.
    """
    if codes is None:
        codes = tokenizer.encode(batch.values, batch.observed)
    taken = codes if taken is None else taken
    decoded = tokenizer.decode(tokenizer.quantizer.decode(taken), batch.labels)
    inputs = tokenizer.quantizer.read(taken)
    return TokenBatch(batch, codes, inputs, decoded.values, decoded.states)


def log_density(
    tokenizer: DualPathTokenizer, prior: ScalePrior, batch: WindowBatch
) -> Float[Tensor, "batch time"]:
    """Lower bound of the log density of windows, spread over their observed steps.

    The density of a window is a sum over all its tokens, of which the ones it is encoded by are
    taken. Their log-probability is shared evenly by its steps.
    """
    parts = prior.log_likelihood(read_tokens(tokenizer, batch))
    n_observed = batch.observed.sum(1, keepdim=True).clamp(min=1)
    shared = parts.tokens.sum(1, keepdim=True) / n_observed
    return parts.values.sum(-1) + shared * batch.observed


class ScaleDecoder:
    """Tokens of a window for the decoding loop: one, or all of a scale, a step.

    Parameters
    ----------
    tokenizer, prior : DualPathTokenizer, ScalePrior
        The two stages.
    labels : Tensor of shape (batch,)
        Class of every series, zeros without classes.
    newest : Tensor of shape (batch, 1, d_newest)
        End of the history, as the prior gives it.
    temperature, top_p : float, float or None
        Sharpening of the token distributions.
    """

    n_uniforms = 1
    # What a step reads depends on where it stands: one captured step does not serve all.
    is_stationary = False

    def __init__(
        self,
        tokenizer: DualPathTokenizer,
        prior: ScalePrior,
        labels: Int[Tensor, " batch"],
        newest: Float[Tensor, "batch 1 d_newest"],
        *,
        temperature: float = 1.0,
        top_p: float | None = None,
    ) -> None:
        self.quantizer, self.prior = tokenizer.quantizer, prior
        self.labels, self.newest = labels, newest
        self.temperature, self.top_p = temperature, top_p
        codebook = self.quantizer.codebook.codebook
        self.total = codebook.new_zeros(len(labels), prior.scales[-1], codebook.shape[1])
        self.scale, self.n_drawn = 0, 0
        self.drawn: list[Tensor] = []

    def start(self) -> Float[Tensor, "batch block d_model"]:
        """Return what the first block is drawn from."""
        return self._inputs(self.total[:, :1])

    def step(
        self, inputs: Float[Tensor, "batch block d_model"], cache: KVCache
    ) -> Float[Tensor, "batch block d_model"]:
        """States of the next block."""
        if inputs.shape[1] == 1:
            return self.prior.trunk.step(inputs, cache)
        return self.prior.trunk.extend(inputs, cache, sees_block=True)

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor], Tensor]:
        """Codes of a block, and what the next one is drawn from."""
        logits = self.prior.logits(states, self.newest).flatten(0, 1)
        kept = nucleus(logits, self.temperature, self.top_p)
        codes = draw_index(kept, uniforms.flatten()).view(states.shape[:2])
        vectors = self.quantizer.codebook.decode(codes)
        self.drawn.append(vectors)
        self.n_drawn += vectors.shape[1]
        if self.n_drawn == self.prior.scales[self.scale]:
            self.total = self.total + self.quantizer.refine(self.scale, torch.cat(self.drawn, 1))
            self.scale, self.n_drawn, self.drawn = self.scale + 1, 0, []
        is_last = self.scale == len(self.prior.scales)
        return (codes,), states if is_last else self._inputs(vectors[:, -1:])

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()

    def _inputs(self, former: Tensor) -> Tensor:
        size = self.prior.scales[self.scale]
        partial, first = pool(self.total, size), sum(self.prior.scales[: self.scale])
        if not self.prior.is_parallel:
            partial = partial[:, self.n_drawn : self.n_drawn + 1]
        inputs = TokenInputs(partial, former.expand(-1, partial.shape[1], -1))
        return self.prior.embed_tokens(inputs, self.labels, first + self.n_drawn)


class ValueDecoder:
    """Values of a window, one step at a time, around what its tokens decode to.

    Parameters
    ----------
    emission : WindowEmission
        Density of the values.
    decoded : DecodedWindow
        What the tokens decode to.
    bounds : Tensor of shape (2, n_features)
        Drawn values are kept between these.
    """

    is_stationary = False

    def __init__(
        self,
        emission: WindowEmission,
        decoded: DecodedWindow,
        bounds: Float[Tensor, "2 features"],
    ) -> None:
        self.emission, self.bounds = emission, bounds
        self.points, self.states = decoded.values, decoded.states
        self.n_uniforms = self.emission.n_uniforms
        self.position = 0

    def start(
        self, history: Float[Tensor, "batch past features"], known: Bool[Tensor, "batch past"]
    ) -> Float[Tensor, "batch 1 d_before"]:
        """Return what the first step is drawn from."""
        return self.emission.errors_before(history, known, self.points)

    def step(self, inputs: Float[Tensor, "batch 1 d_before"], cache: None) -> Tensor:
        """Return the errors before the next step as they are."""
        return inputs

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor], Tensor]:
        """Values of a step, and what the next one is drawn from."""
        points, before = self.points[:, self.position], states[:, 0]
        drawn = self.emission.draw(
            points, self.states[:, self.position], before, uniforms[:, 0]
        ).clamp(*self.bounds)
        self.position += 1
        return (drawn[:, None],), self.emission.next_errors(drawn - points, before)[:, None]

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()
