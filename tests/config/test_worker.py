"""A task sent by one process is run by another through a real broker, even if its worker is killed.

Runs on the database's own queue; with ``CELERY_BROKER_URL`` in the environment, on that broker.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from launcher.paths import BASE_DIR

#: Redis looks for messages of the dead when a worker starts and then only every 100 seconds.
PATIENCE_SECONDS = 140

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
def worker(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.config.worker_app", *WORKER],
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


def send(environment: dict[str, str], trace: Path, seconds: float) -> None:
    code = (
        "import sys; from tests.config.worker_app import trace; trace.delay(sys.argv[1], float(sys.argv[2]))"
    )
    run([sys.executable, "-c", code, str(trace), str(seconds)], environment)


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
