"""Requests for approval, made after each plan from the Changes that wait for one; and what rules wanted said.

An approval is of a Change, whose facts never change: other facts are another Change, which is asked about anew. It
covers the rules that asked for it. A rule that comes later asks again.

Whoever locks rows of both locks the Changes first, then the requests.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mappings.models import MappingSet, SetState
from mappings.rules import Fired
from mappings.spec import Choices
from practices.models import Practice, User
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    ChangeState,
    Notice,
    Purpose,
    RuleUse,
)
from sync.planned import Planned
from sync.ruled import APPROVAL, waiting_text

BATCH = 500
LONGEST_NOTICE = 500
OPEN_REQUESTS = (ApprovalState.WAITING, ApprovalState.EXPIRED)
"""A Change with one of these is not asked about by itself: the one waits, for the other a person asks again."""


def note_rules(plan: Mapping[str, Planned], fresh: Iterable[Change]) -> None:
    """Keep what rules want the approvers to know about Changes that were just made."""
    Notice.objects.bulk_create(
        [
            Notice(
                practice_id=change.practice_id,
                change=change,
                rule_key=rule.key,
                rule_name=rule.name,
                text=rule.text[:LONGEST_NOTICE],
            )
            for change in fresh
            for rule in plan[change.source_external_id].decision.notices
        ],
        batch_size=BATCH,
    )


def ask(practice: Practice, choices: Choices) -> int:
    """Make a request for every Change that waits for approval and has none. Returns how many.

    Requests whose Change is no longer waiting are withdrawn; what was approved before, with the same facts and by the
    same rules, goes on. Safe to call again; one Change has one waiting request.
    """
    waiting = Approval.objects.filter(practice=practice, state=ApprovalState.WAITING)
    waiting.exclude(own_allowed=choices.approve_own).update(own_allowed=choices.approve_own)
    with transaction.atomic():
        _let_go(practice)
        _hold_back(practice, choices)
        withdraw(practice)
        rows = list(_waiting(practice).exclude(Exists(_requests(*OPEN_REQUESTS))).order_by("pk"))
        return len(request(rows, choices)) if rows else 0


def _waiting(practice: Practice) -> QuerySet[Change]:
    found: QuerySet[Change] = Change.objects.filter(
        practice=practice, state=ChangeState.HELD, reason=APPROVAL
    )
    return found


def _requests(*states: ApprovalState) -> QuerySet[Approval]:
    """The outer Change's requests in these states."""
    return Approval.objects.filter(change=OuterRef("pk"), state__in=states)


def _let_go(practice: Practice) -> None:
    """Send on what was released while no rule asks any more, and what was approved before it was held anew."""
    released = _waiting(practice).filter(released_by__isnull=False, approval_asked=[])
    before = _waiting(practice).filter(Exists(_requests(ApprovalState.APPROVED)))
    before = before.exclude(Exists(_requests(*OPEN_REQUESTS)))
    ids = [*released.values_list("pk", flat=True), *before.values_list("pk", flat=True)]
    if not ids:
        return
    rows = _waiting(practice).filter(pk__in=ids).order_by("pk")
    changes = list(rows.select_for_update(of=("self",)))
    still_asked = {change.pk for change in unapproved(changes)}
    free = [change.pk for change in changes if change.pk not in still_asked]
    Change.objects.filter(pk__in=free).update(
        state=ChangeState.PENDING, purpose=Purpose.PERSON, reason="", message="", not_before=None
    )


def _hold_back(practice: Practice, choices: Choices) -> None:
    """What a person released before a rule asked for approval is not sent round that rule."""
    if not any(item.do == "hold" for rule in choices.rules if rule.enabled for item in rule.then):
        return
    rows = Change.objects.filter(practice=practice, state=ChangeState.PENDING, released_by__isnull=False)
    rows = rows.exclude(approval_asked=[]).order_by("pk").select_for_update(of=("self",))
    hold(unapproved(list(rows)))


def unapproved(changes: Collection[Change]) -> list[Change]:
    """Those of these Changes that a rule wants approved and nobody has approved for that rule."""
    asking = [change for change in changes if change.approval_asked]
    if not asking:
        return []
    approved: dict[int, set[str]] = {}
    rows = Approval.objects.filter(change__in=asking, state=ApprovalState.APPROVED)
    for change_id, reasons in rows.values_list("change_id", "reasons"):
        approved.setdefault(change_id, set()).update(keys(reasons))
    return [change for change in asking if not keys(change.approval_asked) <= approved.get(change.pk, set())]


def keys(reasons: Iterable[Mapping[str, str]]) -> set[str]:
    """The rules that ask, as a Change or a request keeps them."""
    return {str(item.get("key", "")) for item in reasons}


def hold(changes: Sequence[Change], *, released_by: User | None = None) -> None:
    """Have Changes wait for approval, released by somebody or as they were. Call it with their rows locked."""
    for change in changes:
        change.state, change.reason, change.parked_as = ChangeState.HELD, APPROVAL, ""
        change.message = waiting_text(
            tuple(
                Fired(item.get("key", ""), item.get("name", ""), item.get("text", ""))
                for item in change.approval_asked
            )
        )[:500]
        change.released_by = released_by or change.released_by
        change.source_changed_at = None  # it waits for a person, not for us
    fields = ["state", "reason", "parked_as", "message", "released_by", "source_changed_at"]
    Change.objects.bulk_update(changes, fields, batch_size=BATCH)


def request(
    changes: Sequence[Change], choices: Choices, *, by: User | None = None, now: datetime | None = None
) -> list[Approval]:
    """Make a waiting request for each of these; a Change that has one keeps that one.

    ``by`` asked for them. Without it that is whoever released the Change, else whoever published the mapping.
    """
    now = now or timezone.now()
    author = None if by is not None else _author(practice_id=changes[0].practice_id) if changes else None
    earlier = _asked_before(changes) if by is None else {}
    return Approval.objects.bulk_create(
        [
            Approval(
                practice_id=change.practice_id,
                change=change,
                reasons=change.approval_asked,
                asked_by_id=by.pk if by is not None else _asker(change, earlier.get(change.pk), author),
                asked_at=now,
                expires_at=now + timedelta(days=choices.approval_days),
                own_allowed=choices.approve_own,
            )
            for change in changes
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


def _asker(change: Change, before: Approval | None, author: int | None) -> int | None:
    """Who released it, unless that was approving it: then whoever asked for that."""
    if before is not None and before.decided_by_id == change.released_by_id:
        return before.asked_by_id or author
    return change.released_by_id or author


def _asked_before(changes: Sequence[Change]) -> dict[int, Approval]:
    rows = Approval.objects.filter(change__in=changes, state=ApprovalState.APPROVED).order_by("pk")
    return {row.change_id: row for row in rows}


def _author(practice_id: int) -> int | None:
    published = MappingSet.objects.filter(practice=practice_id, state=SetState.PUBLISHED)
    return published.values_list("created_by_id", flat=True).first()


def withdraw(practice: Practice) -> int:
    """Close the requests whose Change was replaced, declined, or needs nobody any more. Returns how many."""
    open_ones = Approval.objects.filter(practice=practice, state=ApprovalState.WAITING)
    gone = open_ones.exclude(change__state=ChangeState.HELD, change__reason=APPROVAL)
    return _close(list(gone.values_list("pk", flat=True)))


def withdraw_for(changes: Iterable[Change], actor: User) -> int:
    """Close what waits for these Changes, as somebody has just decided about them otherwise."""
    rows = Approval.objects.filter(change__in=list(changes), state=ApprovalState.WAITING)
    return _close(list(rows.values_list("pk", flat=True)), actor)


def _close(ids: list[int], actor: User | None = None) -> int:
    # By their state once more: somebody may have decided since they were looked for.
    rows = Approval.objects.filter(pk__in=ids, state=ApprovalState.WAITING)
    return rows.update(state=ApprovalState.WITHDRAWN, decided_by=actor, decided_at=timezone.now())


def count_rules(practice: Practice, plans: Iterable[Mapping[str, Planned]]) -> None:
    """Note to how many records each rule applied in a plan of everything."""
    records: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for plan in plans:
        for item in plan.values():
            for key in item.decision.rules:
                records[key] += 1
                skipped[key] += item.decision.reason == "rule"
            held.update({rule.key for rule in item.decision.approval})
    now = timezone.now()
    RuleUse.objects.filter(practice=practice).exclude(rule_key__in=records).delete()
    RuleUse.objects.bulk_create(
        [
            RuleUse(
                practice=practice,
                rule_key=key,
                records=number,
                skipped=skipped[key],
                held=held[key],
                counted_at=now,
            )
            for key, number in records.items()
        ],
        update_conflicts=True,
        unique_fields=["practice", "rule_key"],
        update_fields=["records", "skipped", "held", "counted_at"],
    )
