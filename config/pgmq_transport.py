"""The database's own queue, for workers that outlive a moment without the database.

The usual transport counts a message that it could not acknowledge as one that is still being worked on. A worker all
of whose processes were busy when the server ended its connections would so never take a message again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from kombu.transport import TRANSPORT_ALIASES, pgmq

from config.broker import PGMQ_POOL_SIZE

#: Each try gets another connection; those that were ended are thrown away, and there are no more of them than this.
TRIES = PGMQ_POOL_SIZE + 1


class Channel(pgmq.Channel):
    """Acknowledges over a fresh connection where the old one was ended, and lets go of the message in any case."""

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        act = partial(super().basic_ack, delivery_tag, multiple)
        self._surely(delivery_tag, act)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        act = partial(super().basic_reject, delivery_tag, requeue)
        self._surely(delivery_tag, act)

    def _surely(self, delivery_tag: str, act: Callable[[], Any]) -> None:
        for left in reversed(range(TRIES)):
            try:
                act()
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if left:
                    continue
                # It comes back after its time, and doing it twice costs nothing.
                self.qos.ack(delivery_tag)
                raise
            return


class Transport(pgmq.Transport):
    Channel = Channel


def install() -> None:
    """Use it wherever the address of a broker begins with ``pgmq``."""
    TRANSPORT_ALIASES["pgmq"] = f"{__name__}:{Transport.__name__}"
