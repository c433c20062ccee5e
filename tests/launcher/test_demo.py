"""``make demo``'s program brings the whole product up, heals what dies, and stops everything it started."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from launcher import demo, envfile
from sync import demo as seeded
from tests.launcher.test_manage import checkout  # noqa: F401  (a fixture)

PATIENCE_SECONDS = 180  # on a machine that does much else

pytestmark = pytest.mark.timeout(400)


class Demo:
    """A demo that runs in a copy of the product, on ports of its own choice."""

    def __init__(self, checkout: Path) -> None:  # noqa: F811
        self.checkout = checkout
        self._log = checkout / "demo.log"
        own = ("DATABASE_URL", "CELERY_BROKER_URL")
        environment = {name: value for name, value in os.environ.items() if name not in own}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "launcher", "demo"],
                cwd=checkout,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.said[-4000:]
            time.sleep(0.2)

    def url(self) -> str:
        return envfile.read(self.checkout / "var/demo/env")["BASE_URL"]

    def programs(self) -> dict[str, int]:
        """The pids of its web server, workers, beat and sandbox by a word of their command line."""
        words = {
            "gunicorn": "web",
            "live@%h": "live",
            "sync@%h": "sync",
            "beat": "beat",
            "sandbox": "sandbox",
        }
        found: dict[str, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                argv = (folder / "cmdline").read_bytes().decode().split("\0")
                if parent == self.process.pid:
                    found |= {words[word]: int(folder.name) for word in argv if word in words}
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def running(checkout: Path) -> Iterator[Demo]:  # noqa: F811
    one = Demo(checkout)
    yield one
    if one.process.poll() is None:
        one.stop()


def test_it_comes_up_heals_and_stops(running: Demo) -> None:
    running.wait_until(
        lambda: "Ctrl-C stops everything" in running.said or running.process.poll() is not None
    )
    assert running.process.poll() is None, running.said
    page = requests.get(f"{running.url()}/accounts/login/", timeout=10)
    assert page.status_code == 200
    assert "owner@demo.example" in page.text
    assert "owner@demo.example" in running.said

    first = running.programs()
    assert set(first) == {"web", "live", "sync", "beat", "sandbox"}
    running.wait_until(lambda: requests.get(f"{running.url()}/readyz", timeout=10).json()["ready"])
    os.kill(first["sync"], signal.SIGKILL)
    os.kill(
        int((running.checkout / "var/postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL
    )
    running.wait_until(lambda: running.programs().get("sync", first["sync"]) != first["sync"])
    running.wait_until(lambda: "PostgreSQL ended; starting it again" in running.said)
    running.wait_until(
        lambda: requests.get(f"{running.url()}/accounts/login/", timeout=10).status_code == 200
    )

    second = Demo(running.checkout)  # in the same checkout
    assert second.process.wait(60) == 1
    assert "already running" in running.said

    everything = running.programs().values()
    assert running.stop() == 0
    assert running.said.endswith("Stopped.\n")
    assert not any(Path(f"/proc/{pid}").exists() for pid in everything)
    assert not (running.checkout / "var/postgres/data/postmaster.pid").exists()


def test_a_taken_port_is_passed_over_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chosen = demo._free_port(port)
    assert port < chosen < port + demo.PORTS_TRIED
    assert f"Port {port} is taken" in capsys.readouterr().out


def test_the_log_ins_shown_are_those_that_are_made() -> None:
    people = {email for email, _, _ in seeded.PEOPLE} | {seeded.SUPPORT[0]}
    assert {email for email, _, _ in demo.LOG_INS} == people
    assert {password for _, password, _ in demo.LOG_INS} == {seeded.PASSWORD}
