"""Calls: how many a provider lets us make, and who used them."""

from django.db import models
from django.utils import timezone

from practices.models import Connection, PracticeOwned


class Purpose(models.TextChoices):
    """What a call or a piece of work is for, the most urgent first."""

    LIVE = "live", "Live changes"
    PERSON = "person", "A person's click"
    POLL = "poll", "Regular reading"
    BACKFILL = "backfill", "Catching up"


class Budget(PracticeOwned):
    """Calls of one connection on one UTC day, per purpose, and what the provider's own headers said is left.

    ``window_*`` is the running minute (Xero) or hour (Ignition): when it began and how many calls it had. ``refused``
    counts answers that said "too many".
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="budgets")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)
    live = models.PositiveIntegerField(default=0)
    person = models.PositiveIntegerField(default=0)
    poll = models.PositiveIntegerField(default=0)
    backfill = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    bytes_read = models.BigIntegerField(default=0)
    window_began_at = models.DateTimeField(null=True, blank=True)
    window_calls = models.PositiveIntegerField(default=0)
    window_left = models.IntegerField(null=True, blank=True)
    day_left = models.IntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "day"], name="budget_once_per_day"),)

    def __str__(self) -> str:
        return f"{self.connection_id} {self.day}: {self.calls} calls"
