"""The clearing account as Xero's ledger has it, on the page and in the pack, and what is said where it is not read."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from sync.models import Cursor
from sync.reconcile.unchecked import NOT_READ, REFUSED
from tests.sync.close.rows import (
    OCTOBER,
    as_,
    choose_clearing,
    make_read_books,
    pair_up,
    pay,
    worked_out,
)
from tests.sync.rows import Books, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(settings: Any) -> Books:
    """Two payouts of 110.00 in October: the first is coded to the clearing account, the second one to sales."""
    made = make_read_books()
    choose_clearing(made)
    for number in (1, 2):
        day = date(2026, 10, 5 * number)
        pair_up(made, number, day=day)
        pay(made, number, collected=day, arrived=date(2026, 10, 5 * number + 2))
        put_on_bank(made, number, "880" if number == 1 else "200")
    return made


def put_on_bank(books: Books, number: int, code: str) -> None:
    make_snapshot(
        books.target,
        "bank_transaction",
        f"t{number}",
        amount=Decimal(110),
        currency="AUD",
        date=date(2026, 10, 5 * number + 2),
        status="AUTHORISED",
        reference="IGNITIONPAY",
        record={
            "type": "RECEIVE",
            "account_code": "090",
            "is_reconciled": True,
            "lines": [{"amount": "110", "account_code": code}],
        },
    )


def page(books: Books) -> str:
    answer = as_(books).get(books.url(f"reconciliation/clearing/?{OCTOBER}"))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_names_what_makes_the_difference(books: Books) -> None:
    worked_out(books)
    text = page(books)
    for words in (
        "As Xero's ledger has it",
        "Taken off it to a bank account",
        "Payout coded to another account",
        "Payout po2",
        "Xero has more by",
    ):
        assert words in text, words
    assert "Payout po1" not in text
    assert "Tick these off against the bank" not in text
    assert "is not shown" not in text


def test_the_file_has_the_same(books: Books) -> None:
    worked_out(books)
    answer = as_(books).get(books.url(f"reconciliation/close/pack.xlsx?{OCTOBER}"))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    rows = [list(row) for row in load_workbook(io.BytesIO(content))["Clearing"].values]
    (item,) = [row for row in rows if row[0] == "Payout coded to another account"]
    assert item[2] == "Payout po2"
    assert item[6] == 110
    (whole,) = [row for row in rows if row[0] == "Xero has more by"]
    assert whole[6] == 110


@pytest.mark.parametrize("refused", [True, False])
def test_where_it_is_not_read_the_page_says_why_and_is_as_before(books: Books, refused: bool) -> None:
    cursors = Cursor.objects.filter(connection=books.target, kind="bank_transaction")
    if refused:
        cursors.update(refused_at=cursors.get().completed_at)
    else:
        cursors.delete()
    worked_out(books)
    text = page(books)
    assert (REFUSED if refused else NOT_READ).replace("'", "&#x27;") in text
    assert "As Xero's ledger has it" not in text
    assert "Should hold" in text
    assert "Tick these off against the bank" in text
