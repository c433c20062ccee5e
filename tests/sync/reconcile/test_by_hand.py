"""A difference that no button fixes says what to do by hand, and where."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from practices.models import Role
from sync.models import Kind, Mode
from sync.reconcile.by_hand import BY_HAND
from sync.reconcile.fixers import FIXERS, fixable_codes, is_fixable, wants_second
from sync.reconcile.kinds import KINDS
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_review, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(settings: Any) -> Books:
    settings.XERO_API_URL = "https://api.xero.com"  # a simulated one has no pages to link to
    return make_books(Mode.TAKE_OVER)


def page(books: Books, pk: int, role: str = Role.STAFF) -> str:
    client = Client()
    client.force_login(books.member(role))
    answer = client.get(books.url(f"reconciliation/{pk}/"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_kind_that_may_be_fixed_has_a_button_or_steps() -> None:
    may = {code for code, kind in KINDS.items() if kind.unattended in {"ask", "may"}}
    assert may - FIXERS.keys() - BY_HAND.keys() == set()
    assert BY_HAND.keys() <= KINDS.keys()
    assert all(is_fixable(code) for code in FIXERS)
    assert set(fixable_codes()) == set(FIXERS)


@pytest.mark.parametrize("code", ["invoice_branding", "invoice_description"])
def test_what_somebody_may_have_chosen_is_approved_by_a_second_person(code: str) -> None:
    assert KINDS[code].unattended == "may"
    assert wants_second(code)


def test_nothing_that_voids_deletes_or_moves_money_has_a_button() -> None:
    never = {code for code, kind in KINDS.items() if kind.unattended == "never"}
    never |= {
        "invoice_gone_in_ignition",
        "invoice_void_in_ignition",
        "payment_not_collected",
        "payment_reversed",
    }
    assert not never & FIXERS.keys()


def test_steps_and_a_link_into_xero(books: Books) -> None:
    there = make_invoice(books, at="target", number="INV-7")
    row = make_mismatch(
        books, "invoice_only_in_xero", source_external_ids=[], target_external_ids=[there.external_id]
    )
    shown = page(books, row.pk)
    assert "History and Notes tells who made it" in shown
    assert "Open it in Xero" in shown
    assert f"InvoiceID%3D{there.external_id}" in shown
    assert "Fix it now" not in shown
    assert "Ask to fix it" not in shown


def test_a_payment_leads_to_its_invoice(books: Books) -> None:
    document = make_invoice(books, at="target", number="INV-7")
    paid = make_snapshot(
        books.target, Kind.PAYMENT, record={"invoice_external_ids": [document.external_id], "amount": "1.00"}
    )
    row = make_mismatch(books, "payment_not_collected", target_external_ids=[paid.external_id])
    shown = page(books, row.pk)
    assert "Open its invoice in Xero" in shown
    assert f"InvoiceID%3D{document.external_id}" in shown


def test_who_is_who_is_decided_where_it_is_asked(books: Books) -> None:
    client = make_snapshot(books.source, Kind.CONTACT, name="Alder")
    row = make_mismatch(
        books,
        "contact_not_linked",
        source_external_ids=[client.external_id],
        client_external_id=client.external_id,
    )
    assert books.url(f"clients/graph/{client.pk}/") in page(books, row.pk)
    review = make_review(books, source_external_id=client.external_id)
    assert books.url(f"reviews/{review.pk}/") in page(books, row.pk)


def test_a_missing_invoice_leads_to_its_proposal(books: Books) -> None:
    proposal = make_snapshot(books.source, Kind.PROPOSAL, record={"link": "https://go.ignition.example/p/1"})
    row = make_mismatch(books, "invoice_not_raised", source_external_ids=[proposal.external_id])
    with_link = page(books, row.pk)
    assert "look at its billing" in with_link


def test_our_own_pages_are_linked(books: Books) -> None:
    row = make_mismatch(books, "sync_approval_old", source_external_ids=[])
    assert books.url("approvals/") in page(books, row.pk)


def test_a_kind_without_steps_says_its_sentence(books: Books) -> None:
    row = make_mismatch(books, "invoice_total")
    assert KINDS["invoice_total"].fix in page(books, row.pk)


def test_a_paid_document_shows_the_steps_and_no_button(books: Books) -> None:
    here = make_invoice(books, number="7", record={"contact_external_id": "c"})
    there = make_invoice(books, at="target", record={"amount_paid": "5.00", "contact_external_id": "x"})
    make_link(books, here, there)
    ids: dict[str, Any] = {
        "source_external_ids": [here.external_id],
        "target_external_ids": [there.external_id],
    }
    row = make_mismatch(books, "invoice_account", **ids)
    shown = page(books, row.pk)
    assert "Money is on it in Xero" in shown
    assert "Find and Recode" in shown
    assert "Ask to fix it" not in shown
    there.record["amount_paid"] = None
    there.save()
    assert "Ask to fix it" in page(books, row.pk)


def test_a_document_that_somebody_changed_further_is_left(books: Books) -> None:
    here = make_invoice(books, number="7", record={"contact_external_id": "c"})
    there = make_invoice(books, at="target", record={"contact_external_id": "x"})
    make_link(books, here, there)
    ids: dict[str, Any] = {
        "source_external_ids": [here.external_id],
        "target_external_ids": [there.external_id],
    }
    row = make_mismatch(books, "invoice_due_date", **ids)
    assert "Ask to fix it" in page(books, row.pk)
    edited = make_mismatch(books, "invoice_edited", **ids)
    shown = page(books, row.pk)
    assert "Somebody changed more on it in Xero" in shown
    assert "Ask to fix it" not in shown
    edited.state, edited.reason, edited.accepted_at = "accepted", "It was right", timezone.now()
    edited.save()
    assert "Ask to fix it" in page(books, row.pk)
