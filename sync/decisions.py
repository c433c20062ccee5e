"""What people decide: release, keep, retry, decline, and who is who. Each is audited and planned for at once."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from practices.audit import record
from practices.models import User
from sync import runs
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    ParkedAs,
    Review,
    ReviewState,
    Snapshot,
    Trigger,
    Verb,
)

RELEASABLE = frozenset({"conflict", "fill_gaps"})
"""Reasons a person may overrule. The others need a mode, a mapping or the record itself to change."""


class NotAllowed(Exception):
    """The decision can't be taken; the text is a sentence for people."""


DECISIONS = {"link": ReviewState.LINKED, "create": ReviewState.CREATE, "ignore": ReviewState.IGNORED}


def release(change_ids: Iterable[int], *, actor: User) -> int:
    """Let held Changes be written as shown. Returns how many; raises :class:`NotAllowed` when none may."""
    changes = list(Change.objects.filter(pk__in=list(change_ids), state=ChangeState.HELD))
    allowed = [change for change in changes if change.reason in RELEASABLE]
    if not allowed:
        raise NotAllowed(
            "None of these can be released. Watch mode is switched off on the plan page; other reasons have to be "
            "solved where they come from."
        )
    with transaction.atomic():
        for change in allowed:
            moved = Change.objects.filter(pk=change.pk, state=ChangeState.HELD).update(
                state=ChangeState.PENDING, reason="", message="", released_by=actor, not_before=None
            )
            if moved:
                _audit(change, actor, "change.released", f"Released: {change}")
    _plan(allowed, actor)
    return len(allowed)


def keep_target(change: Change, *, actor: User) -> None:
    """Keep what the target has: the pair agrees to differ until one side changes again."""
    if change.state != ChangeState.HELD or change.reason != "conflict":
        raise NotAllowed("Only a difference that waits for a decision can be kept as it is.")
    with transaction.atomic():
        link = Link.objects.select_for_update().get(
            source_connection=change.source_connection,
            target_connection=change.connection,
            kind=change.kind,
            source_external_id=change.source_external_id,
        )
        link.base_source = {**link.base_source, **change.values}
        link.base_target = {**link.base_target, **change.before}
        link.agreed_at = timezone.now()
        link.save(update_fields=["base_source", "base_target", "agreed_at"])
        Change.objects.filter(pk=change.pk, state=ChangeState.HELD).update(
            state=ChangeState.CANCELLED,
            reason="kept",
            message="Kept as it is in the target.",
            done_at=timezone.now(),
        )
        _audit(change, actor, "change.kept", f"Kept the target's values: {change}")
    _plan([change], actor)


def retry(change_ids: Iterable[int], *, actor: User) -> int:
    """Send parked Changes again; what may have arrived is looked up first. Returns how many."""
    changes = list(Change.objects.filter(pk__in=list(change_ids), state=ChangeState.PARKED))
    with transaction.atomic():
        for change in changes:
            moved = Change.objects.filter(pk=change.pk, state=ChangeState.PARKED).update(
                state=ChangeState.PENDING,
                parked_as=ParkedAs.NONE,
                reason="",
                message="",
                tries=0,
                not_before=None,
                look_up_first=change.look_up_first or change.first_sent_at is not None,
            )
            if moved:
                _audit(change, actor, "change.retried", f"Sent again: {change}")
    _plan(changes, actor)
    return len(changes)


def cancel(change_ids: Iterable[int], *, actor: User, note: str) -> int:
    """Decline Changes: they are not written, and not proposed again while they stay the same."""
    changes = list(
        Change.objects.filter(
            pk__in=list(change_ids), state__in=[ChangeState.HELD, ChangeState.PENDING, ChangeState.PARKED]
        )
    )
    if any(change.look_up_first for change in changes):
        raise NotAllowed(
            "It is not known yet whether one of these was written. Retry it first: it is looked up."
        )
    with transaction.atomic():
        for change in changes:
            Change.objects.filter(pk=change.pk).exclude(state=ChangeState.IN_FLIGHT).update(
                state=ChangeState.CANCELLED, reason="declined", message=note[:500], done_at=timezone.now()
            )
            _audit(change, actor, "change.declined", f"Declined: {change}. {note}")
    _plan(changes, actor)
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
    runs.start(review.practice, trigger=Trigger.PERSON, actor=actor, reads=False)


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
    reasons = [f"Confirmed by {actor}"]
    try:
        with transaction.atomic():
            Link.objects.create(
                practice=review.practice,
                kind=review.kind,
                source_connection=review.source_connection,
                target_connection=review.target_connection,
                source_external_id=review.source_external_id,
                target_external_id=external_id,
                method=LinkMethod.PERSON,
                reasons=reasons,
                confirmed_by=actor,
                agreed_at=timezone.now(),
            )
    except IntegrityError as error:
        raise NotAllowed("One of the two is already linked.") from error


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
    runs.start(review.practice, trigger=Trigger.PERSON, actor=actor, reads=False)


def _plan(changes: Iterable[Change], actor: User) -> None:
    for practice in {change.practice for change in changes}:
        runs.start(practice, trigger=Trigger.PERSON, actor=actor, reads=False)


def _audit(change: Change, actor: User, action: str, summary: str) -> None:
    record(change.practice, actor, action, summary, object=change, kind=str(Kind(change.kind)))
