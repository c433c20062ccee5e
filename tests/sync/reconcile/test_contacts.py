"""Every kind of difference between linked clients and contacts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sync.reconcile.books import Books
from sync.reconcile.kinds import KINDS
from tests.sync.reconcile.ledgers import agreeing, change, kinds

Spoil = Callable[[Books], object]


def merged(books: Books) -> None:
    books.contacts["other"] = replace(books.contacts["xc0"], external_id="other", name="Other", email="")
    change(books.contacts, "xc0", merged_into="other")


def shared(books: Books) -> None:
    """A brother of the first client, who is billed on the same contact."""
    books.clients["brother"] = replace(books.clients["c0"], external_id="brother", email="")
    books.contact_links["brother"] = "xc0"


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
    "contact_twice_in_ignition": lambda books: (
        change(books.clients, "c0", tax_number="51 824 753 556"),
        change(books.clients, "c1", tax_number="51824753556"),
    ),
    "contact_twice_in_xero": lambda books: books.contacts.update(
        more=replace(books.contacts["xc0"], external_id="more", name="Client 0 Pty Ltd")
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_spoiled_contact_is_found_as_what_it_is(kind: str) -> None:
    books = agreeing(2, paid=False)
    CASES[kind](books)
    assert list(kinds(books)) == [kind]


def test_every_kind_of_contact_that_is_checked_has_a_case() -> None:
    assert {code for code, item in KINDS.items() if item.about == "contact" and item.is_checked} == set(CASES)


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
