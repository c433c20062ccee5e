"""Figures per month for closing it, worked out in the background from the last comparison."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import PracticeOwned
from sync.models.reconciling import ReconcileRun


class Workings(PracticeOwned):
    """Whether a practice's months have to be worked out, one row for each practice. The row is the queue.

    ``asked_at`` is set while somebody waits for it, ``claimed_at`` while a worker is at it. ``run`` is the comparison
    that the figures follow, also when working them out failed, so that a failure is not repeated all day. ``facts`` is
    what could not be placed in a month, and why the clearing account could not be looked at.
    """

    asked_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(ReconcileRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    facts = models.JSONField(default=dict, blank=True)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice"], name="workings_once"),)
        indexes = (
            models.Index(fields=["asked_at"], condition=Q(asked_at__isnull=False), name="workings_owed"),
        )

    def __str__(self) -> str:
        return f"Months of {self.practice_id}"


class MonthFigures(PracticeOwned):
    """One month in figures; ``month`` is its first day."""

    month = models.DateField()
    figures = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice", "month"], name="month_figures_once"),)

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"
