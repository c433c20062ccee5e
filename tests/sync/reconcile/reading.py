"""Lists that were read to their end, without a system to read them from."""

from django.utils import timezone

from sync.models import Cursor
from sync.reconcile.gathering import LISTS
from tests.sync.rows import Books


def read_lists(books: Books, *, without: tuple[str, str] = ("", "")) -> None:
    """Every list that a comparison looks at is read, but for this side's of this kind."""
    sides = {"source": books.source, "target": books.target}
    for side, kind in LISTS:
        if (side, kind) != without:
            Cursor.objects.create(
                practice=books.practice, connection=sides[side], kind=kind, completed_at=timezone.now()
            )
