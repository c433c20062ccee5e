"""The list of differences: filters, orders, groups, and what it says everything comes to."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection as database
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Role, User
from sync.models import Mismatch
from sync.pages.reconciliation import mismatch_listing
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books()


def listed(books: Books, query: str, user: User | None = None) -> list[Mismatch]:
    return [row.item for row in mismatch_listing(books.practice, QueryDict(query), user).rows]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def as_(books: Books, role: str) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


def test_every_filter_leaves_what_it_says(books: Books) -> None:
    me, other = books.member(), books.member()
    missing = make_mismatch(books, days=10, owner=me, at_stake=Decimal(500), client="Alder & Co")
    total = make_mismatch(books, "invoice_total", days=40, dated_on=date(2026, 9, 30), owner=other)
    email = make_mismatch(books, "contact_email", text="Xero has old@example.com")
    gone = make_mismatch(books, state="fixed", fixed_at=timezone.now())
    cases = {
        "": {missing, total, email},
        "state=fixed": {gone},
        "state=any": {missing, total, email, gone},
        "kind=invoice_total": {total},
        "about=contact": {email},
        "severity=critical": {missing, total},
        "owner=me": {missing},
        "owner=nobody": {email},
        f"owner={other.pk}": {total},
        "unattended=never": {total},
        "unattended=ask": {missing, email},
        "age=new": {email},
        "age=7": {missing, total},
        "age=30": {total},
        "since=2026-09-01": {total},
        "until=2026-09-01": {missing},
        "least=200": {missing},
        "most=200": {total, email},
        f"client={missing.client_external_id}": {missing},
        f"document={total.document}": {total},
        "q=alder": {missing},
        "q=old%40example": {email},
        f"q={total.document}&kind=invoice_total": {total},
    }
    for query, wanted in cases.items():
        assert set(listed(books, query, me)) == wanted, query


def test_orders(books: Books) -> None:
    small = make_mismatch(books, "contact_phone", days=9, client="Zed")
    large = make_mismatch(books, at_stake=Decimal(900), days=1, client="Alder")
    old = make_mismatch(books, "invoice_due_date", days=90, client="Moss", dated_on=date(2025, 1, 1))
    assert listed(books, "") == [large, old, small]
    assert listed(books, "sort=worst") == [large, old, small]
    assert listed(books, "sort=since") == [old, small, large]
    assert listed(books, "sort=client") == [large, old, small]
    assert listed(books, "sort=-dated") == [large, old, small]
    assert listed(books, "sort=nonsense") == [large, old, small]


@pytest.mark.parametrize(
    "query",
    [
        "kind=%01&owner=x&age=soon&severity=worst",
        "least=1e400&most=NaN&since=tomorrow&until=0001-01-01",
        "owner=99999999999999999999&page=99999999999&size=7",
        "client=%01&document=%27&q=%25%5C",
        "by=nothing&by=client&sort=--money",
        "least=-99999999999999999999999999999999999999999999",
    ],
)
def test_nonsense_in_the_address_is_no_error(books: Books, query: str) -> None:
    make_mismatch(books)
    for by in ("", "&by=cause", "&by=client", "&by=document"):
        assert as_(books, Role.STAFF).get(books.url(f"reconciliation/?{query}{by}")).status_code == 200


def test_groups_count_and_add_up_per_currency(books: Books) -> None:
    for _ in range(3):
        make_mismatch(books, client="Alder", client_external_id="a", document="INV-9")
    make_mismatch(books, "invoice_total", client="Alder", client_external_id="a", currency="NZD")
    make_mismatch(books, "contact_email", client="Moss", client_external_id="m")
    page = mismatch_listing(books.practice, QueryDict("by=client"))
    found = [(item.label, item.currency, item.count, item.at_stake, item.tax) for item in page.groups]
    assert found == [
        ("Alder", "AUD", 3, Decimal(110), Decimal(10)),
        ("Alder", "NZD", 1, Decimal(110), Decimal(10)),
        ("Moss", "", 1, Decimal(0), Decimal(0)),
    ]
    assert sum(item.count for item in page.groups) == page.count == 5
    added = {
        item.label: item.at_stake for item in mismatch_listing(books.practice, QueryDict("by=cause")).groups
    }
    assert added["Invoice: not in Xero"] == 330, "a cause adds up every difference"
    causes = mismatch_listing(books.practice, QueryDict("by=cause&owner=nobody")).groups
    assert [item.query for item in causes if item.label == "Invoice: total differs"] == [
        "owner=nobody&kind=invoice_total"
    ]
    documents = mismatch_listing(books.practice, QueryDict("by=document")).groups
    assert next(item.count for item in documents if item.label == "INV-9") == 3
    for group in (*page.groups, *causes, *documents):
        inside = mismatch_listing(books.practice, QueryDict(group.query))
        assert inside.count >= group.count


def test_groups_go_on_over_pages(books: Books) -> None:
    for number in range(60):
        make_mismatch(books, at_stake=Decimal(number))
    first = mismatch_listing(books.practice, QueryDict("by=client"))
    second = mismatch_listing(books.practice, QueryDict("by=client&page=2"))
    assert (len(first.groups), first.sheet.next, len(second.groups), second.sheet.next) == (50, 2, 10, None)
    assert not {item.label for item in first.groups} & {item.label for item in second.groups}


def test_the_sums_are_over_all_pages_and_per_currency(books: Books) -> None:
    for _ in range(55):
        make_mismatch(books)
    make_mismatch(books, currency="NZD", at_stake=Decimal("0.05"), tax_at_stake=Decimal(0))
    page = mismatch_listing(books.practice, QueryDict())
    assert [(item.currency, item.count, item.at_stake, item.tax) for item in page.totals.items] == [
        ("AUD", 55, Decimal(6050), Decimal(550)),
        ("NZD", 1, Decimal("0.05"), Decimal(0)),
    ]
    shown = text(as_(books, Role.VIEWER), books.url("reconciliation/"))
    assert "$6,050.00" in shown
    assert "NZD 0.05" in shown


@pytest.mark.parametrize("query", ["", "?by=cause", "?by=client", "?by=document"])
def test_queries_do_not_grow_with_the_list(books: Books, query: str) -> None:
    client, counts = as_(books, Role.ADMIN), []
    owner = books.member()
    client.get(books.url(f"reconciliation/{query}"))
    for _ in range(2):
        for _ in range(12):
            make_mismatch(books, owner=owner)
        with CaptureQueriesContext(database) as queries:
            client.get(books.url(f"reconciliation/{query}"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_filter_from_a_group_is_shown_and_can_be_taken_off(books: Books) -> None:
    row = make_mismatch(books, client="Alder & Co", client_external_id="a")
    make_mismatch(books)
    shown = text(as_(books, Role.VIEWER), books.url("reconciliation/?client=a&kind=invoice_missing"))
    assert "Client: Alder &amp; Co" in shown
    assert 'href="?kind=invoice_missing#list"' in shown
    assert row.text in shown


def test_a_viewer_sees_no_buttons(books: Books) -> None:
    row = make_mismatch(books)
    viewer = as_(books, Role.VIEWER)
    shown = text(viewer, books.url("reconciliation/"))
    shown += text(viewer, books.url(f"reconciliation/{row.pk}/"))
    for words in ("data-tick", "Compare now", "Excel", "Assign", "Keep this note", "Accept this difference"):
        assert words not in shown, words
