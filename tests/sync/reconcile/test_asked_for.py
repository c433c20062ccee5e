"""What a person asked for is kept on the Change itself, and every later plan knows it."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from sync.approvals import deciding
from sync.flows import sides_of
from sync.models import Approval, ApprovalState, Change, ChangeState, Kind, Mode, Verb
from sync.planning import plan_all
from sync.reconcile import fixing
from sync.wishes import ASKED, WHOLE, open_wishes, wish_of
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books, make_change, make_link, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    return make_books(Mode.TAKE_OVER)


def plan(books: Books) -> None:
    sides, flows = sides_of(books.practice)[0]
    plan_all(sides, flows, None)


def test_only_open_changes_that_somebody_asked_for_are_wishes(books: Books) -> None:
    person = books.member()
    make_change(books, Kind.CONTACT, released_by=person, remarks=[ASKED])
    make_change(books, Kind.CONTACT, asked_for=["email"], state=ChangeState.CANCELLED)
    asked = make_change(books, Kind.CONTACT, asked_for=["email"], verb=Verb.UPDATE, values={"email": "a@b.c"})
    whole = make_change(books, Kind.INVOICE, asked_for=[WHOLE])
    found = open_wishes(books.source, books.target)
    assert [item.source_external_id for item in found] == [asked.source_external_id, whole.source_external_id]
    assert [item.fields for item in found] == [{"email"}, set()]
    assert [list(item.asked_for) for item in found] == [asked.asked_for, whole.asked_for]


def test_older_changes_are_known_by_their_remark_once(books: Books) -> None:
    person = books.member()
    values = {"name": "Alder", "email": "a@b.c", "kept": {}}
    update = make_change(
        books, Kind.CONTACT, released_by=person, remarks=["Said", ASKED], verb=Verb.UPDATE, values=values
    )
    create = make_change(books, released_by=person, remarks=[ASKED])
    nobody = make_change(books, remarks=[ASKED])
    other = make_change(books, released_by=person, remarks=["Rounded"])
    over = make_change(books, released_by=person, remarks=[ASKED], state=ChangeState.SUPERSEDED)
    fill = import_module("sync.migrations.0019_asked_for").fill
    for _ in range(2):
        fill(apps, None)
        rows = [update, create, nobody, other, over]
        for row in rows:
            row.refresh_from_db()
        assert [row.asked_for for row in rows] == [["email", "name"], [WHOLE], [], [], []]


def test_a_conflict_that_a_plan_found_before_becomes_what_was_asked_for(books: Books) -> None:
    here = make_snapshot(books.source, Kind.CONTACT, name="Alder", email="new@example.com", status="active")
    there = make_snapshot(books.target, Kind.CONTACT, name="Alder", email="old@example.com", status="ACTIVE")
    make_link(books, here, there)
    plan(books)
    conflict: Change = Change.objects.get()
    assert (conflict.state, conflict.reason, conflict.asked_for) == (ChangeState.HELD, "conflict", [])
    row = make_mismatch(books, "contact_email", source_external_ids=[here.external_id])
    asker, other = books.member(), books.member()
    assert fixing.fix(books.practice, [row.pk], actor=asker).waiting == 1
    for _ in range(2):
        plan(books)
        change: Change = Change.objects.open().get()
        assert (change.pk, change.asked_for) == (conflict.pk, ["email"])
        assert (change.state, change.reason) == (ChangeState.HELD, "approval"), (
            "no plan sends it round the second person"
        )
        assert ASKED in change.remarks
        assert wish_of(change).asks
    ids = Approval.objects.filter(state=ApprovalState.WAITING).values_list("pk", flat=True)
    assert deciding.approve(list(ids), books.practice, other) == 1
    plan(books)
    change.refresh_from_db()
    assert change.state == ChangeState.PENDING


def test_a_request_that_ran_out_is_asked_again_for_the_same_change(books: Books) -> None:
    here = make_snapshot(books.source, Kind.CONTACT, name="Alder", email="new@example.com", status="active")
    there = make_snapshot(books.target, Kind.CONTACT, name="Alder", email="old@example.com", status="ACTIVE")
    make_link(books, here, there)
    row = make_mismatch(books, "contact_email", source_external_ids=[here.external_id])
    asker, other = books.member(), books.member()
    assert fixing.fix(books.practice, [row.pk], actor=asker).waiting == 1
    row.refresh_from_db()
    assert deciding.expire(timezone.now() + timedelta(days=90)) == 1
    for _ in range(2):
        assert fixing.fix(books.practice, [row.pk], actor=other).waiting == 1
        waiting = Approval.objects.get(state=ApprovalState.WAITING)
        assert (waiting.change, waiting.asked_by) == (row.change, other)
    assert deciding.approve([waiting.pk], books.practice, asker) == 1
