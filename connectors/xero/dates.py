"""Xero's two ways to write a date: ``/Date(ms+0000)/`` and ISO without a zone (which means UTC)."""

import re
from datetime import UTC, date, datetime
from typing import Any

from connectors.fields import BadField, instant, text

_MS = re.compile(r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$")


def moment(data: dict[str, Any], name: str) -> datetime | None:
    value = text(data, name)
    if not value:
        return None
    found = _MS.match(value)
    if found is None:
        return instant(data, name)
    try:
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise BadField(f"{name}: {value!r} is not a date") from error


def calendar_day(data: dict[str, Any], name: str) -> date | None:
    """A document date: midnight UTC of the day, so the UTC date is taken and never shifted to local time."""
    found = moment(data, name) or moment(data, f"{name}String")
    return found.date() if found is not None else None
