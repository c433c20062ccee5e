"""One worker at a time works one connection, and one works a run.

A lane is a lease on the row: taken by one conditional UPDATE, renewed before each call, and simply run out when its
holder was killed. It makes a distributed rate limiter unnecessary and keeps the order within a tenant natural.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class LaneLost(Exception):
    """The lease ran out and someone else took it; what this worker holds in memory is stale."""


class Lane:
    """A held lease on a row that has ``lease_token`` and ``lease_until``."""

    def __init__(self, model: type[models.Model], pk: int, token: uuid.UUID) -> None:
        self._rows = model._base_manager.filter(pk=pk, lease_token=token)

    def renew(self) -> None:
        """Hold on for another lease; raises :class:`LaneLost` when it is no longer ours."""
        if not self._rows.update(lease_until=_until(timezone.now())):
            raise LaneLost

    def release(self) -> None:
        self._rows.update(lease_token=None, lease_until=None)


def take(row: models.Model) -> Lane | None:
    """Take the row's lane, or ``None`` while another worker holds it."""
    now = timezone.now()
    token = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = type(row)._base_manager.filter(free, pk=row.pk).update(lease_token=token, lease_until=_until(now))
    return Lane(type(row), row.pk, token) if taken else None


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LANE_LEASE_SECONDS)
