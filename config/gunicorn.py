"""The web server's settings: ``gunicorn -c python:config.gunicorn config.wsgi``."""

import os
import shutil
import tempfile
from typing import Any

import django
from django.core.management import call_command
from django.core.management.base import SystemCheckError

wsgi_app = "config.wsgi"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Threads, because browsers open connections ahead of need: an idle one must not hold a whole process.
worker_class = "gthread"
threads = 4
timeout = 60
# At SIGTERM no new request is taken and those under way get this long; whoever stops us should wait a little longer.
graceful_timeout = 20
max_requests = 5_000
max_requests_jitter = 500
control_socket_disable = True
# Heartbeat files in memory, where there is such a place: on a busy disk they look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108

_COUNTS = "web-counts-"


def _counts_folder() -> str:
    """A new folder, as counts of an earlier start mean nothing. Those of servers that were killed are removed."""
    parent = worker_tmp_dir or tempfile.gettempdir()
    for name in os.listdir(parent):
        number = name.removeprefix(_COUNTS).partition("-")[0]
        if name.startswith(_COUNTS) and number.isdigit() and not os.path.isdir(f"/proc/{number}"):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{_COUNTS}{os.getpid()}-", dir=parent)


# Where the processes of this server count requests, each in files of its own place. config/metrics.py reads the name
# when it is first imported.
_counts = os.environ["PROMETHEUS_MULTIPROC_DIR"] = _counts_folder()


def on_starting(server: Any) -> None:
    """Refuse to serve with wrong settings: prints each with what to do, and ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        call_command("check")
    except SystemCheckError as error:
        raise SystemExit(str(error)) from None


def pre_fork(server: Any, worker: Any) -> None:
    """Give the process the lowest place that is free: its successor will go on with its counts."""
    taken = {other.place for other in server.WORKERS.values()}
    worker.place = next(place for place in range(len(taken) + 1) if place not in taken)


def post_fork(server: Any, worker: Any) -> None:
    os.environ["WEB_PLACE"] = str(worker.place)


def on_exit(server: Any) -> None:
    shutil.rmtree(_counts, ignore_errors=True)
