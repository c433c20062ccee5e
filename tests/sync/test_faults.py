"""Bad days on the way to Xero: whatever is lost, doubled or refused, the books end up the same."""

from decimal import Decimal
from typing import Any

import pytest

from practices.models import Connection, ConnectionState
from sync.models import Attempt, AttemptResult, Change, ChangeState, Link, RunState
from tests.sync.conftest import Office

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


def books(office: Office) -> dict[str, list[Any]]:
    """The ledger without ids that are dealt at random: what an accountant would compare."""
    ledger = office.ledger
    names = {key: item["Name"] for key, item in ledger.contacts.items()}
    return {
        "contacts": sorted((item["Name"], item.get("ContactNumber") or "") for item in ledger.contacts.values()),
        "invoices": sorted(
            (
                item["InvoiceNumber"],
                names[item["Contact"]["ContactID"]],
                item["Reference"] or "",
                str(item["Date"]),
                Decimal(str(item["Total"])),
                item["Status"],
            )
            for item in ledger.invoices.values()
        ),
        "payments": sorted(
            (
                ledger.invoices[item["Invoice"]["InvoiceID"]]["InvoiceNumber"],
                Decimal(str(item["Amount"])),
                str(item["Date"]),
                item.get("Reference") or "",
            )
            for item in ledger.payments.values()
            if item["Status"] != "DELETED"
        ),
    }


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What the same seed ends up as on a good day; filled by the first test that needs it."""
    return {}


def good_day(office: Office) -> None:
    office.sync()
    office.take_over()


@pytest.mark.parametrize("resource", ["Contacts", "Invoices", "Payments"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}")
def test_one_lost_batch_changes_nothing_in_the_end(
    office: Office, fault: dict[str, Any], resource: str, undisturbed: dict[str, Any]
) -> None:
    office.sync()
    office.world.faults.script[:] = []
    _script(office, [{**fault, "method": "PUT", "path": f"/{resource}$"}])
    run = office.take_over()
    assert run.counts["invoice"]["failed"] == 0
    if "books" in undisturbed:
        assert books(office) == undisturbed["books"]
    undisturbed.setdefault("books", books(office))
    marker = office.marker
    office.sync()
    assert office.writes(marker) == []


def test_the_good_day_is_what_the_bad_days_are_compared_with(
    office: Office, undisturbed: dict[str, Any]
) -> None:
    good_day(office)
    if "books" in undisturbed:
        assert books(office) == undisturbed["books"]
    undisturbed.setdefault("books", books(office))


def test_a_storm_of_faults_loses_and_doubles_nothing(office: Office, undisturbed: dict[str, Any]) -> None:
    office.sync()
    for fault in FAULTS:
        _rule(office, {**fault, "host": "xero", "rate": 0.05})
    office.switch("take_over")
    for _ in range(4):
        office.sync()
    office.world.faults.rules[:] = []
    Change.objects.filter(practice=office.practice, state=ChangeState.PARKED).update(state=ChangeState.PENDING)
    office.sync()
    if "books" in undisturbed:
        assert books(office) == undisturbed["books"]
    undisturbed.setdefault("books", books(office))


def _script(office: Office, steps: list[dict[str, Any]]) -> None:
    import requests

    requests.post(f"{office.url}/_sandbox/faults", json={"script": steps}, timeout=5).raise_for_status()


def _rule(office: Office, rule: dict[str, Any]) -> None:
    import requests

    requests.post(f"{office.url}/_sandbox/faults", json={"rules": [rule], "clear": False}, timeout=5).raise_for_status()


def test_one_bad_element_holds_back_only_itself_and_what_depends_on_it(office: Office) -> None:
    office.sync()
    victim = Change.objects.filter(practice=office.practice, kind="invoice", verb="create", reason="watch").first()
    assert victim is not None
    victim.values["lines"][0]["account_code"] = "999999"
    victim.save(update_fields=["values"])
    office.switch("take_over")
    Change.objects.filter(practice=office.practice, reason="watch").update(
        state=ChangeState.PENDING, reason="", message=""
    )
    from sync import deliver
    from practices.connections import client_for

    connection = victim.connection
    client = client_for(connection)
    while deliver.deliver_batch(connection, client, None) is not None:  # type: ignore[arg-type]
        pass
    victim.refresh_from_db()
    assert (victim.state, victim.parked_as) == (ChangeState.PARKED, "needs_mapping")
    assert "account" in victim.message
    others = Change.objects.filter(practice=office.practice, state=ChangeState.DONE, kind="invoice")
    assert others.count() > 50
    blocked = Change.objects.filter(depends_on=victim)
    assert set(blocked.values_list("state", flat=True)) <= {ChangeState.PENDING}


def test_a_worker_that_died_in_flight_is_looked_up_before_anything_is_sent(office: Office) -> None:
    office.sync()
    office.switch("take_over")
    _script(office, [{"kind": "drop_after", "method": "PUT", "path": "/Invoices$"}])
    from sync import deliver, runs
    from practices.connections import client_for

    original = deliver._failed
    deliver._failed = _die  # type: ignore[assignment]
    try:
        run = runs.start(office.practice, trigger="person", wake=False)
        with pytest.raises(_Killed):
            for _ in range(50):
                runs.advance(run.pk)
    finally:
        deliver._failed = original
    stuck = Change.objects.filter(practice=office.practice, state=ChangeState.IN_FLIGHT)
    assert stuck.count() == 50
    Connection.objects.update(lease_until=None, lease_token=None)
    from sync.models import Run

    Run.objects.update(lease_until=None, lease_token=None)
    marker = office.marker
    office.finish(run)
    lookups = [
        call for call in office.world.calls.since(marker, host="xero") if call.method == "GET" and "/Invoices" in call.path
    ]
    assert lookups
    numbers = [item["InvoiceNumber"] for item in office.ledger.invoices.values()]
    assert len(numbers) == len(set(numbers))
    assert Attempt.objects.filter(practice=office.practice, result=AttemptResult.UNCLEAR).exists()
    assert client_for(Connection.objects.get(practice=office.practice, provider="xero"))


class _Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def _die(*args: Any, **kwargs: Any) -> None:
    raise _Killed


def test_a_revoked_connection_stops_and_goes_on_after_reconnecting(office: Office) -> None:
    office.sync()
    office.switch("take_over")
    import requests

    requests.post(
        f"{office.url}/_sandbox/connections/revoke", json={"tenant": office.report.tenant_id}, timeout=5
    ).raise_for_status()
    run = office.sync()
    assert run.state == RunState.FAILED
    connection = Connection.objects.get(practice=office.practice, provider="xero")
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert office.writes() == []
    from practices import connecting
    from sync.demo import consent_for

    grant = connecting.store_xero_grant(consent_for(office.ledger.name))
    connecting.connect_xero(
        office.practice, actor=office.owner, grant=grant, tenant_external_id=office.report.tenant_id
    )
    office.sync()
    assert Link.objects.filter(practice=office.practice, kind="payment", method="written").exists()


def test_an_unreadable_record_is_set_aside_and_the_rest_goes_on(office: Office) -> None:
    rows = office.ignition.rows("invoices")
    broken = rows[0]["slug"]
    office.ignition.upsert("invoices", {**rows[0], "amount": {"total": "not money", "currency": "AUD"}})
    run = office.sync()
    assert run.state == RunState.INCOMPLETE
    from sync.models import Snapshot

    snapshot = Snapshot.objects.get(practice=office.practice, kind="invoice", external_id=broken)
    assert "amount" in snapshot.problem
    assert run.counts["reading"]["ignition"]["invoice"]["unreadable"] == 1
    assert run.counts["invoice"]["read"] > 100
