"""FactorizedARGenerator: FAR-TS in scikit-learn's words."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import clone

from sktsgen._sklearn_compat import Interval, StrOptions
from sktsgen.data import Panel
from sktsgen.estimators._draw import check_sharpening
from sktsgen.estimators._factorized_coding import FactorizedCoding
from sktsgen.estimators._factorized_data import PriorData, TokenizerData
from sktsgen.persistence import register
from sktsgen.training import Trainer, generator_of_ranks, go_on_from, make_generator


@register
class FactorizedARGenerator(FactorizedCoding):
    """Draw series from a learnt basis and an autoregressive prior over its tokens.

    Every time step is a few codes that pick its coefficients in a learnt basis; a LLaMA-style
    transformer draws the codes step by step [1]_. Series of any length can be drawn, continued
    and scored.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Rank R of the basis, at least 1. Auto is 32 up to 10 channels, 50 up to 30, else 100.
    codebook_size : int, default=64
        Codes per codebook, at least 2. No more are used than there are training rows for:
        a quarter of their number.
    n_codebooks : int, default=1
        Residual depth: codes per time step, at least 1. The paper has 1.
    emission : {"mixture", "point"}, default="mixture"
        What is drawn once the codes of a step are known. ``"point"``, the paper: their decoded
        value, by the basis and a residual decoder. ``"mixture"``: values have a learnt density
        given codes and past, mixtures of normals around a point between what the codes stand
        for and the value of the step before.
        Columns of levels and columns with gaps need the mixture.
    missing : {"reproduce", "complete"}, default="reproduce"
        What becomes of missing cells. ``"reproduce"``: where cells are missing is learnt and
        drawn like all else. ``"complete"``: gaps are read as such, what stands in them is learnt
        from what does not, and nothing that is drawn is missing. Data without gaps are the same
        to both.
    window_length : int or None, default=None
        Time steps of a training window and of the attention span; None is 96, or the longest
        series if that is shorter.
    period : int, "auto" or None, default="auto"
        Length of a season in time steps, at least 2: a step is drawn in sight of the steps one
        season before it. Auto is the strongest period of the spectrum that fits into half a
        window, where there is one; None looks back three steps only. For ``emission="mixture"``.
    d_model, n_layers, n_heads, n_kv_heads : int, default=64, 2, 4, 1
        Width, blocks, query heads and key-value heads of the transformer; `n_heads` divides
        `d_model / 2`, and `n_kv_heads` divides `n_heads`.
    dropout : float or "auto", default="auto"
        Dropout rate of the transformer and of the density of values, in [0, 1). Auto is 0.1, 0.2
        from windows of 48 steps on or where rows times features are less than 50,000, and 0.5
        beyond 40 features: the more a step is read with, and the fewer steps there are, the more is
        learnt by heart.
    input_noise : float or "auto", default="auto"
        Largest standard deviation of the noise on what the transformer reads in training,
        relative to the spread of what is read, in [0, 10]. Each window has a level of its own,
        which the transformer is told; drawing and scoring tell it 0. Auto is 0.6
        times the ratio of second to first differences, kept from 0.03 to 0.3: less where a move is
        nearly that of the step before, as on sines. With ``emission="point"`` it is 0.3.
    corruption : float, default=0.0
        Share of the steps that are read wrongly in training, in [0, 1).
    max_epochs : int, default=20
        Epochs of the prior at most, of `Trainer.steps_per_epoch` (100) optimiser steps each;
        the tokenizer takes a tenth of it.
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
    components_ : ndarray of shape (n_components, n_channels)
        The basis, in the units of the data: X is about ``mean_ + transform(X) @ components_``,
        except in columns whose values recur or have long tails, which are learnt on another scale.
        Where channels are not all dynamic numbers without gaps, one column for each feature of
        `codec_`, whose ``get_feature_names_out`` names them.
    mean_ : ndarray of shape (n_channels,)
        Mean of every channel, or of every feature.
    codec_ : MixedTypeEncoder
        What makes features of the channels that are neither static nor repeat others.
    static_columns_ : tuple of int
        Positions of the channels that are constant in each series.
    repeated_columns_ : tuple of (int, int)
        Positions of the channels that repeat another one, each with that of the other.
    codebook_usage_ : ndarray of shape (n_codebooks,)
        Share of the codes that the training rows use.
    codebook_perplexity_ : ndarray of shape (n_codebooks,)
        Exponential of the entropy of the codes over the training rows.
    tokenizer_, prior_ : FactorizedTokenizer, TokenPrior
        The trained networks.
    noise_scale_ : ndarray of shape (n_features,)
        Standard deviation of what the codes leave over, in standard deviations of the channel.
    window_length_ : int
        Time steps of a window.
    period_ : int or None
        Season in use, in time steps.
    classes_ : ndarray of shape (n_classes,) or None
        Class labels seen in `fit`.
    loss_curve_, validation_loss_curve_ : list of float
        Losses of the prior per epoch.
    tokenizer_loss_curve_ : list of float
        Losses of the tokenizer per epoch.
    n_iter_, best_epoch_ : int
        Epochs the prior was trained, and the one whose weights were kept.
    device_ : str
        Device in use.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_channels,)
        Column names, if `X` had any.

    References
    ----------
    .. [1] "Less Is More: Generating Time Series with LLaMA-Style Autoregression in Simple
       Factorized Latent Spaces", arXiv:2511.04973.

    Examples
    --------
    >>> from sktsgen import FactorizedARGenerator
    >>> from sktsgen.datasets import make_ar1
    >>> X = make_ar1(n_series=8, n_timesteps=32, random_state=0)
    >>> generator = FactorizedARGenerator(
    ...     d_model=16, n_layers=1, max_epochs=1, window_length=16, random_state=0
    ... ).fit(X)
    >>> generator.sample(5, length=100).shape
    (5, 100, 1)
    """

    # What is wrong of a step adds up over all of them, so that longer draws tell more of it.
    _levelled_windows = 4
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "codebook_size": [Interval(Integral, 2, None, closed="left")],
        "n_codebooks": [Interval(Integral, 1, None, closed="left")],
        "emission": [StrOptions({"mixture", "point"})],
        "missing": [StrOptions({"reproduce", "complete"})],
        "window_length": [Interval(Integral, 1, None, closed="left"), None],
        "period": [Interval(Integral, 2, None, closed="left"), StrOptions({"auto"}), None],
        "d_model": [Interval(Integral, 2, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_kv_heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "input_noise": [Interval(Real, 0, 10, closed="both"), StrOptions({"auto"})],
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
        n_components: int | str = "auto",
        *,
        codebook_size: int = 64,
        n_codebooks: int = 1,
        emission: str = "mixture",
        missing: str = "reproduce",
        window_length: int | None = None,
        period: int | str | None = "auto",
        d_model: int = 64,
        n_layers: int = 2,
        n_heads: int = 4,
        n_kv_heads: int = 1,
        dropout: float | str = "auto",
        input_noise: float | str = "auto",
        corruption: float = 0.0,
        max_epochs: int = 20,
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
        self.n_components = n_components
        self.codebook_size = codebook_size
        self.n_codebooks = n_codebooks
        self.emission = emission
        self.missing = missing
        self.window_length = window_length
        self.period = period
        self.d_model = d_model
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
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

        # Stage 1 (Sections 3.1 and 3.2): basis, coefficients and codebooks.
        rows = training.rows[0]
        tokenizer = self._new_tokenizer(rows, generator)
        go_on_from(former.get("tokenizer_"), tokenizer, with_buffers=True)
        data = TokenizerData(training, class_of)
        recipe = self._tokenizer_recipe()
        run: dict[str, Any] = {"generator": noise, "verbose": self.verbose}
        history = trainer.fit(tokenizer, data, recipe, stage="tokenizer", **run)
        self.tokenizer_, self.tokenizer_loss_curve_ = tokenizer.frozen(), history.losses
        self._describe_tokens(panel, data)

        # Stage 2 (Section 3.3): a prior over the tokens of the frozen tokenizer.
        self.period_ = self._season(rows, panel.lengths, former)
        prior = self._new_prior(training, former.get("prior_"), generator)
        go_on_from(former.get("prior_"), prior)
        about = class_of, static, tokenizer
        data, held_out = (
            PriorData(part, *about, reads_values=prior.emission is not None)
            for part in (training, validation)
        )
        recipe = self._prior_recipe()
        history = trainer.fit(prior, data, recipe, validation=held_out, stage="prior", **run)
        self.prior_ = prior.frozen()
        self._calibrate(training, panel.lengths, generator.initial_seed())
        self.loss_curve_, self.validation_loss_curve_ = history.losses, history.validation_losses
        self.n_iter_, self.best_epoch_ = len(history.losses), history.best_epoch

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
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        """Draw series in the container and types seen in `fit`.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, at least 1; with `prefix`, of each of its series.
        length : int or None, default=None
            Time steps of each series, at least 1, any number. None is the length of the training
            series if they all have one, else `window_length_`.
        y : label or array-like of shape (n_series,) or None, default=None
            Classes to draw from; None draws them as often as in training (with `prefix`, as
            likely as the history makes them).
        prefix : array-like, list, DataFrame or None, default=None
            Histories to continue, in any container that `fit` takes. What is returned comes
            after them: the first `n_samples` series continue the first history, and so on.
        start : time stamp or None, default=None
            First stamp of every series; None is the first training stamp, or what follows the
            history.
        temperature : float, default=1.0
            Divisor of the logits of the codes, above 0.
        top_p : float or None, default=None
            Probability mass of codes to keep, in (0, 1]; None keeps all.
        random_state : int, RandomState or None, default=None
            Seed of this draw; None is that of the constructor. An int repeats the draw.
        n_jobs : int or None, default=None
            Joblib workers; the draw does not depend on it.

        Returns
        -------
        X : ndarray of shape (n_series, length, n_channels), list or DataFrame
            The first k series of a draw are the draw of k, and their first steps are a shorter
            draw, up to float rounding.
        """
        check_sharpening(temperature, top_p)
        return self._sample(
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
