"""Contacts written in unusual ways, and links that Ignition itself stores."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.records import Person
from sync.reconcile.books import Books
from tests.sync.reconcile.ledgers import agreeing, change, found, kinds

Spoil = Callable[[Books], object]


def person(books: Books, here: str, first: str, last: str = "") -> None:
    books.people["c0"] = Person(external_id="p", contact_external_id="c0", name=here, is_primary=True)
    change(books.contacts, "xc0", first_name=first, last_name=last)


def named(books: Books, here: str, there: str) -> None:
    change(books.clients, "c0", name=here)
    change(books.contacts, "xc0", name=there)


def merged(books: Books, status: str = "ACTIVE") -> None:
    """Ignition still names the contact that was merged into the one the client is linked to."""
    old = replace(books.contacts["xc0"], external_id="old", name="Old", merged_into="xc0", status="ARCHIVED")
    books.contacts["old"] = old
    change(books.contacts, "xc0", status=status, name="Survivor")
    change(books.clients, "c0", linked={"xero": "old"})


def archived(books: Books) -> Books:
    """Ignition names an archived contact, so that the client could not be linked."""
    del books.contact_links["c0"]
    change(books.contacts, "xc0", status="ARCHIVED")
    change(books.clients, "c0", linked={"xero": "xc0"})
    return books


FINE: dict[str, Spoil] = {
    "a middle name": lambda books: person(books, "Ana Maria Kowalski", "Ana", "Kowalski"),
    "a title": lambda books: person(books, "Dr. Ben Harlow", "Ben", "Harlow"),
    "a first name alone": lambda books: person(books, "Ben Harlow", "Ben"),
    "the number among the direct ones": lambda books: (
        change(books.clients, "c0", phone="02 9555 7171"),
        change(books.contacts, "xc0", phone="02 9000 1255", direct_phone="(02) 9555-7171"),
    ),
    "an extension": lambda books: (
        change(books.clients, "c0", phone="02 9555 7171 ext 3"),
        change(books.contacts, "xc0", phone="+61 2 9555 7171"),
    ),
    "archived on both sides": lambda books: (
        change(books.clients, "c0", status="archived"),
        change(books.contacts, "xc0", status="ARCHIVED"),
    ),
    "archived on both sides and never linked": lambda books: (
        archived(books),
        change(books.clients, "c0", status="archived"),
    ),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_written_in_another_way_is_no_difference(name: str) -> None:
    books = agreeing(paid=False)
    FINE[name](books)
    assert kinds(books) == {}


WRONG: dict[str, tuple[str, Spoil]] = {
    "another person with the same first name": (
        "contact_person",
        lambda books: person(books, "Ben Harlow", "Ben", "Ashgrove"),
    ),
    "a code in brackets": (
        "contact_name_form",
        lambda books: named(books, "Blue Bell Pty Ltd", "Blue Bell Pty Ltd (BLU-014)"),
    ),
    "a code behind a dash": (
        "contact_name_form",
        lambda books: named(books, "Blue Bell Pty Ltd", "Blue Bell Pty Ltd - 1478"),
    ),
    "another name with a code": (
        "contact_name",
        lambda books: named(books, "Blue Bell Pty Ltd", "Red Bell Pty Ltd (BLU-014)"),
    ),
    "another party with a code": (
        "contact_name",
        lambda books: named(books, "Blue Bell Pty Ltd", "Blue Bell Trust (BLU-014)"),
    ),
    "Ignition names one that was merged": ("contact_merged", merged),
    "Ignition names one that was merged, and what is left is archived": (
        "contact_archived",
        lambda books: merged(books, "ARCHIVED"),
    ),
    "Ignition names an archived one": ("contact_archived", archived),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_is_found_once_and_as_what_it_is(name: str) -> None:
    books = agreeing(paid=False)
    kind, spoil = WRONG[name]
    spoil(books)
    assert kinds(books) == {kind: "c0"}


def test_what_was_merged_is_told_by_both_names() -> None:
    books = agreeing(paid=False)
    merged(books)
    (item,) = found(books)
    assert item.text == "Ignition points to “Old”, which was merged into “Survivor”."
    assert item.at_stake == Decimal(0)
