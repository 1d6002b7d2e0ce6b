"""What a caller may want to catch, beside `ValueError` and `TypeError`."""

__all__ = [
    "CodebookUsageWarning",
    "FileFormatError",
    "IrregularTimeError",
    "NonFiniteLossError",
    "TrainingInterruptedWarning",
]


class FileFormatError(ValueError):
    """A file is damaged, was changed, or was not written by this library."""


class IrregularTimeError(ValueError):
    """The time stamps of a series do not follow one frequency."""


class NonFiniteLossError(ArithmeticError):
    """A loss became infinite or NaN during training."""


class CodebookUsageWarning(UserWarning):
    """A codebook is used in part only, so its tokens say less than they could."""


class TrainingInterruptedWarning(UserWarning):
    """Training was interrupted by the user; the best weights so far were kept."""
