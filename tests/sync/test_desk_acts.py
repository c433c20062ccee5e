"""What people do on the error desk: take a cause, put it aside, send its records again, skip them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from practices.models import AuditEntry, Role
from sync.models import Change, ChangeState, Kind, Mode, Run, RunState
from tests.make import make_member, make_practice
from tests.sync import rows
from tests.sync.desk import card, incident, login, login_as, page, refresh, refused
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    made = rows.make_books(Mode.TAKE_OVER)
    rows.make_run(made, state=RunState.DONE)
    return made


def test_taking_and_giving_away(books: Books) -> None:
    staff, other = books.member(), books.member(Role.VIEWER)
    client = login_as(staff)
    refused(books)
    refresh(books)
    found = incident(books)
    client.post(card(books, found, "assign/"), {"to": "me"})
    assert incident(books).assignee == staff
    client.post(card(books, found, "assign/"), {"to": other.pk})
    assert incident(books).assignee == other
    client.post(card(books, found, "assign/"), {"to": "nobody"})
    assert (incident(books).assignee, incident(books).assigned_at) == (None, None)
    assert AuditEntry.objects.filter(action="incident.assigned", actor=staff).count() == 3
    stranger = make_member(make_practice("Elsewhere"))
    for odd in (stranger.pk, "", "x", 10**30):
        client.post(card(books, found, "assign/"), {"to": odd})
    assert incident(books).assignee is None


def test_snoozing_needs_a_reason_and_a_day_to_come(books: Books) -> None:
    client = login(books)
    refused(books)
    refresh(books)
    found, today = incident(books), timezone.localdate()
    good = str(today + timedelta(days=5))
    for until, reason in (
        (good, ""),
        ("", "x"),
        (str(today - timedelta(days=1)), "x"),
        (str(today + timedelta(days=400)), "x"),
        ("2026-02-31", "x"),
        ("9999999-01-01", "x"),
    ):
        client.post(card(books, found, "snooze/"), {"until": until, "reason": reason})
        assert incident(books).state == "open", (until, reason)
    client.post(card(books, found, "snooze/"), {"until": good, "reason": "The accountant decides"})
    snoozed = incident(books)
    assert (snoozed.state, snoozed.snooze_reason) == ("snoozed", "The accountant decides")
    assert timezone.localtime(snoozed.snoozed_until).date() >= today
    client.post(card(books, found, "snooze/"), {"wake": "yes"})
    assert incident(books).state == "open"
    actions = set(AuditEntry.objects.filter(object_type="incident").values_list("action", flat=True))
    assert {"incident.snoozed", "incident.woken"} <= actions


def test_what_is_settled_can_not_be_taken(books: Books) -> None:
    client = login(books)
    change = refused(books)
    refresh(books)
    found = incident(books)
    Change.objects.filter(pk=change.pk).update(state="done")
    refresh(books)
    answer = client.post(card(books, found, "assign/"), {"to": "me"}, follow=True)
    assert "settled meanwhile" in answer.content.decode()
    assert incident(books).assignee is None


def test_retrying_shows_what_it_comes_to_first(books: Books) -> None:
    client = login(books)
    changes = [refused(books) for _ in range(3)]
    refresh(books)
    url = card(books, incident(books), "retry/")
    preview = client.post(url, {"scope": "all"}).content.decode()
    assert "Retry 3 records?" in preview
    assert Change.objects.filter(state="parked").count() == 3
    hidden = dict(re.findall(r'name="(scope|newest|confirmed)" value="(\w+)"', preview))
    late = refused(books)
    answer = client.post(url, hidden, follow=True)
    assert "3 records are sent again" in answer.content.decode()
    assert set(Change.objects.filter(state="pending").values_list("pk", flat=True)) == {
        item.pk for item in changes
    }
    late.refresh_from_db()
    assert late.state == ChangeState.PARKED, "it was not in what was shown"
    assert Run.objects.filter(state=RunState.QUEUED).exists()
    assert AuditEntry.objects.filter(action="change.retried").count() == 3


def test_retrying_some(books: Books) -> None:
    client = login(books)
    one, two = refused(books), refused(books)
    other = refused(books, reason="has_payments")
    refresh(books)
    url = card(books, incident(books), "retry/")
    preview = client.post(url, {"change": [one.pk, other.pk]}).content.decode()
    assert "Retry 1 record?" in preview
    client.post(url, {"change": [one.pk, other.pk], "confirmed": "yes"})
    states = {item.pk: item.state for item in Change.objects.all()}
    assert states == {one.pk: "pending", two.pk: "parked", other.pk: "parked"}
    again = client.post(url, {"change": [one.pk], "confirmed": "yes"}, follow=True)
    assert "Tick at least one record" in again.content.decode()


def test_retrying_twice_at_once_sends_once(books: Books) -> None:
    client = login(books)
    refused(books)
    refresh(books)
    url = card(books, incident(books), "retry/")
    for _ in range(2):
        client.post(url, {"scope": "all", "confirmed": "yes"})
    assert AuditEntry.objects.filter(action="change.retried").count() == 1


def test_only_what_was_stopped_can_be_retried(books: Books) -> None:
    client = login(books)
    rows.make_change(books, state="pending", reason="", tries=1)
    refresh(books)
    answer = client.post(card(books, incident(books, "trouble"), "retry/"), {"scope": "all"}, follow=True)
    assert "Tick at least one record" in answer.content.decode()


def test_skipping_shows_what_it_leaves_behind(books: Books) -> None:
    client = login(books, Role.ADMIN)
    invoice = refused(books, amount=Decimal("220.00"))
    for _ in range(2):
        rows.make_change(
            books,
            Kind.PAYMENT,
            refs={"invoice": invoice.source_external_id},
            amount=Decimal("50.00"),
            reason="no_invoice",
        )
    rows.make_change(books, Kind.PAYMENT, depends_on=invoice, amount=Decimal("7.00"), state="pending")
    rows.make_change(books, Kind.PAYMENT, refs={"invoice": "another"})
    unclear = refused(books, look_up_first=True)
    refresh(books)
    url = card(books, incident(books), "skip/")
    preview = client.post(url, {"scope": "all"}).content.decode()
    assert "Skip 1 record?" in preview
    assert "$220.00" in preview
    assert "3 payments" in preview
    assert "$107.00" in preview
    assert "1 of those chosen can't be skipped" in preview
    missing = client.post(url, {"scope": "all", "confirmed": "yes"}).content.decode()
    assert "Say why" in missing
    assert not Change.objects.filter(state="cancelled").exists()
    client.post(url, {"scope": "all", "confirmed": "yes", "note": "Paid in cash", "followers": "yes"})
    assert Change.objects.filter(state="cancelled", message="Paid in cash").count() == 4
    unclear.refresh_from_db()
    assert unclear.state == ChangeState.PARKED


def test_skipping_a_client_reaches_its_payments(books: Books) -> None:
    client = login(books, Role.OWNER)
    person = refused(books, Kind.CONTACT, reason="duplicate_name")
    bill = rows.make_change(books, refs={"contact": person.source_external_id}, reason="no_link")
    rows.make_change(books, Kind.PAYMENT, refs={"invoice": bill.source_external_id}, reason="no_invoice")
    refresh(books)
    url = card(books, incident(books, "rejected.duplicate_name"), "skip/")
    preview = re.sub(r"\s+", " ", client.post(url, {"scope": "all"}).content.decode())
    assert "1 invoice<" in preview
    assert "1 payment<" in preview
    client.post(url, {"scope": "all", "confirmed": "yes", "note": "A test client"})
    assert Change.objects.filter(state="cancelled").count() == 1


def test_skipping_is_for_those_who_may_cancel(books: Books) -> None:
    refused(books)
    refresh(books)
    client = login(books, Role.STAFF)
    assert client.post(card(books, incident(books), "skip/"), {"scope": "all"}).status_code == 403
    assert "Skip" not in page(client, books, f"problems/{incident(books).pk}/")


def test_another_practices_records_are_out_of_reach(books: Books) -> None:
    other = rows.make_books(Mode.TAKE_OVER)
    theirs = refused(other)
    refused(books)
    refresh(books)
    refresh(other)
    client = login(books, Role.OWNER)
    own = incident(books)
    for act in ("retry", "skip"):
        url = card(books, own, f"{act}/")
        client.post(url, {"change": [theirs.pk], "confirmed": "yes", "note": "x"})
        foreign = card(books, incident(other), f"{act}/")
        assert client.post(foreign, {"scope": "all", "confirmed": "yes", "note": "x"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == ChangeState.PARKED
