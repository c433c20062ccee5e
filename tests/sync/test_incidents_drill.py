"""Drills against the simulated systems: an outage is one incident, and what is fixed once frees all that waited."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import requests

from mappings.services import load_choices, publish
from practices import connecting
from practices.models import Connection, ConnectionState
from sync import incidents, runs
from sync.demo import consent_for
from sync.models import (
    Change,
    ChangeState,
    Incident,
    IncidentState,
    Link,
    Resolution,
    Run,
    Trigger,
)
from tests.sync.conftest import Office

OUTAGE: list[dict[str, Any]] = [
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "drop_after"},
    {"kind": "malformed"},
]


def post(office: Office, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{office.url}/_sandbox/{path}", json=body, timeout=5).raise_for_status()


def unresolved(office: Office, cause: str = "") -> list[Incident]:
    rows = Incident.objects.filter(practice=office.practice).exclude(state=IncidentState.RESOLVED)
    return list(rows.filter(cause__startswith=cause))


def turns(office: Office, run: Run, number: int) -> Iterator[Run]:
    """So many slices of a run, without waiting for the times at which work would be tried again."""
    for _ in range(number):
        Run.objects.filter(pk=run.pk).update(resumes_at=None)
        Connection.objects.filter(practice=office.practice).update(resumes_at=None)
        Change.objects.filter(practice=office.practice).update(not_before=None)
        moved = runs.advance(run.pk)
        assert moved is not None
        yield moved


def test_an_outage_is_one_incident_whatever_it_shows_and_ends_by_itself(small_office: Office) -> None:
    office = small_office
    office.sync()
    office.switch("take_over")
    xero = Connection.objects.get(practice=office.practice, provider="xero")
    run = runs.start(office.practice, trigger=Trigger.PERSON, wake=False)
    seen: set[int] = set()
    for fault in OUTAGE:
        post(office, "faults", {"rules": [{**fault, "host": "xero", "rate": 1.0}]})
        for _ in turns(office, run, 2):
            found = unresolved(office, "trouble")
            assert [(item.connection_id, item.kind, item.heals) for item in found] == [(xero.pk, "", True)]
            seen.add(found[0].pk)
        run = runs.start(office.practice, trigger=Trigger.PERSON, wake=False)
    assert len(seen) == 1
    post(office, "faults", {"rules": []})
    office.sync()
    over = Incident.objects.get(practice=office.practice, cause="trouble")
    assert (over.pk, over.state, over.resolution) == (
        seen.pop(),
        IncidentState.RESOLVED,
        Resolution.ITSELF,
    )
    assert not unresolved(office, "run")


def test_an_outage_between_reading_and_writing_counts_what_waits(small_office: Office) -> None:
    office = small_office
    office.sync()
    post(office, "faults", {"rules": [{"kind": "status", "status": 503, "method": "PUT", "rate": 1.0}]})
    office.switch("take_over")
    run = runs.start(office.practice, trigger=Trigger.PERSON, wake=False)
    for _ in turns(office, run, 3):
        pass
    (found,) = unresolved(office, "trouble")
    waiting = Change.objects.filter(practice=office.practice, state=ChangeState.PENDING, tries__gt=0).count()
    assert found.count == waiting > 0


def test_one_choice_on_the_mapping_page_frees_all_that_waited_for_it(small_office: Office) -> None:
    office, label = small_office, "GST on Income"
    office.sync()
    _, choices = load_choices(office.practice)
    without = {name: value for name, value in choices.tax_by_label.items() if name != label}
    assert len(without) < len(choices.tax_by_label)
    publish(office.practice, dataclasses.replace(choices, tax_by_label=without), actor=office.owner)
    office.take_over()
    (found,) = unresolved(office, "held.tax_unmapped")
    waiting = Change.objects.filter(practice=office.practice, kind="invoice", reason="tax_unmapped")
    assert (found.subject, found.kind) == (label, "invoice")
    assert found.count == waiting.filter(state="held").count() > 5
    publish(office.practice, choices, actor=office.owner)
    office.sync()
    found.refresh_from_db()
    assert (found.state, found.resolution) == (IncidentState.RESOLVED, Resolution.PERSON)
    assert not waiting.filter(state="held").exists()
    written = Link.objects.filter(practice=office.practice, kind="invoice", method="written").count()
    assert written >= found.count


def test_another_account_frees_what_the_target_refused_for_it(small_office: Office) -> None:
    office = small_office
    office.sync()
    _, choices = load_choices(office.practice)
    code = choices.sales_account
    spare = next(
        item["Code"]
        for item in office.ledger.accounts.values()
        if item["Type"] in {"REVENUE", "SALES"} and item.get("Code") and item["Code"] != code
    )
    office.switch("take_over")
    for account in office.ledger.accounts.values():
        if account.get("Code") == code:  # archived just now: the app has not read it yet
            account["Status"] = "ARCHIVED"
    office.sync()
    found = unresolved(office, "needs_mapping") + unresolved(office, "held.account_gone")
    assert found
    number = sum(item.count for item in found)
    replaced = dataclasses.replace(
        choices,
        sales_account=spare,
        account_by_service={
            name: spare if value == code else value for name, value in choices.account_by_service.items()
        },
    )
    publish(office.practice, replaced, actor=office.owner)
    office.sync()
    assert number > 0
    assert not unresolved(office, "needs_mapping")
    assert not unresolved(office, "held.account_gone")
    for item in found:
        item.refresh_from_db()
        assert item.resolution == Resolution.PERSON


def test_a_reconnect_frees_all_that_waited_for_it(small_office: Office) -> None:
    office = small_office
    office.sync()
    office.switch("take_over")
    run = runs.start(office.practice, trigger=Trigger.PERSON, wake=False, reads=False)
    post(office, "connections/revoke", {"tenant": office.report.tenant_id})
    office.finish(run)
    (found,) = unresolved(office, "reconnect")
    xero = Connection.objects.get(practice=office.practice, provider="xero")
    assert xero.state == ConnectionState.NEEDS_RECONNECT
    assert (found.connection, found.severity, found.heals) == (xero, "critical", False)
    assert found.count == Change.objects.filter(practice=office.practice, state="pending").count()
    assert not unresolved(office, "run_failed")
    assert not unresolved(office, "trouble")
    grant = connecting.store_xero_grant(consent_for(office.ledger.name))
    connecting.connect_xero(
        office.practice, actor=office.owner, grant=grant, tenant_external_id=office.report.tenant_id
    )
    office.sync()
    incidents.refresh(office.practice)
    found.refresh_from_db()
    assert (found.state, found.resolution) == (IncidentState.RESOLVED, Resolution.PERSON)
    assert not Change.objects.filter(practice=office.practice, state=ChangeState.PENDING).exists()
    assert Link.objects.filter(practice=office.practice, kind="payment", method="written").exists()
