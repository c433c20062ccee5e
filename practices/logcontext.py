"""What every log line says beside its text: the practice and the connection it is about."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from practices.models import Connection, Practice


@contextmanager
def bound(*, practice: Practice | None = None, connection: Connection | None = None) -> Iterator[None]:
    """Within it every line carries the practice's slug and ``provider/id`` of the connection.

    May be nested; what an outer one bound is back afterwards.
    """
    facts: dict[str, str] = {}
    if practice is not None:
        facts["practice"] = practice.slug
    if connection is not None:
        facts["connection"] = f"{connection.provider}/{connection.pk}"
    with structlog.contextvars.bound_contextvars(**facts):
        yield
