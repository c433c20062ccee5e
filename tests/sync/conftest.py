"""Practices that are connected to a seeded sandbox; what they are is in ``office.py`` and ``kept.py``."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from sandbox.server import running
from tests.sync.kept import Kept, keep
from tests.sync.office import NO_LIMITS, NOW, QUICK, Office, books, open_office, seeded_world
from tests.sync.receiver import MailHost, Receiver, mail_host, web_receiver
from tests.sync.rows import Books, make_books

__all__ = ["NOW", "NO_LIMITS", "Office", "books", "open_office", "seeded_world"]  # imported from here, too


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    for name, value in QUICK.items():
        setattr(settings, name, value)


@pytest.fixture(name="books")
def watched_books() -> Books:
    """A practice with both connections and nothing read, in watch mode."""
    return make_books()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with web_receiver() as made:
        yield made


@pytest.fixture
def post_office(settings: Any) -> Iterator[MailHost]:
    """A mail server that keeps what it is given, and the settings that lead there."""
    with mail_host() as host:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", host.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = ""
        yield host


@pytest.fixture
def office(db: None, settings: Any) -> Iterator[Office]:
    """Forty clients with half a year of invoices; a third is already in Xero through Ignition's own link."""
    world, report = seeded_world(clients=40, months=6)
    with running(world) as served:
        yield open_office(served, settings, report=report)


@pytest.fixture
def small_office(db: None, settings: Any) -> Iterator[Office]:
    """Fourteen clients with three months: enough for full and half batches of every kind."""
    world, report = seeded_world(clients=14, months=3)
    with running(world) as served:
        yield open_office(served, settings, report=report)


def in_agreement(office: Office) -> None:
    office.sync()
    office.take_over()
    office.world.clock.advance(3600)
    office.sync()


@pytest.fixture(scope="module")
def kept_in_agreement(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    yield from keep(django_db_blocker, in_agreement)


@pytest.fixture
def agreed(kept_in_agreement: Kept, db: None, settings: Any) -> Iterator[Office]:
    """A practice that is taken over and in agreement; the clock has gone on, so that lists show only what is new."""
    with kept_in_agreement.opened(settings) as office:
        yield office
