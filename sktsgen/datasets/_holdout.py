"""Held-out rows that are neighbours in time, yet alike the rest."""

import numpy as np
from numpy.typing import NDArray

from sktsgen.datasets._arguments import check_count


def block_holdout(n_rows: int, block: int, *, every: int = 5) -> NDArray[np.bool_]:
    """Mark every `every`-th block of rows as held out.

    Row r is held out where ``(r // block) % every == every - 1``. Blocks keep windows of the two
    parts from overlapping; interleaving keeps both parts alike when the series drifts.

    Parameters
    ----------
    n_rows : int
        Rows of the series, at least 1.
    block : int
        Rows in a block, at least 1; two window lengths is a good choice.
    every : int, default=5
        One block in so many is held out, at least 2.

    Returns
    -------
    held_out : ndarray of shape (n_rows,)
        True where the row is held out.

    Raises
    ------
    ValueError
        If an argument is too small.

    Examples
    --------
    >>> from sktsgen.datasets import block_holdout
    >>> block_holdout(10, 2, every=3).astype(int).tolist()
    [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    """
    rows = np.arange(check_count("n_rows", n_rows))
    every = check_count("every", every, minimum=2)
    return (rows // check_count("block", block)) % every == every - 1
