"""What a caller may want to catch, beside `ValueError` and `TypeError`."""

__all__ = [
    "CodebookUsageWarning",
    "FileFormatError",
    "IrregularTimeError",
    "NonFiniteLossError",
    "OutOfMemoryError",
    "RankLostError",
    "TrainingInterruptedWarning",
]


class FileFormatError(ValueError):
    """A file is damaged, was changed, or was not written by this library."""


class IrregularTimeError(ValueError):
    """The time stamps of a series do not follow one frequency."""


class NonFiniteLossError(ArithmeticError):
    """A loss became infinite or NaN during training."""


class OutOfMemoryError(MemoryError):
    """The memory of a device does not hold what was asked of it."""


class RankLostError(RuntimeError):
    """Another process of a distributed training ended before this one."""


class CodebookUsageWarning(UserWarning):
    """A codebook is used in part only, so its tokens say less than they could."""


class TrainingInterruptedWarning(UserWarning):
    """Training was interrupted by the user; the best weights so far were kept."""
