"""Differences as rows, of any sort, without comparing anything."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from sync.models import Mismatch
from sync.reconcile.kinds import KINDS, rank
from tests.sync.rows import Books

_numbers = itertools.count(1)


def make_mismatch(books: Books, kind: str = "invoice_missing", *, days: int = 0, **extra: Any) -> Mismatch:
    """One that was first seen so many days ago."""
    number = next(_numbers)
    about = KINDS[kind].about
    defaults: dict[str, Any] = {
        "about": about,
        "rank": rank(kind),
        "text": f"Difference {number}",
        "client": f"Client {number}",
        "client_external_id": f"cli_{number}",
        "document": f"INV-{number}" if about != "contact" else "",
        "dated_on": date(2026, 7, 1) if about != "contact" else None,
        "source_external_ids": [f"{about}_{number}"],
        "at_stake": Decimal("110.00") if about != "contact" else Decimal(0),
        "tax_at_stake": Decimal("10.00") if about != "contact" else Decimal(0),
        "currency": "AUD" if about != "contact" else "",
        "first_seen_at": timezone.now() - timedelta(days=days, minutes=1),
    }
    return Mismatch.objects.create(
        practice=books.practice, kind=kind, fingerprint=f"made-{number}", **{**defaults, **extra}
    )
