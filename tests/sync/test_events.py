"""The pages of what was reported, and looking at it again."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import AuditEntry, Connection, ConnectionState, Role
from sync import inbox, replay
from sync.models import Event, EventState, Kind, Pulse, Purpose, Run
from sync.pages import events as pages
from tests.make import make_hook_secret
from tests.sync.rows import Books, make_books, make_event, make_run, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books(name="Harbour Lane", slug="harbour")


def browser(books: Books, role: str = Role.STAFF) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


@pytest.fixture
def staff(books: Books) -> Client:
    return browser(books)


def page(client: Client, url: str, **params: Any) -> str:
    answer = client.get(url, params)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def listed(client: Client, **params: Any) -> set[str]:
    answer = client.get("/p/harbour/events/", params)
    assert answer.status_code == 200
    return {row.event.external_id for row in answer.context["page"].rows}


def test_the_list_leads_to_record_and_sync(books: Books, staff: Client) -> None:
    run = make_run(books)
    snapshot = make_snapshot(books.source, Kind.INVOICE, "inv_a", number="1042")
    now = timezone.now()
    make_event(
        books.source,
        Kind.INVOICE,
        "inv_a",
        state=EventState.DONE,
        received_at=now,
        handled_at=now + timedelta(seconds=1.26),
        run=run,
        repeats=2,
    )
    make_event(books.target, Kind.CONTACT, "never-read")
    text = page(staff, "/p/harbour/events/")
    assert f'href="/p/harbour/records/{snapshot.pk}/">1042</a>' in text
    assert f'href="/p/harbour/activity/{run.pk}/"' in text
    assert "1.3 s" in text
    assert "sent 3 times" in text
    assert "never-read" in text


def test_narrowing_the_list(books: Books, staff: Client) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    make_event(books.source, Kind.INVOICE, "a", state=EventState.DONE, provider_event_id="evt_of_a")
    make_event(books.source, Kind.PAYMENT, "b", source="bridge", received_at=long_ago)
    make_event(books.target, Kind.INVOICE, "c", state=EventState.ECHO)
    make_event(books.target, "", "d", state=EventState.IGNORED)
    assert listed(staff) == {"a", "b", "c", "d"}
    assert listed(staff, state="done") == {"a"}
    assert listed(staff, system="xero") == {"c", "d"}
    assert listed(staff, system="xero", kind="invoice") == {"c"}
    assert listed(staff, kind="none") == {"d"}
    assert listed(staff, source="bridge") == {"b"}
    assert listed(staff, q=" c ") == {"c"}
    assert listed(staff, q="evt_of_a") == {"a"}
    assert listed(staff, q="evt_of") == set()
    assert listed(staff, since=(timezone.now() - timedelta(days=2)).date()) == {"a", "c", "d"}
    assert listed(staff, until=(timezone.now() - timedelta(days=30)).date()) == {"b"}
    assert listed(staff, since="9999-12-31") == listed(staff, until="0001-01-01") == set()
    assert "No report fits" in page(staff, "/p/harbour/events/", state="waiting", kind="person")


def test_days_are_the_practices_own(books: Books, staff: Client) -> None:
    """In Sydney the 21st begins while it is still the 20th in UTC."""
    evening = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    make_event(books.source, Kind.INVOICE, "late", received_at=evening)
    assert listed(staff, since="2026-11-21", until="2026-11-21") == {"late"}
    assert listed(staff, until="2026-11-20") == set()


def test_more_rows_take_no_more_queries(books: Books, staff: Client) -> None:
    make_snapshot(books.source, Kind.INVOICE, "inv_0")
    make_event(books.source, Kind.INVOICE, "inv_0", run=make_run(books))
    page(staff, "/p/harbour/events/")
    with CaptureQueriesContext(connection) as few:
        page(staff, "/p/harbour/events/")
    for number in range(60):
        make_event(books.source if number % 2 else books.target, Kind.CONTACT, f"cli_{number}")
    with CaptureQueriesContext(connection) as more:
        page(staff, "/p/harbour/events/")
    assert len(few) == len(more)


def test_a_long_list_is_counted_only_so_far(
    books: Books, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "COUNTED", 55)
    for number in range(60):
        make_event(books.source, Kind.CONTACT, f"cli_{number}")
    assert "of more than 55" in page(staff, "/p/harbour/events/")
    assert "51–60" in page(staff, "/p/harbour/events/", page=2)  # noqa: RUF001  the pager's own dash


def test_the_empty_page_says_how_to_switch_it_on(books: Books, settings: Any) -> None:
    settings.BASE_URL = "https://sync.example.com"
    settings.XERO_WEBHOOK_KEY = []
    text = page(browser(books, Role.ADMIN), "/p/harbour/events/")
    assert "Nothing has been reported yet" in text
    assert "https://sync.example.com/hooks/xero/" in text
    assert f"https://sync.example.com/hooks/ignition/{books.source.public_id}/" in text
    assert "developer portal" in text
    assert "by whoever runs it" in text
    viewer = page(browser(books, Role.VIEWER), "/p/harbour/events/")
    assert "Ask an owner or admin" in viewer
    assert "/hooks/xero/" not in viewer


def test_how_well_reporting_works(books: Books, staff: Client, settings: Any) -> None:
    settings.XERO_WEBHOOK_KEY = ["k" * 40]
    Pulse.beat(inbox.XERO_CHECKED)
    used = timezone.now() - timedelta(hours=3)
    make_hook_secret(books.source, last_used_at=used)
    for state in (EventState.DONE, EventState.DONE, EventState.ECHO, EventState.WAITING):
        make_event(books.target, state=state)
    make_event(books.target, state=EventState.IGNORED, received_at=timezone.now() - timedelta(days=2))
    with CaptureQueriesContext(connection) as queries:
        ignition, xero = pages.health_of(books.practice)
    assert len(queries) <= 6
    assert (xero.is_ready, xero.day_total, xero.day) == (
        True,
        4,
        {"waiting": 1, "done": 2, "echo": 1, "ignored": 0},
    )
    assert xero.checked_at is not None
    assert (ignition.is_ready, ignition.last_at, ignition.checked_at) == (True, None, used)
    text = page(staff, "/p/harbour/events/")
    assert "2 looked at, 1 known already, 0 not of interest" in text
    assert "Nothing is lost, only later." in text


def test_one_report_as_it_came_in(books: Books, staff: Client) -> None:
    event = make_event(
        books.source,
        Kind.INVOICE,
        "inv_a",
        body='{"name": "<b>bold</b>", "api_key": "tell-nobody"}',
        headers={"User-Agent": "Zapier"},
        message="Looked at.",
        state=EventState.DONE,
    )
    text = page(staff, f"/p/harbour/events/{event.pk}/")
    assert "<b>bold</b>" in text
    assert "tell-nobody" not in text
    assert "Zapier" in text
    raw = staff.get(f"/p/harbour/events/{event.pk}/").content.decode()
    assert "<b>bold</b>" not in raw
    odd = make_event(books.source, body="no json <script>")
    assert "no json &lt;script&gt;" in staff.get(f"/p/harbour/events/{odd.pk}/").content.decode()


def test_looking_again_at_one(books: Books, staff: Client) -> None:
    event = make_event(
        books.source,
        Kind.INVOICE,
        "inv_a",
        state=EventState.ECHO,
        message="Known already",
        handled_at=timezone.now(),
        run=make_run(books),
    )
    assert "Look again" in page(staff, f"/p/harbour/events/{event.pk}/")
    for _ in range(2):
        staff.post(f"/p/harbour/events/{event.pk}/again/")
    event.refresh_from_db()
    assert (event.state, event.replays, event.message) == (EventState.WAITING, 1, "")
    assert (event.handled_at, event.run) == (None, None)
    assert Run.objects.filter(purpose=Purpose.LIVE).count() == 1
    entry = AuditEntry.objects.get(action="events.replayed")
    assert (entry.object_id, entry.details) == (str(event.pk), {"events": 1})
    text = page(staff, f"/p/harbour/events/{event.pk}/")
    assert entry.summary in text
    assert 'again/"' not in text


def test_viewers_look_only(books: Books) -> None:
    event = make_event(books.source, state=EventState.DONE)
    viewer = browser(books, Role.VIEWER)
    assert "again/" not in page(viewer, "/p/harbour/events/")
    assert viewer.post(f"/p/harbour/events/{event.pk}/again/").status_code == 403
    assert viewer.get("/p/harbour/events/again/").status_code == 403


def test_looking_again_at_a_selection(books: Books, staff: Client) -> None:
    for number in range(4):
        make_event(books.source, Kind.INVOICE, f"inv_{number % 2}", state=EventState.DONE)
    make_event(books.source, "", "x", state=EventState.IGNORED)
    make_event(books.source, Kind.INVOICE, "inv_9", state=EventState.WAITING)
    other = make_event(make_books().source, Kind.INVOICE, "inv_0", state=EventState.DONE)
    url = "/p/harbour/events/again/?kind=invoice&system=ignition"
    cost = staff.get(url).context["cost"]
    assert (cost.events, cost.records, cost.lists, cost.cut) == (4, 2, 1, False)
    late = make_event(books.source, Kind.INVOICE, "inv_late", state=EventState.DONE)
    answer = staff.post(url, {"newest": str(cost.newest_id)}, follow=True)
    assert "4 are looked at again" in answer.content.decode()
    assert answer.redirect_chain[0][0] == "/p/harbour/events/?kind=invoice&system=ignition"
    replayed = Event.objects.filter(replays=1)
    assert set(replayed.values_list("external_id", flat=True)) == {"inv_0", "inv_1"}
    for untouched in (late, other):
        untouched.refresh_from_db()
        assert untouched.state == EventState.DONE
    entry = AuditEntry.objects.get(action="events.replayed")
    assert "4 reported changes: system Ignition, what Invoices" in entry.summary
    assert (
        "nothing to look at again"
        in staff.post(url, {"newest": str(cost.newest_id)}, follow=True).content.decode()
    )


def test_everything_unsaid_reads_three_lists(books: Books) -> None:
    make_event(books.source, "", "x", state=EventState.DONE)
    make_event(books.target, Kind.CONTACT, "y", state=EventState.DONE)
    cost = replay.cost_of(Event.objects.filter(practice=books.practice))
    assert (cost.events, cost.records, cost.lists) == (2, 2, 4)


@pytest.mark.parametrize("newest", ["", "x", "-1", "9" * 30])
def test_a_selection_has_to_be_seen_first(books: Books, staff: Client, newest: str) -> None:
    make_event(books.source, state=EventState.DONE)
    staff.post("/p/harbour/events/again/", {"newest": newest})
    assert not Event.objects.filter(replays__gt=0).exists()


def test_a_filter_that_can_not_be_read_chooses_nothing(books: Books, staff: Client) -> None:
    event = make_event(books.source, state=EventState.DONE)
    url = "/p/harbour/events/again/?state=nonsense&since=never"
    assert staff.get(url).context["cost"].events == 0
    staff.post(url, {"newest": str(event.pk)})
    assert not Event.objects.filter(replays__gt=0).exists()


def test_ended_connections_are_left_alone(books: Books, staff: Client) -> None:
    event = make_event(books.source, state=EventState.DONE)
    Connection.objects.filter(pk=books.source.pk).update(state=ConnectionState.DISCONNECTED)
    assert "Look again</button>" not in page(staff, f"/p/harbour/events/{event.pk}/")
    staff.post(f"/p/harbour/events/{event.pk}/again/")
    event.refresh_from_db()
    assert event.state == EventState.DONE


def test_only_so_many_at_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_AT_ONCE", 3)
    for number in range(5):
        make_event(books.source, Kind.INVOICE, f"inv_{number}", state=EventState.DONE)
    rows = Event.objects.filter(practice=books.practice)
    assert replay.cost_of(rows).cut
    assert replay.again(books.practice, rows, actor=None, what="all") == 3
    assert replay.again(books.practice, rows, actor=None, what="all") == 2
    assert replay.again(books.practice, rows, actor=None, what="all") == 0
