"""What a monitoring system reads: the right numbers, a fixed number of questions, answered from indexes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import measures, readiness
from config.pulses import WORKER
from practices.models import ConnectionState
from sync.models import (
    Budget,
    Change,
    ChangeState,
    Event,
    EventState,
    Incident,
    IncidentState,
    Pulse,
    Purpose,
    Run,
    RunState,
    Severity,
)
from tests.sync.rows import Books, make_books, make_change, make_run

pytestmark = pytest.mark.django_db

MANY = 3_000


@pytest.fixture
def books() -> Books:
    return make_books()


def measured(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Name → values by labels (by their names' order), read the way Prometheus reads them."""
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(response.content.decode()):
        for sample in family.samples:
            values = found.setdefault(sample.name.removeprefix("practice_sync_"), {})
            values[tuple(sample.labels.values())] = sample.value
    return found


def test_the_rows_are_counted(client: Client, books: Books) -> None:
    now = timezone.now()
    for state, number in ((ChangeState.PENDING, 3), (ChangeState.PARKED, 2), (ChangeState.DONE, 4)):
        for _ in range(number):
            make_change(books, state=state)
    make_run(books, state=RunState.RUNNING, queued_at=now - timedelta(minutes=2))
    make_run(books, state=RunState.WAITING, purpose=Purpose.LIVE, resumes_at=now + timedelta(hours=1))
    make_run(books, state=RunState.DONE)
    for number, event_state in enumerate((EventState.WAITING, EventState.WAITING, EventState.DONE)):
        Event.objects.create(
            practice=books.practice,
            connection=books.target,
            provider_event_id=str(number),
            state=event_state,
            received_at=now - timedelta(minutes=number + 1),
        )
    for side, calls, left in ((books.source, 7, None), (books.target, 40, 4960)):
        Budget.objects.create(
            practice=books.practice, connection=side, day=now.date(), calls=calls, day_left=left
        )
        yesterday = now.date() - timedelta(days=1)
        Budget.objects.create(practice=books.practice, connection=side, day=yesterday, calls=500, day_left=1)
    other = make_books()
    Budget.objects.create(
        practice=other.practice, connection=other.target, day=now.date(), calls=2, day_left=60
    )
    other.source.state = ConnectionState.NEEDS_RECONNECT
    other.source.save(update_fields=["state"])
    for incident_state in IncidentState:
        Incident.objects.create(
            practice=books.practice,
            cause=incident_state,
            title="Something",
            state=incident_state,
            severity=Severity.CRITICAL,
        )
    Pulse.beat(f"{WORKER}here/1", queues=["live"])

    found = measured(client)
    assert found["changes"] == {("held",): 0, ("pending",): 3, ("in_flight",): 0, ("parked",): 2}
    assert found["runs_open"] == {("queued",): 0, ("running",): 1, ("waiting",): 1}
    assert found["runs_due"] == {(): 1}
    assert found["oldest_due_seconds"][()] == pytest.approx(120, abs=10)
    assert found["events_waiting"] == {(): 2}
    assert found["oldest_event_seconds"][()] == pytest.approx(120, abs=10)
    assert found["provider_calls_today"] == {("ignition",): 7, ("xero",): 42}
    assert found["provider_calls_left"] == {("xero",): 5020}
    assert found["provider_calls_left_least"] == {("xero",): 60}
    assert found["connections"] == {
        ("ignition", "connected"): 1,
        ("ignition", "needs_reconnect"): 1,
        ("xero", "connected"): 2,
    }
    assert found["incidents_open"] == {("info",): 0, ("warning",): 0, ("critical",): 2}
    assert found["pulse_age_seconds"][f"{WORKER}here/1",] < 10
    assert found["database_up"] == {(): 1}
    assert found["database_connections"]["active",] >= 1
    assert set(found["table_rows"]) == {(name,) for name in measures.GROWING}
    assert found["ready"]["database",] == 1
    assert found["ready"]["beat",] == 0
    assert found["collect_seconds"][()] < 5
    assert found["web_process_memory_bytes"]["web-1",] > 1_000_000


def test_every_name_says_what_it_means(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    for name, (help_text, _) in measures.ALL.items():
        assert f"# HELP practice_sync_{name} {help_text}\n" in text


def test_requests_are_counted_by_page_and_not_by_address(client: Client) -> None:
    for address in ("/accounts/login/", "/accounts/login/", "/made-up-1", "/made-up-2", "/static/none.css"):
        client.get(address)
    client.generic("BREW", "/accounts/login/")
    found = measured(client)
    pages = found["http_requests_total"]
    assert pages["GET", "200", "account_login"] >= 2
    assert pages["GET", "404", "none"] >= 2
    assert pages["GET", "404", "static"] >= 1
    assert any(labels[0] == "other" for labels in pages)
    assert not [labels for labels in pages if "made-up" in str(labels)]
    assert found["http_request_seconds_count"]["account_login",] >= 2
    assert not [labels for labels in pages if "metrics" in str(labels)]


def test_more_rows_ask_no_more_questions(
    client: Client, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60.0)
    client.get("/metrics")
    with CaptureQueriesContext(connection) as few:
        client.get("/metrics")
    for _ in range(4):
        more = make_books()
        make_change(more, state=ChangeState.PENDING)
        make_run(more)
        Event.objects.create(practice=more.practice, connection=more.target, provider_event_id="1")
    with CaptureQueriesContext(connection) as many:
        client.get("/metrics")
    assert len(few) == len(many) <= 25


def test_finished_rows_are_not_read(client: Client, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """With many of them no question walks through a whole table that grows."""
    monkeypatch.setattr(readiness, "KEPT_SECONDS", -1.0)
    practice, target = books.practice, books.target
    rows = range(MANY)
    template = make_change(books, state=ChangeState.DONE)
    facts: dict[str, Any] = {
        name: getattr(template, name) for name in ("flow", "connection", "source_connection", "kind", "verb")
    }
    Change.objects.bulk_create(
        Change(practice=practice, source_external_id=f"s{n}", state=ChangeState.DONE, **facts) for n in rows
    )
    Run.objects.bulk_create(
        Run(practice=practice, trigger="schedule", state=RunState.DONE, queued_at=timezone.now())
        for _ in rows
    )
    Event.objects.bulk_create(
        Event(practice=practice, connection=target, provider_event_id=str(n), state=EventState.DONE)
        for n in rows
    )
    Incident.objects.bulk_create(
        Incident(practice=practice, cause=f"c{n}", title="t", state=IncidentState.RESOLVED) for n in rows
    )
    tables = ("sync_change", "sync_run", "sync_event", "sync_incident")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")
    with CaptureQueriesContext(connection) as asked:
        client.get("/metrics")
    walked = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if not query["sql"].lstrip().startswith("SELECT"):
                continue
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            walked += [query["sql"] for table in tables if re.search(rf"Seq Scan on {table}\b", plan)]
    assert not walked
