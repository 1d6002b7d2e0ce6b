"""GeneratorPipeline: a scikit-learn pipeline that can also draw and forecast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sktsgen.compose._given import given_features
from sktsgen.compose._way_back import (
    into_container,
    refuse_components,
    refuse_without_inverse,
    undo_steps,
)
from sktsgen.compose._way_in import (
    has_index_of,
    note_what_is_no_number,
    numbered,
    panel_of,
    table_of,
    with_index,
)
from sktsgen.data import Panel, restore_rows

_SINGLE = ("array_2d", "frame")


def _generator_of(pipeline: Pipeline) -> Any:
    """Last step, or the best estimator of a search that is the last step."""
    last = pipeline.steps[-1][1]
    return getattr(last, "best_estimator_", last)


def _last_has(method: str) -> Callable[[Pipeline], bool]:
    def check(pipeline: Pipeline) -> bool:
        return hasattr(pipeline.steps[-1][1], method)

    return check


def _can_bring_back(method: str) -> Callable[[Pipeline], bool]:
    """Condition: the generator has the method, and the steps before it can be undone."""

    def check(pipeline: Pipeline) -> bool:
        getattr(_generator_of(pipeline), method)
        refuse_without_inverse(pipeline.steps[:-1])
        return True

    return check


class GeneratorPipeline(Pipeline):
    """Transformers and a generator as one generator, in the units of the data.

    A `sklearn.pipeline.Pipeline` that ends in a generator and adds `sample`, `sample_batches` and
    `forecast`: what the generator draws goes back through the `inverse_transform` of the steps
    before it, into the container and the types that `fit` was given.

    The steps see one table, whatever the container: a 3-D array or a list becomes a frame with a
    (series, time) index, and transformers of scikit-learn are asked for frames, so that scalers
    and encoders work on panels and the generator knows where a series ends.

    Parameters
    ----------
    steps : list of (str, estimator)
        Names and steps in order; the last one is a generator, or a search over generators.
    transform_input : list of str or None, default=None
        As in `sklearn.pipeline.Pipeline`.
    memory : str, object with the joblib.Memory interface or None, default=None
        Where fitted transformers are cached; None does not cache.
    verbose : bool, default=False
        Whether to print the time each step takes.

    Attributes
    ----------
    spec_ : PanelSpec
        Container, names, types and time axis of the training data.
    keeps_index_ : bool
        Whether the steps hand the generator a frame. Where one of them gives a bare array, only
        single series can be used: the series of a panel would be joined end to end.

    See Also
    --------
    make_generator_pipeline : Names the steps by itself.
    sample : Draws from plain pipelines and searches too.

    Notes
    -----
    `score` is that of the generator, in the units of what the last transformer gives. It compares
    generators behind the same transformers, and not one scaling with another.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sktsgen import FactorizedARGenerator, GeneratorPipeline
    >>> from sktsgen.datasets import make_var1
    >>> generator = FactorizedARGenerator(d_model=8, batch_size=8, max_epochs=1)
    >>> pipeline = GeneratorPipeline([("scale", StandardScaler()), ("generate", generator)])
    >>> pipeline.fit(make_var1(20, 30, random_state=0)).sample(3, length=40).shape
    (3, 40, 2)
    """

    def _fit(self, X: Any, *args: Any, **kwargs: Any) -> Any:
        # The one private method of scikit-learn the class builds on: all of fit, fit_transform
        # and fit_predict go through it, and only here is known what reaches the generator.
        panel = panel_of(X)
        table = table_of(X, panel)
        try:
            with config_context(transform_output="pandas"):
                features = super()._fit(table, *args, **kwargs)
        except (TypeError, ValueError) as error:
            note_what_is_no_number(table, error)
            raise
        self.spec_ = panel.spec
        self.keeps_index_ = has_index_of(table, features)
        self._refuse_joined_series(panel)
        return with_index(features, table)

    @property
    def window_length_(self) -> int:
        """Time steps of a training window of the generator."""
        return int(_generator_of(self).window_length_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        steps = [step for _, step in self.steps if step not in (None, "passthrough")]
        tags.input_tags.allow_nan = all(get_tags(step).input_tags.allow_nan for step in steps)
        return tags

    @available_if(_last_has("score"))
    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Score of the generator on transformed series.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.
        y : array-like of shape (n_series,) or None, default=None
            Class labels.
        **params : object
            Metadata for the steps, with metadata routing enabled.

        Returns
        -------
        score : float
            Higher is better.
        """
        # Differs from the parent: with metadata routing its own asks the last step for a
        # sample_weight, which generators do not take.
        routed = process_routing(self, "score", **params)
        name, last = self.steps[-1]
        return float(last.score(self._features(X, routed), y, **routed[name].score))

    @available_if(_last_has("score_samples"))
    def score_samples(self, X: Any) -> np.ndarray:
        """Score of every row of one series, or of every series of a panel.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.

        Returns
        -------
        scores : ndarray of shape (n_timesteps,) or (n_series,)
            As those of the generator.
        """
        return np.asarray(self.steps[-1][1].score_samples(self._features(X)))

    @available_if(_last_has("transform"))
    def transform(self, X: Any, **params: Any) -> Any:
        """Transform with all steps, the generator included.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container that `fit` takes.
        **params : object
            Metadata for the steps, with metadata routing enabled.

        Returns
        -------
        Xt : ndarray, list or DataFrame
            As `X`.
        """
        with self._frames(X) as table:
            features = super().transform(table, **params)
        if isinstance(X, pd.DataFrame):
            return features
        columns = getattr(features, "columns", None)
        return restore_rows(np.asarray(features), panel_of(X), columns=columns)

    @available_if(_last_has("transform"))
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit, then transform the same series.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Series, in any container.
        y : array-like of shape (n_series,) or None, default=None
            Class labels.
        **params : object
            As in `fit`.

        Returns
        -------
        Xt : ndarray, list or DataFrame
            As `X`.
        """
        return self.fit(X, y, **params).transform(X)

    @available_if(_can_bring_back("sample"))
    def sample(self, n_samples: int = 1, *, prefix: Any = None, **options: Any) -> Any:
        """Draw series in the container, the units and the types seen in `fit`.

        Parameters
        ----------
        n_samples : int, default=1
            Number of series, at least 1.
        prefix : array-like, list, DataFrame or None, default=None
            Histories to continue, in the units of the data; they go through the steps first.
        **options : object
            What else `sample` of the generator takes, such as `length` and `random_state`;
            `metadata` are in the units of the data and go through the steps too.

        Returns
        -------
        X : ndarray of shape (n_series, length, n_channels), list or DataFrame
            As the generator would have drawn them, had it been fitted to the same data itself.

        Raises
        ------
        ValueError
            If components are asked for, which are those of what the steps give; or if `metadata`
            are given and the steps make other columns of the table.
        """
        check_is_fitted(self)
        refuse_components(options)
        # The generator sees steps counted where the user has no stamps, and would take any start.
        self.spec_.time.grid(0, start=options.get("start"))
        if prefix is not None:
            options["prefix"] = self._features(prefix)
        if options.get("metadata") is not None:
            options["metadata"] = self._given(options["metadata"], "metadata", self._drawn_row)
        return self._bring_back(_generator_of(self).sample(n_samples, **options))

    @available_if(_can_bring_back("sample_batches"))
    def sample_batches(self, n_samples: int, *, batch_size: int, **options: Any) -> Iterator[Any]:
        """Draw series batch by batch, in bounded memory.

        Parameters
        ----------
        n_samples : int
            Number of series in all, at least 1.
        batch_size : int
            Series per batch, at least 1; the last batch may have fewer.
        **options : object
            What else `sample_batches` of the generator takes.

        Yields
        ------
        X : ndarray, list or DataFrame
            The next series, as `sample` gives them.
        """
        check_is_fitted(self)
        batches = _generator_of(self).sample_batches(n_samples, batch_size=batch_size, **options)
        return (self._bring_back(batch) for batch in batches)

    @available_if(_can_bring_back("forecast"))
    def forecast(self, X: Any, horizon: int, **options: Any) -> Any:
        """Draw futures of given series.

        Parameters
        ----------
        X : array-like, list or DataFrame
            Histories, in any container that `fit` takes.
        horizon : int
            Steps ahead, at least 1.
        **options : object
            What else `forecast` of the generator takes, such as `n_samples`; columns that are
            `known` are in the units of the data and go through the steps too.

        Returns
        -------
        futures : ndarray, DataFrame or list
            With an axis, an index level or lists of samples, as `forecast` of the generator
            gives them.

        Raises
        ------
        ValueError
            If columns are `known` and the steps make other columns of the table.
        """
        check_is_fitted(self)
        if options.get("known") is not None:
            options["known"] = self._given(
                options["known"], "known", lambda: table_of(X, panel_of(X)).tail(1)
            )
        futures = _generator_of(self).forecast(self._features(X), horizon, **options)
        series = self._bring_back(futures.set_axis(numbered(futures.index)))
        if isinstance(series, pd.DataFrame):
            return series.set_axis(futures.index)
        n_series = panel_of(X).n_series
        n_samples = len(series) // n_series
        if isinstance(series, list):
            return [series[i * n_samples : (i + 1) * n_samples] for i in range(n_series)]
        is_single = futures.index.nlevels == 2
        return series if is_single else series.reshape(n_series, n_samples, *series.shape[1:])

    @contextmanager
    def _frames(self, X: Any) -> Iterator[pd.DataFrame]:
        """Hold scikit-learn's transformers to frames, and give `X` as one."""
        check_is_fitted(self)
        panel = panel_of(X)
        self._refuse_joined_series(panel)
        with config_context(transform_output="pandas"):
            yield table_of(X, panel)

    def _features(self, X: Any, routed: Any = None) -> Any:
        """Transform `X` by all steps before the generator."""
        with self._frames(X) as table:
            return self._transformed(table, routed)

    def _transformed(self, table: pd.DataFrame, routed: Any = None) -> Any:
        routed = process_routing(self, "transform") if routed is None else routed
        features: Any = table
        for name, step in self.steps[:-1]:
            if not (step is None or step == "passthrough"):
                features = step.transform(features, **routed[name].transform)
        return with_index(features, table)

    def _given(self, given: Any, name: str, row: Callable[[], pd.DataFrame]) -> Any:
        """Transform some columns alone by all steps before the generator."""
        with config_context(transform_output="pandas"):
            return given_features(
                given, name, spec=self.spec_, row=row, transform=self._transformed
            )

    def _drawn_row(self) -> pd.DataFrame:
        drawn = self._bring_back(_generator_of(self).sample(1, length=1, random_state=0))
        return table_of(drawn, panel_of(drawn))

    def _bring_back(self, drawn: Any) -> Any:
        return into_container(undo_steps(self.steps[:-1], drawn), self.spec_)

    def _refuse_joined_series(self, panel: Panel) -> None:
        # A slice of a fitted pipeline has not been fitted itself.
        if getattr(self, "keeps_index_", True) or panel.spec.container in _SINGLE:
            return
        raise ValueError(
            f"a step of {[name for name, _ in self.steps[:-1]]} gives an array without the index "
            f"of the panel, so that its {panel.n_series} series would be joined end to end; call "
            "set_output(transform='pandas') on that step, or make it return a frame."
        )


def make_generator_pipeline(
    *steps: Any, memory: Any = None, transform_input: Any = None, verbose: bool = False
) -> GeneratorPipeline:
    """Build a `GeneratorPipeline`; each step is named after its type.

    Parameters
    ----------
    *steps : estimators
        Transformers, and a generator as the last one.
    memory, transform_input, verbose : object
        As in `GeneratorPipeline`.

    Returns
    -------
    pipeline : GeneratorPipeline

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sktsgen import FactorizedARGenerator, make_generator_pipeline
    >>> pipeline = make_generator_pipeline(StandardScaler(), FactorizedARGenerator())
    >>> list(pipeline.named_steps)
    ['standardscaler', 'factorizedargenerator']
    """
    named = make_pipeline(*steps).steps
    return GeneratorPipeline(named, memory=memory, transform_input=transform_input, verbose=verbose)
