"""Invoices beside what was engaged, approved and written, and beside each other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Entry, Line, NativePush, Proposal, ProposalLine
from sync.plan import invoice_values
from sync.reconcile.books import READ, Books
from tests.sync.reconcile.ledgers import NOW, add_pair, agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def engaged(books: Books, **values: Any) -> Books:
    """The first client's invoice bills the only line of its proposal."""
    line = ProposalLine(external_id="l", name="Bookkeeping", is_recurring=True, period_value=Decimal(100))
    made = Proposal(
        external_id="pr",
        name="Books",
        contact_external_id="c0",
        status="accepted",
        lines=(replace(line, **values.pop("line", {})),),
    )
    books.proposals["pr"] = replace(made, **values)
    billed = replace(books.invoices["i0"].lines[0], origin_type="proposal", origin_external_id="pr")
    change(books.invoices, "i0", lines=(billed,))
    return books


def repeating(books: Books, **values: Any) -> None:
    engaged(books)
    entry = Entry(
        external_id="rep",
        type="ACCREC",
        contact_external_id="xc0",
        amount=Decimal(110),
        repeats="every 1 month",
        status="AUTHORISED",
    )
    books.repeating["rep"] = replace(entry, **values)


def same_day(books: Books, **values: Any) -> None:
    """Another invoice for the first client on the same day."""
    add_pair(books, 2, total=Decimal(500))
    day = books.invoices["i0"].date
    for record in (books.invoices, books.documents, books.expected):
        key = "xi2" if record is books.documents else "i2"
        change(record, key, date=day, due_date=books.invoices["i0"].due_date, reference="PROP-0")
    change(books.invoices, "i2", contact_external_id="c0", **values)
    change(books.documents, "xi2", contact_external_id="xc0")
    if "reference" in values:
        change(books.expected, "i2", reference=values["reference"])
        change(books.documents, "xi2", reference=values["reference"])


def level(books: Books, *references: str) -> None:
    """The first client's invoices, one for each reference."""
    for number, reference in enumerate(references, start=2):
        add_pair(books, number, total=Decimal(200) + number)
        change(books.invoices, f"i{number}", contact_external_id="c0", reference=reference)
        change(books.documents, f"xi{number}", contact_external_id="xc0", reference=reference)
        change(books.expected, f"i{number}", reference=reference)


def edited(books: Books, **values: Any) -> object:
    """Agreed on as it was, then changed in Xero."""
    books.agreed["i0"] = books.documents["xi0"]
    return change(books.documents, "xi0", **values)


def approved(books: Books, **values: Any) -> None:
    books.approved["i0"] = invoice_values(books.documents["xi0"])
    change(books.documents, "xi0", **values)


def locked(books: Books, lock: date, **values: Any) -> Books:
    return replace(books, lock_date=lock, **values)


CASES: dict[str, Spoil] = {
    "invoice_two_a_day": same_day,
    "invoice_split": lambda books: same_day(books, reference="PROP-9"),
    "invoice_edited": lambda books: edited(books, line_amounts="NoTax"),
    "invoice_edited_after_approval": lambda books: approved(books, line_amounts="NoTax"),
    "invoice_number": lambda books: change(
        books.invoices, "i0", native=NativePush(state="completed", external_id="xi0", number="INV-7")
    ),
    "invoice_after_end": lambda books: engaged(books, ends_on=date(2026, 6, 30)),
    "invoice_engaged_value": lambda books: engaged(books, line={"period_value": Decimal(90)}),
    "invoice_repeating": repeating,
    "invoice_reference_level": lambda books: level(books, "PROP-1", "PROP-2", "CLI-7"),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2, paid=False)
    CASES[kind](books)
    assert list(kinds(books)) == [kind]


FINE: dict[str, Spoil] = {
    "paid since": lambda books: edited(books, amount_paid=Decimal(110), status="PAID"),
    "a draft that somebody works on": lambda books: (
        edited(books, line_amounts="NoTax", status="DRAFT", source_updated_at=NOW, date=NOW.date()),
        change(books.invoices, "i0", date=NOW.date()),
        change(books.expected, "i0", date=NOW.date()),
    ),
    "as approved": lambda books: approved(books, status="PAID"),
    "within the engagement": lambda books: engaged(books, ends_on=date(2026, 7, 31)),
    "engaged without an end": engaged,
    "a one-off price": lambda books: engaged(
        books, line={"period_value": Decimal(90), "is_recurring": False}
    ),
    "two lines of one name": lambda books: (
        engaged(books, line={"period_value": Decimal(90)}),
        change(books.proposals, "pr", lines=books.proposals["pr"].lines * 2),
    ),
    "Xero stopped repeating": lambda books: repeating(books, until=date(2026, 10, 1)),
    "a bill that Xero repeats": lambda books: repeating(books, type="ACCPAY"),
    "repeated for somebody else": lambda books: repeating(books, contact_external_id="stranger"),
    "client and proposal mixed": lambda books: level(books, "PROP-1", "CLI-7", "PROP-2", "CLI-7"),
    "next month": lambda books: add_pair(books, 3, total=Decimal(110)),
    "number as Ignition's link made it": lambda books: change(
        books.invoices, "i0", native=NativePush(state="completed", external_id="xi0", number="ign-0000")
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = agreeing(2, paid=False)
    FINE[case](books)
    assert kinds(books) == {}


@pytest.mark.parametrize(
    ("value", "expected"), [("100", {}), ("125", {}), ("130", {"invoice_engaged_value": "i0"})]
)
def test_a_discounted_line_bills_what_was_engaged_before_or_after_the_discount(
    value: str, expected: dict[str, str]
) -> None:
    books = agreeing(2, paid=False)
    engaged(books, line={"period_value": Decimal(value)})
    (line,) = books.invoices["i0"].lines
    line = replace(line, unit_amount=Decimal(125), discount=Decimal(25), amount=Decimal(100))
    change(books.invoices, "i0", lines=(line,))
    assert kinds(books) == expected


def test_a_number_that_this_app_gave_has_to_stay() -> None:
    books = replace(agreeing(1, paid=False), written=frozenset({"i0"}))
    change(books.documents, "xi0", number="INV-9")
    assert kinds(books) == {"invoice_number": "i0"}


def test_a_number_that_is_there_twice_in_ignition() -> None:
    books = agreeing(2, paid=False)
    change(books.invoices, "i1", number="0000")
    assert kinds(books) == {"invoice_number": "twice:i1"}


def test_a_line_that_was_changed_after_it_was_written_is_named() -> None:
    books = agreeing(1, paid=False)
    line = books.documents["xi0"].lines[0]
    edited(books, lines=(replace(line, quantity=Decimal(2), unit_amount=Decimal(50)),))
    (item,) = found(books)
    assert (item.kind, item.text) == ("invoice_edited", "Changed in Xero since: quantity, price.")


def test_a_change_that_shows_in_something_else_is_not_told_twice() -> None:
    books = agreeing(1, paid=False)
    edited(books, reference="typed")
    assert list(kinds(books)) == ["invoice_reference"]
    change(books.documents, "xi0", line_amounts="NoTax")
    (item,) = [item for item in found(books) if item.kind == "invoice_edited"]
    assert item.text == "Changed in Xero since: amounts with or without tax."


def test_what_the_answer_to_a_write_left_out_was_not_changed() -> None:
    books = agreeing(1, paid=False)
    edited(books, url="https://a.example")
    assert list(kinds(books)) == ["invoice_edited"]
    assert kinds(replace(books, written=frozenset({"i0"}))) == {}


def test_what_was_approved_is_not_told_twice() -> None:
    books = agreeing(1, paid=False)
    books.agreed["i0"] = books.documents["xi0"]
    approved(books, line_amounts="NoTax")
    assert list(kinds(books)) == ["invoice_edited_after_approval"]


def test_a_document_that_this_app_did_not_write_went_past_the_approval() -> None:
    books = agreeing(2, paid=False, approvals_from=date(2026, 7, 1))
    change(books.invoices, "i1", native=NativePush(state="completed"))
    assert kinds(books) == {"invoice_past_approval": "i0"}
    assert kinds(replace(books, written=frozenset({"i0"}))) == {}
    later = replace(books.chosen, approvals_from=date(2026, 7, 2))
    assert kinds(replace(books, chosen=later)) == {}


def test_what_waits_in_a_locked_period() -> None:
    books = locked(agreeing(1, paid=False), date(2026, 7, 31))
    assert kinds(books) == {}
    change(books.documents, "xi0", status="DRAFT", source_updated_at=NOW)
    assert sorted(kinds(books)) == ["invoice_draft_in_xero", "invoice_locked"]
    assert kinds(replace(books, lock_date=date(2026, 6, 30))) == {"invoice_draft_in_xero": "i0"}
    del books.invoice_links["i0"], books.documents["xi0"]
    assert sorted(kinds(books)) == ["invoice_locked", "invoice_missing"]
    change(books.invoices, "i0", source_created_at=NOW - timedelta(minutes=1))
    assert list(kinds(books)) == ["invoice_on_its_way"]


def test_without_the_lists_nothing_is_said_about_engagements() -> None:
    books = replace(agreeing(2, paid=False), read=READ - {"proposal", "repeating"})
    repeating(books)
    engaged(books, ends_on=date(2026, 6, 30), line={"period_value": Decimal(90)})
    assert kinds(books) == {}


def test_a_client_billed_lately_needs_no_proposal_to_be_billed_twice() -> None:
    books = agreeing(1, paid=False)
    repeating(books)
    books.proposals.clear()
    change(books.invoices, "i0", lines=(Line(description="Bookkeeping", amount=Decimal(100)),))
    assert kinds(books) == {}, "its last invoice is from July"
    for record in (books.invoices, books.documents, books.expected):
        key = "xi0" if record is books.documents else "i0"
        change(record, key, date=date(2026, 11, 1), due_date=date(2026, 11, 15))
    assert list(kinds(books)) == ["invoice_repeating"]


def test_documents_that_moved_with_a_merged_contact_were_not_edited() -> None:
    books = agreeing(1, paid=False)
    books.contacts["xc9"] = replace(books.contacts["xc0"], external_id="xc9", name="The survivor")
    edited(books, contact_external_id="xc9")
    assert "invoice_edited" in kinds(books) or "invoice_contact" in kinds(books)
    change(books.contacts, "xc0", merged_into="xc9", status="ARCHIVED")
    assert "invoice_edited" not in kinds(books)
