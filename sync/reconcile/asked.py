"""What every fix leaves behind: an outcome for the one who pressed, and a trace on the difference."""

from dataclasses import dataclass

from mappings.services import load_choices
from practices.audit import record
from practices.models import User
from sync.approvals import asking
from sync.decisions import audit_each
from sync.models import Approval, ApprovalState, Change, ChangeState, Mismatch
from sync.outcome import Outcome as Several
from sync.ruled import APPROVAL
from sync.wishes import SECOND_PERSON

DECLINED = "Somebody said no to exactly this. Do it by hand, or accept the difference."


@dataclass
class Outcome(Several[Mismatch]):
    """What became of several: those that are done or have a Change now.

    ``waiting`` of them wait for approval; ``linked`` are clients that were linked here, for which nothing is sent.
    """

    waiting: int = 0
    linked: int = 0


def as_asked() -> dict[str, str]:
    """The second person that a fix wants, as a Change keeps it."""
    return {"key": SECOND_PERSON.key, "name": SECOND_PERSON.name, "text": SECOND_PERSON.text}


def ran_out(change: Change) -> bool:
    """Whether a Change waits for a second person, and its request is over, so that nobody can approve it."""
    if change.state != ChangeState.HELD or change.reason != APPROVAL:
        return False
    states = Approval.objects.filter(change=change).order_by("-pk").values_list("state", flat=True)
    return bool(states.first() == ApprovalState.EXPIRED)


def ask(change: Change, actor: User, said: str = "Asked for approval: {}") -> None:
    """Ask the second person about a Change."""
    asking.request([change], load_choices(change.practice)[1], by=actor)
    audit_each(change.practice, [change], actor, "approval.asked", said)


def remember(row: Mismatch, change: Change, actor: User) -> None:
    row.change = change
    row.save(update_fields=["change"])
    record(
        row.practice,
        actor,
        "mismatch.fix_asked",
        f"Had a difference fixed{f' of {row.client}' if row.client else ''}"[:300],
        object=row,
        kind=row.kind,
        change=change.pk,
    )
