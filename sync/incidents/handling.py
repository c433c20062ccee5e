"""What a person does about an incident itself: take it, put it aside, take it up again. Each is audited."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from practices.audit import record
from practices.models import Membership, User
from practices.templatetags.formats import day
from sync.decisions import NotAllowed
from sync.models import Incident, IncidentState

LONGEST_SNOOZE = timedelta(days=92)
"""A quarter: what is put aside for longer is better skipped."""
SETTLED = "It has been settled meanwhile. Nothing is left to do."


def assign(incident: Incident, *, to: User | None, actor: User) -> None:
    """Make somebody of the practice its owner, or nobody. Raises :class:`NotAllowed` for strangers or when settled."""
    if to is not None and not Membership.objects.filter(practice=incident.practice_id, user=to).exists():
        raise NotAllowed("Choose somebody of this practice.")
    now = timezone.now()
    with transaction.atomic():
        _change(incident, assignee=to, assigned_at=now if to else None)
        words = f"Assigned to {to}" if to else "Assigned to nobody"
        record(
            incident.practice,
            actor,
            "incident.assigned",
            f"{words}: {incident.title}",
            object=incident,
            to=to.email if to else "",
        )


def snooze(incident: Incident, *, until: datetime, reason: str, actor: User) -> None:
    """Put it aside until then. It comes back earlier only when it gets much worse."""
    now = timezone.now()
    if not reason:
        raise NotAllowed("Say why it can wait.")
    if not now < until <= now + LONGEST_SNOOZE:
        raise NotAllowed("Choose a day in the next three months.")
    with transaction.atomic():
        _change(
            incident,
            state=IncidentState.SNOOZED,
            snoozed_until=until,
            snooze_reason=reason[:300],
            snoozed_by=actor,
        )
        record(
            incident.practice,
            actor,
            "incident.snoozed",
            f"Snoozed until {day(until)}: {incident.title}. {reason}",
            object=incident,
            until=until.isoformat(),
        )


def wake(incident: Incident, *, actor: User) -> None:
    """Take a snoozed one up again."""
    with transaction.atomic():
        if incident.state != IncidentState.SNOOZED:
            raise NotAllowed("It is not snoozed.")
        _change(incident, state=IncidentState.OPEN, snoozed_until=None, snooze_reason="", snoozed_by=None)
        record(
            incident.practice, actor, "incident.woken", f"Taken up again: {incident.title}", object=incident
        )


def _change(incident: Incident, **values: object) -> None:
    open_rows = Incident.objects.filter(pk=incident.pk).exclude(state=IncidentState.RESOLVED)
    if not open_rows.update(**values):
        raise NotAllowed(SETTLED)
