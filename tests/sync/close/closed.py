"""A month that was worked out and signed off, and a version of a record, without working anything out."""

from datetime import date, timedelta

from django.utils import timezone

from practices.models import User
from sync.models import MonthFigures, PastRecord, ReconcileRun, SignOff, Snapshot, Workings
from tests.sync.rows import Books


def make_closed(books: Books, word: str, contact: Snapshot, by: User) -> SignOff:
    """The month before this one, with a word in whatever it says."""
    now = timezone.now()
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    run = ReconcileRun.objects.filter(practice=books.practice).latest("pk")
    Workings.objects.create(practice=books.practice, made_at=now, run=run)
    document = {
        "number": f"INV-{word}",
        "client": f"{word} Client",
        "currency": "AUD",
        "total": "110.00",
        "tax": "10.00",
    }
    item = {"key": "p", "cause": "payout_to_come", "amount": "110.00", "client": f"{word} Client"}
    MonthFigures.objects.create(
        practice=books.practice,
        month=last.replace(day=1),
        made_at=now,
        figures={
            "totals": [
                {
                    "measure": "invoices",
                    "currency": "AUD",
                    "left": "220.00",
                    "right": "110.00",
                    "left_count": 2,
                    "right_count": 1,
                    "causes": [{"kind": "invoice_missing", "count": 1, "amount": "-110.00"}],
                }
            ],
            "drafts": {"count": 1, "named": [{**document, "target_id": "x", "day": last.isoformat()}]},
            "crossings": [
                {**document, "source_id": "i", "here": last.isoformat(), "there": date.max.isoformat()}
            ],
            "clearing": [
                {
                    "month": last.replace(day=1).isoformat(),
                    "currency": "AUD",
                    "opening": "0",
                    "parts": {"posted": "110.00"},
                    "items": [item],
                }
            ],
        },
    )
    PastRecord.objects.create(
        practice=books.practice,
        snapshot=contact,
        record={**contact.record, "name": f"{word} Client before"},
        since=now - timedelta(days=9),
        until=now - timedelta(days=2),
    )
    made: SignOff = SignOff.objects.create(
        practice=books.practice,
        starts_on=last.replace(day=1),
        ends_on=last,
        signed_by=by,
        note=f"{word} is closed",
        figures={f"{word} total": "1.00"},
    )
    return made
