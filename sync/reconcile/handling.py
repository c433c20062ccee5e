"""Who looks after a difference, and what people say about it. Each leaves a trace in the audit trail."""

from collections.abc import Iterable

from django.db import transaction

from practices.audit import entry, record
from practices.models import AuditEntry, Practice, User
from sync.models import Mismatch, MismatchNote

BATCH = 500


def assign(practice: Practice, pks: Iterable[int], *, to: User | None, actor: User) -> int:
    """Give differences to somebody, or to nobody. Returns how many changed hands; a second time none."""
    with transaction.atomic():
        rows = Mismatch.objects.select_for_update(no_key=True).filter(practice=practice, pk__in=list(pks))
        rows = rows.filter(owner__isnull=False) if to is None else rows.exclude(owner=to)
        found = list(rows.order_by("pk"))
        Mismatch.objects.filter(pk__in=[row.pk for row in found]).update(owner=to)
        AuditEntry.objects.bulk_create(
            [
                entry(
                    practice,
                    actor,
                    "mismatch.assigned",
                    f"{to or 'Nobody'} looks after a difference{f' of {row.client}' if row.client else ''}",
                    object=row,
                    kind=row.kind,
                    to=to.email if to else None,
                )
                for row in found
            ],
            batch_size=BATCH,
        )
    return len(found)


def note(practice: Practice, row: Mismatch, *, actor: User, text: str) -> MismatchNote:
    """Say something about a difference. It stays as it was said."""
    with transaction.atomic():
        made: MismatchNote = MismatchNote.objects.create(
            practice=practice, mismatch=row, author=actor, text=text
        )
        record(
            practice,
            actor,
            "mismatch.noted",
            f"Wrote a note on a difference{f' of {row.client}' if row.client else ''}",
            object=row,
            kind=row.kind,
        )
    return made
