"""Tax periods and the days on which they are due."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.close.periods import (
    BY_COUNTRY,
    MONTH,
    after,
    before,
    last_over,
    newest,
    period_of,
    rule_called,
    rules_of,
    tax_rules,
    whole_months,
)

RULES = [MONTH, *(rule for rules in BY_COUNTRY.values() for rule in rules)]


@pytest.mark.parametrize(
    ("country", "code", "day", "starts", "ends", "due"),
    [
        ("AU", "", date(2026, 8, 15), date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 28)),
        ("AU", "", date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31), date(2027, 2, 28)),
        ("AU", "", date(2027, 1, 1), date(2027, 1, 1), date(2027, 3, 31), date(2027, 4, 28)),
        ("AU", "bas-month", date(2026, 12, 5), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 21)),
        ("NZ", "", date(2026, 10, 9), date(2026, 10, 1), date(2026, 11, 30), date(2027, 1, 15)),
        ("NZ", "", date(2027, 2, 9), date(2027, 2, 1), date(2027, 3, 31), date(2027, 5, 7)),
        ("NZ", "", date(2026, 12, 9), date(2026, 12, 1), date(2027, 1, 31), date(2027, 2, 28)),
        ("NZ", "gst-2b", date(2026, 10, 9), date(2026, 9, 1), date(2026, 10, 31), date(2026, 11, 28)),
        ("NZ", "gst-6", date(2026, 10, 9), date(2026, 10, 1), date(2027, 3, 31), date(2027, 5, 7)),
        ("NZ", "gst-1", date(2026, 4, 9), date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 28)),
        ("GB", "", date(2026, 2, 28), date(2026, 1, 1), date(2026, 3, 31), date(2026, 5, 7)),
        ("GB", "vat-2", date(2026, 2, 28), date(2026, 2, 1), date(2026, 4, 30), date(2026, 6, 7)),
        ("GB", "vat-3", date(2024, 2, 29), date(2023, 12, 1), date(2024, 2, 29), date(2024, 4, 7)),
    ],
)
def test_periods_and_due_days(
    country: str, code: str, day: date, starts: date, ends: date, due: date
) -> None:
    found = period_of(rule_called(tax_rules(country), code), day)
    assert (found.starts_on, found.ends_on, found.due_on) == (starts, ends, due)


@given(day=st.dates(date(2001, 1, 1), date(2190, 12, 31)), which=st.sampled_from(RULES))
def test_every_day_is_in_one_period_and_periods_follow_each_other(day: date, which: object) -> None:
    assert hasattr(which, "code")
    found = period_of(which, day)  # type: ignore[arg-type]
    assert found.holds(day)
    assert after(found).starts_on == found.ends_on + timedelta(days=1)
    assert before(after(found)) == found
    assert found.months == whole_months(found.starts_on, found.ends_on)
    assert found.due_on is None or found.due_on > found.ends_on


def test_labels() -> None:
    assert period_of(MONTH, date(2026, 10, 3)).label == "October 2026"
    quarter = rule_called(tax_rules("AU"), "")
    assert period_of(quarter, date(2026, 8, 3)).label == "July to September 2026"
    vat = rule_called(tax_rules("GB"), "vat-3")
    assert period_of(vat, date(2026, 12, 3)).label == "December 2026 to February 2027"


def test_the_newest_come_first_and_the_last_that_is_over_is_the_second() -> None:
    today = date(2026, 11, 20)
    found = newest(MONTH, today, 3)
    assert [item.label for item in found] == ["November 2026", "October 2026", "September 2026"]
    assert last_over(MONTH, today) == found[1]
    assert not found[0].is_over(today)
    assert found[1].is_over(today)


def test_nonsense_falls_back() -> None:
    rules = rules_of("AU")
    assert rule_called(rules, "zzz") is MONTH
    assert rules_of("FR") == (MONTH,)
    assert period_of(MONTH, date(1, 1, 1)).starts_on == date(2000, 1, 1)
    assert period_of(MONTH, date(9999, 12, 31)).ends_on == date(2199, 12, 31)


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (date(2026, 10, 2), date(2026, 10, 31)),
        (date(2026, 10, 1), date(2026, 10, 30)),
        (date(2026, 11, 1), date(2026, 10, 31)),
    ],
)
def test_only_whole_months_are_closed(starts: date, ends: date) -> None:
    with pytest.raises(ValueError, match="whole months"):
        whole_months(starts, ends)
