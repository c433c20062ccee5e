"""What was read, and how far."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from practices.models import Connection, PracticeOwned, PracticeQuerySet
from sync.models.kinds import Kind


class Cursor(PracticeOwned):
    """How far one list of a connection has been read, in the provider's clock.

    ``since`` moves only after a complete walk; ``full_*`` stamp the last walk over everything, ``wide_completed_at``
    the last over the longer stretch of days that is read at night. ``resume`` and ``walk`` describe a walk in progress,
    stored in the same transaction as the page before it, so a killed worker's walk goes on where it stopped.
    ``refused_at`` is when the provider last refused a list that may be refused; a walk to its end forgets it.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    variant = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    full_began_at = models.DateTimeField(null=True, blank=True)
    full_completed_at = models.DateTimeField(null=True, blank=True)
    wide_completed_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    resume = models.TextField(blank=True)
    walk = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "kind", "variant"], name="cursor_once"),)

    def __str__(self) -> str:
        return f"{self.connection_id} {self.kind} {self.variant}".strip()


class Standing(models.TextChoices):
    """Where a source record stands with its target, as of the last plan."""

    UNPLANNED = "", "Not planned yet"
    IN_SYNC = "in_sync", "In agreement"
    FILTERED = "filtered", "Not to be written"
    HELD = "held", "Waiting for you"
    PENDING = "pending", "On its way"
    PARKED = "parked", "Needs attention"


class SnapshotQuerySet(PracticeQuerySet):
    def of(self, connection: Connection, kind: str) -> Self:
        return self.filter(connection=connection, kind=kind)

    def present(self) -> Self:
        return self.filter(gone_at=None, problem="")


class Snapshot(PracticeOwned):
    """An outside object as last read. Never deleted; ``gone_at`` says since when the source no longer lists it.

    ``problem`` holds why an unreadable object is set aside; its raw payload is kept and the rest goes on.
    ``to_plan``: its content moved since the last plan that looked at it. ``changed_at`` is when it was changed over
    there, put into our own clock.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="snapshots")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    external_id = models.CharField(max_length=100)
    record = models.JSONField(default=dict)
    raw = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    problem = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    number = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=255, blank=True)
    party_external_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=40, blank=True)
    date = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    source_created_at = models.DateTimeField(null=True, blank=True)
    source_updated_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)
    standing = models.CharField(
        max_length=10, choices=Standing.choices, default=Standing.UNPLANNED, blank=True
    )
    standing_reason = models.CharField(max_length=40, blank=True)
    standing_text = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    to_plan = models.BooleanField(default=True)

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = (
            # With what lists add up, so that finding records without a counterpart need not look at the rows.
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"],
                include=["id", "practice", "currency", "amount", "date"],
                name="snapshot_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["connection", "kind", "-date", "-id"], include=["practice"], name="snapshot_by_date"
            ),
            models.Index(
                fields=["connection", "kind", "standing", "standing_reason"], name="snapshot_by_standing"
            ),
            models.Index(fields=["connection", "kind", "status"], name="snapshot_by_status"),
            models.Index(
                fields=["connection", "kind"], condition=Q(gone_at__isnull=False), name="snapshot_gone"
            ),
            models.Index(fields=["connection", "kind", "party_external_id"], name="snapshot_by_party"),
            models.Index(fields=["connection", "kind", "name"], name="snapshot_by_name"),
            models.Index(fields=["connection", "kind", "number"], name="snapshot_by_number"),
            models.Index(fields=["connection", "kind", "amount", "id"], name="snapshot_by_amount"),
            models.Index(
                fields=["practice", "connection", "kind"], condition=~Q(problem=""), name="snapshot_set_aside"
            ),
            models.Index(
                fields=["practice", "connection", "kind", "standing_reason"],
                condition=Q(standing="held") & ~Q(standing_reason__in=["watch", "fill_gaps"]),
                name="snapshot_waits",
            ),
            models.Index(fields=["connection", "kind"], condition=Q(to_plan=True), name="snapshot_to_plan"),
            GinIndex(
                F("practice"),
                *(OpClass(Upper(name), "gin_trgm_ops") for name in ("name", "email", "number", "reference")),
                name="snapshot_search",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.name or self.external_id}"

    @property
    def title(self) -> str:
        return self.number or self.name or self.external_id
