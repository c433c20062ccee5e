"""What every fix leaves behind: an outcome for the one who pressed, and a trace on the difference."""

from dataclasses import dataclass

from practices.audit import record
from practices.models import User
from sync.models import Change, Mismatch
from sync.outcome import Outcome as Several
from sync.wishes import SECOND_PERSON


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
