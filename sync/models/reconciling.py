"""Comparisons of both sides, the differences they found, and what people said about them."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from practices.models import PracticeOwned, PracticeQuerySet, User
from sync.models.owed import Change
from sync.models.running import Trigger


class CompareState(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Comparing"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Scope(models.TextChoices):
    FULL = "full", "Everything"
    CHANGED = "changed", "What a sync changed"


class MismatchState(models.TextChoices):
    OPEN = "open", "Open"
    FIXED = "fixed", "Gone"
    ACCEPTED = "accepted", "Accepted"


class ReconcileRun(PracticeOwned):
    """One comparison of what was last read; it reads and writes nothing outside.

    The row is the queue: a worker takes one that waits, and one whose worker died. While it waits, ``started_at`` is
    the earliest moment it may begin and ``claimed_at`` when a worker was last woken for it. A run of
    ``scope`` changed looks at the clients named in ``clients`` only and has no totals. ``documents_from`` is the start
    of its window (none: everything). ``coverage`` says per list how fresh it was, ``totals`` are
    ``sync.reconcile.totals.Total`` as JSON, ``counts`` the differences by kind, explanations included. ``open_count``
    and ``open_money`` (amount at stake per currency, as text) are what was open when it ended. ``unchecked`` says why
    kinds that are compared otherwise were not, by their codes.
    """

    state = models.CharField(max_length=10, choices=CompareState.choices, default=CompareState.DONE)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.FULL)
    clients = models.JSONField(default=list, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    open_count = models.PositiveIntegerField(default=0)
    open_money = models.JSONField(default=dict, blank=True)
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
    unchecked = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (
            models.Index(fields=["practice", "-id"], name="reconcile_by_practice"),
            models.Index(
                fields=["state", "id"], condition=Q(state__in=["waiting", "running"]), name="reconcile_open"
            ),
        )

    def __str__(self) -> str:
        return f"Comparison of {self.started_at:%d %b %Y %H:%M}"


class MismatchQuerySet(PracticeQuerySet):
    def open(self) -> Self:
        return self.filter(state=MismatchState.OPEN)


class Mismatch(PracticeOwned):
    """One difference, the same row for as long as it lasts and when it comes back.

    ``money`` is by how much the target has more, ``at_stake`` what hangs on it and ``tax_at_stake`` the tax in that,
    all in ``currency``. ``dated_on`` is the document's day, which says what tax period it is in; ``document`` is its
    number. An accepted one is opened again by itself when ``at_stake`` passes ``ceiling`` or after ``accepted_until``.
    ``rank`` is the place of its severity, 0 the worst. ``change`` is the write that a person had made of it.

    Each comparison stamps ``last_seen_at``, ``times_seen`` and ``seen_in`` of every row that it saw. No index may name
    one of them, and half of each page is left free, so that a stamp writes the row and none of its twenty indexes.
    ``seen_in`` may point at a comparison that was tidied away.
    """

    fingerprint = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=20)
    rank = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=MismatchState.choices, default=MismatchState.OPEN)
    text = models.CharField(max_length=500)
    client = models.CharField(max_length=300, blank=True)
    client_external_id = models.CharField(max_length=100, blank=True)
    document = models.CharField(max_length=100, blank=True)
    dated_on = models.DateField(null=True, blank=True)
    source_external_ids = models.JSONField(default=list)
    target_external_ids = models.JSONField(default=list)
    money = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    at_stake = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    tax_at_stake = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    currency = models.CharField(max_length=3, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    times_seen = models.PositiveIntegerField(default=1)
    seen_in = models.ForeignKey(
        ReconcileRun,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    fixed_at = models.DateTimeField(null=True, blank=True)
    change = models.ForeignKey(Change, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
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
            models.Index(fields=["practice", "state", "client", "id"], name="mismatch_by_client"),
            models.Index(fields=["practice", "state", "document", "id"], name="mismatch_by_document"),
            models.Index(fields=["practice", "state", "rank", "id"], name="mismatch_by_rank"),
            models.Index(fields=["practice", "state", "first_seen_at", "id"], name="mismatch_by_age"),
            models.Index(fields=["practice", "-at_stake", "-id"], name="mismatch_any_by_money"),
            models.Index(
                fields=["practice", "state", "dated_on", "currency", "rank"],
                include=["kind", "at_stake", "tax_at_stake"],
                name="mismatch_of_period",
            ),
            models.Index(fields=["practice", "state", "rank", "-at_stake", "id"], name="mismatch_worst"),
            models.Index(fields=["practice", "client_external_id", "client"], name="mismatch_of_client"),
            models.Index(
                fields=["practice", "owner", "state"],
                condition=Q(owner__isnull=False),
                name="mismatch_of_owner",
            ),
            GinIndex(
                F("practice"),
                OpClass(Upper("client"), "gin_trgm_ops"),
                OpClass(Upper("document"), "gin_trgm_ops"),
                OpClass(Upper("text"), "gin_trgm_ops"),
                name="mismatch_search",
            ),
            GinIndex(fields=["source_external_ids"], name="mismatch_of_source"),
            GinIndex(fields=["target_external_ids"], name="mismatch_of_target"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.client}".strip()


class MismatchNote(PracticeOwned):
    """What somebody said about a difference. It is never changed."""

    mismatch = models.ForeignKey(Mismatch, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.CharField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["mismatch", "id"], name="mismatch_notes"),)

    def __str__(self) -> str:
        return self.text[:60]
