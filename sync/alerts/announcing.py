"""From incidents to alerts: whom to tell that something is wrong, and whom that it is over.

Looks at rows and makes rows; nothing is sent here, so it may be called inside a transaction. Calling it again changes
nothing, and of two calls at once one makes the alert.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from practices.models import Practice
from sync.alerts import decide
from sync.alerts.sending import sends_from
from sync.alerts.wording import recovery_text
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    Delivery,
    DeliveryState,
    Incident,
    IncidentState,
    Severity,
)

log = structlog.get_logger(__name__)

SEND, QUEUE = "sync.tasks.send_alerts", "live"

Cause = tuple[int | None, str, str, str]
"""What tells incidents apart: connection, kind, cause, subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done now, before anything is locked."""

    tell: list[Incident]
    end: list[Alert]
    grown: list[Alert]

    def __bool__(self) -> bool:
        return bool(self.tell or self.end or self.grown)


def announce(practice: Practice, *, now: datetime | None = None) -> int:
    """Make the alerts and deliveries that are due for a practice; returns how many alerts are new.

    Two queries while there is nothing to tell.
    """
    now = now or timezone.now()
    work = _work(practice, now)
    if not work:
        return 0
    with transaction.atomic():
        ids = {incident.pk for incident in work.tell}
        ids |= {alert.incident_id for alert in (*work.end, *work.grown) if alert.incident_id is not None}
        # Whoever waited here for another call sees what that one did, and finds nothing left to do.
        list(Incident.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk"))
        work = _work(practice, now, only=ids)
        channels = list(_listening(practice, now))
        made = _tell(practice, work.tell, channels, now)
        # All at once and in order, as senders lock them: nobody waits in a circle.
        sent = _deliveries_of(work.end)
        for alert in work.end:
            made += _end(alert, sent[alert.pk], channels, now)
        for alert in work.grown:
            _tell_the_rest(alert, channels, now)
        if work:
            wake()
    return made


def wake() -> None:
    """Ask a worker to send, once the current transaction is committed. The beat sends without it, a little later."""
    if settings.NUDGE_WORKERS:
        transaction.on_commit(_wake)


def deliver(alerts: Iterable[Alert], channels: Sequence[Channel], *, now: datetime) -> None:
    """A waiting delivery of each alert through each channel, with the time from which on it may be sent."""
    Delivery.objects.bulk_create(
        [
            Delivery(
                practice=alert.practice,
                alert=alert,
                channel=channel,
                not_before=sends_from(channel, alert.practice, severity=alert.severity, now=now),
            )
            for alert in alerts
            for channel in channels
        ],
        ignore_conflicts=True,
    )


def wish_of(channel: Channel) -> decide.Wish:
    return decide.Wish(
        severity=channel.severity, least_count=channel.least_count, least_amount=channel.least_amount
    )


def _work(practice: Practice, now: datetime, *, only: set[int] | None = None) -> Work:
    """``only`` limits it to these incidents, which are locked by then."""
    told = Alert.objects.filter(practice=practice, event=AlertEvent.OPENED, over_at=None)
    told = told.select_related("incident", "practice")
    going_on = Incident.objects.filter(practice=practice).exclude(state=IncidentState.RESOLVED)
    lasting = {_cause(incident): incident for incident in going_on}
    alerts = [alert for alert in told if only is None or alert.incident_id in only]
    known = {alert.incident_id for alert in told}
    fresh = [
        incident
        for incident in lasting.values()
        if incident.pk not in known and (only is None or incident.pk in only)
    ]
    return Work(
        tell=_worth_telling(practice, fresh, now),
        end=[alert for alert in alerts if _is_over(alert, lasting, now)],
        grown=[alert for alert in alerts if _has_grown(alert)],
    )


def _worth_telling(practice: Practice, fresh: list[Incident], now: datetime) -> list[Incident]:
    healing_for = timedelta(minutes=settings.ALERT_AFTER_MINUTES)
    ripe = [
        incident
        for incident in fresh
        if decide.is_worth_telling(_problem(incident, now), now=now, healing_for=healing_for, last_told=None)
    ]
    if not ripe:
        return []
    recent = Incident.objects.filter(practice=practice, alerted_at__gt=now - decide.BETWEEN)
    last_told: dict[Cause, datetime] = {}
    for incident in recent.order_by("alerted_at"):
        if incident.alerted_at is not None:
            last_told[_cause(incident)] = incident.alerted_at
    return [
        incident
        for incident in ripe
        if decide.is_worth_telling(
            _problem(incident, now),
            now=now,
            healing_for=healing_for,
            last_told=last_told.get(_cause(incident)),
        )
    ]


def _is_over(alert: Alert, lasting: dict[Cause, Incident], now: datetime) -> bool:
    """Over for long enough to say so, and the same cause is not back under another row."""
    incident = alert.incident
    if incident is None or incident.state != IncidentState.RESOLVED or incident.resolved_at is None:
        return False
    settled = timedelta(minutes=settings.ALERT_RECOVERED_AFTER_MINUTES)
    return now - incident.resolved_at >= settled and _cause(incident) not in lasting


def _has_grown(alert: Alert) -> bool:
    incident = alert.incident
    if incident is None or incident.state != IncidentState.OPEN:
        return False
    return (
        decide.RANK[incident.severity] > decide.RANK[alert.severity]
        or incident.count > alert.count
        or (incident.amount or 0) > (alert.amount or 0)
    )


def _tell(practice: Practice, incidents: list[Incident], channels: list[Channel], now: datetime) -> int:
    if not incidents:
        return 0
    rounds = dict(
        Alert.objects.filter(incident__in=incidents, event=AlertEvent.OPENED)
        .values_list("incident_id")
        .annotate(last=Max("round"))
    )
    alerts = Alert.objects.bulk_create(
        [
            Alert(
                practice=practice,
                incident=incident,
                event=AlertEvent.OPENED,
                round=rounds.get(incident.pk, 0) + 1,
                severity=incident.severity,
                title=incident.title,
                text=incident.text,
                count=incident.count,
                amount=incident.amount,
                currency=incident.currency,
                created_at=now,
            )
            for incident in incidents
        ]
    )
    Incident.objects.filter(pk__in=[incident.pk for incident in incidents]).update(alerted_at=now)
    for channel in channels:
        wish = wish_of(channel)
        wanted = [
            alert
            for alert in alerts
            if decide.matches(wish, severity=alert.severity, count=alert.count, amount=alert.amount)
        ]
        deliver(wanted, [channel], now=now)
    return len(alerts)


def _deliveries_of(openings: list[Alert]) -> dict[int, list[Delivery]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    for row in Delivery.objects.filter(alert__in=openings).select_for_update().order_by("pk"):
        found[row.alert_id].append(row)
    return found


def _end(alert: Alert, rows: list[Delivery], channels: list[Channel], now: datetime) -> int:
    """Close an opening and tell those who heard of it. 0 while one of its messages is just being sent."""
    incident = alert.incident
    fates = {row.channel_id: decide.fate_of_opening(row.state, unclear=row.unclear) for row in rows}
    if incident is None or decide.Fate.WAIT in fates.values():
        return 0
    heard = {decide.Fate.TOLD, decide.Fate.DROP_MAY_HAVE_ARRIVED}
    Delivery.objects.filter(alert=alert, state=DeliveryState.WAITING).update(state=DeliveryState.DROPPED)
    Alert.objects.filter(pk=alert.pk).update(over_at=incident.resolved_at)
    recovery = Alert.objects.create(
        practice=alert.practice,
        incident=incident,
        event=AlertEvent.RECOVERED,
        round=alert.round,
        severity=alert.severity,
        title=alert.title,
        text=recovery_text(incident),
        count=alert.count,
        amount=alert.amount,
        currency=alert.currency,
        created_at=now,
    )
    listening = [channel for channel in channels if channel.recoveries and fates.get(channel.pk) in heard]
    deliver([recovery], listening, now=now)
    return 1


def _tell_the_rest(alert: Alert, channels: list[Channel], now: datetime) -> None:
    """A problem grew after people were told: tell the channels for which it was too small, and hold nothing back that
    needs people now. Nobody is told twice.
    """
    incident = alert.incident
    if incident is None:
        return
    told, now_is = _as_told(alert), _problem(incident, now)
    grown = [
        channel for channel in channels if decide.has_grown_into(wish_of(channel), told=told, now_is=now_is)
    ]
    if decide.RANK[incident.severity] > decide.RANK[alert.severity]:
        alert.severity = incident.severity
        if incident.severity == Severity.CRITICAL:
            held = Delivery.objects.filter(alert=alert, state=DeliveryState.WAITING, tries=0)
            held.update(not_before=None)
    alert.title, alert.text = incident.title, incident.text
    alert.count = max(alert.count, incident.count)
    if incident.amount is not None and incident.amount > (alert.amount or 0):
        alert.amount, alert.currency = incident.amount, incident.currency
    alert.save(update_fields=["severity", "title", "text", "count", "amount", "currency"])
    deliver([alert], grown, now=now)


def _listening(practice: Practice, now: datetime) -> QuerySet[Channel]:
    """Channels that are told, locked so that none is deleted before its deliveries are made."""
    muted = Q(muted_until__gt=now)
    listening = Channel.objects.filter(practice=practice, is_on=True).exclude(muted).defer("address")
    return listening.select_for_update(no_key=True).order_by("pk")


def _problem(incident: Incident, now: datetime) -> decide.Problem:
    asleep = incident.snoozed_until is None or incident.snoozed_until > now
    return decide.Problem(
        severity=incident.severity,
        heals=incident.heals,
        count=incident.count,
        amount=incident.amount,
        opened_at=incident.opened_at,
        snoozed=incident.state == IncidentState.SNOOZED and asleep,
    )


def _as_told(alert: Alert) -> decide.Problem:
    return decide.Problem(
        severity=alert.severity,
        heals=False,
        count=alert.count,
        amount=alert.amount,
        opened_at=alert.created_at,
    )


def _cause(incident: Incident) -> Cause:
    return incident.connection_id, incident.kind, incident.cause, incident.subject


def _wake() -> None:
    try:
        current_app.send_task(SEND, queue=QUEUE, ignore_result=True)
    except Exception:  # the broker may be away; the rows are the queue and the beat looks at them
        log.warning("nudge_failed", task=SEND, exc_info=True)
