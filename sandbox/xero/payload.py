"""Reading what a caller sent: typed values out of loose JSON, or a validation message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

Row = dict[str, Any]

ZERO_ID = "00000000-0000-0000-0000-000000000000"
_WIRE_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
# Nothing Xero stores has more digits than this; it keeps absurd exponents out of the arithmetic.
_MAX_EXPONENT = 20


class ValidationFailed(Exception):
    """The organisation refuses the element. `messages` are the texts Xero would answer."""

    def __init__(self, messages: Iterable[str] | str) -> None:
        self.messages = [messages] if isinstance(messages, str) else list(messages)
        super().__init__("; ".join(self.messages))


class UnknownId(KeyError):
    """No object of this kind has the id; over HTTP a 404."""


def text(payload: Row, key: str, limit: int | None = None) -> str | None:
    """The string under `key`, None when absent or null. Numbers are read as their digits."""
    value = payload.get(key)
    if value is None:
        return None
    if isinstance(value, bool | dict | list):
        raise ValidationFailed(f"{key} is not a valid text.")
    result = str(value)
    if limit is not None and len(result) > limit:
        raise ValidationFailed(f"The {key} field cannot be longer than {limit} characters.")
    return result


def number(payload: Row, key: str) -> Decimal | None:
    """The number under `key` as Decimal; strings of digits are accepted."""
    value = payload.get(key)
    if value is None or value == "":
        return None
    return decimal(value, key)


def decimal(value: Any, key: str = "Value") -> Decimal:
    """Any JSON number or digits as a finite Decimal. Raises ValidationFailed."""
    if isinstance(value, bool | dict | list):
        raise ValidationFailed(f"{key} is not a valid number.")
    try:
        result = Decimal(str(value))
    except InvalidOperation as error:
        raise ValidationFailed(f"{key} is not a valid number.") from error
    if not result.is_finite() or abs(result.adjusted()) > _MAX_EXPONENT:
        raise ValidationFailed(f"{key} is not a valid number.")
    return result


def flag(payload: Row, key: str) -> bool | None:
    value = payload.get(key)
    if value is None:
        return None
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise ValidationFailed(f"{key} must be true or false.")


def day(payload: Row, key: str) -> str | None:
    """A calendar day as YYYY-MM-DD, read from an ISO date, an ISO moment or Xero's own /Date(ms)/."""
    value = payload.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    shown = str(value)
    if found := _WIRE_DATE.fullmatch(shown):
        try:
            return (
                (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).date().isoformat()
            )
        except OverflowError as error:
            raise ValidationFailed(f"{key} is not a valid date.") from error
    try:
        return date.fromisoformat(shown[:10]).isoformat()
    except ValueError as error:
        raise ValidationFailed(f"{key} is not a valid date.") from error


def mapping(payload: Row, key: str) -> Row:
    """The object under `key`, empty when absent."""
    value = payload.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValidationFailed(f"{key} must be an object.")
    return value


def rows(payload: Row, key: str) -> list[Row] | None:
    """The list of objects under `key`, None when absent."""
    value = payload.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValidationFailed(f"{key} must be a list of objects.")
    return value


def identifier(payload: Row, key: str) -> str | None:
    """A GUID in lower case, None when absent or all zeros."""
    value = text(payload, key)
    if not value:
        return None
    try:
        result = str(UUID(value))
    except ValueError as error:
        raise ValidationFailed(f"{key} is not a valid identifier.") from error
    return None if result == ZERO_ID else result
