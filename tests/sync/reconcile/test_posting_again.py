"""What must not be posted a second time: money that is there, that can't be read, or whose month is signed off."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from practices.models import User
from sandbox.xero import documents
from sandbox.xero.ledger import mode as how
from sync import decisions, runs, urgent
from sync.flows import sides_of
from sync.models import (
    OPEN_RUN_STATES,
    Approval,
    ApprovalState,
    Attempt,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    Mode,
    Run,
    SignOff,
    Snapshot,
)
from sync.planning import plan_all
from sync.reconcile import fixing
from sync.reconcile.obstacles import obstacle
from sync.sent import OVERTAKEN
from sync.wished_payments import IS_THERE, NATIVE, NOT_READ
from tests.sync.conftest import Office
from tests.sync.lost import lose_the_answer, work_live
from tests.sync.reconcile.mending import approve_all, change_of, compared, is_gone, work_all

ENTERED = ("Amount", "Date", "Account", "Reference", "Invoice")


@pytest.fixture
def ruled(agreed: Office) -> Office:
    return agreed


@pytest.fixture
def posted(ruled: Office) -> Link:
    """A payment that this app posted, on an invoice that is large enough for it twice."""
    link: Link = Link.objects.filter(kind=Kind.PAYMENT, method=LinkMethod.WRITTEN).order_by("pk")[0]
    payment = ruled.ledger.payments[link.target_external_id]
    invoice = ruled.ledger.invoices[payment["Invoice"]["InvoiceID"]]
    invoice["Total"] += payment["Amount"]
    invoice["SubTotal"] += payment["Amount"]
    documents.settle(ruled.ledger, invoice, str(invoice["Date"]))
    ruled.world.clock.advance(60)
    ruled.ledger.save("invoices", invoice, how(force=True), created=False)
    return link


@pytest.fixture
def removed(ruled: Office, posted: Link) -> Link:
    ruled.world.clock.advance(60)
    ruled.ledger.delete_payment(posted.target_external_id)
    return posted


def alive(office: Office, link: Link) -> list[dict[str, Any]]:
    invoice = office.ledger.payments[link.target_external_id]["Invoice"]["InvoiceID"]
    return [
        row
        for row in office.ledger.payments.values()
        if row.get("Invoice", {}).get("InvoiceID") == invoice and row["Status"] != "DELETED"
    ]


def enter_again(office: Office, link: Link, **values: Any) -> None:
    """Somebody enters it in Xero by hand, with the reference that this app gives it."""
    before = office.ledger.payments[link.target_external_id]
    office.world.clock.advance(60)
    office.ledger.put_payment({**{name: before[name] for name in ENTERED}, **values})


def let_time_pass(office: Office, link: Link) -> None:
    """An hour later Xero's payments are read again, up to one of another invoice."""
    office.world.clock.advance(3600)
    mine = office.ledger.payments[link.target_external_id]["Invoice"]["InvoiceID"]
    other = next(
        row
        for row in office.ledger.invoices.values()
        if row["InvoiceID"] != mine
        and row["Type"] == "ACCREC"
        and row["Status"] == "AUTHORISED"
        and row["AmountDue"] > 2
    )
    office.ledger.put_payment(
        {
            "Invoice": {"InvoiceID": other["InvoiceID"]},
            "Account": {"Code": "090"},
            "Amount": Decimal("1.00"),
        }
    )
    office.sync()
    office.world.clock.advance(60)


def asked(office: Office, link: Link, staff: User) -> Mismatch:
    row = compared(office, "payment_removed", link.source_external_id)
    assert fixing.fix(office.practice, [row.pk], actor=staff).left == {}
    return row


def test_what_was_entered_again_and_read_is_not_posted_beside_it(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = asked(ruled, removed, staff)
    change = change_of(row)
    enter_again(ruled, removed)
    let_time_pass(ruled, removed)
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert not Approval.objects.filter(state=ApprovalState.WAITING).exists()
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).why == IS_THERE
    assert len(alive(ruled, removed)) == 1
    assert is_gone(ruled, row)


def test_over_another_amount_it_is_for_a_person(ruled: Office, removed: Link, staff: User) -> None:
    row = asked(ruled, removed, staff)
    enter_again(ruled, removed, Amount=Decimal("1.00"))
    ruled.sync()
    assert "over 1.00 instead of" in fixing.fix(ruled.practice, [row.pk], actor=staff).why
    assert len(alive(ruled, removed)) == 1


def test_a_payment_that_cant_be_read_was_not_removed(ruled: Office, removed: Link, staff: User) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    there = Snapshot.objects.filter(connection=removed.target_connection, kind=Kind.PAYMENT)
    there = there.filter(external_id=removed.target_external_id)
    there.update(problem="Its amount could not be read.", record={})
    assert obstacle(ruled.practice, row) == NOT_READ
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).why == NOT_READ
    assert is_gone(ruled, row)
    compared(ruled, "payment_unreadable", removed.source_external_id)
    there.update(gone_at=row.first_seen_at)
    row = compared(ruled, "payment_removed", removed.source_external_id)
    assert obstacle(ruled.practice, row) == ""
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).waiting == 1


def test_a_month_signed_off_meanwhile_is_left_as_it_was_reported(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = asked(ruled, removed, staff)
    change = change_of(row)
    assert change.date is not None
    SignOff.objects.create(
        practice=ruled.practice,
        starts_on=change.date - timedelta(days=1),
        ends_on=change.date + timedelta(days=1),
    )
    approve_all(ruled, other)
    work_live(ruled)
    assert alive(ruled, removed) == [], "also where it is sent before it is planned anew"
    work_all(ruled)
    ruled.sync()
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert alive(ruled, removed) == []


def test_facts_that_change_do_not_forget_what_may_have_arrived(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = asked(ruled, removed, staff)
    change = lost(ruled, row, other, arrives=True)
    collected_earlier(ruled, removed)
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.PENDING, OVERTAKEN)
    ruled.sync()
    change.refresh_from_db()
    assert change.state == ChangeState.DONE
    (there,) = alive(ruled, removed)
    assert Link.objects.get(pk=removed.pk).target_external_id == there["PaymentID"]
    assert is_gone(ruled, row)


def test_what_did_not_arrive_is_not_sent_with_old_facts(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    row = asked(ruled, removed, staff)
    change = lost(ruled, row, other, arrives=False)
    collected_earlier(ruled, removed)
    marker = ruled.marker
    ruled.sync()
    ruled.sync()
    change.refresh_from_db()
    assert change.state == ChangeState.SUPERSEDED
    assert Attempt.objects.filter(changes=change, verb="look_up", result="ok").count() >= 2
    assert [call for call in ruled.writes(marker) if "/Payments" in call.path] == []
    assert alive(ruled, removed) == []


def test_found_over_another_amount_it_waits_for_a_person(
    ruled: Office, removed: Link, staff: User, other: User
) -> None:
    """It is entered after the last reading, so that only the look-up sees it."""
    row = asked(ruled, removed, staff)
    approve_all(ruled, other)
    Change.objects.filter(pk=change_of(row).pk).update(look_up_first=True, first_sent_at=row.first_seen_at)
    enter_again(ruled, removed, Amount=Decimal("1.00"))
    work_all(ruled)
    change = change_of(row)
    assert (change.state, change.reason) == (ChangeState.PARKED, "amount_differs")
    assert len(alive(ruled, removed)) == 1
    assert Link.objects.get(pk=removed.pk).target_external_id == removed.target_external_id


def test_what_was_never_sent_can_be_declined(ruled: Office, removed: Link, staff: User) -> None:
    row = asked(ruled, removed, staff)
    change = change_of(row)
    Change.objects.filter(pk=change.pk).update(look_up_first=True)
    assert decisions.cancel([change.pk], practice=ruled.practice, actor=staff, note="No.") == 1
    change.refresh_from_db()
    Change.objects.filter(pk=change.pk).update(
        state=ChangeState.HELD, look_up_first=True, first_sent_at=row.first_seen_at
    )
    with pytest.raises(decisions.NotAllowed):
        decisions.cancel([change.pk], practice=ruled.practice, actor=staff, note="No.")


def test_where_ignitions_own_link_may_still_post_it_nothing_is_posted(
    ruled: Office, removed: Link, staff: User
) -> None:
    row = compared(ruled, "payment_removed", removed.source_external_id)
    invoice = removed.source_external_id.partition("/")[2]
    Link.objects.filter(kind=Kind.INVOICE, source_external_id=invoice).update(method=LinkMethod.STORED)
    payment = Snapshot.objects.get(
        connection=removed.source_connection,
        kind=Kind.PAYMENT,
        external_id=removed.source_external_id.partition("/")[0],
    )
    payment.record["collected_at"] = None
    payment.save()
    ruled.switch(Mode.FILL_GAPS, "payment")
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).why == NATIVE


def test_nothing_is_sent_live_where_a_plan_of_everything_is_needed_first(
    ruled: Office, removed: Link, staff: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(ruled, removed, staff)
    approve_all(ruled, other)
    with monkeypatch.context() as patched:
        patched.setattr(urgent, "plan_part", lambda *_: False)
        work_live(ruled)
    assert change_of(row).first_sent_at is None
    assert alive(ruled, removed) == []
    work_all(ruled)
    assert change_of(row).state == ChangeState.DONE
    assert len(alive(ruled, removed)) == 1


def lost(office: Office, row: Mismatch, other: User, *, arrives: bool) -> Change:
    """It is sent, and no answer comes; nobody has looked yet what became of it."""
    lose_the_answer(office, "Payments", "PUT")
    if not arrives:
        office.world.faults.script[0].kind = "drop_before"
    approve_all(office, other)
    until_unclear(office)
    change = change_of(row)
    assert change.look_up_first
    assert change.first_sent_at is not None
    return change


def until_unclear(office: Office) -> None:
    """Every open run, up to the call whose answer is lost."""
    for _ in range(40):
        open_runs = Run.objects.filter(practice=office.practice, state__in=OPEN_RUN_STATES)
        open_runs.update(resumes_at=None)
        for pk in open_runs.order_by("pk").values_list("pk", flat=True):
            runs.advance(pk)
            if Attempt.objects.filter(practice=office.practice, result="unclear").exists():
                return
    raise AssertionError("no answer was lost")


def collected_earlier(office: Office, link: Link) -> None:
    """Ignition says another day by now, and a plan knows before anybody looked what became of the lost answer."""
    key = link.source_external_id.partition("/")[0]
    payment = dict(next(row for row in office.ignition.payments if row["slug"] == key))
    collection = {**payment["collection"], "completed_at": "2026-09-14T01:09:00Z"}
    office.world.clock.advance(60)
    office.ignition.upsert("payments", {"slug": key, "collection": collection})
    row = Snapshot.objects.get(connection=link.source_connection, kind=Kind.PAYMENT, external_id=key)
    row.record["collected_at"] = "2026-09-14T01:09:00+00:00"
    row.save()
    ((sides, flows),) = sides_of(office.practice)
    plan_all(sides, flows, None)
