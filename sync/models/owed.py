"""What we owe a target, and each try of it."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from practices.models import Connection, PracticeOwned, PracticeQuerySet, User
from sync.models.budget import Purpose
from sync.models.kinds import Flow, Kind
from sync.models.running import Run


class ChangeState(models.TextChoices):
    HELD = "held", "Held"
    PENDING = "pending", "Waiting to be sent"
    IN_FLIGHT = "in_flight", "Being sent"
    DONE = "done", "Done"
    PARKED = "parked", "Needs attention"
    SUPERSEDED = "superseded", "Replaced by a newer one"
    CANCELLED = "cancelled", "Cancelled"


class Verb(models.TextChoices):
    CREATE = "create", "Create"
    UPDATE = "update", "Update"


class ParkedAs(models.TextChoices):
    NONE = "", "-"
    REJECTED = "rejected", "Refused by the target"
    NEEDS_MAPPING = "needs_mapping", "Needs a mapping"
    NEEDS_RECONNECT = "needs_reconnect", "Needs reconnecting"
    UNCLEAR = "unclear", "Outcome not known"
    INTERNAL = "internal", "Our fault"


OPEN_CHANGE_STATES = (ChangeState.HELD, ChangeState.PENDING, ChangeState.IN_FLIGHT, ChangeState.PARKED)


class ChangeQuerySet(PracticeQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_CHANGE_STATES)

    def due(self, now: datetime) -> Self:
        return self.filter(state=ChangeState.PENDING).filter(Q(not_before=None) | Q(not_before__lte=now))


class Change(PracticeOwned):
    """One write that we owe the target. The row is the queue: it exists once it is committed.

    ``values`` is what will be sent, ``before`` what the target holds; both keep amounts as text. ``refs`` names the
    source ids of records whose target ids are filled in when it is sent (an invoice's contact, a payment's
    invoice). ``look_up_from`` is a moment before the first sending in the target's own clock, from which a lost
    write is looked for. ``source_changed_at`` is when the source record was changed, in our clock. ``facts_hash``
    tells two plans of one record apart. ``rules`` are the keys of the rules that applied; ``approval_asked`` says
    which of them want a second person, as ``{"key", "name", "text"}``. ``asked_for`` names what somebody asked for
    on the reconciliation page, so that every later plan keeps it: values, or ``record`` for a whole one; empty where
    nobody did. A create can exist only once per source record, enforced by the database.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="changes")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    verb = models.CharField(max_length=10, choices=Verb.choices)
    source_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    source_external_id = models.CharField(max_length=210)
    target_external_id = models.CharField(max_length=100, blank=True)
    natural_key = models.CharField(max_length=255, blank=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=300)
    values = models.JSONField(default=dict)
    before = models.JSONField(default=dict, blank=True)
    refs = models.JSONField(default=dict, blank=True)
    remarks = models.JSONField(default=list, blank=True)
    rules = models.JSONField(default=list, blank=True)
    approval_asked = models.JSONField(default=list, blank=True)
    asked_for = models.JSONField(default=list, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    date = models.DateField(null=True, blank=True)
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.POLL)
    source_changed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=ChangeState.choices, default=ChangeState.HELD)
    reason = models.CharField(max_length=40, blank=True)
    parked_as = models.CharField(max_length=20, choices=ParkedAs.choices, default=ParkedAs.NONE, blank=True)
    message = models.CharField(max_length=500, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    facts_hash = models.CharField(max_length=64)
    source_digest = models.CharField(max_length=64, blank=True)
    depends_on = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    mapping_version = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="made")
    sent_by = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="sent")
    not_before = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    look_up_first = models.BooleanField(default=False)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    look_up_from = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    noted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ChangeQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "kind", "source_external_id"],
                condition=Q(verb="create") & ~Q(state__in=["superseded", "cancelled"]),
                name="change_create_once",
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "source_external_id"],
                condition=Q(state__in=["held", "pending", "in_flight", "parked"]),
                name="change_one_open_per_record",
            ),
        )
        indexes = (
            models.Index(fields=["connection", "state", "kind", "id"], name="change_queue"),
            models.Index(fields=["practice", "state", "kind", "-id"], name="change_by_practice"),
            models.Index(fields=["practice", "-id"], include=["state", "kind", "verb"], name="change_newest"),
            # What waits, with everything that it is grouped by and added up from: the rows need not be looked at.
            models.Index(
                fields=["practice", "state", "kind", "verb", "reason", "parked_as", "currency"],
                include=["amount", "created_at", "flow"],
                condition=Q(state__in=["held", "pending", "in_flight", "parked"]),
                name="change_open",
            ),
            models.Index(
                F("practice"), F("amount").desc(nulls_last=True), F("id").desc(), name="change_by_amount"
            ),
            models.Index(
                fields=["practice", "reason", "-id"], condition=~Q(reason=""), name="change_by_reason"
            ),
            models.Index(
                fields=["practice", "parked_as", "-id"], condition=~Q(parked_as=""), name="change_by_parking"
            ),
            GinIndex(
                F("practice"),
                *(OpClass(Upper(name), "gin_trgm_ops") for name in ("title", "natural_key")),
                name="change_search",
            ),
            models.Index(fields=["practice", "kind", "source_external_id"], name="change_by_source"),
            models.Index(
                fields=["connection", "id"],
                condition=Q(state="done", noted_at=None),
                name="change_without_note",
            ),
            models.Index(
                fields=["practice", "connection", "kind", "state"],
                condition=Q(state__in=["held", "pending", "in_flight", "parked"])
                & ~Q(reason__in=["fill_gaps", "watch"]),
                name="change_waits",
            ),
            # What a period's tax return waits for, by the day of the document.
            models.Index(
                fields=["practice", "kind", "date"],
                condition=Q(state__in=["held", "pending", "in_flight", "parked"])
                & ~Q(reason__in=["fill_gaps", "watch"]),
                name="change_waits_by_day",
            ),
            # Each plan asks for what people wanted written, among very many that nobody did.
            models.Index(
                fields=["connection", "source_connection", "id"],
                condition=~Q(asked_for=[]) & Q(state__in=["held", "pending", "in_flight", "parked"]),
                name="change_asked_for",
            ),
            models.Index(
                fields=["practice", "verified_at"],
                condition=Q(source_changed_at__isnull=False, verified_at__isnull=False),
                name="change_lag",
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.title}"


class AttemptResult(models.TextChoices):
    STARTED = "started", "No answer recorded"
    OK = "ok", "Accepted"
    PARTIAL = "partial", "Partly accepted"
    RETRY = "retry", "Will be tried again"
    UNCLEAR = "unclear", "No answer"
    REFUSED = "refused", "Refused"
    RECONNECT = "reconnect", "Needs reconnecting"
    INTERNAL = "internal", "Our fault"


class Attempt(PracticeOwned):
    """One API call for one or more Changes. Written before the call, completed after it."""

    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="attempts")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="attempts")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    verb = models.CharField(max_length=10)
    changes: "models.ManyToManyField[Change, models.Model]" = models.ManyToManyField(
        Change, related_name="attempts"
    )
    idempotency_key = models.CharField(max_length=128, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ms = models.PositiveIntegerField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=AttemptResult.choices, default=AttemptResult.STARTED)
    status = models.PositiveIntegerField(null=True, blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    error = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    calls = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = (models.Index(fields=["practice", "-started_at"], name="attempt_by_practice"),)

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} at {self.started_at:%Y-%m-%d %H:%M:%S}: {self.result}"
