"""What people decide: release, keep, retry, decline, and who is who. Each is audited and planned for at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from mappings.services import load_choices
from practices.audit import entry, record
from practices.models import AuditEntry, Practice, User
from sync import incidents, live, runs
from sync.approvals import asking
from sync.confirmed import link_pair
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    PairVerdict,
    ParkedAs,
    Purpose,
    Review,
    ReviewState,
    Snapshot,
    Trigger,
    Verb,
    Verdict,
)

RELEASABLE = frozenset({"conflict", "fill_gaps"})
"""Reasons a person may overrule. The others need a mode, a mapping, a second person or the record itself to change."""


class NotAllowed(Exception):
    """The decision can't be taken; the text is a sentence for people."""


DECISIONS = {"link": ReviewState.LINKED, "create": ReviewState.CREATE, "ignore": ReviewState.IGNORED}


def release(change_ids: Iterable[int], *, practice: Practice, actor: User) -> int:
    """Let held Changes be written as shown. Returns how many; raises :class:`NotAllowed` when none may.

    Where a rule wants a second person, releasing asks that person instead of sending.
    """
    with transaction.atomic():
        held = _locked(practice, change_ids, ChangeState.HELD)
        allowed = [change for change in held if change.reason in RELEASABLE]
        if not allowed:
            raise NotAllowed(
                "None of these can be released. Watch mode is switched off on the plan page; other reasons have to "
                "be solved where they come from."
            )
        asked = asking.unapproved(allowed)
        waits = {change.pk for change in asked}
        free = [change for change in allowed if change.pk not in waits]
        _rows(free).update(
            state=ChangeState.PENDING,
            purpose=Purpose.PERSON,
            reason="",
            message="",
            released_by=actor,
            not_before=None,
        )
        audit_each(practice, free, actor, "change.released", "Released: {}")
        audit_each(practice, asked, actor, "approval.asked", "Released, and asked for approval: {}")
        if asked:
            asking.hold(asked, released_by=actor)
            asking.request(asked, load_choices(practice)[1], by=actor)
    plan_and_send(practice, actor)
    return len(allowed)


def keep(change_ids: Iterable[int], *, practice: Practice, actor: User) -> int:
    """Keep what the target has: each pair agrees to differ until one side changes again.

    Returns how many; raises :class:`NotAllowed` when none can be kept.
    """
    now = timezone.now()
    with transaction.atomic():
        held = _locked(practice, change_ids, ChangeState.HELD)
        differing = [change for change in held if change.reason == "conflict"]
        if not differing:
            raise NotAllowed("Only a difference that waits for a decision can be kept as it is.")
        kept = [change for change in differing if _agree_to_differ(change, now)]
        if not kept:
            raise NotAllowed("The records are not linked any more. Sync again, then look once more.")
        _rows(kept).update(
            state=ChangeState.CANCELLED, reason="kept", message="Kept as it is in the target.", done_at=now
        )
        audit_each(practice, kept, actor, "change.kept", "Kept the target's values: {}")
    plan_and_send(practice, actor)
    return len(kept)


def _agree_to_differ(change: Change, now: datetime) -> bool:
    """Remember the values of both sides as agreed; ``False`` when the two are not linked any more."""
    link = (
        Link.objects.select_for_update()
        .filter(
            practice=change.practice_id,
            source_connection=change.source_connection_id,
            target_connection=change.connection_id,
            kind=change.kind,
            source_external_id=change.source_external_id,
        )
        .first()
    )
    if link is None:
        return False
    link.base_source = {**link.base_source, **change.values}
    link.base_target = {**link.base_target, **change.before}
    link.agreed_at = now
    link.save(update_fields=["base_source", "base_target", "agreed_at"])
    return True


def retry(change_ids: Iterable[int], *, practice: Practice, actor: User) -> int:
    """Send parked Changes again; what may have arrived is looked up first. Returns how many.

    Where a rule has come to want a second person, they wait for that one first.
    """
    with transaction.atomic():
        changes = _locked(practice, change_ids, ChangeState.PARKED)
        _rows(changes).update(
            state=ChangeState.PENDING,
            purpose=Purpose.PERSON,
            parked_as=ParkedAs.NONE,
            reason="",
            message="",
            tries=0,
            not_before=None,
            look_up_first=Case(
                When(first_sent_at__isnull=False, then=Value(True)), default=F("look_up_first")
            ),
        )
        audit_each(practice, changes, actor, "change.retried", "Sent again: {}")
        asked = asking.unapproved(changes)
        if asked:
            asking.hold(asked)
            asking.request(asked, load_choices(practice)[1])
    if changes:
        plan_and_send(practice, actor)
    return len(changes)


def cancel(change_ids: Iterable[int], *, practice: Practice, actor: User, note: str) -> int:
    """Decline Changes: they are not written, and not proposed again while they stay the same."""
    with transaction.atomic():
        changes = _locked(practice, change_ids, ChangeState.HELD, ChangeState.PENDING, ChangeState.PARKED)
        if any(change.look_up_first and change.first_sent_at for change in changes):
            raise NotAllowed(
                "It is not known yet whether one of these was written. Retry it first: it is looked up."
            )
        _rows(changes).update(
            state=ChangeState.CANCELLED, reason="declined", message=note[:500], done_at=timezone.now()
        )
        asking.withdraw_for(changes, actor)
        audit_each(practice, changes, actor, "change.declined", f"Declined: {{}}. {plain(note)}")
    if changes:
        plan_and_send(practice, actor)
    return len(changes)


def decide_review(review: Review, *, actor: User, choice: str, external_id: str = "", note: str = "") -> None:
    """Decide who a source record is: link it to ``external_id``, create it new, leave it alone, or reopen.

    Raises :class:`NotAllowed` when somebody else decided it meanwhile: their decision is taken back first.
    """
    if choice == "reopen":
        _reopen(review, actor, note)
        return
    if choice not in DECISIONS:
        raise NotAllowed("Choose to link, to create, or to leave it alone.")
    state, target = DECISIONS[choice], external_id if choice == "link" else ""
    with transaction.atomic():
        _still_open(review)
        if choice == "link":
            _link(review, actor, external_id)
        Review.objects.filter(pk=review.pk).update(
            state=state,
            chosen_external_id=target,
            decided_by=actor,
            decided_at=timezone.now(),
            note=note[:300],
        )
        record(
            review.practice,
            actor,
            "review.decided",
            f"{review.title}: {state.label.lower()} {target}".strip(),
            object=review,
            choice=choice,
            target=external_id,
        )
    plan_and_send(review.practice, actor)


def _still_open(review: Review) -> None:
    """Holds the row, so that of two people who press at once the second one is told."""
    now = Review.objects.select_for_update(of=("self",)).select_related("decided_by").get(pk=review.pk)
    if now.state != ReviewState.OPEN:
        raise NotAllowed(
            f"Decided already: {ReviewState(now.state).label.lower()}, by {now.decided_by or 'someone'}. "
            "Undo that decision first."
        )


def _link(review: Review, actor: User, external_id: str) -> None:
    target = (
        Snapshot.objects.of(review.target_connection, review.kind).filter(external_id=external_id).first()
    )
    if target is None:
        raise NotAllowed("Choose one of the records shown, or search for another one.")
    if target.status.upper() in {"ARCHIVED", "GDPRREQUEST", "VOIDED", "DELETED"} or target.record.get(
        "merged_into"
    ):
        raise NotAllowed("This record is archived, merged or voided in the target. Choose an active one.")
    under_way = Change.objects.filter(
        connection=review.target_connection,
        source_connection=review.source_connection,
        kind=review.kind,
        source_external_id=review.source_external_id,
        verb=Verb.CREATE,
    ).filter(Q(state=ChangeState.IN_FLIGHT) | Q(state__in=OPEN_CHANGE_STATES, look_up_first=True))
    if under_way.exists():
        raise NotAllowed("It is being created in the target right now. Look again when that is settled.")
    source = (review.source_connection, review.source_external_id)
    there = (review.target_connection, external_id)
    if not link_pair(review.kind, source, there, by=actor, reason=f"Confirmed by {actor}"):
        raise NotAllowed("One of the two is already linked.")
    # Whoever links two that were told apart once has changed that decision.
    PairVerdict.objects.filter(
        kind=review.kind,
        left_connection=review.source_connection,
        left_external_id=review.source_external_id,
        right_connection=review.target_connection,
        right_external_id=external_id,
        verdict=Verdict.DIFFERENT,
    ).delete()


def _reopen(review: Review, actor: User, note: str) -> None:
    """Take a decision back. A link that has been written through stays: undoing it is a decision of its own."""
    with transaction.atomic():
        if review.state == ReviewState.LINKED:
            written = Change.objects.filter(
                practice=review.practice,
                kind=review.kind,
                source_external_id=review.source_external_id,
                state__in=[ChangeState.DONE, ChangeState.IN_FLIGHT],
            )
            if written.exists():
                raise NotAllowed(
                    "Something was already written for this pair, so it can't simply be taken back."
                )
            Link.objects.filter(
                kind=review.kind,
                source_connection=review.source_connection,
                target_connection=review.target_connection,
                source_external_id=review.source_external_id,
                method=LinkMethod.PERSON,
            ).delete()
        Review.objects.filter(pk=review.pk).update(
            state=ReviewState.OPEN, chosen_external_id="", decided_by=None, decided_at=None, note=note[:300]
        )
        record(review.practice, actor, "review.reopened", f"{review.title}: reopened", object=review)
    plan_and_send(review.practice, actor)


def _locked(practice: Practice, change_ids: Iterable[int], *states: ChangeState) -> list[Change]:
    """The practice's own Changes among these that are in one of the states, held until the transaction ends."""
    rows = Change.objects.filter(practice=practice, pk__in=list(change_ids), state__in=states)
    return list(rows.order_by("pk").select_for_update(of=("self",)))


def _rows(changes: Iterable[Change]) -> QuerySet[Any]:
    found: QuerySet[Any] = Change.objects.filter(pk__in=[change.pk for change in changes])
    return found


def plan_and_send(practice: Practice, actor: User) -> None:
    """Plan anew, and send what was decided before any backlog."""
    runs.start(practice, trigger=Trigger.PERSON, actor=actor, reads=False)
    if Change.objects.filter(practice=practice, state=ChangeState.PENDING, purpose=Purpose.PERSON).exists():
        live.wake(practice.pk)
    incidents.refresh(practice)


def plain(note: str) -> str:
    """A note inside a text that is filled in later."""
    return note.replace("{", "{{").replace("}", "}}")


def audit_each(
    practice: Practice, changes: Iterable[Change], actor: User | None, action: str, summary: str
) -> None:
    """One entry for each Change, with what it waited for until now; ``summary`` has a place for its name."""
    AuditEntry.objects.bulk_create(
        [
            entry(
                practice,
                actor,
                action,
                summary.format(change),
                object=change,
                kind=str(Kind(change.kind)),
                connection=change.connection_id,
                reason=change.reason,
                parked_as=change.parked_as,
            )
            for change in changes
        ],
        batch_size=500,
    )
