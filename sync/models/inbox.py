"""Hints from outside that something changed. A hint is never the truth: the record is read from its source."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import Connection, PracticeOwned
from sync.models.kinds import Kind
from sync.models.running import Run


class EventSource(models.TextChoices):
    """How a hint came in."""

    WEBHOOK = "webhook", "Signed webhook"
    BRIDGE = "bridge", "Automation tool"


class EventState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Looked at"
    ECHO = "echo", "Known already"
    IGNORED = "ignored", "Not of interest"


class Event(PracticeOwned):
    """One hint as received, stored before the sender gets its answer.

    ``body`` is this hint's part of the request as text, ``headers`` those that say something and hold no secret.
    The same hint sent twice is one row (``provider_event_id``). ``occurred_at`` is the sender's clock. A replay sets
    the row back to waiting and counts. ``run`` is the one that looked at it last.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="events")
    provider_event_id = models.CharField(max_length=100)
    source = models.CharField(max_length=10, choices=EventSource.choices, default=EventSource.WEBHOOK)
    kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    external_id = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=60, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=EventState.choices, default=EventState.WAITING)
    message = models.CharField(max_length=300, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    replays = models.PositiveIntegerField(default=0)
    repeats = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="events")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "provider_event_id"], name="event_once"),
        )
        indexes = (
            models.Index(fields=["practice", "-received_at", "-id"], name="event_by_practice"),
            models.Index(fields=["practice", "state", "-received_at", "-id"], name="event_by_state"),
            models.Index(fields=["practice", "source", "-received_at", "-id"], name="event_by_source"),
            models.Index(
                fields=["practice", "connection", "kind"], condition=Q(state="waiting"), name="event_waiting"
            ),
            models.Index(fields=["connection", "kind", "external_id"], name="event_by_record"),
        )

    def __str__(self) -> str:
        return f"{self.action or 'change'} of {self.kind or 'something'} {self.external_id}".strip()
