"""Every kind of difference between collected money and payments."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.records import Account, Collection, Entry, Invoice
from sync.reconcile.books import Books
from tests.sync.reconcile.ledgers import NOW, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def not_posted(books: Books) -> Books:
    del books.payment_links["p0/i0"], books.receipts["xp0"]
    return books


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


def receipt_alone(books: Books) -> Books:
    del books.payment_links["p0/i0"], books.payments["p0"]
    return books


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


def marked(books: Books) -> Books:
    not_posted(books)
    del books.payments["p0"]
    change(books.invoices, "i0", payment_source="manual")
    change(books.documents, "xi0", amount_due=Decimal(110))
    return books


def loose(books: Books, **values: object) -> None:
    entry = Entry(
        external_id="over",
        type="RECEIVE-OVERPAYMENT",
        contact_external_id="xc0",
        remaining=Decimal(40),
        currency="AUD",
        status="AUTHORISED",
    )
    books.loose["over"] = replace(entry, **values)  # type: ignore[arg-type]


CASES: dict[str, Spoil] = {
    "payment_missing": not_posted,
    "payment_waiting": lately,
    "payment_no_invoice": without_invoice,
    "payment_left_out": left_out,
    "payment_removed": lambda books: change(books.receipts, "xp0", status="DELETED"),
    "payment_unreadable": lambda books: books.receipts.pop("xp0"),
    "payment_amount": lambda books: change(books.receipts, "xp0", amount=Decimal(100)),
    "payment_currency": lambda books: change(books.receipts, "xp0", currency="NZD"),
    "payment_date": lambda books: change(books.receipts, "xp0", date=date(2026, 7, 5)),
    "payment_month": lambda books: change(books.receipts, "xp0", date=date(2026, 6, 30)),
    "payment_unpaid_in_ignition": unpaid,
    "payment_only_in_xero": receipt_alone,
    "payment_not_collected": lambda books: change(books.payments, "p0", status="cancelled"),
    "payment_reversed": lambda books: change(books.payments, "p0", status="clawing_back"),
    "payment_refunded": credited,
    "payment_not_divided": undivided,
    "payment_account": lambda books: change(books.receipts, "xp0", account_code="090"),
    "payment_overpaid": overpaid,
    "payment_old_clearing": lambda books: (
        books.accounts.update({"881": Account(external_id="a", code="881", name="Old clearing account")}),
        change(books.receipts, "xp0", account_code="881"),
    ),
    "payment_marked": marked,
    "payment_outside": lambda books: (
        receipt_alone(books),
        change(books.receipts, "xp0", account_code="090"),
        change(books.invoices, "i0", payment_source="ledger"),
    ),
    "payment_part": lambda books: change(books.documents, "xi0", amount_due=Decimal(5)),
    "payment_unallocated": loose,
}


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_payment_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2)
    CASES[kind](books)
    assert [name for name in kinds(books) if name.startswith("payment")] == [kind]


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
    names = [item.kind for item in found(books) if item.kind.startswith("payment")]
    assert sorted(names) == ["payment_refunded", "payment_reversed"]


def test_money_for_an_invoice_before_the_window_is_not_missed() -> None:
    books = agreeing(1, documents_from=date(2026, 7, 5))
    not_posted(books)
    assert kinds(books) == {}


def test_until_it_is_paid_out_it_waits_where_the_practice_wants_that() -> None:
    books = agreeing(1, post_payments="paid_out")
    not_posted(books)
    change(books.payments, "p0", status="collected")
    assert list(kinds(books)) == ["payment_waiting"]


FINE: dict[str, Spoil] = {
    "marked as paid from the ledger": lambda books: (
        marked(books),
        change(books.invoices, "i0", payment_source="ledger"),
    ),
    "nothing left of an overpayment": lambda books: loose(books, remaining=Decimal(0), status="PAID"),
    "an overpayment of somebody else": lambda books: loose(books, contact_external_id="stranger"),
    "an overpayment of today": lambda books: loose(books, source_updated_at=NOW - timedelta(hours=1)),
    "money that we overpaid": lambda books: loose(books, type="SPEND-OVERPAYMENT"),
    "unpaid on both sides": lambda books: (
        not_posted(books),
        books.payments.pop("p0"),
        change(books.invoices, "i0", payment_state="unpaid"),
        change(books.documents, "xi0", amount_due=Decimal(110)),
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = agreeing(2)
    FINE[case](books)
    assert kinds(books) == {}


def test_a_payment_that_somebody_mistyped_is_recognised_by_its_document() -> None:
    books = agreeing(1)
    books.payment_links.clear()
    change(books.receipts, "xp0", amount=Decimal(101))
    assert kinds(books) == {"payment_amount": "p0/i0"}
    change(books.receipts, "xp0", account_code="090")
    assert {"payment_missing", "payment_only_in_xero"} <= set(kinds(books)), "it is other money"


def test_paid_by_bank_and_collected_as_well() -> None:
    books = agreeing(1)
    books.payment_links.clear()
    change(books.receipts, "xp0", account_code="090", date=date(2026, 7, 2))
    told = kinds(books)
    assert "payment_overpaid" in told
    change(books.receipts, "xp0", account_code="880")
    assert "payment_overpaid" not in kinds(books), "posted on an odd day, but with Ignition's money"


def test_a_payment_tells_its_document_its_day_and_its_share_of_tax() -> None:
    books = agreeing(1)
    change(books.receipts, "xp0", amount=Decimal(55))
    change(books.payments, "p0", amount=Decimal("54.99"))
    (item,) = [item for item in found(books) if item.kind == "payment_amount"]
    assert (item.document, item.dated_on, item.client_external_id) == ("IGN-0000", date(2026, 7, 14), "c0")
    assert item.tax_at_stake == Decimal(5)


def test_a_payment_that_was_cancelled_earlier_takes_no_money_from_the_one_that_came() -> None:
    books = agreeing(1)
    del books.payment_links["p0/i0"]
    change(books.receipts, "xp0", date=date(2026, 6, 1))
    books.payments["p9"] = replace(
        books.payments["p0"],
        external_id="p9",
        status="cancelled",
        collected_at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    assert set(kinds(books)) == {"payment_month"}


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (date(2026, 7, 14), set()),
        (date(2026, 7, 1), {"payment_date"}),
        (date(2026, 6, 30), {"payment_month"}),
        (date(2026, 7, 26), set()),
        (date(2026, 7, 31), {"payment_date"}),
        (date(2026, 8, 1), {"payment_month"}),
        (date(2025, 7, 10), {"payment_month"}),
    ],
)
def test_a_day_in_another_month_is_worse_than_an_odd_day(there: date, expected: set[str]) -> None:
    books = agreeing(1)
    change(books.receipts, "xp0", date=there)
    assert set(kinds(books)) == expected


def test_money_collected_at_the_end_of_a_month_may_be_posted_in_the_next() -> None:
    books = agreeing(1)
    change(books.payments, "p0", collected_at=datetime(2026, 7, 30, tzinfo=UTC))
    change(books.receipts, "xp0", date=date(2026, 8, 3))
    assert kinds(books) == {}
