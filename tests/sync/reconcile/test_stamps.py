"""What every comparison writes on every row: a stamp that touches no index and outlives the comparison."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sync import tidying
from sync.models import Mismatch, ReconcileRun, Trigger
from tests.sync.rows import make_books

pytestmark = pytest.mark.django_db
STAMPED = ("last_seen_at", "times_seen", "seen_in_id")


def test_no_index_names_what_is_stamped() -> None:
    """One index that did would have all of them written for each row that a comparison sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [Mismatch._meta.db_table])
        found = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = %s::regclass", [Mismatch._meta.db_table])
        (options,) = cursor.fetchone()
    assert found
    assert [text for text in found if any(name in text for name in STAMPED)] == []
    assert options == ["fillfactor=50"], "the stamped row goes where the old one is"


def test_a_difference_outlives_the_comparison_that_saw_it() -> None:
    books, now = make_books(), timezone.now()
    old = {"practice": books.practice, "trigger": Trigger.PERSON, "finished_at": now - timedelta(days=800)}
    run = ReconcileRun.objects.create(**old)
    row = Mismatch.objects.create(
        practice=books.practice, fingerprint="1", kind="invoice_total", about="invoice", text="x", seen_in=run
    )
    tidying.tidy(now)
    assert not ReconcileRun.objects.filter(pk=run.pk).exists()
    row.refresh_from_db()
    assert row.seen_in_id == run.pk, "the number stays, the row is gone"
