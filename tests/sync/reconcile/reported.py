"""Everything around the report: a view that is mailed, a note, a verdict about two clients, a month signed off."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from practices.models import User
from sync.models import (
    CompareSchedule,
    Mismatch,
    MismatchNote,
    PairVerdict,
    ReportMail,
    ReportRecipient,
    ReportSchedule,
    SavedView,
    SignOff,
    Verdict,
)
from tests.sync.rows import Books


@dataclass(frozen=True)
class Reported:
    view: SavedView
    schedule: ReportSchedule
    verdict: PairVerdict
    sign_off: SignOff


def make_reported(books: Books, word: str, mismatch: Mismatch, by: User) -> Reported:
    practice = books.practice
    CompareSchedule.objects.create(practice=practice)
    view = SavedView.objects.create(
        practice=practice, name=f"{word} view", query="state=open", owner=by, is_shared=True
    )
    schedule = ReportSchedule.objects.create(practice=practice, view=view, made_by=by)
    ReportRecipient.objects.create(practice=practice, schedule=schedule, user=by)
    ReportMail.objects.create(
        practice=practice, schedule=schedule, to=by, due_at=timezone.now(), message=f"{word} was not mailed"
    )
    MismatchNote.objects.create(practice=practice, mismatch=mismatch, author=by, text=f"{word} looks at it")
    verdict = PairVerdict.objects.create(
        practice=practice,
        kind="contact",
        left_connection=books.source,
        left_external_id=f"client_{word}_a",
        right_connection=books.source,
        right_external_id=f"client_{word}_b",
        verdict=Verdict.DIFFERENT,
        note=f"{word} has two companies",
        decided_by=by,
    )
    sign_off = SignOff.objects.create(
        practice=practice,
        starts_on=date(2026, 7, 1),
        ends_on=date(2026, 7, 31),
        signed_by=by,
        note=f"{word} is closed",
    )
    return Reported(view=view, schedule=schedule, verdict=verdict, sign_off=sign_off)
