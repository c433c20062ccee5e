"""Attacks on the queue: nothing is sent twice, to the wrong client, in watch mode, or waits for ever."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.base import Outcome, Row, Write
from connectors.errors import RateLimited, Rejected, Unclear
from connectors.records import Invoice, Payment
from connectors.records import Kind as RecordKind
from mappings.engine import Catalogue
from mappings.services import publish
from mappings.spec import Choices, Facts, Spec
from sync import decisions, deliver, notes, runs, slice
from sync.flows import set_modes
from sync.models import Attempt, Change, ChangeState, Kind, Link, Mode, RunState, Trigger
from sync.outbox import write_plan
from sync.plan import Decision
from sync.planned import Planned
from sync.regular import RegularSlice
from sync.world import Sides, World
from tests.sync.rows import Books, make_books, make_change, make_review, make_run, make_snapshot

pytestmark = pytest.mark.django_db


class Xero:
    """A target that does as it is told and keeps what was asked of it."""

    def __init__(self, **extra: Any) -> None:
        self.sent: list[list[Write]] = []
        self.looked_up: list[list[Write]] = []
        self.notes: list[str] = []
        self.keys: list[str] = []
        self.has: dict[str, Row] = {}
        self.error: Exception | None = None
        self.refuses: set[str] = set()
        self.ids: Iterator[str] = iter(f"id-{number}" for number in range(1, 1000))
        self.one_id = extra.get("one_id", "")

    def write(
        self, kind: RecordKind, verb: str, writes: Sequence[Write], *, idempotency_key: str
    ) -> Sequence[Outcome]:
        self.sent.append(list(writes))
        self.keys.append(idempotency_key)
        if self.error is not None:
            raise self.error
        bad = [write for write in writes if write.natural_key in self.refuses]
        if bad:
            raise Rejected("No.", provider="xero", messages=["A whole request is bad"])
        return [self._made(kind, write) for write in writes]

    def _made(self, kind: RecordKind, write: Write) -> Outcome:
        external_id = self.one_id or next(self.ids)
        return Outcome(ok=True, external_id=external_id, record=record(kind, write, external_id))

    def find(self, kind: RecordKind, writes: Sequence[Write], *, since: datetime) -> dict[str, Row]:
        self.looked_up.append(list(writes))
        return {write.key: self.has[write.natural_key] for write in writes if write.natural_key in self.has}

    def read_one(self, kind: RecordKind, external_id: str) -> Row:
        raise NotImplementedError

    def add_note(self, kind: RecordKind, external_id: str, text: str) -> None:
        self.notes.append(text)


def record(kind: RecordKind, write: Write, external_id: str) -> Any:
    if kind is RecordKind.PAYMENT:
        return Payment(external_id=external_id, amount=Decimal(write.values["amount"]), status="AUTHORISED")
    return Invoice(
        external_id=external_id,
        contact_external_id=write.values.get("contact_external_id", ""),
        number=write.natural_key,
        total=Decimal(write.values["total"]),
        status="AUTHORISED",
    )


def found(kind: RecordKind, external_id: str, made: Any) -> Row:
    return Row(kind=kind, external_id=external_id, raw={"id": external_id}, record=made)


@pytest.fixture
def books() -> Books:
    return make_books(Mode.TAKE_OVER)


def make_world(books: Books) -> World:
    return World(
        sides=Sides(practice=books.practice, source=books.source, target=books.target),
        spec=Spec(version=1, choices=Choices(), facts=Facts()),
        clients={},
        people={},
        catalogue=Catalogue(),
        invoices={},
        payments={},
        collections={},
        contacts={},
        documents={},
        receipts={},
    )


def planned(kind: str, external_id: str, values: dict[str, Any], **extra: Any) -> Planned:
    return Planned(
        kind=kind,
        source_external_id=external_id,
        record_external_id=external_id.split("/")[0],
        title=external_id,
        natural_key=extra.pop("natural_key", external_id),
        decision=extra.pop("decision", Decision(action="create", values=values)),
        **extra,
    )


def put(
    books: Books,
    kind: Kind,
    *items: Planned,
    before: Mapping[tuple[str, str], Change] | None = None,
) -> dict[str, Change]:
    plan = {item.source_external_id: item for item in items}
    return write_plan(make_world(books), books.flows[kind], plan, None, before or {}).open


def link(books: Books, kind: str, source: str, target: str) -> Link:
    return Link.objects.create(
        practice=books.practice,
        kind=kind,
        source_connection=books.source,
        target_connection=books.target,
        source_external_id=source,
        target_external_id=target,
        method="written",
    )


PAYMENT = {"amount": "50.00", "date": "2026-11-18", "reference": "pypay_a", "account_code": "608"}


def test_a_payment_with_a_lost_answer_is_looked_up_although_the_mapping_has_changed(books: Books) -> None:
    link(books, "invoice", "inv_a", "x-inv")
    item = planned("payment", "pypay_a/inv_a", PAYMENT, natural_key="pypay_a", refs={"invoice": "inv_a"})
    put(books, Kind.PAYMENT, item)
    xero = Xero()
    xero.error = Unclear("No answer.", provider="xero")
    deliver.deliver_batch(books.target, xero, None)
    assert len(xero.sent) == 1

    # Meanwhile someone publishes another clearing account: a plan without reading, so new facts for the same payment.
    values = {**PAYMENT, "account_code": "609"}
    put(books, Kind.PAYMENT, replace(item, decision=Decision(action="create", values=values)))
    Change.objects.update(not_before=None)
    xero.error = None
    xero.has["pypay_a"] = found(
        RecordKind.PAYMENT, "x-pay", Payment(external_id="x-pay", amount=Decimal("50.00"))
    )
    while deliver.deliver_batch(books.target, xero, None) is not None:
        pass
    assert len(xero.sent) == 1, "posted twice"
    assert len(xero.looked_up) == 1
    assert Link.objects.get(kind="payment").target_external_id == "x-pay"


def test_an_invoice_found_with_earlier_facts_is_brought_up_to_date_by_the_next_plan(books: Books) -> None:
    """A create went out, its answer was lost; the total changed in Ignition, so that a newer one replaced it."""
    link(books, "contact", "cli_a", "x-con")
    common: dict[str, Any] = {
        "natural_key": "IGN-1",
        "refs": {"contact": "cli_a"},
        "source_external_id": "inv_a",
    }
    sent = make_change(
        books,
        **common,
        state="superseded",
        values={"number": "IGN-1", "total": "99.00", "date": "2026-11-03"},
    )
    attempt = Attempt.objects.create(
        practice=books.practice, connection=books.target, kind=Kind.INVOICE, verb="create"
    )
    attempt.changes.add(sent)
    change = make_change(
        books,
        **common,
        state="pending",
        reason="",
        look_up_first=True,
        values={"number": "IGN-1", "total": "110.00", "date": "2026-11-03"},
    )
    xero = Xero()
    there = Invoice(external_id="x-inv", contact_external_id="x-con", number="IGN-1", total=Decimal("99.00"))
    xero.has["IGN-1"] = found(RecordKind.INVOICE, "x-inv", there)
    deliver.deliver_batch(books.target, xero, None)
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.DONE, "stored_differently")
    assert Link.objects.get(kind="invoice").base_source["total"] == "99.00"


def test_an_invoice_under_our_number_for_another_client_and_total_is_not_taken_for_ours(books: Books) -> None:
    link(books, "contact", "cli_a", "x-con")
    change = make_change(
        books, state="pending", reason="", natural_key="IGN-1", refs={"contact": "cli_a"}, look_up_first=True
    )
    xero = Xero()
    there = Invoice(external_id="x-inv", contact_external_id="x-other", number="IGN-1", total=Decimal("7.00"))
    xero.has["IGN-1"] = found(RecordKind.INVOICE, "x-inv", there)
    deliver.deliver_batch(books.target, xero, None)
    change.refresh_from_db()
    assert (change.state, change.reason) == (ChangeState.PARKED, "duplicate_number")
    assert not Link.objects.filter(kind="invoice").exists()


def test_what_waits_for_a_replaced_change_waits_for_its_successor(books: Books) -> None:
    """The client is edited in Ignition while both wait: its Change is replaced, the invoice's stays the same."""
    contact = planned("contact", "cli_a", {"name": "Able"})
    invoice = planned("invoice", "inv_a", {"total": "1.00"}, depends_on=("contact", "cli_a"))
    first = put(books, Kind.CONTACT, contact)["cli_a"]
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): first})
    renamed = replace(contact, decision=Decision(action="create", values={"name": "Able & Co"}))
    second = put(books, Kind.CONTACT, renamed)["cli_a"]
    assert second.pk != first.pk
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): second})
    assert Change.objects.get(kind="invoice").depends_on_id == second.pk


def test_what_waited_for_a_contact_goes_on_once_the_client_is_linked(books: Books) -> None:
    contact = planned("contact", "cli_a", {"name": "Able"})
    invoice = planned("invoice", "inv_a", {"total": "1.00"}, depends_on=("contact", "cli_a"))
    change = put(books, Kind.CONTACT, contact)["cli_a"]
    put(books, Kind.INVOICE, invoice, before={("contact", "cli_a"): change})
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PARKED, parked_as="rejected")
    linked = replace(contact, target_external_id="x-con", decision=Decision(action="nothing"))
    before = put(books, Kind.CONTACT, linked)
    assert before == {}
    put(books, Kind.INVOICE, replace(invoice, depends_on=None))
    assert deliver.is_due(books.target, timezone.now())


def test_an_invoice_that_moved_to_another_client_is_planned_anew(books: Books) -> None:
    item = planned("invoice", "inv_a", {"total": "1.00"}, refs={"contact": "cli_a"})
    put(books, Kind.INVOICE, item)
    put(books, Kind.INVOICE, replace(item, refs={"contact": "cli_b"}))
    waiting = Change.objects.get(kind="invoice", state=ChangeState.PENDING)
    assert waiting.refs == {"contact": "cli_b"}


def test_a_fault_while_settling_one_element_leaves_the_others_done(books: Books) -> None:
    """The target answers the second invoice with the first one's id: only that one is for a person."""
    link(books, "contact", "cli_a", "x-con")
    for number in range(3):
        make_change(
            books,
            state="pending",
            reason="",
            natural_key=f"IGN-{number}",
            source_external_id=f"inv_{number}",
            refs={"contact": "cli_a"},
        )
    xero = Xero()
    xero.ids = iter(["same", "same", "other"])
    deliver.deliver_batch(books.target, xero, None)
    states = dict(Change.objects.values_list("source_external_id", "state"))
    assert states == {"inv_0": "done", "inv_1": "parked", "inv_2": "done"}
    assert Change.objects.get(source_external_id="inv_1").look_up_first


def test_a_batch_refused_as_a_whole_is_sent_one_by_one(books: Books) -> None:
    link(books, "contact", "cli_a", "x-con")
    for number in range(4):
        make_change(
            books,
            state="pending",
            reason="",
            natural_key=f"IGN-{number}",
            source_external_id=f"inv_{number}",
            refs={"contact": "cli_a"},
        )
    xero = Xero()
    xero.refuses = {"IGN-2"}
    while deliver.deliver_batch(books.target, xero, None) is not None:
        pass
    assert [len(batch) for batch in xero.sent] == [4, 1, 1, 1, 1]
    assert len(set(xero.keys)) == 5
    states = dict(Change.objects.values_list("source_external_id", "state"))
    assert states == {"inv_0": "done", "inv_1": "done", "inv_2": "parked", "inv_3": "done"}


def test_a_create_whose_record_was_linked_meanwhile_is_not_sent(books: Books) -> None:
    make_change(
        books, Kind.CONTACT, state="pending", reason="", source_external_id="cli_a", values={"name": "Able"}
    )
    link(books, "contact", "cli_a", "x-con")
    xero = Xero()
    deliver.deliver_batch(books.target, xero, None)
    assert xero.sent == []
    assert Change.objects.get().state == ChangeState.HELD


def test_a_batch_claimed_just_before_watch_mode_is_not_sent(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(books, "contact", "cli_a", "x-con")
    change = make_change(books, state="pending", reason="", refs={"contact": "cli_a"})
    claim = deliver._claim

    def claim_then_switch(*args: Any, **extra: Any) -> Any:
        taken = claim(*args, **extra)
        set_modes(books.practice, {"invoice": Mode.WATCH}, actor=None)
        return taken

    monkeypatch.setattr(deliver, "_claim", claim_then_switch)
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
