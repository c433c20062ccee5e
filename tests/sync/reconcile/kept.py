"""What a comparison left behind, without comparing anything."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from practices.models import User
from sync.models import Mismatch, ReconcileRun, Trigger
from tests.sync.rows import Books


def make_mismatches(books: Books, word: str, by: User) -> Mismatch:
    """What a comparison found: a difference that is open, and one that was accepted."""
    amounts = {"at_stake": "110.00", "money": "-110.00", "tax": "-10.00"}
    total = {"measure": "invoices", "currency": "AUD", "left": "220.00", "right": "110.00"}
    ReconcileRun.objects.create(
        practice=books.practice,
        trigger=Trigger.PERSON,
        actor=by,
        counts={"invoice_missing": {"count": 1, "amounts": {"AUD": amounts}}},
        totals=[
            {
                **total,
                "left_count": 2,
                "right_count": 1,
                "causes": [{"kind": "invoice_missing", "count": 1, "amount": "-110.00"}],
            }
        ],
        coverage=[
            {
                "side": "source",
                "system": "Ignition",
                "kind": "invoice",
                "read_at": None,
                "records": 2,
                "unreadable": 0,
            }
        ],
        found=2,
    )
    shared: dict[str, Any] = {
        "practice": books.practice,
        "about": "invoice",
        "text": f"{word} is not in Xero",
        "client": f"{word} Client",
        "source_external_ids": [f"invoice_{word}"],
        "at_stake": Decimal("110.00"),
        "currency": "AUD",
    }
    Mismatch.objects.create(
        **shared,
        kind="invoice_rounding",
        fingerprint=f"{word}-accepted",
        state="accepted",
        accepted_by=by,
        accepted_at=timezone.now(),
        reason=f"{word} rounds",
    )
    return Mismatch.objects.create(**shared, kind="invoice_missing", fingerprint=f"{word}-open")
