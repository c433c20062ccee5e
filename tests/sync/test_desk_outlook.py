"""A dry run says only what can be known: gone, still there, or not to be told before trying."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.records import Account, TaxRate
from mappings.spec import Facts
from practices.models import ConnectionState
from sync.incidents.outlook import AGAIN, PASSES, UNSURE, Owed, Target, There, outlook, verdict
from sync.incidents.rehearsal import rehearse
from sync.models import Change, Cursor, Kind, Mode, Snapshot
from tests.sync import rows
from tests.sync.rows import Books

THEN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LATER = THEN + timedelta(hours=1)
FACTS = Facts(
    accounts={
        "200": Account(external_id="a", code="200", name="Sales", status="ACTIVE"),
        "201": Account(external_id="b", code="201", name="Old", status="ARCHIVED"),
        "608": Account(external_id="c", code="608", name="Clearing", status="ACTIVE", takes_payments=True),
    },
    tax_rates={
        "OUTPUT": TaxRate(
            external_id="OUTPUT", name="GST", rate=Decimal(10), status="ACTIVE", for_revenue=True
        ),
        "OLD": TaxRate(external_id="OLD", name="Old", rate=Decimal(10), status="DELETED", for_revenue=True),
    },
    tracking={"Region": frozenset({"North"})},
    currencies=frozenset({"AUD"}),
    base_currency="AUD",
    lock_date=date(2026, 6, 30),
)


def target(**extra: Any) -> Target:
    return Target(**{"name": "Xero", "facts": FACTS, **extra})


def line(**extra: Any) -> dict[str, Any]:
    return {"account_code": "200", "tax_type": "OUTPUT", **extra}


def owed(**extra: Any) -> Owed:
    values = {"date": "2026-11-01", "currency": "AUD", "lines": [line()], **extra.pop("values", {})}
    defaults: dict[str, Any] = {
        "pk": 1,
        "kind": "invoice",
        "verb": "create",
        "reason": "unknown",
        "parked_as": "rejected",
        "refused_at": THEN,
        "partner": There(status="ACTIVE"),
    }
    return Owed(**{**defaults, **extra, "values": values})


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (owed(values={"date": "2026-06-30"}), "locked"),
        (owed(values={"lines": [line(account_code="201")]}), "account on it is not active"),
        (owed(values={"lines": [line(account_code="999")]}), "account on it is not active"),
        (owed(values={"lines": [line(tax_type="OLD")]}), "tax type"),
        (owed(values={"lines": [line(tracking=[{"category": "Region", "option": "South"}])]}), "tracking"),
        (owed(values={"currency": "NZD"}), "currency"),
        (owed(mode="watch"), "Watch only"),
        (owed(mode="fill_gaps", verb="update"), "Fill the gaps"),
        (owed(partner=There(status="ARCHIVED")), "contact is archived"),
        (owed(unlinked=True), "not linked"),
        (owed(name_taken=True), "name"),
        (owed(number_taken=True), "number"),
        (owed(verb="update", itself=There(has_money=True)), "payment or credit"),
        (owed(kind="contact", verb="update", itself=There(status="ARCHIVED")), "archived"),
        (owed(kind="payment", values={"lines": []}, partner=There(status="DRAFT")), "not approved"),
        (
            owed(
                kind="payment",
                values={"amount": "11.00", "lines": []},
                partner=There(status="AUTHORISED", amount_due=Decimal(10)),
            ),
            "more than what is open",
        ),
        (
            owed(
                kind="payment",
                values={"account_code": "200", "lines": []},
                partner=There(status="AUTHORISED"),
            ),
            "does not accept payments",
        ),
    ],
)
def test_what_is_still_in_the_way(item: Owed, words: str) -> None:
    answer = verdict(item, target())
    assert answer.outcome == AGAIN
    assert words in answer.text
    assert verdict(owed(), target()).outcome == UNSURE, (
        "for the right reason: without it nothing is in the way"
    )


def test_a_lost_connection_stops_all() -> None:
    assert verdict(owed(), target(problem="Xero needs reconnecting first.")).outcome == AGAIN


@pytest.mark.parametrize(
    ("reason", "learned", "extra"),
    [
        ("period_locked", ("organisation", ""), {}),
        ("bad_account", ("account", "200"), {}),
        ("bad_tax_type", ("tax_rate", "OUTPUT"), {}),
        ("bad_tracking", ("tracking_category", ""), {}),
        ("currency", ("currency", "AUD"), {}),
    ],
)
def test_it_passes_only_when_its_own_cause_has_changed_since(
    reason: str, learned: tuple[str, str], extra: dict[str, Any]
) -> None:
    item = owed(reason=reason, **extra)
    assert verdict(item, target(learned={learned: LATER})).outcome == PASSES
    assert verdict(item, target(learned={learned: THEN})).outcome == UNSURE
    assert verdict(item, target(learned={("staff", ""): LATER})).outcome == UNSURE
    assert verdict(owed(reason="unknown"), target(learned={learned: LATER})).outcome == UNSURE


def test_a_restored_contact_and_a_freed_name() -> None:
    restored = owed(reason="contact_archived", partner=There(status="ACTIVE", changed_at=LATER))
    assert verdict(restored, target()).outcome == PASSES
    freed = owed(kind="contact", reason="duplicate_name")
    assert verdict(freed, target(read_at={"contact": LATER})).outcome == PASSES
    assert verdict(freed, target(read_at={"contact": THEN})).outcome == UNSURE
    assert verdict(freed, target()).outcome == UNSURE


@pytest.mark.parametrize("parked_as", ["unclear", "internal"])
def test_what_is_looked_up_first_is_safe(parked_as: str) -> None:
    assert verdict(owed(parked_as=parked_as), target()).outcome == PASSES


def test_what_waits_for_another_one_is_not_promised() -> None:
    assert verdict(owed(parked_as="unclear", waits_for="A client"), target()).outcome == UNSURE


def test_the_numbers_add_up_and_calls_are_counted_by_batch() -> None:
    items = [
        *[owed() for _ in range(51)],
        *[owed(verb="update") for _ in range(3)],
        *[owed(parked_as="unclear", looks_up=True) for _ in range(2)],
        owed(values={"date": "2026-01-01"}),
    ]
    found = outlook(items, target())
    assert (found.passes, found.again, found.unsure, found.total) == (2, 1, 54, 57)
    assert (found.calls, found.look_ups) == (2 + 1 + 1, 1)
    assert sum(count for _, count in found.reasons) == 57


def test_nothing_known_of_the_target_blocks_nothing() -> None:
    assert verdict(owed(values={"lines": [line(account_code="x")]}), Target(name="Xero")).outcome == UNSURE


@pytest.mark.parametrize("values", [{"date": "soon"}, {"date": None}, {"lines": None}, {"amount": "x"}])
def test_odd_values_are_answered(values: dict[str, Any]) -> None:
    assert verdict(owed(kind="payment", values=values, partner=There(status="PAID")), target()).text


# --- from the rows ---------------------------------------------------------------------------------------


@pytest.fixture
def books(db: None, settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    return rows.make_books(Mode.TAKE_OVER)


def refused(books: Books, kind: Kind = Kind.INVOICE, **extra: Any) -> Change:
    values: dict[str, Any] = {"state": "parked", "parked_as": "rejected", "claimed_at": THEN, **extra}
    values.setdefault("values", {"lines": [line()], "date": "2026-11-01", "currency": "AUD"})
    return rows.make_change(books, kind, **values)


def linked_contact(books: Books, status: str = "ACTIVE", **extra: Any) -> tuple[Snapshot, Snapshot]:
    source = rows.make_snapshot(books.source, Kind.CONTACT, name="Client")
    there = rows.make_snapshot(books.target, Kind.CONTACT, name="Client", status=status, **extra)
    rows.make_link(books, source, there)
    return source, there


def outcomes(books: Books, *changes: Change) -> tuple[int, int, int]:
    found = rehearse(books.practice, [change.pk for change in changes])
    assert found is not None
    return found.passes, found.again, found.unsure


def test_an_account_that_was_archived_and_is_back(books: Books) -> None:
    source, _ = linked_contact(books)
    change = refused(books, reason="bad_account", refs={"contact": source.external_id})
    record = {"external_id": "a", "code": "200", "name": "Sales", "status": "ARCHIVED"}
    account = rows.make_snapshot(
        books.target, Kind.ACCOUNT, "a", number="200", record=record, received_at=THEN - timedelta(days=1)
    )
    assert outcomes(books, change) == (0, 1, 0)
    account.record, account.received_at = {**record, "status": "ACTIVE"}, LATER
    account.save()
    assert outcomes(books, change) == (1, 0, 0)
    Snapshot.objects.filter(pk=account.pk).update(received_at=THEN - timedelta(days=1))
    assert outcomes(books, change) == (0, 0, 1)


def test_the_contact_of_an_invoice(books: Books) -> None:
    source, there = linked_contact(books, status="ARCHIVED", received_at=THEN)
    change = refused(books, reason="contact_archived", refs={"contact": source.external_id})
    lost = refused(books, reason="contact_archived", refs={"contact": "nobody"})
    assert outcomes(books, change, lost) == (0, 2, 0)
    Snapshot.objects.filter(pk=there.pk).update(status="ACTIVE", received_at=LATER)
    assert outcomes(books, change, lost) == (1, 1, 0)


def test_a_name_that_is_taken(books: Books) -> None:
    change = refused(books, Kind.CONTACT, reason="duplicate_name", values={"name": "Acme Pty Ltd"})
    other = rows.make_snapshot(books.target, Kind.CONTACT, name="ACME Pty Ltd", status="ACTIVE")
    assert outcomes(books, change) == (0, 1, 0)
    Snapshot.objects.filter(pk=other.pk).update(status="ARCHIVED")
    Cursor.objects.create(
        practice=books.practice, connection=books.target, kind=Kind.CONTACT, completed_at=LATER
    )
    assert outcomes(books, change) == (1, 0, 0)


def test_a_number_that_another_client_has(books: Books) -> None:
    source, _ = linked_contact(books)
    change = refused(
        books, reason="duplicate_number", natural_key="IGN-1", refs={"contact": source.external_id}
    )
    rows.make_invoice(books, at="target", number="IGN-1", party_external_id="somebody else")
    assert outcomes(books, change) == (0, 1, 0)


def test_a_payment_against_its_invoice(books: Books) -> None:
    bill = rows.make_invoice(books)
    there = rows.make_invoice(books, at="target", record={"amount_due": "50.00"})
    rows.make_link(books, bill, there)
    values = {"amount": "60.00", "currency": "AUD", "date": "2026-11-01"}
    change = refused(
        books, Kind.PAYMENT, reason="overpayment", refs={"invoice": bill.external_id}, values=values
    )
    assert outcomes(books, change) == (0, 1, 0)
    Snapshot.objects.filter(pk=there.pk).update(record={"amount_due": "60.00"}, received_at=LATER)
    assert outcomes(books, change) == (1, 0, 0)


def test_modes_connections_and_what_goes_first(books: Books) -> None:
    source, _ = linked_contact(books)
    first = refused(books, Kind.CONTACT, values={"name": "New"})
    change = refused(books, depends_on=first, refs={"contact": "new"})
    alone = refused(books, refs={"contact": source.external_id})
    assert outcomes(books, change, alone) == (0, 0, 2)
    books.flows[Kind.INVOICE].mode = Mode.WATCH
    books.flows[Kind.INVOICE].save()
    assert outcomes(books, change, alone, first) == (0, 2, 1)
    books.target.state = ConnectionState.NEEDS_RECONNECT
    books.target.save()
    assert outcomes(books, change, alone, first) == (0, 3, 0)


def test_only_this_practices_refused_ones_count(books: Books) -> None:
    theirs = refused(rows.make_books(Mode.TAKE_OVER))
    waiting = refused(books, state="pending", parked_as="")
    assert rehearse(books.practice, [theirs.pk, waiting.pk]) is None
    assert rehearse(books.practice, []) is None


def test_queries_do_not_grow(books: Books) -> None:
    def queries() -> int:
        ids = list(Change.objects.values_list("pk", flat=True))
        with CaptureQueriesContext(database) as caught:
            rehearse(books.practice, ids)
        return len(caught)

    def fill(number: int) -> None:
        for index in range(number):
            source, _ = linked_contact(books)
            refused(books, refs={"contact": source.external_id}, natural_key=f"IGN-{index}")
            refused(books, Kind.CONTACT, values={"name": f"Client {index}"})

    fill(2)
    few = queries()
    fill(20)
    assert queries() == few <= 15
