"""Requests for approval, made after each plan from the Changes that wait for one; and what rules wanted said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from mappings.models import MappingSet, SetState
from mappings.spec import Choices
from practices.models import Practice
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    ChangeState,
    Notice,
    RuleUse,
)
from sync.planned import Planned
from sync.ruled import APPROVAL

BATCH = 500
LONGEST_NOTICE = 500


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
    """Make a request for every Change that waits for approval and was never asked about. Returns how many.

    Requests whose Change is no longer waiting are withdrawn. Safe to call again; one Change has one waiting request.
    """
    withdraw(practice)
    asked = Approval.objects.filter(change=OuterRef("pk"))
    waiting = Change.objects.filter(practice=practice, state=ChangeState.HELD, reason=APPROVAL)
    rows = list(waiting.exclude(Exists(asked)).only("pk", "practice_id", "approval_asked", "released_by_id"))
    if not rows:
        return 0
    publisher = MappingSet.objects.filter(practice=practice, state=SetState.PUBLISHED).values_list(
        "created_by_id", flat=True
    )
    author = publisher.first()
    now = timezone.now()
    made = Approval.objects.bulk_create(
        [
            Approval(
                practice_id=change.practice_id,
                change=change,
                reasons=change.approval_asked,
                asked_by_id=change.released_by_id or author,
                asked_at=now,
                expires_at=now + timedelta(days=choices.approval_days),
                own_allowed=choices.approve_own,
            )
            for change in rows
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    return len(made)


def withdraw(practice: Practice) -> int:
    """Close the requests whose Change was replaced, declined, or needs nobody any more. Returns how many."""
    open_ones = Approval.objects.filter(practice=practice, state=ApprovalState.WAITING)
    gone = open_ones.exclude(change__state=ChangeState.HELD, change__reason=APPROVAL)
    return gone.update(state=ApprovalState.WITHDRAWN, decided_at=timezone.now())


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
