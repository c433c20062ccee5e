"""From engagement to cash: everything that belongs together, from any record of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import Role
from sync import thread as rows
from sync.models import Mismatch, Snapshot
from sync.pages.thread import ThreadPage, thread_page
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_snapshot

pytestmark = pytest.mark.django_db
WAY = [
    *("Proposal", "Invoice in Ignition", "Invoice in Xero", "Collected", "Payment in Xero", "Paid out"),
    *("Bank line", "Job in Xero Practice Manager"),
]


@pytest.fixture
def books() -> Books:
    made = make_books()
    make_snapshot(made.source, "contact", "c1", name="Saltmarsh Pty Ltd", status="active")
    make_snapshot(made.target, "contact", "xc1", name="Saltmarsh Pty Ltd", status="ACTIVE")
    make_link(made, the(made, "c1"), the(made, "xc1"))
    make_snapshot(
        made.source,
        "proposal",
        "prop1",
        name="Bookkeeping 2026",
        number="PROP-1",
        status="accepted",
        party_external_id="c1",
    )
    invoice(made, 1)
    return made


def the(books: Books, external_id: str) -> Snapshot:
    found: Snapshot = Snapshot.objects.get(practice=books.practice, external_id=external_id)
    return found


def invoice(books: Books, number: int, *, linked: bool = True) -> Snapshot:
    """An invoice of the proposal with its document, both payments and the row of money that was paid out."""
    here = make_invoice(
        books,
        number=f"{number:04}",
        status="issued",
        external_id=f"i{number}",
        party_external_id="c1",
        date=date(2026, 10, 1 + number % 20),
        record={
            "contact_external_id": "c1",
            "lines": [{"origin_type": "proposal", "origin_external_id": "prop1", "amount": "100.00"}],
        },
    )
    if not linked:
        return here
    there = make_invoice(
        books,
        at="target",
        number=f"IGN-{number:04}",
        external_id=f"xi{number}",
        party_external_id="xc1",
        record={"contact_external_id": "xc1"},
    )
    make_link(books, here, there)
    shared: dict[str, Any] = {"amount": Decimal(110), "currency": "AUD", "date": date(2026, 10, 8)}
    paid = make_snapshot(
        books.source,
        "payment",
        f"p{number}",
        **shared,
        status="disbursed",
        party_external_id="c1",
        record={"invoice_external_ids": [f"i{number}"], "payout_external_id": "po1"},
    )
    receipt = make_snapshot(
        books.target,
        "payment",
        f"xp{number}",
        **shared,
        status="AUTHORISED",
        party_external_id="xc1",
        record={"invoice_external_ids": [f"xi{number}"]},
    )
    make_link(books, paid, receipt, source_id=f"p{number}/i{number}")
    make_snapshot(
        books.source,
        "collection",
        f"r{number}",
        **shared,
        party_external_id="c1",
        reference=f"i{number}",
        record={
            "payout_external_id": "po1",
            "payout_state": "completed",
            "arrives_on": "2026-10-12",
            "fee": "2.42",
        },
    )
    return here


def page(books: Books, external_id: str) -> ThreadPage:
    return thread_page(books.practice, the(books, external_id))


def text(books: Books, external_id: str) -> str:
    client = Client()
    client.force_login(books.member(Role.VIEWER))
    answer = client.get(books.url(f"records/{the(books, external_id).pk}/thread/"))
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("start", ["prop1", "i1", "xi1", "p1", "xp1", "c1", "xc1", "r1"])
def test_the_whole_way_is_found_from_every_record_of_it(books: Books, start: str) -> None:
    found = page(books, start)
    (thread,) = found.threads
    assert [step.what for step in thread.steps] == WAY
    money = (thread.billed, thread.in_xero, thread.collected, thread.posted, thread.paid_out)
    assert money == (Decimal(110),) * 5
    assert found.client is not None
    assert found.client.name == "Saltmarsh Pty Ltd"
    assert not found.proposals
    assert [step.what for step in thread.steps if step.here] in (
        [],
        [step.what for step in thread.steps if step.pk == the(books, start).pk],
    )


def test_the_page_says_what_can_not_be_seen_and_marks_where_one_is(books: Books) -> None:
    shown = text(books, "xi1")
    for words in (
        "Bank line",
        "Not shown here",
        "Not connected",
        "(this record)",
        "Payout po1",
        "Fee 2.42 AUD",
    ):
        assert words in shown, words


def test_what_is_missing_is_a_step_too(books: Books) -> None:
    invoice(books, 2, linked=False)
    (thread,) = page(books, "i2").threads
    missing = next(step for step in thread.steps if step.what == "Invoice in Xero")
    assert (missing.state, missing.pk, thread.in_xero) == ("Not there", None, None)
    make_invoice(books, at="target", external_id="alone", party_external_id="xc1")
    (alone,) = page(books, "alone").threads
    assert [step.state for step in alone.steps[:2]] == ["Not there", "Authorised"]


def test_voided_removed_and_gone_are_told_and_not_counted(books: Books) -> None:
    Snapshot.objects.filter(external_id="xi1").update(status="VOIDED")
    Snapshot.objects.filter(external_id="xp1").update(status="DELETED")
    (thread,) = page(books, "i1").threads
    assert thread.in_xero is None
    assert thread.posted == 0
    assert {step.tone for step in thread.steps if step.title in {"IGN-0001", "xp1"}} == {"bad"}
    assert "Payment in Xero, removed" in [step.what for step in thread.steps]


def test_money_that_was_taken_back_counts_against_the_payout(books: Books) -> None:
    row = the(books, "r1")
    row.pk, row.external_id, row.record = None, "back", {**row.record, "is_clawback": True}
    row._state.adding = True
    row.save()
    (thread,) = page(books, "i1").threads
    assert thread.paid_out == 0
    assert "Taken back from a payout" in [step.what for step in thread.steps]


def test_a_payment_for_several_invoices_shows_each_its_share(books: Books) -> None:
    invoice(books, 2)
    payment = the(books, "p1")
    payment.amount, payment.record["invoice_external_ids"] = Decimal(220), ["i1", "i2"]
    payment.save()
    Snapshot.objects.filter(external_id="p2").delete()
    first = next(item for item in page(books, "i1").threads if item.title == "0001")
    step = next(step for step in first.steps if step.what == "Collected")
    assert (step.amount, step.note) == (Decimal(110), "One payment for 2 invoices.")
    Snapshot.objects.filter(external_id="r1").delete()
    first = next(item for item in page(books, "i1").threads if item.title == "0001")
    assert next(step for step in first.steps if step.what == "Collected").amount is None, (
        "nobody says how much"
    )


def test_mismatches_stand_at_the_step_they_are_about(books: Books) -> None:
    shared: dict[str, Any] = {"practice": books.practice, "about": "invoice", "text": "x", "rank": 0}
    Mismatch.objects.create(
        **shared,
        kind="invoice_total",
        fingerprint="1",
        source_external_ids=["i1"],
        target_external_ids=["xi1"],
    )
    Mismatch.objects.create(**shared, kind="payment_missing", fingerprint="2", source_external_ids=["p1/i1"])
    Mismatch.objects.create(**shared, kind="invoice_total", fingerprint="3", source_external_ids=["other"])
    Mismatch.objects.create(
        **shared,
        kind="invoice_date",
        fingerprint="4",
        source_external_ids=["i1"],
        state="fixed",
        fixed_at="2026-10-01T00:00Z",
    )
    (thread,) = page(books, "i1").threads
    told = {step.what: [item.title for item in step.mismatches] for step in thread.steps if step.mismatches}
    assert told == {
        "Invoice in Ignition": ["Total differs"],
        "Invoice in Xero": ["Total differs"],
        "Collected": ["Not in Xero"],
    }
    assert "Total differs" in text(books, "i1")


def test_a_proposal_without_an_invoice_is_shown(books: Books) -> None:
    make_snapshot(books.source, "proposal", "prop2", name="Tax 2027", status="sent", party_external_id="c1")
    found = page(books, "prop2")
    assert (found.threads, [step.title for step in found.proposals]) == ([], ["Tax 2027"])
    assert "There is no invoice yet" in text(books, "prop2")


def test_a_long_history_is_cut_and_said_so(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_INVOICES", 2)
    for number in (2, 3):
        invoice(books, number)
    found = page(books, "c1")
    assert found.more
    assert [thread.title for thread in found.threads] == ["0003", "0002"], "the newest ones"
    assert "Older invoices" in text(books, "c1")


def test_queries_do_not_grow_with_the_history(books: Books) -> None:
    counts = []
    for start in (2, 10):
        for number in range(start, start + 6):
            invoice(books, number)
        with CaptureQueriesContext(database) as queries:
            page(books, "c1")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13


def test_kinds_without_a_thread_and_other_practices_records_are_not_there(books: Books) -> None:
    service = make_snapshot(books.source, "service", "s1", name="Bookkeeping")
    client = Client()
    client.force_login(books.member(Role.OWNER))
    assert client.get(books.url(f"records/{service.pk}/thread/")).status_code == 404
    other = make_books()
    client.force_login(other.member(Role.OWNER))
    assert client.get(other.url(f"records/{the(books, 'i1').pk}/thread/")).status_code == 404


def test_the_record_leads_to_its_thread_and_its_earlier_days(books: Books) -> None:
    client = Client()
    client.force_login(books.member(Role.VIEWER))
    record = the(books, "i1")
    shown = client.get(books.url(f"records/{record.pk}/")).content.decode()
    assert books.url(f"records/{record.pk}/thread/") in shown
    assert books.url(f"records/{record.pk}/asof/") in shown
