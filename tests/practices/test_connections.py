"""Connecting, reconnecting and disconnecting, against the sandbox over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone

from connectors.errors import NeedsReconnect
from practices import connections
from practices.connections import client_for
from practices.models import AuditEntry, Connection, ConnectionState, Grant, Practice, Role, User
from sandbox.server import Running
from tests.make import make_connection, make_grant, make_member, make_practice
from tests.practices.conftest import CLIENTS, allow_ignition, allow_xero, tenant_named

pytestmark = pytest.mark.django_db

HARBOUR = "Harbour Lane Advisory"
BLANK = "Blank Slate Pty Ltd"


@pytest.fixture
def knows_demo_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_known_ids", [lambda connection: {CLIENTS["demo"]}])


def connect_key(browser: Client, key: str = "ign-demo-key", slug: str = "harbour") -> Any:
    return browser.post(f"/p/{slug}/connections/ignition/", {"api_key": key}, follow=True)


def connect_xero(browser: Client, outside: Running, name: str = HARBOUR, slug: str = "harbour") -> Connection:
    tenant = tenant_named(outside.world, name)
    page = allow_xero(browser, outside, slug, [tenant])
    if page.request["PATH_INFO"].endswith("/choose/"):
        browser.post(f"/p/{slug}/connections/xero/choose/", {"tenant": tenant})
    return Connection.objects.get(practice__slug=slug, provider="xero")


def test_ignition_by_api_key(alice: Client, owner: User, outside: Running) -> None:
    page = connect_key(alice)
    assert "Ignition is connected" in page.content.decode()
    connection = Connection.objects.select_related("grant").get()
    assert connection.is_usable
    assert connection.connected_by == owner
    assert connection.grant is not None
    assert connection.grant.secret == {"api_key": "ign-demo-key"}
    assert client_for(connection).get_json("/reporting/clients")["data"][0]["slug"] == CLIENTS["demo"]
    entry = AuditEntry.objects.get(action="connection.connected")
    assert entry.actor == owner
    assert "ign-demo-key" not in str(entry.details) + entry.summary


def test_a_wrong_key_is_not_stored_and_not_shown_again(alice: Client, outside: Running) -> None:
    page = connect_key(alice, "ign-wrong-key")
    assert page.status_code == 422
    assert "does not accept this API key" in page.content.decode()
    assert "ign-wrong-key" not in page.content.decode()
    assert not Connection.objects.exists()
    assert not Grant.objects.exists()


def test_ignition_down_says_so_and_stores_nothing(alice: Client, outside: Running, settings: Any) -> None:
    settings.IGNITION_API_URL = "http://127.0.0.1:9/external/api/v1"
    page = connect_key(alice)
    assert "The key was not saved" in page.content.decode()
    assert not Grant.objects.exists()


def test_ignition_by_consent(alice: Client, outside: Running) -> None:
    page = allow_ignition(alice, "harbour", "demo")
    assert "Ignition is connected" in page.content.decode()
    connection = Connection.objects.select_related("grant").get()
    assert connection.grant is not None
    assert connection.grant.auth_kind == "oauth2"
    assert connection.grant.expires_at > timezone.now() + timedelta(minutes=30)
    assert client_for(connection).get_json("/reporting/clients")["data"]


def test_consent_is_offered_only_where_registered(alice: Client, settings: Any) -> None:
    assert "With your Ignition log-in" in alice.get("/p/harbour/connections/ignition/").content.decode()
    settings.IGNITION_CLIENT_ID = ""
    assert "With your Ignition log-in" not in alice.get("/p/harbour/connections/ignition/").content.decode()


def test_ignition_again_keeps_the_row(alice: Client, outside: Running, knows_demo_client: None) -> None:
    connect_key(alice)
    first = Connection.objects.get()
    outside.world.ignition["demo"].api_keys.add("ign-demo-new")
    connect_key(alice, "ign-demo-new")
    again = Connection.objects.select_related("grant").get()
    assert again.pk == first.pk
    assert again.grant is not None
    assert again.grant.secret == {"api_key": "ign-demo-new"}
    assert Grant.objects.count() == 1  # the replaced key is gone


def test_another_ignition_account_is_refused(
    alice: Client, outside: Running, knows_demo_client: None
) -> None:
    connect_key(alice)
    page = connect_key(alice, "ign-kiwi-key")
    assert page.status_code == 409
    assert HARBOUR in page.content.decode()
    assert Grant.objects.get().secret == {"api_key": "ign-demo-key"}


def test_another_ignition_account_by_consent_is_refused(
    alice: Client, outside: Running, knows_demo_client: None
) -> None:
    connect_key(alice)
    page = allow_ignition(alice, "harbour", "kiwi")
    assert page.status_code == 409
    assert Grant.objects.get().secret == {"api_key": "ign-demo-key"}
    assert not any(grant.refresh for grant in outside.world.ignition["kiwi"].grants)


def test_xero_choose_an_organisation(alice: Client, owner: User, outside: Running) -> None:
    world = outside.world
    chosen, taken = tenant_named(world, HARBOUR), tenant_named(world, "Kauri Point Accounting")
    make_connection(make_practice("Another firm"), tenant_external_id=taken)
    page = allow_xero(alice, outside, "harbour", [chosen, taken])
    text = page.content.decode()
    assert "Connected to another practice here." in text
    assert "Another firm" not in text  # Alice is no member of it
    page = alice.post("/p/harbour/connections/xero/choose/", {"tenant": taken}, follow=True)
    assert "Disconnect it there first" in page.content.decode()
    assert not Connection.objects.filter(practice__slug="harbour").exists()

    alice.post("/p/harbour/connections/xero/choose/", {"tenant": chosen})
    connection = Connection.objects.select_related("grant").get(practice__slug="harbour")
    assert connection.tenant_name == HARBOUR
    assert connection.connected_by == owner
    assert connection.tenant_details["currency"] == "AUD"
    assert connection.tenant_details["country"] == "AU"
    assert connection.tenant_details["short_code"]
    assert connection.grant is not None
    assert connection.grant.subject
    assert set(connection.grant.scopes) >= {"accounting.contacts", "offline_access"}


def test_a_tenant_outside_the_consent_is_refused(alice: Client, outside: Running) -> None:
    allow_xero(alice, outside, "harbour", [tenant_named(outside.world, HARBOUR)])
    page = alice.post("/p/harbour/connections/xero/choose/", {"tenant": "made-up"}, follow=True)
    assert "does not reach this organisation" in page.content.decode()
    assert not Connection.objects.exists()


def test_xero_cancelled_at_xero(alice: Client, outside: Running) -> None:
    page = allow_xero(alice, outside, "harbour", [], decision="cancel")
    assert "Nothing was changed" in page.content.decode()
    assert not Grant.objects.exists()


def test_xero_cancelled_after_the_consent_gives_it_back(alice: Client, outside: Running) -> None:
    allow_xero(alice, outside, "harbour", [tenant_named(outside.world, HARBOUR)])
    assert outside.world.xero.connections
    alice.post("/p/harbour/connections/xero/cancel/")
    assert not Grant.objects.exists()
    assert not outside.world.xero.connections


def test_a_state_that_is_not_ours_is_refused(alice: Client, outside: Running) -> None:
    page = alice.get("/connections/callback/xero/?code=x&state=made-up")
    assert page.status_code == 400
    assert "not started here" in page.content.decode()


def test_a_state_works_once(alice: Client, outside: Running) -> None:
    page = allow_xero(alice, outside, "harbour", [tenant_named(outside.world, HARBOUR)])
    back = page.redirect_chain[0][0]
    assert back
    assert alice.session["consents"] == {}


def test_a_demoted_admin_cannot_finish(
    alice: Client, owner: User, practice: Practice, outside: Running
) -> None:
    begun = alice.post("/p/harbour/connections/xero/consent/")
    state = next(iter(alice.session["consents"]))
    assert state in begun["Location"]
    owner.memberships.update(role=Role.STAFF)
    assert alice.get(f"/connections/callback/xero/?code=x&state={state}").status_code == 403


def test_reconnecting_xero_keeps_the_row(
    alice: Client, outside: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = connect_xero(alice, outside)
    Connection.objects.update(state=ConnectionState.NEEDS_RECONNECT, state_reason="gone", lease_token=None)
    freed: list[int] = []
    monkeypatch.setattr(connections, "_reconnected", [])
    connections.register_reconnected(lambda connection: freed.append(connection.pk))
    again = connect_xero(alice, outside)
    assert (again.pk, again.public_id) == (first.pk, first.public_id)
    assert again.is_usable
    assert again.state_reason == ""
    assert freed == [first.pk]
    assert AuditEntry.objects.filter(action="connection.reconnected").count() == 1


def test_reconnecting_another_xero_organisation_is_refused(alice: Client, outside: Running) -> None:
    connect_xero(alice, outside)
    # The person takes the first organisation out in Xero, and consents to another one only.
    outside.world.xero.connections.clear()
    page = allow_xero(alice, outside, "harbour", [tenant_named(outside.world, BLANK)])
    text = page.content.decode()
    assert page.status_code == 409
    assert HARBOUR in text
    assert BLANK in text
    assert Connection.objects.get().tenant_name == HARBOUR


def test_two_practices_share_one_xero_person(alice: Client, owner: User, outside: Running) -> None:
    second = make_practice("Blank", slug="blank")
    make_member(second, user=owner)
    connect_xero(alice, outside)
    connect_xero(alice, outside, BLANK, "blank")
    assert Grant.objects.count() == 1
    alice.post("/p/harbour/connections/xero/disconnect/")
    other = Connection.objects.select_related("grant").get(practice=second)
    assert other.grant is not None
    assert client_for(other).get_json("/Organisation")["Organisations"][0]["Name"] == BLANK
    names = [entry["tenantName"] for entry in client_for(other).connections()]  # type: ignore[union-attr]
    assert names == [BLANK]


def test_disconnecting_xero_leaves_nothing_behind(alice: Client, outside: Running) -> None:
    connect_xero(alice, outside)
    page = alice.get("/p/harbour/connections/xero/disconnect/")
    assert "Nothing more is read from or written to Xero" in page.content.decode()
    alice.post("/p/harbour/connections/xero/disconnect/")
    connection = Connection.objects.get()
    assert connection.state == ConnectionState.DISCONNECTED
    assert connection.grant is None
    assert connection.tenant_name == HARBOUR
    assert not Grant.objects.exists()
    assert not outside.world.xero.connections
    with pytest.raises(NeedsReconnect):
        client_for(connection)
    alice.post("/p/harbour/connections/xero/disconnect/")
    assert AuditEntry.objects.filter(action="connection.disconnected").count() == 1


def test_disconnecting_works_while_xero_is_down(alice: Client, outside: Running, settings: Any) -> None:
    connect_xero(alice, outside)
    settings.XERO_API_URL = settings.XERO_IDENTITY_URL = "http://127.0.0.1:9"
    alice.post("/p/harbour/connections/xero/disconnect/")
    assert Connection.objects.get().state == ConnectionState.DISCONNECTED
    assert not Grant.objects.exists()
    assert AuditEntry.objects.get(action="connection.credentials_dropped").details["confirmed"] is False


def test_lost_encryption_keys_leave_a_way_out(alice: Client, outside: Running, settings: Any) -> None:
    connect_xero(alice, outside)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert alice.get("/p/harbour/connections/").status_code == 200
    page = alice.post("/p/harbour/connections/xero/test/", follow=True).content.decode()
    assert "be decrypted" in page
    assert connect_xero(alice, outside).is_usable
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    alice.post("/p/harbour/connections/xero/disconnect/")
    assert not Grant.objects.exists()


def test_a_disconnected_organisation_may_move_to_another_practice(
    alice: Client, owner: User, outside: Running
) -> None:
    connect_xero(alice, outside)
    alice.post("/p/harbour/connections/xero/disconnect/")
    make_member(make_practice(slug="second"), user=owner)
    assert connect_xero(alice, outside, HARBOUR, "second").is_usable
    page = allow_xero(alice, outside, "harbour", [tenant_named(outside.world, HARBOUR)])
    assert "another practice" in page.content.decode()


def test_a_new_consent_revives_the_other_practices_of_that_person(
    alice: Client, owner: User, outside: Running
) -> None:
    make_member(make_practice(slug="blank"), user=owner)
    connect_xero(alice, outside)
    connect_xero(alice, outside, BLANK, "blank")
    Connection.objects.update(state=ConnectionState.NEEDS_RECONNECT)
    connect_xero(alice, outside)
    assert {connection.state for connection in Connection.objects.all()} == {"connected"}


def test_a_connection_page_shows_no_secrets(alice: Client, practice: Practice, owner: User) -> None:
    make_connection(
        practice, grant=make_grant(secret={"access_token": "s3cret-a", "refresh_token": "s3cret-r"})
    )
    make_connection(practice, "ignition", grant=make_grant("ignition", secret={"api_key": "s3cret-k"}))
    text = alice.get("/p/harbour/connections/").content.decode()
    assert "s3cret" not in text
    assert "Needs" not in text


def test_who_may_do_what_on_the_connections_page(client: Client, practice: Practice) -> None:
    make_connection(practice)
    client.force_login(make_member(practice, Role.VIEWER))
    assert "Disconnect" not in client.get("/p/harbour/connections/").content.decode()
    for path in ("ignition/", "xero/disconnect/", "xero/choose/"):
        assert client.get(f"/p/harbour/connections/{path}").status_code == 403
    for path in ("xero/consent/", "xero/test/", "xero/cancel/"):
        assert client.post(f"/p/harbour/connections/{path}").status_code == 403
