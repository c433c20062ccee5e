"""Mails of saved views: what is open, what is new since the last one, and the file with every row.

A mail is a row first. It is claimed in a short transaction, made and sent outside of any, and settled in another, so a
sender that dies makes it late and never lost. Nobody gets one who is no member at that moment.
"""

import io
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from practices.audit import record
from practices.localise import shown_for
from practices.models import Membership, Role, User
from practices.templatetags.formats import money
from sync.alerts.decide import LONGEST_ASKED, retry_at
from sync.letters import is_final, mail_to
from sync.models import (
    CompareState,
    Mismatch,
    ReconcileRun,
    ReportFormat,
    ReportMail,
    ReportSchedule,
    Scope,
)
from sync.reconcile.at_stake import AtStake, at_stake
from sync.report.choosing import choose, words
from sync.report.csv import write_csv
from sync.report.header import last_comparison
from sync.report.saved import params_of
from sync.report.xlsx import write_xlsx

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(minutes=10)
"""Longer than making the largest file and handing it over takes."""
TURN_SECONDS = 60
GIVE_UP_AFTER = timedelta(days=3)
WAITS_FOR_COMPARING = timedelta(hours=1)
"""A mail that is due while everything is compared is sent when that has ended, but not later than this."""
MOST_ROWS_IN_A_FILE = 50_000
"""With more the file would be too large for many mailboxes; the mail says so and leads to the page."""
MOST_LISTED = 5
STOP = "sync.report.stop"
TYPES = {
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.CSV: "text/csv",
}
NOT_A_MEMBER = "They are no member any more."
MAKER_LEFT = "Whoever set it up may not see the report any more. Save it again to go on."
REFUSED = "The mail server refused the address."
NOT_TAKEN = "The mail server did not take it in three days."


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one mail says. ``fresh`` are those that were not there when the last one was sent (``None``: no last).

    ``is_sound`` is false when some filter of the view means nothing any more and was left out.
    """

    subject: str
    practice: str
    view: str
    filters: Sequence[tuple[str, str]]
    count: int
    sums: Sequence[AtStake]
    fresh: int | None
    worst: Sequence[Mismatch]
    compared_at: datetime | None
    has_file: bool
    is_sound: bool
    url: str
    stop_url: str


def send_due(*, limit: int = 100) -> int:
    """Send up to ``limit`` mails that are due; how many were sent. Safe beside others of its kind."""
    ends = time.monotonic() + TURN_SECONDS
    sent = 0
    for _ in range(limit):
        mail = _claim(timezone.now()) if time.monotonic() < ends else None
        if mail is None:
            break
        barred = _barred(mail)
        if barred:
            _give_up(mail, barred)
            continue
        try:
            _send(mail)
        except smtplib.SMTPRecipientsRefused as error:
            log.warning("report_mail_refused", mail=mail.pk)
            (_give_up(mail, REFUSED) if is_final(error) else _put_off(mail))
        except (smtplib.SMTPException, OSError) as error:
            log.warning("report_mail_not_sent", mail=mail.pk, error=type(error).__name__)
            _put_off(mail)
            break  # the mail server is away for everybody
        except Exception:
            log.exception("report_mail_failed", mail=mail.pk)
            _put_off(mail)
        else:
            _mine(mail).update(sent_at=timezone.now(), claimed_at=None, not_before=None, message="")
            sent += 1
    return sent


def _claim(now: datetime) -> ReportMail | None:
    comparing = ReconcileRun.objects.filter(
        practice=OuterRef("practice"),
        scope=Scope.FULL,
        state__in=[CompareState.WAITING, CompareState.RUNNING],
    )
    due = ReportMail.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(claimed_at=None) | Q(claimed_at__lte=now - CLAIM_LASTS),
        ~Exists(comparing) | Q(due_at__lte=now - WAITS_FOR_COMPARING),
        sent_at=None,
        given_up_at=None,
    ).order_by("pk")
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), skip_locked=True)
        mail: ReportMail | None = locked.select_related(
            "to", "practice", "schedule__view", "schedule__made_by"
        ).first()
        if mail is not None:
            mail.claimed_at, mail.attempts = now, mail.attempts + 1
            mail.save(update_fields=["claimed_at", "attempts"])
    return mail


def _barred(mail: ReportMail) -> str:
    """Why this person gets nothing, or nothing to say against it."""
    members = {
        member.user_id: member
        for member in Membership.objects.filter(
            practice=mail.practice, user__in=[mail.to_id, mail.schedule.made_by_id], user__is_active=True
        )
    }
    if mail.to_id not in members or not mail.schedule.chosen.filter(user=mail.to_id).exists():
        return NOT_A_MEMBER
    maker = members.get(mail.schedule.made_by_id)
    return "" if maker is not None and maker.may(Role.STAFF) else MAKER_LEFT


def letter(mail: ReportMail) -> Letter:
    """What this person is told now."""
    practice, view = mail.practice, mail.schedule.view
    chosen = choose(practice, params_of(view), mail.to)
    found = at_stake(chosen.query)
    count = sum(item.count for item in found)
    before = (
        ReportMail.objects.filter(schedule=mail.schedule, to=mail.to, sent_at__isnull=False)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    head = last_comparison(practice)
    query = f"?{view.query}" if view.query else ""
    return Letter(
        subject=_subject(practice.name, view.name, count, found),
        practice=practice.name,
        view=view.name,
        filters=words(chosen),
        count=count,
        sums=found,
        fresh=chosen.query.filter(first_seen_at__gt=before).count() if before else None,
        worst=list(chosen.query.order_by("-at_stake", "-pk")[:MOST_LISTED]),
        compared_at=head.run.finished_at if head else None,
        has_file=count <= MOST_ROWS_IN_A_FILE,
        is_sound=chosen.is_sound,
        url=f"{settings.BASE_URL}{reverse('reconciliation', kwargs={'slug': practice.slug})}{query}",
        stop_url=stop_url(mail.schedule, mail.to),
    )


def stop_url(schedule: ReportSchedule, user: User) -> str:
    token = signing.dumps({"s": schedule.pk, "u": user.pk}, salt=STOP)
    return f"{settings.BASE_URL}{reverse('report_stop', kwargs={'token': token})}"


def asked_to_stop(token: str) -> tuple[ReportSchedule, User] | None:
    """What a link is about; ``None`` when it is made up, or there are no such mails any more."""
    try:
        values = signing.loads(token, salt=STOP)
        schedule_pk, user_pk = int(values["s"]), int(values["u"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    found = ReportSchedule.objects.select_related("practice", "view").filter(pk=schedule_pk).first()
    user = User.objects.filter(pk=user_pk).first()
    return (found, user) if found is not None and user is not None else None


def _subject(practice: str, view: str, count: int, found: Sequence[AtStake]) -> str:
    amounts = " and ".join(money(item.at_stake, item.currency) for item in found if item.currency)
    text = f"{count:,} {'difference' if count == 1 else 'differences'}" if count else "no differences"
    text += f", {amounts} at stake" if amounts else ""
    return " ".join(f"{practice}: {text} ({view})".split())[:300]


def _send(row: ReportMail) -> None:
    """Make the mail and hand it over. Raises what the mail server says."""
    with shown_for(row.practice):
        found = letter(row)
        mail = mail_to(
            row.to.email,
            subject=found.subject,
            template="sync/report_mail",
            letter=found,
            key=f"report|{row.schedule_id}|{row.to_id}|{row.due_at.isoformat()}",
        )
        mail.extra_headers |= {
            "List-Unsubscribe": f"<{found.stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        if found.has_file:
            mail.attach(*_file(row))
    mail.send()


def _file(row: ReportMail) -> tuple[str, bytes, str]:
    """The name, content and type of the file: the very one that the page gives."""
    view, how = row.schedule.view, ReportFormat(row.schedule.format)
    how = how if how in TYPES else ReportFormat.XLSX
    stream = io.BytesIO()
    write = write_csv if how == ReportFormat.CSV else write_xlsx
    write(row.practice, params_of(view), stream, row.to)
    day = timezone.localdate(row.due_at)
    name = f"{slugify(row.practice.name) or 'practice'}-{slugify(view.name) or 'differences'}-{day:%Y-%m-%d}"
    return f"{name}.{how.value}", stream.getvalue(), TYPES[how]


def _put_off(mail: ReportMail) -> None:
    now = timezone.now()
    if now - mail.due_at >= GIVE_UP_AFTER:
        _give_up(mail, NOT_TAKEN)
        return
    later = retry_at(mail.attempts, now=now) or now + LONGEST_ASKED
    _mine(mail).update(claimed_at=None, not_before=later, message="Not sent yet; it is tried again.")


def _give_up(mail: ReportMail, message: str) -> None:
    with transaction.atomic():
        if not _mine(mail).update(claimed_at=None, given_up_at=timezone.now(), message=message):
            return
        said = f"Did not mail the view “{mail.schedule.view.name}” to {mail.to.email}: {message}"
        record(mail.practice, None, "report.not_sent", said, object=mail.schedule)


def _mine(mail: ReportMail) -> QuerySet[ReportMail]:
    return ReportMail.objects.filter(pk=mail.pk, claimed_at=mail.claimed_at)
