"""What becomes of a credit's request between asking and sending: days pass, months close, answers get lost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from practices.models import Practice, User
from sandbox.xero import credits
from sandbox.xero.ledger import mode
from sync import runs
from sync.approvals import deciding
from sync.flows import sides_of
from sync.models import (
    OPEN_RUN_STATES,
    Approval,
    ApprovalState,
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Kind,
    Link,
    Mismatch,
    Mode,
    Run,
    SignOff,
    Snapshot,
)
from sync.planning import plan_part
from sync.reconcile import fixing, picking
from tests.sync.conftest import Office
from tests.sync.lost import lose_the_answer
from tests.sync.reconcile.crediting import allocations, due, found, lay, open_invoice
from tests.sync.reconcile.mending import approve_all, change_of, is_gone, work_all

A_WEEK = timedelta(days=7)


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


def sign_off(office: Office, day: date) -> SignOff:
    days = timedelta(days=2)
    return SignOff.objects.create(practice=office.practice, starts_on=day - days, ends_on=day + days)


def today_at(practice: Practice) -> date:
    return picking.today(sides_of(practice)[0][0])


def asked_a_week_ago(change: Change) -> None:
    change.date = today_at(change.practice) - A_WEEK
    change.values = {**change.values, "date": change.date.isoformat()}
    change.save(update_fields=["date", "values"])


def lock(office: Office, day: date | None) -> None:
    organisation = Snapshot.objects.get(kind="organisation")
    organisation.record["period_lock_date"] = day.isoformat() if day else None
    organisation.save()


def pay_state(office: Office, invoice: dict[str, Any], state: str) -> None:
    """What Ignition says of the invoice's payment, as it was last read."""
    link = Link.objects.get(kind=Kind.INVOICE, target_external_id=invoice["InvoiceID"])
    there = Snapshot.objects.get(connection=link.source_connection, external_id=link.source_external_id)
    there.record["payment_state"] = state
    there.save()


def until_unclear(office: Office) -> None:
    """Approved work up to the call whose answer is lost; what came of it is not looked up yet."""
    for _ in range(40):
        rows = Run.objects.filter(practice=office.practice, state__in=OPEN_RUN_STATES)
        rows.update(resumes_at=None)
        for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
            runs.advance(pk)
            if Attempt.objects.filter(result=AttemptResult.UNCLEAR).exists():
                return
    raise AssertionError("no answer was lost")


def test_an_allocation_that_xero_dates_itself_is_done(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    ruled.ledger.dates_allocations = True
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    marker = ruled.marker
    approve_all(ruled, other)
    work_all(ruled)
    assert change_of(lying).state == ChangeState.DONE
    assert due(ruled, invoice) == 0
    assert len(allocations(ruled, marker)) == 1
    assert is_gone(ruled, lying)


def test_a_lost_answer_is_found_whatever_day_xero_gave_it(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    ruled.ledger.dates_allocations = True
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    lose_the_answer(ruled, "Allocations", "PUT")
    marker = ruled.marker
    approve_all(ruled, other)
    until_unclear(ruled)
    ruled.sync()
    assert change_of(lying).state == ChangeState.DONE
    assert len(allocations(ruled, marker)) == 1


def test_an_equal_allocation_of_before_is_not_taken_for_it(
    ruled: Office, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    """Half of a credit note is on the invoice already; the other half goes there too."""
    half = Decimal("10.00")
    key = lay(ruled, invoice, "note", 2 * half, Reference=invoice["InvoiceNumber"])
    ruled.ledger.dates_allocations = True
    ruled.ledger.allocate_credit_note(
        key,
        {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": half},
        force=True,
        at=ruled.world.clock.now() - timedelta(days=30),
    )
    row = found(ruled, "note", key)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    approve_all(ruled, other)
    work_all(ruled)
    assert change_of(row).state == ChangeState.DONE
    assert due(ruled, invoice) == invoice["AmountDue"] - 2 * half
    assert [made["Amount"] for made in ruled.ledger.credit_notes[key]["_allocations"]] == [half, half]


def test_what_is_not_all_of_the_credit_any_more_ends(
    ruled: Office, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    """Somebody took an earlier allocation back, so that more is left than was asked for."""
    half = Decimal("10.00")
    key = lay(ruled, invoice, "note", 2 * half, Reference=invoice["InvoiceNumber"])
    body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": half}
    at = ruled.world.clock.now() - timedelta(days=30)
    made = ruled.ledger.allocate_credit_note(key, body, force=True, at=at)
    row = found(ruled, "note", key)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    ruled.world.clock.advance(60)
    credits.unallocate(ruled.ledger, "credit_notes", key, made["AllocationID"], mode(force=True))
    ruled.sync(full=True)
    change = change_of(row)
    assert (change.state, change.message) == (ChangeState.SUPERSEDED, picking.CHANGED)


@pytest.mark.parametrize("closing", ["signed off", "locked", "collecting"])
def test_what_closed_before_the_approval_came_ends_the_request(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any], closing: str
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    change = change_of(lying)
    asked_a_week_ago(change)
    if closing == "signed off":
        sign_off(ruled, change.date or date.min)
    elif closing == "locked":
        lock(ruled, change.date)
    else:
        pay_state(ruled, invoice, "collecting")
    marker = ruled.marker
    approve_all(ruled, other)
    work_all(ruled)
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert closing in change.message
    assert allocations(ruled, marker) == []
    assert due(ruled, invoice) == invoice["AmountDue"]


def test_asked_again_after_its_month_was_signed_off_it_is_of_today(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    before = change_of(lying)
    asked_a_week_ago(before)
    sign_off(ruled, before.date or date.min)
    approve_all(ruled, other)
    work_all(ruled)
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).waiting == 1
    change = change_of(lying)
    assert change.pk != before.pk
    assert change.values["date"] == today_at(ruled.practice).isoformat() > before.values["date"]
    approve_all(ruled, other)
    work_all(ruled)
    assert due(ruled, invoice) == 0


def test_a_payment_that_waits_for_the_invoice_ends_the_request(
    ruled: Office, lying: Mismatch, staff: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    change = change_of(lying)
    sides, flows = sides_of(ruled.practice)[0]
    link = Link.objects.get(kind=Kind.INVOICE, target_external_id=invoice["InvoiceID"])
    Change.objects.create(
        practice=ruled.practice,
        flow=flows[Kind.PAYMENT],
        connection=sides.target,
        source_connection=sides.source,
        kind=Kind.PAYMENT,
        verb="create",
        source_external_id="pay/inv",
        refs={"invoice": link.source_external_id},
        state=ChangeState.HELD,
        reason="watch",
    )
    assert picking.drop_stale(sides) == 1
    change.refresh_from_db()
    assert (change.state, change.message) == (ChangeState.SUPERSEDED, picking.PAYMENT_WAITS)


def test_the_day_that_xero_may_give_it_is_in_no_closed_month_either(
    ruled: Office, lying: Mismatch, staff: User, invoice: dict[str, Any]
) -> None:
    day = date.fromisoformat(invoice["Date"]) + timedelta(days=1)  # the credit's day
    signed = sign_off(ruled, day)
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).left == {picking.SIGNED_OFF.format(day=day): 1}
    signed.delete()
    lock(ruled, day)
    said = fixing.fix(ruled.practice, [lying.pk], actor=staff).left
    assert said == {picking.LOCKED.format(day=day, lock=day): 1}
    lock(ruled, day - timedelta(days=1))
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).waiting == 1


def test_a_plan_of_nothing_ends_it_too_and_takes_the_request_back(
    ruled: Office, lying: Mismatch, staff: User
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    work_all(ruled)
    ruled.sync()
    sides, flows = sides_of(ruled.practice)[0]
    Snapshot.objects.filter(practice=ruled.practice, to_plan=True).update(to_plan=False)
    assert plan_part(sides, flows, None)
    assert change_of(lying).state == ChangeState.HELD
    sign_off(ruled, today_at(ruled.practice))
    assert plan_part(sides, flows, None)
    assert change_of(lying).state == ChangeState.SUPERSEDED
    assert not Approval.objects.filter(state=ApprovalState.WAITING).exists()


def test_an_answer_lost_before_watch_mode_is_looked_up_after_it(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    lose_the_answer(ruled, "Allocations", "PUT")
    marker = ruled.marker
    approve_all(ruled, other)
    until_unclear(ruled)
    ruled.switch(Mode.WATCH, "payment")
    work_all(ruled)
    change = change_of(lying)
    assert (change.state, change.look_up_first) == (ChangeState.PENDING, True)
    assert len(allocations(ruled, marker)) == 1, "watching sends nothing"
    ruled.switch(Mode.TAKE_OVER, "payment")
    ruled.sync()
    ruled.sync()
    assert change_of(lying).state == ChangeState.DONE
    assert len(allocations(ruled, marker)) == 1


def test_a_request_that_ran_out_is_asked_anew_and_of_today(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    before = change_of(lying)
    asked_a_week_ago(before)
    assert deciding.expire(timezone.now() + timedelta(days=90)) == 1
    outcome = fixing.fix(ruled.practice, [lying.pk], actor=staff)
    assert (outcome.waiting, Approval.objects.filter(state=ApprovalState.WAITING).count()) == (1, 1)
    before.refresh_from_db()
    change = change_of(lying)
    assert (before.state, change.state) == (ChangeState.SUPERSEDED, ChangeState.HELD)
    assert change.values["date"] == today_at(ruled.practice).isoformat()
    approve_all(ruled, other)
    work_all(ruled)
    assert due(ruled, invoice) == 0
