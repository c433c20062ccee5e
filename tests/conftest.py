"""Guards that hold in every test. Builders are in ``tests/make.py``; fixtures of a package in its folder."""

import gc
from collections.abc import Iterator
from typing import Any

import pgtrigger
import pytest
import requests
from django.core.cache import cache
from django.db import connection
from django.test import override_settings

from tests import database, slow_files


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After they were shuffled; with ``--no-loadscope-reorder`` the workers keep to it."""
    slow_files.put_in_order(items)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: looking through them for garbage took a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _quick_settings() -> Iterator[None]:
    """Hashing is slow on purpose; and each test client would read every static file's facts anew."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        database.offer_migrated()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real commits empty all tables afterwards, which the audit trail refuses everywhere else."""
    with django_db_blocker.unblock():
        pgtrigger.disable("practices.AuditEntry:never_emptied")


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
