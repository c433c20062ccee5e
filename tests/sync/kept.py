"""A practice that is made ready once for all tests of a file; each test gets it as it was then.

Bringing both systems into agreement takes three syncs and about three seconds. Rows are kept by a transaction around
the file's tests, each of which goes back to it; the outside world by a copy. Not for tests with real commits, nor
beside ``small_office`` in one file: both open the same practice.
"""

import io
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import time_machine
from django.conf import settings as django_settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from practices.models import Practice, User
from sandbox.seed.report import SeedReport
from sandbox.server import running
from sandbox.world import World
from tests.sync.office import QUICK, Office, open_office, point_at, seeded_world

_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}


class _Pickler(pickle.Pickler):
    """Locks are not copied: the copy has open ones of its own."""

    def reducer_override(self, thing: Any) -> Any:
        made = _LOCKS.get(type(thing))
        return NotImplemented if made is None else (made, ())


@dataclass(frozen=True)
class Kept:
    """What ``prepare`` left behind at ``at``. ``outside`` is a copy of the world and of how it was seeded."""

    outside: bytes
    at: datetime
    practice_pk: int
    owner_pk: int

    @contextmanager
    def opened(self, settings: Any) -> Iterator[Office]:
        """For one test: to be used inside a transaction of its own. The time goes on from when it was kept."""
        world, report = pickle.loads(self.outside)  # noqa: S301 - our own bytes
        with time_machine.travel(self.at, tick=True), running(world) as served:
            point_at(served, settings)
            practice = Practice.objects.get(pk=self.practice_pk)
            yield Office(world, served.url, practice, User.objects.get(pk=self.owner_pk), report)


def keep(blocker: DjangoDbBlocker, prepare: Callable[[Office], None]) -> Iterator[Kept]:
    """The body of a fixture for a file: a small office that ``prepare`` has worked on, forgotten at the end."""
    outer = transaction.atomic()
    vars(outer)["_from_testcase"] = True  # Django's mark for what no code under test has opened
    with blocker.unblock():
        outer.__enter__()
    try:
        with blocker.unblock():
            kept = _prepared(prepare)
        yield kept
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def _prepared(prepare: Callable[[Office], None]) -> Kept:
    world, report = seeded_world(clients=14, months=3)
    with override_settings(**QUICK), running(world) as served:
        # What is set inside the override goes with it.
        office = open_office(served, django_settings, report=report)
        prepare(office)
    return Kept(_copy(world, report), timezone.now(), office.practice.pk, office.owner.pk)


def _copy(world: World, report: SeedReport) -> bytes:
    copy = io.BytesIO()
    _Pickler(copy, pickle.HIGHEST_PROTOCOL).dump((world, report))
    return copy.getvalue()
