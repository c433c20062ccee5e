"""A record as JSON and back, without loss. Amounts and instants are text; empty values are left out."""

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import orjson

from connectors.records import RECORD_OF, Kind


def dump(value: Any) -> Any:
    """A record (or a part of one) as JSON values; amounts and instants become strings, empty values are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {}
        for name, default in _defaults(type(value)):
            item = getattr(value, name)
            if item != default or default is dataclasses.MISSING:
                out[name] = dump(item)
        return out
    if isinstance(value, Decimal | date | datetime):
        return str(value) if isinstance(value, Decimal) else value.isoformat()
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    if isinstance(value, dict):
        return {key: dump(item) for key, item in value.items()}
    return value


def load(kind: Kind, data: dict[str, Any]) -> Any:
    """The record that ``dump`` wrote."""
    return _loader(RECORD_OF[kind])(data)


def loads(kind: Kind, text: str) -> Any:
    """The same from JSON text, which is several times as fast for a long list."""
    return _loader(RECORD_OF[kind])(orjson.loads(text))


@lru_cache(maxsize=1 << 16)
def _number(text: str) -> Decimal:
    """Amounts repeat: one object for each, until too many were seen."""
    return Decimal(text)


@lru_cache(maxsize=1 << 12)
def _day(text: str) -> date:
    return date.fromisoformat(text)


@lru_cache(maxsize=1 << 16)
def _same(text: str) -> str:
    """One object for each of the texts that repeat: codes, states, ids that others refer to."""
    return text


@cache
def _defaults(cls: type[Any]) -> tuple[tuple[str, Any], ...]:
    pairs = []
    for item in dataclasses.fields(cls):
        default = item.default
        if item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        pairs.append((item.name, default))
    return tuple(pairs)


@cache
def _loader(cls: type[Any]) -> Callable[[dict[str, Any]], Any]:
    """Makes records from what ``dump`` wrote. A needed value that is missing raises ``KeyError``.

    Values are put into the slots one by one, which takes two thirds of the time of the class's own ``__init__``: a long
    comparison makes a million records. What another version wrote and this one does not know is left out; the next
    read of the object drops it. What has a default shares it: nobody changes a record.
    """
    hints = typing.get_type_hints(cls)
    needed, plain, converted = [], [], []
    for name, default in _defaults(typing.cast("Any", cls)):
        put, convert = getattr(cls, name).__set__, _converter(hints[name])
        if default is dataclasses.MISSING:
            needed.append((name, put, convert))
        elif convert is None:
            plain.append((name, put, default))
        else:
            converted.append((name, put, convert, default))
    make = object.__new__

    def build(data: dict[str, Any]) -> Any:
        record, get = make(cls), data.get
        for name, put, convert in needed:
            value = data[name]
            put(record, value if convert is None or value is None else convert(value))
        for name, put, default in plain:
            put(record, get(name, default))
        for name, put, convert, default in converted:
            value = get(name, default)
            put(record, value if value is default or value is None else convert(value))
        return record

    return build


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return _converter(inner[0])
    if origin is tuple:
        item = _converter(typing.get_args(hint)[0])
        return tuple if item is None else (lambda values: tuple(item(value) for value in values))
    if hint is str:
        return _same
    if hint is Decimal:
        return _number
    if hint is datetime:
        return datetime.fromisoformat
    if hint is date:
        return _day
    if dataclasses.is_dataclass(hint):
        return _loader(typing.cast("Any", hint))
    return None
