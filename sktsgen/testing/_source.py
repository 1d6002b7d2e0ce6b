"""Where the examples of a strategy come from."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from sktsgen import load
from sktsgen.testing._plainness import RAW
from sktsgen.testing._pool import Pool, pool_of
from sktsgen.testing._sizes import Size, check_flag, check_size, sizes
from sktsgen.testing._twists import Example, add_extreme, add_gaps, can_be_missing, check_extremes

_LEVELS = 128  # Hypothesis prefers small ones: about half of the examples are below RAW
_SHORTEST_POOL = 64


class Source:
    """A generator and what is wanted of it; nothing is read, drawn or fitted ahead of time."""

    def __init__(
        self,
        generator: Any,
        length: Size,
        extremes: bool | Collection[str],
        missing: bool,
        pool_size: int,
        seed: int,
    ) -> None:
        self.given = Given(generator)
        self.lengths, self.longest = sizes("length", length)
        self.extremes, self.missing = check_extremes(extremes), check_flag("missing", missing)
        self.pool_size = check_size("pool_size", pool_size)
        self.seed = check_size("seed", seed, least=0)  # None would be another pool each time

    def example(self, draw: Any, n_series: int) -> Example:
        """Draw the rows of some series."""
        length = draw(self.lengths)
        pool = self._pool(length)
        # Not `integers`, which prefer small numbers; all series are to be seen.
        ranks = st.sampled_from(range(pool.n_series))
        chosen = draw(st.lists(ranks, min_size=n_series, max_size=n_series))
        start = min(draw(st.integers(0, pool.length - 1)), pool.length - length)
        level = draw(st.sampled_from(range(_LEVELS)))
        columns = pool.take(chosen, start, length)
        if level < RAW:
            pairs = zip(pool.scales, columns, strict=True)
            columns = [scale.plainer(column, level) for scale, column in pairs]
        example = Example(pool, columns, n_series, length)
        add_extreme(draw, example, self.extremes)
        if self.missing:
            add_gaps(draw, example)
        return example

    def _pool(self, length: int) -> Pool:
        # Without an upper bound, pools double in length, so that few are ever drawn.
        doubled = max(_SHORTEST_POOL, 1 << (length - 1).bit_length())
        longest = doubled if self.longest is None else self.longest
        pool = pool_of(self.given.generator, self.pool_size, longest, self.seed)
        dtypes = [column.dtype for column in pool.columns]
        if self.missing and not any(can_be_missing(dtype) for dtype in dtypes):
            raise ValueError(
                f"missing=True, and no column can hold missing cells: the types are "
                f"{sorted({str(dtype) for dtype in dtypes})}; leave it out, or fit on floating or "
                f"nullable types."
            )
        return pool


class Given:
    """A generator, its file or a function that returns it; read when it is first asked for."""

    def __init__(self, given: Any) -> None:
        self.given = given

    @cached_property
    def generator(self) -> Any:
        """The generator itself."""
        return _resolve(self.given)


def _resolve(given: Any) -> Any:
    if isinstance(given, str | os.PathLike):
        given = load(given)
    elif callable(given):
        given = given()
    if not hasattr(given, "sample"):
        raise TypeError(
            f"{given!r} has no method `sample`; give a fitted generator, the file of one, or a "
            f"function that returns one."
        )
    return given
