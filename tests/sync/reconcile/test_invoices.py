"""Every kind of difference between an invoice and its document, each with a case beside it that must not match."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.records import Line
from sync.reconcile.books import Books
from tests.sync.reconcile.ledgers import NOW, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def drop_document(books: Books) -> object:
    return books.invoice_links.pop("i0"), books.documents.pop("xi0")


def draft(books: Books, days: int) -> object:
    return change(books.documents, "xi0", status="DRAFT", source_updated_at=NOW - timedelta(days=days))


def copy(books: Books, **values: object) -> None:
    there = replace(books.documents["xi0"], external_id="again", number="INV-77", reference="")
    books.documents["again"] = replace(there, **values)  # type: ignore[arg-type]


def young(books: Books) -> None:
    drop_document(books)
    change(books.invoices, "i0", source_created_at=NOW - timedelta(hours=1))


def left_out(books: Books) -> None:
    drop_document(books)
    change(books.expected, "i0", left_out="A rule says so.")


def unknown_tax(books: Books) -> None:
    change(books.expected, "i0", tax=None)


def gone(books: Books) -> None:
    books.gone["i0"] = books.invoices.pop("i0")


def credited(books: Books) -> None:
    gone(books)
    change(books.documents, "xi0", amount_credited=Decimal(110), status="PAID")


def today(books: Books) -> Books:
    """The first invoice is of today, on both sides."""
    for records, key in ((books.invoices, "i0"), (books.documents, "xi0"), (books.expected, "i0")):
        change(records, key, date=NOW.date(), due_date=NOW.date())
    return books


CASES: dict[str, Spoil] = {
    "invoice_missing": drop_document,
    "invoice_on_its_way": young,
    "invoice_left_out": left_out,
    "invoice_only_in_xero": lambda books: copy(books, number="IGN-9", total=Decimal(5)),
    "invoice_duplicate": copy,
    "invoice_gone_in_xero": lambda books: books.documents.pop("xi0"),
    "invoice_gone_in_ignition": gone,
    "invoice_unreadable": lambda books: books.invoices.pop("i0"),
    "invoice_void_in_ignition": lambda books: change(books.invoices, "i0", status="voided"),
    "invoice_void_in_xero": lambda books: change(books.documents, "xi0", status="VOIDED"),
    "invoice_draft_in_xero": lambda books: draft(books, 3),
    "invoice_currency": lambda books: change(books.documents, "xi0", currency="NZD"),
    "invoice_total": lambda books: change(books.documents, "xi0", total=Decimal(120)),
    "invoice_rounding": lambda books: change(books.documents, "xi0", total=Decimal("110.01")),
    "invoice_tax": lambda books: change(books.documents, "xi0", tax=Decimal(0)),
    "invoice_tax_unknown": unknown_tax,
    "invoice_contact": lambda books: change(books.documents, "xi0", contact_external_id="xc1"),
    "invoice_date": lambda books: change(books.documents, "xi0", date=date(2026, 7, 2)),
    "invoice_month": lambda books: change(books.documents, "xi0", date=date(2026, 6, 30)),
    "invoice_due_date": lambda books: change(books.documents, "xi0", due_date=date(2026, 8, 1)),
    "invoice_reference": lambda books: change(books.documents, "xi0", reference="typed"),
    "invoice_account": lambda books: change(
        books.documents, "xi0", lines=(replace(books.documents["xi0"].lines[0], account_code="260"),)
    ),
    "invoice_tax_type": lambda books: change(
        books.documents, "xi0", lines=(replace(books.documents["xi0"].lines[0], tax_type="EXEMPTOUTPUT"),)
    ),
    "invoice_not_linked": lambda books: books.invoice_links.pop("i0"),
    "invoice_credited": credited,
}


def test_books_in_agreement_have_no_differences() -> None:
    assert found(agreeing(5)) == []


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_invoice_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2, paid=False)
    CASES[kind](books)
    assert list(kinds(books)) == [kind]


def nothing_in_common(books: Books) -> None:
    """A document of the practice's own: another number, no reference, another total."""
    copy(books, total=Decimal(77))


def monthly(books: Books) -> None:
    """The next month's bill looks the same but for the date."""
    copy(books, date=date(2026, 8, 1))


FINE: dict[str, Spoil] = {
    "own document": nothing_in_common,
    "monthly": monthly,
    "young draft": lambda books: (draft(books, 1), today(books)),
    "both voided": lambda books: (
        change(books.documents, "xi0", status="VOIDED"),
        change(books.invoices, "i0", status="voided"),
    ),
    "spaces": lambda books: change(books.documents, "xi0", reference=" PROP-0 "),
    "void copy": lambda books: copy(books, status="VOIDED"),
    "no lines told": lambda books: change(books.documents, "xi0", lines=()),
    "not billed": lambda books: (drop_document(books), change(books.invoices, "i0", status="draft")),
    "imported": lambda books: (drop_document(books), change(books.invoices, "i0", origin="ledger_import")),
    "merged contact": lambda books: (
        change(books.contacts, "xc1", merged_into="xc0"),
        change(books.documents, "xi0", contact_external_id="xc1"),
        books.contact_links.pop("c1"),
        books.invoice_links.pop("i1"),
        books.documents.pop("xi1"),
        books.invoices.pop("i1"),
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = agreeing(2, paid=False)
    FINE[case](books)
    assert kinds(books) == {}


def test_more_than_two_cents_or_other_lines_is_no_rounding() -> None:
    books = agreeing(1, paid=False)
    change(books.documents, "xi0", total=Decimal("110.03"))
    assert "invoice_total" in kinds(books)
    books = agreeing(1, paid=False)
    line = books.documents["xi0"].lines[0]
    change(books.documents, "xi0", total=Decimal("110.01"), lines=(replace(line, amount=Decimal(50)),))
    assert "invoice_total" in kinds(books)


def test_the_window_takes_pairs_in_or_out_as_a_whole() -> None:
    books = agreeing(3, paid=False, documents_from=date(2026, 7, 6))
    change(books.documents, "xi0", total=Decimal(1))
    change(books.documents, "xi1", date=date(2026, 7, 1), total=Decimal(1))
    assert {item.key for item in found(books)} == {"i1"}


def test_a_difference_says_both_amounts_the_client_and_the_money() -> None:
    books = agreeing(1, paid=False)
    change(books.documents, "xi0", total=Decimal(121), tax=Decimal(11))
    (item,) = found(books)
    assert item.text == "Ignition: AUD 110.00. Xero: AUD 121.00."
    assert (item.client, item.currency, item.at_stake) == ("Client 0", "AUD", Decimal(121))
    assert (item.money, item.tax) == (Decimal(11), Decimal(1))
    assert (item.source_ids, item.target_ids) == (("i0",), ("xi0",))


def test_an_account_is_compared_whatever_the_order_of_lines() -> None:
    books = agreeing(1, paid=False)
    here = tuple(Line(account_code=code, tax_type="OUTPUT") for code in ("200", "210"))
    there = tuple(Line(account_code=code, tax_type="OUTPUT") for code in ("210", "200"))
    change(books.expected, "i0", lines=here)
    change(books.documents, "xi0", lines=there)
    assert "invoice_account" not in kinds(books)


def test_a_difference_tells_the_document_its_day_its_tax_and_its_client() -> None:
    books = agreeing(1, paid=False)
    change(books.documents, "xi0", total=Decimal(121), tax=Decimal(11), date=date(2026, 7, 1))
    (item,) = found(books)
    assert (item.client_external_id, item.document) == ("c0", "IGN-0000")
    assert (item.dated_on, item.tax_at_stake) == (date(2026, 7, 1), Decimal(11))
    drop_document(books)
    (missing,) = found(books)
    assert (missing.document, missing.tax_at_stake) == ("IGN-0000", Decimal(10))
