"""Documents that agree in an unusual shape are no difference, and differences in an unusual shape are found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.ignition import parse
from connectors.records import Invoice, Line
from sync.reconcile.books import Books
from sync.reconcile.ours import Ours, Unread
from tests.sync.reconcile.ledgers import NOW, agreeing, change, found, kinds

Spoil = Callable[[Books], object]
FULL = Line(description="Bookkeeping", unit_amount=Decimal(400), amount=Decimal(400), tax_type="OUTPUT")


def lines(books: Books, ours: tuple[Line, ...], theirs: tuple[Line, ...], total: int = 110) -> None:
    change(books.expected, "i0", lines=ours)
    change(books.invoices, "i0", lines=ours, total=Decimal(total))
    change(books.documents, "xi0", lines=theirs, total=Decimal(total))


def text(books: Books, ours: str, theirs: str) -> Books:
    """Ignition says “Bookkeeping”; the mapping words it as ``ours``, the document as ``theirs``."""
    change(books.expected, "i0", lines=(replace(books.expected["i0"].lines[0], description=ours),))
    change(books.documents, "xi0", lines=(replace(books.documents["xi0"].lines[0], description=theirs),))
    return books


def written(books: Books) -> Books:
    """This app wrote the first document."""
    object.__setattr__(books, "written", frozenset({"i0"}))
    return books


def alone(books: Books, **values: Any) -> None:
    """A document in Xero that belongs to no invoice of Ignition."""
    made = Invoice(
        external_id="more",
        contact_external_id="xc0",
        type="ACCREC",
        status="AUTHORISED",
        number="INV-9",
        date=date(2026, 9, 1),
        currency="AUD",
        total=Decimal(77),
    )
    books.documents["more"] = replace(made, **values)


AGREE: dict[str, Spoil] = {
    "an included service makes no line": lambda books: lines(
        books, (FULL, Line(description="Chat", amount=Decimal(0))), (FULL,)
    ),
    "a line of text alone": lambda books: lines(books, (FULL,), (FULL, Line(description="Thank you"))),
    "a discount in per cent and as an amount": lambda books: lines(
        books,
        (replace(FULL, discount=Decimal(40), amount=Decimal(360)),),
        (replace(FULL, discount_rate=Decimal(10), amount=Decimal(360)),),
    ),
    "Ignition's own text": lambda books: text(books, "Bookkeeping (2 x 50)", "Bookkeeping"),
    "the description of the service on further lines": lambda books: text(
        books, "Bookkeeping", "Bookkeeping\nEvery month, by the tenth"
    ),
    "no due date told": lambda books: (
        change(books.invoices, "i0", due_date=None),
        change(books.expected, "i0", due_date=date(2026, 7, 1)),
    ),
    "no date told": lambda books: (
        change(books.invoices, "i0", date=None),
        change(books.expected, "i0", date=date(2026, 8, 1)),
    ),
    "nothing taxed, and told as such": lambda books: (
        change(books.expected, "i0", tax=Decimal(0)),
        change(books.documents, "xi0", line_amounts="NoTax", tax=Decimal(0)),
    ),
    "somebody's own sale": lambda books: alone(books, reference="Our PROPOSAL-12"),
}


@pytest.mark.parametrize("name", AGREE)
def test_what_agrees_in_another_shape_is_no_difference(name: str) -> None:
    books = agreeing()
    AGREE[name](books)
    assert kinds(books) == {}


DIFFER: dict[str, tuple[str, Spoil]] = {
    "a discount that became smaller": (
        "invoice_discount",
        lambda books: lines(
            books,
            (replace(FULL, discount=Decimal(40), amount=Decimal(360)),),
            (replace(FULL, discount=Decimal(10), amount=Decimal(390)),),
        ),
    ),
    "the tax taken off": (
        "invoice_tax_basis",
        lambda books: change(
            books.documents, "xi0", line_amounts="NoTax", tax=Decimal(0), total=Decimal(100)
        ),
    ),
    "text by the mapping that this app wrote": (
        "invoice_description",
        lambda books: (
            text(books, "Bookkeeping (2 x 50)", "Bookkeeping"),
            written(books),
        ),
    ),
    "a reference with something before it": (
        "invoice_only_in_xero",
        lambda books: alone(books, reference="Our ref PROP-7777"),
    ),
    "a reference in small letters": ("invoice_only_in_xero", lambda books: alone(books, reference="cli-99")),
}


@pytest.mark.parametrize("name", DIFFER)
def test_what_differs_in_another_shape_is_found(name: str) -> None:
    books = agreeing()
    kind, spoil = DIFFER[name]
    spoil(books)
    assert kind in kinds(books)


def test_a_discount_that_became_smaller_is_told_with_what_is_missing() -> None:
    books = agreeing()
    DIFFER["a discount that became smaller"][1](books)
    (item,) = [item for item in found(books) if item.kind == "invoice_discount"]
    assert item.at_stake == Decimal(30)
    assert "AUD 30.00 is not taken off" in item.text


def draft(books: Books, dated: date) -> None:
    """A draft that somebody touched an hour ago."""
    touched = NOW - timedelta(hours=1)
    change(books.documents, "xi0", status="DRAFT", date=dated, source_updated_at=touched)
    change(books.invoices, "i0", date=dated, payment_state="unpaid")
    change(books.expected, "i0", date=dated)


def test_a_draft_of_long_ago_is_not_young_because_somebody_touched_it() -> None:
    books = agreeing(paid=False)
    draft(books, NOW.date() - timedelta(days=20))
    assert "invoice_draft_in_xero" in kinds(books)
    draft(books, NOW.date())
    assert "invoice_draft_in_xero" not in kinds(books)


def test_an_invoice_that_does_not_say_when_it_was_made_is_missed_by_its_date() -> None:
    books = agreeing(paid=False)
    del books.invoice_links["i0"], books.documents["xi0"]
    touched = NOW - timedelta(minutes=5)
    change(books.invoices, "i0", source_created_at=None, source_updated_at=touched)
    assert "invoice_missing" in kinds(books)
    change(books.invoices, "i0", date=NOW.date())
    change(books.expected, "i0", date=NOW.date())
    assert "invoice_missing" not in kinds(books)


def unread(*points_to: str) -> Ours:
    record = Unread(
        key="7 invoice i0",
        system="Ignition",
        kind="invoice",
        external_id="i0",
        problem="no date",
        is_source=True,
        points_to=points_to,
    )
    return Ours(unread=(record,))


@pytest.mark.parametrize("points_to", ["xi0", "ign-0000"])
def test_a_document_of_an_invoice_that_could_not_be_read_is_not_only_in_xero(points_to: str) -> None:
    books = agreeing(paid=False)
    del books.invoices["i0"], books.invoice_links["i0"]
    object.__setattr__(books, "ours", unread(points_to))
    assert kinds(books) == {"invoice_unreadable": "i0"}
    object.__setattr__(books, "ours", unread())
    assert set(kinds(books)) == {"invoice_only_in_xero", "sync_unreadable"}


@pytest.mark.parametrize(
    ("spelled", "state"),
    [
        ("Awaiting acceptance", "awaiting_acceptance"),
        ("Disbursed", "disbursed"),
        (None, ""),
        ("paid-out", "paid_out"),
    ],
)
def test_states_are_read_in_any_spelling(spelled: str | None, state: str) -> None:
    assert parse.client({"slug": "c", "name": "Client", "state": spelled}).status == state
