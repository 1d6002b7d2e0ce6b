"""Typed values as JSON and arrays."""

from typing import Any

from numpy.typing import NDArray

from sktsgen.persistence._builtins import BUILTIN_CODECS
from sktsgen.persistence._codec import Reader, Writer
from sktsgen.persistence._numpy import NUMPY_CODECS
from sktsgen.persistence._pandas import PANDAS_CODECS

_CODECS = (*BUILTIN_CODECS, *NUMPY_CODECS, *PANDAS_CODECS)


def to_tree(value: object) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Split a value into JSON and arrays, keeping every type exactly.

    Parameters
    ----------
    value : object
        Plain Python values and containers, numpy and pandas values, instances of classes given
        to `register`, nested in any way but without cycles. Subclasses of these are refused, as
        they would come back as something else.

    Returns
    -------
    tree : JSON value
        What `json.dumps` accepts.
    tensors : dict of str to ndarray
        C-contiguous arrays of types that safetensors stores, by the name `tree` calls them.

    Raises
    ------
    TypeError
        If something inside cannot be stored; the message names where it stands.

    See Also
    --------
    from_tree : The inverse.

    Examples
    --------
    >>> from sktsgen.persistence import to_tree
    >>> to_tree({"scales": (1, 4)})
    ({'scales': {'$': 'tuple', 'items': [1, 4]}}, {})
    """
    writer = Writer(_CODECS)
    tree = writer.encode(value, type(value).__name__)
    return tree, writer.tensors


def from_tree(tree: Any, tensors: dict[str, NDArray[Any]]) -> Any:
    """Join what `to_tree` split.

    Parameters
    ----------
    tree : JSON value
        First result of `to_tree`.
    tensors : dict of str to ndarray
        Second result of `to_tree`; arrays are copied out of it.

    Returns
    -------
    value : object
        Equal to what `to_tree` got, of the same types; arrays are C-contiguous and writeable.

    Raises
    ------
    ValueError
        If `tree` names a kind of value, a class or an array that is not known.

    See Also
    --------
    to_tree : The inverse.

    Examples
    --------
    >>> from sktsgen.persistence import from_tree
    >>> from_tree({"scales": {"$": "tuple", "items": [1, 4]}}, {})
    {'scales': (1, 4)}
    """
    return Reader(_CODECS, tensors).decode(tree)
