"""The web server's settings: ``gunicorn -c python:config.gunicorn config.wsgi``."""

import os
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
graceful_timeout = 20
max_requests = 5_000
max_requests_jitter = 500
control_socket_disable = True
# Heartbeat files in memory, where there is such a place: on a busy disk they look like a hung worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def on_starting(server: Any) -> None:
    """Refuse to serve with wrong settings: prints each with what to do, and ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        call_command("check")
    except SystemCheckError as error:
        raise SystemExit(str(error)) from None
