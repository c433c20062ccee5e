"""Connecting a practice to Ignition and Xero, for the first time and again.

No function here opens a transaction around a call. A connection outlives disconnecting and reconnecting,
so links and history stay, which is why a reconnect must lead to the same organisation as before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connectors.errors import ConnectorError, NeedsReconnect
from connectors.ignition.client import IgnitionClient
from connectors.oauth import Tokens
from connectors.xero.client import XeroClient
from practices.audit import record
from practices.connections import connection_of, known_ids, provider_client, tell_reconnected, xero_client
from practices.models import (
    AuthKind,
    Connection,
    ConnectionState,
    Grant,
    GrantState,
    Practice,
    Provider,
    User,
)
from practices.tenants import Organisation, describe, tenants_of
from practices.tokens import drop_unused, withdraw

KNOWN_ID_PAGES = 40
"""Pages of clients looked through for one that we know: ten thousand clients at 250 a page."""


ATTACHED = (
    "grant",
    "state",
    "state_reason",
    "connected_by",
    "connected_at",
    "disconnected_at",
    "resumes_at",
    "tenant_external_id",
    "tenant_name",
    "tenant_details",
)
"""The fields that connecting again writes."""


class ConnectRefused(Exception):
    """The connection can't be made; the text is a sentence for people."""


class DifferentOrganisation(ConnectRefused):
    """A reconnect led to another organisation than the one whose history we hold."""

    def __init__(self, *, provider: str, expected: str, found: str) -> None:
        super().__init__(f"This practice is connected to {expected}, and the new consent is for {found}.")
        self.provider, self.expected, self.found = provider, expected, found


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A credential that isn't stored yet, while it is being tried."""

    value: str

    def __repr__(self) -> str:
        return "StaticToken()"

    def token(self) -> str:
        return self.value

    def renew(self, rejected: str) -> str:
        raise NeedsReconnect("The credential was refused.", provider="", status=401)


def connect_ignition_key(practice: Practice, *, actor: User, api_key: str) -> Connection:
    """Try the key, then store it. Raises :class:`ConnectRefused`, or :class:`ConnectorError` to try later."""
    _try_ignition(practice, StaticToken(api_key), "Ignition does not accept this API key.")
    grant = Grant(
        provider=Provider.IGNITION,
        auth_kind=AuthKind.API_KEY,
        secret={"api_key": api_key},
        refreshed_at=timezone.now(),
    )
    return _attach(practice, actor=actor, provider=Provider.IGNITION, grant=grant, organisation=None)


def connect_ignition_oauth(practice: Practice, *, actor: User, tokens: Tokens) -> Connection:
    """Store what a consent at Ignition gave. Raises like :func:`connect_ignition_key`."""
    try:
        _try_ignition(practice, StaticToken(tokens.access_token), "Ignition does not let this consent read.")
    except ConnectRefused:
        withdraw(Provider.IGNITION, tokens.refresh_token)
        raise
    grant = Grant(provider=Provider.IGNITION, auth_kind=AuthKind.OAUTH2, **_stored(tokens))
    return _attach(practice, actor=actor, provider=Provider.IGNITION, grant=grant, organisation=None)


def store_xero_grant(tokens: Tokens) -> Grant:
    """Keep a Xero user's token set: one row per user, shared by all organisations that user reaches.

    A new consent replaces the stored set at once, because two sets that refresh apart kill each other.
    """
    values = {**_stored(tokens), "state": GrantState.ACTIVE, "lease_token": None, "lease_until": None}
    same_person = Grant.objects.filter(provider=Provider.XERO, subject=tokens.subject).exclude(subject="")
    # Written without reading the old secret: it may be one that no key decrypts any more.
    if not same_person.update(**values):
        try:
            with transaction.atomic():
                return Grant.objects.create(provider=Provider.XERO, auth_kind=AuthKind.OAUTH2, **values)
        except IntegrityError:
            # The same person finished another consent at the same moment; the last one counts.
            same_person.update(**values)
    return same_person.get()


def connect_xero(practice: Practice, *, actor: User, grant: Grant, tenant_external_id: str) -> Connection:
    """Attach one organisation of a stored consent.

    Raises :class:`DifferentOrganisation`, :class:`ConnectRefused` when the organisation isn't among those the
    consent reaches or belongs to another practice, and :class:`ConnectorError` when Xero did not answer.
    """
    tenant = next(
        (one for one in tenants_of(xero_client(grant)) if one.external_id == tenant_external_id), None
    )
    if tenant is None:
        raise ConnectRefused("Xero's consent does not reach this organisation. Please start again.")
    if not tenant.is_organisation:
        raise ConnectRefused(f"{tenant.name} is not an organisation with a ledger.")
    earlier = connection_of(practice, Provider.XERO)
    if earlier and earlier.tenant_external_id and earlier.tenant_external_id != tenant.external_id:
        raise DifferentOrganisation(
            provider=Provider.XERO, expected=earlier.tenant_name or "another organisation", found=tenant.name
        )
    if used_elsewhere([tenant.external_id], practice):
        raise ConnectRefused(
            f"{tenant.name} is connected to another practice here. Disconnect it there first."
        )
    organisation = describe(xero_client(grant, tenant.external_id).organisation(), tenant)
    connection = _attach(
        practice, actor=actor, provider=Provider.XERO, grant=grant, organisation=organisation
    )
    _revive_siblings(grant, but=connection)
    return connection


def used_elsewhere(tenant_external_ids: Iterable[str], practice: Practice) -> set[str]:
    """Which of these Xero tenants are attached to a practice other than this one."""
    live = Connection.objects.filter(provider=Provider.XERO, tenant_external_id__in=list(tenant_external_ids))
    live = live.exclude(state=ConnectionState.DISCONNECTED).exclude(practice=practice)
    return set(live.values_list("tenant_external_id", flat=True))


def _stored(tokens: Tokens) -> dict[str, Any]:
    return {
        "secret": {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token},
        "scopes": list(tokens.scopes),
        "expires_at": tokens.expires_at,
        "refreshed_at": timezone.now(),
        "subject": tokens.subject,
    }


def _try_ignition(practice: Practice, tokens: StaticToken, refused: str) -> None:
    """Read with the credential, and make sure it shows the same practice as before.

    Ignition has no address that says whose data this is, so a client we already know has to turn up.
    """
    earlier = connection_of(practice, Provider.IGNITION)
    known = known_ids(earlier) if earlier else set()
    client = provider_client(Provider.IGNITION, tokens, "")
    try:
        if not _shows_any(client, known):
            raise DifferentOrganisation(
                provider=Provider.IGNITION,
                expected=(earlier.tenant_name if earlier else "")
                or f"the Ignition account of {practice.name}",
                found="an Ignition account that has none of the clients known here",
            )
    except NeedsReconnect as error:
        raise ConnectRefused(refused) from error


def _shows_any(client: IgnitionClient | XeroClient, known: set[str]) -> bool:
    """Whether any known client id is listed; with nothing known one readable page is enough."""
    states = ({}, {"state": "archived"}) if known else ({},)
    for state in states:
        params = {"limit": "250" if known else "1", **state}
        for _ in range(KNOWN_ID_PAGES):
            body = client.get_json("/reporting/clients", params)
            rows = body.get("data") if isinstance(body, dict) else None
            if not known or any(str(row.get("slug")) in known for row in rows or []):
                return True
            cursor = ((body.get("meta") or {}).get("pagination") or {}).get("next_cursor")
            if not cursor:
                break
            params["cursor"] = str(cursor)
    return False


def _attach(
    practice: Practice, *, actor: User, provider: str, grant: Grant, organisation: Organisation | None
) -> Connection:
    """Save grant and connection together; a reconnect keeps the row. Then drop what nothing uses any more."""
    name = Provider(provider).label
    try:
        with transaction.atomic():
            if grant._state.adding:
                grant.save()
            Practice.objects.select_for_update().get(pk=practice.pk)
            connection = connection_of(practice, provider)
            again = connection is not None
            if connection is None:
                connection = Connection(practice=practice, provider=provider)
            replaced = connection.grant if connection.grant_id not in (None, grant.pk) else None
            connection.grant = grant
            connection.state, connection.state_reason = ConnectionState.CONNECTED, ""
            connection.connected_by, connection.connected_at = actor, timezone.now()
            connection.disconnected_at = connection.resumes_at = None
            if organisation is not None:
                connection.tenant_external_id = organisation.external_id
                connection.tenant_name = organisation.name
                connection.tenant_details = organisation.details
            else:
                connection.tenant_name = connection.tenant_name or practice.name
            # Only what connecting decides: a worker may be writing its lane's lease on the same row.
            connection.save(update_fields=ATTACHED if again else None)
            act, verb = (
                ("connection.reconnected", "Reconnected") if again else ("connection.connected", "Connected")
            )
            record(
                practice,
                actor,
                act,
                f"{verb} {name}: {connection.tenant_name}",
                object=connection,
                auth_kind=grant.auth_kind,
                tenant=connection.tenant_external_id,
                scopes=grant.scopes,
            )
    except IntegrityError:
        raise ConnectRefused("This organisation is connected to another practice here.") from None
    if replaced is not None:
        drop_unused(replaced)
    tell_reconnected(connection)
    return connection


def _revive_siblings(grant: Grant, *, but: Connection) -> None:
    """Other connections that waited for this very person's consent work again as well."""
    waiting = list(
        Connection.objects.select_related("practice", "grant")
        .filter(grant=grant, state=ConnectionState.NEEDS_RECONNECT)
        .exclude(pk=but.pk)
    )
    if not waiting:
        return
    try:
        reachable = {tenant.external_id for tenant in tenants_of(xero_client(grant))}
    except ConnectorError:
        return
    for connection in waiting:
        if connection.tenant_external_id not in reachable:
            continue
        with transaction.atomic():
            Connection.objects.filter(pk=connection.pk).update(
                state=ConnectionState.CONNECTED, state_reason=""
            )
            record(
                connection.practice,
                None,
                "connection.reconnected",
                "Xero works again: the person who connected it gave a new consent",
                object=connection,
            )
        connection.refresh_from_db(fields=["state", "state_reason"])
        tell_reconnected(connection)
