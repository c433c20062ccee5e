"""Builders for the tests of alerts: incidents that lasted a while, channels, and looking at what came of them."""

import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone

from practices.models import Practice
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    Incident,
    IncidentState,
    Resolution,
)
from tests.sync.receiver import Receiver

_numbers = itertools.count(1)


def make_incident(practice: Practice, *, minutes: float = 5, **extra: Any) -> Incident:
    """Something that needs a person and began that long ago, unless the rest says otherwise."""
    now = timezone.now()
    return Incident.objects.create(
        practice=practice,
        **{
            "cause": f"cause_{next(_numbers)}",
            "kind": "invoice",
            "title": "Invoices refused by Xero",
            "text": "Choose an account for “Bookkeeping”.",
            "count": 12,
            "opened_at": now - timedelta(minutes=minutes),
            "last_seen_at": now,
            **extra,
        },
    )


def make_channel(practice: Practice, kind: str = ChannelKind.SLACK, **extra: Any) -> Channel:
    number = next(_numbers)
    addresses: dict[str, dict[str, Any]] = {
        ChannelKind.EMAIL: {"owners_and_admins": True, "members": [], "others": []},
        ChannelKind.SLACK: {"url": "https://hooks.slack.com/services/T0/B0/secret-part"},
        ChannelKind.TEAMS: {"url": "https://teams.example.com/workflows/secret-part"},
        ChannelKind.WEBHOOK: {"url": "https://robot.example.com/in", "key": "k" * 64},
    }
    return Channel.objects.create(
        practice=practice, kind=kind, **{"name": f"Channel {number}", "address": addresses[kind], **extra}
    )


def posted(practice: Practice, receiver: Receiver, kind: str = ChannelKind.SLACK, **extra: Any) -> Channel:
    address = {"url": f"{receiver.url}/services/very-secret-part", "key": "k" * 64}
    return make_channel(practice, kind, address=address, **extra)


def make_alert(practice: Practice, **extra: Any) -> Alert:
    """People were told of an incident, which still goes on."""
    title, text = extra.pop("title", "Invoices refused by Xero"), extra.pop("text", "")
    incident = make_incident(practice, title=title, text=text, alerted_at=timezone.now())
    return Alert.objects.create(
        practice=practice,
        incident=incident,
        **{"event": AlertEvent.OPENED, "title": title, "text": text, "count": incident.count, **extra},
    )


def resolve(incident: Incident, *, minutes: float = 0, by: str = Resolution.ITSELF) -> None:
    """It ended that long ago."""
    ended = timezone.now() - timedelta(minutes=minutes)
    change(incident, state=IncidentState.RESOLVED, resolution=by, resolved_at=ended)


def reopen(incident: Incident) -> None:
    change(incident, state=IncidentState.OPEN, resolution=Resolution.NONE, resolved_at=None)


def change(incident: Incident, **values: Any) -> None:
    Incident.objects.filter(pk=incident.pk).update(**values)
    incident.refresh_from_db()


def events(incident: Incident) -> list[str]:
    """What people were told about it, in order."""
    return list(Alert.objects.filter(incident=incident).order_by("pk").values_list("event", flat=True))


def deliveries(channel: Channel) -> list[tuple[str, str]]:
    """(event, state) of everything that was made for a channel, in order."""
    rows = Delivery.objects.filter(channel=channel).order_by("pk").select_related("alert")
    return [(AlertEvent(row.alert.event).value, row.state) for row in rows]
