"""What people do on the pages: who may, what it leads to, and what the page says before it happens."""

from typing import Any

import pytest
from django.test import Client

from practices.models import AuditEntry, Role
from sync.models import Change, ChangeState, Kind, Link, Mode, Review, Run, RunState, Trigger
from tests.sync import rows
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


def login(books: Books, role: str) -> Client:
    client = Client()
    client.force_login(books.member(role))
    return client


def modes(**wanted: str) -> dict[str, str]:
    return {f"mode_{kind}": mode for kind, mode in wanted.items()}


# --- who may ---------------------------------------------------------------------------------------------


def test_a_viewer_changes_nothing(books: Books) -> None:
    change, review = rows.make_change(books, state="parked"), rows.make_review(books)
    client = login(books, Role.VIEWER)
    posts: list[tuple[str, dict[str, Any]]] = [
        ("sync/", {}),
        ("modes/", modes(contact="take_over")),
        ("changes/act/", {"action": "retry", "change": [change.pk]}),
        (f"reviews/{review.pk}/decide/", {"choice": "create"}),
    ]
    for path, data in posts:
        assert client.post(books.url(path), data).status_code == 403, path
    assert not Run.objects.exists()
    change.refresh_from_db()
    assert change.state == ChangeState.PARKED


def test_a_viewer_sees_no_buttons(books: Books) -> None:
    change, review = rows.make_change(books, reason="conflict"), rows.make_review(books)
    client = login(books, Role.VIEWER)
    for path in ("", "plan/", "changes/", f"changes/{change.pk}/", "reviews/", f"reviews/{review.pk}/"):
        page = client.get(books.url(path)).content.decode()
        main = page[page.index("<main") :]
        assert 'method="post"' not in main, path


def test_acts_are_posts(books: Books) -> None:
    client = login(books, Role.OWNER)
    review = rows.make_review(books)
    for path in ("sync/", "modes/", "changes/act/", f"reviews/{review.pk}/decide/"):
        assert client.get(books.url(path)).status_code == 405


@pytest.mark.parametrize("action", ["release", "cancel", "keep"])
def test_staff_only_retries(books: Books, action: str) -> None:
    change = rows.make_change(books, reason="conflict")
    answer = login(books, Role.STAFF).post(
        books.url("changes/act/"), {"action": action, "change": [change.pk], "note": "x"}
    )
    assert answer.status_code == 403


def test_changes_of_another_practice_are_out_of_reach(books: Books) -> None:
    theirs = rows.make_change(rows.make_books(), state="parked", reason="")
    login(books, Role.OWNER).post(books.url("changes/act/"), {"action": "retry", "change": [theirs.pk]})
    theirs.refresh_from_db()
    assert theirs.state == ChangeState.PARKED


def test_only_addresses_of_this_site_are_returned_to(books: Books) -> None:
    answer = login(books, Role.STAFF).post(
        books.url("changes/act/"), {"action": "retry", "next": "https://elsewhere.test/"}
    )
    assert answer["Location"] == books.url("changes/")


# --- syncing ---------------------------------------------------------------------------------------------


def test_sync_now_queues_one_run(books: Books) -> None:
    client = login(books, Role.STAFF)
    client.post(books.url("sync/"))
    client.post(books.url("sync/"))
    run = Run.objects.get()
    assert (run.trigger, run.state) == (Trigger.PERSON, RunState.QUEUED)
    page = client.get(books.url()).content.decode()
    assert "Waiting for a free worker" in page
    assert 'hx-trigger="every 2s"' in page


def test_sync_now_needs_both_connections(books: Books) -> None:
    books.target.state = "disconnected"
    books.target.save()
    answer = login(books, Role.STAFF).post(books.url("sync/"), follow=True)
    assert "Connect both systems first" in answer.content.decode()
    assert not Run.objects.exists()


def test_progress_shows_where_the_run_is_and_ends_with_a_reload(books: Books) -> None:
    run = rows.make_run(
        books,
        state=RunState.RUNNING,
        stage="deliver xero",
        progress={"done": 30, "left": 70, "text": "invoice"},
    )
    client = login(books, Role.VIEWER)
    text = client.get(books.url("progress/")).content.decode()
    assert "Writing invoices: 30 done" in text
    assert 'max="100" value="30"' in text
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    assert client.get(books.url("progress/"))["HX-Refresh"] == "true"


# --- modes -----------------------------------------------------------------------------------------------


def test_switching_on_is_confirmed_with_the_numbers(books: Books) -> None:
    for _ in range(3):
        rows.make_change(books)
    client = login(books, Role.ADMIN)
    answer = client.post(books.url("modes/"), modes(invoice="fill_gaps"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "3 invoices created" in text
    assert "$330.00" in text
    assert "about 1 call" in text
    assert 'name="understood"' not in text
    assert books.flows[Kind.INVOICE].mode == Mode.WATCH


def test_taking_over_needs_the_tick(books: Books) -> None:
    client = login(books, Role.ADMIN)
    wanted = {**modes(invoice="take_over"), "confirmed": "yes"}
    answer = client.post(books.url("modes/"), wanted)
    assert answer.status_code == 400
    assert "two pushers would bill clients twice" in answer.content.decode()
    books.flows[Kind.INVOICE].refresh_from_db()
    assert books.flows[Kind.INVOICE].mode == Mode.WATCH
    assert client.post(books.url("modes/"), {**wanted, "understood": "yes"}).status_code == 302
    books.flows[Kind.INVOICE].refresh_from_db()
    assert books.flows[Kind.INVOICE].mode == Mode.TAKE_OVER
    assert AuditEntry.objects.filter(practice=books.practice, action="flow.mode").count() == 1
    assert Run.objects.get().trigger == Trigger.MODE


def test_back_to_watching_is_one_click() -> None:
    books = rows.make_books(mode=Mode.TAKE_OVER)
    change = rows.make_change(books, state="pending", reason="")
    login(books, Role.ADMIN).post(
        books.url("modes/"), modes(contact="watch", invoice="watch", payment="watch")
    )
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.HELD, "watch")


@pytest.mark.parametrize("posted", [{}, modes(invoice="everything"), modes(nonsense="watch")])
def test_nonsense_modes_change_nothing(books: Books, posted: dict[str, str]) -> None:
    answer = login(books, Role.ADMIN).post(books.url("modes/"), posted, follow=True)
    assert "Nothing changed" in answer.content.decode()


def test_staff_may_not_switch(books: Books) -> None:
    assert login(books, Role.STAFF).post(books.url("modes/"), modes(invoice="watch")).status_code == 403


# --- changes ---------------------------------------------------------------------------------------------


def test_retry_sends_parked_ones_again(books: Books) -> None:
    ids = [rows.make_change(books, state="parked", parked_as="rejected", reason="").pk for _ in range(2)]
    answer = login(books, Role.STAFF).post(
        books.url("changes/act/"), {"action": "retry", "change": ids, "next": books.url("plan/")}, follow=True
    )
    assert "2 changes will be tried again" in answer.content.decode()
    assert set(Change.objects.filter(pk__in=ids).values_list("state", flat=True)) == {ChangeState.PENDING}


def test_cancel_needs_a_note(books: Books) -> None:
    change = rows.make_change(books)
    client = login(books, Role.ADMIN)
    post = {"action": "cancel", "change": [change.pk]}
    assert "Say in the note" in client.post(books.url("changes/act/"), post, follow=True).content.decode()
    client.post(books.url("changes/act/"), {**post, "note": "Written by hand"})
    change.refresh_from_db()
    assert (change.state, change.message) == (ChangeState.CANCELLED, "Written by hand")


def test_a_refusal_is_shown_in_words(books: Books) -> None:
    change = rows.make_change(books, reason="does_not_add_up")
    answer = login(books, Role.ADMIN).post(
        books.url("changes/act/"), {"action": "release", "change": [change.pk]}, follow=True
    )
    assert "can be released" in answer.content.decode()


def test_keeping_the_targets_value(books: Books) -> None:
    source = rows.make_snapshot(books.source, Kind.CONTACT, name="A")
    rows.make_link(books, source, rows.make_snapshot(books.target, Kind.CONTACT, name="B"))
    change = rows.make_change(
        books, Kind.CONTACT, verb="update", reason="conflict", source_external_id=source.external_id
    )
    client = login(books, Role.ADMIN)
    page = client.get(books.url(f"changes/{change.pk}/")).content.decode()
    assert "Use Ignition&#x27;s value" in page or "Use Ignition's value" in page
    client.post(books.url("changes/act/"), {"action": "keep", "change": [change.pk]})
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.CANCELLED, "kept")


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["9" * 30]])
def test_nonsense_ids_are_ignored(books: Books, ids: list[str]) -> None:
    answer = login(books, Role.ADMIN).post(
        books.url("changes/act/"), {"action": "retry", "change": ids}, follow=True
    )
    assert "Tick at least one row" in answer.content.decode()


# --- reviews ---------------------------------------------------------------------------------------------


def test_deciding_goes_on_to_the_next(books: Books) -> None:
    first, second = rows.make_review(books), rows.make_review(books)
    client = login(books, Role.STAFF)
    answer = client.post(books.url(f"reviews/{first.pk}/decide/"), {"choice": "create", "note": "New client"})
    assert answer["Location"] == books.url(f"reviews/{second.pk}/")
    answer = client.post(books.url(f"reviews/{second.pk}/decide/"), {"choice": "ignore"})
    assert answer["Location"] == books.url("reviews/")
    assert list(Review.objects.order_by("pk").values_list("state", flat=True)) == ["create", "ignored"]


def test_linking_and_undoing(books: Books) -> None:
    source = rows.make_snapshot(books.source, Kind.CONTACT, name="Acme")
    there = rows.make_snapshot(books.target, Kind.CONTACT, name="Acme Pty Ltd", status="ACTIVE")
    review = rows.make_review(books, "Acme", source_external_id=source.external_id)
    client = login(books, Role.STAFF)
    found = client.get(books.url(f"reviews/{review.pk}/?q=pty")).content.decode()
    assert "Acme Pty Ltd" in found
    client.post(
        books.url(f"reviews/{review.pk}/decide/"), {"choice": "link", "external_id": there.external_id}
    )
    assert Link.objects.get().target_external_id == there.external_id
    client.post(books.url(f"reviews/{review.pk}/decide/"), {"choice": "reopen"})
    review.refresh_from_db()
    assert review.state == "open"
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    "posted", [{}, {"choice": "merge"}, {"choice": "link"}, {"choice": "link", "external_id": "n\x00o"}]
)
def test_nonsense_decisions_are_refused(books: Books, posted: dict[str, str]) -> None:
    review = rows.make_review(books)
    login(books, Role.STAFF).post(books.url(f"reviews/{review.pk}/decide/"), posted)
    review.refresh_from_db()
    assert review.state == "open"
