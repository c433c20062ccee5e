"""Comparisons as a queue: asked for once, taken by one worker, taken again when it dies."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from config import owed
from practices.models import AuditEntry
from sync import tasks
from sync.models import (
    Cadence,
    CompareSchedule,
    CompareState,
    Mismatch,
    Purpose,
    ReconcileRun,
    RunState,
    Scope,
    Trigger,
)
from sync.reconcile import asking, running
from tests.make import make_practice
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice, make_run

pytestmark = pytest.mark.django_db

RECORD = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books() -> Books:
    made = make_books()
    read_lists(made)
    make_invoice(made, number="1", status="issued", record=RECORD)
    return made


@pytest.fixture
def held(books: Books) -> Iterator[None]:
    """Another session compares the practice at this moment."""
    settings = connection.get_connection_params()
    wanted = {
        name: settings[name] for name in ("host", "port", "user", "password", "dbname") if settings.get(name)
    }
    with psycopg.connect(**wanted) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('reconcile'), %s)", [books.practice.pk])
        yield


def ask(books: Books, trigger: str = Trigger.SCHEDULE, **extra: Any) -> ReconcileRun:
    return asking.ask(books.practice, trigger=trigger, **extra)


def again(run: ReconcileRun) -> ReconcileRun:
    return ReconcileRun.objects.get(pk=run.pk)


def test_a_comparison_that_was_asked_for_is_made_by_a_worker(books: Books) -> None:
    owner = books.member()
    asked = ask(books, Trigger.PERSON, actor=owner)
    assert (asked.state, asked.scope) == (CompareState.WAITING, Scope.FULL)
    assert not Mismatch.objects.exists(), "asking compares nothing"
    tasks.compare(asked.pk)
    made = again(asked)
    assert (made.state, made.found, made.open_count, made.open_money) == (
        CompareState.DONE,
        1,
        1,
        {"AUD": "110.00"},
    )
    assert made.totals
    assert made.coverage
    tasks.compare(asked.pk)
    assert again(asked).finished_at == made.finished_at, "a doubled message does nothing"
    assert (
        AuditEntry.objects.filter(practice=books.practice, action="comparison.asked", actor=owner).count()
        == 1
    )


def test_two_clicks_are_one_comparison(books: Books) -> None:
    first = ask(books, Trigger.PERSON, actor=books.member())
    assert ask(books, Trigger.PERSON, actor=books.member()).pk == first.pk
    ReconcileRun.objects.update(state=CompareState.RUNNING, claimed_at=timezone.now())
    assert ask(books, Trigger.PERSON, actor=books.member()).pk == first.pk
    ReconcileRun.objects.update(state=CompareState.DONE)
    assert ask(books, Trigger.PERSON, actor=books.member()).pk != first.pk


def test_a_failure_is_said_in_plain_words_and_the_next_one_works(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret detail")

    asked = ask(books)
    with monkeypatch.context() as patched:
        patched.setattr(running, "compare", broken)
        running.work(asked.pk)
    failed = again(asked)
    assert (failed.state, failed.message) == (CompareState.FAILED, running.BROKEN)
    assert not Mismatch.objects.exists()
    running.work(ask(books).pk)
    assert Mismatch.objects.count() == 1


def test_a_database_that_is_away_leaves_the_row_to_whoever_comes_next(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection")

    asked = ask(books)
    with monkeypatch.context() as patched:
        patched.setattr(running, "compare", away)
        with pytest.raises(OperationalError):
            running.work(asked.pk)
    assert again(asked).state == CompareState.RUNNING
    later = timezone.now() + running.SILENT + timedelta(seconds=1)
    assert running.to_wake(later) == [asked.pk]


def test_without_two_systems_it_says_so() -> None:
    asked = asking.ask(make_practice("Lonely"), trigger=Trigger.PERSON)
    running.work(asked.pk)
    assert again(asked).state == CompareState.FAILED
    assert "not connected to both" in again(asked).message


def test_what_a_dead_worker_left_is_taken_again_at_once(books: Books) -> None:
    asked = ask(books)
    long_ago = timezone.now() - timedelta(minutes=5)
    ReconcileRun.objects.update(state=CompareState.RUNNING, claimed_at=long_ago, started_at=long_ago)
    assert running.to_wake(timezone.now()) == [asked.pk]
    running.work(asked.pk)
    made = again(asked)
    assert made.state == CompareState.DONE
    assert made.started_at == long_ago


def test_a_worker_that_still_compares_is_left_alone_however_long_it_takes(books: Books, held: None) -> None:
    asked = ask(books)
    ReconcileRun.objects.update(state=CompareState.RUNNING, claimed_at=timezone.now() - timedelta(minutes=90))
    assert running.to_wake(timezone.now()) == []
    running.work(asked.pk)
    assert again(asked).state == CompareState.RUNNING


def test_beside_another_comparison_of_the_practice_it_waits_and_blocks_nobody(
    books: Books, held: None
) -> None:
    asked = ask(books)
    running.work(asked.pk)
    assert again(asked).state == CompareState.WAITING
    assert running.to_wake(timezone.now() + timedelta(minutes=1)) == [asked.pk]


def test_one_that_was_begun_for_hours_is_given_up(books: Books) -> None:
    asked = ask(books)
    ReconcileRun.objects.update(
        state=CompareState.RUNNING,
        claimed_at=timezone.now() - timedelta(minutes=5),
        started_at=timezone.now() - running.LONGEST - timedelta(minutes=1),
    )
    running.work(asked.pk)
    assert (again(asked).state, again(asked).message) == (CompareState.FAILED, running.ENDLESS)


@pytest.mark.parametrize(
    ("trigger", "purpose", "minutes", "starts"),
    [
        (Trigger.SCHEDULE, Purpose.POLL, 1, False),
        (Trigger.SCHEDULE, Purpose.POLL, 31, True),
        (Trigger.SCHEDULE, Purpose.LIVE, 1, True),
        (Trigger.PERSON, Purpose.POLL, 0, True),
    ],
)
def test_it_starts_when_the_sync_in_progress_has_ended(
    books: Books, trigger: str, purpose: str, minutes: int, *, starts: bool
) -> None:
    sync = make_run(books, purpose=purpose, state=RunState.RUNNING)
    asked = ask(books, trigger)
    ReconcileRun.objects.update(started_at=timezone.now() - timedelta(minutes=minutes))
    assert running.to_wake(timezone.now()) == ([asked.pk] if starts else [])
    sync.delete()
    ReconcileRun.objects.update(claimed_at=None)
    assert running.to_wake(timezone.now()) == [asked.pk]


def test_a_click_starts_what_waited_for_a_sync(books: Books) -> None:
    make_run(books, state=RunState.RUNNING)
    asked = ask(books)
    assert running.to_wake(timezone.now()) == []
    assert ask(books, Trigger.PERSON, actor=books.member()).pk == asked.pk
    assert running.to_wake(timezone.now()) == [asked.pk]


def test_a_waiting_one_is_announced_now_and_then(books: Books) -> None:
    asked = ask(books)
    now = timezone.now()
    assert running.to_wake(now) == [asked.pk]
    assert running.to_wake(now + timedelta(seconds=10)) == []
    assert running.to_wake(now + timedelta(seconds=31)) == [asked.pk]


# --- by the clock ------------------------------------------------------------------------------------------------


def test_every_connected_practice_is_compared_each_morning(books: Books) -> None:
    alone = make_practice("Lonely")
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # 14:00 in Sydney
    assert asking.ask_due(now) == 0
    schedule = CompareSchedule.objects.get()
    assert schedule.practice == books.practice != alone
    assert schedule.next_at == datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
    assert asking.ask_due(now + timedelta(hours=16)) == 1
    run = ReconcileRun.objects.get()
    assert (run.trigger, run.state, run.scope) == (Trigger.SCHEDULE, CompareState.WAITING, Scope.FULL)


def test_what_was_missed_is_made_up_for_once(books: Books) -> None:
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    asking.ask_due(now)
    assert asking.ask_due(now + timedelta(days=9)) == 1
    assert asking.ask_due(now + timedelta(days=9, minutes=1)) == 0
    assert ReconcileRun.objects.count() == 1
    later = CompareSchedule.objects.get().next_at
    assert later is not None
    assert later > now + timedelta(days=9)


def test_never_is_never_and_a_practice_that_left_is_not_compared(books: Books) -> None:
    schedule = asking.schedule_of(books.practice)
    schedule.cadence, schedule.next_at = Cadence.NEVER, None
    schedule.save()
    assert asking.ask_due(timezone.now() + timedelta(days=40)) == 0
    other = make_books()
    asking.schedule_of(other.practice)
    other.target.delete()
    assert asking.ask_due(timezone.now() + timedelta(days=40)) == 0
    assert not ReconcileRun.objects.exists()


def test_a_shell_works_what_was_asked_for(books: Books) -> None:
    run = ask(books, Trigger.PERSON)
    out = io.StringIO()
    call_command("drain", books.practice.slug, "--json", stdout=out)
    assert json.loads(out.getvalue())["comparisons"] == [run.pk]
    assert again(run).state == CompareState.DONE


def test_one_that_nobody_takes_is_work_that_is_overdue(books: Books) -> None:
    assert owed.oldest_due(timezone.now()) is None
    run = ask(books, Trigger.PERSON)
    assert owed.oldest_due(timezone.now()) == again(run).started_at
