"""How comparisons went over time, when they are made, and what the page shows while one is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import AuditEntry, Role, User
from sync.models import CompareSchedule, CompareState, ReconcileRun, Scope, Trigger
from sync.pages.history import HEIGHT, WIDTH, history, round_up
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon in Sydney


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def compared(books: Books, at: datetime, count: int, money: dict[str, str], **extra: Any) -> ReconcileRun:
    values = {"trigger": Trigger.SCHEDULE, "started_at": at - timedelta(seconds=3), "found": count, **extra}
    return ReconcileRun.objects.create(
        practice=books.practice, finished_at=at, open_count=count, open_money=money, **values
    )


def test_the_chart_has_one_point_for_each_day_that_day_s_last(books: Books) -> None:
    compared(books, NOW - timedelta(days=100), 99, {"AUD": "9.00"})
    compared(books, NOW - timedelta(days=89), 4, {"AUD": "40.00"})
    compared(books, NOW - timedelta(days=1, hours=2), 7, {"AUD": "70.00"})
    compared(books, NOW - timedelta(days=1, hours=1), 3, {"AUD": "30.00", "NZD": "5.00"})
    compared(books, NOW - timedelta(hours=1), 50, {}, scope=Scope.CHANGED)
    compared(books, NOW - timedelta(hours=1), 60, {}, state=CompareState.FAILED)
    compared(make_books(), NOW, 70, {"AUD": "1.00"})
    with timezone.override("Australia/Sydney"):
        found = history(books.practice, NOW)
    count, aud, nzd = found.charts
    assert [(point.day.isoformat(), point.value) for point in count.points] == [
        ("2026-08-27", Decimal(4)),
        ("2026-11-23", Decimal(3)),
    ]
    assert (count.top, count.points[0].x, count.points[0].y) == (Decimal(5), 0, round(HEIGHT / 5, 1))
    assert count.points[-1].x == round(WIDTH * 88 / 89, 1)
    assert (aud.now, nzd.now, nzd.points[0].value) == (Decimal(30), Decimal(5), Decimal(0))
    assert [line.count for line in found.days] == [3, 4], "the newest first"


def test_a_day_is_the_practice_s(books: Books) -> None:
    compared(books, datetime(2026, 11, 22, 13, 30, tzinfo=UTC), 1, {})  # half past midnight on the 23rd
    with timezone.override("Australia/Sydney"):
        (line,) = history(books.practice, NOW).days
    assert line.day.isoformat() == "2026-11-23"


@pytest.mark.parametrize(
    ("value", "top"),
    [
        ("0", 1),
        ("1", 1),
        ("1.01", 2),
        ("3", 5),
        ("6", 10),
        ("10", 10),
        ("11", 20),
        ("4999", 5000),
        ("0.3", "0.5"),
    ],
)
def test_the_scale_ends_at_a_round_number(value: str, top: Any) -> None:
    assert round_up(Decimal(value)) == Decimal(top)


def test_the_page_lists_comparisons_and_each_has_its_own_as_it_was_then(books: Books) -> None:
    client, now = as_(books.member(Role.VIEWER)), timezone.now()
    url = books.url("reconciliation/history/")
    assert b"Nothing has been compared yet" in client.get(url).content
    total = {"measure": "invoices", "currency": "AUD", "left": "220.00", "right": "110.00"}
    run = compared(
        books,
        now,
        2,
        {"AUD": "110.00"},
        mapping_version=3,
        totals=[{**total, "left_count": 2, "right_count": 1, "causes": []}],
        counts={"invoice_missing": {"count": 1, "amounts": {"AUD": {"at_stake": "110.00"}}}},
    )
    compared(books, now, 0, {}, scope=Scope.CHANGED, trigger=Trigger.EVENT, clients=["a", "b"])
    failed = compared(books, now, 0, {}, state=CompareState.FAILED, message="It broke")
    page = client.get(url).content.decode()
    for words in ("Open differences", "<svg", "A sync", "What a sync changed", "It broke", "3 s"):
        assert words in page
    page = client.get(f"{url}?scope=full&state=done").content.decode()
    assert "It broke" not in page
    assert client.get(f"{url}?scope=x&state=zz&page=-4&sort=zz").status_code == 200
    one = client.get(f"{url}{run.pk}/").content.decode()
    for words in ("Version 3", "$220.00", "Invoice: not in Xero", "Open afterwards"):
        assert words in one
    assert "It failed: It broke" in client.get(f"{url}{failed.pk}/").content.decode()
    other = make_books()
    assert (
        as_(other.member(Role.OWNER)).get(other.url(f"reconciliation/history/{run.pk}/")).status_code == 404
    )


def test_queries_do_not_grow_with_the_history(books: Books) -> None:
    client = as_(books.member(Role.VIEWER))
    url = books.url("reconciliation/history/")
    client.get(url)
    counts = []
    for start in (0, 30):
        for number in range(start, start + 5 + start):
            at = timezone.now() - timedelta(days=number, hours=1)
            compared(books, at, number, {"AUD": "1.00"}, actor=books.member())
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- when it is made ---------------------------------------------------------------------------------------------


def test_an_admin_chooses_when_everything_is_compared(books: Books) -> None:
    client = as_(books.member(Role.ADMIN))
    url = books.url("reconciliation/schedule/")
    assert "6:00 am" in client.get(url).content.decode()
    posted = {"cadence": "monthly", "weekday": "0", "monthday": "31", "hour": "22"}
    with time_machine.travel(NOW, tick=False):
        assert client.post(url, posted).status_code == 302
    made = CompareSchedule.objects.get()
    assert (made.cadence, made.hour, made.after_sync) == ("monthly", 22, False)
    assert made.next_at == datetime(2026, 11, 30, 11, 0, tzinfo=UTC)
    assert AuditEntry.objects.get(action="comparison.scheduled").summary == (
        "Compares everything every month on day 31 at 10:00 pm"
    )
    client.post(url, {**posted, "cadence": "never", "after_sync": "on"})
    assert CompareSchedule.objects.values_list("next_at", "after_sync").get() == (None, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hour": "24"},
        {"hour": "-1"},
        {"monthday": "0"},
        {"weekday": "7"},
        {"cadence": "hourly"},
        {"hour": "\x00"},
    ],
)
def test_nonsense_is_refused(books: Books, wrong: dict[str, str]) -> None:
    posted = {"cadence": "daily", "weekday": "0", "monthday": "1", "hour": "6", **wrong}
    answer = as_(books.member(Role.ADMIN)).post(books.url("reconciliation/schedule/"), posted)
    assert answer.status_code == 422
    assert not AuditEntry.objects.filter(action="comparison.scheduled").exists()


# --- while it is made --------------------------------------------------------------------------------------------


def test_the_button_asks_and_the_page_shows_how_it_goes(books: Books) -> None:
    client = as_(books.member(Role.STAFF))
    for _ in range(2):
        client.post(books.url("reconciliation/compare/"))
    (run,) = ReconcileRun.objects.all()
    assert run.state == CompareState.WAITING
    url = books.url("reconciliation/progress/")
    waiting = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Comparing …" in waiting
    assert f'hx-get="{url}"' in waiting
    ReconcileRun.objects.update(state=CompareState.DONE)
    ended = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Show what it found" in ended
    assert "hx-get" not in ended
    ReconcileRun.objects.update(state=CompareState.FAILED, message="It broke.")
    failed = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "It broke." in failed
    assert "hx-get" not in failed


def test_without_two_systems_the_button_says_what_to_do(books: Books) -> None:
    books.target.delete()
    client = as_(books.member(Role.STAFF))
    answer = client.post(books.url("reconciliation/compare/"), follow=True)
    assert b"Connect both systems first" in answer.content
    assert not ReconcileRun.objects.exists()
