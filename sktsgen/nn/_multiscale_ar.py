"""Both stages of TimeMAR together: densities, and draws of tokens and of values."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sktsgen.nn._cache import KVCache
from sktsgen.nn._dual_path_tokenizer import DualPathTokenizer
from sktsgen.nn._multiscale_quantizer import TokenInputs
from sktsgen.nn._scale_prior import ScalePrior, TokenBatch
from sktsgen.nn._window_batch import WindowBatch
from sktsgen.nn._window_emission import Plan, WindowEmission, all_known, mark
from sktsgen.ops import draw_index, nucleus, pool


def read_tokens(
    tokenizer: DualPathTokenizer,
    batch: WindowBatch,
    codes: Int[Tensor, "batch token"] | None = None,
    taken: Int[Tensor, "batch token"] | None = None,
    plan: Plan | None = None,
) -> TokenBatch:
    """Prepare what a prior is trained on.

    `codes` are the tokens of the windows, where these are known, `taken` the ones that are read
    and decoded in their place, if they are others, and `plan` what these stand for, if it is known.
    """
    if codes is None:
        codes = tokenizer.encode(batch.values, batch.observed)
    taken = codes if taken is None else taken
    plan = plan_of(tokenizer, taken, batch.labels) if plan is None else plan
    return TokenBatch(batch, codes, tokenizer.quantizer.read(taken), plan)


def plan_of(
    tokenizer: DualPathTokenizer,
    codes: Int[Tensor, "batch token"],
    labels: Int[Tensor, " batch"],
) -> Plan:
    """Decode tokens to what they say of the steps of their windows."""
    decoded = tokenizer.decode(tokenizer.quantizer.decode(codes), labels)
    return Plan.of(decoded.values, decoded.states)


def log_density(
    tokenizer: DualPathTokenizer, prior: ScalePrior, batch: WindowBatch
) -> Float[Tensor, "batch time"]:
    """Lower bound of the log density of windows, step by step.

    The density of a window is a sum over all lists of tokens, of which those around the one that
    it is encoded by are taken. The log-probability of having drawn one of them is shared evenly
    by the observed steps, of which those that are given have no density.
    """
    steps = torch.arange(batch.observed.shape[1], device=batch.observed.device)
    is_new = batch.observed & (steps >= batch.n_given[:, None])
    lists = tokenizer.encode_around(batch.values, batch.observed)
    parts = [prior.log_likelihood(read_tokens(tokenizer, batch, codes)) for codes in lists]
    of_tokens = torch.stack([part.tokens.double().sum(1) for part in parts])
    of_values = torch.stack([part.values.double().sum(-1) * is_new for part in parts])
    drawn = of_tokens.logsumexp(0)[:, None]
    so_far = (of_tokens[..., None] + of_values.cumsum(-1)).logsumexp(0)
    shared = drawn / is_new.sum(1, keepdim=True).clamp(min=1)
    return ((so_far.diff(dim=-1, prepend=drawn) + shared) * is_new).to(batch.values.dtype)


class ScaleDecoder:
    """Tokens of a window for the decoding loop: one, or all of a scale, a step.

    Parameters
    ----------
    tokenizer, prior : DualPathTokenizer, ScalePrior
        The two stages.
    past : Tensor of shape (batch, past, n_features + 1)
        The steps before those to be drawn, as `mark` gives them.
    about : Tensor of shape (batch, 1, d_model)
        What is known of each series, as the prior gives it.
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
        past: Float[Tensor, "batch past d_step"],
        about: Float[Tensor, "batch 1 d_model"],
        *,
        temperature: float = 1.0,
        top_p: float | None = None,
    ) -> None:
        self.quantizer, self.prior = tokenizer.quantizer, prior
        self.newest, self.about = prior.newest(past), about
        self.temperature, self.top_p = temperature, top_p
        codebook = self.quantizer.codebook.codebook
        self.total = codebook.new_zeros(len(past), prior.scales[-1], codebook.shape[1])
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
        return self.prior.embed_tokens(inputs, self.about, first + self.n_drawn)


class ValueDecoder:
    """Values of a window, one step at a time, given what its tokens say of it.

    Parameters
    ----------
    emission : WindowEmission
        Density of the values.
    plan : Plan
        What the tokens say of the steps to be drawn.
    past : Tensor of shape (batch, past, n_features + 1)
        The steps before those to be drawn, as `mark` gives them.
    about : Tensor of shape (batch, 1, d_model)
        What is known of each series, as the prior gives it.
    bounds : Tensor of shape (2, n_features)
        Drawn values are kept between these.
    """

    # What a step reads depends on where it stands: one captured step does not serve all.
    is_stationary = False

    def __init__(
        self,
        emission: WindowEmission,
        plan: Plan,
        past: Float[Tensor, "batch past d_step"],
        about: Float[Tensor, "batch 1 d_model"],
        bounds: Float[Tensor, "2 features"],
    ) -> None:
        self.emission, self.plan, self.bounds = emission, plan, bounds
        self.past, self.about = past, about
        self.n_uniforms = self.emission.n_uniforms
        self.position = 0

    def start(self) -> Float[Tensor, "batch 1 d_model"]:
        """Return what the first step is drawn from."""
        return self.emission.inputs(self.past, self._planned(), self.about)

    def step(self, inputs: Tensor, cache: KVCache) -> Tensor:
        """State of the next step."""
        return self.emission.trunk.step(inputs, cache)

    def advance(self, states: Tensor, uniforms: Tensor) -> tuple[tuple[Tensor], Tensor]:
        """Values of a step, and what the next one is drawn from."""
        drawn = self.emission.draw(states, self.past, self._planned(), uniforms[:, 0])
        drawn = drawn.clamp(*self.bounds)[:, None]
        newest = mark(drawn, all_known(drawn))
        self.past = torch.cat([self.past[:, 1:], newest], dim=1)
        self.position += 1
        is_last = self.position == self.plan.points.shape[1]
        return (drawn,), states if is_last else self.start()

    def state(self) -> tuple[Tensor, ...]:
        """Return nothing: no step of it is captured."""
        return ()

    def _planned(self) -> Plan:
        step = slice(self.position, self.position + 1)
        return Plan(*(part[:, step] for part in self.plan))
