"""Codecs of pandas scalars, offsets, dtypes and indexes."""

import importlib.util
from datetime import timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from sktsgen.persistence._codec import Codec, Reader, Writer

_NULLABLE = {
    dtype.name: dtype
    for dtype in (
        *(pd.Int8Dtype(), pd.Int16Dtype(), pd.Int32Dtype(), pd.Int64Dtype()),
        *(pd.UInt8Dtype(), pd.UInt16Dtype(), pd.UInt32Dtype(), pd.UInt64Dtype()),
        *(pd.Float32Dtype(), pd.Float64Dtype(), pd.BooleanDtype()),
    )
}
_NULLABLE_TYPES = frozenset(type(dtype) for dtype in _NULLABLE.values())
_INDEXES = (pd.Index, pd.DatetimeIndex, pd.TimedeltaIndex, pd.PeriodIndex, pd.IntervalIndex)


def _encode_zone(zone: tzinfo | None, path: str) -> Any:
    """Give the name of a time zone, or its distance from UTC in seconds."""
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)  # zoneinfo, pytz
    if zone is None or name is not None:
        return name
    offset = zone.utcoffset(None)
    if offset is None:
        raise TypeError(f"{path} has time zone {zone!r}; a file holds named and fixed zones only.")
    return offset.total_seconds()


def _decode_zone(node: Any) -> tzinfo | None:
    if node is None:
        return None
    if isinstance(node, str):
        return ZoneInfo(node)
    return timezone(timedelta(seconds=node))


def _encode_timestamp(value: pd.Timestamp, writer: Writer, path: str) -> dict[str, Any]:
    count = int(value.asm8.astype(np.int64))  # in UTC
    return {"count": count, "unit": value.unit, "zone": _encode_zone(value.tzinfo, path)}


def _decode_timestamp(node: dict[str, Any], reader: Reader) -> pd.Timestamp:
    value = pd.Timestamp(np.datetime64(node["count"], node["unit"]))
    if node["zone"] is None:
        return value
    return value.tz_localize("UTC").tz_convert(_decode_zone(node["zone"]))


def _encode_timedelta(value: pd.Timedelta, writer: Writer, path: str) -> dict[str, Any]:
    return {"count": int(value.asm8.astype(np.int64)), "unit": value.unit}


def _decode_timedelta(node: dict[str, Any], reader: Reader) -> pd.Timedelta:
    return pd.Timedelta(np.timedelta64(node["count"], node["unit"]))


def _encode_interval(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    ends = {"left": value.left, "right": value.right}
    return {"ends": writer.encode(ends, path), "closed": value.closed}


def _encode_offset(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    try:
        restored = to_offset(value.freqstr)
    except ValueError:
        restored = None
    if restored != value:
        raise TypeError(
            f"{path} is the offset {value!r}, which its text does not determine; use a "
            "frequency that has a text, such as pandas.offsets.MonthBegin()."
        )
    return {"freq": value.freqstr}


def _encode_category(value: pd.CategoricalDtype, writer: Writer, path: str) -> dict[str, Any]:
    categories = writer.encode(value.categories, f"{path}.categories")
    return {"categories": categories, "ordered": value.ordered}


def _decode_category(node: dict[str, Any], reader: Reader) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(reader.decode(node["categories"]), node["ordered"])


def _encode_text_dtype(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    return {"storage": value.storage, "missing": "NA" if value.na_value is pd.NA else "nan"}


def _decode_text_dtype(node: dict[str, Any], reader: Reader) -> pd.StringDtype:
    storage = node["storage"]
    if storage == "pyarrow" and importlib.util.find_spec("pyarrow") is None:
        storage = "python"  # the same values in another memory layout
    return pd.StringDtype(storage, na_value=pd.NA if node["missing"] == "NA" else np.nan)


def _encode_interval_dtype(value: Any, writer: Writer, path: str) -> dict[str, Any]:
    return {"subtype": writer.encode(value.subtype, path), "closed": value.closed}


def _is_index(value: object) -> bool:
    return type(value) in (*_INDEXES, pd.RangeIndex)


def _encode_index(index: Any, writer: Writer, path: str) -> dict[str, Any]:
    name = writer.encode(index.name, f"{path}.name")
    if type(index) is pd.RangeIndex:
        return {"range": [index.start, index.stop, index.step], "name": name}
    freq = getattr(index, "freqstr", None)
    if isinstance(index, pd.DatetimeIndex):
        values = index.asi8.view(f"M8[{index.unit}]")
        zone = _encode_zone(index.tz, path)
        return {"values": writer.encode(values, path), "zone": zone, "freq": freq, "name": name}
    is_array = isinstance(index.dtype, np.dtype) and index.dtype.kind != "O"
    return {
        "dtype": writer.encode(index.dtype, f"{path}.dtype"),
        "values": writer.encode(index.to_numpy() if is_array else list(index), path),
        "freq": freq,
        "name": name,
    }


def _decode_index(node: dict[str, Any], reader: Reader) -> Any:
    name = reader.decode(node["name"])
    if "range" in node:
        start, stop, step = node["range"]
        return pd.RangeIndex(start, stop, step, name=name)
    values = reader.decode(node["values"])
    if "zone" in node:
        index: Any = pd.DatetimeIndex(values, name=name)
        if node["zone"] is not None:
            index = index.tz_localize("UTC").tz_convert(_decode_zone(node["zone"]))
    else:
        dtype = reader.decode(node["dtype"])
        index = pd.Index(values, dtype=dtype, name=name, tupleize_cols=False)
    if node["freq"] is None or isinstance(index.dtype, pd.PeriodDtype):
        return index
    return type(index)(index, freq=node["freq"])


PANDAS_CODECS = (
    Codec(
        "NaT",
        lambda value: value is pd.NaT,
        lambda value, writer, path: {},
        lambda node, reader: pd.NaT,
    ),
    Codec(
        "NA",
        lambda value: value is pd.NA,
        lambda value, writer, path: {},
        lambda node, reader: pd.NA,
    ),
    Codec(
        "Timestamp",
        lambda value: type(value) is pd.Timestamp,
        _encode_timestamp,
        _decode_timestamp,
    ),
    Codec(
        "Timedelta",
        lambda value: type(value) is pd.Timedelta,
        _encode_timedelta,
        _decode_timedelta,
    ),
    Codec(
        "Period",
        lambda value: type(value) is pd.Period,
        lambda value, writer, path: {"ordinal": value.ordinal, "freq": value.freqstr},
        lambda node, reader: pd.Period(ordinal=node["ordinal"], freq=node["freq"]),
    ),
    Codec(
        "Interval",
        lambda value: type(value) is pd.Interval,
        _encode_interval,
        lambda node, reader: pd.Interval(**reader.decode(node["ends"]), closed=node["closed"]),
    ),
    Codec(
        "offset",
        lambda value: isinstance(value, pd.tseries.offsets.BaseOffset),
        _encode_offset,
        lambda node, reader: to_offset(node["freq"]),
    ),
    Codec(
        "CategoricalDtype",
        lambda value: type(value) is pd.CategoricalDtype,
        _encode_category,
        _decode_category,
    ),
    Codec(
        "DatetimeTZDtype",
        lambda value: type(value) is pd.DatetimeTZDtype,
        lambda value, writer, path: {"unit": value.unit, "zone": _encode_zone(value.tz, path)},
        lambda node, reader: pd.DatetimeTZDtype(node["unit"], _decode_zone(node["zone"])),
    ),
    Codec(
        "StringDtype",
        lambda value: type(value) is pd.StringDtype,
        _encode_text_dtype,
        _decode_text_dtype,
    ),
    Codec(
        "PeriodDtype",
        lambda value: type(value) is pd.PeriodDtype,
        # The offset's own text may be one that periods refuse: "QE-DEC" for "Q-DEC".
        lambda value, writer, path: {"freq": value.name.removeprefix("period[").rstrip("]")},
        lambda node, reader: pd.PeriodDtype(node["freq"]),
    ),
    Codec(
        "IntervalDtype",
        lambda value: type(value) is pd.IntervalDtype,
        _encode_interval_dtype,
        lambda node, reader: pd.IntervalDtype(reader.decode(node["subtype"]), node["closed"]),
    ),
    Codec(
        "nullable",
        lambda value: type(value) in _NULLABLE_TYPES,
        lambda value, writer, path: {"name": value.name},
        lambda node, reader: _NULLABLE[node["name"]],
    ),
    Codec("Index", _is_index, _encode_index, _decode_index),
)
