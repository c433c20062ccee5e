"""Every kind of difference between collected money and payments."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.records import Collection, Invoice
from sync.reconcile.books import Books
from sync.reconcile.kinds import KINDS
from tests.sync.reconcile.ledgers import NOW, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def not_posted(books: Books) -> None:
    del books.payment_links["p0/i0"], books.receipts["xp0"]


def lately(books: Books) -> None:
    not_posted(books)
    change(books.payments, "p0", status="collected", collected_at=NOW - timedelta(days=5))


def without_invoice(books: Books) -> None:
    not_posted(books)
    books.invoices.pop("i0")
    books.invoice_links.pop("i0")
    books.documents.pop("xi0")


def left_out(books: Books) -> None:
    not_posted(books)
    books.invoice_links.pop("i0")
    books.documents.pop("xi0")
    change(books.expected, "i0", left_out="A rule says so.")


def receipt_alone(books: Books) -> None:
    del books.payment_links["p0/i0"], books.payments["p0"]


def unpaid(books: Books) -> None:
    receipt_alone(books)
    change(books.invoices, "i0", payment_state="unpaid")


def credited(books: Books) -> None:
    change(books.payments, "p0", status="refunded")
    books.credits["cn"] = Invoice(
        external_id="cn",
        contact_external_id="xc0",
        type="ACCRECCREDIT",
        total=Decimal(110),
        currency="AUD",
        status="PAID",
    )


def undivided(books: Books) -> None:
    not_posted(books)
    change(books.payments, "p0", invoice_external_ids=("i0", "i1"))
    change(books.payments, "p0", amount=Decimal(30))


def overpaid(books: Books) -> None:
    change(books.documents, "xi0", amount_credited=Decimal(10))


CASES: dict[str, Spoil] = {
    "payment_missing": not_posted,
    "payment_waiting": lately,
    "payment_no_invoice": without_invoice,
    "payment_left_out": left_out,
    "payment_removed": lambda books: change(books.receipts, "xp0", status="DELETED"),
    "payment_amount": lambda books: change(books.receipts, "xp0", amount=Decimal(100)),
    "payment_currency": lambda books: change(books.receipts, "xp0", currency="NZD"),
    "payment_date": lambda books: change(books.receipts, "xp0", date=date(2026, 7, 5)),
    "payment_unpaid_in_ignition": unpaid,
    "payment_only_in_xero": receipt_alone,
    "payment_not_collected": lambda books: change(books.payments, "p0", status="cancelled"),
    "payment_reversed": lambda books: change(books.payments, "p0", status="clawing_back"),
    "payment_refunded": credited,
    "payment_not_divided": undivided,
    "payment_account": lambda books: change(books.receipts, "xp0", account_code="090"),
    "payment_overpaid": overpaid,
}


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_payment_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2)
    CASES[kind](books)
    assert [name for name in kinds(books) if name.startswith("payment")] == [kind]


def test_every_kind_of_payment_that_is_checked_has_a_case() -> None:
    assert {code for code, item in KINDS.items() if item.about == "payment" and item.is_checked} == set(CASES)


def test_a_payment_that_is_not_linked_yet_is_recognised() -> None:
    books = agreeing(2)
    books.payment_links.clear()
    assert kinds(books) == {}


def test_money_that_came_back_is_found_through_the_clawback_row() -> None:
    books = agreeing(1)
    for key, back in (("k1", False), ("k2", True)):
        books.collections[key] = Collection(
            external_id=key,
            invoice_external_id="i0",
            amount=Decimal(110),
            is_clawback=back,
            started_at=datetime(2026, 7, 10, tzinfo=UTC) + timedelta(days=back),
        )
    assert list(kinds(books)) == ["payment_reversed"]


def test_one_credit_note_explains_one_refund() -> None:
    books = agreeing(1)
    credited(books)
    books.invoices["i9"] = replace(books.invoices["i0"], external_id="i9")
    books.documents["xi9"] = replace(books.documents["xi0"], external_id="xi9", number="IGN-9")
    books.payments["p9"] = replace(books.payments["p0"], external_id="p9", invoice_external_ids=("i9",))
    books.receipts["xp9"] = replace(books.receipts["xp0"], external_id="xp9", invoice_external_ids=("xi9",))
    books.invoice_links["i9"], books.payment_links["p9/i9"] = "xi9", "xp9"
    books.expected["i9"] = books.expected["i0"]
    assert sorted(item.kind for item in found(books)) == ["payment_refunded", "payment_reversed"]


def test_money_for_an_invoice_before_the_window_is_not_missed() -> None:
    books = agreeing(1, documents_from=date(2026, 7, 5))
    not_posted(books)
    assert kinds(books) == {}


def test_until_it_is_paid_out_it_waits_where_the_practice_wants_that() -> None:
    books = agreeing(1, post_payments="paid_out")
    not_posted(books)
    change(books.payments, "p0", status="collected")
    assert list(kinds(books)) == ["payment_waiting"]
