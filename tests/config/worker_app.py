"""The app's Celery with two tasks that leave a trace. Loaded by worker processes that the tests start."""

import time
from pathlib import Path

from config.celery import app

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
