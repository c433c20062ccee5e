"""What a new mapping does to documents that were written or adopted before it: nothing."""

import dataclasses

from mappings.services import load_choices, publish
from sync.models import Change, ChangeState
from tests.sync.conftest import Office


def test_a_new_mapping_never_rewrites_what_was_written_before(small_office: Office) -> None:
    small_office.sync()
    small_office.take_over()
    _, choices = load_choices(small_office.practice)
    publish(small_office.practice, dataclasses.replace(choices, terms_days=45), actor=small_office.owner)
    marker = small_office.marker
    small_office.sync()
    assert small_office.writes(marker) == []
    assert not Change.objects.filter(
        practice=small_office.practice,
        kind="invoice",
        verb="update",
        state__in=[ChangeState.HELD, ChangeState.PENDING],
    ).exists()


def test_a_change_at_the_source_is_still_carried_over(small_office: Office) -> None:
    small_office.sync()
    small_office.take_over()
    written = Change.objects.filter(practice=small_office.practice, kind="invoice", state=ChangeState.DONE)
    rows = {row["slug"]: row for row in small_office.ignition.rows("invoices")}
    slug = next(
        change.source_external_id
        for change in written
        if small_office.ledger.invoices[change.target_external_id]["Status"] == "AUTHORISED"
        and not small_office.ledger.invoices[change.target_external_id]["AmountPaid"]
    )
    small_office.world.clock.advance(60)
    small_office.ignition.upsert("invoices", {**rows[slug], "due_date": "2026-12-31"})
    small_office.sync()
    target = written.get(source_external_id=slug, verb="create").target_external_id
    assert str(small_office.ledger.invoices[target]["DueDate"])[:10] == "2026-12-31"
