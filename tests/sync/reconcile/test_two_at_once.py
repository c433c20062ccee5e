"""Two people ask, two workers take, two senders mail, all at the same moment: it happens once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from practices.models import Role
from sync.models import CompareState, Mismatch, ReconcileRun, ReportMail, Scope, Trigger
from sync.reconcile import asking, running
from sync.report import mailing, saved, schedules
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice

pytestmark = pytest.mark.usefixtures("transactional_db")

TIMES = 4
RECORD = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    made = make_books()
    read_lists(made)
    make_invoice(made, number="1", status="issued", record=RECORD)
    return made


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """All of them at the same moment, each with its own connection to the database."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_clicks_make_one_comparison(books: Books) -> None:
    actor = books.member()
    asked = at_once(
        *[lambda: asking.ask(books.practice, trigger=Trigger.PERSON, actor=actor).pk for _ in range(TIMES)]
    )
    assert len(set(asked)) == 1
    assert ReconcileRun.objects.count() == 1


def test_what_several_syncs_noted_is_in_one_row(books: Books) -> None:
    ids = [f"client_{number}" for number in range(TIMES)]
    at_once(*[lambda key=key: asking.note(books.practice.pk, [key]) for key in ids])
    made = ReconcileRun.objects.get()
    assert (made.scope, made.clients) == (Scope.CHANGED, ids)


def test_one_worker_takes_it(books: Books) -> None:
    asked = asking.ask(books.practice, trigger=Trigger.PERSON, actor=books.member())
    at_once(*[lambda: running.work(asked.pk) for _ in range(TIMES)])
    asked.refresh_from_db()
    assert asked.state == CompareState.DONE
    assert Mismatch.objects.get(kind="invoice_missing").times_seen == 1


def test_the_clock_asks_once(books: Books) -> None:
    asking.schedule_of(books.practice)
    later = timezone.now() + timedelta(days=2)
    assert sum(at_once(*[lambda: asking.ask_due(later) for _ in range(TIMES)])) == 1


def test_one_sender_mails_it(books: Books) -> None:
    maker = books.member(Role.STAFF)
    view = saved.save(books.practice, maker, name="All", query="", is_shared=True)
    values = {"view": view, "cadence": "daily", "hour": 6, "format": "csv"}
    schedules.save(books.practice, maker, people=[maker], values=values)
    later = timezone.now() + timedelta(days=2)
    assert sum(at_once(*[lambda: schedules.queue_due(later) for _ in range(TIMES)])) == 1
    assert ReportMail.objects.count() == 1
    assert sum(at_once(*[mailing.send_due for _ in range(TIMES)])) == 1
    assert len(mail.outbox) == 1
