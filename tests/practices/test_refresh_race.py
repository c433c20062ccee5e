"""One token, many processes; and a refresh whose answer never arrives."""

import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from connectors import oauth
from connectors.errors import NeedsReconnect, Retryable
from launcher.paths import BASE_DIR
from practices.models import AuditEntry, Connection, ConnectionState, Grant, GrantState
from practices.tokens import GrantTokens
from sandbox.faults import Fault
from sandbox.server import Running
from sandbox.xero.tokens import GRACE_SECONDS
from tests.practices.conftest import allow_xero, tenant_named

TOKEN_PATH = "/connect/token"
PROCESSES = 8


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


def race(grant: Grant, served: Running) -> list[tuple[str, str]]:
    """What each of the processes got: its number, and a digest or the name of an error."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(database.settings_dict['NAME'])}")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": address.geturl(),
        "XERO_API_URL": served.url,
        "XERO_IDENTITY_URL": served.url,
        "XERO_LOGIN_URL": served.url,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.practices.refresh_race", str(grant.pk), str(PROCESSES)],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    pairs = [line.split() for line in done.stdout.splitlines()]
    return [(pid, result) for pid, result in pairs]


@pytest.mark.django_db(transaction=True)
class TestEightProcesses:
    def test_one_refreshes_and_all_get_the_same_token(self, grant: Grant, outside: Running) -> None:
        before = token_calls(outside)
        # Slow, so that all of them come while it is under way.
        outside.world.faults.rules.append(Fault(kind="slow", path=TOKEN_PATH, seconds=1.0, times=1))
        got = race(grant, outside)
        assert len({pid for pid, _ in got}) == PROCESSES
        stored = Grant.objects.get()
        digest = hashlib.sha256(stored.secret["access_token"].encode()).hexdigest()
        assert {result for _, result in got} == {digest}
        assert token_calls(outside) - before == 1
        assert (stored.lease_until, stored.state) == (None, GrantState.ACTIVE)
        assert Connection.objects.get().is_usable

    def test_a_lost_answer_costs_one_more_refresh_and_no_connection(
        self, grant: Grant, outside: Running
    ) -> None:
        """Whoever refreshed hears nothing; the next one uses the old token once more, the others wait for that."""
        before = token_calls(outside)
        outside.world.faults.rules.append(Fault(kind="timeout_after", path=TOKEN_PATH, seconds=0.5, times=1))
        got = [result for _, result in race(grant, outside)]
        digest = hashlib.sha256(Grant.objects.get().secret["access_token"].encode()).hexdigest()
        assert sorted(got) == sorted([*[digest] * (PROCESSES - 1), "Retryable"])
        assert token_calls(outside) - before == 2
        assert Connection.objects.get().is_usable


@pytest.mark.django_db
class TestAnswerThatNeverCame:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(oauth, "TIMEOUT", (1, 0.3))

    def lose_a_refresh(self, grant: Grant, outside: Running) -> None:
        """Xero makes a new pair, which nobody here ever sees."""
        outside.world.faults.rules.append(Fault(kind="timeout_after", path=TOKEN_PATH, seconds=0.6, times=1))
        with pytest.raises(Retryable):
            GrantTokens(grant).token()
        assert Grant.objects.get().secret == grant.secret

    def test_within_the_grace_the_old_token_still_works(self, grant: Grant, outside: Running) -> None:
        self.lose_a_refresh(grant, outside)
        outside.world.clock.advance(GRACE_SECONDS - 60)
        token = GrantTokens(grant).token()
        stored = Grant.objects.get()
        assert stored.secret["access_token"] == token
        assert stored.secret["refresh_token"] != grant.secret["refresh_token"]
        assert Connection.objects.get().is_usable

    def test_after_the_grace_a_person_has_to_reconnect_and_is_told(
        self, alice: Client, grant: Grant, outside: Running
    ) -> None:
        self.lose_a_refresh(grant, outside)
        outside.world.clock.advance(GRACE_SECONDS + 60)
        for _ in range(2):
            with pytest.raises(NeedsReconnect):
                GrantTokens(grant).token()
        connection = Connection.objects.get()
        assert connection.state == ConnectionState.NEEDS_RECONNECT
        assert connection.state_reason == "Xero no longer accepts our access. Please reconnect."
        page = alice.get("/p/harbour/connections/").content.decode()
        assert connection.state_reason in page
        assert AuditEntry.objects.filter(action="connection.needs_reconnect").count() == 1
