"""What is at stake: money that several differences hang on counts once, and the sum of each stays to be had."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.models import Mismatch, MismatchState
from sync.reconcile.at_stake import AtStake, at_stake
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books()


def stake_of(books: Books, **narrowed: Any) -> dict[str, AtStake]:
    return {
        item.currency: item for item in at_stake(Mismatch.objects.filter(practice=books.practice, **narrowed))
    }


def differ(books: Books, kind: str, money: int, **extra: Any) -> Mismatch:
    values = {"client": "Alder", "client_external_id": "a", "currency": "AUD", "at_stake": Decimal(money)}
    return make_mismatch(books, kind, **{**values, "tax_at_stake": Decimal(money) / 10, **extra})


def test_a_missing_invoice_and_its_missing_payment_are_the_same_money(books: Books) -> None:
    differ(books, "invoice_missing", 110, document="IGN-1", source_external_ids=["i1"])
    differ(books, "payment_missing", 110, document="IGN-1", source_external_ids=["p1/i1"])
    differ(books, "invoice_total", 5, document="IGN-2", source_external_ids=["i2"])
    found = stake_of(books)["AUD"]
    assert (found.count, found.at_stake, found.tax) == (3, Decimal(115), Decimal("11.5"))
    assert (found.every, found.every_tax, found.overlaps) == (Decimal(225), Decimal("22.5"), True)


def test_the_largest_difference_of_a_document_counts(books: Books) -> None:
    for money in (30, 70, 50):
        differ(books, "invoice_total", money, document="IGN-1")
    assert stake_of(books)["AUD"].at_stake == 70


def test_documents_of_one_number_in_two_currencies_are_two(books: Books) -> None:
    differ(books, "invoice_total", 30, document="IGN-1")
    differ(books, "invoice_total", 40, document="IGN-1", currency="NZD")
    assert {code: item.at_stake for code, item in stake_of(books).items()} == {"AUD": 30, "NZD": 40}


def test_what_names_only_the_record_joins_its_document(books: Books) -> None:
    differ(books, "invoice_missing", 110, document="IGN-1", source_external_ids=["i1"])
    differ(
        books, "sync_unclear", 110, document="", client="", client_external_id="", source_external_ids=["i1"]
    )
    differ(books, "sync_unclear", 20, document="", source_external_ids=["i2"])
    differ(books, "sync_approval_old", 20, document="", source_external_ids=["i2"])
    assert stake_of(books)["AUD"].at_stake == 130


def test_what_is_said_of_a_client_counts_as_far_as_it_is_more_than_its_documents(books: Books) -> None:
    differ(books, "contact_missing", 300, document="")
    differ(books, "contact_not_linked", 200, document="")
    assert stake_of(books)["AUD"].at_stake == 300
    differ(books, "invoice_missing", 110, document="IGN-1")
    assert stake_of(books)["AUD"].at_stake == 300, "the invoice is among those that wait for the contact"
    differ(books, "invoice_missing", 250, document="IGN-2")
    assert stake_of(books)["AUD"].at_stake == 360
    differ(books, "contact_missing", 40, document="", client="Moss", client_external_id="m")
    assert stake_of(books)["AUD"].at_stake == 400, "another client has nothing to do with it"


def test_overpayments_with_the_same_reference_are_not_one(books: Books) -> None:
    for number, money in enumerate((50, 70)):
        differ(
            books,
            "payment_unallocated",
            money,
            document="PROP-7",
            source_external_ids=[],
            target_external_ids=[f"o{number}"],
        )
    assert stake_of(books)["AUD"].at_stake == 120


def test_without_money_they_are_counted(books: Books) -> None:
    make_mismatch(books, "contact_email")
    assert [(code, item.count, item.at_stake, item.overlaps) for code, item in stake_of(books).items()] == [
        ("", 1, Decimal(0), False)
    ]
    assert stake_of(books, state=MismatchState.ACCEPTED) == {}
    assert at_stake(Mismatch.objects.none()) == []


DRAWN = st.lists(
    st.tuples(st.sampled_from(["D1", "D2", "D3", ""]), st.sampled_from(["a", "b"]), st.integers(0, 500)),
    max_size=12,
)


@settings(max_examples=25)
@given(drawn=DRAWN)
def test_it_is_never_more_than_the_sum_nor_less_than_the_largest(drawn: list[tuple[str, str, int]]) -> None:
    books = make_books()
    for document, client, money in drawn:
        kind = "invoice_total" if document else "contact_missing"
        differ(books, kind, money, document=document, client=client, client_external_id=client)
    found = stake_of(books).get("AUD")
    every = [money for _, _, money in drawn]
    assert (found is None) == (not drawn)
    if found is not None:
        assert found.every == sum(every)
        assert max(every) <= found.at_stake <= sum(every)
        assert found.count == len(drawn)
