"""Decisions reach only the practice's own records, and say so when there is nothing left to decide."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from practices.models import AuditEntry
from sync import decisions, incidents
from sync.models import Change, ChangeState, Kind, Link, Mode
from tests.make import make_user
from tests.sync import rows
from tests.sync.desk import refused
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    return rows.make_books(Mode.TAKE_OVER)


def states(*changes: Change) -> list[str]:
    found = Change.objects.in_bulk([change.pk for change in changes])
    return [found[change.pk].state for change in changes]


def test_ids_of_another_practice_are_not_touched(books: Books) -> None:
    other, actor = rows.make_books(Mode.TAKE_OVER), books.member()
    theirs = [refused(other), rows.make_change(other, reason="conflict"), rows.make_change(other)]
    ids = [change.pk for change in theirs]
    before = states(*theirs)
    assert decisions.retry(ids, practice=books.practice, actor=actor) == 0
    assert decisions.cancel(ids, practice=books.practice, actor=actor, note="no") == 0
    for act in (decisions.release, decisions.keep):
        with pytest.raises(decisions.NotAllowed):
            act(ids, practice=books.practice, actor=actor)
    assert states(*theirs) == before
    assert not AuditEntry.objects.filter(action__startswith="change.").exists()


def test_keeping_a_value_without_a_link_is_refused_in_words(books: Books) -> None:
    change = rows.make_change(books, Kind.CONTACT, reason="conflict", verb="update")
    with pytest.raises(decisions.NotAllowed, match="not linked any more"):
        decisions.keep([change.pk], practice=books.practice, actor=books.member())
    assert states(change) == [ChangeState.HELD]


def test_keeping_several_keeps_those_that_can_be(books: Books) -> None:
    source = rows.make_snapshot(books.source, Kind.CONTACT, name="A")
    target = rows.make_snapshot(books.target, Kind.CONTACT, name="B")
    link = rows.make_link(books, source, target)
    good = rows.make_change(
        books,
        Kind.CONTACT,
        reason="conflict",
        verb="update",
        source_external_id=source.external_id,
        values={"name": "A"},
        before={"name": "B"},
    )
    loose = rows.make_change(books, Kind.CONTACT, reason="conflict", verb="update")
    ids = [good.pk, loose.pk]
    assert decisions.keep(ids, practice=books.practice, actor=books.member()) == 1
    assert states(good, loose) == [ChangeState.CANCELLED, ChangeState.HELD]
    link = Link.objects.get(pk=link.pk)
    assert (link.base_source, link.base_target) == ({"name": "A"}, {"name": "B"})


def test_many_at_once_cost_no_more_queries_than_a_few(books: Books) -> None:
    actor = books.member()

    def queries(number: int) -> int:
        ids = [refused(books).pk for _ in range(number)]
        incidents.refresh(books.practice)
        with CaptureQueriesContext(database) as caught:
            assert decisions.retry(ids, practice=books.practice, actor=actor) == number
        return len(caught)

    queries(1)
    assert queries(30) <= queries(3)
    assert AuditEntry.objects.filter(action="change.retried").count() == 34


def test_what_may_have_arrived_is_looked_up_first(books: Books) -> None:
    fresh, sent = refused(books), refused(books, first_sent_at="2026-11-20T00:00:00Z")
    looked = refused(books, look_up_first=True)
    ids = [fresh.pk, sent.pk, looked.pk]
    decisions.retry(ids, practice=books.practice, actor=books.member())
    found = Change.objects.in_bulk(ids)
    assert [found[pk].look_up_first for pk in ids] == [False, True, True]


def test_a_note_may_hold_anything(books: Books) -> None:
    change = refused(books)
    decisions.cancel([change.pk], practice=books.practice, actor=books.member(), note="{} {0} {x!r} %s")
    assert AuditEntry.objects.get(action="change.declined").summary.endswith("{} {0} {x!r} %s")


def test_support_sees_each_incident_and_the_way_to_its_records(client: Client, books: Books) -> None:
    refused(books)
    rows.make_change(books, state="pending", reason="", tries=1)
    rows.make_invoice(books, problem="No total")
    incidents.refresh(books.practice)
    client.force_login(make_user("support@example.com", is_staff=True))
    url = reverse("admin:sync_incident_changelist")
    for query in (
        {},
        {"practice__id__exact": books.practice.pk},
        {"state__exact": "open"},
        {"cause": "trouble"},
    ):
        assert client.get(url, query).status_code == 200, query
    page = client.get(url).content.decode()
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('<a href="')[1:]]
    ways = [link for link in links if link.startswith(("/admin/sync/change/?", "/admin/sync/snapshot/?"))]
    assert len(ways) >= 3
    for way in ways:
        answer = client.get(way)
        assert answer.status_code == 200, way
        assert "0 results" not in answer.content.decode()
