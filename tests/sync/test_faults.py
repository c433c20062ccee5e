"""Bad days on the way to Xero: whatever is lost, doubled or refused, the books end up the same."""

from typing import Any

import pytest
import requests

from practices import connecting
from practices.connections import client_for
from practices.models import Connection, ConnectionState
from sync import deliver, runs
from sync.demo import consent_for
from sync.models import Attempt, AttemptResult, Change, ChangeState, Link, Run, RunState, Snapshot
from tests.sync.conftest import Office, books

FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1", "X-Rate-Limit-Problem": "minute"}},
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "malformed"},
]


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What the same seed ends up as on a good day; filled by the first test that needs it."""
    return {}


def good_day(small_office: Office) -> None:
    small_office.sync()
    small_office.take_over()


@pytest.mark.parametrize("resource", ["Contacts", "Invoices", "Payments"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}")
def test_one_lost_batch_changes_nothing_in_the_end(
    small_office: Office, fault: dict[str, Any], resource: str, undisturbed: dict[str, Any]
) -> None:
    small_office.sync()
    small_office.world.faults.script[:] = []
    _script(small_office, [{**fault, "method": "PUT", "path": f"/{resource}$"}])
    run = small_office.take_over()
    assert run.counts["invoice"]["failed"] == 0
    if "books" in undisturbed:
        assert books(small_office) == undisturbed["books"]
    undisturbed.setdefault("books", books(small_office))
    marker = small_office.marker
    small_office.sync()
    assert small_office.writes(marker) == []


def test_the_good_day_is_what_the_bad_days_are_compared_with(
    small_office: Office, undisturbed: dict[str, Any]
) -> None:
    good_day(small_office)
    if "books" in undisturbed:
        assert books(small_office) == undisturbed["books"]
    undisturbed.setdefault("books", books(small_office))


def test_a_storm_of_faults_loses_and_doubles_nothing(
    small_office: Office, undisturbed: dict[str, Any]
) -> None:
    small_office.sync()
    _rule(small_office, [{**fault, "host": "xero", "rate": 0.05} for fault in FAULTS])
    small_office.switch("take_over")
    for _ in range(4):
        small_office.sync()
    small_office.world.faults.rules[:] = []
    Change.objects.filter(practice=small_office.practice, state=ChangeState.PARKED).update(
        state=ChangeState.PENDING
    )
    small_office.sync()
    if "books" in undisturbed:
        assert books(small_office) == undisturbed["books"]
    undisturbed.setdefault("books", books(small_office))


def _script(office: Office, steps: list[dict[str, Any]]) -> None:
    _post(office, "faults", {"script": steps})


def _post(office: Office, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{office.url}/_sandbox/{path}", json=body, timeout=5).raise_for_status()


def _rule(office: Office, rules: list[dict[str, Any]]) -> None:
    _post(office, "faults", {"rules": rules})


def test_one_bad_element_holds_back_only_itself_and_what_depends_on_it(small_office: Office) -> None:
    small_office.sync()
    victim = Change.objects.filter(
        practice=small_office.practice, kind="invoice", verb="create", reason="watch"
    ).first()
    assert victim is not None
    victim.values["lines"][0]["account_code"] = "999999"
    victim.save(update_fields=["values"])
    small_office.switch("take_over")
    Change.objects.filter(practice=small_office.practice, reason="watch").update(
        state=ChangeState.PENDING, reason="", message=""
    )
    connection = victim.connection
    client = client_for(connection)
    while deliver.deliver_batch(connection, client, None) is not None:  # type: ignore[arg-type]
        pass
    victim.refresh_from_db()
    assert (victim.state, victim.parked_as) == (ChangeState.PARKED, "needs_mapping")
    assert "account" in victim.message
    others = Change.objects.filter(practice=small_office.practice, state=ChangeState.DONE, kind="invoice")
    assert others.count() > 5
    blocked = Change.objects.filter(depends_on=victim)
    assert set(blocked.values_list("state", flat=True)) <= {ChangeState.PENDING}


def test_a_worker_that_died_in_flight_is_looked_up_before_anything_is_sent(small_office: Office) -> None:
    small_office.sync()
    small_office.switch("take_over")
    _script(small_office, [{"kind": "drop_after", "method": "PUT", "path": "/Invoices$"}])
    original = deliver._failed
    deliver._failed = _die
    try:
        run = runs.start(small_office.practice, trigger="person", wake=False)
        with pytest.raises(_Killed):
            small_office.finish(run)
    finally:
        deliver._failed = original
    stuck = Change.objects.filter(practice=small_office.practice, state=ChangeState.IN_FLIGHT)
    assert stuck.exists()
    Connection.objects.update(lease_until=None, lease_token=None)
    Run.objects.update(lease_until=None, lease_token=None)
    marker = small_office.marker
    small_office.finish(run)
    lookups = [
        call
        for call in small_office.world.calls.since(marker, host="xero")
        if call.method == "GET" and "/Invoices" in call.path
    ]
    assert lookups
    numbers = [item["InvoiceNumber"] for item in small_office.ledger.invoices.values()]
    assert len(numbers) == len(set(numbers))
    assert Attempt.objects.filter(practice=small_office.practice, result=AttemptResult.UNCLEAR).exists()
    assert client_for(Connection.objects.get(practice=small_office.practice, provider="xero"))


class _Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def _die(*args: Any, **kwargs: Any) -> None:
    raise _Killed


def test_a_revoked_connection_stops_and_goes_on_after_reconnecting(small_office: Office) -> None:
    small_office.sync()
    small_office.switch("take_over")
    _post(small_office, "connections/revoke", {"tenant": small_office.report.tenant_id})
    run = small_office.sync()
    assert run.state == RunState.FAILED
    connection = Connection.objects.get(practice=small_office.practice, provider="xero")
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert small_office.writes() == []
    grant = connecting.store_xero_grant(consent_for(small_office.ledger.name))
    connecting.connect_xero(
        small_office.practice,
        actor=small_office.owner,
        grant=grant,
        tenant_external_id=small_office.report.tenant_id,
    )
    small_office.sync()
    assert Link.objects.filter(practice=small_office.practice, kind="payment", method="written").exists()


def test_an_unreadable_record_is_set_aside_and_the_rest_goes_on(small_office: Office) -> None:
    rows = small_office.ignition.rows("invoices")
    broken = rows[0]["slug"]
    small_office.ignition.upsert("invoices", {**rows[0], "amount": {"total": "not money", "currency": "AUD"}})
    run = small_office.sync()
    assert run.state == RunState.INCOMPLETE
    snapshot = Snapshot.objects.get(practice=small_office.practice, kind="invoice", external_id=broken)
    assert "amount" in snapshot.problem
    assert run.counts["reading"]["ignition"]["invoice"]["unreadable"] == 1
    assert run.counts["invoice"]["read"] > 10
