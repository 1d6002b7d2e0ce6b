"""Hypothesis strategies whose examples come from a fitted generator."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from sktsgen.testing._sizes import Size, sizes
from sktsgen.testing._source import Source


def panels(
    generator: Any,
    *,
    n_series: Size = (1, 5),
    length: Size = (2, 64),
    extremes: bool | Collection[str] = False,
    missing: bool = False,
    pool_size: int = 256,
    seed: int = 0,
) -> SearchStrategy[Any]:
    """Give a strategy of panels like those that a fitted generator draws.

    Parameters
    ----------
    generator : fitted generator, path-like or callable
        Anything with `sample`; or the file of a saved generator, or a function without arguments
        that returns one, which are read or called when the first example is drawn.
    n_series, length : int, pair of int, or strategy of int, default=(1, 5), (2, 64)
        Series of an example, and time steps of each: a number, the least and the most, or what a
        strategy gives; at least 1.
    extremes : bool or collection of str, default=False
        What one example in two has in addition: ``"constant"`` (a column that does not change),
        ``"repeats"`` (a stretch of equal rows), ``"tails"`` (a cell at the end of the range of
        its column, or one or ten ranges beyond) and ``"calendar"`` (stamps around a leap day, the
        end of a month or a year, or a change of the clocks). True is all of them. Types,
        categories and the frequency stay; what is never negative in the pool is not made so;
        columns that are constant in each series stay constant.
    missing : bool, default=False
        Whether some examples have gaps, in columns whose type can have them.
    pool_size : int, default=256
        Series that are drawn from the generator, in one call, for all examples together.
    seed : int, default=0
        Seed of that draw.

    Returns
    -------
    strategy : SearchStrategy
        Of what ``generator.sample(n_series, length=length)`` returns: an array of shape
        (n_series, length, n_channels), a list, or a frame with a (series, time) index.

    Raises
    ------
    TypeError
        If `extremes` or `missing` is neither a bool nor, of `extremes`, names.
    ValueError
        If another argument is out of range. With `missing`, when the first example is drawn, if no
        column can hold missing cells.

    See Also
    --------
    time_series : One series at a time.
    token_series : Series made step by step, which shrink finer and cost more.

    Notes
    -----
    An example is a choice of whole numbers: which series of the pool, from where on, how many
    steps, at which level of detail. Hypothesis shrinks them to fewer and shorter series, to the
    plainest series of the pool, to few round values. Choices are stored in its database, the
    series are not: an example replays exactly as long as the generator is the same, so load it
    from a file or fit it with a fixed `random_state`.

    Examples
    --------
    >>> from hypothesis import given
    >>> from sktsgen import FactorizedARGenerator
    >>> from sktsgen.datasets import make_ar1
    >>> from sktsgen.testing import panels
    >>> def fitted():
    ...     X = make_ar1(8, 32, random_state=0)
    ...     return FactorizedARGenerator(
    ...         codebook_size=8, d_model=8, max_epochs=1, random_state=0
    ...     ).fit(X)
    >>> @given(panels(fitted, n_series=2, length=10, pool_size=16))
    ... def test_shape(X):
    ...     assert X.shape == (2, 10, 1)
    """
    source = Source(generator, length, extremes, missing, pool_size, seed)
    counts = sizes("n_series", n_series)[0]

    @st.composite
    def examples(draw: Any) -> Any:
        example = source.example(draw, draw(counts))
        return example.pool.panel(example.columns, example.n_series, example.time)

    return examples()


def time_series(
    generator: Any,
    *,
    length: Size = (2, 64),
    extremes: bool | Collection[str] = False,
    missing: bool = False,
    pool_size: int = 256,
    seed: int = 0,
) -> SearchStrategy[Any]:
    """Give a strategy of single series like those that a fitted generator draws.

    Parameters
    ----------
    generator, length, extremes, missing, pool_size, seed : object
        As in `panels`.

    Returns
    -------
    strategy : SearchStrategy
        Of arrays of shape (length, n_channels), or frames with a plain time index where the
        generator was fitted to frames.

    See Also
    --------
    panels : Several series at once.

    Examples
    --------
    >>> from sktsgen.testing import time_series
    >>> series = time_series("building.sktsgen", length=(24, 72), extremes=["calendar"])
    """
    source = Source(generator, length, extremes, missing, pool_size, seed)

    @st.composite
    def examples(draw: Any) -> Any:
        example = source.example(draw, 1)
        return example.pool.series(example.columns, example.time)

    return examples()
