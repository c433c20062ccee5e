"""A fix that somebody asked for, and a switch to watching meanwhile: it still needs its second person afterwards."""

import pytest

from practices.models import User
from sync.models import Approval, ApprovalState, ChangeState, Mode
from sync.reconcile import fixing
from sync.ruled import APPROVAL
from tests.sync.conftest import Office
from tests.sync.reconcile.mending import approve_all, change_of, compared, edit_contact, work_all

pytestmark = pytest.mark.django_db


def test_watching_and_back_sends_nothing_that_nobody_approved(
    ruled: Office, staff: User, other: User
) -> None:
    link, before = edit_contact(ruled, EmailAddress="wrong@elsewhere.example")
    row = compared(ruled, "contact_email", link.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    ruled.switch(Mode.WATCH)
    ruled.sync()
    change = change_of(row)
    assert (change.state, change.reason) == (ChangeState.HELD, "watch")
    assert not Approval.objects.filter(practice=ruled.practice, state=ApprovalState.WAITING).exists()
    ruled.switch(Mode.TAKE_OVER)
    ruled.sync()
    work_all(ruled)
    change = change_of(row)
    assert (change.state, change.reason) == (ChangeState.HELD, APPROVAL)
    there = ruled.ledger.contacts[link.target_external_id]
    assert there["EmailAddress"] == "wrong@elsewhere.example"
    approve_all(ruled, other)
    work_all(ruled)
    assert change_of(row).state == ChangeState.DONE
    assert ruled.ledger.contacts[link.target_external_id]["EmailAddress"] == before["EmailAddress"]
