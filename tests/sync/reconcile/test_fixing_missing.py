"""Sending again what is missing in Xero: once, and after a second person said yes."""

import pytest

from practices.models import Role
from sync.decisions import NotAllowed
from sync.models import (
    Change,
    ChangeState,
    Kind,
    Mismatch,
    MismatchState,
    Mode,
    Trigger,
)
from sync.reconcile import fixing
from sync.reconcile.fixers import FIXERS
from sync.reconcile.obstacles import obstacle
from sync.reconcile.running import compare_now
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.reconcile.mending import (
    approve_all,
    compared,
    work_all,
)


@pytest.fixture
def refused(small_office: Office) -> Change:
    """A create that Xero refused, and the difference that this leaves."""
    small_office.sync()
    small_office.switch(Mode.TAKE_OVER)
    change: Change = Change.objects.filter(kind=Kind.INVOICE, verb="create").order_by("pk")[0]
    Change.objects.filter(pk=change.pk).update(
        state=ChangeState.PARKED, parked_as="rejected", reason="refused", message="Xero said no."
    )
    small_office.sync()
    change.refresh_from_db()
    assert change.state == ChangeState.PARKED
    return change


def test_what_is_missing_is_sent_again_after_a_second_person_said_yes(
    refused: Change, small_office: Office
) -> None:
    staff, other = (make_member(small_office.practice, Role.STAFF) for _ in range(2))
    row = compared(small_office, "invoice_missing", refused.source_external_id)
    assert obstacle(small_office.practice, row) == ""
    outcome = fixing.fix(small_office.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting) == (1, 1)
    fixing.fix(small_office.practice, [row.pk], actor=other)
    marker = small_office.marker
    small_office.sync()
    assert small_office.writes(marker) == []
    refused.refresh_from_db()
    assert (refused.state, refused.reason) == (ChangeState.HELD, "approval")
    with pytest.raises(NotAllowed):
        approve_all(small_office, staff)
    assert approve_all(small_office, other) == 1
    work_all(small_office)
    numbers = [item["InvoiceNumber"] for item in small_office.ledger.invoices.values()]
    assert numbers.count(refused.natural_key) == 1
    compare_now(small_office.practice, trigger=Trigger.COMMAND)
    assert Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED


def test_what_waits_for_something_else_says_for_what(refused: Change, small_office: Office) -> None:
    staff = make_member(small_office.practice, Role.STAFF)
    row = compared(small_office, "invoice_missing", refused.source_external_id)
    Change.objects.filter(pk=refused.pk).update(
        state=ChangeState.HELD, parked_as="", reason="no_account", message="Its service has no account."
    )
    assert obstacle(small_office.practice, row) == "Its service has no account."
    assert fixing.fix(small_office.practice, [row.pk], actor=staff).why == "Its service has no account."
    Change.objects.filter(pk=refused.pk).update(state=ChangeState.CANCELLED)
    assert fixing.fix(small_office.practice, [row.pk], actor=staff).left_count == 1


@pytest.mark.parametrize("code", ["contact_missing", "payment_missing"])
def test_every_missing_record_goes_the_same_way(small_office: Office, code: str) -> None:
    kind = FIXERS[code].kind
    small_office.switch(Mode.TAKE_OVER)
    small_office.switch(Mode.WATCH, str(kind))
    small_office.sync()
    change: Change = Change.objects.filter(kind=kind, verb="create", state="held", reason="watch")[0]
    small_office.switch(Mode.TAKE_OVER)
    Change.objects.filter(pk=change.pk).update(
        state=ChangeState.PARKED, parked_as="rejected", reason="refused", message="Xero said no."
    )
    staff, other = (make_member(small_office.practice, Role.STAFF) for _ in range(2))
    row = Mismatch.objects.create(
        practice=small_office.practice,
        kind=code,
        about=str(kind),
        fingerprint="made",
        text="Not in Xero",
        source_external_ids=[change.source_external_id],
    )
    outcome = fixing.fix(small_office.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting) == (1, 1)
    assert approve_all(small_office, other) == 1
    work_all(small_office)
    change.refresh_from_db()
    assert change.state == ChangeState.DONE
