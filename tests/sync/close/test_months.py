"""Every month comes to its own totals, and all months together to those of the whole."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings

from sync.close.months import MEASURED, MOST_MONTHS, month_list, months_of
from sync.reconcile.compare import compare
from sync.reconcile.receipts import pair
from sync.reconcile.totals import totals
from tests.sync.reconcile.ledgers import agreeing
from tests.sync.reconcile.test_totals import ACTS, COUNT, spoil


@settings(max_examples=120, deadline=None)
@given(acts=ACTS)
def test_months_come_out_to_the_cent_and_to_the_whole(acts: list[Any]) -> None:
    books = agreeing(COUNT)
    for act in acts:
        spoil(books, *act)
    paired = pair(books)
    differences = compare(books, paired)
    months, undated = months_of(books, paired, differences)
    left: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for month in months.values():
        for total in month.totals:
            assert total.left + sum(cause.amount for cause in total.causes) == total.right
            left[total.measure, total.currency] += total.left
    if not any(undated.values()):
        whole = totals(books, paired, differences)
        wanted = {
            (item.measure, item.currency): item.left
            for item in whole
            if item.measure in MEASURED and item.left
        }
        assert {key: amount for key, amount in left.items() if amount} == wanted


def test_the_months_have_no_gap_and_end_with_the_one_that_runs() -> None:
    today = date(2026, 11, 20)
    assert month_list([date(2026, 8, 1)], today) == [date(2026, month, 1) for month in (8, 9, 10, 11)]
    assert month_list([], today) == [date(2026, 11, 1)]
    assert month_list([date(2030, 1, 1)], today) == [date(2026, 11, 1)]
    long = month_list([date(1999, 1, 1)], today)
    assert len(long) == MOST_MONTHS
    assert long[0] == date(2023, 11, 1)
