"""A worker whose database went away for a moment takes messages again. On the database's own queue."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

import psycopg
import pytest

from launcher.paths import BASE_DIR
from tests.config.test_worker import WORKER, run, send, wait_for
from tests.config.test_worker import environment as environment

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not os.environ["CELERY_BROKER_URL"].startswith(("memory:", "pgmq:")), reason="another broker's lane"
    ),
]

PROCESSES = 2
BEGIN = "import sys; from tests.config.outage_app import in_the_database; in_the_database.delay(sys.argv[1])"


@pytest.fixture(autouse=True)
def _queue(environment: dict[str, str]) -> None:
    run([sys.executable, "manage.py", "prepare_broker"], environment)


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "tests.config.outage_app", *WORKER]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--concurrency", str(PROCESSES)],
            cwd=BASE_DIR,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
            process.wait()


def end_all_sessions(url: str) -> int:
    """As a restart or a failover of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
        ).fetchone()
    return int(row[0]) if row else 0


def test_a_busy_worker_goes_on_after_the_database_ended_its_connections(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """It can't acknowledge what it was just doing; that must not count for ever against what it may take."""
    log, after = tmp_path / "worker.log", tmp_path / "after"
    busy = [tmp_path / f"busy-{number}" for number in range(PROCESSES)]
    with worker(environment, log):
        for trace in busy:
            run([sys.executable, "-c", BEGIN, str(trace)], environment)
        for trace in busy:
            wait_for(trace, "began", log)
        assert end_all_sessions(environment["DATABASE_URL"])
        send(environment, after, 0)
        wait_for(after, "done", log)
