"""Secrets of those who may report changes of a connection: made, replaced, taken back, and looked up.

The secret itself is handed out once, to whoever made it. What an administrator does with one is audited.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from practices.audit import record
from practices.models import (
    Connection,
    ConnectionState,
    HookSecret,
    Practice,
    PracticeQuerySet,
    Provider,
    User,
)

OVERLAP = timedelta(hours=24)
"""How long a replaced secret still works: time to paste the new one into the tool that uses it."""
USED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known. A row written with every hint would be the slowest part of it."""
MOST_SECRETS = 10
"""Of one connection at a time; each hint is tried against all of them."""
MARK = "whs_"
"""How each begins, so that one which was pasted in the wrong place is recognised for what it is."""


class HookRefused(Exception):
    """Nothing was changed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A secret that was just made; ``text`` is nowhere else to be seen."""

    row: HookSecret
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the connections page says of live changes of one connection. ``is_ready``: somebody may send them."""

    address: str
    is_ready: bool
    secrets: tuple[HookSecret, ...] = ()


def make(connection: Connection, *, actor: User | None, label: str) -> Fresh:
    """A new secret of a connection. Raises :class:`HookRefused` at :data:`MOST_SECRETS`, or when disconnected."""
    with transaction.atomic():
        found = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        if found.state == ConnectionState.DISCONNECTED:
            raise HookRefused(f"{found.get_provider_display()} is not connected.")
        if valid_of(found).count() >= MOST_SECRETS:
            raise HookRefused(f"There are {MOST_SECRETS} already. Take one back that nobody uses any more.")
        fresh = _stored(found, actor=actor, label=label)
        record(
            found.practice,
            actor,
            "hook_secret.made",
            f"Made a secret for live changes from {found.get_provider_display()}: {label}",
            object=fresh.row,
        )
    return fresh


def replace(practice: Practice, secret_id: int, *, actor: User) -> Fresh:
    """A new secret in place of an old one, which works for another day. Raises :class:`HookRefused` the second time,
    :class:`HookSecret.DoesNotExist` for another practice's.
    """
    with transaction.atomic():
        old = _locked(practice, secret_id)
        if old.expires_at is not None:
            raise HookRefused("This secret was replaced already. Use the new one, or take both back.")
        old.expires_at = timezone.now() + OVERLAP
        old.save(update_fields=["expires_at"])
        fresh = _stored(old.connection, actor=actor, label=old.label)
        record(
            practice, actor, "hook_secret.replaced", f"Replaced a secret for live changes: {old}", object=old
        )
    return fresh


def revoke(practice: Practice, secret_id: int, *, actor: User) -> str:
    """Take a secret back; it stops working with this commit. Returns its label.

    Raises :class:`HookSecret.DoesNotExist` for one that is gone already, or another practice's.
    """
    with transaction.atomic():
        old = _locked(practice, secret_id)
        record(
            practice, actor, "hook_secret.revoked", f"Took back a secret for live changes: {old}", object=old
        )
        old.delete()
    return old.label


def valid_of(connection: Connection) -> PracticeQuerySet:
    return HookSecret.objects.filter(connection=connection).filter(_still_valid(timezone.now()))


def valid_for(public_id: uuid.UUID, *, now: datetime) -> list[HookSecret]:
    """Secrets that open a connection's address now, with their connection; none for an address nobody has.

    Raises :class:`practices.secrets.DecryptionError` when a stored one can't be read.
    """
    rows = HookSecret.objects.filter(_still_valid(now), connection__public_id=public_id)
    read = ("practice_id", "secret", "last_used_at")
    of_connection = (f"connection__{name}" for name in ("practice_id", "provider", "state"))
    return list(rows.select_related("connection").only(*read, *of_connection).order_by("-pk"))


def note_use(secret: HookSecret, *, now: datetime) -> None:
    """Remember that a secret was used, at most once in :data:`USED_EVERY`."""
    before = now - USED_EVERY
    if secret.last_used_at is None or secret.last_used_at < before:
        unused = Q(last_used_at=None) | Q(last_used_at__lt=before)
        HookSecret.objects.filter(unused, pk=secret.pk).update(last_used_at=now)


def live_of(practice: Practice) -> dict[str, Live]:
    """Per provider, for a practice's own connections."""
    found: dict[str, Live] = {}
    rows = Connection.objects.for_practice(practice).exclude(state=ConnectionState.DISCONNECTED)
    for connection in rows.defer("tenant_details", "last_probe"):
        own: tuple[HookSecret, ...] = ()
        if connection.provider == Provider.IGNITION:
            # Not loaded: what can't be decrypted any more must not take the page down.
            own = tuple(
                valid_of(connection).select_related("created_by").defer("secret").order_by("label", "pk")
            )
        ready = bool(own) or (connection.provider == Provider.XERO and bool(settings.XERO_WEBHOOK_KEY))
        found[connection.provider] = Live(address=address_of(connection), is_ready=ready, secrets=own)
    return found


def address_of(connection: Connection) -> str:
    """Where hints about this connection are to be sent. Xero has one address for all of an app's organisations."""
    if connection.provider == Provider.XERO:
        return f"{settings.BASE_URL}{reverse('hook_xero')}"
    return f"{settings.BASE_URL}{reverse('hook_ignition', args=[connection.public_id])}"


def _stored(connection: Connection, *, actor: User | None, label: str) -> Fresh:
    text = MARK + secrets.token_urlsafe(32)
    row = HookSecret.objects.create(
        practice_id=connection.practice_id, connection=connection, created_by=actor, label=label, secret=text
    )
    return Fresh(row=row, text=text)


def _locked(practice: Practice, secret_id: int) -> HookSecret:
    rows = HookSecret.objects.for_practice(practice).filter(_still_valid(timezone.now()))
    found: HookSecret = (
        rows.select_for_update(of=("self",)).select_related("connection").defer("secret").get(pk=secret_id)
    )
    return found


def _still_valid(now: datetime) -> Q:
    return Q(expires_at=None) | Q(expires_at__gt=now)
