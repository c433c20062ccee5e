"""One token, many workers: refresh once, survive lost answers, and know when a person has to reconnect."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from connectors import oauth
from connectors.errors import NeedsReconnect, Retryable
from practices import tokens
from practices.models import AuditEntry, Connection, ConnectionState, Grant, GrantState, Practice, User
from practices.tokens import LEASE, GrantTokens, keep_alive
from sandbox.faults import Fault
from sandbox.server import Running
from tests.make import make_connection, make_grant
from tests.practices.conftest import allow_xero, tenant_named

TOKEN_PATH = "/connect/token"


@pytest.fixture
def grant(alice: Client, outside: Running) -> Grant:
    """A real consent of the sandbox, whose access token just ran out."""
    tenant = tenant_named(outside.world, "Harbour Lane Advisory")
    allow_xero(alice, outside, "harbour", [tenant])
    alice.post("/p/harbour/connections/xero/choose/", {"tenant": tenant})
    Grant.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    return Grant.objects.get()


def token_calls(served: Running) -> int:
    return sum(call.path == TOKEN_PATH for call in served.world.calls.since(0))


@pytest.mark.django_db(transaction=True)
def test_eight_workers_refresh_once(grant: Grant, outside: Running) -> None:
    before = token_calls(outside)
    outside.world.faults.rules.append(Fault(kind="slow", path=TOKEN_PATH, seconds=0.5, times=1))
    got: list[str] = []
    start = threading.Barrier(8)

    def worker() -> None:
        try:
            start.wait()
            got.append(GrantTokens(grant).token())
        finally:
            database.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1
    assert token_calls(outside) - before == 1
    stored = Grant.objects.get()
    assert stored.secret["access_token"] == got[0]
    assert stored.lease_until is None


@pytest.mark.django_db
class TestRefresh:
    def test_fresh_tokens_are_used_as_they_are(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(oauth, "refresh", _must_not_be_called)
        grant = make_grant(expires_at=timezone.now() + timedelta(minutes=5))
        source = GrantTokens(grant)
        assert source.token() == grant.secret["access_token"]
        assert source.token() == grant.secret["access_token"]
        assert grant.secret["access_token"] not in repr(source)

    def test_both_tokens_are_replaced(self, grant: Grant) -> None:
        old = grant.secret
        token = GrantTokens(grant).token()
        stored = Grant.objects.get()
        assert stored.secret["access_token"] == token != old["access_token"]
        assert stored.secret["refresh_token"] != old["refresh_token"]
        assert stored.expires_at is not None
        assert stored.expires_at > timezone.now() + timedelta(minutes=20)
        assert stored.refreshed_at is not None

    def test_a_refused_token_is_renewed_before_its_time(self, grant: Grant) -> None:
        source = GrantTokens(grant)
        first = source.token()
        assert source.renew(first) != first

    def test_renewing_what_another_worker_renewed_costs_no_call(self, grant: Grant, outside: Running) -> None:
        fresh = GrantTokens(grant).token()
        before = token_calls(outside)
        assert GrantTokens(grant).renew("the-token-from-before") == fresh
        assert token_calls(outside) == before

    def test_a_lost_answer_is_retried_with_the_old_token(self, grant: Grant, outside: Running) -> None:
        outside.world.faults.rules.append(Fault(kind="drop_after", path=TOKEN_PATH, times=1))
        with pytest.raises(Retryable):
            GrantTokens(grant).token()
        assert Grant.objects.get().lease_until is None
        assert GrantTokens(grant).token() == Grant.objects.get().secret["access_token"]
        assert Connection.objects.get().is_usable

    def test_trouble_at_the_provider_kills_nothing(self, grant: Grant, outside: Running) -> None:
        for status in (429, 503):
            outside.world.faults.rules.append(Fault(kind="status", status=status, path=TOKEN_PATH, times=1))
            with pytest.raises(Retryable):
                GrantTokens(grant).token()
        assert Grant.objects.get().state == GrantState.ACTIVE
        assert Connection.objects.get().is_usable

    def test_a_wrong_client_secret_is_no_reason_to_reconnect(self, grant: Grant, settings: Any) -> None:
        settings.XERO_CLIENT_SECRET = "wrong"
        with pytest.raises(Retryable):
            GrantTokens(grant).token()
        assert Grant.objects.get().state == GrantState.ACTIVE

    def test_a_dead_refresh_token_flags_every_connection_once(
        self, grant: Grant, outside: Running, practice: Practice
    ) -> None:
        for granted in list(outside.world.xero.tokens.sets):
            outside.world.xero.tokens.end(granted)
        for _ in range(2):
            with pytest.raises(NeedsReconnect):
                GrantTokens(grant).token()
        connection = Connection.objects.get()
        assert Grant.objects.get().state == GrantState.DEAD
        assert connection.state == ConnectionState.NEEDS_RECONNECT
        assert "reconnect" in connection.state_reason
        entry = AuditEntry.objects.get(action="connection.needs_reconnect")
        assert entry.actor_label == "System"

    def test_invalid_grant_after_someone_else_refreshed_is_no_death(
        self, grant: Grant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def someone_was_faster(app: oauth.OAuthApp, token: str) -> oauth.Tokens:
            Grant.objects.update(
                secret={"access_token": "theirs", "refresh_token": "theirs-too"},
                expires_at=timezone.now() + timedelta(minutes=30),
            )
            raise NeedsReconnect("gone", provider="xero")

        monkeypatch.setattr(oauth, "refresh", someone_was_faster)
        assert GrantTokens(grant).token() == "theirs"
        assert Grant.objects.get().state == GrantState.ACTIVE

    def test_a_late_answer_never_overwrites_a_newer_pair(
        self, grant: Grant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Our lease ran out while we waited; the next worker refreshed and saved."""

        def slow(app: oauth.OAuthApp, token: str) -> oauth.Tokens:
            Grant.objects.update(
                secret={"access_token": "newer", "refresh_token": "newer-too"},
                expires_at=timezone.now() + timedelta(minutes=30),
                lease_token=None,
                lease_until=None,
            )
            return oauth.Tokens(
                access_token="older", refresh_token="older-too", expires_at=timezone.now(), scopes=()
            )

        monkeypatch.setattr(oauth, "refresh", slow)
        assert GrantTokens(grant).token() == "newer"
        assert Grant.objects.get().secret["access_token"] == "newer"

    def test_a_lease_of_a_dead_worker_runs_out(self, grant: Grant) -> None:
        Grant.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert GrantTokens(grant).token()

    def test_waiting_for_another_worker_ends(self, grant: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tokens, "WAIT_SECONDS", 0.15)
        Grant.objects.update(lease_until=timezone.now() + LEASE)
        with pytest.raises(Retryable):
            GrantTokens(grant).token()

    def test_a_forgotten_grant_means_reconnect(self, db: None) -> None:
        grant = make_grant()
        source = GrantTokens(grant)
        grant.delete()
        with pytest.raises(NeedsReconnect):
            source.token()


@pytest.mark.django_db
def test_an_api_key_has_no_successor(practice: Practice) -> None:
    connection = make_connection(practice, "ignition", grant=make_grant("ignition", secret={"api_key": "k"}))
    assert connection.grant is not None
    source = GrantTokens(connection.grant)
    assert source.token() == "k"
    with pytest.raises(NeedsReconnect):
        source.renew("k")
    connection.refresh_from_db()
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert "API key" in connection.state_reason


@pytest.mark.django_db
def test_idle_grants_are_kept_alive(grant: Grant, owner: User) -> None:
    now = timezone.now()
    assert keep_alive(now) == 0
    Grant.objects.update(refreshed_at=now - timedelta(days=7), expires_at=now - timedelta(days=7))
    assert keep_alive(now) == 1
    assert keep_alive(now) == 0


def test_secrets_stay_out_of_reprs() -> None:
    made: list[Callable[[], object]] = [
        lambda: oauth.Tokens(access_token="hush", refresh_token="hush", expires_at=timezone.now(), scopes=()),
        lambda: oauth.Consent(url="https://x", state="s", verifier="hush"),
    ]
    assert "hush" not in "".join(repr(make()) for make in made)


def test_claims_of_an_opaque_token_are_empty() -> None:
    assert oauth.claims("opaque") == {}
    assert oauth.claims("a.b.c") == {}
    assert oauth.claims("a.W10.c") == {}  # JSON, but no object


def test_secrets_never_travel_in_the_clear() -> None:
    app = oauth.OAuthApp(
        provider="xero",
        authorize_url="http://example.com/a",
        token_url="http://example.com/t",
        revoke_url="http://example.com/r",
        client_id="c",
        client_secret="hush",
        scopes=(),
    )
    assert "hush" not in repr(app)
    with pytest.raises(ValueError, match="in the clear"):
        oauth.refresh(app, "r")
    with pytest.raises(ValueError, match="in the clear"):
        oauth.revoke(app, "r")


def _must_not_be_called(app: oauth.OAuthApp, token: str) -> oauth.Tokens:
    raise AssertionError("a fresh token was refreshed")
