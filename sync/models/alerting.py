"""What is wrong, who was told, and how."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import Connection, PracticeOwned, User
from practices.secrets import EncryptedJSONField
from sync.models.kinds import Kind


class IncidentState(models.TextChoices):
    OPEN = "open", "Open"
    SNOOZED = "snoozed", "Snoozed"
    RESOLVED = "resolved", "Resolved"


class Resolution(models.TextChoices):
    """How an incident ended."""

    NONE = "", "-"
    ITSELF = "itself", "By itself"
    PERSON = "person", "By a person"


class Severity(models.TextChoices):
    INFO = "info", "For information"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Needs you now"


class Incident(PracticeOwned):
    """One cause that keeps something from working, however many records it holds up.

    ``cause`` is the code of the cause, ``subject`` tells several of one cause apart; together with practice,
    connection and kind they name it, and one such incident can be unresolved at a time. ``heals``: it is tried again
    by itself (``next_try_at``). ``alerted_at`` is when people were last told, so that a recovery is told to the same
    people and what healed before is told to nobody. ``title`` stands in subjects of mails: it names no client.
    """

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    cause = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=600, blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    heals = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    tax = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    state = models.CharField(max_length=10, choices=IncidentState.choices, default=IncidentState.OPEN)
    opened_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(
        max_length=10, choices=Resolution.choices, default=Resolution.NONE, blank=True
    )
    alerted_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    assigned_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=300, blank=True)
    snoozed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["practice", "connection", "kind", "cause", "subject"],
                condition=~Q(state="resolved"),
                name="incident_one_unresolved",
            ),
            models.UniqueConstraint(
                fields=["practice", "kind", "cause", "subject"],
                condition=~Q(state="resolved") & Q(connection=None),
                name="incident_one_unresolved_anywhere",
            ),
        )
        indexes = (models.Index(fields=["practice", "state", "-opened_at"], name="incident_by_practice"),)

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"


class ChannelKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    WEBHOOK = "webhook", "Signed webhook"


class Digest(models.TextChoices):
    AT_ONCE = "at_once", "At once"
    HOURLY = "hourly", "Once an hour"
    DAILY = "daily", "Once a day"


class Channel(PracticeOwned):
    """One way of telling people, and what it is told. ``address`` holds what must stay secret: URL or signing key.

    ``sync/alerts/addresses.py`` says what is in ``address``; ``shown`` is what pages may show of it. Quiet hours and
    the daily digest's time are in the practice's time zone; during quiet hours only what is critical is sent, the
    rest when they end. A channel that is off, or muted for a while, is told nothing. ``failing_since`` is when it
    last began to refuse messages; empty while it works.
    """

    kind = models.CharField(max_length=10, choices=ChannelKind.choices)
    name = models.CharField(max_length=100)
    address = EncryptedJSONField()
    shown = models.CharField(max_length=200, blank=True)
    is_on = models.BooleanField(default=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    least_count = models.PositiveIntegerField(default=1)
    least_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    recoveries = models.BooleanField(default=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_weekends = models.BooleanField(default=False)
    digest = models.CharField(max_length=10, choices=Digest.choices, default=Digest.AT_ONCE)
    digest_at = models.TimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice", "name"], name="channel_name_once"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"


class AlertEvent(models.TextChoices):
    OPENED = "opened", "Problem"
    RECOVERED = "recovered", "Recovered"
    TEST = "test", "Test"


class Alert(PracticeOwned):
    """One message to people: an incident opened, or recovered. At most one of each for one round of an incident.

    An incident that comes back after people heard of its end begins another ``round``. ``over_at`` is set on the
    opening once it is over, whether or not somebody was told so. ``key`` names the message to machines that take
    it, whatever row ids say.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts"
    )
    event = models.CharField(max_length=10, choices=AlertEvent.choices)
    round = models.PositiveIntegerField(default=1)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=1000, blank=True)
    count = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["incident", "event", "round"],
                condition=~Q(event="test"),
                name="alert_once_per_status",
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(event="opened", over_at=None), name="alert_one_not_over"
            ),
        )
        indexes = (
            models.Index(fields=["practice", "-created_at"], name="alert_by_practice"),
            models.Index(
                fields=["practice", "created_at"],
                condition=Q(event="opened", over_at=None),
                name="alert_not_over",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_event_display()}: {self.title}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Could not be sent"
    DROPPED = "dropped", "Not needed any more"


class Delivery(PracticeOwned):
    """One alert on its way through one channel. The row is the queue; ``not_before`` is quiet hours or a retry.

    ``unclear``: some try may have arrived although we never heard so. ``reached`` are the addresses of a mail that
    have it already, so that a retry goes to the others.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    unclear = models.BooleanField(default=False)
    reached = models.JSONField(default=list, blank=True)
    status = models.PositiveIntegerField(null=True, blank=True)
    message = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (models.UniqueConstraint(fields=["alert", "channel"], name="delivery_once"),)
        indexes = (
            models.Index(fields=["not_before", "id"], condition=Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="delivery_sending"),
        )

    def __str__(self) -> str:
        return f"{self.alert_id} → {self.channel_id}: {self.state}"


class SeenAlerts(PracticeOwned):
    """Up to when a person has seen a practice's alerts; what came later is new to them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "seen alerts"
        constraints = (models.UniqueConstraint(fields=["practice", "user"], name="seen_alerts_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} until {self.seen_at:%Y-%m-%d %H:%M}"
