"""Bank transactions are read where they may be, and where they may not nothing else suffers."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from connectors.records import Kind
from practices.models import Connection, Grant, Role
from sandbox.faults import Fault
from sync import costs, runs
from sync.models import Cursor, Mismatch, ReconcileRun, Snapshot, Trigger
from sync.reconcile.running import compare_now
from sync.reconcile.unchecked import NOT_ALLOWED, REFUSED
from tests.make import make_member
from tests.sync.conftest import Office

pytestmark = pytest.mark.django_db
PATH = "/BankTransactions"
NEEDED = "accounting.contacts accounting.invoices accounting.payments accounting.settings.read offline_access"
FORBIDDEN = '{"Title": "Forbidden", "Status": 403, "Detail": "AuthorizationUnsuccessful"}'
BANK_KINDS = {"payout_bank_line", "payout_elsewhere", "payout_fee_missing", "connection_bank_rule"}


def xero(office: Office) -> Connection:
    return Connection.objects.get(practice=office.practice, provider="xero")


def only_what_is_needed(office: Office, *, told: bool) -> None:
    """The consent of a connection that was made before anybody asked for bank transactions."""
    for granted in office.world.xero.tokens.sets:
        granted.scopes = NEEDED.split()
    Grant.objects.filter(connections=xero(office)).update(scopes=NEEDED.split() if told else [])


def asked(office: Office, marker: int = 0) -> int:
    return sum(PATH in call.path for call in office.world.calls.since(marker, host="xero"))


def kept(office: Office) -> Any:
    return Snapshot.objects.of(xero(office), Kind.BANK_TRANSACTION)


def half_past_two_in_sydney() -> datetime:
    """In the night after next, so that it is later than anything that was done."""
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time(15, 30), tzinfo=UTC)


def by_clock(office: Office) -> str:
    run = runs.start(office.practice, trigger=Trigger.SCHEDULE, wake=False)
    return office.finish(run).message


def compared(office: Office) -> ReconcileRun:
    return compare_now(office.practice, trigger=Trigger.COMMAND)


def coverage(run: ReconcileRun) -> dict[str, Any]:
    (line,) = [item for item in run.coverage if item["kind"] == "bank_transaction"]
    return dict(line)


def test_they_are_read_once_a_night_and_when_somebody_asks(small_office: Office) -> None:
    office = small_office
    office.sync()
    assert kept(office).count() == len(office.ledger.bank_transactions) > 3
    assert not kept(office).filter(to_plan=True).exists()
    marker = office.marker
    assert by_clock(office) == ""
    assert asked(office, marker) == 0
    office.sync()
    assert asked(office, marker) == 1
    run = compared(office)
    assert coverage(run)["read_at"] is not None
    assert BANK_KINDS.isdisjoint(run.unchecked)


def test_what_changed_is_read_again_and_what_it_said_is_kept(small_office: Office) -> None:
    office = small_office
    office.sync()
    row = next(iter(office.ledger.bank_transactions.values()))
    office.world.clock.advance(60)
    row["IsReconciled"] = not row["IsReconciled"]
    row["UpdatedDateUTC"] = office.world.clock.now_ms()
    office.ledger.bank_transactions.put(row)
    office.sync()
    stored = kept(office).get(external_id=row["BankTransactionID"])
    assert stored.record.get("is_reconciled", False) is row["IsReconciled"]


def test_a_connection_made_without_the_permission_is_not_asked(small_office: Office) -> None:
    office = small_office
    only_what_is_needed(office, told=True)
    run = office.sync()
    assert run.message == ""
    assert asked(office) == 0
    found = compared(office)
    assert coverage(found) == {**coverage(found), "read_at": None, "reason": NOT_ALLOWED}
    assert {found.unchecked[kind] for kind in BANK_KINDS} == {NOT_ALLOWED}
    page = Client()
    page.force_login(make_member(office.practice, Role.STAFF))
    text = page.get("/p/harbour/reconciliation/").content.decode()
    assert "Connect Xero again and allow bank transactions." in text
    assert "Some lists were not read to their end yet" not in text
    with time_machine.travel(datetime.now(UTC) + timedelta(days=30)):
        later = compared(office)
    kinds = set(Mismatch.objects.filter(practice=office.practice).values_list("kind", flat=True))
    assert "connection_scope" not in kinds, "nobody needs it"
    rows = Mismatch.objects.filter(practice=office.practice, text__contains="bank transaction")
    assert not rows.exists(), "no list that is late"
    assert later.unchecked


def test_it_is_asked_for_as_soon_as_it_was_allowed(small_office: Office) -> None:
    office = small_office
    only_what_is_needed(office, told=True)
    office.sync()
    cheap = sum(cost.calls for cost in costs.of_sync(office.practice))
    allowed = [*NEEDED.split(), "accounting.banktransactions.read"]
    for granted in office.world.xero.tokens.sets:
        granted.scopes = allowed
    Grant.objects.filter(connections=xero(office)).update(scopes=allowed)
    assert sum(cost.calls for cost in costs.of_sync(office.practice)) == cheap + 1
    assert by_clock(office) == ""
    assert kept(office).exists()


REFUSALS: dict[str, dict[str, Any]] = {
    "forbidden": {"status": 403, "body": FORBIDDEN},
    "not there": {"status": 404, "body": "<html>"},
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_fails_nothing_and_is_tried_once_a_night(small_office: Office, refusal: str) -> None:
    office = small_office
    office.world.faults.rules.append(Fault(kind="status", path=PATH, host="xero", **REFUSALS[refusal]))
    refused_and_told(office)


def test_a_permission_that_nobody_spoke_of_is_the_same(small_office: Office) -> None:
    only_what_is_needed(small_office, told=False)
    refused_and_told(small_office)


def refused_and_told(office: Office) -> None:
    run = office.sync()
    assert run.message == ""
    assert xero(office).state == "connected"
    assert asked(office) == 1
    found = compared(office)
    assert coverage(found)["reason"] == REFUSED
    assert found.unchecked["payout_bank_line"] == REFUSED
    marker = office.marker
    for _ in range(3):
        assert by_clock(office) == ""
    assert asked(office, marker) == 0, "not again and again"
    with time_machine.travel(half_past_two_in_sydney()):
        by_clock(office)
        by_clock(office)
    assert asked(office, marker) == 1, "once a night"


def test_what_was_read_before_a_refusal_is_not_compared_any_more(small_office: Office) -> None:
    office = small_office
    office.sync()
    assert "payout_bank_line" not in compared(office).unchecked
    held = kept(office).count()
    office.world.faults.rules.append(Fault(kind="status", path=PATH, host="xero", **REFUSALS["forbidden"]))
    office.sync()
    assert kept(office).filter(gone_at=None).count() == held
    assert compared(office).unchecked["payout_bank_line"] == REFUSED
    office.world.faults.rules.clear()
    office.sync()
    assert "payout_bank_line" not in compared(office).unchecked
    assert Cursor.objects.get(connection=xero(office), kind=Kind.BANK_TRANSACTION).refused_at is None


def test_a_lost_connection_is_still_a_lost_connection(small_office: Office) -> None:
    office = small_office
    office.world.faults.rules.append(Fault(kind="status", host="xero", **REFUSALS["forbidden"]))
    office.sync()
    assert xero(office).state == "needs_reconnect"
