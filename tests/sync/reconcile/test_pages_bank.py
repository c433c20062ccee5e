"""The page of a difference about a payout: what Ignition paid out beside what the bank account in Xero has of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import Role
from sync.models import Kind, Mismatch, Snapshot
from sync.pages.bank_side import bank_side
from sync.pages.bank_table import OnBank, PaidOut, beside
from sync.pages.diff import Value
from tests.sync.reconcile.banking import ARRIVED, banked_books, collected, differs, line
from tests.sync.reconcile.test_pages import as_, text
from tests.sync.rows import Books, make_books, make_invoice, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return banked_books()


def page(books: Books, item: Mismatch, client: Client | None = None) -> str:
    return text(client or as_(books, Role.VIEWER), books.url(f"reconciliation/{item.pk}/"))


def told(books: Books, item: Mismatch) -> dict[str, tuple[Any, list[tuple[Any, bool]]]]:
    """What stands beside each other, by its label."""
    side = bank_side(books.practice, item)
    assert side is not None
    return {
        row.label: (row.left.value, [(value.value, marked) for value, marked in row.right])
        for row in side.rows
    }


def test_a_payout_coded_to_sales_stands_beside_its_line(books: Books) -> None:
    row = line(books, "b1")
    item = differs(books, "payout_elsewhere", target_external_ids=["b1"])
    cells = told(books, item)
    assert cells["Amount"] == (Decimal(100), [(Decimal(100), False)])
    assert cells["Coded to"] == ("880 Ignition Clearing", [("200 Sales", True)])
    assert cells["Bank account"] == ("", [("090 Cheque account", False)])
    assert cells["Reconciled"] == ("Yes", [("Yes", False)])
    shown = page(books, item)
    assert shown.count('class="differs"') == 1
    for words in (
        "Payout 31000",
        "Harbour Cafe",
        "INV-1",
        "INV-2",
        "taken back",
        "Ignition Payouts · IGNITIONPAY",
    ):
        assert words in shown
    assert f"/records/{row.pk}/" in shown or f"/{row.pk}/" in shown
    assert "999.00" not in shown, "another payout's money"


@pytest.mark.parametrize(
    ("kind", "values", "label", "cells"),
    [
        (
            "payout_unreconciled",
            {"is_reconciled": False, "account": "880"},
            "Reconciled",
            ("Yes", [("No", True)]),
        ),
        ("payout_unreconciled", {"account": "880"}, "Reconciled", ("Yes", [("Yes", False)])),
        (
            "payout_rule_tax",
            {"tax": "9.09", "account": "880"},
            "Tax",
            (Decimal(0), [(Decimal("9.09"), True)]),
        ),
        ("payout_bank_line", {"amount": "95.00"}, "Amount", (Decimal(100), [(Decimal("95.00"), True)])),
    ],
)
def test_what_is_wrong_with_a_line_is_marked(
    books: Books, kind: str, values: dict[str, Any], label: str, cells: Any
) -> None:
    line(books, "b1", **values)
    assert told(books, differs(books, kind, target_external_ids=["b1"]))[label] == cells


def test_a_payout_that_is_not_there_says_so_and_shows_what_is_in_it(books: Books) -> None:
    shown = page(books, differs(books, "payout_bank_line"))
    assert "Nothing in Xero fits" in shown
    assert "What is in the payout" in shown
    assert 'class="differs"' not in shown


def test_a_payment_on_another_invoice_names_it(books: Books) -> None:
    make_snapshot(books.target, Kind.INVOICE, "xi9", number="INV-900", amount=Decimal(100))
    record = {"invoice_external_ids": ["xi9"], "account_external_id": "account-090", "currency": "AUD"}
    make_snapshot(books.target, Kind.PAYMENT, "xp9", amount=Decimal(100), date=ARRIVED, record=record)
    item = differs(books, "payout_other_invoice", target_external_ids=["xp9", "xi9"])
    cells = told(books, item)
    assert cells["Coded to"] == ("880 Ignition Clearing", [("Invoice INV-900", True)])
    assert "Payment on the bank account" in page(books, item)


def test_fees_stand_beside_the_money_spent(books: Books) -> None:
    for key in ("f1", "f2"):
        collected(books, key, "200.00", fee="5.50", fee_billed_on="2026-10-05", payout_external_id="")
    line(books, "b2", "10.00", type="SPEND", tax="0.00", account="404")
    item = differs(books, "payout_fee_other", payouts=(), target_external_ids=["b2"])
    cells = told(books, item)
    assert cells["Amount"] == (Decimal("-11.00"), [(Decimal("-10.00"), True)])
    assert cells["Coded to"] == ("", [("404", False)])
    assert "The bill and the bank account" in page(books, item)


def test_several_payouts_stand_each_beside_its_line(books: Books) -> None:
    line(books, "b1")
    line(books, "b3", "7.00")
    item = differs(
        books,
        "connection_bank_rule",
        payouts=("31000", "32000"),
        target_external_ids=["b1", "b3"],
        dated_on=None,
    )
    side = bank_side(books.practice, item)
    assert side is not None
    assert side.rows == []
    pairs = [
        (pair.payout and pair.payout.external_id, [x.snapshot.external_id for x in pair.lines])
        for pair in side.pairs
    ]
    assert pairs == [("32000", []), ("31000", ["b1"]), (None, ["b3"])]
    shown = page(books, item)
    assert shown.count('<span class="differs">200 Sales</span>') == 2


def test_the_nearest_line_of_the_amount_is_taken() -> None:
    def payout(day: int) -> PaidOut:
        return PaidOut(external_id=f"p{day}", day=date(2026, 10, day), value=Value(Decimal(5)), movements=())

    def on_bank(day: int) -> OnBank:
        return OnBank(
            snapshot=Snapshot(external_id=f"b{day}"), what="", day=date(2026, 10, day), amount=Decimal(5),
            value=Value(Decimal(5)), said="", bank="", account="", tax=Value(""), reconciled="", link="",
            marked=frozenset(),
        )  # fmt: skip

    pairs = beside([payout(1), payout(9)], [on_bank(10), on_bank(2)])
    assert [
        (pair.payout and pair.payout.external_id, pair.lines[0].snapshot.external_id) for pair in pairs
    ] == [
        ("p9", "b10"),
        ("p1", "b2"),
    ]


def test_a_real_line_can_be_opened_in_xero(books: Books, settings: Any) -> None:
    settings.XERO_API_URL = "https://api.xero.com"
    line(books, "b1")
    shown = page(books, differs(books, "payout_elsewhere", target_external_ids=["b1"]))
    path = "redirecturl=%2FBank%2FViewTransaction.aspx%3FbankTransactionID%3Db1%26accountID%3Daccount-090"
    assert shown.count(path) == 2, "in the table and beside the steps"


def test_another_practices_lines_stay_its_own(books: Books) -> None:
    other = make_books()
    line(other, "b1")
    collected(other, "x1", "777.00")
    item = differs(books, "payout_elsewhere", target_external_ids=["b1"])
    side = bank_side(books.practice, item)
    assert side is not None
    assert (side.lines, side.payouts[0].value.value) == ([], Decimal(100))


def test_differences_about_other_things_have_no_bank_side(books: Books) -> None:
    for kind in ("invoice_total", "payment_missing", "payout_fee", "payout_clearing", "connection_lost"):
        assert bank_side(books.practice, differs(books, kind, payouts=("m1",))) is None
    assert bank_side(books.practice, differs(books, "payout_late", payouts=("gone",))) is None
    assert bank_side(books.practice, differs(books, "payout_fee_missing", payouts=(), dated_on=None)) is None


def test_money_collected_long_ago_shows_its_payment(books: Books) -> None:
    for connection in (books.source, books.target):
        make_snapshot(connection, Kind.PAYMENT, "pay1", amount=Decimal(60), currency="AUD", date=ARRIVED)
    item = differs(books, "payout_item_old", payouts=("pay1/inv1",), target_external_ids=["pay1"])
    assert "Both systems" in page(books, item)


def test_queries_do_not_grow_with_what_is_in_a_payout(books: Books) -> None:
    line(books, "b1")
    item = differs(books, "payout_elsewhere", target_external_ids=["b1"])
    client = as_(books, Role.VIEWER)
    page(books, item, client)
    counts = []
    for number in range(2):
        for extra in range(50 * number):
            invoice = make_invoice(books, number=f"N-{extra}")
            collected(books, f"more{extra}", "1.00", invoice_external_id=invoice.external_id)
        with CaptureQueriesContext(database) as queries:
            shown = page(books, item, client)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "With 13 more" in shown
