"""Secrets for live changes: shown once, replaced with a day's overlap, taken back at once, every step audited."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from practices import hooks
from practices.models import (
    AuditEntry,
    Connection,
    ConnectionState,
    HookSecret,
    Practice,
    Provider,
    Role,
    User,
)
from tests.make import make_connection, make_hook_secret, make_member, make_practice

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(practice: Practice) -> Connection:
    return make_connection(practice, Provider.IGNITION)


def made(browser: Client, label: str = "Zapier") -> str:
    answer = browser.post("/p/harbour/connections/ignition/secrets/", {"label": label})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"whs_[\w-]{43}", answer.content.decode())
    assert found is not None
    return found[0]


def test_a_secret_is_shown_once_and_stored_encrypted(
    alice: Client, owner: User, connection: Connection, settings: Any
) -> None:
    settings.BASE_URL = "https://sync.example.com"
    text = made(alice)
    row = HookSecret.objects.get()
    assert (row.secret, row.label, row.created_by, row.expires_at) == (text, "Zapier", owner, None)
    with database.cursor() as cursor:
        cursor.execute("SELECT secret FROM practices_hooksecret")
        assert text not in cursor.fetchone()[0]
    page = unescape(alice.get("/p/harbour/connections/").content.decode())
    assert text not in page
    assert f"https://sync.example.com/hooks/ignition/{connection.public_id}/" in page
    entry = AuditEntry.objects.get(action="hook_secret.made")
    assert (entry.actor, entry.object_id) == (owner, str(row.pk))
    assert text not in f"{entry.summary} {entry.details}"
    assert [found.secret for found in hooks.valid_for(connection.public_id, now=timezone.now())] == [text]


@pytest.mark.parametrize("label", ["", "   ", "a\nb", "a\x00b", "\u2028"])
def test_a_secret_needs_a_name(alice: Client, connection: Connection, label: str) -> None:
    answer = alice.post("/p/harbour/connections/ignition/secrets/", {"label": label}, follow=True)
    assert "Say on one line what will use the secret" in answer.content.decode()
    assert not HookSecret.objects.exists()


def test_a_secret_needs_a_connection(alice: Client, practice: Practice) -> None:
    address = "/p/harbour/connections/ignition/secrets/"
    assert "Connect Ignition first." in alice.post(address, {"label": "x"}, follow=True).content.decode()
    make_connection(practice, Provider.IGNITION, state=ConnectionState.DISCONNECTED)
    assert "is not connected" in alice.post(address, {"label": "x"}, follow=True).content.decode()
    assert not HookSecret.objects.exists()


def test_there_is_an_end_to_it(alice: Client, connection: Connection) -> None:
    for _ in range(hooks.MOST_SECRETS):
        make_hook_secret(connection)
    answer = alice.post("/p/harbour/connections/ignition/secrets/", {"label": "x"}, follow=True)
    assert "There are 10 already" in answer.content.decode()
    HookSecret.objects.filter(pk=HookSecret.objects.latest("pk").pk).update(expires_at=timezone.now())
    made(alice)


def test_replacing_one_leaves_a_day(alice: Client, connection: Connection) -> None:
    old = make_hook_secret(connection, label="Make")
    address = f"/p/harbour/connections/secrets/{old.pk}/replace/"
    answer = alice.post(address)
    assert "another 24 hours" in answer.content.decode()
    old.refresh_from_db()
    assert old.expires_at is not None
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)
    assert len(hooks.valid_for(connection.public_id, now=timezone.now())) == 2
    assert len(hooks.valid_for(connection.public_id, now=timezone.now() + timedelta(hours=25))) == 1
    assert "was replaced already" in alice.post(address, follow=True).content.decode()
    assert HookSecret.objects.count() == 2
    assert AuditEntry.objects.filter(action="hook_secret.replaced").count() == 1


def test_taking_one_back_works_at_once(alice: Client, connection: Connection) -> None:
    secret = make_hook_secret(connection)
    address = f"/p/harbour/connections/secrets/{secret.pk}/revoke/"
    assert alice.post(address).status_code == 302
    assert hooks.valid_for(connection.public_id, now=timezone.now()) == []
    assert alice.post(address).status_code == 404
    assert AuditEntry.objects.filter(action="hook_secret.revoked").count() == 1


def test_another_practices_secret_is_not_found(alice: Client, connection: Connection) -> None:
    foreign = make_hook_secret(make_connection(make_practice(), Provider.IGNITION))
    for verb in ("replace", "revoke"):
        assert alice.post(f"/p/harbour/connections/secrets/{foreign.pk}/{verb}/").status_code == 404
    assert HookSecret.objects.filter(pk=foreign.pk, expires_at=None).exists()


def test_who_sees_what_of_it(practice: Practice, connection: Connection, settings: Any) -> None:
    make_hook_secret(connection, label="Zapier of Sam")
    make_connection(practice, Provider.XERO)
    for keys, words in (([], "not switched on"), (["k" * 40], "every organisation connected here")):
        settings.XERO_WEBHOOK_KEY = keys
        for role in (Role.ADMIN, Role.VIEWER):
            browser = Client()
            browser.force_login(make_member(practice, role))
            page = unescape(browser.get("/p/harbour/connections/").content.decode())
            assert words in page
            assert "Zapier of Sam" in page
            assert ("/replace/" in page) is (role == Role.ADMIN)
            assert ("developer portal" in page) is (role == Role.ADMIN)


def test_a_secret_that_can_not_be_read_takes_no_page_down(
    alice: Client, connection: Connection, settings: Any
) -> None:
    secret = make_hook_secret(connection)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert alice.get("/p/harbour/connections/").status_code == 200
    assert alice.post(f"/p/harbour/connections/secrets/{secret.pk}/replace/").status_code == 200
    assert alice.post(f"/p/harbour/connections/secrets/{secret.pk}/revoke/").status_code == 302


def test_its_key_can_be_changed(connection: Connection, settings: Any) -> None:
    secret = make_hook_secret(connection, secret="whs_kept")
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert HookSecret.objects.get(pk=secret.pk).secret == "whs_kept"
