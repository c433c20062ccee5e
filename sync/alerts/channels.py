"""What people do with channels: add, change, try out, silence, delete. Every act leaves an audit entry."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from practices import audit
from practices.models import Practice, User
from practices.secrets import DecryptionError
from sync.alerts import recipients
from sync.alerts.addresses import masked
from sync.alerts.posting import Outcome
from sync.alerts.sending import claim_test, send, sends_from, settle
from sync.alerts.wording import TEST_TEXT, TEST_TITLE
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Severity,
)

MOST_CHANNELS = 20
MOST_TESTS = 10
TESTS_WITHIN = timedelta(minutes=10)
"""Enough to get an address right, too few to bother a stranger with."""

KEY_BYTES = 32
SETTINGS = (
    *("name", "severity", "least_count", "least_amount", "recoveries", "digest", "digest_at"),
    *("quiet_from", "quiet_until", "quiet_weekends"),
)
"""Fields that a form sets and that may be written into the audit trail."""


Readdress = Callable[[dict[str, Any]], dict[str, Any]]


class Refused(Exception):
    """It can't be done; the text is a sentence for people."""


def new_key() -> str:
    """A key that a webhook is signed with. It is shown once."""
    return secrets.token_hex(KEY_BYTES)


def add(
    practice: Practice, *, kind: ChannelKind, actor: User, values: Mapping[str, Any], address: dict[str, Any]
) -> Channel:
    """A new channel. Raises :class:`Refused` for a name that is taken, or too many channels."""
    if Channel.objects.for_practice(practice).count() >= MOST_CHANNELS:
        raise Refused(f"A practice has {MOST_CHANNELS} channels at most. Delete one first.")
    channel = Channel(practice=practice, kind=kind, made_by=actor, address=address, **_settings(values))
    channel.shown = _shown(channel)
    try:
        with transaction.atomic():
            channel.save()
            _record(channel, actor, "added", f"Added the channel {channel}", after=_told(channel))
    except IntegrityError:
        raise Refused("Another channel has this name.") from None
    return channel


def change(
    channel: Channel, *, actor: User, values: Mapping[str, Any], address: Readdress | None = None
) -> Channel:
    """New settings, also for what waits. Without ``address`` it stays, and a new one starts with a clean slate.

    ``address`` makes the new one of the one stored then, which somebody's agreement may have changed meanwhile.
    Raises :class:`Refused` for a name that is taken.
    """
    try:
        with transaction.atomic():
            stored: Channel = Channel.objects.select_for_update().defer("address").get(pk=channel.pk)
            before = _told(stored)
            for name, value in _settings(values).items():
                setattr(stored, name, value)
            fields = [*_settings(values)]
            if address is not None:
                stored.address = address(_address(stored))
                stored.last_error, stored.failing_since = "", None
                stored.shown = _shown(stored)
                fields += ["address", "shown", "last_error", "failing_since"]
            stored.save(update_fields=fields)
            _wait_anew(stored)
            _record(
                stored,
                actor,
                "changed",
                f"Changed the channel {stored}",
                before=before,
                after=_told(stored),
                new_address=address is not None,
            )
    except IntegrityError:
        raise Refused("Another channel has this name.") from None
    return stored


def switch(channel: Channel, *, actor: User, on: bool) -> None:
    """On or off. What waits for a channel that is switched off is dropped: it would be old news later."""
    with transaction.atomic():
        changed = Channel.objects.filter(pk=channel.pk).exclude(is_on=on).update(is_on=on, muted_until=None)
        if not changed:
            return
        if not on:
            _drop_waiting(channel)
        _record(channel, actor, "switched", f"Switched the channel {channel} {'on' if on else 'off'}", on=on)


def mute(channel: Channel, *, actor: User, until: datetime | None) -> None:
    """Silent until then, also for what needs people now; ``None`` ends it."""
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(muted_until=until)
        if until is not None:
            _drop_waiting(channel)
        words = f"Muted the channel {channel}" if until else f"Ended the mute of the channel {channel}"
        _record(channel, actor, "muted", words, until=until.isoformat() if until else None)


def delete(channel: Channel, *, actor: User) -> None:
    """Gone, with what was sent through it. The audit trail keeps that there was one."""
    with transaction.atomic():
        _record(channel, actor, "deleted", f"Deleted the channel {channel}", before=_told(channel))
        # Without its address: one that no key decrypts any more must not keep the channel from going.
        Channel.objects.filter(pk=channel.pk).only("pk").delete()


def send_test(channel: Channel, *, actor: User) -> Outcome:
    """Send a test now and wait for the answer. Never inside a transaction.

    Works for a channel that is off or muted, too. Raises :class:`Refused` after too many tests.
    """
    since = timezone.now() - TESTS_WITHIN
    practice = channel.practice
    with transaction.atomic():
        # One after the other, so that two at once can't both be the last that is allowed.
        Practice.objects.select_for_update(no_key=True).get(pk=practice.pk)
        tests = Alert.objects.for_practice(practice).filter(event=AlertEvent.TEST, created_at__gt=since)
        if tests.count() >= MOST_TESTS:
            raise Refused("That were many tests. Please wait some minutes before the next one.")
        alert = Alert.objects.create(
            practice=practice,
            event=AlertEvent.TEST,
            severity=Severity.INFO,
            title=TEST_TITLE,
            text=TEST_TEXT,
        )
        claim = claim_test(channel, alert)
        _record(channel, actor, "tested", f"Sent a test through the channel {channel}")
    outcome = send(claim)
    settle(claim, outcome)
    return outcome


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in SETTINGS if name in values}


def _address(channel: Channel) -> dict[str, Any]:
    """What is stored, or nothing if no key decrypts it any more."""
    try:
        return dict(channel.address)
    except DecryptionError:
        return {}


def _wait_anew(channel: Channel) -> None:
    """What waits only for the clock follows the new times."""
    now = timezone.now()
    waiting = Delivery.objects.filter(channel=channel, state=DeliveryState.WAITING, tries=0)
    for delivery in waiting.select_for_update(of=("self",)).select_related("alert").order_by("pk"):
        severity = delivery.alert.severity
        delivery.not_before = sends_from(channel, channel.practice, severity=severity, now=now)
        delivery.save(update_fields=["not_before"])


def _shown(channel: Channel) -> str:
    if channel.kind == ChannelKind.EMAIL:
        return recipients.shown(channel.practice, channel.address)
    return masked(channel.address["url"])[:200]


def _told(channel: Channel) -> dict[str, str]:
    """What the audit trail keeps of a channel's settings."""
    return {name: str(getattr(channel, name)) for name in (*SETTINGS, "shown")}


def _drop_waiting(channel: Channel) -> None:
    Delivery.objects.filter(channel=channel, state=DeliveryState.WAITING).update(state=DeliveryState.DROPPED)


def _record(channel: Channel, actor: User, act: str, summary: str, **details: Any) -> None:
    audit.record(channel.practice, actor, f"channel.{act}", summary, object=channel, **details)
