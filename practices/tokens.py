"""Access tokens that stay valid, however many workers use them at once.

A refresh token works once. So whoever refreshes first takes a lease on the Grant's row by one conditional
UPDATE, commits, calls the provider with no transaction open, and saves the new pair before anything else; the
others wait for the row to change. A worker that dies in between leaves a lease that runs out.
"""

import logging
import time
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connectors import oauth
from connectors.errors import ConnectorError, NeedsReconnect, Retryable
from practices.audit import record
from practices.models import AuthKind, Connection, ConnectionState, Grant, GrantState, User
from practices.oauth_apps import oauth_app
from practices.secrets import DecryptionError

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=60)
"""A token that ends sooner is renewed first, so that it outlives the call it is made for."""

LEASE = timedelta(seconds=60)
"""Longer than both time-outs of a token endpoint, so a lease runs out only when its holder is gone."""

WAIT_SECONDS = 10.0
"""How long a worker waits for another one's refresh before it tells its caller to come back later."""

PAUSE_SECONDS = 0.1

KEEP_ALIVE_AFTER = timedelta(days=6)
"""Xero forgets a refresh token after 60 unused days; refreshing weekly keeps quiet practices connected."""


class GrantTokens:
    """The :class:`connectors.base.TokenSource` of one Grant. Building one touches nothing."""

    def __init__(self, grant: Grant) -> None:
        self._pk = grant.pk
        self._token = ""
        self._fresh_until: datetime | None = None

    def __repr__(self) -> str:
        return f"GrantTokens(grant={self._pk})"

    def token(self) -> str:
        """A token good for at least a minute, or the API key.

        Raises :class:`NeedsReconnect` when the grant is dead, :class:`Retryable` when the provider's token
        endpoint or the worker that renews did not finish in time.
        """
        if self._token and self._fresh_until and self._fresh_until > timezone.now() + FRESH:
            return self._token
        return self._current(rejected="")

    def renew(self, rejected: str) -> str:
        """Another token after the provider answered 401 to ``rejected``.

        An API key has no successor: its connections are flagged and :class:`NeedsReconnect` is raised.
        """
        return self._current(rejected=rejected)

    def _current(self, *, rejected: str) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            grant = self._read()
            if grant.auth_kind == AuthKind.API_KEY:
                return self._api_key(grant, rejected)
            if _usable(grant, rejected):
                return self._remember(grant)
            lease = _claim(grant)
            if lease is not None:
                return self._remember(_refresh(grant.pk, lease, rejected))
            if time.monotonic() > deadline:
                raise Retryable("Access is being renewed by another worker.", provider=grant.provider)
            time.sleep(PAUSE_SECONDS)

    def _read(self) -> Grant:
        try:
            grant = Grant.objects.get(pk=self._pk)
        except Grant.DoesNotExist:
            raise NeedsReconnect("This connection was disconnected.", provider="") from None
        if grant.state == GrantState.DEAD:
            text = f"{grant.get_provider_display()} no longer accepts our access. Please reconnect."
            raise NeedsReconnect(text, provider=grant.provider)
        return grant

    def _api_key(self, grant: Grant, rejected: str) -> str:
        key = str(grant.secret["api_key"])
        if rejected == key:
            reason = f"{grant.get_provider_display()} no longer accepts the API key. Please enter a new one."
            kill(grant, reason)
            raise NeedsReconnect(reason, provider=grant.provider, status=401)
        return key

    def _remember(self, grant: Grant) -> str:
        self._token, self._fresh_until = str(grant.secret["access_token"]), grant.expires_at
        return self._token


def needs_reconnect(connection: Connection, reason: str, *, actor: User | None = None) -> None:
    """Flag one connection, once. Whoever holds an old copy of the row sees the new state on the next read."""
    with transaction.atomic():
        changed = Connection.objects.filter(pk=connection.pk, state=ConnectionState.CONNECTED).update(
            state=ConnectionState.NEEDS_RECONNECT, state_reason=reason[:300]
        )
        if changed:
            record(connection.practice, actor, "connection.needs_reconnect", reason, object=connection)
    connection.refresh_from_db(fields=["state", "state_reason"])


def kill(grant: Grant, reason: str) -> None:
    """Mark the grant as dead and flag every connection that uses it. A second call changes nothing."""
    Grant.objects.filter(pk=grant.pk).update(state=GrantState.DEAD, lease_token=None, lease_until=None)
    for connection in Connection.objects.select_related("practice").filter(grant=grant):
        needs_reconnect(connection, reason)


def keep_alive(now: datetime) -> int:
    """Refresh grants that nobody used for about a week; returns how many. Failures are left for later use."""
    idle = Grant.objects.filter(auth_kind=AuthKind.OAUTH2, state=GrantState.ACTIVE, connections__isnull=False)
    idle = idle.filter(Q(refreshed_at=None) | Q(refreshed_at__lt=now - KEEP_ALIVE_AFTER))
    refreshed = 0
    for grant in idle.distinct():
        lease = _claim(grant)
        if lease is None:
            continue
        try:
            _refresh(grant.pk, lease, str(grant.secret["access_token"]))
        except ConnectorError:
            continue
        refreshed += 1
    return refreshed


def drop_unused(grant: Grant) -> bool:
    """Withdraw a grant at the provider and forget it, unless a connection still uses it.

    Returns whether the provider confirmed (or has nothing to confirm: an API key can't be withdrawn by us).
    The credentials are deleted here either way.
    """
    if Connection.objects.filter(grant=grant).exists():
        return True
    confirmed = True
    if grant.auth_kind == AuthKind.OAUTH2:
        try:
            confirmed = withdraw(grant.provider, str(grant.secret.get("refresh_token") or ""))
        except DecryptionError:
            confirmed = False
    grant.delete()
    return confirmed


def withdraw(provider: str, refresh_token: str) -> bool:
    """Ask the provider to forget a token set; whether it did."""
    try:
        oauth.revoke(oauth_app(provider), refresh_token)
    except ConnectorError as error:
        log.warning("%s did not confirm a revocation: %s", provider, error)
        return False
    return True


def _usable(grant: Grant, rejected: str) -> bool:
    if grant.secret.get("access_token") == rejected:
        return False
    return grant.expires_at is not None and grant.expires_at > timezone.now() + FRESH


def _claim(grant: Grant) -> uuid.UUID | None:
    """Take the refresh lease; ``None`` when someone else holds it."""
    lease, now = uuid.uuid4(), timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = Grant.objects.filter(free, pk=grant.pk, state=GrantState.ACTIVE).update(
        lease_token=lease, lease_until=now + LEASE
    )
    return lease if taken else None


def _release(pk: int, lease: uuid.UUID) -> None:
    Grant.objects.filter(pk=pk, lease_token=lease).update(lease_token=None, lease_until=None)


def _refresh(pk: int, lease: uuid.UUID, rejected: str) -> Grant:
    """Refresh as the holder of ``lease`` and return the row with the new pair."""
    grant = Grant.objects.get(pk=pk)
    if _usable(grant, rejected):
        # It was refreshed between our look and our claim.
        _release(pk, lease)
        return grant
    used = str(grant.secret["refresh_token"])
    try:
        tokens = oauth.refresh(oauth_app(grant.provider), used)
    except NeedsReconnect as error:
        return _refused(pk, lease, used, error)
    except BaseException:
        # Also when the answer was lost: the next caller tries the old token again, which Xero allows
        # for 30 minutes.
        _release(pk, lease)
        raise
    return _save(pk, lease, used, tokens)


def _save(pk: int, lease: uuid.UUID, used: str, tokens: oauth.Tokens) -> Grant:
    with transaction.atomic():
        grant = Grant.objects.select_for_update().get(pk=pk)
        mine = grant.lease_token == lease
        if not mine and grant.secret.get("refresh_token") != used:
            # Our lease ran out while we waited and someone stored a newer pair; theirs stands.
            return grant
        grant.secret = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
        grant.expires_at = tokens.expires_at
        grant.refreshed_at = timezone.now()
        grant.scopes = list(tokens.scopes) or grant.scopes
        if mine:
            grant.lease_token = grant.lease_until = None
        grant.save(
            update_fields=["secret", "expires_at", "refreshed_at", "scopes", "lease_token", "lease_until"]
        )
    return grant


def _refused(pk: int, lease: uuid.UUID, used: str, error: NeedsReconnect) -> Grant:
    """The provider called ``used`` invalid. Dead only if nobody stored a newer one meanwhile."""
    grant = Grant.objects.get(pk=pk)
    if grant.secret.get("refresh_token") != used:
        _release(pk, lease)
        return grant
    kill(grant, error.user_message)
    raise error
