"""One function that draws from whatever holds a fitted generator."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sktsgen.compose._way_back import refuse_components, refuse_without_inverse, undo_steps


def sample(estimator: Any, n_samples: int = 1, **options: Any) -> Any:
    """Draw series from a fitted generator, pipeline or search.

    Parameters
    ----------
    estimator : estimator
        A fitted generator; a fitted `sklearn.pipeline.Pipeline` or `GeneratorPipeline` that ends
        in one; or a fitted search (`GridSearchCV` and its like) over one of these.
    n_samples : int, default=1
        Number of series, at least 1.
    **options : object
        What else `sample` of the generator takes, such as `length` and `random_state`.

    Returns
    -------
    X : ndarray, list or DataFrame
        Series in the units of the data that were fitted, by `inverse_transform` of the steps
        before the generator. A generator and a `GeneratorPipeline` give back the container and
        the types they were fitted on. A plain pipeline gives the container that reached the
        generator, and the types that its steps restore.

    Raises
    ------
    TypeError
        If `estimator` holds no generator.
    ValueError
        If a step of a pipeline cannot be inverted, or a search kept no fitted estimator; if a
        plain pipeline is given a prefix or metadata, or asked for components.
    NotFittedError
        If `estimator` is not fitted.

    See Also
    --------
    make_generator_pipeline : Pipelines with a `sample` of their own.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import sktsgen
    >>> from sktsgen.datasets import make_var1
    >>> generator = sktsgen.FactorizedARGenerator(window_length=24, d_model=8, max_epochs=1)
    >>> pipeline = make_pipeline(StandardScaler(), generator).fit(make_var1(1, 300)[0])
    >>> sktsgen.sample(pipeline, 3, length=10).shape
    (3, 10, 2)
    """
    if hasattr(estimator, "sample"):
        return estimator.sample(n_samples, **options)
    if isinstance(estimator, Pipeline):
        return _sample_pipeline(estimator, n_samples, options)
    if hasattr(estimator, "refit"):
        return sample(_best_of(estimator), n_samples, **options)
    raise TypeError(
        f"{type(estimator).__name__} has no `sample`; pass a generator of sktsgen, a pipeline that "
        "ends in one, or a search over these."
    )


def _best_of(search: Any) -> Any:
    if not search.refit:
        raise ValueError(
            f"{type(search).__name__} has refit={search.refit!r}, so no estimator was fitted to "
            "all data; set refit=True."
        )
    check_is_fitted(search)
    return search.best_estimator_


def _sample_pipeline(pipeline: Pipeline, n_samples: int, options: dict[str, Any]) -> Any:
    *before, (_, generator) = pipeline.steps
    refuse_without_inverse(before)
    refuse_components(options)
    is_bare = all(step is None or step == "passthrough" for _, step in before)
    for name in ("prefix", "metadata"):
        if options.get(name) is not None and not is_bare:
            raise ValueError(
                f"{name} would reach the generator without the steps before it; build the "
                f"pipeline by make_generator_pipeline, which takes {name} through them."
            )
    return undo_steps(before, sample(generator, n_samples, **options))
