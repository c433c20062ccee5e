from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from pgmq import get_embedded_install_sql

from config.broker import is_pgmq, queues

#: Any number that no other code locks: two set-ups at once would both find no tables.
LOCK = 7_461_001


class Command(BaseCommand):
    help = "Create the message queue's tables when CELERY_BROKER_URL is pgmq://. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_pgmq(settings.CELERY_BROKER_URL):
            self.stdout.write("The broker is a server of its own: nothing to prepare.")
        elif install_pgmq():
            self.stdout.write("Message queue created.")
        else:
            self.stdout.write("The message queue is there already.")


def install_pgmq() -> bool:
    """Create PGMQ's schema from the SQL its package carries, and our queues; False when it stood already."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SELECT to_regclass('pgmq.meta')")
        new = cursor.fetchone()[0] is None
        if new:
            cursor.execute(get_embedded_install_sql())
        for queue in queues():
            cursor.execute("SELECT pgmq.create(%s)", [queue.name])
        return new
