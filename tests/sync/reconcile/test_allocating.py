"""A client's credit in Xero goes on its open invoice: once, after a second person, and where nothing is guessed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from practices.models import Role, User
from sandbox.faults import Fault
from sync.approvals import deciding
from sync.flows import sides_of
from sync.models import (
    Approval,
    ApprovalState,
    Attempt,
    Change,
    ChangeState,
    Kind,
    Link,
    Mismatch,
    MismatchState,
    Mode,
    SignOff,
    Snapshot,
)
from sync.reconcile import allocating, asked, credit_room, fixing, obstacles, picking
from sync.reconcile.obstacles import obstacle
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.lost import lose_the_answer
from tests.sync.reconcile.crediting import allocations, due, found, lay, open_invoice, work_through
from tests.sync.reconcile.mending import approve_all, change_of, is_gone, work_all


@pytest.fixture
def ruled(agreed: Office) -> Office:
    return agreed


@pytest.fixture
def invoice(ruled: Office) -> dict[str, Any]:
    return open_invoice(ruled)


@pytest.fixture
def lying(ruled: Office, invoice: dict[str, Any]) -> Mismatch:
    """An overpayment over exactly what is open on the invoice."""
    return found(ruled, "over", lay(ruled, invoice, "over", invoice["AmountDue"]))


@pytest.mark.parametrize("how", ["note", "over", "pre"])
def test_it_goes_on_the_invoice_over_exactly_that_amount(
    ruled: Office, staff: User, other: User, invoice: dict[str, Any], how: str
) -> None:
    row = found(ruled, how, lay(ruled, invoice, how, invoice["AmountDue"]))
    assert obstacle(ruled.practice, row) == ""
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting, outcome.left) == (1, 1, {})
    change = change_of(row)
    assert (change.state, change.verb, change.amount) == (ChangeState.HELD, "update", invoice["AmountDue"])
    marker = ruled.marker
    ruled.sync()
    ruled.sync()
    change.refresh_from_db()
    assert (change.state, ruled.writes(marker)) == (ChangeState.HELD, []), "a plan neither sends nor drops it"
    assert approve_all(ruled, other) == 1
    work_all(ruled)
    change.refresh_from_db()
    assert (change.state, change.message) == (ChangeState.DONE, "")
    assert change.verified_at is not None
    assert due(ruled, invoice) == 0
    there = Snapshot.objects.get(
        connection=change.connection, kind=change.kind, external_id=change.target_external_id
    )
    assert Decimal(there.record["remaining"]) == 0, "known at once, as Xero says it"
    assert is_gone(ruled, row)
    assert len(allocations(ruled, marker)) == 1


def test_asked_twice_it_is_sent_once(ruled: Office, lying: Mismatch, staff: User, other: User) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    again = fixing.fix(ruled.practice, [lying.pk], actor=other)
    assert (len(again.done), again.waiting) == (1, 1)
    Mismatch.objects.filter(pk=lying.pk).update(change=None)
    assert len(fixing.fix(ruled.practice, [lying.pk], actor=other).done) == 1
    assert Approval.objects.filter(state=ApprovalState.WAITING).count() == 1
    marker = ruled.marker
    approve_all(ruled, other)
    work_all(ruled)
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).left == {credit_room.USED: 1}
    assert len(allocations(ruled, marker)) == 1


def test_a_lost_answer_allocates_once(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    lose_the_answer(ruled, "Allocations", "PUT")
    marker = ruled.marker
    approve_all(ruled, other)
    work_through(ruled)
    ruled.sync()
    ruled.sync()
    assert change_of(lying).state == ChangeState.DONE
    assert due(ruled, invoice) == 0
    assert len(allocations(ruled, marker)) == 1
    assert Attempt.objects.filter(changes=change_of(lying), verb="look_up").count() == 2
    assert is_gone(ruled, lying)


def test_a_call_that_fails_before_it_arrived_is_made_again(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    ruled.world.faults.script.append(
        Fault(kind="drop_before", host="xero", method="PUT", path="/Allocations$")
    )
    approve_all(ruled, other)
    work_through(ruled)
    ruled.sync()
    ruled.sync()
    assert change_of(lying).state == ChangeState.DONE
    assert due(ruled, invoice) == 0


def test_what_somebody_allocated_meanwhile_ends_the_request(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    ruled.world.clock.advance(60)
    ruled.ledger.put_payment(
        {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Amount": Decimal("1.00"),
        }
    )
    ruled.sync()
    assert change_of(lying).state == ChangeState.SUPERSEDED
    assert not Approval.objects.filter(state=ApprovalState.WAITING).exists()


def test_xeros_refusal_is_shown_and_can_be_asked_for_anew(
    ruled: Office,
    lying: Mismatch,
    staff: User,
    other: User,
    invoice: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody was quicker, between the last look and the call."""
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    ruled.ledger.put_payment(
        {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Amount": Decimal("1.00"),
        }
    )
    with monkeypatch.context() as slower:
        slower.setattr(picking, "drop_stale", lambda sides: 0)
        approve_all(ruled, other)
        work_all(ruled)
    change = change_of(lying)
    assert (change.state, change.parked_as) == (ChangeState.PARKED, "rejected")
    here = Client()
    here.force_login(staff)
    for page in ("problems/", f"changes/{change.pk}/", "changes/", "approvals/", "plan/", ""):
        assert here.get(f"/p/{ruled.practice.slug}/{page}").status_code == 200, page
    ruled.world.clock.advance(60)
    ruled.sync()
    assert change_of(lying).state == ChangeState.SUPERSEDED


def test_what_somebody_said_no_to_is_not_asked_for_again(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    waiting = Approval.objects.get(state=ApprovalState.WAITING)
    assert deciding.reject([waiting.pk], ruled.practice, other, "Another one.") == 1
    work_all(ruled)
    assert due(ruled, invoice) == invoice["AmountDue"]
    ruled.world.clock.advance(24 * 3600)
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).left == {asked.DECLINED: 1}
    assert Change.objects.filter(kind=Kind.OVERPAYMENT).count() == 1


def test_watch_mode_a_lock_and_a_signed_month_say_why(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    ruled.switch(Mode.WATCH, "payment")
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).left == {obstacles.WATCHED: 1}
    assert obstacle(ruled.practice, lying) == obstacles.WATCHED
    ruled.switch(Mode.TAKE_OVER)
    today = picking.today(sides_of(ruled.practice)[0][0])
    signed = SignOff.objects.create(
        practice=ruled.practice,
        starts_on=today - timedelta(days=5),
        ends_on=today + timedelta(days=5),
    )
    assert obstacle(ruled.practice, lying) == picking.SIGNED_OFF.format(day=today)
    signed.delete()
    organisation = Snapshot.objects.get(kind="organisation")
    organisation.record["period_lock_date"] = date(2099, 1, 1).isoformat()
    organisation.save()
    assert "locked the period" in fixing.fix(ruled.practice, [lying.pk], actor=staff).why
    organisation.record["period_lock_date"] = None
    organisation.save()
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    ruled.switch(Mode.WATCH, "payment")
    marker = ruled.marker
    approve_all(ruled, other)
    work_all(ruled)
    ruled.sync()
    assert change_of(lying).state == ChangeState.SUPERSEDED
    assert allocations(ruled, marker) == []


def test_what_ignition_is_collecting_is_left_alone_and_what_it_calls_unpaid_is_said(
    ruled: Office, lying: Mismatch, staff: User, invoice: dict[str, Any]
) -> None:
    key = Link.objects.get(kind=Kind.INVOICE, target_external_id=invoice["InvoiceID"]).source_external_id
    here = Snapshot.objects.filter(kind=Kind.INVOICE, external_id=key)
    snapshot = here.get()
    snapshot.record["payment_state"] = "collecting"
    snapshot.save()
    assert obstacle(ruled.practice, lying) == picking.COLLECTING
    snapshot.record["payment_state"] = "unpaid"
    snapshot.save()
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    assert allocating.UNPAID in change_of(lying).remarks


def test_a_second_credit_for_the_same_invoice_waits(
    ruled: Office, lying: Mismatch, staff: User, invoice: dict[str, Any]
) -> None:
    row = found(ruled, "pre", lay(ruled, invoice, "pre", invoice["AmountDue"]))
    outcome = fixing.fix(ruled.practice, [lying.pk, row.pk], actor=staff)
    assert (len(outcome.done), outcome.left) == (1, {picking.INVOICE_BUSY: 1})


def test_the_rest_of_an_invoice_is_paid_with_the_clients_credit(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    link = Link.objects.get(kind=Kind.INVOICE, target_external_id=invoice["InvoiceID"])
    row = Mismatch.objects.create(
        practice=ruled.practice,
        kind="payment_part",
        about="payment",
        fingerprint="made",
        text="Still open",
        source_external_ids=[link.source_external_id],
        target_external_ids=[link.target_external_id],
    )
    outcome = fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert (len(outcome.done), outcome.waiting) == (1, 1)
    assert len(fixing.fix(ruled.practice, [lying.pk], actor=staff).done) == 1, "the same Change"
    assert change_of(row) == change_of(lying)
    approve_all(ruled, other)
    work_all(ruled)
    assert due(ruled, invoice) == 0
    ruled.sync()
    Mismatch.objects.filter(pk=row.pk).update(change=None, state=MismatchState.OPEN)
    assert obstacle(ruled.practice, row) == credit_room.NOT_OPEN_THERE


def test_the_page_says_what_it_does_and_only_staff_may(
    ruled: Office, lying: Mismatch, staff: User, other: User
) -> None:
    url = f"/p/{ruled.practice.slug}/reconciliation/{lying.pk}/"
    here, viewer, second = Client(), Client(), Client()
    here.force_login(staff)
    second.force_login(other)
    viewer.force_login(make_member(ruled.practice, Role.VIEWER))
    page = here.get(url).content.decode()
    assert "is put on its open invoice" in page
    assert "Ask to fix it" in page
    assert viewer.post(f"{url}fix/").status_code == 403
    here.post(f"{url}fix/")
    change = change_of(lying)
    assert "It waits for approval" in here.get(url).content.decode()
    page = second.get(f"/p/{ruled.practice.slug}/changes/{change.pk}/").content.decode()
    assert change.values["invoice_number"] in page
    assert second.get(f"/p/{ruled.practice.slug}/approvals/").status_code == 200
