"""What the pages about alerts show: rows with everything they need, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils import timezone

from practices.models import Membership, Practice
from sync.alerts.decide import DIGEST_AT
from sync.alerts.sending import newest_tests
from sync.alerts.wording import lasted
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Digest,
    IncidentState,
    SeenAlerts,
    Severity,
)

NOW, OVER = "now", "over"
TONES = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFO: "info"}
MUTES = {"1": "for an hour", "24": "for a day", "168": "for a week"}
"""Hours a channel can be muted for."""


class AlertFilter(filters.FilterSet):  # type: ignore[misc]
    """Narrows the list of alerts; lives in the address bar."""

    show = filters.ChoiceFilter(
        label="Show", choices=[(NOW, "Going on"), (OVER, "Over")], empty_label="All", method="going_on"
    )
    event = filters.ChoiceFilter(
        label="Kind",
        choices=[(AlertEvent.OPENED, "Problems"), (AlertEvent.RECOVERED, "No longer a problem")],
        empty_label="All",
    )
    severity = filters.ChoiceFilter(label="How bad", choices=Severity.choices, empty_label="All")

    class Meta:
        model = Alert
        fields: tuple[str, ...] = ()

    def going_on(self, queryset: QuerySet[Alert], name: str, value: str) -> QuerySet[Alert]:
        problems = queryset.filter(event=AlertEvent.OPENED)
        return problems.filter(over_at__isnull=value == NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one channel stands to an alert."""

    channel: str
    state: str
    words: str
    at: datetime | None
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    alert: Alert
    title: str
    text: str
    is_new: bool
    is_over: bool
    tone: str
    lasted: str
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """``state`` in words and tone; ``waiting`` messages are held by quiet hours, a summary or a retry."""

    channel: Channel
    state: str
    tone: str
    when: tuple[str, ...]
    waiting: int
    unconfirmed: bool
    test: Delivery | None


def alert_rows(alerts: Sequence[Alert], seen_at: datetime) -> list[AlertRow]:
    """Rows for alerts that were loaded with their incident."""
    told = _told([alert.pk for alert in alerts])
    return [_row(alert, told[alert.pk], seen_at) for alert in alerts]


def alerts_of(practice: Practice) -> QuerySet[Alert]:
    """What people were told, tests aside."""
    found = Alert.objects.for_practice(practice).exclude(event=AlertEvent.TEST)
    rows: QuerySet[Alert] = found.select_related("incident")
    return rows


def seen_until(practice: Practice, membership: Membership) -> datetime:
    """Up to when this member has seen the alerts; a new member is not behind with old ones."""
    seen = SeenAlerts.objects.for_practice(practice).filter(user=membership.user_id).first()
    return seen.seen_at if seen else membership.created_at


def mark_seen(practice: Practice, membership: Membership, until: datetime) -> None:
    """Everything up to ``until`` is no longer new to this member. Never goes back."""
    until = min(until, timezone.now())
    row = {"practice": practice, "user_id": membership.user_id}
    seen, made = SeenAlerts.objects.get_or_create(**row, defaults={"seen_at": until})
    if not made:
        SeenAlerts.objects.filter(pk=seen.pk, seen_at__lt=until).update(seen_at=until)


def channel_rows(practice: Practice) -> list[ChannelRow]:
    """All channels of a practice by name, without their addresses."""
    channels = list(Channel.objects.for_practice(practice).defer("address").order_by("name", "pk"))
    waiting: dict[int, int] = defaultdict(int)
    held = Delivery.objects.filter(channel__in=channels, state=DeliveryState.WAITING)
    for channel_id in held.values_list("channel_id", flat=True):
        waiting[channel_id] += 1
    tests = newest_tests(channels)
    now = timezone.now()
    return [_channel_row(channel, waiting[channel.pk], tests.get(channel.pk), now) for channel in channels]


def failing(practice: Practice) -> list[Channel]:
    """Channels that do not get through right now."""
    found = Channel.objects.for_practice(practice).filter(is_on=True, failing_since__isnull=False)
    return list(found.defer("address").order_by("failing_since"))


def _channel_row(channel: Channel, waiting: int, test: Delivery | None, now: datetime) -> ChannelRow:
    if not channel.is_on:
        state, tone = "Off", ""
    elif channel.muted_until is not None and channel.muted_until > now:
        state, tone = "Muted", "warn"
    elif channel.failing_since is not None:
        state, tone = "Does not get through", "bad"
    else:
        state, tone = "On", "good"
    return ChannelRow(
        channel=channel,
        state=state,
        tone=tone,
        when=tuple(_when(channel)),
        waiting=waiting,
        unconfirmed=channel.kind == ChannelKind.EMAIL and "not confirmed" in channel.shown,
        test=test,
    )


def _when(channel: Channel) -> list[str]:
    """The channel's times, in words."""
    words = [str(Digest(channel.digest).label)]
    if channel.digest == Digest.DAILY:
        words[0] += f" at {channel.digest_at or DIGEST_AT:%H:%M}"
    if channel.quiet_from and channel.quiet_until:
        words.append(f"quiet {channel.quiet_from:%H:%M} to {channel.quiet_until:%H:%M}")
    if channel.quiet_weekends:
        words.append("quiet at weekends")
    return words


def _row(alert: Alert, told: list[Told], seen_at: datetime) -> AlertRow:
    incident = alert.incident
    live = incident is not None and incident.state != IncidentState.RESOLVED
    over = alert.event == AlertEvent.RECOVERED or alert.over_at is not None
    current = incident if incident is not None and live and not over else alert
    length: timedelta | None = None
    if incident is not None and alert.over_at is not None:
        length = alert.over_at - incident.opened_at
    return AlertRow(
        alert=alert,
        title=current.title,
        text=current.text,
        is_new=alert.created_at > seen_at,
        is_over=over,
        tone="good" if alert.event == AlertEvent.RECOVERED else TONES[Severity(alert.severity)],
        lasted=lasted(length) if length is not None else "",
        told=tuple(told),
    )


def _told(alert_ids: list[int]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = defaultdict(list)
    rows: Any = (
        Delivery.objects.filter(alert__in=alert_ids).select_related("channel").defer("channel__address")
    )
    for row in rows.order_by("channel__name"):
        words, at, tone = _delivery_words(row)
        found[row.alert_id].append(
            Told(channel=row.channel.name, state=row.state, words=words, at=at, tone=tone)
        )
    return found


def _delivery_words(row: Delivery) -> tuple[str, datetime | None, str]:
    if row.state == DeliveryState.SENT:
        return "sent", row.sent_at, "good"
    if row.state == DeliveryState.FAILED:
        return "could not be sent", None, "bad"
    if row.state == DeliveryState.DROPPED:
        return "not sent, as it was over or the channel was silenced", None, ""
    if row.state == DeliveryState.WAITING and row.tries:
        return "not taken yet, tried again", row.not_before, "warn"
    if row.state == DeliveryState.WAITING and row.not_before is not None:
        return "waits, to be sent", row.not_before, "info"
    return "on its way", None, "info"
