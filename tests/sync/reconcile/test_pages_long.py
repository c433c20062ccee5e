"""The list of differences where there are more than are counted: pages by an index, groups of some, sums afterwards."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import Role
from sync.pages import asof, mismatch_list, reconciliation
from sync.pages.long_lists import EVERYTHING
from sync.pages.reconciliation import mismatch_listing
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db
FEW = 5


@pytest.fixture
def books() -> Books:
    return make_books()


@pytest.fixture(autouse=True)
def few_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mismatch_list, reconciliation, asof):
        monkeypatch.setattr(module, "ADDED_AT_ONCE", FEW)


def listed(books: Books, query: str = "") -> Any:
    return mismatch_listing(books.practice, QueryDict(query))


def staff(books: Books) -> Client:
    client = Client()
    client.force_login(books.member(Role.STAFF))
    return client


def make(books: Books, number: int) -> None:
    for one in range(1, number + 1):
        make_mismatch(
            books, at_stake=Decimal(one), client="Alder", client_external_id="a", document=f"D{one % 4}"
        )


def test_as_many_as_are_counted_are_added_up(books: Books) -> None:
    make(books, FEW)
    page = listed(books)
    assert (page.totals.counted, page.count, page.sheet.next) == (True, FEW, None)
    assert page.totals.items[0].every == 15


def test_more_are_shown_in_order_and_not_added_up(books: Books) -> None:
    make(books, 60)
    page = listed(books)
    assert (page.totals.counted, list(page.totals.items), page.count) == (False, [], FEW)
    assert [row.item.at_stake for row in page.rows] == list(range(60, 10, -1))
    assert [row.item.at_stake for row in listed(books, "page=2").rows] == list(range(10, 0, -1))
    assert listed(books, "page=3").rows == []
    text = staff(books).get(books.url("reconciliation/")).content.decode()
    assert f"More than <strong>{FEW}</strong> differences" in text
    assert "of more than 5" in re.sub(r"\s+", " ", text)
    assert "All that fit" in text


def test_an_order_without_an_index_is_refused_only_for_long_lists(books: Books) -> None:
    make(books, 3)
    assert listed(books, "sort=tax").sheet.sort == "tax"
    make(books, 60)
    assert (listed(books, "sort=tax").sheet.sort, listed(books, "sort=tax").sheet.refused) == (
        "-money",
        "tax",
    )
    assert listed(books, "sort=client").sheet.sort == "client"
    assert listed(books, "sort=client&state=any").sheet.sort == "-money"
    assert listed(books, "sort=tax&least=60").sheet.sort == "tax", "what a filter leaves is short"


def test_the_page_asks_for_the_sums_afterwards(books: Books) -> None:
    make(books, 60)
    client = staff(books)
    part = client.get(books.url(f"reconciliation/?totals={EVERYTHING}"), headers={"HX-Request": "true"})
    shown = part.content.decode()
    assert "<html" not in shown
    assert "<strong>60</strong> differences" in shown
    assert "$234.00</strong> at stake" in shown, "the largest of each of four documents: 57, 58, 59, 60"
    assert "$1,830.00" in shown, "one by one"
    whole = client.get(books.url(f"reconciliation/?totals={EVERYTHING}")).content.decode()
    assert "<strong>60</strong> differences" in whole
    day = client.get(books.url(f"reconciliation/asof/?totals={EVERYTHING}"), headers={"HX-Request": "true"})
    assert "$234.00</strong> at stake" in day.content.decode()


def test_groups_are_made_of_those_with_the_most_money_unless_all_are_asked_for(books: Books) -> None:
    make(books, 10)
    page = listed(books, "by=cause")
    assert (page.grouped, [(item.count, item.at_stake) for item in page.groups]) == (FEW, [(5, 40)])
    text = staff(books).get(books.url("reconciliation/?by=cause")).content.decode()
    assert f"Made of the {FEW} differences with the most money." in text
    page = listed(books, f"by=cause&totals={EVERYTHING}")
    assert (page.grouped, [(item.count, item.at_stake) for item in page.groups]) == (0, [(10, 55)])
    assert page.totals.counted
    assert [item.at_stake for item in listed(books, f"by=client&totals={EVERYTHING}").groups] == [34]
    assert [item.label for item in listed(books, f"by=document&totals={EVERYTHING}").groups] == [
        "D2",
        "D1",
        "D0",
        "D3",
    ]


def test_links_of_the_page_do_not_ask_for_everything_again(books: Books) -> None:
    make(books, 10)
    page = listed(books, f"by=cause&totals={EVERYTHING}&owner=nobody")
    assert all("totals" not in query for query, _, _ in page.tabs)
    assert page.groups[0].query == "owner=nobody&kind=invoice_missing"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?by=cause",
        "?by=client",
        "?by=document",
        "?state=any",
        "?sort=client",
        "asof/",
        "asof/?sort=-money",
    ],
)
def test_queries_do_not_grow_with_the_list(books: Books, query: str) -> None:
    client, counts = staff(books), []
    client.get(books.url(f"reconciliation/{query}"))
    for _ in range(3):
        make(books, 4)
        with CaptureQueriesContext(database) as queries:
            assert client.get(books.url(f"reconciliation/{query}")).status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1, "4, 8 and 12 of which 5 are counted"
