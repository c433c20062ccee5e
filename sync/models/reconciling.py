"""Comparisons of both sides, and the differences they found."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import PracticeOwned, PracticeQuerySet, User
from sync.models.running import Trigger


class MismatchState(models.TextChoices):
    OPEN = "open", "Open"
    FIXED = "fixed", "Gone"
    ACCEPTED = "accepted", "Accepted"


class ReconcileRun(PracticeOwned):
    """One comparison of what was last read; it reads and writes nothing outside.

    ``documents_from`` is the start of its window (none: everything). ``coverage`` says per list how fresh it was,
    ``totals`` are ``sync.reconcile.totals.Total`` as JSON, ``counts`` the differences by kind, explanations included.
    """

    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    documents_from = models.DateField(null=True, blank=True)
    mapping_version = models.PositiveIntegerField(default=0)
    coverage = models.JSONField(default=list)
    totals = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    found = models.PositiveIntegerField(default=0)
    fresh = models.PositiveIntegerField(default=0)
    fixed = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["practice", "-id"], name="reconcile_by_practice"),)

    def __str__(self) -> str:
        return f"Comparison of {self.started_at:%d %b %Y %H:%M}"


class MismatchQuerySet(PracticeQuerySet):
    def open(self) -> Self:
        return self.filter(state=MismatchState.OPEN)


class Mismatch(PracticeOwned):
    """One difference, the same row for as long as it lasts and when it comes back.

    ``money`` is by how much the target has more, ``at_stake`` what hangs on it, both in ``currency``. An accepted one
    is opened again by itself when ``at_stake`` passes ``ceiling`` or after ``accepted_until``. ``rank`` is the place of
    its severity, 0 the worst.
    """

    fingerprint = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=20)
    rank = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=MismatchState.choices, default=MismatchState.OPEN)
    text = models.CharField(max_length=500)
    client = models.CharField(max_length=300, blank=True)
    source_external_ids = models.JSONField(default=list)
    target_external_ids = models.JSONField(default=list)
    money = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    at_stake = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    currency = models.CharField(max_length=3, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    fixed_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    ceiling = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)

    objects: ClassVar[Any] = MismatchQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice", "fingerprint"], name="mismatch_once"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | (Q(accepted_at__isnull=False) & ~Q(reason="")),
                name="mismatch_accepted_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="fixed") | Q(fixed_at__isnull=False), name="mismatch_fixed_at_some_time"
            ),
        )
        indexes = (
            models.Index(fields=["practice", "state", "-at_stake", "-id"], name="mismatch_by_money"),
            models.Index(fields=["practice", "state", "kind", "-at_stake", "-id"], name="mismatch_by_kind"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.client}".strip()
