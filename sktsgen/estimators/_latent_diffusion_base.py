"""What the estimators of the latent diffusion family have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone

from sktsgen._sklearn_compat import Interval, StrOptions
from sktsgen.data import Panel, Windows, check_panel, split_windows, usable_window_length
from sktsgen.decoding import entropy_of
from sktsgen.diffusion import SAMPLERS, Autoencoder, ConditionalFlow, LatentFlow, content_key
from sktsgen.estimators._fitted import FittedNetworks
from sktsgen.estimators._latent_diffusion_clock import Clock, stamps_of
from sktsgen.estimators._latent_diffusion_codes import complete_led, learn_levels
from sktsgen.estimators._latent_diffusion_draws import Drawing
from sktsgen.estimators._latent_diffusion_latent import (
    GOOD_ENOUGH,
    WIDE,
    FlowData,
    flow_of,
    judge,
)
from sktsgen.estimators._latent_diffusion_lines import learn_lines
from sktsgen.estimators._latent_diffusion_rows import Rows, learn_fill
from sktsgen.estimators._latent_diffusion_score import HiddenCellScore
from sktsgen.estimators._latent_diffusion_stretch import learn_stretch
from sktsgen.estimators._latent_diffusion_table import LatentTable
from sktsgen.estimators._latent_diffusion_tiles import Tile, tiles_to_fill
from sktsgen.nn import LevelCodes, Network
from sktsgen.training import (
    Recipe,
    Trainer,
    TrainingHistory,
    generator_of_ranks,
    go_on_from,
    make_generator,
    resolve_device,
)

# Factors of a Gaussian first guess at most, and steps that windows are not cut below for it.
_MOST_FACTORS, _FEWEST_STEPS = 192, 24
# Cells up to which what is hidden is drawn afresh for every batch, and patterns where it is not.
_FRESH_CELLS, _N_PATTERNS = 512, 512


class LatentDiffusion(HiddenCellScore, FittedNetworks, BaseEstimator):
    """Base of the family: parameters, training, draws of hidden cells.

    Subclasses say what they hide in training, and add what they are asked for.
    """

    _mixture: ClassVar[dict[str, float]]
    _keeps_missing: ClassVar[bool] = False
    _has_scores: ClassVar[bool] = False
    # Whether levels are drawn before numbers, and training comes back to the same patterns.
    _has_rounds: ClassVar[bool] = False
    # Cells of a window up to which the first guess is Gaussian.
    _most_cells: ClassVar[int] = 2048
    condition_noise: float = 0.0
    # How far draws may lie outside the range of the training data, as a share of it.
    _margin: ClassVar[float] = 0.25

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "window_length": [Interval(Integral, 1, None, closed="left"), None],
        "latent": [StrOptions({"auto", "identity", "vae"})],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "fill": [StrOptions({"gaussian", "linear"})],
        "time_features": ["boolean"],
        "d_model": [Interval(Integral, 2, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "column_attention": ["boolean"],
        "sampler": [StrOptions(set(SAMPLERS))],
        "n_sampling_steps": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "trainer": [Trainer, None],
    }

    def _fit_flow(self, X: Any, y: Any = None) -> Panel:
        """Learn codecs, first guess and network."""
        former = getattr(self, "network_", None) if self.warm_start else None
        self._check_sizes()
        panel = check_panel(X, estimator=self, reset=True, mixed=True, missing=True)
        labels = self._learn_labels(panel, y)
        self.device_ = str(resolve_device(self.device))
        self.spec_ = panel.spec
        self.table_ = LatentTable(
            keeps_missing=self._keeps_missing,
            has_scores=self._has_scores,
            reads_levels=self._has_rounds,
            given=self._metadata_positions(),
        ).fit(panel)
        self.clock_ = Clock().fit(panel, is_used=self.time_features)
        self.window_length_ = self._usable_window_length(panel.lengths)
        generator = generator_of_ranks(self.random_state, torch.device(self.device_))
        # Draws of one fitted estimator repeat themselves, whatever the random state was.
        self.seed_ = int(torch.randint(2**62, (), generator=generator))
        network = self._new_network(generator).to(self.device_)
        noise = make_generator(generator.initial_seed(), self.device_)
        rows = self._rows(panel, labels).padded(self.window_length_)
        rows = self._learn_levels(network, former, rows, noise)
        with torch.no_grad():
            features = learn_fill(network, rows, noise)
        parts = self._parts(features, rows, labels)
        trainer = Trainer() if self.trainer is None else clone(self.trainer)
        network = self._with_latents(network, former, features, rows, parts, noise, trainer)
        learn_lines(network, parts[0], self.table_)
        go_on_from(former, network)
        network.prepare()
        history = self._train(network, parts, noise, trainer, stage="flow")
        network.forget()
        self.network_ = network.frozen()
        learn_stretch(self.network_, parts[1], SAMPLERS[self.sampler], self.n_sampling_steps)
        self.loss_curve_, self.validation_loss_curve_ = history.losses, history.validation_losses
        self.n_iter_, self.best_epoch_ = len(history.losses), history.best_epoch
        return panel

    def _learn_labels(self, panel: Panel, y: Any) -> np.ndarray:
        """Class of every series; the same for all where an estimator knows none."""
        return np.zeros(panel.n_series, dtype=np.int64)

    @property
    def _n_label_features(self) -> int:
        return 0

    def _metadata_positions(self) -> list[int]:
        """Columns of the table that may be given for all time steps."""
        return []

    def _metadata(self) -> list[int]:
        """Columns of the network that may be: of the numbers, and of what says they are there."""
        chosen = self._metadata_positions()
        return np.flatnonzero(np.isin(self.table_.sources_, chosen)).tolist()

    def _check_sizes(self) -> None:
        if self.d_model % self.n_heads or (self.d_model // self.n_heads) % 2:
            raise ValueError(
                f"n_heads={self.n_heads} does not divide d_model={self.d_model} into heads of an "
                f"even width; choose a divisor of {self.d_model // 2}."
            )

    def _new_network(self, generator: torch.Generator) -> ConditionalFlow:
        widths, columns = self._layout()
        n_channels, has_rounds = self._n_channels(), self._draws_levels_first()
        is_large = self._has_rounds and self.window_length_ * n_channels > _FRESH_CELLS
        return ConditionalFlow(
            n_timesteps=self.window_length_,
            widths=widths,
            columns=columns,
            n_columns=self.table_.n_columns,
            rank=self._rank(n_channels),
            mixture=self._mixture,
            metadata=self._metadata(),
            condition_noise=float(self.condition_noise),
            d_model=int(self.d_model),
            n_layers=int(self.n_layers),
            n_heads=int(self.n_heads),
            dropout=self.dropout,
            has_column_attention=bool(self.column_attention),
            is_recalibrated=True,
            has_lines=True,
            has_rounds=has_rounds,
            n_patterns=_N_PATTERNS if is_large else 0,
            generator=generator,
        )

    def _learn_levels(
        self,
        network: ConditionalFlow,
        former: ConditionalFlow | None,
        rows: Rows,
        generator: torch.Generator,
    ) -> Rows:
        """Learn of levels by the data, or take over where a network that goes on had their codes.

        Returns the rows, with levels completed whose gaps another column speaks of.
        """
        if network.chains is None:
            return rows
        if self.table_.led_:
            learn_levels(network, rows, parents=[[] for _ in network.codes.level_widths])
            rows = complete_led(network, rows, self.table_.led_, generator)
        has_same = former is not None and former.config["widths"] == network.config["widths"]
        if former is not None and former.chains is not None and has_same:
            learn_levels(network, rows, former.chains.parents)
            network.codes.load_state_dict(former.codes.state_dict())
        else:
            learn_levels(network, rows)
        return rows

    def _usable_window_length(self, lengths: np.ndarray) -> int:
        """Time steps of a window; without a wish no more than have a Gaussian first guess."""
        usable = usable_window_length(self.window_length, lengths)
        if self.window_length is not None:
            return usable
        return min(usable, max(_FEWEST_STEPS, self._most_cells // self._n_channels()))

    def _draws_levels_first(self) -> bool:
        return self._has_rounds and any(width > 1 for width in self.table_.widths_)

    def _n_channels(self) -> int:
        """Numbers and codes of levels at every time step, known ones included."""
        return LevelCodes(self._layout()[0], self._draws_levels_first()).n_latent

    def _layout(self) -> tuple[list[int], list[int]]:
        """Features and column of every block, those that are always known last."""
        n_columns, n_labels = self.table_.n_columns, self._n_label_features
        known = [1] * self.clock_.n_features + [n_labels] * (n_labels > 0)
        further = list(range(n_columns, n_columns + len(known)))
        return self.table_.widths_ + known, self.table_.columns_ + further

    def _rank(self, n_channels: int) -> int:
        """Factors of the first guess; 0 where windows have too many cells."""
        n_cells = self.window_length_ * n_channels
        is_gaussian = self.fill == "gaussian" and n_cells <= self._most_cells
        return min(_MOST_FACTORS, n_cells) if is_gaussian else 0

    def _parts(
        self, features: torch.Tensor, rows: Rows, labels: np.ndarray
    ) -> tuple[FlowData, FlowData]:
        """Windows to train on, and those to judge by."""
        observed = torch.from_numpy(rows.observed).to(self.device_)
        fraction = self.validation_fraction if self.early_stopping else 0.0
        window = self.window_length_
        training, held_out = (
            FlowData(Windows((features, observed), rows.lengths, window, starts=starts))
            for starts in split_windows(rows.lengths, window, fraction, labels)
        )
        return training, held_out

    def _with_latents(
        self,
        network: ConditionalFlow,
        former: ConditionalFlow | None,
        features: torch.Tensor,
        rows: Rows,
        parts: tuple[FlowData, FlowData],
        generator: torch.Generator,
        trainer: Trainer,
    ) -> ConditionalFlow:
        """Return the network of what flows: cells, or latents where they are asked for."""
        self.reconstruction_error_ = 0.0
        n_cells = network.codes.n_latent
        is_wide = LevelCodes(network.codes.widths).n_latent > WIDE
        if self.latent == "identity" or (self.latent == "auto" and not is_wide):
            return network
        initial = make_generator(generator.initial_seed())
        autoencoder = self._new_autoencoder(initial).to(self.device_)
        go_on_from(former.autoencoder if isinstance(former, LatentFlow) else None, autoencoder)
        self._train(autoencoder, parts, generator, trainer, stage="autoencoder")
        judged = parts[1] if len(parts[1]) else parts[0]
        error = judge(autoencoder, judged, autoencoder.codes.embed(features).mean(0))
        if self.latent == "auto" and error > GOOD_ENOUGH:
            return network
        self.reconstruction_error_ = error
        rank = self._rank(n_cells + autoencoder.latent_dim)
        sizes = {**network.config, "rank": rank}
        return flow_of(autoencoder, sizes, network, features, rows, initial)

    def _new_autoencoder(self, generator: torch.Generator) -> Autoencoder:
        widths, columns = self._layout()
        n_cells = LevelCodes(self.table_.widths_).n_latent
        return Autoencoder(
            widths=widths,
            columns=columns,
            n_columns=self.table_.n_columns,
            mixture=self._mixture,
            latent_dim=-(-n_cells // 2) if self.latent_dim is None else self.latent_dim,
            d_model=int(self.d_model),
            dropout=self.dropout,
            generator=generator,
        )

    def _train(
        self,
        network: Network,
        parts: tuple[FlowData, FlowData],
        generator: torch.Generator,
        trainer: Trainer,
        *,
        stage: str,
    ) -> TrainingHistory:
        return trainer.fit(
            network,
            parts[0],
            self._recipe(),
            generator=generator,
            validation=parts[1],
            stage=stage,
            verbose=self.verbose,
        )

    def _recipe(self) -> Recipe:
        return Recipe(
            max_epochs=int(self.max_epochs),
            batch_size=int(self.batch_size),
            learning_rate=self.learning_rate,
            average_decay=0.998,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )

    def _check_again(self, X: Any) -> Panel:
        """Panel of the columns that `fit` saw."""
        return check_panel(X, estimator=self, spec=self.spec_, mixed=True, missing=True)

    def _rows(self, panel: Panel, labels: np.ndarray | None = None) -> Rows:
        features, observed = self.table_.encode(panel)
        known = [self.clock_.encode(stamps_of(panel))]
        if self._n_label_features and labels is not None:
            one_hot = np.eye(self._n_label_features, dtype=np.float32)[labels]
            known.append(one_hot.repeat(panel.lengths, axis=0))
        return Rows(np.concatenate([features, *known], axis=1), observed, panel.lengths)

    def _repeated_seed(self, random_state: Any = None) -> int:
        """Seed of a draw; without one, that of `fit`."""
        return self.seed_ if random_state is None else entropy_of(random_state)

    def _drawing(self, draws: Sequence[int], seed: int) -> Drawing:
        return Drawing(self.network_, SAMPLERS[self.sampler], self.n_sampling_steps, seed, draws)

    def _fill_rows(
        self, rows: Rows, n_draws: int, seed: int, tiles: Iterable[list[Tile]] | None = None
    ) -> np.ndarray:
        """Fill hidden cells; (n_draws, n_rows, n_features), or (1, ...) from one pass."""
        padded = rows.padded(self.window_length_)
        if tiles is None:
            tiles = tiles_to_fill(padded.lengths, self.window_length_)
        drawing, keys = self._drawing(range(n_draws), seed), series_keys(padded)
        drawn = drawing.rows(padded.features, padded.observed, padded.offsets, keys, tiles)
        return drawn[:, rows.positions(padded.lengths)]

    def _decode(self, features: np.ndarray, seed: int) -> Any:
        """Table of features, without those of the clock."""
        flat = features.reshape(-1, features.shape[-1])[:, : len(self.table_.kept_)]
        lowest, highest = self.table_.encoder_.bounds_[:, self.table_.kept_]
        margin = self._margin * (highest - lowest)
        flat = np.clip(self.table_.standard(flat), lowest - margin, highest + margin)
        rng = np.random.Generator(np.random.Philox(key=seed % 2**64))
        uniforms = rng.random((len(flat), self.table_.encoder_.n_uniforms_))
        return self.table_.decode(flat, uniforms)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def series_keys(rows: Rows) -> np.ndarray:
    """Keys of the noise of series: what is observed of them, whatever stands beside them.

    Of series that are equal each has a key of its own: their draws are independent.
    """
    ends = np.cumsum(rows.lengths)
    keys = np.empty(len(ends), dtype=np.uint64)
    met: Counter[int] = Counter()
    for i, (begin, end) in enumerate(zip(ends - rows.lengths, ends, strict=True)):
        key = content_key(rows.features[begin:end], rows.observed[begin:end])
        keys[i] = content_key(np.array([key, met[key]], dtype=np.uint64)) if met[key] else key
        met[key] += 1
    return keys
