"""The pages of a period: what they show, whom they let do what, and what nonsense does to them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import AuditEntry, Role
from sync.close import working
from sync.models import MonthFigures, SignOff, Workings
from tests.sync.close.rows import (
    OCTOBER,
    as_,
    choose_clearing,
    make_comparison,
    make_difference,
    make_read_books,
    pair_up,
    pay,
    worked_out,
)
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db
PAGES = ("tax", "clearing", "close", "asof")


@pytest.fixture
def books() -> Books:
    made = make_read_books()
    choose_clearing(made)
    return made


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return str(answer.content.decode())


def fill(books: Books, start: int, count: int) -> None:
    for number in range(start, start + count):
        pair_up(books, number, day=date(2026, 10, 1 + number % 28), amount="121.00", status="DRAFT")
        pay(books, number, collected=date(2026, 10, 29), arrived=None)
        make_difference(books, f"D{number}", owner=books.member())


def test_before_anything_is_worked_out_every_page_says_so(books: Books) -> None:
    client = as_(books, Role.VIEWER)
    for name in ("tax", "clearing", "close"):
        page = text(client, books.url(f"reconciliation/{name}/"))
        assert "have not been worked out yet" in page
        assert "Work out again" not in page, "a viewer only looks"
    assert "Work out again" in text(as_(books), books.url("reconciliation/tax/"))


def test_asking_is_written_down_and_the_page_waits(books: Books) -> None:
    client = as_(books)
    answer = client.post(
        books.url("reconciliation/close/work-out/"),
        {"page": "tax", "every": "bas-month", "from": "2026-10-01"},
    )
    assert answer["Location"] == books.url("reconciliation/tax/?every=bas-month&from=2026-10-01")
    page = text(client, answer["Location"])
    assert "being worked out now" in page
    assert 'hx-trigger="every 3s"' in page
    waiting = client.get(answer["Location"], headers={"HX-Request": "true"})
    assert "HX-Refresh" not in waiting.headers
    assert working.work(books.practice.pk)
    assert client.get(answer["Location"], headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert AuditEntry.objects.filter(practice=books.practice, action="period.worked_out").count() == 1
    client.post(books.url("reconciliation/close/work-out/"))
    client.post(books.url("reconciliation/close/work-out/"))
    assert AuditEntry.objects.filter(practice=books.practice, action="period.worked_out").count() == 2


def test_the_tax_page_names_the_rule_the_causes_and_the_drafts(books: Books) -> None:
    fill(books, 1, 2)
    pair_up(books, 9, day=date(2026, 9, 30), there=date(2026, 10, 1))
    worked_out(books)
    page = text(as_(books), books.url("reconciliation/tax/?every=bas-month&from=2026-10-01"))
    for words in (
        "GST in October 2026",
        "Not BAS-ready",
        "Due 21 Nov 2026",
        "Australian Taxation Office",
        "2 open differences with tax at stake",
        "2 drafts in Xero",
        "On both sides of the border",
        "IGN-0009",
        "$20.00",
    ):
        assert words in page, words


def test_the_clearing_page_shows_the_equation_and_what_it_can_not_see(books: Books) -> None:
    fill(books, 1, 2)
    worked_out(books)
    page = text(as_(books), books.url(f"reconciliation/clearing/?{OCTOBER}"))
    for words in (
        "At the start",
        "At the end",
        "$220.00",
        "Payout still to come",
        "Kōwhai &amp; Sons",
        "Not checked",
    ):
        assert words in page, words
    later = text(as_(books), books.url("reconciliation/clearing/?every=month&from=2026-11-01"))
    assert later.count("$220.00") >= 3, "opened with it, closed with it, and the items come to it"


def test_only_an_admin_signs_and_takes_back(books: Books) -> None:
    worked_out(books)
    url, form = books.url("reconciliation/close/sign/"), {"every": "month", "from": "2026-10-01"}
    assert as_(books, Role.STAFF).post(url, form).status_code == 403
    admin = as_(books, Role.ADMIN)
    page = text(admin, books.url(f"reconciliation/close/?{OCTOBER}"))
    seen = page.split('name="seen" value="')[1].split('"')[0]
    assert "Sign October 2026 off" in page
    assert "Sign October 2026 off" not in text(as_(books), books.url(f"reconciliation/close/?{OCTOBER}"))
    admin.post(url, {**form, "seen": "wrong"})
    assert not SignOff.objects.exists()
    admin.post(url, {**form, "seen": seen})
    made = SignOff.objects.get()
    assert "Signed off by" in text(admin, books.url(f"reconciliation/close/?{OCTOBER}"))
    make_difference(books, "Late")
    assert "Figures have moved" in text(admin, books.url(f"reconciliation/close/?{OCTOBER}"))
    back = books.url(f"reconciliation/close/{made.pk}/withdraw/")
    assert as_(books, Role.STAFF).post(back, {"reason": "x"}).status_code == 403
    admin.post(back, {"reason": " "})
    assert SignOff.objects.filter(withdrawn_at=None).exists()
    admin.post(back, {"reason": "Came late"})
    assert not SignOff.objects.filter(withdrawn_at=None).exists()
    other = make_books()
    assert (
        as_(other, Role.OWNER).post(other.url(f"reconciliation/close/{made.pk}/withdraw/")).status_code == 404
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        "every=zzz&from=yesterday",
        "every=month&from=2026-02-31",
        "from=0001-01-01",
        "from=9999-12-31",
        "every=bas-quarter&from=1850-01-01&day=99999999999",
        "day=0001-01-01&page=-1&size=7&sort=nonsense",
        "day=9999-12-31&page=999999999999",
    ],
)
def test_nonsense_in_the_address_falls_back(books: Books, name: str, query: str) -> None:
    assert text(as_(books, Role.VIEWER), books.url(f"reconciliation/{name}/?{query}"))


@pytest.mark.parametrize("name", PAGES)
def test_queries_do_not_grow(books: Books, name: str) -> None:
    client, counts = as_(books, Role.ADMIN), []
    client.get(books.url(f"reconciliation/{name}/"))
    for start in (1, 20):
        fill(books, start, 12)
        worked_out(books)
        with CaptureQueriesContext(database) as queries:
            client.get(books.url(f"reconciliation/{name}/?{OCTOBER}&day=2026-10-31"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] < 45


def test_another_practice_sees_its_own_figures_only(books: Books) -> None:
    fill(books, 1, 2)
    worked_out(books)
    other = make_read_books()
    worked_out(other)
    assert "IGN-0001" not in text(as_(other), other.url(f"reconciliation/tax/?{OCTOBER}"))
    assert Workings.objects.count() == 2
    assert MonthFigures.objects.values("practice").distinct().count() == 2


# what was open on a day


def opened(books: Books, day: str) -> Any:
    return as_(books).get(books.url(f"reconciliation/asof/?day={day}")).context["page"]


def test_what_was_open_on_a_day_is_listed_with_its_money(books: Books) -> None:
    first = datetime(2026, 10, 5, 2, tzinfo=UTC)
    make_difference(books, "Open", first_seen_at=first)
    make_difference(
        books, "Gone", first_seen_at=first, state="fixed", fixed_at=datetime(2026, 10, 9, 2, tzinfo=UTC)
    )
    make_difference(
        books,
        "Agreed",
        first_seen_at=first,
        state="accepted",
        accepted_at=datetime(2026, 10, 7, tzinfo=UTC),
        reason="Yes",
    )
    make_difference(books, "Later", first_seen_at=datetime(2026, 10, 20, tzinfo=UTC))

    def names(day: str) -> set[str]:
        return {row.item.client for row in opened(books, day).rows}

    assert names("2026-10-04") == set()
    assert names("2026-10-05") == {"Open Ltd", "Gone Ltd", "Agreed Ltd"}
    assert names("2026-10-08") == {"Open Ltd", "Gone Ltd"}
    assert names("2026-10-09") == {"Open Ltd"}
    assert names("2026-10-20") == {"Open Ltd", "Later Ltd"}
    page = opened(books, "2026-10-08")
    assert (page.count, page.accepted) == (2, 1)
    assert [(item.currency, item.count, item.at_stake, item.tax) for item in page.totals.items] == [
        ("AUD", 2, Decimal(220), Decimal(20))
    ]


def test_a_difference_is_open_on_the_practices_day(books: Books) -> None:
    make_difference(books, "Night", first_seen_at=datetime(2026, 10, 5, 13, 30, tzinfo=UTC))
    assert opened(books, "2026-10-05").count == 0, "half past midnight on the sixth in Sydney"
    assert opened(books, "2026-10-06").count == 1


def test_a_month_that_runs_can_be_looked_at_and_not_signed(books: Books) -> None:
    make_comparison(books)
    assert working.work(books.practice.pk)
    this_month = f"every=month&from={datetime.now(tz=UTC):%Y-%m}-01"
    page = text(as_(books, Role.ADMIN), books.url(f"reconciliation/close/?{this_month}"))
    assert "The period is not over yet." in page
