"""Reports from outside: kept once before they are answered, only from those who may, and a worker is woken."""

import json
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices import hooks
from practices.models import Connection, ConnectionState, HookSecret, Provider
from sync import inbox, urgent
from sync.models import Event, EventSource, EventState, Kind, Pulse, Purpose, Run
from tests.make import make_connection, make_hook_secret, make_practice
from tests.sync.hook_calls import (
    RECORD,
    XERO_KEY,
    hint,
    many_events,
    post_ignition,
    post_xero,
    signed_by_xero,
    signed_headers,
    xero_body,
    xero_event,
)
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db

SECRET = "whs_the-secret-of-these-tests"


@pytest.fixture(autouse=True)
def _key(settings: Any) -> None:
    settings.XERO_WEBHOOK_KEY = [XERO_KEY]


@pytest.fixture
def secret(books: Books) -> HookSecret:
    return make_hook_secret(books.source, secret=SECRET)


def is_plain(answer: Any) -> bool:
    """An answer as Xero wants it: empty, without a cookie, and depending on none."""
    bare = answer.content == b"" and answer["Content-Length"] == "0"
    return bool(bare and not answer.cookies and "Cookie" not in answer.get("Vary", ""))


# --- Xero ---------------------------------------------------------------------------------------------------


def test_an_event_of_xero_is_kept_and_collected(books: Books) -> None:
    answer = post_xero(xero_body(xero_event(books.target)))
    assert (answer.status_code, is_plain(answer)) == (200, True)
    event = Event.objects.get()
    assert (event.practice, event.connection) == (books.practice, books.target)
    assert (event.kind, event.external_id, event.action) == (Kind.INVOICE, RECORD, "invoice update")
    assert (event.state, event.source) == (EventState.WAITING, EventSource.WEBHOOK)
    assert json.loads(event.body) == xero_event(books.target)
    assert event.headers == {"Content-Type": "application/json", "User-Agent": "Xero-Webhook"}
    assert not Run.objects.exists(), "what the target reports waits a moment, the clock wakes for it"
    due = urgent.waiting(timezone.now() + urgent.COLLECTED)
    assert list(due) == [event]


def test_trying_out_the_address(books: Books) -> None:
    body = xero_body()
    for signature, status in (
        (signed_by_xero(body), 200),
        (signed_by_xero(body, "x" * 40), 401),
        ("", 401),
        (signed_by_xero(body), 200),
    ):
        answer = post_xero(body, signature=signature)
        assert (answer.status_code, is_plain(answer)) == (status, True)
    assert Pulse.objects.get().name == inbox.XERO_CHECKED
    assert not Event.objects.exists()


def test_a_key_can_be_changed_without_a_gap(books: Books, settings: Any) -> None:
    settings.XERO_WEBHOOK_KEY = ["n" * 40, XERO_KEY]
    body = xero_body(xero_event(books.target))
    assert post_xero(body).status_code == 200
    assert post_xero(body, signature=signed_by_xero(body, "n" * 40)).status_code == 200
    settings.XERO_WEBHOOK_KEY = ["n" * 40]
    assert post_xero(body).status_code == 401
    settings.XERO_WEBHOOK_KEY = []
    assert post_xero(body).status_code == 401


def test_a_cookie_is_not_looked_at(books: Books) -> None:
    client = Client()
    client.force_login(books.member())
    client.cookies["csrftoken"] = "x" * 32
    answer = post_xero(xero_body(xero_event(books.target)), client=client)
    assert (answer.status_code, is_plain(answer)) == (200, True)
    client.cookies["sessionid"] = "made-up"
    answer = post_xero(xero_body(), client=client, signature="wrong")
    assert (answer.status_code, is_plain(answer)) == (401, True)


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options", "patch"])
def test_only_posts(books: Books, method: str) -> None:
    for url in ("/hooks/xero/", f"/hooks/ignition/{books.source.public_id}/"):
        answer = getattr(Client(), method)(url)
        assert (answer.status_code, answer.content, answer.cookies) == (405, b"", {})


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"events": 5}', b"\xff", b"[" * 50_000])
def test_signed_and_not_what_xero_sends(body: bytes) -> None:
    answer = post_xero(body)
    assert (answer.status_code, is_plain(answer)) == (400, True)
    assert post_xero(body, signature="wrong").status_code == 401


def test_one_odd_event_does_not_hold_up_the_others(books: Books) -> None:
    odd = [None, {}, {"tenantId": 5, "eventCategory": {}}, xero_event(books.target, resourceId=[1])]
    assert post_xero(xero_body(*odd, xero_event(books.target))).status_code == 200
    assert sorted(Event.objects.values_list("state", flat=True)) == [EventState.IGNORED, EventState.WAITING]


def test_other_peoples_organisations_are_none_of_ours(books: Books) -> None:
    unknown = xero_event(books.target, tenantId=str(uuid.uuid4()))
    application = xero_event(books.target, tenantType="APPLICATION")
    assert post_xero(xero_body(unknown, application)).status_code == 200
    assert not Event.objects.exists()
    assert not Run.objects.exists()


def test_an_ignition_connection_is_no_organisation(books: Books) -> None:
    Connection.objects.filter(pk=books.source.pk).update(tenant_external_id="shared-id")
    assert post_xero(xero_body(xero_event(books.target, tenantId="shared-id"))).status_code == 200
    assert not Event.objects.exists()


def test_what_is_not_known_is_kept_and_left_alone(books: Books) -> None:
    body = xero_body(
        xero_event(books.target, eventCategory="SUBSCRIPTION"),
        xero_event(books.target, eventCategory="QUOTE"),
        xero_event(books.target, eventType="EXPLODE"),
    )
    assert post_xero(body).status_code == 200
    rows = list(Event.objects.all())
    assert {(row.kind, row.state) for row in rows} == {("", EventState.IGNORED)}
    assert all(row.message and row.handled_at for row in rows)
    assert not Run.objects.exists()


def test_the_same_event_again_is_one_row(books: Books) -> None:
    event = xero_event(books.target)
    post_xero(xero_body(event, event))
    assert Event.objects.get().repeats == 1
    Event.objects.update(state=EventState.DONE)
    post_xero(xero_body(event))
    row = Event.objects.get()
    assert (row.repeats, row.state) == (2, EventState.DONE)


def test_one_request_for_two_practices(books: Books) -> None:
    other = make_books()
    body = xero_body(*many_events(books.target, 3), *many_events(other.target, 2))
    assert post_xero(body).status_code == 200
    assert Event.objects.filter(practice=books.practice, connection=books.target).count() == 3
    assert Event.objects.filter(practice=other.practice, connection=other.target).count() == 2


def test_an_ended_connection_is_not_looked_at(books: Books) -> None:
    Connection.objects.filter(pk=books.target.pk).update(state=ConnectionState.DISCONNECTED)
    post_xero(xero_body(xero_event(books.target)))
    event = Event.objects.get()
    assert (event.state, event.message) == (EventState.IGNORED, inbox.ENDED)
    assert not Run.objects.exists()


def test_an_organisation_that_moved_to_another_practice(books: Books) -> None:
    Connection.objects.filter(pk=books.target.pk).update(state=ConnectionState.DISCONNECTED)
    moved = make_connection(
        make_practice(), Provider.XERO, tenant_external_id=books.target.tenant_external_id
    )
    post_xero(xero_body(xero_event(moved)))
    assert Event.objects.get().connection == moved


def test_a_connection_that_waits_for_its_person_keeps_its_events(books: Books) -> None:
    Connection.objects.filter(pk=books.target.pk).update(state=ConnectionState.NEEDS_RECONNECT)
    post_xero(xero_body(xero_event(books.target)))
    assert Event.objects.get().state == EventState.WAITING


def test_a_hundred_events_take_as_many_queries_as_one(books: Books) -> None:
    Run.objects.create(practice=books.practice, purpose=Purpose.LIVE, trigger="event")
    with CaptureQueriesContext(connection) as few:
        post_xero(xero_body(xero_event(books.target)))
    with CaptureQueriesContext(connection) as many:
        post_xero(xero_body(*many_events(books.target, 100)))
    assert Event.objects.count() == 101
    counted = [query for query in many if "SAVEPOINT" not in query["sql"]]
    assert len(many) == len(few)
    assert len(counted) <= 2, [query["sql"][:80] for query in counted]


def test_more_events_than_one_statement_takes(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "AT_ONCE", 7)
    assert post_xero(xero_body(*many_events(books.target, 20))).status_code == 200
    assert Event.objects.count() == 20


def test_too_large_is_said(books: Books, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 500
    answer = post_xero(xero_body(*many_events(books.target, 5)))
    assert (answer.status_code, is_plain(answer)) == (413, True)


def test_what_could_not_be_kept_is_asked_for_again(
    books: Books, secret: HookSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("sync.live.wake", away)
    answer = post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET})
    assert (answer.status_code, is_plain(answer)) == (503, True)
    assert not Event.objects.exists(), "kept without a worker woken"
    monkeypatch.setattr(inbox, "_insert", away)
    answer = post_xero(xero_body(xero_event(books.target)))
    assert (answer.status_code, is_plain(answer)) == (503, True)


def test_a_signed_hint_is_kept_once(books: Books, secret: HookSecret) -> None:
    headers = signed_headers(hint(), SECRET, event_id="evt_01")
    for _ in range(3):
        answer = post_ignition(books.source, hint(), headers)
        assert (answer.status_code, is_plain(answer)) == (200, True)
    event = Event.objects.get()
    assert (event.connection, event.kind, event.external_id) == (books.source, Kind.INVOICE, "inv_abc")
    assert (event.source, event.repeats) == (EventSource.WEBHOOK, 2)
    assert event.body == hint().decode()
    assert set(event.headers) == {"Content-Type", "X-Sync-Event-Id", "X-Sync-Timestamp"}
    assert SECRET not in json.dumps(event.headers)
    assert Run.objects.get().purpose == Purpose.LIVE


def test_a_tool_sends_its_secret_along(books: Books, secret: HookSecret) -> None:
    body = b'{"event": "Invoice paid", "id": "inv_abc"}'
    for _ in range(2):
        assert post_ignition(books.source, body, {"X-Sync-Secret": SECRET}).status_code == 200
    rows = list(Event.objects.all())
    assert [(row.kind, row.external_id, row.source) for row in rows] == [
        (Kind.INVOICE, "inv_abc", EventSource.BRIDGE)
    ] * 2


@pytest.mark.parametrize("body", [b"", b"anything", b"\x00\xff", b'{"a": "\\ud800\\u0000"}', b"[[]]"])
def test_whatever_a_tool_sends_something_changed(books: Books, secret: HookSecret, body: bytes) -> None:
    assert post_ignition(books.source, body, {"X-Sync-Secret": SECRET}).status_code == 200
    event = Event.objects.get()
    assert (event.kind, event.state) == ("", EventState.WAITING)


def test_everything_that_is_not_genuine_gets_the_same_answer(books: Books, secret: HookSecret) -> None:
    other = make_books()
    make_hook_secret(other.source, secret="whs_of-another-practice")
    make_hook_secret(books.source, secret="whs_run-out", expires_at=timezone.now() - timedelta(seconds=1))
    old = timezone.now().timestamp() - 301
    attempts: list[tuple[Connection | uuid.UUID, dict[str, str]]] = [
        (books.source, {}),
        (books.source, {"X-Sync-Secret": "wrong"}),
        (books.source, {"X-Sync-Secret": "whs_of-another-practice"}),
        (books.source, {"X-Sync-Secret": "whs_run-out"}),
        (books.source, signed_headers(hint(), "wrong")),
        (books.source, signed_headers(hint(), SECRET, at=old)),
        (books.source, signed_headers(hint(id="evt_02"), SECRET)),
        (books.source, {**signed_headers(hint(), "wrong"), "X-Sync-Secret": SECRET}),
        (other.source, {"X-Sync-Secret": SECRET}),
        (books.target, {"X-Sync-Secret": SECRET}),
        (uuid.uuid4(), {"X-Sync-Secret": SECRET}),
        (uuid.uuid4(), signed_headers(hint(), SECRET)),
    ]
    seen = set()
    for address, headers in attempts:
        answer = post_ignition(address, hint(), headers)
        rest = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
        seen.add((answer.status_code, answer.content, tuple(sorted(rest.items()))))
        assert is_plain(answer)
    assert [status for status, _, _ in seen] == [401]
    assert not Event.objects.exists()


def test_a_replaced_secret_works_for_a_day(books: Books, secret: HookSecret) -> None:
    fresh = hooks.replace(books.practice, secret.pk, actor=books.member("admin"))
    for known in (SECRET, fresh.text):
        assert post_ignition(books.source, b"{}", {"X-Sync-Secret": known}).status_code == 200
    HookSecret.objects.filter(pk=secret.pk).update(expires_at=timezone.now())
    assert post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET}).status_code == 401
    assert post_ignition(books.source, b"{}", {"X-Sync-Secret": fresh.text}).status_code == 200


def test_no_query_in_the_address(books: Books, secret: HookSecret) -> None:
    answer = post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET}, query=f"?secret={SECRET}")
    assert (answer.status_code, is_plain(answer)) == (400, True)
    assert not Event.objects.exists()


def test_signed_and_not_what_was_agreed(books: Books, secret: HookSecret) -> None:
    for body in (b"no", b"[]", hint(id=None)):
        answer = post_ignition(books.source, body, signed_headers(body, SECRET))
        assert (answer.status_code, is_plain(answer)) == (400, True)
    headers = signed_headers(hint(), SECRET, event_id="evt_99")
    assert post_ignition(books.source, hint(), headers).status_code == 400
    assert not Event.objects.exists()


def test_the_last_use_is_known_to_the_minute(books: Books, secret: HookSecret) -> None:
    Run.objects.create(practice=books.practice, purpose=Purpose.LIVE, trigger="event")
    post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET})
    secret.refresh_from_db()
    first = secret.last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as queries:
        post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET})
    secret.refresh_from_db()
    assert secret.last_used_at == first
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) <= 4
    HookSecret.objects.update(last_used_at=first - timedelta(minutes=2))
    post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET})
    secret.refresh_from_db()
    assert secret.last_used_at is not None
    assert secret.last_used_at >= first


def test_an_ended_connections_sender_is_answered_and_left_alone(books: Books, secret: HookSecret) -> None:
    Connection.objects.filter(pk=books.source.pk).update(state=ConnectionState.DISCONNECTED)
    assert post_ignition(books.source, hint(), signed_headers(hint(), SECRET)).status_code == 200
    assert Event.objects.get().state == EventState.IGNORED
    assert not Run.objects.exists()


def test_a_secret_that_can_not_be_read_any_more(books: Books, secret: HookSecret, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
    answer = post_ignition(books.source, b"{}", {"X-Sync-Secret": SECRET})
    assert (answer.status_code, is_plain(answer)) == (503, True)


@pytest.mark.django_db(transaction=True)
def test_the_same_hints_from_many_sides_at_once(books: Books, secret: HookSecret) -> None:
    """In different orders, as deliveries that overtake one another are: nobody waits for ever, nothing is doubled."""
    events = many_events(books.target, 40)
    statuses: list[int] = []

    def send(turn: int) -> None:
        try:
            for shift in range(5):
                cut = (turn * 7 + shift * 11) % 40
                answer = post_xero(xero_body(*events[cut:][::-1], *events[:cut]))
                told = hint(id=f"evt_{shift}")
                signed = post_ignition(books.source, told, signed_headers(told, SECRET))
                statuses.extend((answer.status_code, signed.status_code))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 40
    assert Event.objects.filter(connection=books.target).count() == 40
    assert set(Event.objects.filter(connection=books.target).values_list("repeats", flat=True)) == {19}
    assert Event.objects.filter(connection=books.source).count() == 5
    assert set(Event.objects.filter(connection=books.source).values_list("repeats", flat=True)) == {3}
    assert Run.objects.filter(purpose=Purpose.LIVE).count() == 1
