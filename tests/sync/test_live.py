"""What was reported is looked at, planned and sent at once, and at few calls."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from practices.models import Connection
from sync import lanes, live
from sync.models import (
    Budget,
    Change,
    ChangeState,
    Cursor,
    Event,
    EventState,
    Purpose,
    Run,
    RunState,
    Snapshot,
)
from tests.sync.office import Office
from tests.sync.reported import hint, linked_client, rename, work

pytestmark = pytest.mark.django_db


def test_a_reported_edit_is_in_xero_after_one_turn_and_few_calls(agreed: Office) -> None:
    marker = agreed.marker
    client = rename(agreed, "Renamed Pty Ltd")
    event = hint(agreed, "contact", client["slug"])
    run = work(agreed)
    assert run is not None
    assert run.state == RunState.DONE
    assert any(item["Name"] == "Renamed Pty Ltd" for item in agreed.ledger.contacts.values())
    calls = list(agreed.world.calls.since(marker))
    assert len([call for call in calls if call.host == "ignition"]) == 1
    assert [call.method for call in calls if call.host == "xero"] == ["POST"], "Xero was read a moment ago"
    event.refresh_from_db()
    assert (event.state, event.run_id) == (EventState.DONE, run.pk)
    change = Change.objects.get(
        kind="contact", verb="update", state=ChangeState.DONE, source_external_id=client["slug"]
    )
    assert change.purpose == Purpose.LIVE
    assert change.source_changed_at is not None


def test_a_target_that_was_not_read_lately_is_read_before_it_is_written(agreed: Office) -> None:
    client = rename(agreed, "Careful Pty Ltd")
    Cursor.objects.update(completed_at=timezone.now() - timedelta(minutes=2))
    contact = next(item for item in agreed.ledger.contacts.values() if item["Name"] == client["name"])
    agreed.ledger.post_contact({"ContactID": contact["ContactID"], "Name": "Somebody's own choice"})
    marker = agreed.marker
    hint(agreed, "contact", client["slug"])
    work(agreed)
    assert [call.method for call in agreed.world.calls.since(marker, host="xero")] == ["GET"]
    change = Change.objects.get(kind="contact", source_external_id=client["slug"], state=ChangeState.HELD)
    assert change.reason == "conflict"


def test_many_hints_cost_one_call_per_list(agreed: Office) -> None:
    agreed.world.clock.advance(60)
    marker = agreed.marker
    for row in agreed.ignition.clients[:10]:
        agreed.ignition.upsert("clients", {**row, "name": f"{row['name']} Group"})
        hint(agreed, "contact", row["slug"])
    assert Run.objects.filter(purpose=Purpose.LIVE).count() == 1
    work(agreed)
    assert len(list(agreed.world.calls.since(marker, host="ignition"))) == 1
    assert len(list(agreed.world.calls.since(marker, host="xero"))) == 1


def test_the_echo_of_our_own_write_costs_no_call_and_leaves_no_run(agreed: Office) -> None:
    client = rename(agreed, "Renamed Pty Ltd")
    hint(agreed, "contact", client["slug"])
    work(agreed)
    change = Change.objects.get(
        kind="contact", verb="update", state=ChangeState.DONE, source_external_id=client["slug"]
    )
    written = Snapshot.objects.get(connection__provider="xero", external_id=change.target_external_id)
    marker, before = agreed.marker, Run.objects.count()
    echo = hint(
        agreed,
        "contact",
        change.target_external_id,
        provider="xero",
        occurred_at=written.source_updated_at,
        received_at=timezone.now() - timedelta(minutes=1),
    )
    assert work(agreed) is None
    assert list(agreed.world.calls.since(marker)) == []
    assert Run.objects.count() == before
    echo.refresh_from_db()
    assert echo.state == EventState.ECHO


def test_what_the_target_reports_is_collected_before_it_is_read(agreed: Office) -> None:
    """Most of it follows our own writes, and nothing is written from it."""
    agreed.world.clock.advance(60)
    contact = next(item for item in agreed.ledger.contacts.values() if item["ContactStatus"] == "ACTIVE")
    agreed.ledger.post_contact({"ContactID": contact["ContactID"], "EmailAddress": "own@example.com"})
    marker = agreed.marker
    event = hint(agreed, "contact", contact["ContactID"], provider="xero")
    assert work(agreed) is None
    assert list(agreed.world.calls.since(marker)) == []
    Event.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(minutes=1))
    live.wake(agreed.practice.pk)
    work(agreed)
    assert len(list(agreed.world.calls.since(marker))) == 1
    there = Snapshot.objects.get(connection__provider="xero", external_id=contact["ContactID"])
    assert there.email == "own@example.com"


def test_a_new_invoice_of_a_new_client_is_written_with_its_client(agreed: Office) -> None:
    agreed.world.clock.advance(60)
    ignition = agreed.ignition
    model = next(row for row in ignition.invoices if row["state"] == "issued")
    client = {
        **linked_client(agreed),
        "slug": ignition.new_slug("clients"),
        "name": "Brand New Bakery Pty Ltd",
        "state": "active",
        "xero_contact_id": None,
        "external_client_id": None,
    }
    ignition.upsert("clients", client)
    invoice = {
        **model,
        "slug": ignition.new_slug("invoices"),
        "client": {"slug": client["slug"], "name": client["name"]},
        "reference_number": "brandnewbakery000001",
        "deployment": None,
        "payment_state": "unpaid",
    }
    ignition.upsert("invoices", invoice)
    hint(agreed, "invoice", invoice["slug"], action="invoice.created")
    work(agreed)
    names = {key: item["Name"] for key, item in agreed.ledger.contacts.items()}
    of_client = [
        item
        for item in agreed.ledger.invoices.values()
        if names[item["Contact"]["ContactID"]] == "Brand New Bakery Pty Ltd"
    ]
    assert len(of_client) == 1, list(
        Change.objects.filter(source_external_id=invoice["slug"]).values("state", "reason", "message")
    )


def test_an_archived_client_is_found_where_it_is_hidden(agreed: Office) -> None:
    """Ignition's plain list leaves archived clients out, also when one of them is edited."""
    client = linked_client(agreed)
    agreed.ignition.upsert("clients", {**client, "state": "archived"})
    agreed.sync()
    agreed.world.clock.advance(3600)
    agreed.ignition.upsert("clients", {**client, "state": "archived", "name": "Late Name Pty Ltd"})
    hint(agreed, "contact", client["slug"])
    work(agreed)
    assert any(item["Name"] == "Late Name Pty Ltd" for item in agreed.ledger.contacts.values())


def test_a_record_seen_for_the_first_time_may_be_hidden(agreed: Office) -> None:
    client = linked_client(agreed)
    slug = agreed.ignition.new_slug("clients")
    fresh = {
        **client,
        "slug": slug,
        "name": "Never Seen Pty Ltd",
        "state": "archived",
        "xero_contact_id": None,
    }
    agreed.world.clock.advance(60)
    agreed.ignition.upsert("clients", fresh)
    hint(agreed, "contact", slug)
    work(agreed)
    assert Snapshot.objects.filter(external_id=slug, status="archived").exists()


def test_a_voided_invoice_is_noticed_at_once(agreed: Office) -> None:
    agreed.world.clock.advance(60)
    written = Change.objects.filter(kind="invoice", state=ChangeState.DONE).first()
    assert written is not None
    row = agreed.ignition.get("invoices", written.source_external_id)
    assert row is not None
    agreed.ignition.upsert("invoices", {**row, "state": "voided"})
    hint(agreed, "invoice", row["slug"], action="invoice.voided")
    work(agreed)
    snapshot = Snapshot.objects.get(connection__provider="ignition", external_id=row["slug"])
    assert snapshot.standing_reason == "void_in_source"


def test_a_live_run_that_meets_a_busy_lane_waits_and_loses_nothing(agreed: Office) -> None:
    client = rename(agreed, "Patient Pty Ltd")
    event = hint(agreed, "contact", client["slug"])
    ignition = Connection.objects.get(practice=agreed.practice, provider="ignition")
    lane = lanes.take(ignition)
    assert lane is not None
    run = work(agreed)
    assert run is not None
    assert run.state == RunState.WAITING
    event.refresh_from_db()
    assert event.state == EventState.WAITING
    lane.release()
    Run.objects.filter(pk=run.pk).update(resumes_at=None)
    work(agreed)
    assert any(item["Name"] == "Patient Pty Ltd" for item in agreed.ledger.contacts.values())


def test_a_hint_that_comes_while_the_run_ends_is_not_lost(
    agreed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.urgent import UrgentSlice  # noqa: PLC0415

    first = rename(agreed, "First Pty Ltd")
    hint(agreed, "contact", first["slug"])
    deliver = UrgentSlice._deliver
    second: list[dict[str, Any]] = []

    def late(self: UrgentSlice) -> None:
        deliver(self)
        if not second:
            row = dict(next(item for item in agreed.ignition.clients if item["slug"] != first["slug"]))
            agreed.world.clock.advance(5)
            agreed.ignition.upsert("clients", {**row, "name": "Second Pty Ltd"})
            second.append(row)
            hint(agreed, "contact", row["slug"])

    monkeypatch.setattr(UrgentSlice, "_deliver", late)
    run = work(agreed)
    assert run is not None
    assert not run.is_open
    assert not Event.objects.filter(state=EventState.WAITING).exists()
    snapshot = Snapshot.objects.get(connection__provider="ignition", external_id=second[0]["slug"])
    assert snapshot.name == "Second Pty Ltd"


def test_killed_after_reading_the_next_turn_plans_what_was_read(
    agreed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync import urgent  # noqa: PLC0415

    client = rename(agreed, "Survivor Pty Ltd")
    hint(agreed, "contact", client["slug"])

    def killed(*args: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(urgent, "plan_part", killed)
        with pytest.raises(SystemExit):
            work(agreed)
    Run.objects.filter(purpose=Purpose.LIVE).update(lease_until=None, lease_token=None)
    work(agreed)
    assert any(item["Name"] == "Survivor Pty Ltd" for item in agreed.ledger.contacts.values())


def test_scarce_calls_are_spread_over_the_window(agreed: Office, settings: Any) -> None:
    """With few calls left in the minute, a second turn waits until enough changes came together."""
    settings.XERO_CALLS_PER_MINUTE = 60
    client = rename(agreed, "One Pty Ltd")
    hint(agreed, "contact", client["slug"])
    work(agreed)
    Budget.objects.filter(connection__provider="xero").update(
        window_began_at=timezone.now() - timedelta(seconds=20), window_calls=40, window_left=20
    )
    hint(agreed, "contact", client["slug"])
    run = work(agreed)
    assert run is not None
    assert run.state == RunState.WAITING
    assert run.resumes_at is not None
    wait = run.resumes_at - timezone.now()
    assert timedelta(seconds=2) < wait < timedelta(seconds=8)


def test_without_calls_left_nothing_is_lost(agreed: Office, settings: Any) -> None:
    settings.XERO_CALLS_PER_MINUTE = 5
    Budget.objects.filter(connection__provider="xero").update(window_began_at=timezone.now(), window_calls=5)
    client = rename(agreed, "Later Pty Ltd")
    hint(agreed, "contact", client["slug"])
    run = work(agreed)
    assert run is not None
    assert run.state == RunState.WAITING
    assert "calls to Xero remain" in run.message or "Collecting" in run.message
    settings.XERO_CALLS_PER_MINUTE = 1_000_000
    Run.objects.filter(pk=run.pk).update(resumes_at=None)
    work(agreed)
    assert any(item["Name"] == "Later Pty Ltd" for item in agreed.ledger.contacts.values())


def test_what_nobody_contests_is_written_and_the_rest_waits(agreed: Office) -> None:
    """A name changed in Ignition goes out although the e-mail address was changed on both sides."""
    client = rename(agreed, "Uncontested Pty Ltd")
    people = [row for row in agreed.ignition.contacts if row["client"]["slug"] == client["slug"]]
    for person in people:
        agreed.ignition.upsert("contacts", {**person, "email": "ours@example.com"})
    agreed.ignition.upsert("clients", {**client, "name": "Uncontested Pty Ltd", "email": "ours@example.com"})
    contact = next(item for item in agreed.ledger.contacts.values() if item["Name"] == client["name"])
    agreed.ledger.post_contact({"ContactID": contact["ContactID"], "EmailAddress": "theirs@example.com"})
    Cursor.objects.update(completed_at=timezone.now() - timedelta(minutes=2))
    hint(agreed, "person", people[0]["slug"])
    hint(agreed, "contact", client["slug"])
    work(agreed)
    there = agreed.ledger.contacts.need(contact["ContactID"])
    assert there["Name"] == "Uncontested Pty Ltd"
    assert there["EmailAddress"] == "theirs@example.com"
    live.wake(agreed.practice.pk)
    work(agreed)
    held = Change.objects.get(kind="contact", source_external_id=client["slug"], state=ChangeState.HELD)
    assert held.reason == "conflict"
    assert set(held.values) == {"email"}
