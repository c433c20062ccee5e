"""Dates and amounts as transforms see them. Pure. Rounding is half up, away from zero, as everywhere here."""

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connectors.amounts import LARGEST, cents, tax_on
from mappings.refusals import Refused

__all__ = ["LARGEST"]


def read(value: str) -> date:
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        raise Refused(f"“{value[:40]}” is not a date.") from None


def add_days(value: date, days: int) -> date:
    try:
        return value + timedelta(days=days)
    except OverflowError:
        raise Refused(f"{days} days from {value} is no date.") from None


def add_months(value: date, months: int) -> date:
    """The same day in another month, or that month's last one where it is shorter."""
    index = value.year * 12 + value.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        raise Refused(f"{months} months from {value} is no date.")
    return _day(year, month + 1, value.day)


def end_of_month(value: date) -> date:
    return _day(value.year, value.month, 31)


def day_of_next_month(value: date, day: int) -> date:
    following = add_months(value.replace(day=1), 1)
    return _day(following.year, following.month, day)


def _day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def without_tax(value: Decimal, rate: Decimal) -> Decimal:
    """An amount that contains tax, without it, to the cent."""
    return cents(value) - tax_on(value, rate, inclusive=True)


def with_tax(value: Decimal, rate: Decimal) -> Decimal:
    return cents(value) + tax_on(value, rate, inclusive=False)
