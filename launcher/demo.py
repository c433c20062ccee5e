"""The whole product on this machine with one command: database, sandbox, web server, workers and beat.

Everything it makes stays under ``var/``; running it again continues where it stopped. ``DATABASE_URL`` and
``CELERY_BROKER_URL``, when given, are used in place of the built-in server.
"""

import base64
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from types import FrameType

from launcher import envfile, local, paths, postgres
from launcher.processes import Program, Supervisor

WEB_PORT = 8000
SANDBOX_PORT = 8091

#: The people that seed_demo makes, for the log-in page: e-mail, password, label.
LOG_INS = (
    ("owner@demo.example", "demo-practice-2026", "Owner"),
    ("admin@demo.example", "demo-practice-2026", "Admin"),
    ("staff@demo.example", "demo-practice-2026", "Staff"),
    ("viewer@demo.example", "demo-practice-2026", "Viewer"),
    ("support@demo.example", "demo-practice-2026", "Support team"),
)

#: How many ports after the usual one are tried while it is taken.
PORTS_TRIED = 20

READY_SECONDS = 90

DATABASE_CHECK_SECONDS = 3

#: Beat keeps no file of its own: what is due stands in rows, and a file cut off by a crash would stop it for good.
IN_MEMORY = "celery.beat:Scheduler"

#: A program that died this often in a row while the demo starts will not come up.
HOPELESS_DEATHS = 3


class DemoError(Exception):
    """The demo can't start; the message says why and what to do."""


def main() -> int:
    stopped = _Stop()
    os.chdir(paths.BASE_DIR)
    try:
        with ExitStack() as cleanup:
            cleanup.enter_context(_only_one())
            server = _server(cleanup)
            _run(_environment(server), server, stopped, cleanup)
    except (DemoError, postgres.PostgresError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    _say("Stopped.")
    return 0


def _run(
    environment: dict[str, str], server: postgres.Server | None, stopped: "_Stop", cleanup: ExitStack
) -> None:
    _say("Preparing the database …")
    _manage(environment, "prepare")
    supervisor = Supervisor(_say)
    cleanup.callback(supervisor.stop)
    if stopped():
        return
    supervisor.start(_sandbox(environment))
    _wait_for("sandbox", f"{environment['XERO_API_URL']}/", supervisor, stopped)
    if stopped():
        return
    log_ins = _manage(environment, "seed_demo")
    for program in _programs(environment):
        supervisor.start(program)
    _wait_for("web", f"{environment['BASE_URL']}/accounts/login/", supervisor, stopped)
    if not stopped():
        _say(_banner(environment, log_ins))
    while not stopped():
        if server and not server.is_up():
            _say("PostgreSQL ended; starting it again")
            server.restart()
        look_again = time.monotonic() + DATABASE_CHECK_SECONDS
        supervisor.watch(lambda: stopped() or time.monotonic() > look_again)  # noqa: B023  (used at once)
    _say("Stopping …")


def _server(cleanup: ExitStack) -> postgres.Server | None:
    """The built-in server; ``None`` when another one is named."""
    if local.is_named():
        return None
    _say("Starting PostgreSQL …")
    server = postgres.ensure_running(paths.POSTGRES_DIR)
    cleanup.callback(server.stop)
    return server


def _environment(server: postgres.Server | None) -> dict[str, str]:
    """What every process of the demo gets; kept in a file for commands from other shells."""
    given = {**envfile.read(paths.BASE_DIR / ".env"), **os.environ}
    kept = envfile.read(paths.DEMO_ENV_FILE)
    web = _free_port(WEB_PORT)
    sandbox = f"http://127.0.0.1:{_free_port(SANDBOX_PORT)}"
    values = {
        "DATABASE_URL": server.url if server else given["DATABASE_URL"],
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": kept.get("FIELD_ENCRYPTION_KEYS")
        or base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEBUG": "0",
        "BASE_URL": f"http://127.0.0.1:{web}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CACHE_URL": "dbcache://cache_rows",
        "EMAIL_URL": "consolemail://",
        "REQUIRE_MFA": "0",
        "DEMO_LOGINS": ",".join("|".join(log_in) for log_in in LOG_INS),
        "IGNITION_API_URL": sandbox,
        "IGNITION_AUTH_URL": sandbox,
        "IGNITION_CLIENT_ID": "sandbox-ignition-app",
        "IGNITION_CLIENT_SECRET": "sandbox-ignition-secret",
        "XERO_API_URL": sandbox,
        "XERO_LOGIN_URL": sandbox,
        "XERO_IDENTITY_URL": sandbox,
        "XERO_CLIENT_ID": "sandbox-xero-app",
        "XERO_CLIENT_SECRET": "sandbox-xero-secret",
        "XERO_WEBHOOK_KEY": kept.get("XERO_WEBHOOK_KEY") or secrets.token_urlsafe(48),
    }
    if given.get("CELERY_BROKER_URL"):
        values["CELERY_BROKER_URL"] = given["CELERY_BROKER_URL"]
    envfile.write(paths.DEMO_ENV_FILE, values, heading=local.HEADING)
    return values


def _sandbox(environment: dict[str, str]) -> Program:
    port = environment["XERO_API_URL"].rpartition(":")[2]
    state = str(paths.DEMO_DIR / "sandbox.json")
    python = (sys.executable, "-m", "sandbox")
    # None of our settings: what stands for the outside has no business with our keys and our database.
    return Program("sandbox", (*python, "--port", port, "--state", state, "--seed-demo"))


def _programs(environment: dict[str, str]) -> list[Program]:
    bind = environment["BASE_URL"].removeprefix("http://")
    web = (sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "--bind", bind)
    beat = (*_CELERY, "beat", "--scheduler", IN_MEMORY, "--pidfile", "", "--loglevel", "WARNING")
    return [
        Program("web", web, environment),
        # One that is never busy with long work, so that what somebody waits for begins at once.
        Program("live", _worker("live", queues="live", processes=1), environment),
        Program("sync", _worker("sync", queues="sync,live", processes=2), environment),
        Program("beat", beat, environment),
    ]


_CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "config")


def _worker(name: str, *, queues: str, processes: int) -> tuple[str, ...]:
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
    share = ("--pool", "prefork", "--concurrency", str(processes), "--queues", queues)
    return (*_CELERY, "worker", "--hostname", f"{name}@%h", *share, *quiet)


def _manage(environment: dict[str, str], *command: str) -> str:
    """Run a management command and return what it printed."""
    result = subprocess.run(
        [sys.executable, str(paths.BASE_DIR / "manage.py"), *command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C does not cut it short; we stop after it
    )
    if result.returncode != 0:
        raise DemoError(f"{result.stdout}'manage.py {' '.join(command)}' failed; see above.")
    return result.stdout


def _free_port(usual: int) -> int:
    """The usual port, or the next that is free."""
    for port in range(usual, usual + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port != usual:
                _say(f"Port {usual} is taken: using {port}.")
            return port
    raise DemoError(
        f"No free port between {usual} and {usual + PORTS_TRIED - 1}. End what holds them and try again."
    )


def _wait_for(name: str, url: str, supervisor: Supervisor, stopped: "_Stop") -> None:
    """Until the program ``name`` serves ``url``, or the demo is stopped."""
    deadline = time.monotonic() + READY_SECONDS

    def over() -> bool:
        hopeless = supervisor.deaths(name) >= HOPELESS_DEATHS or time.monotonic() > deadline
        return stopped() or hopeless or _is_served(url)

    supervisor.watch(over)
    if not stopped() and not _is_served(url):
        raise DemoError(f"{name} does not answer at {url}; its lines above say why.")


def _is_served(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: it is this machine
    try:
        with opener.open(url, timeout=10) as response:
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False


def _banner(environment: dict[str, str], log_ins: str) -> str:
    line = "─" * 78
    about = (
        f"Open      {environment['BASE_URL']}/\n"
        f"Sandbox   {environment['XERO_API_URL']}/   (simulated Ignition and Xero)\n\n"
        f"{log_ins.strip()}\n\n"
        "Ctrl-C stops everything; 'make demo' continues from here."
    )
    return f"\n{line}\n{about}\n{line}\n"


@contextmanager
def _only_one() -> Iterator[None]:
    paths.DEMO_DIR.mkdir(parents=True, exist_ok=True)
    with (paths.DEMO_DIR / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            address = envfile.read(paths.DEMO_ENV_FILE).get("BASE_URL", "")
            raise DemoError(f"The demo is already running in this checkout: {address}/") from None
        yield


class _Stop:
    """Becomes true at Ctrl-C or SIGTERM; a second Ctrl-C changes nothing, stopping is under way."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def __call__(self) -> bool:
        return self._asked


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
