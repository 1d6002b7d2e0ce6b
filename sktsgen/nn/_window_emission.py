"""Density of the values of a window around what its tokens decode to."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sktsgen.nn._emission import MixtureEmission

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class WindowEmission(nn.Module):
    """Step by step density of a window, given the decoded points and the errors just before.

    With a mixture the point of a step is between the decoded one and the decoded one moved by the
    error of the step before, so that what tokens leave over may last; the first steps of a window
    know the errors of the last ones before it, which leaves no seam. Without, the values are
    independent normals around the decoded points, whose spread is learnt.

    Parameters
    ----------
    n_features, d_states : int
        Width of a time step, and of the decoder's hidden states.
    has_mixture : bool
        Whether the density is the mixture.
    generator : torch.Generator
        Source of the initial weights.
    """

    # Steps back whose errors are looked at.
    n_past = 6

    def __init__(
        self, n_features: int, d_states: int, *, has_mixture: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(n_features))
        self.mixture = (
            MixtureEmission(
                n_features,
                d_states + n_features + self.n_past * (n_features + 2),
                n_mixture=8,
                d_hidden=64 if n_features <= 10 else 32,
                smallest_scale=0.02,
                generator=generator,
            )
            if has_mixture
            else None
        )

    def log_density(
        self,
        x: Float[Tensor, "batch time features"],
        points: Float[Tensor, "batch time features"],
        states: Float[Tensor, "batch time d_states"],
        before: Float[Tensor, "batch 1 d_before"],
    ) -> Float[Tensor, "batch time features"]:
        """Log density of every value, given `before` the window (see `errors_before`)."""
        if self.mixture is None:
            standardised = (x - points) * torch.exp(-self.log_scale)
            return -0.5 * standardised.square() - self.log_scale - _HALF_LOG_TWO_PI
        former = self._errors(x - points, before)
        context = torch.cat([states, points, former], -1).flatten(0, 1)
        guesses = self._guesses(points.flatten(0, 1), former.flatten(0, 1))
        density = self.mixture.log_density(x.flatten(0, 1), guesses, context)
        return density.view(x.shape)

    def draw(
        self,
        points: Float[Tensor, "batch features"],
        states: Float[Tensor, "batch d_states"],
        before: Float[Tensor, "batch d_before"],
        uniforms: Float[Tensor, "batch n_uniforms"],
    ) -> Float[Tensor, "batch features"]:
        """Draw the values of one step given the errors `before` it."""
        if self.mixture is None:
            return points
        context = torch.cat([states, points, before], -1)
        pairs = uniforms.unflatten(-1, (-1, 2))
        return self.mixture.draw(self._guesses(points, before), context, pairs)

    def errors_before(
        self,
        history: Float[Tensor, "batch past features"],
        known: Bool[Tensor, "batch past"],
        points: Float[Tensor, "batch time features"],
    ) -> Float[Tensor, "batch 1 d_before"]:
        """Errors of the last steps of the history, as if the first point stood for them too.

        Newest first; then which of them are known, the others being zero; then which of them are
        of the window itself: none yet.
        """
        # A history may be shorter, being as long as a window.
        missing = max(0, self.n_past - history.shape[1])
        recent = F.pad(history, (0, 0, missing, 0))[:, -self.n_past :].flip(1)
        is_known = F.pad(known, (missing, 0))[:, -self.n_past :].flip(1)
        errors = (recent - points[:, :1]) * is_known[..., None]
        flags = is_known.to(errors.dtype)
        return torch.cat([errors.flatten(1), flags, torch.zeros_like(flags)], -1)[:, None]

    def next_errors(
        self, error: Float[Tensor, "batch features"], before: Float[Tensor, "batch d_before"]
    ) -> Float[Tensor, "batch d_before"]:
        """Return what is `before` the step after the one whose error is given."""
        kept, newest = [], (error, torch.ones_like(error[:, :1]), torch.ones_like(error[:, :1]))
        for part, added in zip(self._split(before), newest, strict=True):
            kept.append(torch.cat([added, part[:, : -added.shape[-1]]], -1))
        return torch.cat(kept, -1)

    @property
    def n_uniforms(self) -> int:
        """Number of uniforms that a step takes."""
        return 0 if self.mixture is None else 2 * self.mixture.n_features

    def _errors(self, errors: Tensor, before: Tensor) -> Tensor:
        """Return what is before each step of a window, in the layout of `errors_before`."""
        parts, ones = self._split(before[:, 0]), torch.ones_like(errors[..., :1])
        return torch.cat(
            [
                self._former(part.unflatten(-1, (self.n_past, -1)), of_window)
                for part, of_window in zip(parts, (errors, ones, ones), strict=True)
            ],
            dim=-1,
        )

    def _former(self, before: Tensor, of_window: Tensor) -> Tensor:
        """Collect the last `n_past` entries before each step, newest first, side by side."""
        joined = torch.cat([before.flip(1), of_window], dim=1)
        firsts = range(self.n_past - 1, -1, -1)
        return torch.cat([joined[:, first : first + of_window.shape[1]] for first in firsts], -1)

    def _split(self, before: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Errors, which are known, and which are of the window."""
        errors, is_known, is_inside = before.tensor_split([-2 * self.n_past, -self.n_past], dim=-1)
        return errors, is_known, is_inside

    def _guesses(self, points: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        return points, points + before[..., : points.shape[-1]]
