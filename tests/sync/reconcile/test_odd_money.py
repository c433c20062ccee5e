"""Payments and credits in unusual shapes: what agrees is no difference, and what differs has its own name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Account, Applied, Collection, Entry, Line, Payment
from sync.reconcile.books import Books
from sync.reconcile.receipts import pair
from sync.reconcile.totals import totals
from tests.sync.reconcile.ledgers import NOW, add_credit, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def by_bank(books: Books, *, amount: int = 110, key: str = "xb", **values: Any) -> Books:
    """The client paid into the bank account."""
    receipt = replace(
        books.receipts.get("xp0") or books.receipts["xp1"],
        external_id=key,
        invoice_external_ids=("xi0",),
        contact_external_id="xc0",
        amount=Decimal(amount),
        account_code="090",
    )
    books.receipts[key] = replace(receipt, **values)
    return books


def without_ignition(books: Books) -> Books:
    """Ignition has no payment for the first invoice, and Xero none from it."""
    del books.payments["p0"], books.receipts["xp0"], books.payment_links["p0/i0"]
    return books


def not_posted(books: Books) -> Books:
    del books.receipts["xp0"], books.payment_links["p0/i0"]
    return books


def half_each(books: Books) -> None:
    """Half by card through Ignition, half into the bank account; Ignition calls it paid."""
    change(books.payments, "p0", amount=Decimal(55))
    change(books.receipts, "xp0", amount=Decimal(55))
    by_bank(books, amount=55)


def surcharge(books: Books) -> None:
    """Two dollars on top, counted into the payment and into its row of money."""
    change(books.payments, "p0", amount=Decimal(112), surcharge=Decimal(2))
    books.collections["k"] = Collection(
        external_id="k",
        invoice_external_id="i0",
        amount=Decimal(112),
        currency="AUD",
        started_at=books.payments["p0"].collected_at,
    )


def note(books: Books, key: str, total: int, **values: Any) -> Books:
    return add_credit(books, key, total, **{"reference": "PROP-0", **values})


def in_two_notes(books: Books) -> None:
    change(books.payments, "p0", status="refunded")
    note(books, "cn1", 70)
    note(books, "cn2", 40)


AGREE: dict[str, Spoil] = {
    "paid outside, by a source that is not told": lambda books: (
        without_ignition(books),
        by_bank(books),
        change(books.invoices, "i0", payment_source=""),
    ),
    "half by card and half outside": half_each,
    "a state that is not known of money that came": lambda books: (
        change(books.payments, "p0", status="settled", collected_at=NOW - timedelta(days=5)),
        change(books.receipts, "xp0", date=NOW.date()),
    ),
    "a surcharge counted in": surcharge,
    "refunded, and credited in two notes": in_two_notes,
    "paid with a credit note, as Ignition knows": lambda books: (
        without_ignition(books),
        change(books.invoices, "i0", payment_method="credit_note"),
        note(books, "cn", 110, on="xi0"),
    ),
}


@pytest.mark.parametrize("name", AGREE)
def test_what_agrees_in_another_shape_is_no_mismatch(name: str) -> None:
    books = agreeing()
    AGREE[name](books)
    explained = {"payment_outside", "payment_refunded", "credit_known"}
    assert set(kinds(books)) <= explained
    _comes_out(books)


def _comes_out(books: Books) -> None:
    paired = pair(books)
    for total in totals(books, paired, found(books)):
        assert sum((cause.amount for cause in total.causes), Decimal(0)) == total.difference


def waiting(books: Books, status: str, **receipt: Any) -> None:
    """Ignition is still to collect it, and Xero has the money already."""
    change(books.payments, "p0", status=status, collected_at=None)
    change(books.invoices, "i0", payment_state="unpaid")
    change(books.receipts, "xp0", **receipt)


DIFFER: dict[str, tuple[str, Spoil]] = {
    "paid outside while a collection is to come": (
        "payment_unpaid_in_ignition",
        lambda books: waiting(books, "uncollected", account_code="090"),
    ),
    "a failed collection in the clearing account": (
        "payment_not_collected",
        lambda books: waiting(books, "uncollected"),
    ),
    "a rejected collection, in words that are not known": (
        "payment_not_collected",
        lambda books: waiting(books, "rejected", account_code="090"),
    ),
    "a state that says nothing": ("payment_only_in_xero", lambda books: waiting(books, "mystery")),
    "paid by bank on top of Ignition's own": ("payment_overpaid", lambda books: by_bank(books)),
    "removed in Xero, seen for the first time": (
        "payment_removed",
        lambda books: (
            books.payment_links.pop("p0/i0"),
            change(books.receipts, "xp0", status="DELETED"),
        ),
    ),
}


@pytest.mark.parametrize("name", DIFFER)
def test_what_differs_in_another_shape_has_its_own_name(name: str) -> None:
    books = agreeing()
    kind, spoil = DIFFER[name]
    spoil(books)
    assert kind in kinds(books)
    _comes_out(books)


def test_a_payment_that_was_removed_and_entered_again_is_there() -> None:
    books = agreeing()
    books.payment_links.pop("p0/i0")
    books.receipts["again"] = replace(books.receipts["xp0"], external_id="again")
    change(books.receipts, "xp0", status="DELETED")
    assert kinds(books) == {}


def test_a_payment_of_another_time_that_was_removed_is_another_one() -> None:
    books = agreeing()
    books.payment_links.pop("p0/i0")
    change(books.receipts, "xp0", status="DELETED", date=date(2026, 7, 2))
    assert kinds(books) == {"payment_missing": "p0/i0"}


def test_one_removed_payment_explains_one_share() -> None:
    books = not_posted(agreeing())
    books.payments["p9"] = replace(books.payments["p0"], external_id="p9")
    gone: Payment = replace(agreeing().receipts["xp0"], status="DELETED")
    books.receipts["xp0"] = gone
    found_kinds = sorted(item.kind for item in found(books) if item.key.startswith("p"))
    assert found_kinds == ["payment_missing", "payment_removed"]


def test_notes_that_come_to_something_else_are_no_refund_together() -> None:
    books = agreeing()
    in_two_notes(books)
    change(books.credits, "cn2", total=Decimal(30))
    assert "credit_amount" in kinds(books)
    _comes_out(books)


def test_a_write_off_without_tax_is_told_once() -> None:
    books = agreeing(paid=False)
    books.accounts["408"] = Account(external_id="a", code="408", name="Bad Debts")
    applied = (Applied(invoice_external_id="xi0", amount=Decimal(110)),)
    note(
        books,
        "cn",
        110,
        tax=Decimal(0),
        applied=applied,
        lines=(Line(account_code="408", amount=Decimal(110)),),
    )
    change(books.invoices, "i0", payment_state="unpaid")
    (item,) = found(books)
    assert item.kind == "credit_write_off"
    assert item.text.endswith("There is no tax in it.")


@pytest.mark.parametrize(("dated", "expected"), [(date(2026, 7, 20), True), (NOW.date(), False)])
def test_money_on_no_invoice_is_young_by_its_date(dated: date, expected: bool) -> None:
    books = agreeing()
    touched = NOW - timedelta(hours=3)
    books.loose["over"] = Entry(
        external_id="over",
        type="RECEIVE-PREPAYMENT",
        contact_external_id="xc0",
        remaining=Decimal(40),
        currency="AUD",
        status="AUTHORISED",
        date=dated,
        source_updated_at=touched,
    )
    note(books, "cn", 40, status="AUTHORISED", remaining=Decimal(5), date=dated, source_updated_at=touched)
    told = kinds(books)
    assert ("payment_unallocated" in told, "credit_unallocated" in told) == (expected, expected)


def test_a_surcharge_is_taken_off_only_where_it_is_counted_in() -> None:
    books = agreeing()
    change(books.payments, "p0", surcharge=Decimal(2))
    assert kinds(books) == {}
    change(books.receipts, "xp0", amount=Decimal(108))
    assert kinds(books) == {"payment_amount": "p0/i0"}


def test_a_moment_of_collection_without_a_known_state_counts_on_the_left() -> None:
    books = not_posted(agreeing())
    change(books.payments, "p0", status="settled", collected_at=datetime(2026, 7, 10, tzinfo=UTC))
    assert kinds(books) == {"payment_missing": "p0/i0"}
