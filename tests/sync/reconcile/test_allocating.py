"""A client's credit in Xero goes on its open invoice: once, after a second person, and where nothing is guessed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from practices.models import Role, User
from sandbox.faults import Fault
from sync.approvals import deciding
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
    Trigger,
)
from sync.reconcile import allocating, credit_room, fixing, obstacles, picking
from sync.reconcile.obstacles import obstacle
from sync.reconcile.running import compare_now
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.lost import lose_the_answer
from tests.sync.reconcile.mending import approve_all, change_of, is_gone, work_all

LONG_AGO = timedelta(days=30)
KINDS = {"note": "credit_unallocated", "over": "payment_unallocated", "pre": "payment_unallocated"}


@pytest.fixture
def ruled(agreed: Office) -> Office:
    return agreed


@pytest.fixture
def invoice(ruled: Office) -> dict[str, Any]:
    """An open document of a linked contact, over an amount that no other of its documents is over."""
    ids = Link.objects.filter(kind=Kind.INVOICE).order_by("pk").values_list("target_external_id", flat=True)
    linked = set(Link.objects.filter(kind=Kind.CONTACT).values_list("target_external_id", flat=True))
    for key in ids:
        found = ruled.ledger.invoices[key]
        alike = [
            row
            for row in ruled.ledger.invoices.values()
            if row["Contact"] == found["Contact"] and row["AmountDue"] == found["AmountDue"]
        ]
        is_free = found["Status"] == "AUTHORISED" and found["AmountDue"] > 0 and len(alike) == 1
        if is_free and found["Contact"]["ContactID"] in linked:
            return dict(found)
    raise AssertionError("no open document")


def lay(office: Office, invoice: dict[str, Any], how: str, amount: Decimal, **extra: Any) -> str:
    """Credit of the invoice's contact that lies unallocated in Xero; its id."""
    day = (date.fromisoformat(str(invoice["Date"])) + timedelta(days=1)).isoformat()
    at = office.world.clock.now() - LONG_AGO
    line = {"Description": "Too much", "Quantity": 1, "UnitAmount": amount}
    if how == "note":
        first = invoice["LineItems"][0]
        taxed = {"AccountCode": first["AccountCode"], "TaxType": first["TaxType"]}
        made = office.ledger.put_credit_note(
            {
                "Type": "ACCRECCREDIT",
                "Contact": invoice["Contact"],
                "Date": day,
                "Status": "AUTHORISED",
                "LineAmountTypes": "Inclusive",
                "LineItems": [{**line, **taxed}],
                **extra,
            },
            force=True,
            at=at,
        )
        return str(made["CreditNoteID"])
    made = office.ledger.put_bank_transaction(
        {
            "Type": f"RECEIVE-{how.upper()}PAYMENT",
            "Contact": invoice["Contact"],
            "BankAccount": {"Code": "090"},
            "Date": day,
            "LineAmountTypes": "NoTax",
            "LineItems": [{**line, "AccountCode": "200"} if how == "pre" else line],
            **extra,
        },
        force=True,
        at=at,
    )
    return str(made.get("OverpaymentID") or made.get("PrepaymentID"))


def found(office: Office, how: str, key: str) -> Mismatch:
    office.sync(full=True)
    compare_now(office.practice, trigger=Trigger.COMMAND)
    row: Mismatch | None = Mismatch.objects.filter(kind=KINDS[how], target_external_ids=[key]).first()
    assert row is not None, list(Mismatch.objects.open().values_list("kind", "text"))
    return row


@pytest.fixture
def lying(ruled: Office, invoice: dict[str, Any]) -> Mismatch:
    """An overpayment over exactly what is open on the invoice."""
    return found(ruled, "over", lay(ruled, invoice, "over", invoice["AmountDue"]))


def due(office: Office, invoice: dict[str, Any]) -> Decimal:
    return Decimal(office.ledger.invoices[invoice["InvoiceID"]]["AmountDue"])


def allocations(office: Office, marker: int) -> list[Any]:
    return [call for call in office.writes(marker) if "Allocations" in call.path]


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
    work_all(ruled)
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
    work_all(ruled)
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


def test_said_no_to_it_can_be_asked_for_again(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    fixing.fix(ruled.practice, [lying.pk], actor=staff)
    waiting = Approval.objects.get(state=ApprovalState.WAITING)
    assert deciding.reject([waiting.pk], ruled.practice, other, "Another one.") == 1
    work_all(ruled)
    assert due(ruled, invoice) == invoice["AmountDue"]
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).waiting == 1
    assert Change.objects.filter(kind=Kind.OVERPAYMENT).count() == 2


def test_watch_mode_a_lock_and_a_signed_month_say_why(
    ruled: Office, lying: Mismatch, staff: User, other: User, invoice: dict[str, Any]
) -> None:
    ruled.switch(Mode.WATCH, "payment")
    assert fixing.fix(ruled.practice, [lying.pk], actor=staff).left == {obstacles.WATCHED: 1}
    assert obstacle(ruled.practice, lying) == obstacles.WATCHED
    ruled.switch(Mode.TAKE_OVER)
    today = timezone.now().date()
    signed = SignOff.objects.create(
        practice=ruled.practice,
        starts_on=today - timedelta(days=5),
        ends_on=today + timedelta(days=5),
    )
    assert obstacle(ruled.practice, lying) == picking.SIGNED_OFF
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
