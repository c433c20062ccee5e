"""Every kind of difference between money given back and credit notes, and the total of refunds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Account, Applied, Collection, Line
from sync.reconcile.books import READ, REFUNDS, Books
from sync.reconcile.compare import compare
from sync.reconcile.receipts import pair
from sync.reconcile.totals import totals
from tests.sync.reconcile.ledgers import NOW, add_credit, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def note(books: Books, total: int = 110, *, on: str = "xi0", **values: Any) -> Books:
    """A credit note that was put on a document; its tax is an eleventh."""
    return add_credit(books, "cn", total, on=on, **{"number": "CN-1", **values})


def refunded(books: Books, status: str = "refunded") -> Books:
    change(books.payments, "p0", status=status)
    return books


def taken_back(books: Books, amount: int, key: str = "k", **values: Any) -> None:
    row = Collection(
        external_id=key,
        invoice_external_id="i0",
        contact_external_id="c0",
        is_clawback=True,
        amount=Decimal(amount),
        currency="AUD",
        started_at=datetime(2026, 7, 20, tzinfo=UTC),
    )
    books.collections[key] = replace(row, **values)


def write_off(books: Books) -> None:
    books.accounts["408"] = Account(external_id="a", code="408", name="Bad Debts")
    note(books, lines=(Line(account_code="408", amount=Decimal(110)),))


CASES: dict[str, Spoil] = {
    "credit_only_in_xero": note,
    "credit_write_off": write_off,
    "credit_known": lambda books: (
        note(books),
        change(books.invoices, "i0", payment_method="credit_note"),
    ),
    "credit_unallocated": lambda books: note(books, on="", remaining=Decimal(110), status="AUTHORISED"),
    "credit_clawback_unknown": lambda books: taken_back(books, 500),
    "credit_partial": lambda books: taken_back(books, 50),
    "credit_for_void": lambda books: (
        change(books.invoices, "i0", status="voided"),
        change(books.documents, "xi0", amount_credited=Decimal(110)),
        books.payments.pop("p0"),
        books.receipts.pop("xp0"),
        books.payment_links.pop("p0/i0"),
        note(books),
    ),
    "credit_undone": lambda books: (refunded(books), change(books.receipts, "xp0", status="DELETED")),
    "credit_under_way": lambda books: (
        refunded(books),
        books.receipts.pop("xp0"),
        books.payment_links.pop("p0/i0"),
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2)
    CASES[kind](books)
    assert [name for name in kinds(books) if name.startswith("credit")] == [kind]


def test_a_credit_note_over_another_amount_than_went_back() -> None:
    books = agreeing(2)
    refunded(books)
    note(books, 99)
    assert sorted(kinds(books)) == ["credit_amount", "payment_refunded"]


def test_a_credit_note_that_was_paid_back_is_known_by_its_reference() -> None:
    books = agreeing(2)
    refunded(books)
    note(books, 70, on="", reference="prop-0")
    assert sorted(kinds(books)) == ["credit_amount", "payment_refunded"]
    note(books, 70, on="", reference="PROP-9")
    assert sorted(kinds(books)) == ["credit_only_in_xero", "payment_reversed"]


def test_a_part_that_was_paid_back_outside_of_ignition() -> None:
    books = agreeing(2)
    note(books, 70, on="", reference="PROP-0")
    assert list(kinds(books)) == ["credit_partial"]
    note(books, 110, on="", reference="PROP-0")
    assert list(kinds(books)) == ["credit_only_in_xero"]


def test_a_credit_note_with_another_share_of_tax() -> None:
    books = agreeing(2)
    refunded(books)
    note(books, tax=Decimal(0))
    assert sorted(kinds(books)) == ["credit_tax", "payment_refunded"]
    note(books, tax=Decimal("9.99"))
    assert sorted(kinds(books)) == ["payment_refunded"]


def test_a_credit_note_after_the_lock_for_an_invoice_before_it() -> None:
    books = replace(agreeing(2), lock_date=date(2026, 7, 10))
    refunded(books)
    note(books)
    assert sorted(kinds(books)) == ["credit_period", "payment_refunded"]
    note(books, date=date(2026, 7, 9))
    assert sorted(kinds(books)) == ["payment_refunded"]


@pytest.mark.parametrize(("days", "late"), [(15, True), (13, False)])
def test_a_refund_that_is_under_way_for_long(days: int, late: bool) -> None:
    books = agreeing(1)
    refunded(books, "refunding")
    change(books.payments, "p0", collected_at=NOW - timedelta(days=days))
    change(books.receipts, "xp0", date=(NOW - timedelta(days=days)).date())
    assert ("credit_refund_late" in kinds(books)) is late


FINE: dict[str, Spoil] = {
    "another contact's credit": lambda books: note(books, on="", contact_external_id="stranger"),
    "a credit on somebody else's invoice": lambda books: note(books, on="other"),
    "a credit of today": lambda books: note(
        books, on="", remaining=Decimal(5), status="AUTHORISED", source_updated_at=NOW, date=NOW.date()
    ),
    "a draft credit": lambda books: note(books, on="", remaining=Decimal(5), status="DRAFT"),
    "a voided credit": lambda books: note(books, status="VOIDED"),
    "a credit from a supplier": lambda books: note(books, type="ACCPAYCREDIT"),
    "a clawback of an invoice before the window": lambda books: taken_back(
        books, 500, started_at=datetime(2026, 1, 1, tzinfo=UTC)
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = agreeing(2, documents_from=date(2026, 6, 1))
    FINE[case](books)
    assert kinds(books) == {}


def test_a_clawback_with_its_credit_note_agrees() -> None:
    books = agreeing(1)
    taken_back(books, 50)
    note(books, 50)
    assert kinds(books) == {}


def test_without_the_list_of_credit_notes_nothing_is_said() -> None:
    books = replace(agreeing(1), read=READ - {"credit"})
    note(books)
    taken_back(books, 500)
    assert kinds(books) == {}


def test_the_total_of_refunds() -> None:
    """110 went back and has its note, 111 went back without one, and a note of 12 stands alone."""
    books = agreeing(3)
    refunded(books)
    note(books)
    change(books.payments, "p1", status="refunded")
    books.credits["alone"] = replace(
        books.credits["cn"],
        external_id="alone",
        number="CN-2",
        contact_external_id="xc2",
        total=Decimal(12),
        tax=Decimal("1.09"),
        applied=(Applied(invoice_external_id="xi2", amount=Decimal(12)),),
    )
    paired = pair(books)
    (total,) = [item for item in totals(books, paired, compare(books, paired)) if item.measure == REFUNDS]
    assert (total.left, total.right) == (Decimal(221), Decimal(122))
    assert [(cause.kind, cause.amount) for cause in total.causes] == [
        ("payment_reversed", Decimal(-111)),
        ("credit_only_in_xero", Decimal(12)),
    ]


def test_a_credit_tells_its_number_its_day_and_its_tax() -> None:
    books = agreeing(1)
    note(books)
    (item,) = found(books)
    assert (item.document, item.dated_on, item.client_external_id) == ("CN-1", date(2026, 7, 20), "c0")
    assert (item.at_stake, item.tax_at_stake) == (Decimal(110), Decimal(10))
