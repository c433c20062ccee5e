"""From our own rows to what a comparison says about connections, settings and bookkeeping."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from practices.models import ConnectionState, Membership, Role
from sync.models import (
    Approval,
    Change,
    ChangeState,
    Cursor,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    MismatchState,
    PairVerdict,
    ParkedAs,
    PastRecord,
    Trigger,
    Verdict,
)
from sync.reconcile.running import compare_now
from tests.make import make_hook_secret, make_member
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import (
    Books,
    make_books,
    make_change,
    make_event,
    make_invoice,
    make_link,
    make_snapshot,
)

pytestmark = pytest.mark.django_db
LONG = timedelta(days=60)


@pytest.fixture
def books() -> Books:
    made = make_books()
    read_lists(made)
    return made


def found(books: Books) -> dict[str, str]:
    """Kinds and sentences of what is kept."""
    compare_now(books.practice, trigger=Trigger.COMMAND)
    rows = Mismatch.objects.filter(practice=books.practice).exclude(state=MismatchState.FIXED)
    return dict(rows.values_list("kind", "text"))


def pair(books: Books, **target: Any) -> tuple[Any, Any]:
    old = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}
    here = make_invoice(books, number="1", status="issued", record=old)
    values = {"contact_external_id": "", "reference": "", **target}
    there = make_invoice(books, at="target", number="IGN-1", record=values)
    return here, there


def test_a_practice_in_good_order_has_nothing(books: Books) -> None:
    assert found(books) == {}


def test_a_lost_connection_an_old_key_and_a_missing_permission(books: Books) -> None:
    grant = books.target.grant
    assert grant is not None
    grant.refreshed_at, grant.scopes = timezone.now() - LONG, ["accounting.contacts"]
    grant.save()
    books.target.state, books.target.state_reason = ConnectionState.NEEDS_RECONNECT, "Xero refused the key."
    books.target.save()
    told = found(books)
    assert set(told) == {"connection_lost", "connection_unused_key", "connection_scope"}
    assert told["connection_lost"] == "Xero: Xero refused the key."


def test_who_connected_it_and_left(books: Books) -> None:
    person = make_member(books.practice, Role.ADMIN)
    books.source.connected_by = person
    books.source.save()
    assert found(books) == {}
    Membership.objects.filter(user=person).delete()
    assert set(found(books)) == {"connection_owner_left"}


def test_two_organisations_under_one_connection(books: Books) -> None:
    for name in ("Harbour", "Somebody else"):
        make_snapshot(books.target, Kind.ORGANISATION, name=name, record={"currency": "AUD"})
    assert set(found(books)) == {"connection_other_organisation"}


def test_a_system_that_stopped_reporting(books: Books) -> None:
    make_hook_secret(books.target)
    make_event(books.target, received_at=timezone.now() - LONG)
    for _ in range(5):
        make_snapshot(books.target, Kind.CONTACT, changed_at=timezone.now() - timedelta(days=1), name="N")
    assert "connection_silent" in found(books)
    make_event(books.target, received_at=timezone.now())
    assert "connection_silent" not in found(books)


def test_a_clock_that_runs_ahead(books: Books) -> None:
    rows = Cursor.objects.filter(connection=books.target, kind=Kind.ACCOUNT)
    rows.update(since=timezone.now() + timedelta(minutes=10))
    assert set(found(books)) == {"connection_clock"}


def test_lists_that_are_old_or_never_came_to_their_end(books: Books) -> None:
    Cursor.objects.filter(connection=books.target, kind=Kind.PAYMENT).update(
        completed_at=timezone.now() - timedelta(days=2)
    )
    Cursor.objects.filter(connection=books.source, kind=Kind.PERSON).update(completed_at=None)
    books.source.connected_at = timezone.now() - LONG
    books.source.save()
    told = found(books)
    assert set(told) == {"sync_list_old", "sync_list_unread"}
    assert told["sync_list_unread"] == "Ignition's list of persons was never read to its end."


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"state": ChangeState.PARKED, "parked_as": ParkedAs.UNCLEAR}, "sync_unclear"),
        (
            {"state": ChangeState.DONE, "reason": "stored_differently", "done_at": timezone.now()},
            "sync_stored_differently",
        ),
        ({"state": ChangeState.HELD, "reason": "conflict"}, "sync_conflict"),
        ({"state": ChangeState.HELD, "reason": "locked_by_money", "verb": "update"}, "sync_target_locked"),
        ({"state": ChangeState.HELD, "reason": "period_locked"}, ""),
        ({"state": ChangeState.HELD, "reason": "watch"}, ""),
        ({"state": ChangeState.PARKED, "parked_as": ParkedAs.REJECTED}, ""),
    ],
)
def test_writes_that_need_a_person(books: Books, values: dict[str, Any], kind: str) -> None:
    make_change(books, **values)
    assert set(found(books)) == {kind} - {""}


@pytest.mark.parametrize(
    ("agreed", "seen"),
    [
        ({"base_source": {"email": "a@x.com"}, "base_target": {"email": "a@x.com"}}, True),
        ({"base_source": {"email": "new@x.com"}, "base_target": {"email": "a@x.com"}}, False),
        ({"base_source": {"email": "a@x.com"}, "base_target": {"email": "there@x.com"}}, False),
        ({"base_target": {"email": "a@x.com"}}, True),
        ({}, False),
    ],
)
def test_a_contact_that_was_changed_on_both_sides_since_they_agreed(
    books: Books, agreed: dict[str, Any], seen: bool
) -> None:
    later = timezone.now() + timedelta(minutes=1)
    here = make_snapshot(
        books.source, Kind.CONTACT, name="Ann", email="new@x.com", status="active", changed_at=later
    )
    there = make_snapshot(books.target, Kind.CONTACT, name="Ann", email="there@x.com", status="ACTIVE")
    make_link(books, here, there, agreed_at=timezone.now(), **agreed)
    make_change(
        books,
        Kind.CONTACT,
        verb="update",
        source_external_id=here.external_id,
        state=ChangeState.HELD,
        reason="conflict",
        values={"email": "new@x.com"},
        before={"email": "there@x.com"},
    )
    told = found(books)
    assert "contact_email" in told
    assert ("sync_conflict" in told) is seen


@pytest.mark.parametrize(("days", "seen"), [(8, True), (6, False)])
def test_a_request_for_approval_that_waits(books: Books, days: int, seen: bool) -> None:
    change = make_change(books, state=ChangeState.HELD, reason="approval")
    Approval.objects.create(
        practice=books.practice,
        change=change,
        asked_at=timezone.now() - timedelta(days=days),
        expires_at=timezone.now() + LONG,
    )
    assert ("sync_approval_old" in found(books)) is seen


def test_a_record_that_could_not_be_read(books: Books) -> None:
    make_snapshot(books.source, Kind.PROPOSAL, "pr", problem="minimum_contract_value: “x” is not an amount")
    assert found(books) == {
        "sync_unreadable": "Ignition, proposal: minimum_contract_value: “x” is not an amount"
    }


def test_reports_that_came_twice_are_counted_and_not_kept(books: Books) -> None:
    make_event(books.target, repeats=2)
    assert found(books) == {}
    made = compare_now(books.practice, trigger=Trigger.COMMAND)
    assert made.counts["sync_event_again"]["count"] == 1


def test_a_difference_that_outgrew_its_ceiling_is_open_again_and_said(books: Books) -> None:
    here, there = pair(books)
    make_link(books, here, there)
    there.record["total"] = "120.00"
    there.save()
    assert "invoice_total" in found(books)
    Mismatch.objects.update(
        state=MismatchState.ACCEPTED, accepted_at=timezone.now(), reason="Agreed", ceiling=Decimal(119)
    )
    made = compare_now(books.practice, trigger=Trigger.COMMAND)
    assert (made.reopened, made.counts["sync_outgrown"]["count"]) == (1, 1)


def test_what_xero_changed_after_we_wrote_it(books: Books) -> None:
    here, there = pair(books, url="https://a.example/1")
    make_link(books, here, there, method=LinkMethod.WRITTEN, agreed_at=timezone.now())

    def past(**values: Any) -> None:
        now = timezone.now()
        record = {**there.record, **values}
        PastRecord.objects.create(
            practice=books.practice, snapshot=there, record=record, since=now - LONG, until=now
        )

    past(amount_due="110.00", status="AUTHORISED")
    assert "invoice_edited" not in found(books), "it was only paid since"
    past(url="https://a.example/2")
    assert found(books)["invoice_edited"] == "Changed in Xero since: link."
    Link.objects.update(agreed_at=timezone.now())
    assert "invoice_edited" not in found(books), "both sides agreed on it as it is"


@pytest.mark.parametrize("again", [False, True])
def test_what_is_not_as_it_was_approved(books: Books, again: bool) -> None:
    here, there = pair(books, date="2026-11-03", currency="AUD")
    now = timezone.now()
    change = make_change(
        books,
        state=ChangeState.DONE,
        done_at=now - (timedelta(hours=1) if again else timedelta(0)),
        source_external_id=here.external_id,
        values={"total": "110.00", "reference": "PROP-1"},
    )
    Approval.objects.create(
        practice=books.practice, change=change, state="approved", expires_at=now + LONG, decided_at=now
    )
    make_link(books, here, there, method=LinkMethod.WRITTEN, agreed_at=now)
    there.record["reference"] = "typed"
    there.save()
    assert ("invoice_edited_after_approval" in found(books)) is not again


def test_records_that_a_person_told_apart(books: Books) -> None:
    values = {"name": "Ann Lee", "email": "ann@example.com", "status": "active"}
    for key in ("c1", "c2"):
        make_snapshot(books.source, Kind.CONTACT, key, **values)
    assert "contact_twice_in_ignition" in found(books)
    PairVerdict.objects.create(
        practice=books.practice,
        kind=Kind.CONTACT,
        left_connection=books.source,
        left_external_id="c1",
        right_connection=books.source,
        right_external_id="c2",
        verdict=Verdict.DIFFERENT,
    )
    assert "contact_twice_in_ignition" not in found(books)


def test_another_practice_s_rows_are_not_looked_at(books: Books) -> None:
    other = make_books()
    read_lists(other)
    make_change(other, state=ChangeState.PARKED, parked_as=ParkedAs.UNCLEAR)
    make_snapshot(other.source, Kind.PROPOSAL, problem="Broken")
    assert found(books) == {}
    assert Change.objects.count() == 1
