"""What is wrong with connections, settings and our own bookkeeping."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.reconcile.books import Books
from sync.reconcile.compare_ours import fingerprint
from sync.reconcile.ours import Accepted, Listed, Ours, Setting, System, Unread, Waiting, Write
from tests.sync.reconcile.ledgers import NOW, agreeing, change, found, kinds

SYSTEM = System(key="xero", name="Xero", organisations=("Harbour",), renewed_at=NOW, reported_at=NOW)
LISTED = Listed(key="target invoice", name="Xero's list of invoices", read_at=NOW, since=NOW)
WAITING = Waiting(key="invoice i0", title="Client 0", asked_at=NOW)
LONG = NOW - timedelta(days=50)


def systems(**values: Any) -> Ours:
    return Ours(systems=(replace(SYSTEM, **values),))


def write(matter: str) -> Ours:
    made = Write(key="invoice i0", matter=matter, title="Client 0", text="No answer.", source_id="i0")
    return Ours(writes=(made,))


CASES: dict[str, Ours] = {
    "connection_lost": systems(lost="it was disconnected."),
    "connection_unused_key": systems(renewed_at=LONG),
    "connection_other_organisation": systems(organisations=("Harbour", "Other")),
    "connection_scope": systems(missing=("read and write payments",)),
    "connection_owner_left": systems(owner_left="Ann"),
    "connection_silent": systems(is_told=True, reported_at=LONG, changed=9),
    "connection_clock": systems(ahead_seconds=200),
    "connection_account_gone": Ours(
        settings=(Setting(key="account 200", is_tax=False, text="Archived.", waiting=2),)
    ),
    "connection_tax_gone": Ours(settings=(Setting(key="tax OUTPUT", is_tax=True, text="Not active."),)),
    "sync_list_old": Ours(lists=(replace(LISTED, read_at=NOW - timedelta(hours=37)),)),
    "sync_list_unread": Ours(lists=(replace(LISTED, read_at=None, since=NOW - timedelta(hours=25)),)),
    "sync_unclear": write("unclear"),
    "sync_stored_differently": write("stored_differently"),
    "sync_conflict": write("conflict"),
    "sync_target_locked": write("target_locked"),
    "sync_approval_old": Ours(waiting=(replace(WAITING, asked_at=NOW - timedelta(days=7)),)),
    "sync_event_again": Ours(repeats={"Xero": 3}),
    "sync_unreadable": Ours(
        unread=(
            Unread(
                key="1 invoice i9",
                system="Ignition",
                kind="invoice",
                external_id="i9",
                problem="No total.",
                is_source=True,
            ),
        )
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_found_as_what_it_is(kind: str) -> None:
    assert list(kinds(replace(agreeing(2), ours=CASES[kind]))) == [kind]


FINE: dict[str, Ours] = {
    "all well": Ours(systems=(SYSTEM,), lists=(LISTED,), waiting=(WAITING,)),
    "a key without an end": systems(renewed_at=None),
    "reports were never set up": systems(reported_at=None, changed=900),
    "nothing changed to report": systems(is_told=True, reported_at=LONG, changed=4),
    "reported lately": systems(is_told=True, changed=900),
    "clocks a minute apart": systems(ahead_seconds=60),
    "first read under way": Ours(lists=(replace(LISTED, read_at=None, since=NOW - timedelta(hours=23)),)),
    "read last night": Ours(lists=(replace(LISTED, read_at=NOW - timedelta(hours=30)),)),
    "asked for yesterday": Ours(waiting=(replace(WAITING, asked_at=NOW - timedelta(days=6)),)),
}


@pytest.mark.parametrize("case", FINE)
def test_what_is_well_is_not_found(case: str) -> None:
    assert kinds(replace(agreeing(2), ours=FINE[case])) == {}


def shifted(books: Books, *days: int) -> None:
    for number, by in enumerate(days):
        day = books.documents[f"xi{number}"].date
        assert day is not None
        change(books.documents, f"xi{number}", date=day + timedelta(days=by))


@pytest.mark.parametrize(
    ("days", "seen"),
    [((1, 1, 1), True), ((-1, -1, -1, 3), True), ((1, 1), False), ((1, 1, 1, 2, 3, 4), False)],
)
def test_dates_that_are_one_day_off_all_over_are_a_matter_of_clocks(
    days: tuple[int, ...], seen: bool
) -> None:
    books = agreeing(6, paid=False)
    shifted(books, *days)
    assert ("connection_clock" in kinds(books)) is seen


@pytest.mark.parametrize(
    ("ceiling", "until", "seen"),
    [
        (Decimal(100), None, True),
        (Decimal(120), None, False),
        (None, date(2026, 11, 1), True),
        (None, date(2026, 12, 1), False),
        (None, None, False),
    ],
)
def test_what_outgrew_its_acceptance_is_said(ceiling: Decimal | None, until: date | None, seen: bool) -> None:
    books = agreeing(1, paid=False)
    change(books.documents, "xi0", total=Decimal(120))
    (item,) = found(books)
    agreed = Accepted(fingerprint=fingerprint("1 2", item), ceiling=ceiling, until=until)
    told = kinds(replace(books, pair="1 2", ours=Ours(accepted=(agreed,))))
    assert ("sync_outgrown" in told) is seen
