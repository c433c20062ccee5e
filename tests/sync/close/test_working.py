"""Months worked out in the background: once for each comparison, by one worker, and never lost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from sync.close import working
from sync.close.figures import figures_of
from sync.close.periods import MONTH, Period, period_of, rule_called, tax_rules
from sync.models import MonthFigures, Workings
from sync.tasks import look_for_months, work_out_months
from tests.sync.close.rows import make_comparison, make_read_books, pair_up, worked_out
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db
OCTOBER = period_of(MONTH, date(2026, 10, 1))


@pytest.fixture
def books() -> Books:
    return make_read_books()


def quarter(day: date) -> Period:
    return period_of(rule_called(tax_rules("AU"), ""), day)


def total(books: Books, period: Period, measure: str = "invoices") -> Any:
    return next(item for item in figures_of(books.practice, period).totals if item.measure == measure)


def test_a_month_has_its_own_documents_and_the_causes_of_their_difference(books: Books) -> None:
    pair_up(books, 1, day=date(2026, 10, 5), amount="121.00")
    pair_up(books, 2, day=date(2026, 10, 9))
    pair_up(books, 3, day=date(2026, 9, 30))
    worked_out(books)
    october = total(books, OCTOBER)
    assert (october.left, october.right, october.left_count) == (Decimal(220), Decimal(231), 2)
    assert [(cause.kind, cause.amount) for cause in october.causes] == [("invoice_total", Decimal(11))]


def test_a_quarter_is_the_sum_of_its_months(books: Books) -> None:
    pair_up(books, 1, day=date(2026, 7, 5), amount="121.00")
    pair_up(books, 2, day=date(2026, 9, 9), amount="100.00")
    pair_up(books, 3, day=date(2026, 10, 1))
    worked_out(books)
    found = total(books, quarter(date(2026, 8, 1)))
    assert (found.left, found.right, found.right_count) == (Decimal(220), Decimal(221), 2)
    assert found.left + sum(cause.amount for cause in found.causes) == found.right
    assert [(cause.count, cause.amount) for cause in found.causes] == [(2, Decimal(1))]


def test_documents_on_both_sides_of_a_border_are_named(books: Books) -> None:
    pair_up(books, 1, day=date(2026, 9, 30), there=date(2026, 10, 1))
    pair_up(books, 2, day=date(2026, 8, 31), there=date(2026, 9, 1))
    worked_out(books)
    assert [item.number for item in figures_of(books.practice, OCTOBER).crossings] == ["IGN-0001"]
    third = figures_of(books.practice, quarter(date(2026, 7, 1)))
    assert [(item.number, item.tax) for item in third.crossings] == [("IGN-0001", Decimal("10.00"))]


def test_drafts_and_documents_without_a_date_are_counted(books: Books) -> None:
    pair_up(books, 1, day=date(2026, 10, 5), status="DRAFT")
    here = pair_up(books, 2, day=date(2026, 10, 6))
    here.record.pop("date")
    here.save(update_fields=["record"])
    worked_out(books)
    found = figures_of(books.practice, OCTOBER)
    assert (found.draft_count, [item.number for item in found.drafts]) == (1, ["IGN-0001"])
    assert found.undated == 1


def test_without_a_clearing_account_it_says_so(books: Books) -> None:
    worked_out(books)
    assert figures_of(books.practice, OCTOBER).clearing_problem == working.NO_CLEARING


def test_a_new_comparison_is_worked_out_once(books: Books) -> None:
    make_comparison(books)
    look_for_months()
    assert working.due(timezone.now()) == [books.practice.pk]
    work_out_months(books.practice.pk)
    made_at = Workings.objects.get().made_at
    assert working.due(timezone.now()) == []
    work_out_months(books.practice.pk)
    assert Workings.objects.get().made_at == made_at
    make_comparison(books)
    assert working.due(timezone.now()) == [books.practice.pk]


def test_a_comparison_of_a_part_asks_for_nothing(books: Books) -> None:
    make_comparison(books, scope="changed")
    make_comparison(books, state="failed")
    assert working.due(timezone.now()) == []


def test_asking_twice_is_asking_once_and_a_second_time_replaces_the_months(books: Books) -> None:
    pair_up(books, 1, day=date(2026, 10, 5))
    now = timezone.now()
    assert working.ask(books.practice, now=now)
    assert not working.ask(books.practice, now=now)
    assert working.work(books.practice.pk)
    before = MonthFigures.objects.count()
    pair_up(books, 2, day=date(2026, 10, 6))
    assert working.ask(books.practice, now=now)
    assert working.work(books.practice.pk)
    assert MonthFigures.objects.count() == before
    assert total(books, OCTOBER).left == Decimal(220)


def test_two_workers_at_once_work_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    make_comparison(books)
    real = working.work_out
    second = []

    def interrupted(practice: Any) -> Any:
        second.append(working.work(practice.pk))
        return real(practice)

    monkeypatch.setattr(working, "work_out", interrupted)
    assert working.work(books.practice.pk)
    assert second == [False]


def test_a_worker_that_died_is_followed_by_another_one(books: Books) -> None:
    now = timezone.now()
    working.ask(books.practice, now=now)
    Workings.objects.update(claimed_at=now)
    assert working.due(now) == []
    later = now + working.LOST_AFTER + timedelta(seconds=1)
    assert working.due(later) == [books.practice.pk]
    Workings.objects.update(claimed_at=now - working.LOST_AFTER - timedelta(seconds=1))
    assert working.work(books.practice.pk)


def test_a_failure_is_told_and_not_repeated_by_itself(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    make_comparison(books)

    def broken(practice: Any) -> Any:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(working, "work_out", broken)
        assert working.work(books.practice.pk)
    assert working.due(timezone.now()) == []
    assert figures_of(books.practice, OCTOBER).message == working.FAILED
    assert working.ask(books.practice, now=timezone.now())
    assert working.work(books.practice.pk)
    assert figures_of(books.practice, OCTOBER).message == ""


def test_a_practice_that_is_not_connected_has_no_figures(books: Books) -> None:
    worked_out(books)
    books.source.delete()
    working.ask(books.practice, now=timezone.now())
    assert working.work(books.practice.pk)
    assert not working.work(999_999)
