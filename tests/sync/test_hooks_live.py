"""From a change over there to the books, over real HTTP: the sandbox reports, this app keeps, a worker's step acts."""

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.utils import timezone

from practices.models import AuditEntry, Connection, ConnectionState, Country, HookSecret
from sandbox.server import running
from sync import demo, urgent
from sync.models import Change, ChangeState, Event, EventState, Pulse, Run, RunState
from tests.make import make_practice
from tests.sync.conftest import Office, open_office, seeded_world
from tests.sync.hook_calls import XERO_KEY
from tests.sync.rows import make_event

SECONDS = 20


@pytest.fixture
def hooked(transactional_db: None, settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A synced office whose Ignition and Xero report to this app, as the demo's do."""
    settings.BASE_URL = live_server.url
    settings.XERO_WEBHOOK_KEY = [XERO_KEY]
    wanted = demo.DemoPractice("harbour", "Harbour", Country.AU, "Australia/Sydney", "AUD", "ign-harbour-key")
    monkeypatch.setattr(demo, "PRACTICES", (wanted,))
    world, report = seeded_world(clients=6, months=2)
    with running(world) as served:
        office = open_office(served, settings, report=report)
        office.take_over()
        demo.report_changes()
        wait_for(lambda: hooks_of(office)["xero"][0]["status"] == "active")
        yield office
        world.stop()


def hooks_of(office: Office) -> Any:
    return requests.get(f"{office.url}/_sandbox/hooks", timeout=5).json()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def drained(slug: str = "harbour") -> dict[str, Any]:
    out = io.StringIO()
    call_command("drain", slug, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def client_of(office: Office) -> dict[str, Any]:
    """A client in Ignition whose contact this app keeps in Xero."""
    linked = Change.objects.filter(practice=office.practice, kind="contact", state=ChangeState.DONE).first()
    assert linked is not None
    return {"slug": linked.source_external_id, "contact": linked.target_external_id}


def test_a_change_is_in_the_books_after_one_report(hooked: Office) -> None:
    assert Pulse.objects.filter(name="webhook xero checked").exists()
    pair = client_of(hooked)
    before = Event.objects.count()
    hooked.ignition.upsert("clients", {"slug": pair["slug"], "name": "Renamed Within Seconds Pty Ltd"})
    wait_for(lambda: Event.objects.filter(connection__provider="ignition").count() > before)
    event = Event.objects.get(external_id=pair["slug"])
    assert (event.kind, event.state, event.action) == ("contact", EventState.WAITING, "client.updated")
    result = drained()
    assert (result["ok"], result["changes"]["left"]) == (True, 0)
    assert hooked.ledger.contacts[pair["contact"]]["Name"] == "Renamed Within Seconds Pty Ltd"
    event.refresh_from_db()
    assert (event.state, event.handled_at is not None) == (EventState.DONE, True)
    # What we wrote ourselves comes back as a report, and costs no call.
    wait_for(lambda: Event.objects.filter(connection__provider="xero", external_id=pair["contact"]).exists())
    marker = hooked.marker
    result = drained()
    assert result["events"]["left"] > 0, "what Xero reports is collected for a while"
    assert result["next_due_at"] is not None
    Event.objects.filter(state=EventState.WAITING).update(received_at=timezone.now() - urgent.COLLECTED)
    drained()
    echo = Event.objects.filter(connection__provider="xero", external_id=pair["contact"]).latest("pk")
    assert echo.state in {EventState.ECHO, EventState.DONE}
    assert hooked.writes(marker) == []


def test_setting_it_up_again_changes_nothing(hooked: Office) -> None:
    secret = HookSecret.objects.get()
    shown = hooks_of(hooked)
    demo.report_changes()
    assert HookSecret.objects.get() == secret
    assert hooks_of(hooked) == shown


def test_looking_again_finds_what_was_missed(hooked: Office) -> None:
    pair = client_of(hooked)
    event = make_event(
        Connection.objects.get(practice=hooked.practice, provider="ignition"),
        "contact",
        pair["slug"],
        state=EventState.ECHO,
    )
    requests.post(
        f"{hooked.url}/_sandbox/hooks", json={"practice": "harbour", "remove": True}, timeout=5
    ).raise_for_status()
    hooked.ignition.upsert("clients", {"slug": pair["slug"], "name": "Missed The First Time Pty Ltd"})
    out = io.StringIO()
    call_command("replay", "harbour", "--record", pair["slug"], "--kind", "contact", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"practice": "harbour", "replayed": 1}
    drained()
    assert hooked.ledger.contacts[pair["contact"]]["Name"] == "Missed The First Time Pty Ltd"
    event.refresh_from_db()
    assert (event.state, event.replays) == (EventState.DONE, 1)
    entry = AuditEntry.objects.get(action="events.replayed")
    assert entry.actor is None
    assert pair["slug"] in entry.summary


# --- the commands ---------------------------------------------------------------------------------------------


def test_replay_by_day_and_everything(small_office: Office) -> None:
    connection = Connection.objects.get(practice=small_office.practice, provider="xero")
    for number in range(3):
        make_event(connection, "invoice", f"x_{number}", state=EventState.DONE)
    Event.objects.filter(external_id="x_0").update(received_at="2026-01-05T00:00:00Z")
    for since, moved in (
        ("2999-01-01", 0),
        ("2026-01-06T09:30+11:00", 2),
        ("2026-01-05", 1),
        ("2025-12-31", 0),
    ):
        out = io.StringIO()
        call_command("replay", "harbour", "--since", since, stdout=out)
        assert f"{moved} put back." in out.getvalue()
    Event.objects.update(state=EventState.DONE)
    out = io.StringIO()
    call_command("replay", "harbour", stdout=out)
    assert "3 put back." in out.getvalue()
    for wrong in ("soon", "2026-13-45", "2026-02-30T00:00"):
        with pytest.raises(CommandError, match="no day or moment"):
            call_command("replay", "harbour", "--since", wrong)


def test_drain_ends_when_nothing_is_due(small_office: Office) -> None:
    small_office.sync()
    marker = small_office.marker
    result = drained()
    assert (result["ok"], result["runs"], result["events"]["left"]) == (True, [], 0)
    assert small_office.marker == marker
    out = io.StringIO()
    call_command("drain", "harbour", stdout=out)
    assert "Reported changes: 0 looked at, 0 left." in out.getvalue()


def test_drain_leaves_what_is_due_later(small_office: Office) -> None:
    small_office.take_over()
    change = Change.objects.filter(practice=small_office.practice, state=ChangeState.DONE).first()
    assert change is not None
    later = "2999-01-01T00:00:00+00:00"
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PENDING, not_before=later)
    result = drained()
    assert result["changes"]["left"] == 1
    assert result["next_due_at"] == later


def test_drain_says_when_something_failed(small_office: Office) -> None:
    small_office.sync()
    connection = Connection.objects.get(practice=small_office.practice, provider="ignition")
    make_event(connection, "contact", "cli_x")
    small_office.world.ignition["harbour"].api_keys.clear()
    with pytest.raises(SystemExit):
        call_command("drain", "harbour", "--json", stdout=io.StringIO())
    connection.refresh_from_db()
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert Run.objects.filter(practice=small_office.practice, state=RunState.FAILED).count() == 1
    with pytest.raises(CommandError, match="not connected"):
        call_command("drain", "harbour")


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["drain", "replay"])
def test_unknown_practices_are_named(command: str) -> None:
    with pytest.raises(CommandError, match="no practice “nobody”"):
        call_command(command, "nobody")


@pytest.mark.django_db
def test_drain_needs_both_systems() -> None:
    make_practice("Lonely", slug="lonely")
    with pytest.raises(CommandError, match="Lonely is not connected"):
        call_command("drain", "lonely")
