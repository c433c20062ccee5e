"""Which records stand behind an incident: the same question that counted them, asked for the rows."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from sync.incidents import causes
from sync.incidents.facts import TRIED_AGAIN, UNSENT
from sync.incidents.subjects import TOLD_APART, fragment
from sync.models import Change, ChangeState, Incident, ParkedAs, Review, ReviewState, Snapshot, Standing

CHANGES, SNAPSHOTS, REVIEWS, NOTHING = "changes", "snapshots", "reviews", ""


def sort_of(incident: Incident) -> str:
    """What stands behind an incident: planned writes, records as read, open reviews, or no records at all."""
    cause = incident.cause
    if cause == causes.UNREADABLE or cause.removeprefix(causes.HELD) in causes.WITHOUT_CHANGE:
        return SNAPSHOTS
    if cause == causes.DECIDE_REVIEW:
        return REVIEWS
    if cause in {causes.TROUBLE, causes.RECONNECT, causes.DECIDE_CONFLICT} or cause.startswith(causes.HELD):
        return CHANGES
    return CHANGES if is_parked(incident) else NOTHING


def is_parked(incident: Incident) -> bool:
    """Whether its records were stopped for a person, so that somebody may send them again."""
    return _parked(incident.cause) is not None


def may_skip(incident: Incident) -> bool:
    """Whether its records can be left unwritten: not while they wait only for a system to answer."""
    return sort_of(incident) == CHANGES and incident.cause not in {causes.TROUBLE, causes.RECONNECT}


def changes_of(incident: Incident) -> QuerySet[Any]:
    """The planned writes behind an incident; none for one that has no such records."""
    rows: QuerySet[Any] = Change.objects.filter(
        practice=incident.practice_id, connection=incident.connection_id
    )
    if sort_of(incident) != CHANGES:
        return rows.none()
    if incident.cause == causes.RECONNECT or (incident.cause == causes.TROUBLE and _is_paused(incident)):
        return rows.filter(state__in=UNSENT)
    if incident.cause == causes.TROUBLE:
        return rows.filter(TRIED_AGAIN)
    rows = rows.filter(kind=incident.kind)
    if incident.cause == causes.DECIDE_CONFLICT:
        return rows.filter(state=ChangeState.HELD, reason="conflict")
    if incident.cause.startswith(causes.HELD):
        return rows.filter(_held(incident.cause.removeprefix(causes.HELD), incident.subject))
    parked_as, reason = _parked(incident.cause) or ("", "")
    # A very long code is cut when it is stored as a cause.
    same = Q(reason__startswith=reason) if len(incident.cause) == 60 else Q(reason=reason)
    return rows.filter(same, state=ChangeState.PARKED, parked_as=parked_as)


def snapshots_of(incident: Incident) -> QuerySet[Any]:
    """The records as read behind an incident; none for one about planned writes."""
    rows: QuerySet[Any] = Snapshot.objects.filter(
        practice=incident.practice_id, connection=incident.connection_id, kind=incident.kind
    )
    if sort_of(incident) != SNAPSHOTS:
        return rows.none()
    if incident.cause == causes.UNREADABLE:
        return rows.filter(gone_at=None).exclude(problem="")
    reason = incident.cause.removeprefix(causes.HELD)
    return rows.filter(standing=Standing.HELD, standing_reason=reason)


def reviews_of(incident: Incident) -> QuerySet[Any]:
    rows: QuerySet[Any] = Review.objects.filter(
        practice=incident.practice_id, kind=incident.kind, state=ReviewState.OPEN
    )
    if sort_of(incident) != REVIEWS:
        return rows.none()
    return rows.filter(target_connection=incident.connection_id)


def own_ids(incident: Incident, asked: Sequence[int], *, most: int) -> list[int]:
    """Ids of the incident's own planned writes: those asked for, or the oldest ``most`` when none is named."""
    rows = changes_of(incident).order_by("pk")
    if asked:
        rows = rows.filter(pk__in=list(asked))
    return list(rows.values_list("pk", flat=True)[:most])


def _is_paused(incident: Incident) -> bool:
    """Whether the system asked to wait: then everything owed to it waits."""
    connection = incident.connection
    until = connection.resumes_at if connection is not None else None
    return until is not None and until > timezone.now()


def _held(reason: str, subject: str) -> Q:
    text = fragment(reason, subject)
    if not text:
        return Q(state=ChangeState.HELD, reason=reason)
    return Q(state=ChangeState.HELD, reason__in=TOLD_APART, message__contains=text)


def _parked(cause: str) -> tuple[str, str] | None:
    parked_as, dot, reason = cause.partition(".")
    return (parked_as, reason) if dot and parked_as in ParkedAs.values else None
