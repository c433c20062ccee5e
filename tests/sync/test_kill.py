"""SIGKILL in the middle of the first take-over: after a restart the books are those of a good day, to the record."""

import os
import signal
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from launcher.paths import BASE_DIR
from sandbox.server import running
from sync.models import Change, ChangeState
from tests.sync.conftest import Office, books, open_office, seeded_world

KILLS = 3
SECONDS_PER_CALL = 0.3
PATIENCE_SECONDS = 60


def worker(office: Office) -> "subprocess.Popen[bytes]":
    """A process of its own that syncs, on the test's database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    address = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    urls = ("IGNITION_API_URL", "IGNITION_AUTH_URL", "XERO_API_URL", "XERO_LOGIN_URL", "XERO_IDENTITY_URL")
    environment = {
        **os.environ,
        **dict.fromkeys(urls, office.url),
        "DATABASE_URL": address,
        "ANSWER_SECONDS": "1",
        "NUDGE_WORKERS": "0",
    }
    command = [sys.executable, str(BASE_DIR / "manage.py"), "sync", office.practice.slug, "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_writes(office: Office, process: "subprocess.Popen[bytes]", number: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(office.writes()) < number and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.timeout(400)  # two practices to their end, and every worker starts a program anew
@pytest.mark.django_db(transaction=True)
def test_killed_workers_leave_the_books_of_a_good_day(settings: Any) -> None:
    world, report = seeded_world(clients=45, months=6)
    with running(world) as served:
        good = open_office(served, settings, slug="good-day", report=report)
        good.sync()
        good.take_over()
        expected = books(good)

    world, report = seeded_world(clients=45, months=6)
    with running(world) as served:
        good.practice.delete()
        office = open_office(served, settings, slug="bad-day", report=report)
        office.sync()
        office.switch("take_over")
        # Slow enough that a kill always finds a call under way or just answered.
        world.faults.configure({"rules": [{"kind": "slow", "host": "xero", "seconds": SECONDS_PER_CALL}]})
        for _ in range(KILLS):
            process = worker(office)
            wait_for_writes(office, process, len(office.writes()) + 1)
            assert process.poll() is None, process.communicate()
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert Change.objects.filter(state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]).exists()
        world.faults.clear()
        last = worker(office)
        output = last.communicate(timeout=120)
        assert last.returncode == 0, output
        assert books(office) == expected
        marker = office.marker
        office.sync()
        assert office.writes(marker) == []
