"""What opens an incident, and which records are behind it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from practices.models import AuthKind, ConnectionState, Provider
from sync.incidents.records import NOTHING, changes_of, reviews_of, snapshots_of, sort_of
from sync.models import (
    Budget,
    Incident,
    Kind,
    RunState,
    Severity,
)
from tests.make import make_grant
from tests.sync import rows
from tests.sync.opened import NOW, everything, held, make_synced_books, only, refresh, refused, seen
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_synced_books()


# --- what is opened --------------------------------------------------------------------------------------


def test_nothing_wrong_opens_nothing(books: Books) -> None:
    rows.make_change(books, reason="watch")
    rows.make_change(books, reason="no_invoice", kind=Kind.PAYMENT)
    rows.make_change(books, state="pending", reason="")
    refresh(books)
    assert seen(books) == {}


def test_refused_records_become_one_incident_with_money_and_tax(books: Books) -> None:
    for _ in range(3):
        refused(books, values={"tax": "10.00", "total": "110.00"})
    refused(books, values={"tax": "not a number"}, amount=Decimal("5.00"))
    refresh(books)
    found = only(books)
    assert (found.cause, found.kind, found.connection_id) == (
        "rejected.period_locked",
        "invoice",
        books.target.pk,
    )
    assert (found.count, found.amount, found.tax, found.currency) == (
        4,
        Decimal("335.00"),
        Decimal("30.00"),
        "AUD",
    )
    assert (found.severity, found.heals, found.state, found.opened_at) == ("warning", False, "open", NOW)
    assert found.title == "Invoices refused by Xero: dated in a locked period"
    assert "Move the lock date" in found.text


def test_contacts_have_no_money(books: Books) -> None:
    refused(books, Kind.CONTACT, reason="duplicate_name")
    refresh(books)
    found = only(books)
    assert (found.count, found.amount, found.tax, found.currency) == (1, None, None, "")


def test_other_currencies_are_named_and_not_added(books: Books) -> None:
    refused(books)
    refused(books, currency="NZD", amount=Decimal("77.00"))
    refresh(books)
    found = only(books)
    assert (found.count, found.amount, found.currency) == (2, Decimal("110.00"), "AUD")
    assert "Also NZD 77.00" in found.text


def test_one_missing_choice_is_one_incident_with_all_records_behind_it(books: Books) -> None:
    text = "No tax type is chosen for Ignition's tax “{}”."
    figures = " The lines come to {} without and 2 with tax on top, but Ignition's total is 3."
    for number in range(3):
        held(books, "tax_unmapped", text.format("GST") + figures.format(number))
    held(books, "tax_unmapped", f"{text.format('GST')} {text.format('Free 100%')}")
    held(books, "tax_gone", "The tax type OLD is not active in Xero any more.")
    refresh(books)
    counts = {name: item.count for name, item in seen(books).items()}
    assert counts == {"held.tax_unmapped GST": 4, "held.tax_unmapped Free 100%": 1, "held.tax_gone OLD": 1}
    gst = seen(books)["held.tax_unmapped GST"]
    assert gst.title == "Invoices wait: a tax has no tax type chosen (GST)"


def test_conflicts_and_reviews_are_decisions_that_wait(books: Books) -> None:
    rows.make_change(books, Kind.CONTACT, reason="conflict")
    rows.make_change(books, Kind.CONTACT, reason="review")
    rows.make_review(books)
    refresh(books)
    found = seen(books)
    assert {name: item.severity for name, item in found.items()} == {
        "decide.conflict": Severity.INFO,
        "decide.review": Severity.INFO,
    }


def test_records_that_wait_or_can_not_be_read(books: Books) -> None:
    rows.make_invoice(books, standing="held", standing_reason="void_in_source", gone_at=NOW)
    rows.make_invoice(books, standing="held", standing_reason="watch")
    rows.make_invoice(books, problem="No total")
    rows.make_invoice(books, problem="No total", gone_at=NOW)
    rows.make_snapshot(books.target, Kind.ACCOUNT, problem="No code")
    refresh(books)
    found = {(item.cause, item.kind, item.connection_id): item.count for item in Incident.objects.all()}
    assert found == {
        ("held.void_in_source", "invoice", books.source.pk): 1,
        ("unreadable", "invoice", books.source.pk): 1,
        ("unreadable", "account", books.target.pk): 1,
    }


def test_what_is_tried_again_is_one_incident_per_connection(books: Books) -> None:
    soon = NOW + timedelta(minutes=4)
    for kind in (Kind.CONTACT, Kind.INVOICE):
        rows.make_change(books, kind, state="pending", reason="", tries=2, not_before=soon, message="503")
    rows.make_run(
        books,
        state=RunState.WAITING,
        stage="read xero",
        message="Xero is not available at the moment.",
        progress={"failures": 3},
        resumes_at=NOW + timedelta(minutes=2),
    )
    refresh(books)
    found = only(books)
    assert (found.cause, found.kind, found.connection_id, found.count) == (
        "trouble",
        "",
        books.target.pk,
        2,
    )
    assert (found.heals, found.next_try_at) == (True, NOW + timedelta(minutes=2))
    assert "Xero is not available" in found.text


def test_a_live_run_that_can_not_read_names_its_system(books: Books) -> None:
    rows.make_run(
        books,
        purpose="live",
        state=RunState.WAITING,
        message="Ignition did not answer in time.",
        progress={"failures": 1, "troubled": "ignition"},
    )
    refresh(books)
    assert only(books).connection_id == books.source.pk


def test_lost_access_says_what_waits_for_it(books: Books) -> None:
    rows.make_change(books, state="pending", reason="")
    change_connection(books, state=ConnectionState.NEEDS_RECONNECT, state_reason="The consent was withdrawn.")
    rows.make_run(books, state=RunState.FAILED, message="The consent was withdrawn.", queued_at=NOW)
    refresh(books)
    found = only(books)
    assert (found.cause, found.severity, found.count, found.amount) == (
        "reconnect",
        "critical",
        1,
        Decimal("110.00"),
    )
    assert found.title == "Xero needs reconnecting"
    assert "The consent was withdrawn." in found.text


def change_connection(books: Books, **values: Any) -> None:
    type(books.target).objects.filter(pk=books.target.pk).update(**values)


def test_failed_and_missing_runs(books: Books) -> None:
    rows.make_run(
        books, state=RunState.FAILED, stage="plan", message="Our fault.", queued_at=NOW + timedelta(seconds=1)
    )
    refresh(books)
    found = only(books)
    assert (found.cause, found.heals) == ("run_failed", True)
    assert found.next_try_at is not None
    refresh(books, minutes=60 * 24)
    assert set(seen(books)) == {"run_failed", "run_overdue"}


def test_few_calls_left_old_access_and_missing_permissions(books: Books) -> None:
    Budget.objects.create(
        practice=books.practice, connection=books.target, day=NOW.date(), calls=4600, day_left=400
    )
    grant = make_grant(
        Provider.XERO,
        refreshed_at=NOW - timedelta(days=55),
        scopes=["offline_access", "accounting.contacts"],
    )
    change_connection(books, grant=grant)
    refresh(books)
    assert set(seen(books)) == {"quota_low", "access_ends", "scopes_missing"}
    assert "400 of 5,000" in seen(books)["quota_low"].text
    assert "read and write invoices" in seen(books)["scopes_missing"].text
    assert "28 Nov 2026" in seen(books)["access_ends"].text


def test_an_api_key_never_runs_out(books: Books) -> None:
    grant = make_grant(Provider.IGNITION, auth_kind=AuthKind.API_KEY, refreshed_at=NOW - timedelta(days=900))
    type(books.source).objects.filter(pk=books.source.pk).update(grant=grant)
    refresh(books)
    assert seen(books) == {}


def test_a_system_that_was_disconnected_is_left_alone(books: Books) -> None:
    rows.make_invoice(books, at="target", problem="No total")
    change_connection(books, state=ConnectionState.DISCONNECTED, resumes_at=NOW + timedelta(hours=1))
    refresh(books)
    assert seen(books) == {}


# --- the records behind it -------------------------------------------------------------------------------


def test_every_count_is_exactly_its_records(books: Books) -> None:
    everything(books)
    refresh(books)
    found = seen(books).values()
    assert len(found) >= 12
    for item in found:
        behind = changes_of(item).count() + snapshots_of(item).count() + reviews_of(item).count()
        if sort_of(item) == NOTHING:
            assert item.count == behind == 0, item
        else:
            assert behind == item.count > 0, item
