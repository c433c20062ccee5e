"""Attacks on what stops the queue: a switch, a new mapping or a decision while batches go out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.base import Outcome, Row
from connectors.errors import RateLimited
from connectors.records import Kind as RecordKind
from mappings.services import publish
from mappings.spec import Choices
from sync import claiming, decisions, deliver, notes, runs, slice
from sync.flows import set_modes
from sync.models import Change, ChangeState, Kind, Link, Mode, RunState, Trigger
from sync.regular import RegularSlice
from tests.sync.queued import PAYMENT, Xero, link, planned, put
from tests.sync.rows import Books, make_books, make_change, make_review, make_run, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books(Mode.TAKE_OVER)


def test_a_batch_claimed_just_before_watch_mode_is_not_sent(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(books, "contact", "cli_a", "x-con")
    change = make_change(books, state="pending", reason="", refs={"contact": "cli_a"})
    claim = claiming.claim_batch

    def claim_then_switch(*args: Any, **extra: Any) -> Any:
        taken = claim(*args, **extra)
        set_modes(books.practice, {"invoice": Mode.WATCH}, actor=None)
        return taken

    monkeypatch.setattr(deliver, "claim_batch", claim_then_switch)
    xero = Xero()
    deliver.deliver_batch(books.target, xero, None)
    change.refresh_from_db()
    assert xero.sent == []
    assert (change.state, change.reason) == (ChangeState.HELD, "watch")


def test_no_note_is_written_in_watch_mode(books: Books) -> None:
    make_change(
        books,
        state="done",
        reason="",
        verb="update",
        target_external_id="x-inv",
        before={"due_date": "2026-11-01"},
        values={"due_date": "2026-11-02"},
        sent_by=make_run(books),
    )
    assert notes.any_due(books.target)
    set_modes(books.practice, {"invoice": Mode.WATCH}, actor=None)
    xero = Xero()
    assert not notes.any_due(books.target)
    assert notes.write_due(books.target, xero, go_on=lambda: True) == 0
    assert xero.notes == []


def test_fill_gaps_stops_waiting_updates_at_once(books: Books) -> None:
    update = make_change(books, state="pending", reason="", verb="update", target_external_id="x-inv")
    create = make_change(books, state="pending", reason="")
    set_modes(books.practice, {"invoice": Mode.FILL_GAPS}, actor=None)
    update.refresh_from_db()
    create.refresh_from_db()
    assert (update.state, update.reason) == (ChangeState.HELD, "fill_gaps")
    assert create.state == ChangeState.PENDING


def test_a_wish_that_arrives_while_a_run_ends_is_not_lost(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_modes(books.practice, dict.fromkeys(books.flows, Mode.WATCH), actor=None)
    run = make_run(books, reads=False)
    finish = RegularSlice._finish

    def wish_then_finish(self: Any) -> None:
        refresh = self.run.refresh_from_db

        def refresh_then_wish(**extra: Any) -> None:
            refresh(**extra)
            runs.start(books.practice, trigger=Trigger.PERSON, reads=False, wake=False)

        monkeypatch.setattr(self.run, "refresh_from_db", refresh_then_wish)
        finish(self)

    monkeypatch.setattr(RegularSlice, "_finish", wish_then_finish)
    runs.advance(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.WAITING


def test_a_payment_found_but_unreadable_is_not_posted_again(books: Books) -> None:
    link(books, "invoice", "inv_a", "x-inv")
    make_change(
        books,
        Kind.PAYMENT,
        state="pending",
        reason="",
        source_external_id="pypay_a/inv_a",
        natural_key="pypay_a",
        values=PAYMENT,
        refs={"invoice": "inv_a"},
        look_up_first=True,
        first_sent_at=datetime(2026, 11, 18, tzinfo=UTC),
    )
    xero = Xero()
    xero.has["pypay_a"] = Row(
        kind=RecordKind.PAYMENT, external_id="x-pay", raw={}, record=None, problem="Amount: odd"
    )
    while deliver.deliver_batch(books.target, xero, None) is not None:
        pass
    assert xero.sent == []
    assert Link.objects.get(kind="payment").target_external_id == "x-pay"


def test_a_mapping_published_while_batches_go_out_is_planned_for_before_the_next_batch(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(books.practice, Choices(), actor=None)
    link(books, "contact", "cli_a", "x-con")
    for number in range(55):
        make_change(books, state="pending", reason="", natural_key=f"IGN-{number}", refs={"contact": "cli_a"})
    xero = Publishing(books)
    monkeypatch.setattr(slice, "client_for", lambda connection, purpose: xero)
    run = make_run(books, reads=False, stage="deliver xero", mapping_version=1)
    runs.advance(run.pk)
    run.refresh_from_db()
    assert [len(batch) for batch in xero.sent] == [50]
    assert (run.state, run.stage) == (RunState.WAITING, "")


class Publishing(Xero):
    """Somebody publishes a new mapping while the first batch is on its way."""

    def __init__(self, books: Books) -> None:
        super().__init__()
        self.books = books
        self.session = self
        self.calls = self.bytes = 0

    def write(self, *args: Any, **extra: Any) -> Sequence[Outcome]:
        if not self.sent:
            publish(self.books.practice, Choices(terms_days=7), actor=None)
        return super().write(*args, **extra)


def test_a_client_that_is_being_created_cannot_be_linked_at_the_same_time(books: Books) -> None:
    make_snapshot(books.target, Kind.CONTACT, "x-con", name="Able", status="ACTIVE")
    review = make_review(books, source_external_id="cli_a")
    change = make_change(books, Kind.CONTACT, state="in_flight", reason="", source_external_id="cli_a")
    actor = books.member()
    with pytest.raises(decisions.NotAllowed):
        decisions.decide_review(review, actor=actor, choice="link", external_id="x-con")
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PENDING)
    decisions.decide_review(review, actor=actor, choice="link", external_id="x-con")
    assert Link.objects.get(kind="contact").target_external_id == "x-con"


def test_a_decision_made_during_the_plan_is_not_overwritten_by_it(books: Books) -> None:
    """The plan holds the rows it looks at, so a person's decision comes before it or after it."""
    put(books, Kind.INVOICE, planned("invoice", "inv_a", {"total": "1.00"}))
    with CaptureQueriesContext(connection) as queries:
        put(books, Kind.INVOICE, planned("invoice", "inv_a", {"total": "1.00"}))
    reads = [
        item["sql"] for item in queries if item["sql"].startswith("SELECT") and "sync_change" in item["sql"]
    ]
    assert any("FOR UPDATE" in sql for sql in reads)


def test_after_a_long_pause_nothing_is_sent_by_the_old_plan(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today's calls are used up at noon; what the ledger holds tomorrow is not what it held when this was planned."""
    publish(books.practice, Choices(), actor=None)
    link(books, "contact", "cli_a", "x-con")
    make_change(books, state="pending", reason="", refs={"contact": "cli_a"})
    xero: Any = Xero()
    xero.session, xero.calls, xero.bytes = xero, 0, 0
    xero.error = RateLimited("Used up.", provider="xero", retry_after=20_000, problem="day")
    monkeypatch.setattr(slice, "client_for", lambda connection, purpose: xero)
    run = make_run(books, reads=False, stage="deliver xero", mapping_version=1)
    runs.advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.stage) == (RunState.WAITING, "")
