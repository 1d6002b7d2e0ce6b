"""One safetensors file that holds an estimator; nothing in it is executed."""

import hashlib
import json
import os
import platform
import secrets
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import safetensors
import safetensors.numpy

from sktsgen import __version__
from sktsgen.exceptions import FileFormatError
from sktsgen.persistence._registry import registry
from sktsgen.persistence._tree import from_tree, to_tree

FORMAT = "sktsgen"
FORMAT_VERSION = 1
_LENGTH_BYTES = 8  # a safetensors file opens with the length of its header
_HEADER_LIMIT = 100_000_000  # bytes; safetensors reads no longer header
_NO_DIGEST = "0" * 64
_PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "safetensors")


def save_estimator(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write an estimator to one safetensors file.

    The file holds every array under its place in the estimator, and a JSON header with the other
    values, the class, the versions of the packages and a checksum of the whole. It is written
    under a temporary name in the same folder, flushed to disk and renamed, so that a failure
    leaves an older file of this name as it was.

    Parameters
    ----------
    estimator : instance of a class given to `register`
        Fitted or not.
    path : str or path-like
        The file; an existing one is replaced.

    Raises
    ------
    TypeError
        If the class is not registered, or something in its state cannot be stored; the message
        names the attribute.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the estimator back.
    """
    name = type(estimator).__name__
    if registry.get(name) is not type(estimator):
        raise TypeError(
            f"An object of type {name} cannot be saved; use one of {sorted(registry)}, or pickle."
        )
    _write_atomically(Path(os.path.realpath(path)), _to_bytes(estimator))


def load(path: str | os.PathLike[str], *, device: str = "auto") -> Any:
    """Read an estimator from a file that `save_estimator` wrote.

    No code from the file runs and no module named in it is imported: it can only name classes of
    this library, which are built from plain values and arrays. The checksum finds damage; it does
    not tell who wrote the file.

    Parameters
    ----------
    path : str or path-like
        The file.
    device : str, default="auto"
        Where the estimator is to work, such as "cpu" or "cuda:1"; "auto" leaves it where it was
        fitted, or puts it on the processor if there is no such device here, with a warning if it
        was asked for by name.

    Returns
    -------
    estimator : object
        Of the class that was saved, with equal state.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is damaged, cut short, changed, written by something else, or made by a newer
        version of this library.

    See Also
    --------
    save_estimator : Write the file.
    """
    data = Path(path).read_bytes()
    document = _read_document(data, path)
    _check_digest(data, document, path)
    estimator = _rebuild(data, document, path)
    if device != "auto" and hasattr(estimator, "to_device"):
        estimator.to_device(device)
    return estimator


def _to_bytes(estimator: Any) -> bytes:
    tree, tensors = to_tree(estimator)
    document = {
        "sha256": _NO_DIGEST,  # first, so that it is the first run of these 64 characters
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "class": type(estimator).__name__,
        "versions": _versions(),
        "tree": tree,
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    data = safetensors.numpy.save(tensors, {FORMAT: text})
    n_header = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if n_header > _HEADER_LIMIT:
        raise ValueError(
            f"The values beside the arrays take {n_header} bytes, more than the {_HEADER_LIMIT} "
            "that a file may hold; keep long lists of values as arrays of numbers or text."
        )
    return data.replace(_NO_DIGEST.encode(), hashlib.sha256(data).hexdigest().encode(), 1)


def _versions() -> dict[str, str]:
    versions = {package: version(package) for package in _PACKAGES}
    return {"sktsgen": __version__, "python": platform.python_version(), **versions}


def _write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path`, all of it or none."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {str(path.parent)!r} does not exist; create it first.")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename durable where the system lets folders be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_document(data: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Give our JSON from the header, if it is ours and of a version that can be read."""
    header = _read_header(data, path)
    metadata = header.get("__metadata__")
    text = metadata.get(FORMAT) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        _refuse(path, f"it is a safetensors file without the entry {FORMAT!r} of ours")
    document = _parse_json(text, path)
    found = document.get("format_version")
    if type(found) is not int or found < 1:
        _refuse(path, f"its format version is {found!r} instead of a whole number")
    if found > FORMAT_VERSION:
        _refuse(
            path,
            f"it has format version {found}, and this version reads up to {FORMAT_VERSION}",
            "install a newer sktsgen",
        )
    return document


def _read_header(data: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    if len(data) < _LENGTH_BYTES:
        _refuse(path, f"it has {len(data)} bytes, fewer than the {_LENGTH_BYTES} it must open with")
    n_header = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if n_header > _HEADER_LIMIT:
        _refuse(path, f"it announces a header of {n_header} bytes; the limit is {_HEADER_LIMIT}")
    if _LENGTH_BYTES + n_header > len(data):
        _refuse(path, f"it announces a header of {n_header} bytes and has {len(data)} in all")
    return _parse_json(data[_LENGTH_BYTES : _LENGTH_BYTES + n_header], path)


def _parse_json(text: str | bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"its header is not JSON ({error})", cause=error)
    if not isinstance(document, dict):
        _refuse(path, f"its header is a {type(document).__name__} instead of a JSON object")
    return document


def _check_digest(data: bytes, document: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Compare the checksum of all bytes, its own characters taken as zeros."""
    expected = str(document.get("sha256"))
    blank = data.replace(expected.encode(), _NO_DIGEST.encode(), 1)
    found = hashlib.sha256(blank).hexdigest()
    if found != expected:
        _refuse(path, f"its bytes have the checksum {found} instead of {expected}")


def _rebuild(data: bytes, document: dict[str, Any], path: str | os.PathLike[str]) -> Any:
    """Build the estimator, or refuse whatever the file gets wrong."""
    name = str(document.get("class"))
    if name not in registry:
        _refuse(
            path,
            f"it holds a {name!r}, which is not among the known classes {sorted(registry)}",
            f"use the version it was written with, {document.get('versions')}",
        )
    try:
        estimator = from_tree(document["tree"], safetensors.numpy.load(data))
    except Exception as error:
        _refuse(
            path,
            f"its {name} cannot be rebuilt ({type(error).__name__}: {error})",
            f"use the version it was written with, {document.get('versions')}",
            cause=error,
        )
    if type(estimator) is not registry[name]:
        _refuse(path, f"it announces a {name} and holds a {type(estimator).__name__}")
    return estimator


def _refuse(
    path: str | os.PathLike[str],
    found: str,
    advice: str = "take an unchanged copy of a file that `save` of an estimator wrote",
    *,
    cause: Exception | None = None,
) -> NoReturn:
    raise FileFormatError(f"{os.fspath(path)!r} cannot be loaded: {found}; {advice}.") from cause
