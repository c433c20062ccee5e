"""Every kind of difference in the lines of an invoice and its document."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Line, Tracking
from sync.reconcile.books import Books
from tests.sync.reconcile.ledgers import agreeing, change, found, kinds

Spoil = Callable[[Books], object]
NORTH = (Tracking(category="Team", option="North"),)


def there(books: Books, **values: Any) -> Books:
    """The only line of the document in Xero, changed."""
    change(books.documents, "xi0", lines=(replace(books.documents["xi0"].lines[0], **values),))
    return books


def here(books: Books, **values: Any) -> Books:
    """The only line as the mapping makes it, changed."""
    change(books.expected, "i0", lines=(replace(books.expected["i0"].lines[0], **values),))
    return books


def lines(books: Books, ours: str, theirs: str) -> None:
    """Lines of 10.00 each with one letter as their text."""
    change(books.expected, "i0", lines=tuple(line(text) for text in ours))
    change(books.documents, "xi0", lines=tuple(line(text) for text in theirs))


def line(text: str, amount: int = 10) -> Line:
    return Line(description=f"Service {text * 5}", unit_amount=Decimal(amount), amount=Decimal(amount))


def surcharge_in_xero(books: Books) -> None:
    first = books.documents["xi0"].lines[0]
    more = Line(description="Card surcharge", unit_amount=Decimal(2), amount=Decimal(2))
    change(books.documents, "xi0", lines=(first, more), total=Decimal(112))


CASES: dict[str, Spoil] = {
    "invoice_line_missing": lambda books: lines(books, "ab", "a"),
    "invoice_line_extra": lambda books: lines(books, "a", "ab"),
    "invoice_line_order": lambda books: lines(books, "ab", "ba"),
    "invoice_line_sum": lambda books: there(books, quantity=Decimal(2)),
    "invoice_discount": lambda books: (
        here(books, unit_amount=Decimal(110), discount=Decimal(10)),
        there(books, unit_amount=Decimal(110), amount=Decimal(110)),
    ),
    "invoice_description": lambda books: there(books, description="As agreed"),
    "invoice_tracking": lambda books: here(books, tracking=NORTH),
    "invoice_precision": lambda books: (
        here(books, quantity=Decimal(3), unit_amount=Decimal("33.3333")),
        there(books, quantity=Decimal(3), unit_amount=Decimal("33.33"), amount=Decimal("99.99")),
    ),
    "invoice_surcharge": surcharge_in_xero,
    "invoice_tax_basis": lambda books: change(books.documents, "xi0", line_amounts="Inclusive"),
    "invoice_branding": lambda books: (
        change(books.expected, "i0", branding="theme"),
        change(books.documents, "xi0", branding_theme_external_id="other"),
    ),
    "invoice_not_sent": lambda books: change(books.expected, "i0", is_sent=True),
    "invoice_account": lambda books: there(books, account_code="260"),
    "invoice_tax_type": lambda books: there(books, tax_type="EXEMPTOUTPUT"),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_line_is_found_as_what_it_is(kind: str) -> None:
    books = replace(agreeing(2, paid=False), written=frozenset({"i0"}))
    CASES[kind](books)
    assert kind in kinds(books)
    more = set(kinds(books)) - {kind}
    assert more <= {"invoice_line_sum"}, "a quantity that is changed alone is a sum as well"


FINE: dict[str, Spoil] = {
    "spaces": lambda books: there(books, description=" Bookkeeping  "),
    "nothing told of the lines": lambda books: change(books.documents, "xi0", lines=()),
    "more tracking than asked for": lambda books: there(books, tracking=NORTH),
    "a discount folded into the price": lambda books: here(
        books, unit_amount=Decimal(110), discount=Decimal(10)
    ),
    "a discount in per cent": lambda books: (
        here(books, unit_amount=Decimal(125), discount=Decimal(25)),
        there(books, unit_amount=Decimal(125), discount_rate=Decimal(20)),
    ),
    "a cent of rounding in a line": lambda books: there(
        books, quantity=Decimal(3), unit_amount=Decimal("33.3333"), amount=Decimal(100)
    ),
    "another theme on what Ignition's own link made": lambda books: change(
        books.documents, "xi1", branding_theme_external_id="other"
    ),
    "amounts without any tax": lambda books: change(books.documents, "xi0", line_amounts="NoTax"),
    "a surcharge on both sides": lambda books: lines(books, "as", "as"),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = replace(agreeing(2, paid=False), written=frozenset({"i0"}))
    FINE[case](books)
    assert kinds(books) == {}


def test_the_lines_are_named_with_their_money() -> None:
    books = agreeing(1, paid=False)
    lines(books, "ab", "abc")
    (item,) = found(books)
    assert item.text == "Only in Xero: “Service ccccc” over AUD 10.00."
    assert (item.at_stake, item.tax_at_stake) == (Decimal(10), Decimal("0.91"))


def test_tracking_and_theme_that_somebody_took_away_in_xero() -> None:
    books = agreeing(1, paid=False)
    there(books, tracking=NORTH)
    change(books.documents, "xi0", branding_theme_external_id="theme")
    books.agreed["i0"] = books.documents["xi0"]
    assert kinds(books) == {}
    there(books, tracking=())
    change(books.documents, "xi0", branding_theme_external_id="other")
    assert sorted(kinds(books)) == ["invoice_branding", "invoice_tracking"]


def test_many_lines_are_counted() -> None:
    books = agreeing(1, paid=False)
    lines(books, "abcdef", "a")
    (item,) = found(books)
    assert item.text.endswith("and 2 more.")


def test_a_surcharge_that_ignition_counts_in_is_no_other_total() -> None:
    books = agreeing(1, paid=False)
    change(books.invoices, "i0", total=Decimal(112), surcharge=Decimal(2))
    assert list(kinds(books)) == ["invoice_surcharge"]
    change(books.invoices, "i0", surcharge=Decimal(3))
    assert list(kinds(books)) == ["invoice_total"]


def test_what_is_marked_as_sent_or_is_still_a_draft_need_not_be_sent() -> None:
    books = agreeing(2, paid=False)
    for key in ("i0", "i1"):
        change(books.expected, key, is_sent=True)
    change(books.documents, "xi0", sent_to_contact=True)
    change(books.documents, "xi1", status="PAID")
    assert "invoice_not_sent" not in kinds(books)
