"""Tax numbers, phone numbers, days and chance of the seed."""

from datetime import date

import pytest

from sandbox.seed.calendar_days import add_months, add_working_days, working_day
from sandbox.seed.draw import Draw, Every
from sandbox.seed.phones import landline, mobile
from sandbox.seed.tax_numbers import (
    abn_from,
    abn_is_valid,
    acn_from,
    ird_is_valid,
    make_abn,
    make_ird,
    make_vat,
    vat_is_valid,
)
from sandbox.seed.xero_shapes import other_spelling, split_phone


def test_abn_checksum_against_published_examples() -> None:
    assert abn_is_valid("51 824 753 556")
    assert abn_is_valid("53004085616")
    assert acn_from("00408561") == "004085616"
    assert abn_from("004085616") == "53004085616"


@pytest.mark.parametrize("number", ["51 824 753 557", "5182475355", "abcdefghijk", ""])
def test_abn_checksum_refuses(number: str) -> None:
    assert not abn_is_valid(number)


def test_made_numbers_have_right_check_digits() -> None:
    draw = Draw("numbers")
    for _ in range(300):
        assert abn_is_valid(make_abn(draw, company=draw.chance(0.5)))
        assert ird_is_valid(make_ird(draw))
        assert vat_is_valid(make_vat(draw))


def test_ird_and_vat_examples() -> None:
    assert ird_is_valid("49-091-850")
    assert not ird_is_valid("49-091-851")
    assert vat_is_valid("GB980780684")
    assert not vat_is_valid("GB980780685")


@pytest.mark.parametrize(
    ("raw", "country", "parts"),
    [
        ("(02) 5550 1234", "AU", ("61", "2", "5550 1234")),
        ("+61 (0)2 5550 1234", "AU", ("61", "2", "5550 1234")),
        ("61255501234", "AU", ("61", "2", "5550 1234")),
        ("0491 572 754", "AU", ("61", "491", "57 2754")),
        ("0061 491 572 754", "AU", ("61", "491", "57 2754")),
        ("491 572 754", "AU", ("61", "491", "57 2754")),
        ("+64 4 555 1475", "NZ", ("64", "4", "555 1475")),
        ("021 555 3261", "NZ", ("64", "21", "555 3261")),
        ("020 7946 0123", "UK", ("44", "20", "7946 0123")),
        ("07700 900123", "UK", ("44", "7700", "90 0123")),
    ],
)
def test_phone_is_split(raw: str, country: str, parts: tuple[str, str, str]) -> None:
    split = split_phone(raw, country)
    assert (split["PhoneCountryCode"], split["PhoneAreaCode"], split["PhoneNumber"]) == parts


def test_phone_without_area_stays_as_typed() -> None:
    assert split_phone("5550 1234", "AU") == {"PhoneNumber": "5550 1234"}


@pytest.mark.parametrize("country", ["AU", "NZ", "UK"])
def test_phones_come_in_several_spellings(country: str) -> None:
    draw = Draw("phones")
    shapes = {
        "".join("9" if char.isdigit() else char for char in make(draw, country))
        for make in (landline, mobile)
        for _ in range(200)
    }
    assert len(shapes) >= 5


def test_other_spelling_never_returns_the_same_text() -> None:
    for name in (
        "Gumnut Dental Pty Ltd",
        "Opal Tours P/L",
        "The Lane Family Trust",
        "Lane & Costa Legal",
        "Lane",
    ):
        assert other_spelling(name) != name


def test_months_and_working_days() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)
    assert working_day(date(2026, 11, 21)) == date(2026, 11, 23)
    assert working_day(date(2026, 11, 20)) == date(2026, 11, 20)
    assert add_working_days(date(2026, 11, 19), 2) == date(2026, 11, 23)


def test_draws_repeat_and_children_are_independent() -> None:
    first, second = Draw("7/a"), Draw("7/a")
    second.child("other").between(0, 10**9)
    assert [first.between(0, 10**9) for _ in range(5)] == [second.between(0, 10**9) for _ in range(5)]
    assert Draw("7/a").uuid() != Draw("7/b").uuid()


def test_every_fires_by_count() -> None:
    every = Every(3, 1)
    assert [every() for _ in range(8)] == [False, True, False, False, True, False, False, True]
