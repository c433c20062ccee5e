"""Amounts, days and instants as people read them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template

from practices.localise import base_currency, shown_for
from practices.models import Practice
from practices.templatetags.formats import day, exact, moment, money, relative

SYDNEY = Practice(name="P", time_zone="Australia/Sydney", base_currency="AUD")
NOW = datetime(2026, 11, 22, 4, 4, 5, tzinfo=UTC)


@dataclass
class Money:
    amount: Decimal
    currency: str


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        (Decimal("1234.5"), "AUD", "$1,234.50"),
        (Decimal("1234.5"), "", "$1,234.50"),
        (Decimal("1234.5"), "NZD", "NZD 1,234.50"),
        (Decimal("-1234.5"), "AUD", "-$1,234.50"),
        (Decimal("-0.01"), "NZD", "NZD -0.01"),
        ("842110", "AUD", "$842,110.00"),
        (0, "AUD", "$0.00"),
        (None, "AUD", "–"),  # noqa: RUF001
        ("", "", "–"),  # noqa: RUF001
        (Money(Decimal("5"), "USD"), "", "USD 5.00"),
        ("not a number", "AUD", "not a number"),
    ],
)
def test_money(value: Any, currency: str, expected: str) -> None:
    with shown_for(SYDNEY):
        assert money(value, currency) == expected


def test_money_outside_a_practice_names_its_currency() -> None:
    assert money(Decimal("5"), "AUD") == "AUD 5.00"
    assert money(Decimal("5")) == "5.00"
    assert base_currency() == ""


def test_pounds_have_their_own_sign() -> None:
    with shown_for(Practice(name="P", time_zone="Europe/London", base_currency="GBP")):
        assert money(5, "GBP") == "£5.00"


def test_day() -> None:
    assert day(date(2026, 11, 2)) == "2 Nov 2026"
    assert day("2026-11-02") == "2 Nov 2026"
    assert day("soon") == "soon"
    assert day(None) == "–"  # noqa: RUF001
    late = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert day(late) == "22 Nov 2026"
    with shown_for(SYDNEY):
        assert day(late) == "23 Nov 2026"  # already the next day there


def test_exact() -> None:
    with shown_for(SYDNEY):
        assert exact(NOW) == "Sun 22 Nov 2026, 3:04:05 pm AEDT"


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=-3), "in 3 hours"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=30), "23 Oct 2026, 4:04 am"),
    ],
)
def test_relative(gap: timedelta, expected: str) -> None:
    assert relative(NOW - gap, NOW) == expected


def test_moment_is_escaped_markup() -> None:
    page = Template("{% load formats %}{{ at|moment }}").render(Context({"at": NOW}))
    assert page.startswith('<time datetime="2026-11-22T04:04:05+00:00" title="')
    assert moment(None) == moment("") == moment("soon") == "–"  # noqa: RUF001


def test_an_unknown_time_zone_falls_back_to_utc() -> None:
    with shown_for(Practice(name="P", time_zone="Mars/Olympus", base_currency="AUD")):
        assert "UTC" in exact(NOW)
