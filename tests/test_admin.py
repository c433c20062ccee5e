"""Support's pages of mappings and syncing: every row is seen, none edited, every act leaves a trace."""

import uuid
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from mappings import services
from mappings.models import MappingSet, ValueMap
from mappings.spec import Choices
from practices.models import AuditEntry, Practice, Provider, Role, User
from practices.record_admin import CappedPaginator, pretty_json
from sync.models import (
    Attempt,
    Change,
    ChangeState,
    Event,
    Flow,
    Link,
    ParkedAs,
    Review,
    ReviewState,
    Run,
    RunState,
    Snapshot,
    Trigger,
)
from tests.admin_pages import list_url, logged_in, row_url
from tests.make import make_connection, make_member, make_practice, make_user
from tests.sync.rows import make_event

pytestmark = pytest.mark.django_db


class Books:
    """A practice with what the acts are about."""

    def __init__(self, name: str = "Harbour Lane Advisory", slug: str = "harbour") -> None:
        self.practice: Practice = make_practice(name, slug=slug)
        own = {"practice": self.practice}
        self.source = make_connection(self.practice, Provider.IGNITION)
        self.target = make_connection(self.practice, Provider.XERO)
        self.mapping = services.publish(self.practice, Choices(tax_by_label={"GST": "OUTPUT"}), actor=None)
        self.flow = Flow.objects.create(**own, source="ignition", target="xero", kind="invoice")
        self.run = Run.objects.create(
            **own, trigger=Trigger.SCHEDULE, state=RunState.DONE, lease_token=uuid.uuid4()
        )
        sides = {"source_connection": self.source, "target_connection": self.target}
        self.snapshot = Snapshot.objects.create(
            **own,
            connection=self.source,
            kind="invoice",
            external_id=f"inv_{slug}",
            number="1042",
            record={
                "external_id": "inv_1",
                "contact_external_id": "cli_1",
                "number": "1042",
                "total": "495.00",
            },
            raw={"payment": {"access_token": "tok-very-secret", "amount": "495.00"}, "note": "<b>bold</b>"},
            content_hash="x",
            date=date(2026, 11, 2),
            amount=Decimal("495.00"),
            currency="AUD",
        )
        Link.objects.create(
            **own,
            **sides,
            kind="contact",
            source_external_id="cli_1",
            target_external_id="con-1",
            method="number",
        )
        self.review = Review.objects.create(
            **own,
            **sides,
            kind="contact",
            source_external_id=f"cli_{slug}",
            title="Blue Bell",
            state=ReviewState.IGNORED,
        )
        self.parked = self.change(
            "Invoice 1042", ChangeState.PARKED, parked_as=ParkedAs.REJECTED, message="No.", tries=3
        )
        self.pending = self.change("Invoice 1043", ChangeState.PENDING)
        attempt = Attempt.objects.create(
            **own, connection=self.target, run=self.run, kind="invoice", verb="create"
        )
        attempt.changes.add(self.parked)
        self.event = make_event(self.source, "invoice", f"inv_{slug}", state="done")

    def change(self, title: str, state: str, **extra: object) -> Change:
        made: Change = Change.objects.create(
            practice=self.practice,
            flow=self.flow,
            connection=self.target,
            source_connection=self.source,
            kind="invoice",
            verb="create",
            source_external_id=f"{self.practice.slug} {title}",
            title=title,
            state=state,
            values={"number": title},
            **extra,
        )
        return made


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def support() -> User:
    return make_user("support@example.com", is_staff=True)


@pytest.fixture
def web(support: User) -> Client:
    return logged_in(support)


def act(client: Client, action: str, *rows: models.Model) -> str:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    response = client.post(list_url(type(rows[0])), data, follow=True)
    assert response.status_code == 200
    return unescape(response.content.decode())


@pytest.mark.parametrize(
    ("model", "word", "found"),
    [
        (Snapshot, "inv_harbour", 1),
        (Snapshot, "inv_harb", 0),
        (Snapshot, "1042", 2),
        (Snapshot, "kauri", 1),
        (Snapshot, "Lane", 1),
        (Snapshot, "kauri 1042", 1),
        (Change, "kauri", 2),
        (Link, "con-1", 2),
        (Review, "cli_kauri", 1),
        (Event, "inv_kauri", 1),
        (Event, "harbour", 1),
        (ValueMap, "OUTPUT", 2),
        (MappingSet, "harbour", 1),
    ],
)
def test_search_by_practice_and_by_whole_id(
    web: Client, books: Books, model: type[models.Model], word: str, found: int
) -> None:
    Books("Kauri Point", "kauri")
    response = web.get(list_url(model), {"q": word})
    assert len(response.context["cl"].result_list) == found


def test_json_is_readable_and_holds_no_secrets(web: Client, books: Books) -> None:
    page = web.get(row_url(books.snapshot)).content.decode()
    assert "tok-very-secret" not in page
    assert "(hidden)" in page
    assert "<b>bold</b>" not in page
    assert "&quot;total&quot;: &quot;495.00&quot;" in page
    run = web.get(row_url(books.run)).content.decode()
    assert str(books.run.lease_token) not in run


def test_long_json_is_cut() -> None:
    assert "more characters" in pretty_json(["x" * 60_000])
    assert (
        pretty_json({"keys": {"Api-Key": "k", "empty_token": ""}, "list": [{"PASSWORD": 1}]}).count("hidden")
        == 2
    )


def test_long_lists_are_counted_only_so_far(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("practices.record_admin.COUNT_UP_TO", 1)
    assert CappedPaginator(Change.objects.order_by("pk"), 1).count == 1


def test_retry(web: Client, support: User, books: Books) -> None:
    page = act(web, "retry", books.parked, books.pending)
    assert "Retrying 1 change;" in page
    books.parked.refresh_from_db()
    assert (books.parked.state, books.parked.parked_as, books.parked.tries) == (ChangeState.PENDING, "", 0)
    entry = AuditEntry.objects.get(practice=books.practice, action="change.retried")
    assert (entry.actor, entry.object_id) == (support, str(books.parked.pk))
    queued = Run.objects.exclude(purpose="live").get(practice=books.practice, state=RunState.QUEUED)
    assert queued.actor == support
    assert Run.objects.filter(practice=books.practice, purpose="live").exists(), (
        "it goes out before a backlog"
    )


def test_retry_plans_for_every_practice(web: Client, books: Books) -> None:
    other = Books("Kauri Point", "kauri")
    assert "Retrying 2 changes;" in act(web, "retry", books.parked, other.parked)
    rows = Run.objects.exclude(purpose="live").filter(state=RunState.QUEUED)
    queued = rows.values_list("practice__slug", flat=True)
    assert sorted(queued) == ["harbour", "kauri"]


def test_park(web: Client, support: User, books: Books) -> None:
    in_flight = books.change("Invoice 1044", ChangeState.IN_FLIGHT)
    assert "Parked 1 change;" in act(web, "park", books.pending, books.parked, in_flight)
    for row in (books.pending, books.parked, in_flight):
        row.refresh_from_db()
    assert (books.pending.state, books.pending.reason) == (ChangeState.PARKED, "support")
    assert (books.parked.parked_as, in_flight.state) == (ParkedAs.REJECTED, ChangeState.IN_FLIGHT)
    entry = AuditEntry.objects.get(practice=books.practice, action="change.parked")
    assert (entry.actor, entry.object_id) == (support, str(books.pending.pk))
    assert "Retrying 1 change;" in act(web, "retry", books.pending)


def test_queue_a_sync(web: Client, support: User, books: Books) -> None:
    assert "Queued a sync for 1 practice." in act(web, "queue_a_sync", books.run)
    queued = Run.objects.get(practice=books.practice, state=RunState.QUEUED)
    assert (queued.actor, queued.trigger) == (support, Trigger.PERSON)
    act(web, "queue_a_sync", books.run, queued)
    assert Run.objects.filter(practice=books.practice, state=RunState.QUEUED).count() == 1
    entries = AuditEntry.objects.filter(practice=books.practice, action="run.queued", actor=support)
    assert [entry.object_id for entry in entries] == [str(queued.pk), str(queued.pk)]


def test_reopen(web: Client, support: User, books: Books) -> None:
    assert "Reopened 1." in act(web, "reopen", books.review)
    books.review.refresh_from_db()
    assert books.review.state == ReviewState.OPEN
    entry = AuditEntry.objects.get(practice=books.practice, action="review.reopened")
    assert (entry.actor, entry.object_id) == (support, str(books.review.pk))
    assert "Reopened 0." in act(web, "reopen", books.review)


def test_review_that_can_not_be_taken_back_is_named(web: Client, books: Books) -> None:
    Review.objects.filter(pk=books.review.pk).update(state=ReviewState.LINKED)
    change = books.change("Blue Bell", ChangeState.DONE)
    Change.objects.filter(pk=change.pk).update(
        kind="contact", source_external_id=books.review.source_external_id
    )
    page = act(web, "reopen", books.review)
    assert "Blue Bell: " in page
    assert "Reopened 0." in page


def test_look_again_at_what_was_reported(web: Client, support: User, books: Books, settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    other = Books("Kauri Point", "kauri")
    assert "2 are looked at again." in act(web, "look_again", books.event, other.event)
    books.event.refresh_from_db()
    assert (books.event.state, books.event.replays) == ("waiting", 1)
    entry = AuditEntry.objects.get(practice=books.practice, action="events.replayed")
    assert entry.actor == support
    assert Run.objects.filter(purpose="live", state=RunState.QUEUED).count() == 2
    assert "0 are looked at again." in act(web, "look_again", books.event)


def test_members_can_not_act(books: Books) -> None:
    owner = logged_in(make_member(books.practice, Role.OWNER))
    owner.post(list_url(Change), {"action": "park", "_selected_action": [str(books.pending.pk)]})
    books.pending.refresh_from_db()
    assert books.pending.state == ChangeState.PENDING


def test_pages_are_branded_and_have_no_inline_style(web: Client, books: Books) -> None:
    for url in (reverse("admin:index"), list_url(Change), row_url(books.parked)):
        page = web.get(url).content.decode()
        assert "Support</title>" in page
        assert "css/support.css" in page
        assert "style=" not in page
        assert "<style" not in page
