"""Attacks on the queue: nothing is sent twice, to the wrong client, or waits for ever."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from connectors.errors import Unclear
from connectors.records import Invoice, Payment
from connectors.records import Kind as RecordKind
from sync import claiming, deliver
from sync.models import Attempt, Change, ChangeState, Kind, Link, Mode
from sync.plan import Decision
from tests.sync.queued import PAYMENT, Xero, found, link, planned, put
from tests.sync.rows import Books, make_books, make_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books(Mode.TAKE_OVER)


def test_a_payment_with_a_lost_answer_is_looked_up_although_the_mapping_has_changed(books: Books) -> None:
    link(books, "invoice", "inv_a", "x-inv")
    item = planned("payment", "pypay_a/inv_a", PAYMENT, natural_key="pypay_a", refs={"invoice": "inv_a"})
    put(books, Kind.PAYMENT, item)
    xero = Xero()
    xero.error = Unclear("No answer.", provider="xero")
    deliver.deliver_batch(books.target, xero, None)
    assert len(xero.sent) == 1

    # Meanwhile someone publishes another clearing account: a plan without reading, so new facts for the same payment.
    values = {**PAYMENT, "account_code": "609"}
    put(books, Kind.PAYMENT, replace(item, decision=Decision(action="create", values=values)))
    Change.objects.update(not_before=None)
    xero.error = None
    xero.has["pypay_a"] = found(
        RecordKind.PAYMENT, "x-pay", Payment(external_id="x-pay", amount=Decimal("50.00"))
    )
    while deliver.deliver_batch(books.target, xero, None) is not None:
        pass
    assert len(xero.sent) == 1, "posted twice"
    assert len(xero.looked_up) == 1
    assert Link.objects.get(kind="payment").target_external_id == "x-pay"


def test_an_invoice_found_with_earlier_facts_is_brought_up_to_date_by_the_next_plan(books: Books) -> None:
    """A create went out, its answer was lost; the total changed in Ignition, so that a newer one replaced it."""
    link(books, "contact", "cli_a", "x-con")
    common: dict[str, Any] = {
        "natural_key": "IGN-1",
        "refs": {"contact": "cli_a"},
        "source_external_id": "inv_a",
    }
    sent = make_change(
        books,
        **common,
        state="superseded",
        values={"number": "IGN-1", "total": "99.00", "date": "2026-11-03"},
    )
    attempt = Attempt.objects.create(
        practice=books.practice, connection=books.target, kind=Kind.INVOICE, verb="create"
    )
    attempt.changes.add(sent)
    change = make_change(
        books,
        **common,
        state="pending",
        reason="",
        look_up_first=True,
        values={"number": "IGN-1", "total": "110.00", "date": "2026-11-03"},
    )
    xero = Xero()
    there = Invoice(external_id="x-inv", contact_external_id="x-con", number="IGN-1", total=Decimal("99.00"))
    xero.has["IGN-1"] = found(RecordKind.INVOICE, "x-inv", there)
    deliver.deliver_batch(books.target, xero, None)
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.DONE, "stored_differently")
    assert Link.objects.get(kind="invoice").base_source["total"] == "99.00"


def test_an_invoice_under_our_number_for_another_client_and_total_is_not_taken_for_ours(books: Books) -> None:
    link(books, "contact", "cli_a", "x-con")
    change = make_change(
        books, state="pending", reason="", natural_key="IGN-1", refs={"contact": "cli_a"}, look_up_first=True
    )
    xero = Xero()
    there = Invoice(external_id="x-inv", contact_external_id="x-other", number="IGN-1", total=Decimal("7.00"))
    xero.has["IGN-1"] = found(RecordKind.INVOICE, "x-inv", there)
    deliver.deliver_batch(books.target, xero, None)
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.PARKED, "duplicate_number")
    assert not Link.objects.filter(kind="invoice").exists()


def test_what_waits_for_a_replaced_change_waits_for_its_successor(books: Books) -> None:
    """The client is edited in Ignition while both wait: its Change is replaced, the invoice's stays the same."""
    contact = planned("contact", "cli_a", {"name": "Able"})
    invoice = planned("invoice", "inv_a", {"total": "1.00"}, depends_on=("contact", "cli_a"))
    first = put(books, Kind.CONTACT, contact)["cli_a"]
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): first})
    renamed = replace(contact, decision=Decision(action="create", values={"name": "Able & Co"}))
    second = put(books, Kind.CONTACT, renamed)["cli_a"]
    assert second.pk != first.pk
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): second})
    assert Change.objects.get(kind="invoice").depends_on_id == second.pk


def test_what_waited_for_a_contact_goes_on_once_the_client_is_linked(books: Books) -> None:
    contact = planned("contact", "cli_a", {"name": "Able"})
    invoice = planned("invoice", "inv_a", {"total": "1.00"}, depends_on=("contact", "cli_a"))
    change = put(books, Kind.CONTACT, contact)["cli_a"]
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): change})
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PARKED, parked_as="rejected")
    linked = replace(contact, target_external_id="x-con", decision=Decision(action="nothing"))
    before = put(books, Kind.CONTACT, linked)
    assert before == {}
    put(books, Kind.INVOICE, replace(invoice, depends_on=None))
    assert claiming.ready(books.target, timezone.now()).exists()


def test_an_invoice_that_moved_to_another_client_is_planned_anew(books: Books) -> None:
    item = planned("invoice", "inv_a", {"total": "1.00"}, refs={"contact": "cli_a"})
    put(books, Kind.INVOICE, item)
    put(books, Kind.INVOICE, replace(item, refs={"contact": "cli_b"}))
    waiting = Change.objects.get(kind="invoice", state=ChangeState.PENDING)
    assert waiting.refs == {"contact": "cli_b"}


def test_a_fault_while_settling_one_element_leaves_the_others_done(books: Books) -> None:
    """The target answers the second invoice with the first one's id: only that one is for a person."""
    link(books, "contact", "cli_a", "x-con")
    for number in range(3):
        make_change(
            books,
            state="pending",
            reason="",
            natural_key=f"IGN-{number}",
            source_external_id=f"inv_{number}",
            refs={"contact": "cli_a"},
        )
    xero = Xero()
    xero.ids = iter(["same", "same", "other"])
    deliver.deliver_batch(books.target, xero, None)
    states = dict(Change.objects.values_list("source_external_id", "state"))
    assert states == {"inv_0": "done", "inv_1": "parked", "inv_2": "done"}
    assert Change.objects.get(source_external_id="inv_1").look_up_first


def test_a_batch_refused_as_a_whole_is_sent_one_by_one(books: Books) -> None:
    link(books, "contact", "cli_a", "x-con")
    for number in range(4):
        make_change(
            books,
            state="pending",
            reason="",
            natural_key=f"IGN-{number}",
            source_external_id=f"inv_{number}",
            refs={"contact": "cli_a"},
        )
    xero = Xero()
    xero.refuses = {"IGN-2"}
    while deliver.deliver_batch(books.target, xero, None) is not None:
        pass
    assert [len(batch) for batch in xero.sent] == [4, 1, 1, 1, 1]
    assert len(set(xero.keys)) == 5
    states = dict(Change.objects.values_list("source_external_id", "state"))
    assert states == {"inv_0": "done", "inv_1": "done", "inv_2": "parked", "inv_3": "done"}


def test_a_create_whose_record_was_linked_meanwhile_is_not_sent(books: Books) -> None:
    make_change(
        books, Kind.CONTACT, state="pending", reason="", source_external_id="cli_a", values={"name": "Able"}
    )
    link(books, "contact", "cli_a", "x-con")
    xero = Xero()
    deliver.deliver_batch(books.target, xero, None)
    assert xero.sent == []
    assert Change.objects.get().state == ChangeState.HELD
