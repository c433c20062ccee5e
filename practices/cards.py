"""What the connections page shows of each provider: one frozen card, computed in one place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from practices.features import features_of
from practices.models import AuthKind, Connection, ConnectionState, Practice, Provider
from practices.oauth_apps import offers_oauth

REFRESH_LIFETIME = {Provider.XERO.value: timedelta(days=60), Provider.IGNITION.value: timedelta(days=90)}
"""How long an unused refresh token lives; each refresh starts it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One provider's card. ``button`` names the one action that helps: connect, reconnect or test."""

    provider: str
    label: str
    connection: Connection | None
    details: dict[str, Any]
    state: str
    tone: str
    button: str
    features: list[tuple[str, bool]]
    forced_reconnect_at: datetime | None
    days_left: int | None
    probes: list[dict[str, Any]]
    probed_at: str
    offers_oauth: bool
    person_left: bool


def cards_of(practice: Practice) -> list[Card]:
    """A card for each provider, connected or not."""
    rows = Connection.objects.for_practice(practice).select_related("grant", "connected_by", "practice")
    # Shown without the secret, so that one which can't be decrypted does not take the page down.
    found = {one.provider: one for one in rows.defer("grant__secret")}
    return [_card(practice, provider, found.get(provider)) for provider in Provider.values]


def _card(practice: Practice, provider: str, connection: Connection | None) -> Card:
    ends_at = _forced_reconnect(connection)
    state, tone, button = _state(connection)
    return Card(
        provider=provider,
        label=Provider(provider).label,
        connection=connection,
        details=connection.tenant_details if connection else {},
        state=state,
        tone=tone,
        button=button,
        features=features_of(connection) if connection else [],
        forced_reconnect_at=ends_at,
        days_left=(ends_at - timezone.now()).days if ends_at else None,
        probes=connection.last_probe.get("probes", []) if connection else [],
        probed_at=connection.last_probe.get("at", "") if connection else "",
        offers_oauth=offers_oauth(provider),
        person_left=_person_left(practice, connection),
    )


def _state(connection: Connection | None) -> tuple[str, str, str]:
    if connection is None:
        return "Not connected", "", "connect"
    if connection.state == ConnectionState.CONNECTED:
        if connection.resumes_at and connection.resumes_at > timezone.now():
            return "Waiting: the provider asked for a pause", "warn", "test"
        return "Connected", "good", "test"
    if connection.state == ConnectionState.NEEDS_RECONNECT:
        return "Needs reconnecting", "bad", "reconnect"
    return "Disconnected", "", "reconnect"


def _forced_reconnect(connection: Connection | None) -> datetime | None:
    """When the provider would ask for a new consent if nothing were refreshed until then."""
    if connection is None or connection.grant is None or connection.grant.auth_kind != AuthKind.OAUTH2:
        return None
    since = connection.grant.refreshed_at or connection.grant.created_at
    return since + REFRESH_LIFETIME[connection.provider]


def _person_left(practice: Practice, connection: Connection | None) -> bool:
    """Whether the person who connected is no longer an active member: consents tend to end with jobs."""
    person = connection.connected_by if connection else None
    if person is None:
        return False
    return not (person.is_active and person.memberships.filter(practice=practice).exists())
