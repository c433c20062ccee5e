"""Views that are mailed at set times: what is due is put into rows, one for each person, once for each time."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from practices.audit import record
from practices.models import Membership, Practice, User
from practices.templatetags.formats import clock
from sync.models import Cadence, ReportMail, ReportRecipient, ReportSchedule
from sync.reconcile.due import next_of, take

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SUPERSEDED = "The next one was due before it could be sent."


def save(
    practice: Practice,
    actor: User,
    *,
    people: Iterable[User],
    values: dict[str, Any],
    schedule: ReportSchedule | None = None,
) -> ReportSchedule:
    """Mail a view to these people from now on, or change how. ``values`` are the schedule's own fields."""
    made = schedule or ReportSchedule(practice=practice, made_by=actor)
    for name, value in values.items():
        setattr(made, name, value)
    made.next_at = next_of(made, timezone.now())
    wanted = list(people)
    with transaction.atomic():
        made.save()
        made.chosen.exclude(user__in=wanted).delete()
        ReportRecipient.objects.bulk_create(
            [ReportRecipient(practice=practice, schedule=made, user=user) for user in wanted],
            ignore_conflicts=True,
        )
        to = ", ".join(sorted(user.email for user in wanted))
        said = f"Mails the view “{made.view.name}” {when(made)} to {to}"
        record(practice, actor, "report.scheduled", said, object=made, format=made.format)
    return made


def delete(schedule: ReportSchedule, actor: User) -> None:
    """Mail it to nobody any more; what waits to be sent is not sent."""
    with transaction.atomic():
        said = f"Mails the view “{schedule.view.name}” to nobody any more"
        record(schedule.practice, actor, "report.unscheduled", said, object=schedule)
        schedule.delete()


def leave(schedule: ReportSchedule, user: User) -> None:
    """This person wants no more of these mails. A second time changes nothing."""
    with transaction.atomic():
        gone, _ = ReportRecipient.objects.filter(schedule=schedule, user=user).delete()
        waiting = ReportMail.objects.filter(schedule=schedule, to=user, sent_at=None, given_up_at=None)
        waiting.update(given_up_at=timezone.now(), message="They wanted no more of these mails.")
        if gone:
            said = f"Wants no more mails of the view “{schedule.view.name}”"
            record(schedule.practice, user, "report.left", said, object=schedule)


def queue_due(now: datetime) -> int:
    """Owe everybody the mails that are due; how many. A time that was missed is made up for once.

    An older one that is still waiting is not sent any more: the newer says more.
    """
    owed = 0
    for schedule in ReportSchedule.objects.filter(next_at__lte=now).select_related("practice"):
        with transaction.atomic():
            if not take(schedule, now):
                continue
            older = ReportMail.objects.filter(schedule=schedule, sent_at=None, given_up_at=None)
            older.update(given_up_at=now, message=SUPERSEDED)
            people = _members_of(schedule)
            ReportMail.objects.bulk_create(
                [
                    ReportMail(
                        practice=schedule.practice, schedule=schedule, to_id=user_id, due_at=schedule.next_at
                    )
                    for user_id in people
                ],
                ignore_conflicts=True,
            )
            owed += len(people)
    return owed


def at(hour: int) -> str:
    """``6:00 am``"""
    return clock(datetime.combine(date.min, time(hour)))


def when(timed: Any) -> str:
    """How often, in words: “every week on Monday at 6:00 am”. Of anything that has a cadence."""
    then = f"at {at(timed.hour)}"
    if timed.cadence == Cadence.WEEKLY:
        return f"every week on {WEEKDAYS[timed.weekday]} {then}"
    if timed.cadence == Cadence.MONTHLY:
        return f"every month on day {timed.monthday} {then}"
    return f"every day {then}" if timed.cadence == Cadence.DAILY else "never"


def _members_of(schedule: ReportSchedule) -> list[int]:
    """Those who were chosen and are members still."""
    members = Membership.objects.filter(
        practice=schedule.practice, user__is_active=True, user__in=schedule.chosen.values("user")
    )
    return list(members.order_by("user_id").values_list("user_id", flat=True))
