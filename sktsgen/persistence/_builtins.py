"""Codecs of Python's own types and of registered classes."""

from dataclasses import fields, is_dataclass
from typing import Any

from sktsgen.persistence._codec import Codec, Reader, Writer
from sktsgen.persistence._registry import registry


def _encode_tuple(value: tuple[Any, ...], writer: Writer, path: str) -> dict[str, Any]:
    return {"items": writer.encode(list(value), path)}


def _encode_dict(value: dict[Any, Any], writer: Writer, path: str) -> dict[str, Any]:
    items = [
        [writer.encode(key, f"{path} key {key!r}"), writer.encode(item, f"{path}[{key!r}]")]
        for key, item in value.items()
    ]
    return {"items": items}


def _decode_dict(node: dict[str, Any], reader: Reader) -> dict[Any, Any]:
    return {reader.decode(key): reader.decode(item) for key, item in node["items"]}


def _is_registered(value: object) -> bool:
    return registry.get(type(value).__name__) is type(value)


def _encode_object(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    if is_dataclass(value):
        state = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    else:
        state = value.__getstate__()
    if type(state) is not dict:
        raise TypeError(
            f"{path} of type {type(value).__name__} has a state of type {type(state).__name__}; "
            "its __getstate__ must return a dict."
        )
    nodes = {name: writer.encode(item, f"{path}.{name}") for name, item in state.items()}
    return {"class": type(value).__name__, "state": nodes}


def _decode_object(node: dict[str, Any], reader: Reader) -> Any:
    cls = registry.get(node["class"])
    if cls is None:
        raise ValueError(f"unknown class {node['class']!r}")
    state = {name: reader.decode(item) for name, item in node["state"].items()}
    return cls(**state) if is_dataclass(cls) else _fill(object.__new__(cls), state)


def _fill(value: Any, state: dict[str, Any]) -> Any:
    """Give an instance that `__init__` has not seen its state."""
    if hasattr(value, "__setstate__"):
        value.__setstate__(state)
    else:
        value.__dict__.update(state)
    return value


BUILTIN_CODECS = (
    Codec(
        "float",  # nan and the infinities, which JSON lacks
        lambda value: type(value) is float,
        lambda value, writer, path: {"value": repr(value)},
        lambda node, reader: float(node["value"]),
    ),
    Codec(
        "complex",
        lambda value: type(value) is complex,
        lambda value, writer, path: {"real": repr(value.real), "imag": repr(value.imag)},
        lambda node, reader: complex(float(node["real"]), float(node["imag"])),
    ),
    Codec(
        "bytes",
        lambda value: type(value) is bytes,
        lambda value, writer, path: {"hex": value.hex()},
        lambda node, reader: bytes.fromhex(node["hex"]),
    ),
    Codec(
        "tuple",
        lambda value: type(value) is tuple,
        _encode_tuple,
        lambda node, reader: tuple(reader.decode(node["items"])),
    ),
    Codec("dict", lambda value: type(value) is dict, _encode_dict, _decode_dict),
    Codec("object", _is_registered, _encode_object, _decode_object),
)
