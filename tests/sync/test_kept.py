"""What is kept for a file is the same for each of its tests, whatever the one before has done."""

import pytest
from django.db import connection

from practices.models import Practice
from sync.models import Change, Snapshot
from tests.sync.office import Office

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_rows_and_the_outside_as_they_were(agreed: Office, turn: int) -> None:
    assert agreed.practice.name == "Harbour Lane Advisory"
    assert agreed.ledger.contacts
    assert Snapshot.objects.exists()
    assert Change.objects.exists()
    Practice.objects.update(name="Changed by the other turn")
    Change.objects.all().delete()
    agreed.ledger.contacts.clear()
    agreed.ignition.clients.clear()


def test_an_edit_is_carried_over_by_the_next_sync(agreed: Office) -> None:
    ours = Change.objects.filter(kind="contact", verb="create").values_list("source_external_id", flat=True)
    client = next(row for row in agreed.ignition.clients if row["slug"] in set(ours))
    agreed.world.clock.advance(60)
    agreed.ignition.upsert("clients", {**client, "name": "Kept Pty Ltd"})
    agreed.sync()
    assert "Kept Pty Ltd" in {item["Name"] for item in agreed.ledger.contacts.values()}


def test_the_transaction_around_is_not_taken_for_one_of_the_app(agreed: Office) -> None:
    assert [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)] == []
