"""The lamp of a tax return: green only when nothing that was read leaves a doubt."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sync.close import working
from sync.close.figures import figures_of
from sync.close.gst import TaxReport, tax_report
from sync.close.periods import period_of, rule_called, tax_rules
from sync.models import MismatchState
from tests.sync.close.rows import NOW, make_comparison, make_difference, make_read_books, pair_up, worked_out
from tests.sync.rows import Books, make_change

pytestmark = pytest.mark.django_db

SYDNEY = ZoneInfo("Australia/Sydney")
RULE = rule_called(tax_rules("AU"), "")


@pytest.fixture
def books() -> Books:
    made = make_read_books()
    pair_up(made, 1, day=date(2026, 8, 5))
    return made


def report(books: Books, *, day: date = date(2026, 8, 1), now: datetime = NOW) -> TaxReport:
    figures = figures_of(books.practice, period_of(RULE, day))
    return tax_report(books.practice, figures, now=now, zone=SYDNEY)


def reasons(books: Books) -> dict[str, str]:
    return {reason.text: reason.tone for reason in report(books).reasons}


def test_it_is_green_when_everything_was_read_and_nothing_is_open(books: Books) -> None:
    make_change(books, state="held", reason="watch", date=date(2026, 8, 4))
    make_difference(books, "Later", dated_on=date(2026, 10, 1))
    make_difference(books, "No tax", dated_on=date(2026, 8, 1), tax_at_stake=Decimal(0))
    worked_out(books)
    found = report(books)
    assert (found.tone, found.lamp, found.reasons) == ("good", "BAS-ready", ())


def test_a_difference_with_tax_at_stake_turns_it_red(books: Books) -> None:
    worked_out(books)
    make_difference(books, "One", dated_on=date(2026, 7, 1))
    make_difference(books, "Two", dated_on=date(2026, 9, 30), tax_at_stake=Decimal("2.50"))
    found = report(books)
    assert (found.tone, found.lamp) == ("bad", "Not BAS-ready")
    assert reasons(books) == {"2 open differences with tax at stake": "bad"}
    assert found.stake == [("AUD", Decimal("12.50"))]
    assert [(item.title, item.count, item.tax) for item in found.stakes] == [
        ("Total differs", 2, Decimal("12.50"))
    ]


def test_an_accepted_difference_is_told_and_is_no_hindrance(books: Books) -> None:
    worked_out(books)
    make_difference(
        books, "One", dated_on=date(2026, 8, 1), state="accepted", accepted_at=NOW, reason="Agreed"
    )
    found = report(books)
    assert found.tone == "good"
    assert found.stake == []
    assert [(item.state, item.tax) for item in found.stakes] == [(MismatchState.ACCEPTED, Decimal("10.00"))]


def test_the_tax_of_a_document_counts_once_however_much_is_wrong_with_it(books: Books) -> None:
    worked_out(books)
    for text in ("Its invoice", "Its payment"):
        make_difference(books, text, document="IGN-1", client_external_id="c1", dated_on=date(2026, 8, 1))
    make_difference(books, "Another", document="IGN-2", client_external_id="c1", dated_on=date(2026, 8, 1))
    assert report(books).stake == [("AUD", Decimal("20.00"))]


@pytest.mark.parametrize("state", ["held", "parked", "pending"])
def test_an_invoice_that_waits_to_be_written_turns_it_red(books: Books, state: str) -> None:
    worked_out(books)
    make_change(
        books,
        state=state,
        reason="approval",
        parked_as="rejected" if state == "parked" else "",
        date=date(2026, 8, 4),
    )
    assert reasons(books) == {"1 invoice planned and not written": "bad"}


def test_a_draft_turns_it_red(books: Books) -> None:
    pair_up(books, 2, day=date(2026, 8, 6), status="SUBMITTED")
    worked_out(books)
    assert reasons(books) == {"1 draft in Xero that nobody has approved": "bad"}


def test_a_difference_without_a_date_and_an_unknown_tax_leave_it_amber(books: Books) -> None:
    here = pair_up(books, 2, day=date(2026, 8, 6))
    here.record["lines"] = [{"description": "Work", "amount": "90.00", "unit_amount": "90.00"}]
    here.save(update_fields=["record"])
    worked_out(books)
    make_difference(books, "One", dated_on=None)
    found = report(books)
    assert (found.tone, found.lamp) == ("warn", "Not BAS-ready yet")
    assert "1 open difference with tax at stake and no date" in reasons(books)
    assert any("tax can't be worked out" in text for text in reasons(books))


def test_while_the_period_runs_it_is_not_ready_yet(books: Books) -> None:
    worked_out(books)
    found = report(books, now=datetime(2026, 9, 30, 13, 59, tzinfo=UTC))
    assert [reason.text for reason in found.reasons] == ["The period runs until 30 September 2026."]
    assert report(books, now=datetime(2026, 9, 30, 14, 1, tzinfo=UTC)).tone == "good"


def test_lists_that_were_read_too_early_or_never_leave_it_amber(books: Books) -> None:
    worked_out(books, read_at=datetime(2026, 9, 30, 13, 59, tzinfo=UTC))
    assert reasons(books) == {
        "Ignition's invoices were last read before the period ended.": "warn",
        "Xero's invoices were last read before the period ended.": "warn",
    }
    run = make_comparison(books)
    for item in run.coverage:
        if item["side"] == "target":
            item["read_at"] = None
    run.save(update_fields=["coverage"])
    assert working.work(books.practice.pk)
    assert reasons(books) == {"Xero's invoices were not read to their end.": "warn"}


def test_before_anything_was_worked_out_it_says_so(books: Books) -> None:
    assert reasons(books) == {"Nothing was worked out yet.": "warn"}


def test_it_is_called_what_it_is_called_there() -> None:
    for country, name, word in (("NZ", "GST return", "GST"), ("GB", "VAT return", "VAT")):
        made = make_read_books(country=country)
        worked_out(made)
        figures = figures_of(made.practice, period_of(tax_rules(country)[0], date(2026, 8, 1)))
        found = tax_report(made.practice, figures, now=NOW, zone=SYDNEY)
        assert (found.name, found.word) == (name, word)


def test_figures_that_could_not_be_worked_out_anew_leave_it_amber(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out(books)
    pair_up(books, 2, day=date(2026, 8, 6), status="DRAFT")
    monkeypatch.setattr(working, "work_out", lambda practice: 1 / 0)
    worked_out(books)
    found = report(books)
    assert found.tone == "warn", "the comparison is new, the figures are older and know nothing of the draft"
    assert "could not be worked out anew" in found.reasons[0].text


def test_records_that_nobody_could_read_leave_it_amber(books: Books) -> None:
    run = worked_out(books)
    for item in run.coverage:
        if item["side"] == "target" and item["kind"] == "invoice":
            item["unreadable"] = 3
    run.save(update_fields=["coverage"])
    assert reasons(books) == {"3 of Xero's invoices could not be read.": "warn"}


def test_an_invoice_without_a_date_may_be_of_the_period(books: Books) -> None:
    here = pair_up(books, 2, day=date(2026, 8, 6))
    here.date, here.record["date"] = None, None
    here.save(update_fields=["date", "record"])
    worked_out(books)
    assert reasons(books)["1 invoice without a date, in no period"] == "warn"


def test_what_is_not_compared_is_not_said_to_be_ready(books: Books) -> None:
    run = worked_out(books, documents_from=date(2026, 8, 1))
    assert reasons(books) == {"Documents dated before 1 August 2026 are not compared.": "warn"}
    run.documents_from = date(2026, 7, 1)
    run.save(update_fields=["documents_from"])
    assert reasons(books) == {}
    long_ago = report(books, day=date(2021, 8, 1))
    assert [reason.text for reason in long_ago.reasons] == [
        "Documents dated before 1 July 2026 are not compared."
    ]
    run.documents_from = None
    run.save(update_fields=["documents_from"])
    long_ago = report(books, day=date(2021, 8, 1))
    assert (long_ago.tone, len(long_ago.reasons)) == ("warn", 1)
