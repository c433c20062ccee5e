"""What happened to a record, in both systems and here, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from practices.models import AuditEntry, Practice
from sync.models import Attempt, Change, Link, LinkMethod, ReviewState
from sync.pages.record import Column, RecordPage
from sync.pages.words import TONES, reason_words

HERE = "This app"
MOST_AUDIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the timeline. ``system`` is where it happened, ``tone`` the colour of its mark."""

    at: datetime
    system: str
    text: str
    detail: str = ""
    tone: str = ""
    url: str = ""


def timeline(practice: Practice, page: RecordPage) -> list[Event]:
    events: list[Event] = []
    for column in page.columns:
        events.extend(_of_column(column))
    events.extend(_linked(link) for link in page.links)
    for change in page.changes:
        events.extend(_of_change(practice, change))
    if page.review is not None and page.review.decided_at is not None:
        who = f" by {page.review.decided_by}" if page.review.decided_by else ""
        decision = ReviewState(page.review.state).label
        events.append(
            Event(
                at=page.review.decided_at,
                system=HERE,
                text=f"Decided{who}: {decision}",
                detail=page.review.note,
                url=reverse("review", kwargs={"slug": practice.slug, "pk": page.review.pk}),
            )
        )
    events.extend(_audited(practice, page))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _of_column(column: Column) -> Iterator[Event]:
    snapshot = column.snapshot
    if snapshot.source_created_at:
        yield Event(at=snapshot.source_created_at, system=column.system, text="Created")
    if snapshot.source_updated_at and snapshot.source_updated_at != snapshot.source_created_at:
        yield Event(at=snapshot.source_updated_at, system=column.system, text="Last changed")
    yield Event(at=snapshot.received_at, system=HERE, text=f"This version read from {column.system}")
    if snapshot.gone_at:
        text = f"No longer listed by {column.system}"
        yield Event(at=snapshot.gone_at, system=column.system, text=text, tone="warn")


def _linked(link: Link) -> Event:
    method = LinkMethod(link.method).label if link.method in LinkMethod.values else link.method
    who = f" by {link.confirmed_by}" if link.confirmed_by else ""
    reasons = "; ".join(str(reason) for reason in link.reasons)
    return Event(at=link.created_at, system=HERE, text=f"Linked{who}: {method}", detail=reasons, tone="good")


def _of_change(practice: Practice, change: Change) -> Iterator[Event]:
    url = reverse("change", kwargs={"slug": practice.slug, "pk": change.pk})
    verb = change.get_verb_display()
    detail = change.message or (reason_words(change.reason) if change.reason else "")
    yield Event(
        at=change.created_at,
        system=HERE,
        text=f"{verb} planned: {change.get_state_display().lower()}",
        detail=detail,
        tone=TONES.get(change.state, ""),
        url=url,
    )
    for attempt in change.attempts.all():
        yield _tried(attempt, verb, url)
    if change.verified_at:
        yield Event(
            at=change.verified_at, system=HERE, text="Read back and found as sent", tone="good", url=url
        )


def _tried(attempt: Attempt, verb: str, url: str) -> Event:
    took = f" in {attempt.ms:,} ms" if attempt.ms is not None else ""
    return Event(
        at=attempt.started_at,
        system=HERE,
        text=f"{verb} sent: {attempt.get_result_display().lower()}{took}",
        detail=attempt.message,
        tone=TONES.get(attempt.result, ""),
        url=url,
    )


def _audited(practice: Practice, page: RecordPage) -> Iterator[Event]:
    wanted = {
        "change": [str(change.pk) for change in page.changes],
        "snapshot": [str(column.snapshot.pk) for column in page.columns],
        "link": [str(link.pk) for link in page.links],
        "review": [str(page.review.pk)] if page.review else [],
    }
    entries = AuditEntry.objects.filter(
        practice=practice,
        object_type__in=list(wanted),
        object_id__in=[item for ids in wanted.values() for item in ids],
    ).order_by("-at")[:MOST_AUDIT]
    for entry in entries:
        if entry.object_id in wanted[entry.object_type]:
            yield Event(at=entry.at, system=HERE, text=entry.summary, detail=entry.actor_label)
