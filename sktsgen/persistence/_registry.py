"""The classes a file may name."""

from typing import Any, TypeVar

Class = TypeVar("Class", bound=type[Any])

registry: dict[str, type[Any]] = {}


def register(cls: Class) -> Class:
    """Allow instances of a class in saved files; use it as a decorator.

    A dataclass is stored by the fields of its constructor and rebuilt through it. Any other class
    is stored as the dict that `__getstate__` returns and rebuilt, without `__init__`, by
    `__setstate__`, or by filling `__dict__` where it has none.

    Parameters
    ----------
    cls : type
        The class; a file knows it by `cls.__name__`.

    Returns
    -------
    cls : type
        The same class.

    Raises
    ------
    ValueError
        If another class has the same name.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from sktsgen.persistence import from_tree, register, to_tree
    >>> @register
    ... @dataclass(frozen=True)
    ... class Grid:
    ...     step: float
    >>> from_tree(*to_tree(Grid(step=0.5)))
    Grid(step=0.5)
    """
    known = registry.get(cls.__name__, cls)
    if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ValueError(
            f"The name {cls.__name__!r} of {cls.__module__}.{cls.__qualname__} is taken by "
            f"{known.__module__}.{known.__qualname__}; choose another name."
        )
    registry[cls.__name__] = cls
    return cls
