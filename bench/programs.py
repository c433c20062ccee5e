"""Programs that something is measured of: started with their output in a file, stopped together at the end."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench import stage
from chaos.control import Control
from launcher.processes import Program, Supervisor

UNLIMITED = {"minute": None, "day": None, "concurrent": None, "app_minute": None}


@contextmanager
def supervised(name: str) -> Iterator[Supervisor]:
    """What it starts is stopped at the end; what they print is in the log of this name."""
    with stage.log_file(name).open("w") as log:

        def say(line: str) -> None:
            if not log.closed:
                log.write(line + "\n")
                log.flush()

        supervisor = Supervisor(say)
        try:
            yield supervisor
        finally:
            supervisor.stop()


def start_sandbox(supervisor: Supervisor, address: str, *options: str, limited: bool = False) -> Control:
    """Ignition and Xero, simulated; nothing holds calls back unless ``limited``."""
    port = address.rpartition(":")[2]
    # None of the app's settings: what stands for the outside has no business with its keys and its database.
    supervisor.start(Program("sandbox", (sys.executable, "-m", "sandbox", "--port", port, *options)))
    stage.wait_for(f"{address}/")
    control = Control(address)
    if not limited:
        control.post("limits", UNLIMITED)
    return control


def start_web(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """The web server as an installation runs it."""
    bind = environment["BASE_URL"].removeprefix("http://")
    command = (sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "--bind", bind)
    supervisor.start(Program("web", command, environment))
    stage.wait_for(f"{environment['BASE_URL']}/healthz")


def start_workers(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    """A worker for what is urgent, one for the rest, and beat, as on a machine with two cores."""
    celery = (sys.executable, "-m", "celery", "--quiet", "-A", "config")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
    for name, queues, processes in (("live", "live", 1), ("sync", "sync,live", 2)):
        share = ("--pool", "prefork", "--concurrency", str(processes), "--queues", queues)
        command = (*celery, "worker", "--hostname", f"{name}@%h", *share, *quiet)
        supervisor.start(Program(name, command, environment))
    beat = ("beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "WARNING")
    supervisor.start(Program("beat", (*celery, *beat), environment))


def own_environment() -> dict[str, str]:
    """The settings this process was started with, for programs that belong to the same installation."""
    return dict(os.environ)
