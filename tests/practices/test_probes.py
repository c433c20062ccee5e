"""The test button, against the sandbox."""

from typing import Any

import pytest
from django.test import Client

from practices.models import Connection, ConnectionState, Grant, Practice
from practices.probes import Probe, run_probes
from sandbox.faults import Fault
from sandbox.server import Running
from tests.make import make_connection, make_grant
from tests.practices.conftest import allow_xero, tenant_named

pytestmark = pytest.mark.django_db


@pytest.fixture
def xero(alice: Client, outside: Running) -> Connection:
    tenant = tenant_named(outside.world, "Harbour Lane Advisory")
    allow_xero(alice, outside, "harbour", [tenant])
    alice.post("/p/harbour/connections/xero/choose/", {"tenant": tenant})
    found: Connection = Connection.objects.select_related("grant", "practice").get()
    return found


@pytest.fixture
def ignition(alice: Client, outside: Running) -> Connection:
    alice.post("/p/harbour/connections/ignition/", {"api_key": "ign-demo-key"})
    found: Connection = Connection.objects.select_related("grant", "practice").get()
    return found


def results(probes: list[Probe]) -> dict[str, str]:
    return {probe.name: probe.result for probe in probes}


def test_a_healthy_xero_connection(xero: Connection, alice: Client) -> None:
    probes = run_probes(xero, actor=None)
    assert len(probes) == 13
    assert {probe.result for probe in probes} == {"ok"}, probes
    page = alice.post("/p/harbour/connections/xero/test/", follow=True).content.decode()
    assert "all 13 checks passed" in page
    assert "Organisation readable" in page


def test_a_healthy_ignition_connection(ignition: Connection) -> None:
    probes = run_probes(ignition, actor=None)
    assert len(probes) == 7
    assert {probe.result for probe in probes} == {"ok"}, probes
    stored = Connection.objects.get().last_probe
    assert stored["ok"] is True
    assert [probe["name"] for probe in stored["probes"]] == [probe.name for probe in probes]


def test_an_organisation_that_was_taken_out_in_xero(xero: Connection, outside: Running) -> None:
    outside.world.xero.connections.clear()
    found = results(run_probes(xero, actor=None))
    assert found["Access token works"] == "ok"
    assert found["Organisation still connected"] == "fail"
    assert found["Contacts readable"] == "skip"


def test_missing_permissions_are_named(xero: Connection) -> None:
    Grant.objects.update(scopes=["accounting.contacts", "accounting.invoices", "offline_access"])
    xero = Connection.objects.select_related("grant", "practice").get()
    probe = next(probe for probe in run_probes(xero, actor=None) if probe.name == "Permissions given")
    assert probe.result == "fail"
    assert "payments" in probe.detail
    assert "tax rates" in probe.detail
    assert "invoices" not in probe.detail


def test_one_list_that_fails_does_not_hide_the_others(xero: Connection, outside: Running) -> None:
    outside.world.faults.rules.append(Fault(kind="status", status=503, path="/Payments"))
    found = results(run_probes(xero, actor=None))
    assert found["Payments readable"] == "fail"
    assert found["Accounts readable"] == "ok"
    assert Connection.objects.get().is_usable


def test_a_locked_period_and_a_demo_company(xero: Connection, outside: Running) -> None:
    books = outside.world.xero.organisations[xero.tenant_external_id]
    books.period_lock_date, books.demo_company = "2099-12-31", True
    found = results(run_probes(xero, actor=None))
    assert found["Locked periods"] == "fail"
    assert found["Kind of organisation"] == "warn"
    assert Connection.objects.get().tenant_details["period_lock_date"] == "2099-12-31"


def test_a_revoked_key_flags_the_connection(ignition: Connection, outside: Running) -> None:
    outside.world.ignition["demo"].api_keys.clear()
    found = results(run_probes(ignition, actor=None))
    assert found["Credentials accepted"] == "fail"
    assert found["Clock"] == "skip"
    assert Connection.objects.get().state == ConnectionState.NEEDS_RECONNECT


def test_a_disconnected_connection_is_not_tried(practice: Practice, outside: Running) -> None:
    connection = make_connection(practice, state=ConnectionState.DISCONNECTED)
    probes = run_probes(connection, actor=None)
    assert results(probes)["Access token works"] == "fail"
    assert outside.world.calls.last == 0


def test_a_failed_test_is_shown(alice: Client, practice: Practice, settings: Any) -> None:
    settings.IGNITION_API_URL = "http://127.0.0.1:9/external/api/v1"
    make_connection(practice, "ignition", grant=make_grant("ignition"))
    page = alice.post("/p/harbour/connections/ignition/test/", follow=True).content.decode()
    assert "1 of 7 checks failed" in page
    assert "Not tried" in page
