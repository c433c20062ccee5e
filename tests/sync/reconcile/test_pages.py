"""The page of the last comparison, and accepting a difference."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import AuditEntry, Role
from sync.models import Cursor, Mismatch, MismatchState, ReconcileRun
from sync.reconcile import running
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice

pytestmark = pytest.mark.django_db

RECORD = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books() -> Books:
    made = make_books()
    read_lists(made)
    return made


def as_(books: Books, role: str) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def missing(books: Books, count: int = 1) -> None:
    for number in range(count):
        make_invoice(books, number=f"{number}", status="issued", record=RECORD)


def compared(books: Books) -> str:
    client = as_(books, Role.STAFF)
    client.post(books.url("reconciliation/compare/"))
    running.work(ReconcileRun.objects.filter(practice=books.practice).latest("pk").pk)
    return text(client, books.url("reconciliation/"))


def test_before_the_first_comparison_it_says_so(books: Books) -> None:
    page = text(as_(books, Role.VIEWER), books.url("reconciliation/"))
    assert "Nothing has been compared yet" in page
    assert "Compare now" not in page, "a viewer only looks"


def test_comparing_shows_totals_causes_and_the_list(books: Books) -> None:
    missing(books)
    page = compared(books)
    for words in ("Invoices in AUD", "Not in Xero", "-$110.00"):
        assert words in page.replace("\u2212", "-")
    assert "?kind=invoice_missing#list" in page
    assert "not read to their end" not in page
    run = ReconcileRun.objects.get(practice=books.practice)
    assert run.actor is not None


def test_an_unread_list_is_said_to_be_not_checked(books: Books) -> None:
    Cursor.objects.filter(connection=books.target, kind="payment").delete()
    page = compared(books)
    assert "not read to their end" in page
    assert "Not read, not checked" in page


def test_filters_and_nonsense(books: Books) -> None:
    missing(books)
    compared(books)
    client = as_(books, Role.VIEWER)
    url = books.url("reconciliation/")
    assert "Invoice: not in Xero</a>" in text(client, f"{url}?kind=invoice_missing")
    assert "No difference fits" in text(client, f"{url}?kind=invoice_total")
    assert "No difference fits" in text(client, f"{url}?state=accepted")
    assert "No difference fits" in text(client, f"{url}?q=nobody")
    assert client.get(f"{url}?kind=zzz&state=none&page=-1&sort=x").status_code == 200


def test_queries_do_not_grow_with_the_list(books: Books) -> None:
    counts = []
    client = as_(books, Role.VIEWER)
    client.get(books.url("reconciliation/"))
    for _ in range(2):
        missing(books, 12)
        compared(books)
        with CaptureQueriesContext(database) as queries:
            client.get(books.url("reconciliation/"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def accept(books: Books, row: Mismatch, role: str = Role.ADMIN, **values: Any) -> int:
    posted = {"reason": "Agreed with the client", **values}
    return int(as_(books, role).post(books.url(f"reconciliation/{row.pk}/accept/"), posted).status_code)


def the_row(books: Books) -> Mismatch:
    return Mismatch.objects.get(practice=books.practice)


def test_an_admin_accepts_and_opens_again_and_both_leave_a_trace(books: Books) -> None:
    missing(books)
    compared(books)
    accept(books, the_row(books), ceiling="1,200.50", until="2099-12-31")
    row = the_row(books)
    assert (row.state, row.ceiling, row.accepted_until) == (
        MismatchState.ACCEPTED,
        Decimal("1200.50"),
        date(2099, 12, 31),
    )
    page = text(as_(books, Role.ADMIN), books.url(f"reconciliation/{row.pk}/"))
    assert "Agreed with the client" in page
    assert "Open it again</button>" in page
    as_(books, Role.ADMIN).post(books.url(f"reconciliation/{row.pk}/reopen/"))
    assert the_row(books).state == MismatchState.OPEN
    trail = AuditEntry.objects.filter(practice=books.practice, action__startswith="mismatch.")
    assert sorted(trail.values_list("action", flat=True)) == ["mismatch.accepted", "mismatch.reopened"]


@pytest.mark.parametrize(
    "values",
    [
        {"reason": " "},
        {"ceiling": "much"},
        {"ceiling": "-1"},
        {"ceiling": "NaN"},
        {"ceiling": "1e30"},
        {"until": "tomorrow"},
    ],
)
def test_it_is_not_accepted_without_a_reason_or_with_nonsense(books: Books, values: dict[str, str]) -> None:
    missing(books)
    compared(books)
    assert accept(books, the_row(books), **values) == 302
    assert the_row(books).state == MismatchState.OPEN


def test_staff_may_not_accept_and_other_practices_rows_are_not_there(books: Books) -> None:
    missing(books)
    compared(books)
    row = the_row(books)
    assert accept(books, row, Role.STAFF) == 403
    other = make_books()
    assert as_(other, Role.OWNER).get(other.url(f"reconciliation/{row.pk}/")).status_code == 404
    assert as_(other, Role.OWNER).post(other.url(f"reconciliation/{row.pk}/accept/")).status_code == 404
    assert the_row(books).state == MismatchState.OPEN


def test_what_is_gone_can_t_be_accepted(books: Books) -> None:
    missing(books)
    compared(books)
    Mismatch.objects.update(state=MismatchState.FIXED, fixed_at=timezone.now())
    accept(books, the_row(books))
    assert the_row(books).state == MismatchState.FIXED


def test_a_difference_leads_to_its_record(books: Books) -> None:
    missing(books)
    compared(books)
    page = text(as_(books, Role.VIEWER), books.url(f"reconciliation/{the_row(books).pk}/"))
    assert "Open the record" in page
    assert "What helps" in page
    assert "Accept this difference" not in page
