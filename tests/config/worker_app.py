"""The app's Celery with tasks that leave a trace. Loaded by worker processes that the tests start."""

import os
import time
from pathlib import Path
from typing import Any

from celery.signals import worker_init, worker_ready

from config.celery import app
from sync import stopping

#: Short, so that a test sees a dead worker's message come back.
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 4}


@app.task(name="tests.trace")
def trace(path: str, seconds: float) -> None:
    """Write that it began, take its time, write that it is done."""
    with Path(path).open("a") as file:
        file.write("began\n")
        file.flush()
        time.sleep(seconds)
        file.write("done\n")


@app.task(name="tests.slice")
def slice_of_work(path: str, seconds: float) -> None:
    """Work until the time is over or the worker is asked to stop, and write which it was."""
    with Path(path).open("a") as file:
        file.write("began\n")
        file.flush()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not stopping.asked():
            time.sleep(0.05)
        file.write("handed-on\n" if stopping.asked() else "worked-to-its-end\n")


@worker_init.connect
def _say_often(**kwargs: Any) -> None:
    """A test does not wait for a quarter of a minute."""
    from config import pulses  # noqa: PLC0415 - models are not loaded before this point

    pulses.EVERY_SECONDS = 1


@worker_ready.connect
def _hang(*, sender: Any, **kwargs: Any) -> None:
    """A main loop that never comes back, where the test asks for one; timers and the process itself live on."""
    if "HANG_SECONDS" in os.environ:
        sender.call_soon(time.sleep, float(os.environ["HANG_SECONDS"]))
