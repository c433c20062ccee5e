"""Incidents follow what is true: opened once, changed when something moved, settled by whoever settled it."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from django.test.utils import CaptureQueriesContext

from practices.models import AuditEntry, Practice, Provider, Role
from sync import decisions, incidents
from sync.incidents.records import changes_of
from sync.models import (
    Change,
    Incident,
    IncidentState,
    Mode,
    Resolution,
    Run,
)
from tests.make import make_connection
from tests.sync import rows
from tests.sync.opened import NOW, everything, held, make_synced_books, only, refresh, refused, seen
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_synced_books()


def test_the_second_time_nothing_is_written(books: Books) -> None:
    everything(books)
    refresh(books)
    before = list(Incident.objects.order_by("pk").values())
    with CaptureQueriesContext(database) as caught:
        refresh(books, minutes=1)
    writes = [query["sql"] for query in caught if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not [sql for sql in writes if "sync_incident" in sql and "alerted_at" not in sql]
    after = list(Incident.objects.order_by("pk").values())
    assert [{**row, "alerted_at": None} for row in after] == [{**row, "alerted_at": None} for row in before]


def test_queries_do_not_grow_with_records(books: Books) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as caught:
            refresh(books)
        return len(caught)

    everything(books)
    queries()
    few = queries()
    for _ in range(3):
        everything(books)
    queries()
    assert queries() == few <= 25


def test_it_settles_itself_and_comes_back_as_the_same_one(books: Books) -> None:
    change = refused(books)
    refresh(books)
    first = only(books)
    Change.objects.filter(pk=change.pk).update(state="done")
    refresh(books, minutes=5)
    first.refresh_from_db()
    assert (first.state, first.resolution, first.count) == (IncidentState.RESOLVED, Resolution.ITSELF, 1)
    assert first.resolved_at == NOW + timedelta(minutes=5)
    Change.objects.filter(pk=change.pk).update(state="parked")
    refresh(books, minutes=14)
    again = only(books)
    assert (again.pk, again.opened_at, again.resolved_at, again.resolution) == (first.pk, NOW, None, "")
    Change.objects.filter(pk=change.pk).update(state="done")
    refresh(books, minutes=15)
    Change.objects.filter(pk=change.pk).update(state="parked")
    refresh(books, minutes=26)
    assert only(books).pk != first.pk


@pytest.mark.parametrize("act", ["retry", "cancel"])
def test_a_persons_decision_settles_it_in_their_name(books: Books, act: str) -> None:
    staff = books.member(Role.STAFF)
    change = refused(books)
    Run.objects.all().delete()
    incidents.refresh(books.practice)
    found = only(books)
    if act == "retry":
        decisions.retry([change.pk], practice=books.practice, actor=staff)
    else:
        decisions.cancel([change.pk], practice=books.practice, actor=staff, note="Not needed")
    found.refresh_from_db()
    assert (found.state, found.resolution) == (IncidentState.RESOLVED, Resolution.PERSON)
    entry = AuditEntry.objects.get(action="incident.resolved")
    assert (entry.actor, entry.object_id) == (staff, str(found.pk))


def test_a_snooze_and_an_owner_outlive_a_refresh(books: Books) -> None:
    refused(books)
    refresh(books)
    staff = books.member()
    until = NOW + timedelta(days=2)
    Incident.objects.update(
        state="snoozed", snoozed_until=until, snooze_reason="Later", snoozed_by=staff, assignee=staff
    )
    refused(books)
    refresh(books, minutes=10)
    found = only(books)
    assert (found.state, found.count, found.snoozed_by, found.assignee) == ("snoozed", 2, staff, staff)
    refresh(books, minutes=60 * 49)
    found = seen(books)["rejected.period_locked"]
    assert (found.state, found.snoozed_until, found.snoozed_by, found.assignee) == ("open", None, None, staff)


def test_one_practice_never_touches_another(books: Books) -> None:
    other = rows.make_books(Mode.TAKE_OVER)
    refused(other)
    refused(books)
    refresh(books)
    assert Incident.objects.get().practice == books.practice
    incidents.refresh(other.practice)
    assert Incident.objects.filter(cause="rejected.period_locked").count() == 2
    Change.objects.filter(practice=books.practice).delete()
    refresh(books, minutes=1)
    assert seen(books) == {}
    assert "rejected.period_locked" in seen(other)


def test_a_practice_without_connections_is_fine(db: None) -> None:
    practice = Practice.objects.create(name="Empty", slug="empty")
    incidents.refresh(practice)
    make_connection(practice, Provider.XERO)
    incidents.refresh(practice)
    assert not Incident.objects.exists()


def test_people_who_can_not_be_told_do_not_stop_it(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(books)
    monkeypatch.setattr("sync.alerts.announce", _broken)
    refresh(books)
    assert only(books).count == 1


def _broken(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("no")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_open_it_once() -> None:
    books = rows.make_books(Mode.TAKE_OVER)
    for reason in ("period_locked", "has_payments", "currency"):
        refused(books, reason=reason)
    _at_once(lambda: incidents.refresh(books.practice), 6)
    found = Counter(Incident.objects.values_list("cause", flat=True))
    assert {found[f"rejected.{reason}"] for reason in ("period_locked", "has_payments", "currency")} == {1}
    Change.objects.update(state="done")
    _at_once(lambda: incidents.refresh(books.practice), 6)
    assert not Incident.objects.filter(cause__startswith="rejected").exclude(state="resolved").exists()


def _at_once(act: Callable[[], Any], number: int) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_the_word_for_a_cause_is_never_too_long(books: Books) -> None:
    refused(books, reason="x" * 40, parked_as="needs_reconnect")
    held(books, "tax_unmapped", f"No tax type is chosen for Ignition's tax “{'ü' * 300}”.")
    refresh(books)
    for item in seen(books).values():
        assert item.count == changes_of(item).count() == 1, item.cause
        assert len(item.cause) <= 60
        assert len(item.title) <= 200
