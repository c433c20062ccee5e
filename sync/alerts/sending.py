"""Sending what is due: claim in a short transaction, send outside of any, settle in another.

Two senders never have the same delivery. A sender that was killed leaves its claim; it is returned after some minutes
and sent again, so a message may come twice but never gets lost. Receivers of webhooks tell by the event's id.
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from practices.models import Practice
from practices.secrets import DecryptionError
from sync.alerts import decide, mailing
from sync.alerts.posting import Outcome, post
from sync.alerts.render import slack, teams, webhook
from sync.alerts.wording import event_for, message_for
from sync.models import (
    Alert,
    AlertEvent,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    IncidentState,
    Severity,
)
from sync.zones import zone_of

log = structlog.get_logger(__name__)
_dice = random.SystemRandom()

CLAIM_LASTS = timedelta(minutes=5)
"""Longer than any message takes; mails renew it after each person."""

TURN_SECONDS = 45
"""A sender hands on after this, so that a worker that is asked to stop does so soon."""

MOST_IN_ONE = 500
LOOKED_THROUGH = 1_000


@dataclass
class Claim:
    """Deliveries of one channel taken by this sender. ``at`` proves that they are still its own."""

    channel: Channel
    deliveries: list[Delivery]
    at: datetime

    @property
    def alerts(self) -> list[Alert]:
        return [delivery.alert for delivery in self.deliveries]

    @property
    def ids(self) -> list[int]:
        return [delivery.pk for delivery in self.deliveries]


def send_due(*, limit: int = 200) -> int:
    """Send up to ``limit`` messages that are due; returns how many were tried. Safe beside others of its kind."""
    ends = time.monotonic() + TURN_SECONDS
    tidy()
    tried = 0
    while tried < limit and time.monotonic() < ends:
        claim = _claim()
        if claim is None:
            break
        settle(claim, send(claim))
        tried += 1
    return tried


def tidy() -> None:
    """Return what dead senders left, and drop what waits for a channel that is off."""
    now = timezone.now()
    with transaction.atomic():
        # Locked first and skipped where somebody else is at it: two tidiers never wait for each other.
        left = Delivery.objects.filter(state=DeliveryState.SENDING, claimed_at__lt=now - CLAIM_LASTS)
        ids = [row.pk for row in left.select_for_update(skip_locked=True)]
        if ids:
            mine = Delivery.objects.filter(pk__in=ids)
            mine.filter(alert__event=AlertEvent.TEST).update(
                state=DeliveryState.FAILED, message="The test was interrupted. Please send another."
            )
            mine.filter(state=DeliveryState.SENDING).update(
                state=DeliveryState.WAITING, not_before=now, claimed_at=None, unclear=True
            )
        off = Q(channel__is_on=False) | Q(channel__muted_until__gt=now)
        silent = Delivery.objects.filter(off, state=DeliveryState.WAITING)
        ids = [row.pk for row in silent.select_for_update(skip_locked=True, of=("self",))]
        if ids:
            Delivery.objects.filter(pk__in=ids).update(state=DeliveryState.DROPPED)


def send(claim: Claim) -> Outcome:
    """One try. Never raises: a fault of our own is an outcome too, or one bad message would stop all others."""
    try:
        return _send(claim)
    except DecryptionError:
        return Outcome(
            ok=False, text="What is stored about this channel can't be read. Enter its address again."
        )
    except Exception:  # the step's one broad catch
        log.exception("alert_not_sent", channel=claim.channel.pk)
        return Outcome(ok=False, text="Something went wrong on our side.", unclear=True)


def settle(claim: Claim, outcome: Outcome) -> None:
    """Write down what became of a claim. Deliveries that were returned to others meanwhile are left alone."""
    now = timezone.now()
    with transaction.atomic():
        locked = Channel.objects.select_for_update(no_key=True).defer("address")
        channel = locked.filter(pk=claim.channel.pk).first()
        if channel is None:  # deleted while the message was under way, and its deliveries with it
            return
        rows = Delivery.objects.filter(pk__in=claim.ids, state=DeliveryState.SENDING, claimed_at=claim.at)
        mine = list(rows.select_for_update(of=("self",)).select_related("alert", "practice").order_by("pk"))
        for delivery in mine:
            _settle_one(delivery, channel, outcome, now)
        Delivery.objects.bulk_update(mine, ["state", "not_before", "unclear", "status", "message", "sent_at"])
        _note(channel, outcome, now)
    if not outcome.ok:
        log.warning(
            "alert_not_taken", channel=channel.pk, status=outcome.status, tries=mine[0].tries if mine else 0
        )


def hours_of(channel: Channel) -> decide.Hours:
    return decide.Hours(
        quiet_from=channel.quiet_from,
        quiet_until=channel.quiet_until,
        quiet_weekends=channel.quiet_weekends,
        digest=channel.digest,
        digest_at=channel.digest_at,
    )


def sends_from(
    channel: Channel, practice: Practice, *, severity: str, now: datetime, digest: bool = True
) -> datetime | None:
    """From when on a message of this severity may go out through the channel; ``None``: at once."""
    hours = hours_of(channel)
    if not digest:
        hours = decide.Hours(
            quiet_from=hours.quiet_from, quiet_until=hours.quiet_until, quiet_weekends=hours.quiet_weekends
        )
    urgent = severity == Severity.CRITICAL
    return decide.sends_from(hours, urgent=urgent, zone=zone_of(practice.time_zone), now=now)


def claim_test(channel: Channel, alert: Alert) -> Claim:
    """A delivery of a test message, already taken by the caller."""
    now = timezone.now()
    delivery = Delivery.objects.create(
        practice=channel.practice,
        alert=alert,
        channel=channel,
        state=DeliveryState.SENDING,
        claimed_at=now,
        tries=1,
    )
    return Claim(channel, [delivery], now)


def _claim() -> Claim | None:
    """Take what is due for one channel, oldest first; ``None`` when nothing is due that nobody else is taking."""
    now = timezone.now()
    waiting = _due(now).order_by("pk").values_list("channel_id", flat=True)[:LOOKED_THROUGH]
    for channel_id in dict.fromkeys(waiting):
        with transaction.atomic():
            # A message about several alerts is put together by one sender. FOR NO KEY UPDATE lets others add rows.
            locked = Channel.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            channel = locked.select_related("practice").defer("address").filter(pk=channel_id).first()
            claim = _take(channel, now) if channel is not None else None
        if claim is not None:
            return claim
    return None


def _take(channel: Channel, now: datetime) -> Claim | None:
    most = 1 if channel.kind == ChannelKind.WEBHOOK else MOST_IN_ONE
    rows = list(
        _due(now)
        .filter(channel=channel)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("alert__practice", "alert__incident__connection")
        .order_by("pk")[:most]
    )
    # A mail that reached some people only goes on to the others by itself, not together with newer ones.
    rows = [delivery for delivery in rows if delivery.reached == rows[0].reached]
    if not rows:
        return None
    for delivery in rows:
        delivery.state, delivery.claimed_at, delivery.tries = DeliveryState.SENDING, now, delivery.tries + 1
    Delivery.objects.bulk_update(rows, ["state", "claimed_at", "tries"])
    return Claim(channel, rows, now)


def _due(now: datetime) -> QuerySet[Delivery]:
    """What may be sent now. The beginning of what is over, or was put aside by a person, is not news."""
    gone = Q(alert__event=AlertEvent.OPENED) & ~Q(alert__incident__state=IncidentState.OPEN)
    return (
        Delivery.objects.filter(state=DeliveryState.WAITING)
        .filter(Q(not_before=None) | Q(not_before__lte=now))
        .exclude(gone)
    )


def _send(claim: Claim) -> Outcome:
    channel = claim.channel
    address = channel.address  # decrypted here, not when the channel was locked
    if channel.kind == ChannelKind.WEBHOOK:
        alert = claim.deliveries[0].alert
        sent = webhook.body(event_for(alert))
        headers = webhook.headers(sent, key=address["key"], event_id=str(alert.key), now=timezone.now())
        return post(address["url"], sent, headers)
    message = message_for(channel, claim.alerts)
    if channel.kind == ChannelKind.EMAIL:
        done = claim.deliveries[0].reached
        return mailing.send(
            channel, claim.alerts, message, done=done, reached=lambda email: _reached(claim, email)
        )
    payload = slack.payload(message) if channel.kind == ChannelKind.SLACK else teams.payload(message)
    return post(address["url"], json.dumps(payload).encode(), {"Content-Type": "application/json"})


def _reached(claim: Claim, email: str) -> None:
    """One more person has the mail: never mail them again, and keep the claim from running out."""
    at = timezone.now()
    with transaction.atomic():
        rows = Delivery.objects.filter(pk__in=claim.ids, state=DeliveryState.SENDING, claimed_at=claim.at)
        for delivery in rows.select_for_update().order_by("pk"):
            delivery.reached = [*delivery.reached, email]
            delivery.claimed_at = at
            delivery.save(update_fields=["reached", "claimed_at"])
    claim.at = at


def _settle_one(delivery: Delivery, channel: Channel, outcome: Outcome, now: datetime) -> None:
    delivery.status, delivery.message = outcome.status, outcome.text[:300]
    if outcome.ok:
        delivery.state, delivery.sent_at, delivery.not_before = DeliveryState.SENT, now, None
        return
    delivery.unclear = delivery.unclear or outcome.unclear
    again = decide.retry_at(delivery.tries, now=now, asked=outcome.asked, spread=_dice.random())
    if delivery.alert.event == AlertEvent.TEST or outcome.final or again is None:
        delivery.state = DeliveryState.FAILED
        return
    delivery.state = DeliveryState.WAITING
    severity = delivery.alert.severity
    # A retry may fall into quiet hours that the first try did not.
    delivery.not_before = (
        sends_from(channel, delivery.practice, severity=severity, now=again, digest=False) or again
    )


def _note(channel: Channel, outcome: Outcome, now: datetime) -> None:
    """Whether the channel works is seen on its page; a working one gets what it refused before without waiting."""
    if not outcome.ok:
        text = f"{outcome.status}: {outcome.text}" if outcome.status else outcome.text
        Channel.objects.filter(pk=channel.pk).update(
            last_error=text[:300], failing_since=Coalesce("failing_since", now)
        )
        return
    Channel.objects.filter(pk=channel.pk).update(last_error="", failing_since=None, last_sent_at=now)
    if (
        channel.failing_since is not None
        and decide.quiet_end(hours_of(channel), zone_of(channel.practice.time_zone), now) is None
    ):
        retries = Delivery.objects.filter(channel=channel, state=DeliveryState.WAITING, tries__gt=0)
        retries.update(not_before=now)


def newest_tests(channels: Sequence[Channel]) -> dict[int, Delivery]:
    """The last test of each channel."""
    tests = Delivery.objects.filter(channel__in=channels, alert__event=AlertEvent.TEST)
    latest = tests.order_by("channel_id", "-pk").distinct("channel_id")
    return {delivery.channel_id: delivery for delivery in latest}
