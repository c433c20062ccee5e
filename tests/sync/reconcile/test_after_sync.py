"""The end of a sync asks for a comparison of what it changed, and wakes a worker for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from practices.models import Connection
from sync import live, nudge, runs
from sync.models import (
    CompareState,
    Event,
    Kind,
    Mode,
    Purpose,
    ReconcileRun,
    Run,
    Scope,
    Trigger,
)
from sync.reconcile import asking, running
from sync.reconcile.running import compare_now
from tests.sync.conftest import Office
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_change, make_invoice, make_run, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    made = make_books()
    read_lists(made)
    return made


def waiting() -> ReconcileRun | None:
    return ReconcileRun.objects.filter(state=CompareState.WAITING).first()


def test_a_reported_edit_is_compared_within_seconds_and_only_that_client(small_office: Office) -> None:
    office = small_office
    office.sync()
    office.take_over()
    office.world.clock.advance(3600)
    office.sync()
    compare_now(office.practice, trigger=Trigger.COMMAND)
    ReconcileRun.objects.exclude(state=CompareState.DONE).delete()
    client = dict(office.ignition.clients[0])
    office.world.clock.advance(60)
    office.ignition.upsert("clients", {**client, "name": "Renamed Pty Ltd"})
    Event.objects.create(
        practice=office.practice,
        connection=Connection.objects.get(practice=office.practice, provider="ignition"),
        provider_event_id="one",
        kind="contact",
        external_id=client["slug"],
        action="updated",
        occurred_at=office.world.clock.now(),
    )
    live.wake(office.practice.pk)
    run = Run.objects.get(practice=office.practice, purpose=Purpose.LIVE, state="queued")
    runs.advance(run.pk)
    asked = waiting()
    assert asked is not None
    assert (asked.scope, asked.trigger) == (Scope.CHANGED, Trigger.EVENT)
    assert client["slug"] in asked.clients
    assert len(asked.clients) < len(office.ignition.clients)
    assert asked.pk in running.to_wake(timezone.now()), "at once"
    running.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.scope) == (CompareState.DONE, Scope.CHANGED)


def test_the_first_sync_is_followed_by_a_comparison_of_everything(small_office: Office) -> None:
    small_office.switch(Mode.WATCH)
    small_office.sync()
    asked = waiting()
    assert asked is not None
    assert (asked.scope, asked.trigger, asked.clients) == (Scope.FULL, Trigger.EVENT, [])
    running.work(asked.pk)
    asked.refresh_from_db()
    assert asked.totals
    small_office.sync()
    assert waiting() is None, "a sync that changes nothing asks for nothing"


def test_what_a_run_wrote_is_compared_though_its_plan_was_made_by_another(books: Books) -> None:
    run = make_run(books, state="done")
    make_snapshot(books.source, Kind.PAYMENT, "pay_1", party_external_id="client_pay")
    bill = make_invoice(books, party_external_id="client_bill")
    make_change(books, Kind.CONTACT, source_external_id="client_own", state="done", sent_by=run)
    make_change(books, Kind.INVOICE, source_external_id=bill.external_id, state="done", sent_by=run)
    make_change(books, Kind.PAYMENT, source_external_id="pay_1/inv_9", state="done", sent_by=run)
    make_change(books, Kind.CONTACT, source_external_id="client_other", state="held")
    asking.after_run(run)
    asked = waiting()
    assert asked is not None
    assert asked.clients == ["client_bill", "client_own", "client_pay"]


def test_under_another_version_of_the_mapping_everything_is_compared(books: Books) -> None:
    done = compare_now(books.practice, trigger=Trigger.COMMAND)
    asking.after_run(make_run(books, state="done", mapping_version=done.mapping_version))
    assert waiting() is None
    long_ago = timezone.now() - timedelta(hours=1)
    ReconcileRun.objects.update(finished_at=long_ago)
    asking.after_run(make_run(books, state="done", mapping_version=7))
    asked = waiting()
    assert asked is not None
    assert asked.scope == Scope.FULL


def test_a_worker_is_woken_when_the_sync_has_ended(
    books: Books, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.NUDGE_WORKERS = True
    sent: list[tuple[str, int, str]] = []

    def send_task(name: str, *, args: list[int], queue: str, **rest: Any) -> None:
        sent.append((name, args[0], queue))

    monkeypatch.setattr("sync.nudge.current_app.send_task", send_task)
    monkeypatch.setattr("sync.nudge.transaction.on_commit", lambda act: act())
    asking.note(books.practice.pk, ["a"])
    assert sent == [], "the sync is still going on"
    asked = waiting()
    assert asked is not None
    asking.after_run(make_run(books, state="done"))
    assert sent == [(nudge.COMPARE, asked.pk, nudge.QUEUE)]
    ReconcileRun.objects.update(started_at=timezone.now() + timedelta(minutes=1))
    asking.after_run(make_run(books, state="done"))
    assert len(sent) == 1, "not before its time"
