"""Fixing a difference against a whole ledger: once, with a second person, and never where it must not be."""

from datetime import date

import pytest
from django.test import Client

from practices.models import AuditEntry, Connection, Role, User
from sync import lanes
from sync.decisions import NotAllowed
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    MismatchState,
    Mode,
    Snapshot,
    Trigger,
)
from sync.reconcile import fixing, obstacles
from sync.reconcile.obstacles import obstacle
from sync.reconcile.running import compare_now
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.reconcile.mending import (
    approve_all,
    change_of,
    compared,
    edit_contact,
    edit_invoice,
    work_all,
    written_link,
)

WRONG = "somebody.else@example.net"


def test_an_address_is_taken_over_after_a_second_person_said_yes(
    ruled: Office, staff: User, other: User
) -> None:
    link, before = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting, outcome.left) == (1, 1, {})
    change = change_of(row)
    assert (change.state, change.reason, change.verb) == (ChangeState.HELD, "approval", "update")
    assert set(change.values) == {"email"}, "nothing but what was asked for"
    with pytest.raises(NotAllowed):
        approve_all(ruled, staff)
    marker = ruled.marker
    ruled.sync()
    ruled.sync()
    change.refresh_from_db()
    assert (change.state, ruled.writes(marker)) == (ChangeState.HELD, []), "a plan neither sends nor drops it"
    assert approve_all(ruled, other) == 1
    work_all(ruled)
    change.refresh_from_db()
    assert change.state == ChangeState.DONE
    there = ruled.ledger.contacts[link.target_external_id]
    assert there["EmailAddress"] == before["EmailAddress"]
    assert there["Name"] == before["Name"]
    ruled.sync()
    compare_now(ruled.practice, trigger=Trigger.COMMAND)
    assert Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED
    assert AuditEntry.objects.filter(action="mismatch.fix_asked").count() == 1
    marker = ruled.marker
    ruled.sync()
    assert ruled.writes(marker) == []


def test_a_phone_number_is_taken_over(ruled: Office, staff: User, other: User) -> None:
    link = next(
        link
        for link in Link.objects.filter(kind=Kind.CONTACT, method=LinkMethod.WRITTEN).order_by("pk")
        if link.base_source.get("phone")
    )
    ruled.world.clock.advance(60)
    wrong = {
        "PhoneType": "DEFAULT",
        "PhoneCountryCode": "61",
        "PhoneAreaCode": "2",
        "PhoneNumber": "55501234",
    }
    ruled.ledger.post_contact({"ContactID": link.target_external_id, "Phones": [wrong]})
    row = compared(ruled, "contact_phone", link.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert set(change_of(row).values) == {"phone"}
    approve_all(ruled, other)
    work_all(ruled)
    ruled.sync()
    compare_now(ruled.practice, trigger=Trigger.COMMAND)
    assert Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED


def test_a_spelling_is_written_without_asking(ruled: Office, staff: User) -> None:
    link, before = edit_contact(ruled, upper=True)
    row = compared(ruled, "contact_spelling", link.source_external_id)
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting) == (1, 0)
    work_all(ruled)
    assert ruled.ledger.contacts[link.target_external_id]["Name"] == before["Name"]


@pytest.mark.parametrize(
    ("code", "field", "theirs"),
    [("invoice_due_date", "DueDate", "2027-03-31"), ("invoice_reference", "Reference", "lost")],
)
def test_what_a_document_says_is_put_right(
    ruled: Office, staff: User, other: User, code: str, field: str, theirs: str
) -> None:
    link = written_link(Kind.INVOICE, status="AUTHORISED")
    before = str(ruled.ledger.invoices[link.target_external_id][field])
    edit_invoice(ruled, **{field: theirs})
    row = compared(ruled, code, link.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert approve_all(ruled, other) == 1
    work_all(ruled)
    assert str(ruled.ledger.invoices[link.target_external_id][field]) == before
    ruled.sync()
    compare_now(ruled.practice, trigger=Trigger.COMMAND)
    assert Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED


def test_asking_twice_makes_one_change(ruled: Office, staff: User, other: User) -> None:
    link, _ = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    before = Change.objects.count()
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    again = fixing.fix(ruled.practice, [row.pk], actor=other)
    assert (len(again.done), again.waiting) == (1, 1)
    assert (
        Change.objects.filter(kind=Kind.CONTACT).exclude(state=ChangeState.SUPERSEDED).count() <= before + 1
    )
    assert Approval.objects.filter(state=ApprovalState.WAITING).count() == 1
    assert Approval.objects.get(state=ApprovalState.WAITING).asked_by == staff


def test_two_values_of_one_contact_go_into_one_change(ruled: Office, staff: User, other: User) -> None:
    link, before = edit_contact(ruled, EmailAddress=WRONG, Name="Quite Another Pty Ltd")
    first = compared(ruled, "contact_email", link.source_external_id)
    second = Mismatch.objects.get(kind="contact_name", source_external_ids=[link.source_external_id])
    fixing.fix(ruled.practice, [first.pk], actor=staff)
    fixing.fix(ruled.practice, [second.pk], actor=staff)
    waiting = Approval.objects.get(state=ApprovalState.WAITING)
    assert set(waiting.change.values) == {"email", "name"}
    pointed = Mismatch.objects.filter(pk__in=[first.pk, second.pk]).values_list("change", flat=True)
    assert set(pointed) == {waiting.change_id}
    approve_all(ruled, other)
    work_all(ruled)
    there = ruled.ledger.contacts[link.target_external_id]
    assert (there["EmailAddress"], there["Name"]) == (before["EmailAddress"], before["Name"])


def test_the_request_ends_when_the_facts_change(ruled: Office, staff: User, other: User) -> None:
    link, _ = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    change = change_of(row)
    ruled.world.clock.advance(60)
    ruled.ledger.archive_contact(link.target_external_id)
    ruled.sync()
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert not Approval.objects.filter(state=ApprovalState.WAITING).exists()


def test_watch_mode_writes_nothing_and_says_so(ruled: Office, staff: User) -> None:
    link, _ = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    ruled.switch(Mode.WATCH)
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (outcome.done, outcome.left) == ([], {obstacles.WATCHED: 1})
    assert obstacle(ruled.practice, row) == obstacles.WATCHED
    assert not Approval.objects.exists()


def test_a_locked_period_and_a_paid_document_stay_as_they_are(ruled: Office, staff: User) -> None:
    link = edit_invoice(ruled, Reference="lost")
    row = compared(ruled, "invoice_reference", link.source_external_id)
    organisation = Snapshot.objects.get(connection=link.target_connection, kind="organisation")
    organisation.record["period_lock_date"] = date(2099, 1, 1).isoformat()
    organisation.save()
    assert "locked" in fixing.fix(ruled.practice, [row.pk], actor=staff).why
    organisation.record["period_lock_date"] = None
    organisation.save()
    document = Snapshot.objects.get(
        connection=link.target_connection, kind="invoice", external_id=link.target_external_id
    )
    document.record["amount_paid"] = "1.00"
    document.save()
    assert "Money is on it" in fixing.fix(ruled.practice, [row.pk], actor=staff).why
    assert not Approval.objects.exists()


def test_what_a_sync_works_on_waits(ruled: Office, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    link, _ = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    monkeypatch.setattr(fixing, "PATIENCE_SECONDS", 0.2)
    lane = lanes.take(Connection.objects.get(pk=link.target_connection_id))
    assert lane is not None
    with pytest.raises(NotAllowed, match="Try again"):
        fixing.fix(ruled.practice, [row.pk], actor=staff)
    lane.release()
    assert len(fixing.fix(ruled.practice, [row.pk], actor=staff).done) == 1


def test_a_viewer_may_not_and_a_kind_without_a_fix_has_no_button(ruled: Office, staff: User) -> None:
    link, _ = edit_contact(ruled, EmailAddress=WRONG)
    row = compared(ruled, "contact_email", link.source_external_id)
    url = f"/p/{ruled.practice.slug}/reconciliation/{row.pk}/fix/"
    viewer = Client()
    viewer.force_login(make_member(ruled.practice, Role.VIEWER))
    assert viewer.post(url).status_code == 403
    Mismatch.objects.filter(pk=row.pk).update(kind="invoice_total")
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).left == {obstacles.NO_FIX: 1}
    assert not Approval.objects.exists()
