"""What a message says: alerts in the practice's own money and time, with links that lead back here."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from practices.localise import shown_for
from practices.models import Practice
from practices.templatetags.formats import clock, money
from sync.alerts.render.message import Item, Message, counted
from sync.models import Alert, AlertEvent, Channel, Incident, IncidentState, Resolution, Severity

MOST_ITEMS = 20
"""Alerts that one message names; the rest is counted."""

EVENT_NAMES = {
    AlertEvent.OPENED: "problem.opened",
    AlertEvent.RECOVERED: "problem.recovered",
    AlertEvent.TEST: "test",
}

TEST_TITLE = "This is a test"
TEST_TEXT = "Somebody pressed “Send a test”. Messages get through."


def message_for(channel: Channel, alerts: Sequence[Alert]) -> Message:
    """The message about these alerts, newest facts of what still goes on; alerts come with incident and practice."""
    practice = channel.practice
    with shown_for(practice):
        items = tuple(_item(practice, alert) for alert in alerts[:MOST_ITEMS])
    recoveries = sum(alert.event == AlertEvent.RECOVERED for alert in alerts)
    return Message(
        product=str(settings.PRODUCT_NAME),
        practice=_line(practice.name),
        channel=_line(channel.name),
        items=items,
        problems=len(alerts) - recoveries,
        recoveries=recoveries,
        more=max(0, len(alerts) - MOST_ITEMS),
        alerts_url=absolute("alerts", slug=practice.slug),
        settings_url=absolute("alert_channels", slug=practice.slug),
    )


def problem_url(practice: Practice, incident: Incident | None) -> str:
    """Where a person sees what is wrong, as an absolute address."""
    if incident is None:
        return absolute("alerts", slug=practice.slug)
    return absolute("problem", slug=practice.slug, pk=incident.pk)


def absolute(name: str, **values: object) -> str:
    return str(settings.BASE_URL) + reverse(name, kwargs=values)


def recovery_text(incident: Incident) -> str:
    """How and after how long it ended."""
    how = "Somebody put it right" if incident.resolution == Resolution.PERSON else "It ended by itself"
    ended = incident.resolved_at or timezone.now()
    return f"{how} after {lasted(ended - incident.opened_at)}."


def lasted(length: timedelta) -> str:
    """A length of time in plain words: ``4 minutes``, ``3 hours``, ``2 days``."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 90:
        return counted(minutes, "minute")
    if minutes < 36 * 60:
        return counted(round(minutes / 60), "hour")
    return counted(round(minutes / 1440), "day")


def size_now(alert: Alert) -> Alert | Incident:
    """Where the facts of today are: on the incident while it lasts, else as people were told."""
    incident = alert.incident
    goes_on = incident is not None and incident.state != IncidentState.RESOLVED
    return incident if incident is not None and goes_on and alert.event == AlertEvent.OPENED else alert


def _item(practice: Practice, alert: Alert) -> Item:
    now = size_now(alert)
    return Item(
        event=alert.event,
        severity=now.severity,
        title=_line(now.title),
        text=now.text.strip(),
        count=now.count,
        facts=tuple(_facts(alert, now)),
        url=problem_url(practice, alert.incident),
    )


def _facts(alert: Alert, now: Alert | Incident) -> list[str]:
    facts = []
    if alert.event == AlertEvent.OPENED:
        facts.append(str(Severity(now.severity).label))
        if alert.incident is not None:
            facts.append(f"since {_when(alert.incident.opened_at)}")
    if now.count:
        facts.append(counted(now.count, "record"))
    if now.amount is not None:
        facts.append(str(money(now.amount, now.currency)))
    return facts


def _when(instant: datetime) -> str:
    local = timezone.localtime(instant)
    return f"{local:%a} {local.day} {local:%b}, {clock(local)}"


def _line(text: str) -> str:
    return " ".join(text.split())


def event_for(alert: Alert) -> dict[str, Any]:
    """The facts of one alert for a machine. Amounts are text, instants are in UTC."""
    practice, incident = alert.practice, alert.incident
    facts: dict[str, Any] = {
        "id": str(alert.key),
        "type": EVENT_NAMES[AlertEvent(alert.event)],
        "created_at": _stamp(alert.created_at),
        "practice": {"slug": practice.slug, "name": practice.name},
    }
    if incident is None:
        return facts
    now = size_now(alert)
    facts["problem"] = {
        "id": incident.pk,
        "round": alert.round,
        "cause": incident.cause,
        "subject": incident.subject,
        "kind": incident.kind,
        "system": incident.connection.provider if incident.connection else "",
        "title": now.title,
        "text": now.text,
        "severity": now.severity,
        "heals_by_itself": incident.heals,
        "count": now.count,
        "amount": None if now.amount is None else str(now.amount),
        "currency": now.currency,
        "opened_at": _stamp(incident.opened_at),
        "resolved_at": _stamp(incident.resolved_at) if alert.event == AlertEvent.RECOVERED else None,
        "url": problem_url(practice, incident),
    }
    return facts


def _stamp(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if instant else None
