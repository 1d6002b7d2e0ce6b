"""Codecs of numpy's arrays, scalars, dtypes and RandomState."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sktsgen.persistence._codec import Codec, Reader, Writer

_KINDS = "biufcmMUS"
_DTYPE_TEXT = re.compile(rf"[<>|=][{_KINDS}]\d+(\[[\d\w]+\])?|\|O|[<>][mM]8")
# What safetensors names a type for; anything else is stored as its bytes.
_NATIVE = {"|b1", "|i1", "|u1", *(f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8))} | {
    f"<f{size}" for size in (2, 4, 8)
}


def _is_plain(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in _KINDS


def _read_dtype(text: str) -> np.dtype[Any]:
    if not _DTYPE_TEXT.fullmatch(text):
        raise ValueError(f"unknown dtype {text!r}")
    return np.dtype(text)


def _encode_array(array: NDArray[Any], writer: Writer, path: str) -> dict[str, Any]:
    dtype = array.dtype
    flat = np.ndarray(array.size * dtype.itemsize, np.uint8, array.tobytes())
    if dtype.str in _NATIVE:
        flat = flat.view(dtype)
    tensor = flat.reshape(array.shape) if dtype.str in _NATIVE else flat
    name = writer.store(tensor, path)
    return {"dtype": dtype.str, "shape": list(array.shape), "tensor": name}


def _decode_array(node: dict[str, Any], reader: Reader) -> NDArray[Any]:
    dtype, shape = _read_dtype(node["dtype"]), tuple(node["shape"])
    tensor = reader.tensor(node["tensor"])
    if tensor.nbytes != dtype.itemsize * math.prod(shape):
        raise ValueError(f"array {node['tensor']!r} does not fill {shape} of {dtype}")
    array: NDArray[Any] = np.ndarray(shape, dtype, tensor.tobytes()).copy()
    return array


def _encode_objects(array: NDArray[Any], writer: Writer, path: str) -> dict[str, Any]:
    items = list(array.ravel())
    return {"shape": list(array.shape), "items": writer.encode(items, path)}


def _decode_objects(node: dict[str, Any], reader: Reader) -> NDArray[Any]:
    array = np.empty(len(node["items"]), dtype=object)
    for position, item in enumerate(node["items"]):
        array[position] = reader.decode(item)
    return array.reshape(node["shape"])


def _encode_scalar(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    if isinstance(value, np.str_):  # an array would drop trailing null characters
        return {"dtype": "str", "text": str(value)}
    return {"dtype": value.dtype.str, "hex": value.tobytes().hex()}


def _decode_scalar(node: dict[str, Any], reader: Reader) -> Any:
    if node["dtype"] == "str":
        return np.str_(node["text"])
    data, dtype = bytes.fromhex(node["hex"]), _read_dtype(node["dtype"])
    if dtype.kind == "S":
        return np.bytes_(data)
    return np.ndarray((), dtype, data)[()]


def _is_random_state(value: object) -> bool:
    if not isinstance(value, np.random.RandomState):
        return False
    return bool(value.get_state(legacy=False)["bit_generator"] == "MT19937")


def _decode_random_state(node: dict[str, Any], reader: Reader) -> np.random.RandomState:
    random_state = np.random.RandomState(0)
    random_state.set_state(reader.decode(node["state"]))
    return random_state


NUMPY_CODECS = (
    Codec(
        "array",
        lambda value: type(value) in (np.ndarray, np.memmap) and _is_plain(value.dtype),
        _encode_array,
        _decode_array,
    ),
    Codec(
        "objects",
        lambda value: type(value) is np.ndarray and value.dtype.kind == "O",
        _encode_objects,
        _decode_objects,
    ),
    Codec(
        "scalar",
        lambda value: isinstance(value, np.generic) and _is_plain(value.dtype),
        _encode_scalar,
        _decode_scalar,
    ),
    Codec(
        "dtype",
        lambda value: isinstance(value, np.dtype) and (_is_plain(value) or value.kind == "O"),
        lambda value, writer, path: {"name": value.str},
        lambda node, reader: _read_dtype(node["name"]),
    ),
    Codec(
        "RandomState",
        _is_random_state,
        lambda value, writer, path: {"state": writer.encode(value.get_state(), path)},
        _decode_random_state,
    ),
)
