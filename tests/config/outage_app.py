"""The tests' Celery app with a task that ends at the very moment at which the database ends its connections."""

import os
from pathlib import Path

import psycopg

from config.celery import app
from tests.config import worker_app  # noqa: F401 - for its tasks and options


@app.task(name="tests.in_the_database")
def in_the_database(path: str) -> None:
    """Write that it began, and wait in the database until somebody ends that."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        with Path(path).open("a") as file:
            file.write("began\n")
        connection.execute("SELECT pg_sleep(60)")
