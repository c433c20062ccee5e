"""One worker at a time works one connection, and one works a run.

A lane is a lease on the row: taken by one conditional UPDATE, renewed before each call, and simply run out when its
holder was killed. It makes a distributed rate limiter unnecessary and keeps the order within a tenant natural. A
holder that was killed on this very machine is noticed at once.
"""

import os
import socket
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class LaneLost(Exception):
    """The lease ran out and someone else took it; what this worker holds in memory is stale."""


class Lane:
    """A held lease on a row that has ``lease_token``, ``lease_until`` and ``lease_holder``."""

    def __init__(self, model: type[models.Model], pk: int, token: uuid.UUID) -> None:
        self._rows = model._base_manager.filter(pk=pk, lease_token=token)

    def renew(self) -> None:
        """Hold on for another lease; raises :class:`LaneLost` when it is no longer ours."""
        if not self._rows.update(lease_until=_until(timezone.now())):
            raise LaneLost

    def release(self) -> None:
        self._rows.update(lease_token=None, lease_until=None, lease_holder="")


def take(row: models.Model) -> Lane | None:
    """Take the row's lane, or ``None`` while another worker holds it."""
    now, rows = timezone.now(), type(row)._base_manager.filter(pk=row.pk)
    token = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_token=_left_by_the_dead(rows))
    taken = rows.filter(free).update(lease_token=token, lease_until=_until(now), lease_holder=_me())
    return Lane(type(row), row.pk, token) if taken else None


def free_the_dead(*querysets: models.QuerySet[models.Model]) -> int:
    """End the leases of workers that were killed on this machine, so that their work is found at once."""
    freed = 0
    for rows in querysets:
        held = rows.filter(lease_until__gt=timezone.now()).exclude(lease_holder="")
        for pk, token, holder in held.values_list("pk", "lease_token", "lease_holder"):
            if is_dead(holder):
                freed += rows.filter(pk=pk, lease_token=token).update(lease_until=F("lease_until") - _LONG)
    return freed


_LONG = timedelta(days=1)


def is_dead(holder: str) -> bool:
    """Whether a holder's process is certainly gone: it ran here, and no process has its number and start time."""
    place, _, process = holder.rpartition(" ")
    number, _, started = process.partition("@")
    if place != _place() or not number.isdigit():
        return False
    return _started(int(number)) != started


def _left_by_the_dead(rows: models.QuerySet[models.Model]) -> uuid.UUID | None:
    held = rows.values_list("lease_token", "lease_holder").first()
    return held[0] if held and held[0] and held[1] and is_dead(held[1]) else None


def _me() -> str:
    return f"{_place()} {os.getpid()}@{_started(os.getpid())}"


def _place() -> str:
    """This machine, and within it the space in which process numbers mean something (a container has its own)."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()[:120]}/{space}"


def _started(number: int) -> str:
    """When a process started, in the system's own count; empty when there is none or it can't be told."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LANE_LEASE_SECONDS)
