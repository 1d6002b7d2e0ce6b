"""Walk a value into JSON and arrays, and back, by a list of codecs."""

import math
import reprlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TAG = "$"
"""Key that tells a tagged value from a plain dict."""


class Codec(NamedTuple):
    """One kind of value: how to know it, write it as a dict and read it back."""

    tag: str
    matches: Callable[[Any], bool]
    encode: Callable[[Any, "Writer", str], dict[str, Any]]
    decode: Callable[[dict[str, Any], "Reader"], Any]


class Writer:
    """Turn values into JSON, setting arrays aside in `tensors`."""

    def __init__(self, codecs: Sequence[Codec]) -> None:
        self.codecs = codecs
        self.tensors: dict[str, NDArray[Any]] = {}
        self._ancestors: set[int] = set()

    def encode(self, value: object, path: str) -> Any:
        """Give the JSON of `value`, which stands at `path` of the whole."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if id(value) in self._ancestors:
            raise TypeError(f"{path} contains itself; a file holds trees only.")
        self._ancestors.add(id(value))
        try:
            return self._encode_nested(value, path)
        finally:
            self._ancestors.discard(id(value))

    def store(self, array: NDArray[Any], path: str) -> str:
        """Set an array aside and give the name it is found by."""
        name = path
        while name in self.tensors:
            name += "'"
        self.tensors[name] = array
        return name

    def _encode_nested(self, value: object, path: str) -> Any:
        if type(value) is list:
            return [self.encode(item, f"{path}[{i}]") for i, item in enumerate(value)]
        if type(value) is dict and all(type(key) is str and key != TAG for key in value):
            return {key: self.encode(item, f"{path}[{key!r}]") for key, item in value.items()}
        for codec in self.codecs:
            if codec.matches(value):
                return {TAG: codec.tag, **codec.encode(value, self, path)}
        raise TypeError(
            f"{path} is {reprlib.repr(value)} of type {type(value).__name__}, which a file cannot "
            "hold; use plain values, arrays, pandas dtypes or a registered class."
        )


class Reader:
    """Turn the JSON of a `Writer` and its `tensors` back into values."""

    def __init__(self, codecs: Sequence[Codec], tensors: dict[str, NDArray[Any]]) -> None:
        self.codecs = {codec.tag: codec for codec in codecs}
        self.tensors = tensors

    def decode(self, node: Any) -> Any:
        """Give the value whose JSON is `node`."""
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        if TAG not in node:
            return {key: self.decode(item) for key, item in node.items()}
        codec = self.codecs.get(node[TAG])
        if codec is None:
            raise ValueError(f"unknown kind of value {node[TAG]!r}")
        return codec.decode(node, self)

    def tensor(self, name: str) -> NDArray[Any]:
        """Give the array set aside under `name`."""
        if name not in self.tensors:
            raise ValueError(f"array {name!r} is missing")
        return np.asarray(self.tensors[name])
