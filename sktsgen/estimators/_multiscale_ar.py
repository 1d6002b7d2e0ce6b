"""MultiScaleARGenerator: TimeMAR in scikit-learn's words."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import clone

from sktsgen._sklearn_compat import Interval, StrOptions
from sktsgen.data import Panel
from sktsgen.estimators._draw import check_sharpening
from sktsgen.estimators._multiscale_data import TokenData, WindowData
from sktsgen.estimators._multiscale_parts import MultiScaleParts
from sktsgen.persistence import register
from sktsgen.training import Trainer, generator_of_ranks, go_on_from, make_generator


@register
class MultiScaleARGenerator(MultiScaleParts):
    """Draw series window by window, from coarse tokens to fine ones.

    A window is split into trend and seasonal part; two paths of convolutions turn it into tokens
    at several scales, and a transformer draws the tokens coarse to fine, given what came before
    [1]_. Series of any length can be drawn, continued and scored.

    Parameters
    ----------
    size : {"small", "large"}, default="small"
        Widths that are not given by `d_hidden`, `code_dim`, `d_model` and `n_layers`. Small is
        32, 16, 64 and 2; large is 192, 64, 512 and 6, for a GPU.
    decoding : {"token", "scale"}, default="token"
        How tokens are drawn. ``"token"``, the paper: one after the other. ``"scale"``: all tokens
        of a scale in one step, given the coarser scales; many times fewer steps.
    emission : {"mixture", "point"}, default="mixture"
        What is drawn once the tokens of a window are known. ``"point"``, the paper: what they
        decode to. ``"mixture"``: what they decode to is a plan, and each value has a learnt
        density given the plan of its step and the values before it. Columns of levels and columns
        with gaps need the mixture.
    missing : {"reproduce", "complete"}, default="reproduce"
        What becomes of missing cells. ``"reproduce"``: where cells are missing is learnt and
        drawn like all else. ``"complete"``: gaps are read as such, what stands in them is learnt
        from what does not, and nothing that is drawn is missing. Data without gaps are the same
        to both.
    window_length : int or None, default=None
        Time steps of a window; None is 96, or the longest series if that is shorter.
    period : int, "auto" or None, default="auto"
        Length of a season in time steps, at least 2: a value is drawn in sight of those one season
        before it. Auto is the strongest period of the spectrum that fits into half a window, where
        there is one; None looks back three steps only. For ``emission="mixture"``.
    scales : array-like of int or "auto", default="auto"
        Tokens per scale, ascending; the last is the length of the latent sequence and at most
        `window_length`. Auto is 1, 2 and 3 tokens, each for eight steps at least; the paper has
        1 to 6 at window 24. ``[3]`` is a single scale.
    codebook_size : int, default=128
        Codes of the one codebook, at least 2. No more are placed than a quarter of the tokens of
        the training rows, and codes that no training window uses are dropped.
    kernels : array-like of int, default=(5, 7)
        Time steps that the moving averages of the trend go over, each at least 1.
    has_decomposition : bool, default=True
        Whether trend and seasonal part have paths of their own; without, one path has all.
    has_guidance : bool, default=True
        Whether the decoder of the seasonal part attends to its reconstructed coarse outline.
    d_hidden : int or None, default=None
        Width of the paths, a multiple of 8; twice that from the third level on.
    code_dim : int or None, default=None
        Width of a code, at least 1.
    d_model, n_layers : int or None, default=None
        Width and blocks of the transformer.
    n_heads : int, default=4
        Query heads of the transformer; `n_heads` divides `d_model / 2`.
    dropout : float, default=0.1
        Dropout rate of the transformer, in [0, 1).
    input_noise : float, default=0.3
        Largest standard deviation of the noise on what the transformer reads in training,
        relative to the spread of what is read, in [0, 10]. Each window has a level of its own,
        which the transformer is told; drawing and scoring tell it 0.
    corruption : float, default=0.2
        Share of the tokens that are taken wrongly in training, in [0, 1): as one of the nearest
        few codes, for which the finer scales and the values then make up, as they have to for
        tokens that are drawn.
    max_epochs : int, default=14
        Epochs of the prior at most, of `Trainer.steps_per_epoch` (100) optimiser steps each; the
        tokenizer takes a quarter of it, with twice the batch.
    batch_size : int or "auto", default="auto"
        Windows per optimiser step; auto is as many as hold 1,536 time steps.
    learning_rate : float, default=2e-3
        Peak learning rate of AdamW, after a warm-up and before a cosine.
    early_stopping : bool, default=False
        Whether to stop once the validation loss of the prior has stopped falling.
    validation_fraction : float, default=0.1
        Share of the data held out for it: whole series, or contiguous blocks of long ones. Scales,
        levels and seasons are learnt from all rows.
    n_iter_no_change : int, default=10
        Epochs without improvement before an early stop.
    tol : float, default=1e-4
        Improvement of the validation loss that counts.
    warm_start : bool, default=False
        Whether `fit` goes on from the networks of the fit before, where there was one; sizes and
        kinds of columns must be the same.
    device : str, default="auto"
        ``"auto"`` (cuda, else cpu) or the name of a torch device.
    random_state : int, RandomState or None, default=None
        Seed of `fit` and of `sample`; an int repeats both.
    verbose : int, default=0
        1 shows a progress bar per stage, calibration included.
    trainer : Trainer or None, default=None
        How the machine runs the training: precision, compilation, checkpoints.

    Attributes
    ----------
    scales_ : tuple of int
        Tokens per scale, coarse to fine.
    codebook_size_ : int
        Codes that training windows use.
    codebook_usage_, codebook_perplexity_ : ndarray of shape (n_scales,)
        Share of these codes that each scale uses, and exponential of their entropy.
    codec_, static_columns_ : MixedTypeEncoder, tuple of int
        What makes features of the channels that are neither static nor repeat others, and
        positions of the static ones.
    repeated_columns_ : tuple of (int, int)
        Positions of the channels that repeat another one, each with that of the other.
    tokenizer_, prior_, n_parameters_ : DualPathTokenizer, ScalePrior, int
        The trained networks, and the trained numbers of both, codes included.
    window_length_, period_ : int, int or None
        Time steps of a window, and season in use.
    classes_ : ndarray of shape (n_classes,) or None
        Class labels seen in `fit`.
    loss_curve_, validation_loss_curve_, tokenizer_loss_curve_ : list of float
        Losses per epoch: of the prior, in nats per token or value, and of the tokenizer.
    n_iter_, best_epoch_ : int
        Epochs the prior was trained, and the one whose weights were kept.
    device_ : str
        Device in use.
    n_features_in_, feature_names_in_ : int, ndarray of shape (n_channels,)
        Number of channels, and the column names if `X` had any.

    References
    ----------
    .. [1] "TimeMAR: Multi-Scale Autoregressive Modeling for Unconditional Time Series
       Generation", arXiv:2601.11184.

    Examples
    --------
    >>> from sktsgen import MultiScaleARGenerator
    >>> from sktsgen.datasets import make_ar1
    >>> from sktsgen.training import Trainer
    >>> X = make_ar1(n_series=8, n_timesteps=32, random_state=0)
    >>> generator = MultiScaleARGenerator(
    ...     d_hidden=8,
    ...     d_model=16,
    ...     n_layers=1,
    ...     codebook_size=16,
    ...     max_epochs=1,
    ...     window_length=16,
    ...     random_state=0,
    ...     trainer=Trainer(steps_per_epoch=10),  # far too few, but quick
    ... ).fit(X)
    >>> generator.scales_
    (1, 2)
    >>> generator.sample(5, length=100).shape
    (5, 100, 1)
    """

    # Every window has a plan of its own, which keeps the level of longer draws.
    _levelled_windows = 1
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "size": [StrOptions({"small", "large"})],
        "decoding": [StrOptions({"token", "scale"})],
        "emission": [StrOptions({"mixture", "point"})],
        "missing": [StrOptions({"reproduce", "complete"})],
        "window_length": [Interval(Integral, 1, None, closed="left"), None],
        "period": [Interval(Integral, 2, None, closed="left"), StrOptions({"auto"}), None],
        "scales": ["array-like", StrOptions({"auto"})],
        "codebook_size": [Interval(Integral, 2, None, closed="left")],
        "kernels": ["array-like"],
        "has_decomposition": ["boolean"],
        "has_guidance": ["boolean"],
        "d_hidden": [Interval(Integral, 8, None, closed="left"), None],
        "code_dim": [Interval(Integral, 1, None, closed="left"), None],
        "d_model": [Interval(Integral, 2, None, closed="left"), None],
        "n_layers": [Interval(Integral, 1, None, closed="left"), None],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, 10, closed="both")],
        "corruption": [Interval(Real, 0, 1, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
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
    _prefix_stable_in_time = True

    def __init__(
        self,
        size: str = "small",
        *,
        decoding: str = "token",
        emission: str = "mixture",
        missing: str = "reproduce",
        window_length: int | None = None,
        period: int | str | None = "auto",
        scales: Any = "auto",
        codebook_size: int = 128,
        kernels: Any = (5, 7),
        has_decomposition: bool = True,
        has_guidance: bool = True,
        d_hidden: int | None = None,
        code_dim: int | None = None,
        d_model: int | None = None,
        n_layers: int | None = None,
        n_heads: int = 4,
        dropout: float = 0.1,
        input_noise: float = 0.3,
        corruption: float = 0.2,
        max_epochs: int = 14,
        batch_size: int | str = "auto",
        learning_rate: float = 2e-3,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
        trainer: Trainer | None = None,
    ) -> None:
        self.size = size
        self.decoding = decoding
        self.emission = emission
        self.missing = missing
        self.window_length = window_length
        self.period = period
        self.scales = scales
        self.codebook_size = codebook_size
        self.kernels = kernels
        self.has_decomposition = has_decomposition
        self.has_guidance = has_guidance
        self.d_hidden = d_hidden
        self.code_dim = code_dim
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.dropout = dropout
        self.input_noise = input_noise
        self.corruption = corruption
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.trainer = trainer

    def _fit_stages(self, panel: Panel, labels: np.ndarray, former: dict[str, Any]) -> None:
        trainer = Trainer() if self.trainer is None else clone(self.trainer)
        generator = generator_of_ranks(self.random_state, torch.device(self.device_))
        noise = make_generator(generator.initial_seed(), self.device_)
        training, validation = self._windows(panel, labels)
        class_of = torch.tensor(labels, device=self.device_)
        static = torch.tensor(self._static_features(panel.n_series), device=self.device_)
        run: dict[str, Any] = {"generator": noise, "verbose": self.verbose}

        # Stage 1: decomposition, paths and codebook.
        tokenizer = self._new_tokenizer(panel, former.get("codebook_size_"), generator)
        go_on_from(former.get("tokenizer_"), tokenizer, with_buffers=True)
        windows = WindowData(training, class_of, static)
        recipe = self._tokenizer_recipe()
        history = trainer.fit(tokenizer, windows, recipe, stage="tokenizer", **run)
        self.tokenizer_, self.tokenizer_loss_curve_ = tokenizer.frozen(), history.losses
        self._settle_codes(windows, is_final=bool(former))

        # Stage 2: tokens coarse to fine, and values given the tokens.
        self.period_ = self._season(training.rows[0], panel.lengths, former)
        prior = self._new_prior(training, former.get("prior_"), generator)
        data = TokenData(training, class_of, static, tokenizer, self.corruption, generator)
        held_out = TokenData(validation, class_of, static, tokenizer)
        self._measure_inputs(prior, data)
        go_on_from(former.get("prior_"), prior)
        recipe = self._prior_recipe()
        history = trainer.fit(prior, data, recipe, validation=held_out, stage="prior", **run)
        self.prior_ = prior.frozen()
        self._calibrate(training, panel.lengths, generator.initial_seed())
        self.loss_curve_, self.validation_loss_curve_ = history.losses, history.validation_losses
        self.n_iter_, self.best_epoch_ = len(history.losses), history.best_epoch
        self.n_parameters_ = self._count_parameters()

    def sample(
        self,
        n_samples: int = 1,
        *,
        length: int | None = None,
        y: Any = None,
        prefix: Any = None,
        start: Any = None,
        temperature: float = 1.0,
        top_p: float | None = None,
        return_components: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        """Draw series in the container and types seen in `fit`.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, at least 1; with `prefix`, of each of its series.
        length : int or None, default=None
            Time steps of each series, at least 1, any number: windows are drawn one after the
            other, each of which begins with the last steps of the one before. None is the length
            of the training series if they all have one, else `window_length_`.
        y : label or array-like of shape (n_series,) or None, default=None
            Classes to draw from; None draws them as often as in training (with `prefix`, as
            likely as the history makes them).
        prefix : array-like, list, DataFrame or None, default=None
            Histories to continue, in any container that `fit` takes; their last
            `window_length_` steps are read. What is returned comes after them: the first
            `n_samples` series continue the first history, and so on.
        start : time stamp or None, default=None
            First stamp of every series; None is the first training stamp, or what follows the
            history.
        temperature : float, default=1.0
            Divisor of the logits of the codes, above 0.
        top_p : float or None, default=None
            Probability mass of codes to keep, in (0, 1]; None keeps all.
        return_components : bool, default=False
            Whether to return the parts of the series as well.
        random_state : int, RandomState or None, default=None
            Seed of this draw; None is that of the constructor. An int repeats the draw.
        n_jobs : int or None, default=None
            Joblib workers; the draw does not depend on it.

        Returns
        -------
        X : ndarray of shape (n_series, length, n_channels), list or DataFrame
            The first k series of a draw are the draw of k, and their first steps are a shorter
            draw, up to float rounding.
        components : Bunch
            Only with `return_components`: ``trend``, ``coarse`` and ``fine`` seasonal part, and
            the ``residual`` drawn around what the tokens decode to. Each is a container like
            `X`, of floats; together they add up to the series before integers are rounded.
        """
        check_sharpening(temperature, top_p)
        draw = self._sample_components if return_components else self._sample
        return draw(
            n_samples,
            length=length,
            y=y,
            prefix=prefix,
            start=start,
            random_state=random_state,
            n_jobs=n_jobs,
            temperature=temperature,
            top_p=top_p,
        )
