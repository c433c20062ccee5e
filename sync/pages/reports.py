"""Saved views with the mails that are sent of them, and how the comparison in progress is doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Prefetch

from practices.models import Membership, Practice
from sync.models import (
    CompareState,
    ReconcileRun,
    ReportMail,
    ReportRecipient,
    ReportSchedule,
    SavedView,
    Scope,
)
from sync.report.saved import may_change, views_of
from sync.report.schedules import when

OPEN = (CompareState.WAITING, CompareState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """One schedule of mails: when, to whom, and how the last round went."""

    item: ReportSchedule
    when: str
    people: Sequence[str]
    sent_at: datetime | None
    troubles: Sequence[ReportMail]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLine:
    item: SavedView
    is_mine: bool
    may_change: bool
    mails: Sequence[MailLine]


def view_lines(practice: Practice, member: Membership) -> list[ViewLine]:
    """The views this member sees, each with its mails. A constant number of queries."""
    views = list(views_of(practice, member.user))
    chosen = Prefetch("chosen", ReportRecipient.objects.select_related("user").order_by("user__email"))
    schedules = (
        ReportSchedule.objects.filter(view__in=views)
        .prefetch_related(chosen)
        .annotate(sent_at=Max("mails__sent_at"))
        .order_by("pk")
    )
    troubles: dict[int, list[ReportMail]] = {}
    for mail in _not_sent(practice):
        troubles.setdefault(mail.schedule_id, []).append(mail)
    mails: dict[int, list[MailLine]] = {}
    for schedule in schedules:
        line = MailLine(
            item=schedule,
            when=when(schedule),
            people=[str(one.user) for one in schedule.chosen.all()],
            sent_at=schedule.sent_at,
            troubles=troubles.get(schedule.pk, []),
        )
        mails.setdefault(schedule.view_id, []).append(line)
    return [
        ViewLine(
            item=view,
            is_mine=view.owner_id == member.user_id,
            may_change=may_change(view, member),
            mails=mails.get(view.pk, []),
        )
        for view in views
    ]


def _not_sent(practice: Practice) -> list[ReportMail]:
    """Of each person's newest mail by each schedule those that did not get out."""
    newest = (
        ReportMail.objects.filter(practice=practice)
        .order_by("schedule", "to", "-due_at")
        .distinct("schedule", "to")
        .select_related("to")
    )
    return [mail for mail in newest if mail.sent_at is None and mail.message]


def comparison_shown(practice: Practice) -> ReconcileRun | None:
    """The comparison of everything that is open, or the newest when it failed. One query."""
    newest: ReconcileRun | None = (
        ReconcileRun.objects.filter(practice=practice, scope=Scope.FULL)
        .only("pk", "practice_id", "state", "message", "started_at", "finished_at")
        .order_by("-pk")
        .first()
    )
    return newest if newest is not None and newest.state != CompareState.DONE else None


def is_open(run: ReconcileRun) -> bool:
    return run.state in OPEN
