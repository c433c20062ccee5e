"""The web server with several processes: one answer to "how many", nothing cut short, nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import requests
from django.db import connection

from config import gunicorn as web_settings
from launcher.paths import BASE_DIR
from tests.config.database import address

PATIENCE_SECONDS = 60

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


class Site:
    """A web server with two processes on a port of its own."""

    def __init__(self, folder: Path, *extra: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "web.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn"),
                    *("--bind", f"127.0.0.1:{port}", "--workers", "2", *extra),
                ],
                cwd=BASE_DIR,
                env={**os.environ, "DATABASE_URL": address(), "LOG_LEVEL": "INFO", **environment},
                stdout=log,
                stderr=log,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=30)

    def wait(self) -> "Site":
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.get("/healthz").status_code == 200:
                    return self
            except requests.ConnectionError:
                pass
            assert time.monotonic() < deadline, self.said[-3000:]
            assert self.process.poll() is None, self.said[-3000:]
            time.sleep(0.1)

    def children(self) -> list[int]:
        number = self.process.pid
        return sorted(map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split()))

    def logins_counted(self) -> float:
        start = 'practice_sync_http_requests_total{method="GET",status="200",view="account_login"} '
        lines = self.get("/metrics").text.splitlines()
        return float(next((line.removeprefix(start) for line in lines if line.startswith(start)), "0"))

    def counts(self) -> list[Path]:
        return list(Path(web_settings.worker_tmp_dir or "/tmp").glob(f"web-counts-{self.process.pid}-*"))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path).wait()
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()


def test_requests_of_all_processes_are_one_count_that_outlives_a_process(site: Site) -> None:
    for _ in range(12):
        assert site.get("/accounts/login/").status_code == 200
    assert site.logins_counted() == 12
    before = site.children()
    os.kill(before[0], signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(site.children()) < 2 or before[0] in site.children():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    site.wait()
    for _ in range(12):
        site.get("/accounts/login/")
    assert site.logins_counted() == 24
    (folder,) = site.counts()
    assert {path.name.rpartition("_")[2] for path in folder.glob("counter_*")} <= {"0.db", "1.db"}

    text = site.get("/metrics").text
    for process in ("main", "web-1", "web-2"):
        assert f'practice_sync_web_process_memory_bytes{{process="{process}"}}' in text

    assert site.stop() == 0
    assert not folder.exists()


@contextmanager
def nobody_is_looked_up() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Within it logging in waits in the database; a connection of its own, so that others can watch."""
    with psycopg.connect(address()) as lock:
        lock.execute("LOCK TABLE practices_user IN ACCESS EXCLUSIVE MODE")
        yield lock


def log_in(site: Site) -> requests.Response:
    browser = requests.Session()
    token = browser.get(f"{site.url}/accounts/login/", timeout=30).cookies["csrftoken"]
    form = {"login": "a@example.com", "password": "wrong", "csrfmiddlewaretoken": token}
    return browser.post(f"{site.url}/accounts/login/", data=form, timeout=PATIENCE_SECONDS)


def test_a_request_under_way_is_finished_when_the_server_is_told_to_stop(site: Site) -> None:
    answers: list[int] = []
    with nobody_is_looked_up() as lock:
        asking = threading.Thread(target=lambda: answers.append(log_in(site).status_code))
        asking.start()
        _until_somebody_waits()
        site.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert site.process.poll() is None
        lock.commit()
    asking.join(PATIENCE_SECONDS)
    assert answers == [200]
    assert site.process.wait(PATIENCE_SECONDS) == 0


def test_a_page_gives_up_on_a_slow_query_and_the_log_says_which_request(tmp_path: Path) -> None:
    site = Site(tmp_path, STATEMENT_TIMEOUT_SECONDS="1").wait()
    try:
        with nobody_is_looked_up():
            began = time.monotonic()
            answer = log_in(site)
            took = time.monotonic() - began
        assert answer.status_code == 500
        assert took < 10
        number = answer.headers["X-Request-ID"]
        assert any(number in line and "Internal Server Error" in line for line in site.said.splitlines())
        assert "statement timeout" in site.said
    finally:
        site.stop()


def _until_somebody_waits() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)
