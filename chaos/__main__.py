"""python -m chaos: a bad day in a few minutes, on real processes, compared record by record.

Ends with 1 when anything is lost, duplicated or wrong, with 2 when it did not settle in time.
"""

import base64
import fcntl
import importlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import django

from chaos import options as given_options
from chaos import pace
from chaos.control import Control
from chaos.fleet import Fleet
from chaos.options import Options
from launcher import paths, postgres

READY_SECONDS = 40
WRONG, UNSETTLED, NOT_RUN = 1, 2, 3
FOLDER = paths.VAR / "chaos"


class NotReady(Exception):
    """A part that the run needs did not come up; the text says which."""


def main(arguments: list[str] | None = None) -> int:
    options = given_options.parse(arguments)
    os.chdir(paths.BASE_DIR)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as cleanup:
            code = _run(options, cleanup)
    except (NotReady, postgres.PostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return NOT_RUN
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return NOT_RUN
    if code == 0:  # else somebody may want to look at its rows
        shutil.rmtree(FOLDER / f"seed-{options.seed}" / "postgres", ignore_errors=True)
    return code


def _run(options: Options, cleanup: ExitStack) -> int:
    began = time.monotonic()
    folder = FOLDER / f"seed-{options.seed}"
    cleanup.enter_context(_only_one(folder))
    _clear(folder)
    environment = _environment(options, _database(folder, cleanup))
    _manage(environment, "prepare")
    fleet = Fleet(folder)
    cleanup.callback(fleet.stop)
    control = Control(environment["XERO_API_URL"])
    port = environment["XERO_API_URL"].rpartition(":")[2]
    sandbox = (sys.executable, "-m", "sandbox", "--port", port, "--seed", str(options.seed))
    # Nothing of the app's settings: what stands for the outside has no business with its keys and its database.
    fleet.start("sandbox", sandbox, dict(os.environ))
    _wait_for(f"{control.url}/")
    os.environ.update({**environment, "LOG_LEVEL": "ERROR"})
    django.setup()
    play = importlib.import_module("chaos.play")  # its models can be loaded only now
    if play.app.has_practices():
        raise NotReady("DATABASE_URL names a database with practices in it, and a run needs an empty one.")
    outcome = play.Play(options, fleet, control, {**os.environ, **environment}, began).run()
    return _report(options, outcome, folder)


def _report(options: Options, outcome: Any, folder: Path) -> int:
    numbers, explained = outcome.numbers, outcome.explained()
    facts = {
        "seed": options.seed,
        "lost": outcome.count("lost"),
        "duplicated": outcome.count("duplicated"),
        "wrong": outcome.count("wrong"),
        "objects": outcome.records,
        "unsettled": outcome.unsettled,
        "findings": explained,
        "compared": {key: {"must": r.must, "open": r.open} for key, r in outcome.results.items()},
        **numbers,
    }
    (folder / "report.json").write_text(json.dumps(facts, indent=1, default=str) + "\n")
    for line in explained:
        sys.stdout.write(f"{line}\n")
    for line in outcome.unsettled:
        sys.stdout.write(f"not settled: {line}\n")
    sys.stdout.write(f"Report and logs: {folder}\n")
    shown = {
        **{
            name: facts[name]
            for name in ("lost", "duplicated", "wrong", "killed", "faulted", "calls", "objects")
        },
        "alerts": len(numbers["alerts"]),
        "seconds": round(numbers["seconds"]),
        "seed": options.seed,
    }
    sys.stdout.write(" ".join(f"{name}={value}" for name, value in shown.items()) + "\n")
    if facts["lost"] or facts["duplicated"] or facts["wrong"]:
        return WRONG
    return UNSETTLED if outcome.unsettled else 0


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotReady(f"A run with this seed is under way in {folder}. Choose another seed.") from None
        yield


def _clear(folder: Path) -> None:
    """Forget an earlier run of this seed; one that was killed may have left its database running."""
    if (folder / "postgres" / "data" / "postmaster.pid").exists():
        postgres.ensure_running(folder / "postgres", durable=False).stop()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _database(folder: Path, cleanup: ExitStack) -> str:
    """An empty database: on the server that is named, or on one of this run's own."""
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    server = postgres.ensure_running(folder / "postgres", durable=False)
    cleanup.callback(server.stop)
    return server.url


def _environment(options: Options, database: str) -> dict[str, str]:
    web, sandbox = _free_port(), f"http://127.0.0.1:{_free_port()}"
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": options.broker or "pgmq://",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEBUG": "0",
        "BASE_URL": f"http://127.0.0.1:{web}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CACHE_URL": "dbcache://cache_rows",
        "EMAIL_URL": "consolemail://",
        "REQUIRE_MFA": "0",
        "WEB_CONCURRENCY": "1",
        "IGNITION_API_URL": sandbox,
        "IGNITION_AUTH_URL": sandbox,
        "IGNITION_CLIENT_ID": "sandbox-ignition-app",
        "IGNITION_CLIENT_SECRET": "sandbox-ignition-secret",
        "XERO_API_URL": sandbox,
        "XERO_LOGIN_URL": sandbox,
        "XERO_IDENTITY_URL": sandbox,
        "XERO_CLIENT_ID": "sandbox-xero-app",
        "XERO_CLIENT_SECRET": "sandbox-xero-secret",
        "XERO_WEBHOOK_KEY": secrets.token_urlsafe(48),
        **pace.SETTINGS,
    }


def _manage(environment: dict[str, str], *command: str) -> None:
    result = subprocess.run(
        [sys.executable, str(paths.BASE_DIR / "manage.py"), *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise NotReady(f"manage.py {' '.join(command)} failed:\n{result.stdout}{result.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise NotReady(f"Nothing answers at {url}; see the logs in {FOLDER}.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
