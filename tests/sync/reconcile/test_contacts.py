"""Every kind of difference between linked clients and contacts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.records import Entry, Person, Proposal, ProposalLine
from sync.reconcile.books import Books
from sync.reconcile.kinds import KINDS
from tests.sync.reconcile.ledgers import NOW, agreeing, change, kinds

Spoil = Callable[[Books], object]


def merged(books: Books) -> None:
    books.contacts["other"] = replace(books.contacts["xc0"], external_id="other", name="Other", email="")
    change(books.contacts, "xc0", merged_into="other")


def shared(books: Books) -> None:
    """A brother of the first client, who is billed on the same contact."""
    books.clients["brother"] = replace(books.clients["c0"], external_id="brother", email="")
    books.contact_links["brother"] = "xc0"


def two_links(books: Books) -> None:
    books.contacts["mine"] = replace(books.contacts["xc0"], external_id="mine", name="Other", email="")
    change(books.clients, "c0", linked={"xero": "mine"})


def not_in_xero(books: Books) -> Books:
    del books.invoice_links["i0"], books.documents["xi0"]
    return books


def twice_in_ignition(books: Books) -> None:
    """The second client is the first one again; its contact in Xero is what it always was."""
    change(books.clients, "c1", name="Client 0", email="c0@example.com")
    books.names["c1"], books.emails["c1"] = "Client 1", frozenset({"c1@example.com"})


CASES: dict[str, Spoil] = {
    "contact_name": lambda books: change(books.contacts, "xc0", name="Somebody else"),
    "contact_spelling": lambda books: change(books.contacts, "xc0", name="CLIENT  0"),
    "contact_email": lambda books: change(books.contacts, "xc0", email="old@example.com"),
    "contact_phone": lambda books: (
        change(books.contacts, "xc0", phone="0299990000"),
        change(books.clients, "c0", phone="0288880000"),
    ),
    "contact_gone": lambda books: books.contacts.pop("xc0"),
    "contact_archived": lambda books: change(books.contacts, "xc0", status="ARCHIVED"),
    "contact_merged": merged,
    "contact_shared": shared,
    "contact_name_form": lambda books: (
        change(books.clients, "c0", name="Client Zero"),
        change(books.contacts, "xc0", name="Zero, Client"),
    ),
    "contact_two_links": two_links,
    "contact_tax_number": lambda books: change(books.contacts, "xc0", tax_number="51 824 753 557"),
    "contact_person": lambda books: (
        change(books.contacts, "xc0", first_name="Ann", last_name="Lee"),
        books.people.update(c0=Person(external_id="p", contact_external_id="c0", name="Bob Lee")),
    ),
    "contact_field": lambda books: books.wanted.update(c0={"account_number": "C-17"}),
    "contact_email_shared": lambda books: (
        change(books.clients, "c1", email="C0@example.com"),
        change(books.contacts, "xc1", email="c0@example.com"),
    ),
    "contact_missing": lambda books: books.contact_links.pop("c0") and not_in_xero(books),
    "contact_not_linked": lambda books: books.contact_links.pop("c0"),
    "contact_client_archived": lambda books: (
        change(books.clients, "c0", status="archived"),
        change(books.documents, "xi0", amount_due=Decimal(110)),
    ),
    "contact_twice_in_ignition": twice_in_ignition,
    "contact_twice_in_xero": lambda books: books.contacts.update(
        more=replace(books.contacts["xc0"], external_id="more", name="Client 0 Pty Ltd")
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_contact_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2, paid=False)
    CASES[kind](books)
    assert [name for name in kinds(books) if name.startswith("contact")] == [kind]


def test_every_kind_of_contact_that_is_checked_has_a_case() -> None:
    checked = {code for code, item in KINDS.items() if item.about == "contact" and item.is_checked}
    assert {code for code in checked if KINDS[code].kept} == set(CASES)


def test_a_person_s_address_and_the_mapped_name_count() -> None:
    books = agreeing(1, paid=False)
    change(books.contacts, "xc0", email="Partner@Example.com", name="0, Client")
    books.emails["c0"] = frozenset({"partner@example.com"})
    books.names["c0"] = "0, Client"
    assert kinds(books) == {}


def test_phones_are_compared_as_numbers_and_an_empty_one_is_no_difference() -> None:
    books = agreeing(2, paid=False)
    change(books.clients, "c0", phone="(02) 9999 0000")
    change(books.contacts, "xc0", phone="+61 2 9999 0000")
    change(books.clients, "c1", phone="0299990001")
    assert kinds(books) == {}


FINE: dict[str, Spoil] = {
    "a valid tax number": lambda books: change(books.contacts, "xc0", tax_number="51 824 753 556"),
    "the same person the other way round": lambda books: (
        change(books.contacts, "xc0", first_name="Lee", last_name="Ann"),
        books.people.update(c0=Person(external_id="p", contact_external_id="c0", name="Ann Lee")),
    ),
    "no person in Xero": lambda books: books.people.update(
        c0=Person(external_id="p", contact_external_id="c0", name="Ann Lee")
    ),
    "a field that agrees": lambda books: (
        books.wanted.update(c0={"account_number": "c 17"}),
        change(books.contacts, "xc0", account_number="C-17"),
    ),
    "Ignition names the same contact": lambda books: change(books.clients, "c0", linked={"xero": "xc0"}),
    "archived and paid": lambda books: change(books.clients, "c0", status="archived"),
    "a lead without invoices": lambda books: books.clients.update(
        lead=replace(books.clients["c0"], external_id="lead", name="Lead", email="", status="lead")
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_found(case: str) -> None:
    books = agreeing(2, paid=False)
    FINE[case](books)
    assert kinds(books) == {}


def engaged(client: str, **values: object) -> Proposal:
    line = ProposalLine(external_id="l", name="Bookkeeping", is_recurring=True, period_value=Decimal(100))
    proposal = Proposal(
        external_id=f"pr{client}", name="Books", contact_external_id=client, status="accepted", lines=(line,)
    )
    return replace(proposal, **values)  # type: ignore[arg-type]


def test_a_client_without_invoices_yet_is_missed_as_soon_as_its_proposal_bills() -> None:
    books = agreeing(1, paid=False)
    books.clients["new"] = replace(books.clients["c0"], external_id="new", name="New", email="")
    assert kinds(books) == {}
    books.proposals["pr"] = engaged("new")
    assert kinds(books) == {"contact_missing": "new"}
    books.proposals["pr"] = engaged("new", ends_on=date(2026, 10, 31))
    assert kinds(books) == {}


def test_an_invoice_of_a_moment_ago_does_not_miss_its_contact() -> None:
    books = agreeing(1, paid=False)
    del books.contact_links["c0"]
    not_in_xero(books)
    change(books.invoices, "i0", source_created_at=NOW - timedelta(minutes=5))
    assert list(kinds(books)) == ["invoice_on_its_way"]


def test_an_archived_client_whose_invoices_xero_repeats_is_still_billed() -> None:
    books = agreeing(1, paid=False)
    change(books.clients, "c0", status="archived")
    books.repeating["r"] = Entry(external_id="r", contact_external_id="xc0", status="AUTHORISED")
    assert "contact_client_archived" in kinds(books)


def test_records_that_a_person_told_apart_are_not_the_same_party_again() -> None:
    books = agreeing(2, paid=False)
    twice_in_ignition(books)
    assert "contact_twice_in_ignition" in kinds(books)
    told = kinds(replace(books, apart=frozenset({("c0", "c1")})))
    assert "contact_twice_in_ignition" not in told


def test_records_that_will_be_merged_are_explained_until_they_are() -> None:
    books = agreeing(2, paid=False)
    twice_in_ignition(books)
    told = kinds(replace(books, merging={("c0", "c1"): "To be merged in Ignition."}))
    assert "contact_twice_in_ignition" not in told
    assert told["contact_to_merge"] == "c0+c1"
    other = kinds(replace(books, merging={("c0", "c9"): "To be merged in Ignition."}))
    assert "contact_twice_in_ignition" in other
