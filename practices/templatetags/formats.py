"""Amounts, dates and instants as people read them. ``{% load formats %}``"""

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from practices.localise import base_currency

register = template.Library()

SYMBOLS = {"AUD": "$", "NZD": "$", "USD": "$", "CAD": "$", "SGD": "$", "GBP": "£", "EUR": "€"}
NOTHING = "–"  # noqa: RUF001  the dash is the typographic "no value"


@register.filter
def money(value: Any, currency: Any = "") -> str:
    """``1234.5`` → ``$1,234.50`` in the practice's own currency, ``NZD 1,234.50`` in any other.

    Takes a number with the currency as the filter's argument, or anything with ``amount`` and ``currency``.
    No value gives a dash.
    """
    if value is None or value == "":
        return NOTHING
    if hasattr(value, "amount") and hasattr(value, "currency"):
        value, currency = value.amount, value.currency
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return str(value)
    code = str(currency or base_currency())
    sign = "-" if amount < 0 else ""
    digits = f"{abs(amount):,.2f}"
    if code and code == base_currency() and code in SYMBOLS:
        return f"{sign}{SYMBOLS[code]}{digits}"
    return f"{code} {sign}{digits}".strip()


@register.filter
def day(value: Any) -> str:
    """A calendar day as ``22 Nov 2026``. An instant is first put in the practice's time zone."""
    if not value:
        return NOTHING
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return f"{value.day} {value:%b %Y}"


@register.filter
def moment(value: Any) -> str | SafeString:
    """An instant as relative text; the exact one, with time zone, shows on hover."""
    if isinstance(value, str):
        value = parse_datetime(value) if value else None
    if not value:
        return NOTHING
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        exact(value),
        relative(value, timezone.now()),
    )


@register.filter
def exact(value: Any) -> str:
    """An instant as ``Sun 22 Nov 2026, 3:04:05 pm AEDT``."""
    if not value:
        return NOTHING
    local = timezone.localtime(value)
    return f"{local:%a} {day(local)}, {clock(local, seconds=True)} {local:%Z}"


def relative(value: datetime, now: datetime) -> str:
    """``just now``, ``5 min ago``, ``in 3 hours``; further than a week away: day and time."""
    gap = now - value
    ahead, gap = gap < timedelta(0), abs(gap)
    if gap < timedelta(seconds=45):
        return "in a moment" if ahead else "just now"
    if gap < timedelta(minutes=60):
        text = f"{max(1, round(gap.total_seconds() / 60))} min"
    elif gap < timedelta(hours=36):
        text = _count(round(gap.total_seconds() / 3600), "hour")
    elif gap < timedelta(days=7):
        text = _count(round(gap.total_seconds() / 86400), "day")
    else:
        local = timezone.localtime(value)
        return f"{day(local)}, {clock(local)}"
    return f"in {text}" if ahead else f"{text} ago"


def clock(local: datetime, *, seconds: bool = False) -> str:
    """``3:04 pm`` of an already local instant."""
    text = f"{local.hour % 12 or 12}:{local:%M}" + (f":{local:%S}" if seconds else "")
    return f"{text} {'am' if local.hour < 12 else 'pm'}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
