"""Reading values out of a provider's JSON, with faults that name the field."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.amounts import NotANumber, decimal
from connectors.base import Row
from connectors.records import Kind, Record


class BadField(ValueError):
    """A field of a payload that can't be what it says; the text names the field and the value."""


def text(data: Any, *path: str) -> str:
    """The text at a path, stripped; empty when any step is missing. Numbers become text, objects don't."""
    for step in path:
        if not isinstance(data, dict):
            return ""
        data = data.get(step)
    if data is None or isinstance(data, bool | dict | list):
        return ""
    return str(data).strip()


def required(data: dict[str, Any], name: str) -> str:
    value = text(data, name)
    if not value:
        raise BadField(f"{name} is missing")
    return value


def amount(value: Any, name: str, *inner: str) -> Decimal | None:
    """An amount given bare or as an object holding it under one of ``inner``; ``None`` when absent."""
    if isinstance(value, dict):
        value = next((value[key] for key in inner if value.get(key) is not None), None)
    if value is None or value == "":
        return None
    try:
        return decimal(value)
    except NotANumber as error:
        raise BadField(f"{name}: {error}") from error


def needed_amount(value: Any, name: str, *inner: str) -> Decimal:
    found = amount(value, name, *inner)
    if found is None:
        raise BadField(f"{name} is missing")
    return found


def day(data: dict[str, Any], name: str) -> date | None:
    value = text(data, name)
    if not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError as error:
        raise BadField(f"{name}: {value!r} is not a date") from error


def instant(data: dict[str, Any], name: str) -> datetime | None:
    """An ISO 8601 instant; without a zone it is UTC."""
    value = text(data, name)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadField(f"{name}: {value!r} is not a date and time") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def items(data: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects; absent or null is empty."""
    value = data.get(name) if isinstance(data, dict) else None
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadField(f"{name} is not a list of objects")
    return value


def currency(value: str, name: str) -> str:
    code = value.strip().upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise BadField(f"{name}: {value!r} is not a currency code")
    return code


def row(kind: Kind, external_id: str, raw: dict[str, Any], parse: Callable[[dict[str, Any]], Record]) -> Row:
    """Parse one object; a fault keeps the raw payload and says what is wrong, so the rest can go on."""
    try:
        return Row(kind=kind, external_id=external_id, raw=raw, record=parse(raw))
    except (BadField, NotANumber) as error:
        return Row(kind=kind, external_id=external_id, raw=raw, record=None, problem=str(error)[:300])
