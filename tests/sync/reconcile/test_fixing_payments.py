"""A payment that somebody took away in Xero is posted again: once, after a second person, only where there is room."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from practices.models import Role, User
from sandbox.faults import Fault
from sync.approvals import deciding
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
    SignOff,
    Snapshot,
)
from sync.reconcile import asked, fixing, obstacles
from sync.reconcile.obstacles import obstacle
from sync.wished_payments import SAME_AMOUNT
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.lost import lose_the_answer
from tests.sync.reconcile.mending import approve_all, change_of, compared, is_gone, work_all


@pytest.fixture
def ruled(agreed: Office) -> Office:
    return agreed


@pytest.fixture
def removed(ruled: Office) -> Link:
    """A payment that this app posted, and that somebody removed in Xero."""
    link: Link = Link.objects.filter(kind=Kind.PAYMENT, method=LinkMethod.WRITTEN).order_by("pk")[0]
    ruled.world.clock.advance(60)
    ruled.ledger.delete_payment(link.target_external_id)
    return link


def alive(office: Office, link: Link) -> list[dict[str, Any]]:
    """The payments that Xero has on the invoice."""
    invoice = office.ledger.payments[link.target_external_id]["Invoice"]["InvoiceID"]
    return [
        row
        for row in office.ledger.payments.values()
        if row.get("Invoice", {}).get("InvoiceID") == invoice and row["Status"] != "DELETED"
    ]


def test_it_is_posted_again_after_a_second_person_said_yes(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    before = ruled.ledger.payments[removed.target_external_id]
    row = compared(ruled, "payment_removed", removed.source_external_id)
    assert obstacle(ruled.practice, row) == ""
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting, outcome.left) == (1, 1, {})
    change = change_of(row)
    assert (change.state, change.verb, change.kind) == (ChangeState.HELD, "update", "payment")
    marker = ruled.marker
    ruled.sync()
    change.refresh_from_db()
    assert (change.state, ruled.writes(marker)) == (ChangeState.HELD, []), "a plan neither sends nor drops it"
    assert approve_all(ruled, other) == 1
    work_all(ruled)
    change.refresh_from_db()
    assert (change.state, change.message) == (ChangeState.DONE, "")
    assert change.verified_at is not None
    (there,) = alive(ruled, removed)
    for name in ("Amount", "Date", "Account", "Reference", "Invoice"):
        assert there[name] == before[name]
    link = Link.objects.get(pk=removed.pk)
    assert link.target_external_id == there["PaymentID"]
    assert link.former_target_external_ids == [removed.target_external_id]
    assert is_gone(ruled, row)
    marker = ruled.marker
    ruled.sync(full=True)
    assert ruled.writes(marker) == []


def test_asked_twice_it_is_posted_once(ruled: Office, removed: Link, staff: User, other: User) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    fixing.fix(ruled.practice, [row.pk], actor=other)
    assert Approval.objects.filter(state=ApprovalState.WAITING).count() == 1
    approve_all(ruled, other)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    work_all(ruled)
    assert len(alive(ruled, removed)) == 1
    again = fixing.fix(ruled.practice, [row.pk], actor=staff)
    work_all(ruled)
    assert again.done == []
    assert len(alive(ruled, removed)) == 1


def test_a_lost_answer_makes_no_second_payment(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    lose_the_answer(ruled, "Payments", "PUT")
    approve_all(ruled, other)
    work_all(ruled)
    ruled.sync()
    ruled.sync()
    assert change_of(row).state == ChangeState.DONE
    (there,) = alive(ruled, removed)
    assert Link.objects.get(pk=removed.pk).target_external_id == there["PaymentID"]
    assert is_gone(ruled, row)


def test_a_refused_call_is_tried_again(ruled: Office, removed: Link, staff: User, other: User) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    ruled.world.faults.script = [
        Fault(host="xero", method="PUT", path="/Payments", kind="status", status=500)
    ]
    approve_all(ruled, other)
    work_all(ruled)
    ruled.sync()
    ruled.sync()
    assert change_of(row).state == ChangeState.DONE
    assert len(alive(ruled, removed)) == 1


def test_what_somebody_posted_meanwhile_is_found_and_not_posted_twice(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    """Half of the invoice is paid by it, so that Xero would have room for it twice."""
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    before = ruled.ledger.payments[removed.target_external_id]
    ruled.world.clock.advance(60)
    ruled.ledger.put_payment(
        {name: before[name] for name in ("Amount", "Date", "Account", "Reference", "Invoice")}
    )
    marker = ruled.marker
    approve_all(ruled, other)
    work_all(ruled)
    assert change_of(row).state == ChangeState.SUPERSEDED
    assert [call for call in ruled.writes(marker) if "/Payments" in call.path] == []
    assert len(alive(ruled, removed)) == 1
    assert is_gone(ruled, row)


def test_by_hand_without_a_reference_it_is_for_a_person_to_look_at(
    ruled: Office, removed: Link, staff: User
) -> None:
    before = ruled.ledger.payments[removed.target_external_id]
    compared(ruled, "payment_removed", removed.source_external_id)
    ruled.ledger.put_payment({name: before[name] for name in ("Amount", "Date", "Account", "Invoice")})
    row = compared(ruled, "payment_removed", removed.source_external_id)
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).why == SAME_AMOUNT
    assert not Approval.objects.exists()


def test_what_was_refunded_meanwhile_is_not_asked_for_any_more(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    change = change_of(row)
    ruled.world.clock.advance(60)
    key = removed.source_external_id.partition("/")[0]
    ruled.ignition.upsert("payments", {"slug": key, "state": "refunded"})
    ruled.sync(full=True)
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert not Approval.objects.filter(state=ApprovalState.WAITING).exists()
    assert alive(ruled, removed) == []


def test_said_no_to_it_stays_away_and_says_so(ruled: Office, removed: Link, staff: User, other: User) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    waiting = Approval.objects.get(state=ApprovalState.WAITING)
    assert deciding.reject([waiting.pk], ruled.practice, other, "It bounced.") == 1
    work_all(ruled)
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).why == asked.DECLINED
    assert alive(ruled, removed) == []


def test_watch_mode_a_signed_month_and_a_locked_period_say_why(
    ruled: Office, removed: Link, staff: User
) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    ruled.switch(Mode.WATCH, "payment")
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).left == {obstacles.WATCHED: 1}
    assert obstacle(ruled.practice, row) == obstacles.WATCHED
    ruled.switch(Mode.TAKE_OVER)
    assert row.dated_on is not None
    signed = SignOff.objects.create(
        practice=ruled.practice,
        starts_on=row.dated_on - timedelta(days=5),
        ends_on=row.dated_on + timedelta(days=5),
    )
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).left == {obstacles.SIGNED_OFF: 1}
    assert obstacle(ruled.practice, row) == obstacles.SIGNED_OFF
    signed.delete()
    organisation = Snapshot.objects.get(connection=removed.target_connection, kind="organisation")
    organisation.record["period_lock_date"] = date(2099, 1, 1).isoformat()
    organisation.save()
    assert "locked" in fixing.fix(ruled.practice, [row.pk], actor=staff).why
    assert "locked" in obstacle(ruled.practice, row)
    assert not Approval.objects.exists()


def test_an_invoice_without_room_for_it_says_so(ruled: Office, removed: Link, staff: User) -> None:
    before = ruled.ledger.payments[removed.target_external_id]
    ruled.ledger.put_payment(
        {
            "Invoice": before["Invoice"],
            "Account": before["Account"],
            "Amount": Decimal("1.00"),
            "Date": before["Date"],
        }
    )
    row = compared(ruled, "payment_removed", removed.source_external_id)
    assert "is open on the invoice" in obstacle(ruled.practice, row)
    assert "is open on the invoice" in fixing.fix(ruled.practice, [row.pk], actor=staff).why


def test_the_page_says_what_it_does_and_only_staff_may(ruled: Office, removed: Link, staff: User) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    url = f"/p/{ruled.practice.slug}/reconciliation/{row.pk}/"
    here, viewer = Client(), Client()
    here.force_login(staff)
    viewer.force_login(make_member(ruled.practice, Role.VIEWER))
    page = here.get(url).content.decode()
    assert "The payment is posted again on the same invoice" in page
    assert "Ask to fix it" in page
    assert viewer.post(f"{url}fix/").status_code == 403
    here.post(f"{url}fix/")
    change = change_of(row)
    assert here.get(f"/p/{ruled.practice.slug}/changes/{change.pk}/").status_code == 200
    assert here.get(f"/p/{ruled.practice.slug}/approvals/").status_code == 200


def test_a_payment_by_ignitions_own_link_is_posted_again_too(ruled: Office, staff: User, other: User) -> None:
    link = Link.objects.filter(kind=Kind.PAYMENT).exclude(method=LinkMethod.WRITTEN).order_by("pk").first()
    assert link is not None
    ruled.world.clock.advance(60)
    ruled.ledger.delete_payment(link.target_external_id, force=True)
    row = compared(ruled, "payment_removed", link.source_external_id)
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert outcome.left == {}
    approve_all(ruled, other)
    work_all(ruled)
    assert Change.objects.get(pk=change_of(row).pk).state == ChangeState.DONE
    assert len(alive(ruled, link)) == 1
    assert is_gone(ruled, row)
    assert Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED
