"""Pages give up on a query that takes too long; workers, commands and migrations take the time they need."""

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def limit_statements() -> None:
    """From now on, for each connection this process makes; called by the web server only."""
    if settings.STATEMENT_TIMEOUT_SECONDS:
        connection_created.connect(_limit, dispatch_uid="database.limit_statements")


def _limit(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    # Not among the options of the connection: a pooler in front of the database may refuse those.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [_milliseconds()])


def _milliseconds() -> str:
    return str(settings.STATEMENT_TIMEOUT_SECONDS * 1000)
