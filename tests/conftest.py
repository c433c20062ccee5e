"""Guards that hold in every test. Builders are in ``tests/make.py``; fixtures of a package in its folder."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.db import connection
from django.test import override_settings


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """Hashing is slow on purpose; no test is about that."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real commits empty all tables afterwards, which the audit trail refuses everywhere else."""
    trigger = AuditEntry.pgtrigger_never_emptied  # type: ignore[attr-defined]
    with django_db_blocker.unblock():
        pgtrigger.disable(f"{AuditEntry._meta.label}:never_emptied")
    assert trigger


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Rate limits of one test must not reach into the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def _no_http_in_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call made inside our own transaction is forgotten when that rolls back; the other side keeps it."""
    send = requests.Session.send

    def guarded(
        self: requests.Session, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        ours = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
        assert not ours, f"{request.method} {request.url} inside transaction.atomic()"
        return send(self, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", guarded)
