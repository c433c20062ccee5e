"""What a sync changed is compared right after it, and comes out as a comparison of everything would."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sync.flows import sides_of
from sync.models import (
    CompareSchedule,
    CompareState,
    Mismatch,
    MismatchState,
    ReconcileRun,
    Scope,
    Snapshot,
    Trigger,
)
from sync.part import clear_marks, find_part
from sync.reconcile import asking, running
from sync.reconcile.changed import NEEDS_ALL
from sync.reconcile.kinds import KINDS
from sync.reconcile.running import compare_now
from tests.sync.conftest import Office
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    made = make_books()
    read_lists(made)
    return made


def client(books: Books, name: str, *, here: str = "110.00", there: str = "110.00") -> tuple[str, Any]:
    """A linked client with one linked invoice; its id, and the document in the target."""
    at = make_snapshot(books.source, "contact", name=name, status="active")
    to = make_snapshot(books.target, "contact", name=name, status="ACTIVE")
    make_link(books, at, to)
    record = {"contact_external_id": at.external_id, "source_created_at": "2026-07-01T00:00:00+00:00"}
    invoice = make_invoice(
        books, amount=here, status="issued", party_external_id=at.external_id, record=record
    )
    document = make_invoice(
        books,
        at="target",
        amount=there,
        party_external_id=to.external_id,
        record={"contact_external_id": to.external_id},
    )
    make_link(books, invoice, document)
    return at.external_id, document


def set_total(document: Any, total: str) -> None:
    document.record["total"] = total
    document.save()


def note(books: Books, *clients: str) -> ReconcileRun:
    asking.note(books.practice.pk, clients)
    return ReconcileRun.objects.get(practice=books.practice, state=CompareState.WAITING)


def states(books: Books) -> dict[tuple[str, str], str]:
    rows = Mismatch.objects.filter(practice=books.practice, kind="invoice_total")
    return {(row.client, row.kind): row.state for row in rows}


def test_only_the_clients_that_changed_are_compared(books: Books) -> None:
    one, its = client(books, "One", there="120.00")
    _, others = client(books, "Two", there="130.00")
    compare_now(books.practice, trigger=Trigger.COMMAND)
    set_total(its, "110.00")
    set_total(others, "110.00")
    made = note(books, one)
    assert (made.scope, made.clients, made.trigger) == (Scope.CHANGED, [one], Trigger.EVENT)
    running.work(made.pk)
    made.refresh_from_db()
    assert (made.state, made.scope, made.fixed, made.totals, made.open_count) == (
        CompareState.DONE,
        Scope.CHANGED,
        1,
        [],
        Mismatch.objects.open().count(),
    )
    assert states(books) == {
        ("One", "invoice_total"): MismatchState.FIXED,
        ("Two", "invoice_total"): MismatchState.OPEN,
    }


def test_a_new_difference_is_there_and_another_client_s_is_left_alone(books: Books) -> None:
    one, its = client(books, "One")
    client(books, "Two", there="130.00")
    compare_now(books.practice, trigger=Trigger.COMMAND)
    set_total(its, "150.00")
    made = note(books, one)
    running.work(made.pk)
    made.refresh_from_db()
    assert made.fresh == 1
    assert set(states(books).values()) == {MismatchState.OPEN}
    assert Mismatch.objects.get(client="One", kind="invoice_total").client_external_id == one


def test_an_accepted_difference_that_outgrew_its_ceiling_is_opened_right_after_the_sync(books: Books) -> None:
    one, its = client(books, "One", there="120.00")
    compare_now(books.practice, trigger=Trigger.COMMAND)
    Mismatch.objects.filter(kind="invoice_total").update(
        state=MismatchState.ACCEPTED, accepted_at=timezone.now(), reason="Fine", ceiling=125
    )
    set_total(its, "130.00")
    running.work(note(books, one).pk)
    assert states(books)["One", "invoice_total"] == MismatchState.OPEN


def test_without_an_earlier_comparison_or_under_a_new_mapping_it_is_everything(books: Books) -> None:
    one, _ = client(books, "One", there="120.00")
    made = note(books, one)
    running.work(made.pk)
    made.refresh_from_db()
    assert (made.scope, bool(made.totals)) == (Scope.FULL, True)
    ReconcileRun.objects.filter(pk=made.pk).update(mapping_version=7)
    made = note(books, one)
    running.work(made.pk)
    made.refresh_from_db()
    assert made.scope == Scope.FULL


def test_what_waits_takes_over_what_comes_after_it(books: Books) -> None:
    assert note(books, "a", "").clients == ["a"]
    assert note(books, "b").clients == ["a", "b"]
    asking.note(books.practice.pk, [])
    assert ReconcileRun.objects.count() == 1
    many = note(books, *(f"c{number}" for number in range(asking.MOST_CLIENTS)))
    assert (many.scope, many.clients) == (Scope.FULL, [])
    assert note(books, "d").scope == Scope.FULL
    assert ReconcileRun.objects.count() == 1


def test_they_don_t_follow_each_other_too_closely(books: Books) -> None:
    one, _ = client(books, "One")
    compare_now(books.practice, trigger=Trigger.COMMAND)
    first = note(books, one)
    assert running.to_wake(timezone.now()) == [first.pk], "the first one begins at once"
    running.work(first.pk)
    second = note(books, one)
    ended = ReconcileRun.objects.get(pk=first.pk).finished_at
    assert second.started_at == ended + asking.CHANGED_EVERY
    assert running.to_wake(timezone.now()) == []
    running.work(second.pk)
    assert ReconcileRun.objects.get(pk=second.pk).state == CompareState.WAITING, "not before its time"
    assert running.to_wake(timezone.now() + asking.CHANGED_EVERY) == [second.pk]
    asking.note(books.practice.pk, None)
    second.refresh_from_db()
    assert second.scope == Scope.FULL
    assert second.started_at > timezone.now() + asking.ALL_EVERY - timedelta(minutes=1)


def test_a_practice_that_does_not_want_it_is_left_alone(books: Books) -> None:
    CompareSchedule.objects.create(practice=books.practice, after_sync=False)
    asking.note(books.practice.pk, ["a"])
    assert not ReconcileRun.objects.exists()


def test_its_queries_do_not_grow_with_the_practice(books: Books) -> None:
    one, _ = client(books, "One")
    counts = []
    for _ in range(2):
        for number in range(4):
            client(books, f"Other {number}", there="130.00")
        compare_now(books.practice, trigger=Trigger.COMMAND)
        ReconcileRun.objects.filter(scope=Scope.CHANGED).delete()
        made = note(books, one)
        with CaptureQueriesContext(database) as queries:
            running.work(made.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_kinds_that_need_everything_are_kinds() -> None:
    assert set(KINDS) >= NEEDS_ALL


@pytest.fixture
def synced(small_office: Office) -> Office:
    """Taken over and compared as a whole; what happens from now on is compared in parts."""
    small_office.take_over()
    small_office.sync(full=True)
    compare_now(small_office.practice, trigger=Trigger.COMMAND)
    ReconcileRun.objects.exclude(state=CompareState.DONE).delete()
    return small_office


def test_after_a_sync_the_rows_are_those_that_comparing_everything_gives(synced: Office) -> None:
    before = told(synced)
    documents = [item for item in synced.ledger.invoices.values() if item["Status"] == "AUTHORISED"]
    for document in documents[:3]:
        document["Reference"] = "changed by hand"
    for contact in list(synced.ledger.contacts.values())[:3]:
        contact["EmailAddress"] = "moved@example.test"
    synced.sync(full=True)
    waiting = ReconcileRun.objects.get(practice=synced.practice, state=CompareState.WAITING)
    compared_in_part(synced, waiting)
    assert told(synced) != before
    assert_whole_agrees(synced)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_changed_the_part_comes_out_as_the_whole_does(synced: Office, seed: int) -> None:
    """Records of both sides are changed, emptied and taken away at random, then only their clients are compared."""
    dice = random.Random(seed)
    (sides, _), *_ = sides_of(synced.practice)
    changed = False
    for _ in range(4):
        rows = list(
            Snapshot.objects.filter(
                practice=synced.practice, kind__in=["contact", "invoice", "payment"], gone_at=None
            ).order_by("pk")
        )
        before = told(synced)
        for row in dice.sample(rows, 5):
            spoil(row, dice)
        part = find_part(sides)
        assert part is not None
        asking.note(synced.practice.pk, part.clients)
        clear_marks(sides)
        ReconcileRun.objects.filter(state=CompareState.WAITING).update(started_at=timezone.now())
        for waiting in ReconcileRun.objects.filter(state=CompareState.WAITING):
            compared_in_part(synced, waiting)
        changed = changed or told(synced) != before
        assert_whole_agrees(synced)
    assert changed


MONEY, WORDS, DAYS = ("total", "amount_due", "amount"), ("name", "email", "reference"), ("date", "due_date")


def spoil(row: Snapshot, dice: random.Random) -> None:
    """Change one record as its system might have, so that it has to be looked at again."""
    record = row.record
    how = dice.choice(["money", "words", "day", "gone", "status"])
    values = {
        "money": {name: str(Decimal(record[name]) + 7) for name in MONEY if record.get(name)},
        "words": {name: f"x{record[name]}" for name in WORDS if record.get(name)},
        "day": {name: "2026-10-01" for name in DAYS if record.get(name)},
        "status": {"status": dice.choice(["VOIDED", "DRAFT", "ARCHIVED", "draft", "void"])},
    }
    record.update(values.get(how, {}))
    row.gone_at = timezone.now() if how == "gone" else None
    row.to_plan = True
    row.save()


def compared_in_part(office: Office, waiting: ReconcileRun) -> None:
    assert waiting.scope == Scope.CHANGED
    running.work(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.scope, waiting.message) == (CompareState.DONE, Scope.CHANGED, "")


def assert_whole_agrees(office: Office) -> None:
    found = told(office)
    compare_now(office.practice, trigger=Trigger.COMMAND)
    assert told(office) == found


def told(office: Office) -> list[tuple[str, ...]]:
    """The open differences that hang on one client and can be told from its own records."""
    rows = Mismatch.objects.open().filter(practice=office.practice)
    own = rows.exclude(client_external_id="").exclude(kind__in=NEEDS_ALL)
    return sorted(own.values_list("kind", "client", "fingerprint", "text"))
