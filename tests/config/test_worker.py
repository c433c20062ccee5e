"""Workers as processes, through a real broker: a task survives them, they stop in time, they say that they live.

Runs on the database's own queue; with ``CELERY_BROKER_URL`` in the environment, on that broker.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from config.management.commands.prepare_broker import install_pgmq
from launcher.paths import BASE_DIR
from sync.models import Pulse
from tests.config.database import address

#: Redis looks for messages of the dead when a worker starts and then only every 100 seconds.
PATIENCE_SECONDS = 140

#: A slice looks up after each call; the rest is the worker's own tidying up.
STOPS_WITHIN_SECONDS = 15

pytestmark = pytest.mark.timeout(300)

WORKER = ("worker", "--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    given = dict(os.environ)
    if given["CELERY_BROKER_URL"].startswith("memory:"):
        del given["CELERY_BROKER_URL"]
    return given


@pytest.fixture(scope="module", autouse=True)
def _queue(environment: dict[str, str]) -> None:
    for _ in ("new", "there already"):
        run([sys.executable, "manage.py", "prepare_broker"], environment)


def run(argv: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(
        argv, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@contextmanager
def worker(environment: dict[str, str], log: Path, *extra: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.config.worker_app", *WORKER, *extra],
            cwd=BASE_DIR,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(trace: Path, line: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not trace.exists() or line not in trace.read_text().split():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def send(
    environment: dict[str, str], trace: Path, seconds: float, *, task: str = "trace", queue: str = "sync"
) -> None:
    code = (
        "import sys; from tests.config.worker_app import app;"
        "app.send_task('tests.' + sys.argv[3], [sys.argv[1], float(sys.argv[2])], queue=sys.argv[4])"
    )
    run([sys.executable, "-c", code, str(trace), str(seconds), task, queue], environment)


def test_a_task_survives_the_death_of_its_worker(environment: dict[str, str], tmp_path: Path) -> None:
    trace, log = tmp_path / "trace", tmp_path / "worker.log"
    send(environment, trace, 3)
    with worker(environment, log) as first:
        wait_for(trace, "began", log)
        os.killpg(first.pid, signal.SIGKILL)
    assert trace.read_text().split() == ["began"]
    with worker(environment, log):
        wait_for(trace, "done", log)
    assert trace.read_text().split() == ["began", "began", "done"]


def test_a_worker_told_to_stop_finishes_what_it_has_begun(
    environment: dict[str, str], tmp_path: Path
) -> None:
    trace, log = tmp_path / "trace", tmp_path / "worker.log"
    send(environment, trace, 2)
    with worker(environment, log) as only:
        wait_for(trace, "began", log)
        only.send_signal(signal.SIGTERM)
        assert only.wait(PATIENCE_SECONDS) == 0
        assert trace.read_text().split() == ["began", "done"]


def test_a_worker_told_to_stop_hands_its_slice_on_within_seconds(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """SIGTERM reaches the parent only; the process that works has to learn of it."""
    trace, log = tmp_path / "trace", tmp_path / "worker.log"
    send(environment, trace, 60, task="slice")
    with worker(environment, log) as only:
        wait_for(trace, "began", log)
        asked = time.monotonic()
        only.send_signal(signal.SIGTERM)
        assert only.wait(PATIENCE_SECONDS) == 0
        assert trace.read_text().split() == ["began", "handed-on"]
        assert time.monotonic() - asked < STOPS_WITHIN_SECONDS


def test_long_work_does_not_hold_up_what_somebody_waits_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    long, live, log = tmp_path / "long", tmp_path / "live", tmp_path / "worker.log"
    with worker(environment, log, "-Q", "sync", "-n", "sync@%h") as busy:
        send(environment, long, 60, task="slice", queue="sync")
        wait_for(long, "began", log)
        send(environment, live, 0, queue="live")
        with worker(environment, log, "-Q", "live", "-n", "live@%h"):
            wait_for(live, "done", log)
        assert long.read_text().split() == ["began"]
        busy.send_signal(signal.SIGTERM)
        busy.wait(PATIENCE_SECONDS)


def test_one_worker_serves_both_queues_in_turn(environment: dict[str, str], tmp_path: Path) -> None:
    """However many messages one queue holds, the other one's do not wait for all of them."""
    log, live = tmp_path / "worker.log", tmp_path / "live"
    many = [tmp_path / f"sync-{number}" for number in range(8)]
    for trace in many:
        send(environment, trace, 0.5, queue="sync")
    send(environment, live, 0, queue="live")
    with worker(environment, log):
        wait_for(live, "done", log)
        assert not many[-1].exists()
        wait_for(many[-1], "done", log)


def appeared(process: subprocess.Popen[bytes], log: Path) -> Pulse:
    """The row of a worker that has just been started."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        row = Pulse.objects.filter(name=f"worker {socket.gethostname()}/{process.pid}").first()
        if row is not None:
            return row
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def forgotten(row: Pulse, log: Path) -> None:
    """Waits until ``row`` is gone: a worker writes its own row first and tidies afterwards."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Pulse.objects.filter(pk=row.pk).exists():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_a_worker_says_where_it_listens_and_takes_its_row_along(
    environment: dict[str, str], tmp_path: Path
) -> None:
    install_pgmq()
    log = tmp_path / "worker.log"
    long_gone = Pulse.objects.create(name="worker gone/1", at=timezone.now() - timedelta(hours=2))
    lately = Pulse.objects.create(name="worker lately/1", at=timezone.now() - timedelta(minutes=2))
    with worker({**environment, "DATABASE_URL": address()}, log, "-Q", "live") as only:
        first = appeared(only, log)
        assert first.detail == {"queues": ["live"], "processes": 1, "busy": 0}
        forgotten(long_gone, log)
        only.send_signal(signal.SIGTERM)
        assert only.wait(PATIENCE_SECONDS) == 0
    assert list(Pulse.objects.all()) == [lately]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hangs", [False, True])
def test_a_worker_that_hangs_falls_silent_though_it_lives(
    environment: dict[str, str], tmp_path: Path, hangs: bool
) -> None:
    install_pgmq()
    log = tmp_path / "worker.log"
    extra = {"HANG_SECONDS": "600"} if hangs else {}
    with worker({**environment, "DATABASE_URL": address(), **extra}, log) as only:
        first = appeared(only, log)
        time.sleep(8)
        assert only.poll() is None
        renewed = Pulse.objects.get(pk=first.pk).at - first.at
        assert (renewed < timedelta(seconds=3)) is hangs
