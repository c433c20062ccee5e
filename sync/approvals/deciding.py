"""What people decide about requests: approve, reject, ask again; and requests that ran out.

Who asked for a Change can't approve it, unless the practice allows that; the database refuses it too. Of several
requests those are decided that may be, and the rest is told with the reason.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mappings.services import load_choices
from practices.audit import entry
from practices.models import AuditEntry, Membership, Practice, Role, User
from sync.approvals import asking
from sync.decisions import NotAllowed, audit_each, plain, plan_and_send
from sync.models import Approval, ApprovalState, Change, ChangeState, Kind, Purpose
from sync.outcome import Outcome
from sync.ruled import APPROVAL

APPROVERS = (Role.OWNER, Role.ADMIN, Role.STAFF)
"""Roles that may approve what they did not ask for."""
MOST_NAMED = 5
AT_ONCE = 500

NO_ROLE = "Only staff and above may approve or reject."
NO_NOTE = "Say in the note why it is rejected: whoever asked has to know."
UNCLEAR = (
    "It is not known yet whether it reached the other system, so it can't be rejected. Once approved, it is looked up "
    "first and never written twice."
)
ENDED = {
    ApprovalState.APPROVED: "approved",
    ApprovalState.REJECTED: "rejected",
    ApprovalState.WITHDRAWN: "no longer needed",
    ApprovalState.EXPIRED: "run out",
}


def approve(approval_ids: Iterable[int], practice: Practice, actor: User, note: str = "") -> int:
    """Let what waits be written as shown. Returns how many; :class:`NotAllowed` when none may."""
    return _or_refuse(decide(approval_ids, practice, actor, yes=True, note=note))


def reject(approval_ids: Iterable[int], practice: Practice, actor: User, note: str) -> int:
    """Have it not written, and not proposed again while it stays the same. Returns how many."""
    return _or_refuse(decide(approval_ids, practice, actor, yes=False, note=note))


def _or_refuse(outcome: Outcome[Approval]) -> int:
    if not outcome.done:
        raise NotAllowed(outcome.why or "Tick at least one request first.")
    return len(outcome.done)


def decide(
    approval_ids: Iterable[int], practice: Practice, actor: User, *, yes: bool, note: str = ""
) -> Outcome[Approval]:
    """Approve or reject the practice's own requests among these. Raises :class:`NotAllowed` for no role or no note."""
    note = note.strip()
    if not may_approve(practice, actor):
        raise NotAllowed(NO_ROLE)
    if not yes and not note:
        raise NotAllowed(NO_NOTE)
    outcome = Outcome[Approval]()
    with transaction.atomic():
        rows = _locked(practice, approval_ids)
        own = own_text(practice, actor) if yes and any(_is_own(row, actor) for row in rows) else ""
        for row in rows:
            why = _refusal(row, actor, yes=yes, own=own)
            outcome.leave(why) if why else outcome.done.append(row)
        if outcome.done:
            _write(practice, outcome.done, actor, yes=yes, note=note)
    if outcome.done:
        plan_and_send(practice, actor)
    return outcome


def preview(approval_ids: Iterable[int], practice: Practice, actor: User) -> Outcome[Approval]:
    """What approving these would do right now. Decides nothing."""
    outcome = Outcome[Approval]()
    rows = list(_own_rows(practice, approval_ids).select_related("change", "decided_by").order_by("pk"))
    own = own_text(practice, actor) if any(_is_own(row, actor) for row in rows) else ""
    for row in rows:
        why = _refusal(row, actor, yes=True, own=own)
        outcome.leave(why) if why else outcome.done.append(row)
    return outcome


def may_approve(practice: Practice, user: User) -> bool:
    """Whether this person's role lets them decide about what others asked for."""
    members = Membership.objects.filter(practice=practice, user=user, user__is_active=True)
    return members.filter(role__in=APPROVERS).exists()


def may_decide(approval: Approval, user: User, now: datetime) -> bool:
    """Whether somebody of the right role may approve this one at this moment."""
    waiting = approval.state == ApprovalState.WAITING and approval.expires_at > now
    return waiting and not _is_own(approval, user)


def _is_own(approval: Approval, user: User) -> bool:
    return approval.asked_by_id == user.pk and not approval.own_allowed


def _own_rows(practice: Practice, approval_ids: Iterable[int]) -> QuerySet[Any]:
    rows: QuerySet[Any] = Approval.objects.filter(practice=practice, pk__in=list(approval_ids))
    return rows


def _locked(practice: Practice, approval_ids: Iterable[int]) -> list[Approval]:
    """The requests with their Changes as they are now, both held until the transaction ends: the Changes first."""
    ids = list(approval_ids)
    wanted = Change.objects.filter(practice=practice, approvals__in=_own_rows(practice, ids).values("pk"))
    change_ids = list(wanted.values_list("pk", flat=True).distinct())
    held = Change.objects.filter(pk__in=change_ids).order_by("pk").select_for_update(of=("self",))
    changes = {change.pk: change for change in held}
    rows = _own_rows(practice, ids).select_related("decided_by").order_by("pk")
    found = list(rows.select_for_update(of=("self",)))
    for row in found:
        row.change = changes[row.change_id]
    return found


def _refusal(row: Approval, actor: User, *, yes: bool, own: str) -> str:
    """Why this one can't be decided so, as a sentence; empty when it can."""
    if row.state != ApprovalState.WAITING:
        by = f", by {row.decided_by}" if row.decided_by else ""
        again = " Ask again first." if row.state == ApprovalState.EXPIRED else ""
        return f"It was decided already: {ENDED[ApprovalState(row.state)]}{by}.{again}"
    if row.change.state != ChangeState.HELD or row.change.reason != APPROVAL:
        return "It is no longer needed: the record or the rules changed meanwhile."
    if row.expires_at <= timezone.now():
        return "The request ran out. Ask again first."
    if yes and _is_own(row, actor):
        return own
    if not yes and row.change.look_up_first:
        return UNCLEAR
    return ""


def own_text(practice: Practice, actor: User) -> str:
    """Who may approve what this person asked for."""
    members = Membership.objects.filter(practice=practice, role__in=APPROVERS, user__is_active=True)
    others = members.exclude(user=actor).select_related("user").order_by("user__name", "user__email")
    names = [str(member.user) for member in others]
    if not names:
        return (
            "You asked for it, and nobody else here may approve. Invite somebody as staff or above, or allow people "
            "to approve what they asked for in the mapping's approval settings."
        )
    more = len(names) - MOST_NAMED
    named = ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"You asked for it, so somebody else has to approve it: {named}."


def _write(practice: Practice, rows: Sequence[Approval], actor: User, *, yes: bool, note: str) -> None:
    now = timezone.now()
    changes = [row.change for row in rows]
    said = f". {plain(note)}" if note else ""
    if yes:
        audit_each(practice, changes, actor, "approval.approved", f"Approved: {{}}{said}")
    else:
        audit_each(practice, changes, actor, "approval.rejected", f"Rejected: {{}}{said}")
    Approval.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ApprovalState.APPROVED if yes else ApprovalState.REJECTED,
        decided_by=actor,
        decided_at=now,
        note=note[:300],
    )
    held = Change.objects.filter(pk__in=[change.pk for change in changes])
    if yes:
        held.update(
            state=ChangeState.PENDING,
            purpose=Purpose.PERSON,
            reason="",
            message="",
            released_by=actor,
            not_before=None,
        )
    else:
        text = f"Rejected by {actor}: {note}"[:500]
        held.update(state=ChangeState.CANCELLED, reason="declined", message=text, done_at=now)


def ask_again(change: Change, actor: User) -> None:
    """A new request for a Change whose last one ran out. Raises :class:`NotAllowed` when it did not."""
    practice = change.practice
    if not may_approve(practice, actor):
        raise NotAllowed("Only staff and above may ask again.")
    choices = load_choices(practice)[1]
    with transaction.atomic():
        locked: Change = Change.objects.select_for_update(of=("self",)).get(pk=change.pk)
        if locked.state != ChangeState.HELD or locked.reason != APPROVAL:
            raise NotAllowed("It does not wait for approval any more.")
        last = Approval.objects.filter(change=locked).order_by("-pk").first()
        if last is None or last.state != ApprovalState.EXPIRED:
            raise NotAllowed("A request waits already." if last else "It is asked about with the next sync.")
        asking.request([locked], choices, by=actor)
        audit_each(practice, [locked], actor, "approval.asked", "Asked again for approval: {}")


def expire(now: datetime) -> int:
    """Close the requests whose time is over; their Changes stay held until somebody asks again. Returns how many."""
    total = 0
    while done := _expire_some(now):
        total += done
    return total


def _expire_some(now: datetime) -> int:
    with transaction.atomic():
        over = Approval.objects.filter(state=ApprovalState.WAITING, expires_at__lte=now)
        locked = over.select_related("change", "practice").order_by("pk")
        rows = list(locked.select_for_update(of=("self",), skip_locked=True)[:AT_ONCE])
        Approval.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=ApprovalState.EXPIRED, decided_at=now
        )
        AuditEntry.objects.bulk_create(
            [
                entry(
                    row.practice,
                    None,
                    "approval.expired",
                    f"Request for approval ran out: {row.change}",
                    object=row.change,
                    kind=str(Kind(row.change.kind)),
                    connection=row.change.connection_id,
                    reason=row.change.reason,
                )
                for row in rows
            ]
        )
    return len(rows)
