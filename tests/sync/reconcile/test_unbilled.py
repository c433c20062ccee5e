"""Engagements that bill by themselves and did not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.ignition.parse import proposal as parse_proposal
from connectors.records import Proposal, ProposalLine
from sync.reconcile.books import READ, Books
from sync.reconcile.unbilled import GRACE, YEARLY_GRACE, period_of
from tests.sync.reconcile.ledgers import add_pair, agreeing, change, found

TODAY = date(2026, 11, 20)
LINE = ProposalLine(
    external_id="l",
    name="Bookkeeping",
    is_recurring=True,
    period_value=Decimal(100),
    strategy="automatic",
    repeats="every month",
)
ONCE = replace(LINE, name="Set-up", is_recurring=False, repeats="Billed on acceptance")


def agreed(start: date, *lines: ProposalLine, **values: Any) -> Proposal:
    made = Proposal(
        external_id="pr",
        name="Books",
        number="PROP-77",
        contact_external_id="c0",
        status="accepted",
        starts_on=start,
        accepted_at=datetime(start.year, start.month, start.day, 1, tzinfo=UTC),
        lines=lines or (LINE,),
    )
    return replace(made, **values)


def books(*proposals: Proposal, billed: tuple[date, ...] = (), **chosen: Any) -> Books:
    """Two clients; the second one's invoice of January is the oldest that Ignition lists."""
    made = agreeing(2, paid=False, **chosen)
    change(made.invoices, "i1", date=date(2026, 1, 5))
    change(made.documents, "xi1", date=date(2026, 1, 5))
    change(made.expected, "i1", date=date(2026, 1, 5), due_date=made.documents["xi1"].due_date)
    change(made.invoices, "i1", due_date=made.documents["xi1"].due_date)
    del made.invoices["i0"], made.documents["xi0"], made.invoice_links["i0"], made.expected["i0"]
    for number, day in enumerate(billed, start=2):
        bill(made, number, day)
    made.proposals.update({item.external_id: item for item in proposals})
    return made


def bill(made: Books, number: int, day: date, *, proposal: str = "pr", reference: str = "CLI-1") -> None:
    """An invoice of the first client for the proposal."""
    add_pair(made, number, total=Decimal(110))
    origin: dict[str, Any] = {"origin_type": "proposal" if proposal else "", "origin_external_id": proposal}
    line = replace(made.invoices[f"i{number}"].lines[0], **origin)
    due = day + timedelta(days=14)
    same: dict[str, Any] = {"date": day, "due_date": due, "reference": reference}
    change(made.invoices, f"i{number}", contact_external_id="c0", lines=(line,), **same)
    change(made.documents, f"xi{number}", contact_external_id="xc0", **same)
    change(made.expected, f"i{number}", **same)


def raised(made: Books) -> list[str]:
    return [item.text for item in found(made) if item.kind == "invoice_not_raised"]


def monthly(start: date, count: int) -> tuple[date, ...]:
    return tuple(start + timedelta(days=30 * number) for number in range(count))


def test_an_engagement_that_was_never_billed_is_found() -> None:
    made = books(agreed(date(2026, 9, 1)))
    (item,) = [item for item in found(made) if item.kind == "invoice_not_raised"]
    assert (item.source_ids, item.at_stake, item.document) == (("pr",), Decimal(100), "PROP-77")
    assert item.text == (
        "“Bookkeeping” bills AUD 100.00 by itself (every month); there is no invoice of PROP-77 "
        "between 01 Sep 2026 and 20 Nov 2026."
    )


@pytest.mark.parametrize(("missing", "count"), [(1, 0), (2, 1)])
def test_a_single_one_among_others_may_be_a_draft_or_voided(missing: int, count: int) -> None:
    days = monthly(date(2026, 5, 1), 7)
    made = books(agreed(date(2026, 5, 1)), billed=(*days[:3], *days[3 + missing :]))
    texts = raised(made)
    assert len(texts) == count
    assert all(text.endswith("between 30 Jun 2026 and 28 Sep 2026.") for text in texts)


def test_what_staff_confirms_besides_may_wait_as_a_draft() -> None:
    by_hand = replace(LINE, name="Payroll", strategy="manual", is_recurring=False)
    assert raised(books(agreed(TODAY - timedelta(days=60), LINE, by_hand))) == []
    assert len(raised(books(agreed(TODAY - timedelta(days=80), LINE, by_hand)))) == 1
    assert raised(books(agreed(date(2026, 9, 1), ONCE, by_hand))) == []


def test_one_that_bills_regularly_is_in_order() -> None:
    assert raised(books(agreed(date(2026, 5, 1)), billed=monthly(date(2026, 5, 1), 7))) == []


@pytest.mark.parametrize(("late", "count"), [(31 + GRACE.days, 0), (32 + GRACE.days, 1)])
def test_the_grace_is_over_on_its_day(late: int, count: int) -> None:
    assert len(raised(books(agreed(TODAY - timedelta(days=late))))) == count


NOT_TOLD: dict[str, dict[str, Any]] = {
    "not accepted": {"status": "awaiting_acceptance", "accepted_at": None},
    "completed": {"status": "completed"},
    "lost": {"status": "lost"},
    "ended": {"ends_on": date(2026, 11, 1)},
    "starts later": {"starts_on": date(2027, 1, 1)},
    "confirmed by staff": {"lines": (replace(LINE, strategy="manual"),)},
    "no strategy told": {"lines": (replace(LINE, strategy=""),)},
    "parts of several strategies": {"lines": (replace(LINE, strategy="mixed"),)},
    "included": {"lines": (replace(LINE, period_value=Decimal(0)),)},
    "price on completion": {"lines": (replace(LINE, period_value=None),)},
    "dropped by the client": {"lines": (replace(LINE, selected=False),)},
    "a rhythm not known here": {"lines": (replace(LINE, repeats="when the moon is full"),)},
    "a longer rhythm": {"lines": (replace(LINE, repeats="every 3 months"),)},
    "yearly": {"lines": (replace(LINE, repeats="every year"),)},
    "billed on completion": {"lines": (replace(ONCE, repeats="Billed on completion"),)},
    "instalments of a single price": {"lines": (replace(LINE, is_recurring=False),)},
    "client unknown": {"contact_external_id": "stranger"},
}


@pytest.mark.parametrize("case", NOT_TOLD)
def test_what_need_not_have_billed_is_left(case: str) -> None:
    assert raised(books(agreed(date(2026, 9, 1), **NOT_TOLD[case]))) == []


@pytest.mark.parametrize("state", ["archived", "deleted", "lost"])
def test_clients_that_are_gone_are_left(state: str) -> None:
    made = books(agreed(date(2026, 9, 1)))
    change(made.clients, "c0", status=state)
    assert raised(made) == []


CASES = {
    "invoice_not_raised": (LINE,),
    "invoice_rhythm_unknown": (replace(LINE, repeats="now and then"),),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_found_as_what_it_is(kind: str) -> None:
    made = books(agreed(date(2026, 9, 1), *CASES[kind]))
    assert [item.kind for item in found(made) if item.kind in CASES] == [kind]


@pytest.mark.parametrize(
    "reference",
    ["PROP-77", "prop-77"],
)
def test_its_reference_shows_that_it_was_billed(reference: str) -> None:
    made = books(agreed(date(2026, 10, 1)))
    bill(made, 2, date(2026, 10, 20), proposal="another", reference=reference)
    assert raised(made) == []


def test_an_invoice_that_names_no_proposal_may_be_its() -> None:
    made = books(agreed(date(2026, 10, 1)))
    bill(made, 2, date(2026, 10, 20), proposal="")
    assert raised(made) == []


def test_an_invoice_of_another_engagement_is_not_its() -> None:
    made = books(agreed(date(2026, 10, 1)))
    bill(made, 2, date(2026, 10, 20), proposal="another")
    assert len(raised(made)) == 1


def test_a_document_that_only_xero_has_may_be_its() -> None:
    made = books(agreed(date(2026, 10, 1)))
    bill(made, 2, date(2026, 10, 20), proposal="another")
    del made.invoices["i2"], made.invoice_links["i2"]
    assert raised(made) == []


def test_a_voided_invoice_was_raised() -> None:
    made = books(agreed(date(2026, 10, 1)), billed=(date(2026, 10, 20),))
    change(made.invoices, "i2", status="voided")
    assert raised(made) == []


def test_one_that_a_later_engagement_replaced_is_left() -> None:
    later = agreed(date(2026, 10, 15), external_id="next", number="PROP-78")
    assert raised(books(agreed(date(2026, 9, 10)), later)) == []
    other = replace(later, contact_external_id="c1")
    assert len(raised(books(agreed(date(2026, 9, 10)), other))) == 1


def test_nothing_is_said_about_the_time_before_the_list_begins() -> None:
    early = agreed(date(2025, 6, 1))
    assert raised(books(early, billed=monthly(date(2026, 1, 10), 11))) == []
    assert len(raised(books(early))) == 1
    assert raised(books(early, documents_from=date(2026, 11, 1))) == []


@pytest.mark.parametrize("missing", ["proposal", "invoice"])
def test_without_the_lists_nothing_is_said(missing: str) -> None:
    assert raised(replace(books(agreed(date(2026, 9, 1))), read=READ - {missing})) == []
    assert raised(replace(books(agreed(date(2026, 9, 1))), invoices={})) == []


def test_once_on_acceptance_needs_one_invoice() -> None:
    assert len(raised(books(agreed(TODAY - timedelta(days=11), ONCE)))) == 1
    assert raised(books(agreed(TODAY - timedelta(days=10), ONCE))) == []
    assert raised(books(agreed(date(2026, 9, 1), ONCE), billed=(date(2026, 9, 2),))) == []


def test_the_shortest_rhythm_counts() -> None:
    yearly = replace(LINE, name="Tax return", repeats="every year", period_value=Decimal(900))
    (text,) = raised(books(agreed(date(2026, 9, 1), yearly, LINE)))
    assert text.startswith("“Bookkeeping” bills AUD 100.00")
    long_ago = TODAY - timedelta(days=367) - YEARLY_GRACE
    made = books(agreed(long_ago, yearly))
    change(made.invoices, "i1", date=long_ago)
    assert len(raised(made)) == 1


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("every month", 31),
        ("Every 3 months", 93),
        ("every 2 weeks", 14),
        ("every year", 366),
        ("monthly", 31),
        ("Half-yearly", 184),
        ("half yearly", 184),
    ],
)
def test_rhythms_in_ignitions_words(words: str, days: int) -> None:
    assert period_of(words) == timedelta(days=days)


@pytest.mark.parametrize(
    "words", ["", "once_off", "every", "every blue month", "every 1000 months", "bimonthly"]
)
def test_other_words_are_not_guessed_at(words: str) -> None:
    assert period_of(words) is None


def line_of(billing: dict[str, Any], **values: Any) -> ProposalLine:
    row = {"slug": "prop_1", "services": [{"slug": "line_1", "billing": billing, **values}]}
    return parse_proposal(row).lines[0]


def test_how_a_line_bills_is_read() -> None:
    part = {"cadence": "every month", "recurrence": "monthly", "invoice_strategy": "automatic"}
    line = line_of({"is_recurring": True, "schedules": [part]}, invoice_strategy="automatic")
    assert (line.strategy, line.repeats) == ("automatic", "every month")
    line = line_of({"is_recurring": True, "schedules": [{**part, "cadence": None}]})
    assert (line.strategy, line.repeats) == ("automatic", "monthly")
    other = {**part, "cadence": "every year", "invoice_strategy": "manual"}
    line = line_of({"is_recurring": True, "schedules": [part, other]})
    assert (line.strategy, line.repeats) == ("mixed", "")
    line = line_of({"is_recurring": False, "summary": "Half on acceptance", "schedules": [part, other]})
    assert (line.strategy, line.repeats) == ("automatic", "Half on acceptance")
    line = line_of({"is_recurring": True}, invoice_strategy="Manual")
    assert (line.strategy, line.repeats) == ("manual", "")
    assert line_of({}).strategy == ""
