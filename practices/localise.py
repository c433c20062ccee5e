"""Which practice's time zone and currency amounts and dates are shown in.

The same idea as Django's active time zone: pages, e-mails and exports of a practice are rendered inside
``shown_for(practice)`` and the filters of ``{% load formats %}`` follow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from practices.models import Practice

_base_currency: ContextVar[str] = ContextVar("base_currency", default="")


def base_currency() -> str:
    """Currency of the practice shown now; empty outside of any."""
    return _base_currency.get()


@contextmanager
def shown_for(practice: Practice) -> Iterator[None]:
    """Show amounts and instants as ``practice`` expects them. An unknown time zone falls back to UTC."""
    try:
        zone = ZoneInfo(practice.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    mark = _base_currency.set(practice.base_currency)
    try:
        with timezone.override(zone):
            yield
    finally:
        _base_currency.reset(mark)
