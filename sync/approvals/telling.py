"""Mails about what waits for approval, and about what rules wanted said. One to a person at most every 15 minutes.

What is new is put into a round first, then everybody whom it concerns is owed a mail. A mail is claimed in a short
transaction, sent outside of any and settled in another, so a sender that dies makes it late and never lost. What was
decided meanwhile is left out, and a mail with nothing left in it is not sent.
"""

import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from practices.localise import shown_for
from practices.models import Membership, Practice, Role
from practices.templatetags.formats import money
from sync.alerts.decide import LONGEST_ASKED, retry_at
from sync.alerts.sending import sends_from
from sync.approvals.deciding import APPROVERS
from sync.letters import is_final, mail_to
from sync.models import (
    Approval,
    ApprovalState,
    ChangeState,
    Channel,
    ChannelKind,
    Notice,
    Severity,
    Told,
)
from sync.ruled import APPROVAL

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=15)
"""One mail to a person of a practice within this time, whatever comes in."""
CLAIM_LASTS = timedelta(minutes=5)
TURN_SECONDS = 20
MOST_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One person's mail. ``more`` and ``more_notices`` are those that are not listed."""

    subject: str
    practice: str
    requests: Sequence[Approval]
    more: int
    count: int
    amounts: str
    notices: Sequence[Notice]
    more_notices: int
    url: str


def tell_due(*, limit: int = 200) -> int:
    """Send up to ``limit`` mails that are due; returns how many were sent. Safe beside others of its kind."""
    ends = time.monotonic() + TURN_SECONDS
    for practice_id in _with_news():
        begin_round(practice_id)
    sent = 0
    for _ in range(limit):
        told = _claim(timezone.now()) if time.monotonic() < ends else None
        if told is None:
            break
        found = letter(told)
        if found is None:
            _settle(told, mailed=False)
        elif _mail(told, found):
            _settle(told, mailed=True)
            sent += 1
        else:
            _put_off(told)
            break  # the mail server is away for everybody
    return sent


def _with_news() -> list[int]:
    asked = Approval.objects.filter(state=ApprovalState.WAITING, told_at=None)
    said = Notice.objects.filter(told_at=None)
    return sorted(
        {
            *asked.order_by().values_list("practice_id", flat=True).distinct(),
            *said.order_by().values_list("practice_id", flat=True).distinct(),
        }
    )


def begin_round(practice_id: int) -> None:
    """Stamp what is new, and owe everybody who may have to know a mail.

    Rounds of a practice come one after the other and are stamped by the database's own clock. So whoever was mailed up
    to one stamp has missed nothing before it.
    """
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('approvals'), %s)", [practice_id % 2**31])
        cursor.execute("SELECT clock_timestamp()")
        at = cursor.fetchone()[0]
        Approval.objects.filter(practice=practice_id, state=ApprovalState.WAITING, told_at=None).update(
            told_at=at
        )
        Notice.objects.filter(practice=practice_id, told_at=None).update(told_at=at)
        members = Membership.objects.filter(
            practice=practice_id, role__in=APPROVERS, user__is_active=True
        ).order_by("user_id")
        Told.objects.bulk_create(
            [
                Told(practice_id=practice_id, user_id=user_id, since=at, due_upto=at)
                for user_id in members.values_list("user_id", flat=True)
            ],
            update_conflicts=True,
            unique_fields=["practice", "user"],
            update_fields=["due_upto"],
        )


def _claim(now: datetime) -> Told | None:
    """The next mail that is due, taken by this sender. Quiet hours of the practice's mails put it off."""
    due = Told.objects.filter(
        Q(upto=None) | Q(upto__lt=F("due_upto")),
        Q(not_before=None) | Q(not_before__lte=now),
        Q(sent_at=None) | Q(sent_at__lte=now - EVERY),
        Q(claimed_at=None) | Q(claimed_at__lte=now - CLAIM_LASTS),
    ).order_by("pk")
    while True:
        with transaction.atomic():
            locked = due.select_for_update(of=("self",), skip_locked=True)
            told: Told | None = locked.select_related("user", "practice").first()
            if told is None:
                return None
            quiet_until = _quiet_until(told.practice, now)
            if quiet_until is None:
                told.claimed_at, told.tries = now, told.tries + 1
            else:
                told.not_before = quiet_until
            told.save(update_fields=["claimed_at", "tries", "not_before"])
        if quiet_until is None:
            return told


def _quiet_until(practice: Practice, now: datetime) -> datetime | None:
    """When the quiet hours end in which none of the practice's mail channels may disturb anybody."""
    channels = Channel.objects.filter(practice=practice, kind=ChannelKind.EMAIL, is_on=True).defer("address")
    ends = [
        sends_from(channel, practice, severity=Severity.WARNING, now=now, digest=False)
        for channel in channels
    ]
    later = [end for end in ends if end is not None]
    return min(later) if later and len(later) == len(ends) else None


def letter(told: Told) -> Letter | None:
    """What this person is to be told now; ``None`` when nothing of it is left."""
    member = Membership.objects.filter(practice=told.practice, user=told.user, user__is_active=True).first()
    if member is None or not member.may(Role.STAFF):
        return None
    requests = _requests_for(told)
    notices = _notices_for(told) if member.may(Role.ADMIN) else Notice.objects.none()
    per_currency = list(
        requests.order_by().values_list("change__currency").annotate(Count("pk"), Sum("change__amount"))
    )
    count, said = sum(number for _, number, _ in per_currency), notices.count()
    if not count and not said:
        return None
    with shown_for(told.practice):
        amounts = " and ".join(
            money(amount, currency) for currency, _, amount in per_currency if amount is not None
        )
    return Letter(
        subject=_subject(told.practice, count, amounts, said),
        practice=told.practice.name,
        requests=list(requests.select_related("change", "asked_by")[:MOST_LISTED]),
        more=max(0, count - MOST_LISTED),
        count=count,
        amounts=amounts,
        notices=list(notices.select_related("change")[:MOST_LISTED]),
        more_notices=max(0, said - MOST_LISTED),
        url=f"{settings.BASE_URL}{reverse('approvals', kwargs={'slug': told.practice.slug})}",
    )


def _requests_for(told: Told) -> QuerySet[Any]:
    """What waits, this person may approve, and they were not told of: the largest first."""
    rows = Approval.objects.filter(
        practice=told.practice,
        state=ApprovalState.WAITING,
        told_at__lte=told.due_upto,
        expires_at__gt=timezone.now(),
        change__state=ChangeState.HELD,
        change__reason=APPROVAL,
    ).exclude(asked_by=told.user, own_allowed=False)
    if told.upto is not None:
        rows = rows.filter(told_at__gt=told.upto)
    found: QuerySet[Any] = rows.order_by(F("change__amount").desc(nulls_last=True), "pk")
    return found


def _notices_for(told: Told) -> QuerySet[Any]:
    """What rules wanted said since the last mail, about Changes that were not replaced."""
    after = Q(told_at__gte=told.since) if told.upto is None else Q(told_at__gt=told.upto)
    rows = Notice.objects.filter(after, practice=told.practice, told_at__lte=told.due_upto)
    found: QuerySet[Any] = rows.exclude(change__state=ChangeState.SUPERSEDED).order_by("pk")
    return found


def _subject(practice: Practice, count: int, amounts: str, notices: int) -> str:
    if count:
        text = f"{count:,} {'change waits' if count == 1 else 'changes wait'} for your approval"
        text += f" · {amounts}" if amounts else ""
    else:
        text = "your rules have something to say" if notices > 1 else "a rule has something to say"
    return " ".join(f"{practice.name}: {text}".split())


def _mail(told: Told, found: Letter) -> bool:
    """Whether it is done with: taken, or refused for good. Anything else is tried again later."""
    with shown_for(told.practice):
        mail = mail_to(
            told.user.email,
            subject=found.subject,
            template="sync/approvals_mail",
            letter=found,
            key=f"approvals|{told.pk}|{told.due_upto.isoformat()}",
        )
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        log.warning("approval_mail_refused", told=told.pk)
        return is_final(error)
    except (smtplib.SMTPException, OSError) as error:
        log.warning("approval_mail_not_sent", told=told.pk, error=type(error).__name__)
        return False
    return True


def _settle(told: Told, *, mailed: bool) -> None:
    """This person knows everything up to the round that the mail was made for. A later one is owed still."""
    mine = Told.objects.filter(pk=told.pk, claimed_at=told.claimed_at)
    values: dict[str, Any] = {"upto": told.due_upto, "claimed_at": None, "not_before": None, "tries": 0}
    mine.update(**values, **({"sent_at": timezone.now()} if mailed else {}))


def _put_off(told: Told) -> None:
    now = timezone.now()
    mine = Told.objects.filter(pk=told.pk, claimed_at=told.claimed_at)
    mine.update(claimed_at=None, not_before=retry_at(told.tries, now=now) or now + LONGEST_ASKED)
