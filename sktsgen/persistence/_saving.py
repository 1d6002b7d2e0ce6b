"""What estimators that can be kept as a file have in common."""

from __future__ import annotations

import os

from sklearn.utils.validation import check_is_fitted

from sktsgen.persistence._file import save_estimator


class Saving:
    """Give an estimator of a registered class its `save`."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one file; `sktsgen.load` reads it and executes nothing.

        Parameters
        ----------
        path : path-like
            Name of the file. A file of that name is replaced once the new one is whole.
        """
        check_is_fitted(self)
        save_estimator(self, path)
