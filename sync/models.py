"""What happened outside, what we owe, and what became of it."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import Connection, PracticeOwned, PracticeQuerySet, Provider, User


class Kind(models.TextChoices):
    """Sorts of outside objects, as ``connectors.records.Kind``, with the words people read."""

    CONTACT = "contact", "Contacts"
    PERSON = "person", "People"
    SERVICE = "service", "Services"
    PROPOSAL = "proposal", "Proposals"
    INVOICE = "invoice", "Invoices"
    PAYMENT = "payment", "Payments"
    COLLECTION = "collection", "Collections"
    DEAL = "deal", "Deals"
    DEAL_STAGE = "deal_stage", "Deal stages"
    ORGANISATION = "organisation", "Organisation"
    ACCOUNT = "account", "Accounts"
    TAX_RATE = "tax_rate", "Tax rates"
    TRACKING_CATEGORY = "tracking_category", "Tracking categories"
    BRANDING_THEME = "branding_theme", "Branding themes"
    CURRENCY = "currency", "Currencies"
    STAFF = "staff", "Users"
    ITEM = "item", "Items"
    CREDIT_NOTE = "credit_note", "Credit notes"
    BATCH_PAYMENT = "batch_payment", "Batch payments"
    OVERPAYMENT = "overpayment", "Overpayments"
    PREPAYMENT = "prepayment", "Prepayments"
    REPEATING_INVOICE = "repeating_invoice", "Repeating invoices"


SYNCED_KINDS = (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT)
"""What is written, in the order that keeps dependencies satisfied."""


class Mode(models.TextChoices):
    WATCH = "watch", "Watch only"
    FILL_GAPS = "fill_gaps", "Fill the gaps"
    TAKE_OVER = "take_over", "Take over"


class Flow(PracticeOwned):
    """One kind of record going from one system to another, and how far we may go with it.

    A row per (source, target, kind) instead of columns on the practice: a third system adds rows, not columns.
    """

    source = models.CharField(max_length=20, choices=Provider.choices)
    target = models.CharField(max_length=20, choices=Provider.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.WATCH)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice", "source", "target", "kind"], name="flow_once"),
        )

    def __str__(self) -> str:
        return f"{self.source} → {self.target} {self.kind}: {self.mode}"


class Cursor(PracticeOwned):
    """How far one list of a connection has been read, in the provider's clock.

    ``since`` moves only after a complete walk. ``resume`` and ``walk`` describe a walk in progress, stored in
    the same transaction as the page before it, so a killed worker's walk goes on where it stopped.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    variant = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    full_began_at = models.DateTimeField(null=True, blank=True)
    full_completed_at = models.DateTimeField(null=True, blank=True)
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
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.UNPLANNED, blank=True)
    standing_reason = models.CharField(max_length=40, blank=True)
    standing_text = models.CharField(max_length=500, blank=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="snapshot_once"),
        )
        indexes = (
            models.Index(fields=["practice", "kind", "-date", "-id"], name="snapshot_by_date"),
            models.Index(fields=["connection", "kind", "standing"], name="snapshot_by_standing"),
            models.Index(fields=["connection", "kind", "party_external_id"], name="snapshot_by_party"),
            models.Index(fields=["connection", "kind", "name"], name="snapshot_by_name"),
            models.Index(fields=["connection", "kind", "number"], name="snapshot_by_number"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.name or self.external_id}"

    @property
    def title(self) -> str:
        return self.number or self.name or self.external_id


class LinkMethod(models.TextChoices):
    """How a pair was recognised, strongest first."""

    STORED = "stored", "Stored in the source system"
    WRITTEN = "written", "Written by this app"
    NUMBER = "number", "Same client code"
    EMAIL_NAME = "email_name", "Same e-mail and similar name"
    NAME_SIGNAL = "name_signal", "Same name and a second signal"
    DOCUMENT = "document", "Same contact, reference, date and total"
    ALLOCATION = "allocation", "Same invoice, amount and time"
    PERSON = "person", "Confirmed by a person"


class Link(PracticeOwned):
    """The pair of ids across two connections.

    ``base_source`` holds the mapped values and ``base_target`` the target's values both sides last agreed on:
    what moved away from its base has been changed on that side.
    """

    kind = models.CharField(max_length=20, choices=Kind.choices)
    source_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links_out")
    target_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links_in")
    source_external_id = models.CharField(max_length=210)
    target_external_id = models.CharField(max_length=100)
    former_target_external_ids = models.JSONField(default=list, blank=True)
    method = models.CharField(max_length=20, choices=LinkMethod.choices)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=1)
    reasons = models.JSONField(default=list, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    base_source = models.JSONField(default=dict, blank=True)
    base_target = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source_connection", "target_connection", "kind", "source_external_id"],
                name="link_one_target_per_source",
            ),
            models.UniqueConstraint(
                fields=["target_connection", "kind", "target_external_id"],
                condition=~Q(kind="contact"),
                name="link_one_source_per_document",
            ),
        )
        indexes = (models.Index(fields=["target_connection", "kind", "target_external_id"], name="link_by_target"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.source_external_id} ↔ {self.target_external_id}"


class ReviewState(models.TextChoices):
    OPEN = "open", "To decide"
    LINKED = "linked", "Linked"
    CREATE = "create", "Create new"
    IGNORED = "ignored", "Leave alone"


class Review(PracticeOwned):
    """A source record that could not be recognised with certainty: the candidates, why, and a person's decision."""

    kind = models.CharField(max_length=20, choices=Kind.choices)
    source_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    target_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    source_external_id = models.CharField(max_length=210)
    title = models.CharField(max_length=300)
    candidates = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    chosen_external_id = models.CharField(max_length=100, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source_connection", "target_connection", "kind", "source_external_id"], name="review_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting for the provider"
    DONE = "done", "Done"
    INCOMPLETE = "incomplete", "Done, some records wait"
    FAILED = "failed", "Failed"


class Trigger(models.TextChoices):
    PERSON = "person", "A person"
    SCHEDULE = "schedule", "Schedule"
    COMMAND = "command", "Command line"
    CONNECT = "connect", "New connection"
    MODE = "mode", "Mode changed"
    MAPPING = "mapping", "Mapping changed"


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class Run(PracticeOwned):
    """One sync from reading to writing. ``counts`` holds the funnel per kind; ``progress`` is for the screen."""

    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    stage = models.CharField(max_length=20, blank=True)
    full = models.BooleanField(default=False)
    reads = models.BooleanField(default=True)
    again = models.BooleanField(default=False)
    message = models.CharField(max_length=500, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    calls = models.JSONField(default=dict, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    mapping_version = models.PositiveIntegerField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["practice"], condition=Q(state__in=["queued", "running", "waiting"]), name="run_one_open"
            ),
        )
        indexes = (models.Index(fields=["practice", "-queued_at"], name="run_by_practice"),)

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.practice_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUN_STATES


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
    write is looked for. ``facts_hash`` tells two plans of one record apart. A create can exist only once per source record,
    enforced by the database.
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
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    date = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=ChangeState.choices, default=ChangeState.HELD)
    reason = models.CharField(max_length=40, blank=True)
    parked_as = models.CharField(max_length=20, choices=ParkedAs.choices, default=ParkedAs.NONE, blank=True)
    message = models.CharField(max_length=500, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    facts_hash = models.CharField(max_length=64)
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

    objects = ChangeQuerySet.as_manager()

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
            models.Index(fields=["practice", "kind", "source_external_id"], name="change_by_source"),
            models.Index(
                fields=["connection", "id"], condition=Q(state="done", noted_at=None), name="change_without_note"
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
    changes: "models.ManyToManyField[Change, models.Model]" = models.ManyToManyField(Change, related_name="attempts")
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


class Budget(PracticeOwned):
    """Calls made per connection and UTC day, and what the provider says is left, corrected by its headers."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="budgets")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)
    minute_left = models.IntegerField(null=True, blank=True)
    day_left = models.IntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "day"], name="budget_once_per_day"),)

    def __str__(self) -> str:
        return f"{self.connection_id} {self.day}: {self.calls} calls"

