"""Who gets the mails of a channel: members by choice or role, and other addresses once they agreed.

Such a channel's ``address`` is ``{"owners_and_admins": bool, "members": [user ids], "others": [{"email", "asked_at",
"confirmed_at"}]}``. Another address gets one mail that asks; nothing else before its owner said yes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from practices import audit
from practices.models import AuditEntry, Membership, Practice, Role, User
from sync.models import Channel, ChannelKind, Digest, Severity

log = structlog.get_logger(__name__)

DEFAULT_NAME = "E-mail to owners and admins"
MOST_OTHERS = 10
MOST_ASKED_A_DAY = 30
"""Mails that ask other people, per practice and 24 hours: plenty for an office, too few for a spammer."""

ASKED = "channel.address_asked"
CONFIRM, STOP = "sync.alerts.confirm", "sync.alerts.stop"
CONFIRM_WITHIN = timedelta(days=7)


class NotNow(Exception):
    """It can't be done; the text is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """``stop_url`` is empty for members, who change the channel instead."""

    email: str
    stop_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a link of a mail is about."""

    channel: Channel
    email: str
    confirmed: bool


def default_channel(practice: Practice) -> Channel:
    """The channel that a new practice starts with."""
    address: dict[str, Any] = {"owners_and_admins": True, "members": [], "others": []}
    return Channel.objects.create(
        practice=practice,
        kind=ChannelKind.EMAIL,
        name=DEFAULT_NAME,
        address=address,
        shown=shown(practice, address),
        severity=Severity.WARNING,
        digest=Digest.AT_ONCE,
    )


def recipients_of(channel: Channel) -> list[Recipient]:
    """Everybody who is told by this channel now, each address once."""
    found = {email.lower(): Recipient(email=email) for email in _members(channel.practice, channel.address)}
    for other in channel.address.get("others", []):
        email = str(other["email"])
        if other.get("confirmed_at"):
            found.setdefault(email.lower(), Recipient(email=email, stop_url=stop_url(channel, email)))
    return list(found.values())


def shown(practice: Practice, address: dict[str, Any]) -> str:
    """Who is told, in a few words for the list of channels."""
    words = ["owners and admins"] if address.get("owners_and_admins") else []
    chosen = address.get("members", [])
    people = Membership.objects.for_practice(practice).filter(user_id__in=chosen).select_related("user")
    words += [str(member.user) for member in people.order_by("user__name", "user__email")]
    for other in address.get("others", []):
        words.append(str(other["email"]) + ("" if other.get("confirmed_at") else " (not confirmed yet)"))
    text = ", ".join(words)
    return text if len(text) <= 200 else f"{text[:190].rsplit(', ', 1)[0]} and more"


def with_others(address: dict[str, Any], emails: list[str]) -> dict[str, Any]:
    """``address`` with exactly these other addresses; what was confirmed stays confirmed."""
    known = {str(other["email"]).lower(): other for other in address.get("others", [])}
    others = [
        known.get(email.lower(), {"email": email, "asked_at": None, "confirmed_at": None}) for email in emails
    ]
    return {**address, "others": others}


def waiting(address: dict[str, Any]) -> list[str]:
    """Other addresses that have not agreed yet."""
    return [str(other["email"]) for other in address.get("others", []) if not other.get("confirmed_at")]


def ask(channel: Channel, *, actor: User, again: bool = False) -> list[str]:
    """Mail everybody who was not asked yet (``again``: everybody who has not agreed); returns their addresses.

    Raises :class:`NotNow` when the practice has asked too many people today, or the mail server refuses. Call it
    outside of a transaction.
    """
    with transaction.atomic():
        locked = Channel.objects.select_for_update().select_related("practice").get(pk=channel.pk)
        others = locked.address.get("others", [])
        due = [one for one in others if not one.get("confirmed_at") and (again or not one.get("asked_at"))]
        if not due:
            return []
        since = timezone.now() - timedelta(days=1)
        asked = AuditEntry.objects.for_practice(locked.practice).filter(action=ASKED, at__gte=since).count()
        if asked + len(due) > MOST_ASKED_A_DAY:
            raise NotNow("Too many people were asked today. Please go on tomorrow.")
        for other in due:
            other["asked_at"] = timezone.now().isoformat()
            text = f"Asked {other['email']} whether to get alerts by “{locked.name}”"
            audit.record(locked.practice, actor, ASKED, text, object=locked)
        locked.save(update_fields=["address"])
    try:
        for other in due:
            _send_question(locked, str(other["email"]), actor)
    except (SMTPException, OSError):
        log.warning("question_not_sent", channel=channel.pk, exc_info=True)
        raise NotNow("The mail that asks could not be sent right now. Please ask again later.") from None
    return [str(other["email"]) for other in due]


def asked(token: str, *, salt: str) -> Asked | None:
    """What a link is about; ``None`` when it is made up, too old, or the address is not wanted any more."""
    try:
        values = signing.loads(token, salt=salt, max_age=CONFIRM_WITHIN if salt == CONFIRM else None)
        pk, email = int(values["c"]), str(values["e"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    channel = Channel.objects.select_related("practice").filter(pk=pk, kind=ChannelKind.EMAIL).first()
    other = _other(channel.address, email) if channel else None
    if channel is None or other is None:
        return None
    return Asked(channel=channel, email=email, confirmed=bool(other.get("confirmed_at")))


def confirm(found: Asked) -> None:
    """The owner of the address agreed. A second time changes nothing."""
    _change(found, now=timezone.now(), agreed=True)


def stop(found: Asked) -> None:
    """The owner of the address wants no more of it: the address is forgotten."""
    _change(found, now=timezone.now(), agreed=False)


def confirm_url(channel: Channel, email: str) -> str:
    return _url("alerts_confirm", channel, email, salt=CONFIRM)


def stop_url(channel: Channel, email: str) -> str:
    return _url("alerts_stop", channel, email, salt=STOP)


def _members(practice: Practice, address: dict[str, Any]) -> list[str]:
    wanted = Q(user_id__in=address.get("members", []))
    if address.get("owners_and_admins"):
        wanted |= Q(role__in=[Role.OWNER, Role.ADMIN])
    members = Membership.objects.for_practice(practice).filter(wanted, user__is_active=True)
    return list(members.order_by("user__email").values_list("user__email", flat=True))


def _other(address: dict[str, Any], email: str) -> dict[str, Any] | None:
    for other in address.get("others", []):
        if str(other["email"]).lower() == email.lower():
            return dict(other)
    return None


def _change(found: Asked, *, now: datetime, agreed: bool) -> None:
    with transaction.atomic():
        locked = Channel.objects.select_for_update().select_related("practice").get(pk=found.channel.pk)
        other = _other(locked.address, found.email)
        if other is None or (agreed and other.get("confirmed_at")):
            return
        rest = [one for one in locked.address["others"] if str(one["email"]).lower() != found.email.lower()]
        if agreed:
            rest.append({**other, "confirmed_at": now.isoformat()})
        locked.address = {**locked.address, "others": rest}
        locked.shown = shown(locked.practice, locked.address)
        locked.save(update_fields=["address", "shown"])
        act = "agreed to get" if agreed else "wants no more"
        audit.record(
            locked.practice,
            None,
            "channel.address_confirmed" if agreed else "channel.address_stopped",
            f"{found.email} {act} alerts by “{locked.name}”",
            object=locked,
        )


def _send_question(channel: Channel, email: str, actor: User) -> None:
    facts = {
        "practice": channel.practice,
        "actor": actor,
        "url": confirm_url(channel, email),
        "days": CONFIRM_WITHIN.days,
    }
    EmailMessage(
        subject=" ".join(f"{channel.practice.name}: do you want to get alerts?".split()),
        body=render_to_string("sync/alert_question.txt", facts),
        to=[email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()


def _url(name: str, channel: Channel, email: str, *, salt: str) -> str:
    token = signing.dumps({"c": channel.pk, "e": email.lower()}, salt=salt)
    return str(settings.BASE_URL) + reverse(name, kwargs={"token": token})
