"""The app's side of a run: connect practices as a person would, and ask its rows how far it is.

Needs Django to be set up. Nothing here takes part in the comparison.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from chaos.expected import CLEARING_CODE, SALES_CODE, TAXES
from mappings.services import publish
from mappings.spec import Choices
from practices import connecting, connections, hooks
from practices.models import Connection, ConnectionState, Grant, Practice, Provider, Role, User
from practices.models import Membership as Member
from sync import flows, notes, runs
from sync.demo import consent_for
from sync.models import (
    OPEN_RUN_STATES,
    SYNCED_KINDS,
    Alert,
    AlertEvent,
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Event,
    EventState,
    Mode,
    ParkedAs,
    Purpose,
    Resolution,
    Run,
    RunState,
    Trigger,
)

LONGEST_RUN = timedelta(seconds=20)
"""New runs begin all the time; one that is open longer than this when all is quiet hangs."""
ZONES = {"AU": ("Australia/Sydney", "AUD"), "NZ": ("Pacific/Auckland", "NZD")}


@dataclass(frozen=True, slots=True)
class Office:
    """One practice as the app knows it."""

    practice: Practice
    owner: User


def open_office(*, key: str, name: str, country: str) -> Office:
    """A practice with an owner, both connections, a mapping, and every kind switched to taking over."""
    zone, currency = ZONES[country]
    owner = User.objects.create_user(f"owner@{key}.example", os.urandom(16).hex(), name="Olive Owner")
    practice = Practice.objects.create(
        slug=key, name=name, country=country, time_zone=zone, base_currency=currency
    )
    Member.objects.create(practice=practice, user=owner, role=Role.OWNER)
    flows.ensure_flows(practice)
    taxes = {label: tax_type for label, (_, tax_type) in TAXES[country].items()}
    choices = Choices(
        sales_account=SALES_CODE,
        clearing_account=CLEARING_CODE,
        default_tax=next(iter(taxes.values())),
        tax_by_label=taxes,
    )
    publish(practice, choices, actor=owner)
    connecting.connect_ignition_key(practice, actor=owner, api_key=f"ign-{key}-key")
    grant = connecting.store_xero_grant(consent_for(name))
    reached = connections.xero_client(grant).connections()
    tenant = next(item["tenantId"] for item in reached if item["tenantName"] == name)
    connecting.connect_xero(practice, actor=owner, grant=grant, tenant_external_id=tenant)
    flows.set_modes(practice, {str(kind): str(Mode.TAKE_OVER) for kind in SYNCED_KINDS}, actor=owner)
    return Office(practice, owner)


def has_practices() -> bool:
    return bool(Practice.objects.exists())


def make_hook_secret(office: Office) -> tuple[str, str]:
    """A secret for Ignition's webhooks of this practice, and the path that they go to."""
    connection = Connection.objects.get(practice=office.practice, provider=Provider.IGNITION)
    secret = hooks.make(connection, actor=office.owner, label="Chaos").text
    return secret, urlsplit(hooks.address_of(connection)).path


def press_sync(office: Office) -> None:
    """What the button on the home page does."""
    runs.start(office.practice, trigger=Trigger.PERSON, actor=office.owner)


def working_processes() -> tuple[set[int], set[int]]:
    """Processes that hold a run or a connection right now, and those of them that are in the middle of a write."""
    held = Q(lease_until__gt=timezone.now())
    writing = Attempt.objects.filter(result=AttemptResult.STARTED).values("connection")
    connections_held = Connection.objects.filter(held)
    holders = [
        *Run.objects.filter(held).values_list("lease_holder", flat=True),
        *connections_held.values_list("lease_holder", flat=True),
    ]
    in_a_write = connections_held.filter(pk__in=writing).values_list("lease_holder", flat=True)
    return _numbers(holders), _numbers(in_a_write)


def _numbers(holders: Iterable[str]) -> set[int]:
    """Process numbers out of ``place number@start``."""
    found = (holder.rpartition(" ")[2].partition("@")[0] for holder in holders)
    return {int(number) for number in found if number.isdigit()}


def drop_database_connections() -> int:
    """End every other session of this database; returns how many there were."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
        )
        return int(cursor.fetchone()[0])


def token_is_settled(since: datetime) -> bool:
    """Whether the app has stored every token pair that was given out up to ``since``, and nobody is getting another."""
    grants = Grant.objects.filter(provider=Provider.XERO)
    behind = Q(refreshed_at__lt=since) | Q(refreshed_at=None)
    return not grants.filter(behind | Q(lease_until__gt=timezone.now())).exists()


def unfinished(since: datetime) -> list[str]:
    """What keeps the system from being settled, in words; empty when nothing does.

    ``since``: every practice has to have ended a run that began after it, by whoever started that.
    """
    out = []
    old = Run.objects.filter(state__in=OPEN_RUN_STATES, queued_at__lt=timezone.now() - LONGEST_RUN)
    for state, number in _counted(old, "state"):
        out.append(f"{number} run(s) {state} for more than {LONGEST_RUN.seconds} seconds")
    waiting_events = Event.objects.filter(state=EventState.WAITING).count()
    if waiting_events:
        out.append(f"{waiting_events} webhook(s) not looked at")
    waiting = (ChangeState.PENDING, ChangeState.IN_FLIGHT)
    for state, number in _counted(Change.objects.filter(state__in=waiting), "state"):
        out.append(f"{number} change(s) {state}")
    unclear = (ParkedAs.UNCLEAR, ParkedAs.INTERNAL, ParkedAs.NEEDS_RECONNECT)
    parked = Change.objects.filter(state=ChangeState.PARKED, parked_as__in=unclear)
    for state, number in _counted(parked, "parked_as"):
        out.append(f"{number} change(s) parked as {state}")
    lost = Connection.objects.exclude(state=ConnectionState.CONNECTED).select_related("practice")
    out += [f"{item.practice.slug}: {item.provider} {item.state}" for item in lost]
    for connection in Connection.objects.filter(provider=Provider.XERO).select_related("practice"):
        if notes.any_due(connection):
            out.append(f"{connection.practice.slug}: notes to write")
    for practice in Practice.objects.all():
        ended = Run.objects.filter(practice=practice, queued_at__gt=since, finished_at__isnull=False)
        if not ended.exclude(state=RunState.FAILED).exclude(purpose=Purpose.LIVE).exists():
            out.append(f"{practice.slug}: no run ended since the storm")
    return out


def left_to_do() -> int:
    """How many changes and webhooks are still to be seen to."""
    waiting = (ChangeState.PENDING, ChangeState.IN_FLIGHT)
    events = Event.objects.filter(state=EventState.WAITING)
    return int(Change.objects.filter(state__in=waiting).count() + events.count())


def alerts_for_what_healed() -> list[str]:
    """What people were told of although it went away by itself within the time that such things are given."""
    grace = timedelta(minutes=settings.ALERT_AFTER_MINUTES)
    told = Alert.objects.filter(event=AlertEvent.OPENED, incident__resolution=Resolution.ITSELF)
    return [
        f"{alert.practice.slug}: {alert.title}, from {incident.opened_at:%X} to {incident.resolved_at:%X}"
        for alert in told.select_related("practice", "incident")
        if (incident := alert.incident) and incident.resolved_at - incident.opened_at <= grace
    ]


def numbers() -> dict[str, Any]:
    """What the app's rows say at the end, for the report."""
    changes = Change.objects.values_list("kind", "verb", "state", "reason", "parked_as")
    return {
        "runs": dict(_counted(Run.objects.all(), "state")),
        "changes": {" ".join(filter(None, key)): number for key, number in Counter(changes).most_common()},
        "events": dict(_counted(Event.objects.all(), "state")),
        "alerts": list(Alert.objects.values_list("event", "incident__heals", "title")),
        "live_runs": Run.objects.filter(purpose=Purpose.LIVE).count(),
        "looked_up": Change.objects.filter(attempts__verb="look_up").distinct().count(),
        "tries": max(Change.objects.values_list("tries", flat=True), default=0),
    }


def open_changes(source: str) -> list[str]:
    """What the app says about one record, to print beside a finding."""
    key = source.partition("/")[0]
    rows = Change.objects.filter(source_external_id__startswith=key).order_by("pk")
    return [
        f"{row.verb} {row.state} {row.reason} tries {row.tries}: {row.message[:160]} {row.values}"[:600]
        for row in rows
    ]


def _counted(rows: Any, name: str) -> list[tuple[str, int]]:
    return Counter(rows.values_list(name, flat=True)).most_common()
