"""What hangs on the differences of a period: the month's own, what is tied to no month, and the lists they link to."""

import re
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.http import QueryDict

from practices.models import Role
from sync.close import stakes
from sync.close.pack import Pack, build
from sync.close.pack_xlsx import write_xlsx
from sync.close.periods import MONTH, period_of
from sync.close.stakes import PARTS, Stakes, stakes_of
from sync.pages.mismatch_list import all_sums
from sync.report.choosing import choose
from tests.sync.close.rows import NOW, OCTOBER, as_, make_difference, make_read_books, worked_out
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db
PERIOD = period_of(MONTH, date(2026, 10, 1))
AGREED: dict[str, Any] = {"state": "accepted", "accepted_at": NOW, "reason": "Agreed"}
UNDATED: dict[str, Any] = {"dated_on": None, "document": "", "about": "contact", "kind": "contact_missing"}


@pytest.fixture
def books() -> Books:
    made = make_read_books()
    worked_out(made)
    make_difference(made, "Invoice", document="IGN-1", client_external_id="c1", at_stake=Decimal(330))
    make_difference(made, "Its payment", document="IGN-1", client_external_id="c1", kind="payment_missing")
    make_difference(made, "Other money", currency="NZD", rank=0)
    make_difference(made, "No money", currency="", at_stake=Decimal(0), tax_at_stake=Decimal(0))
    make_difference(made, "September", dated_on=date(2026, 9, 30), at_stake=Decimal(5000))
    make_difference(made, "Client", **UNDATED, rank=0, at_stake=Decimal("1660000.00"))
    make_difference(made, "Small client", **UNDATED, at_stake=Decimal("0.01"), tax_at_stake=Decimal(0))
    make_difference(made, "Name", **UNDATED, currency="", at_stake=Decimal(0), tax_at_stake=Decimal(0))
    make_difference(made, "Agreed", **AGREED)
    make_difference(made, "Agreed client", **UNDATED, **AGREED, at_stake=Decimal(70))
    make_difference(make_read_books(), "Somebody else's")
    return made


def pack(books: Books) -> Pack:
    return build(books.practice, PERIOD, now=NOW)


def page(books: Books, name: str = "close", query: str = OCTOBER, **headers: str) -> str:
    path = f"{name}/" if name else ""
    answer = as_(books, Role.ADMIN).get(books.url(f"reconciliation/{path}?{query}"), headers=headers)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_what_has_no_date_is_beside_the_month_and_not_in_its_figure(books: Books) -> None:
    found = pack(books)
    assert (found.open.count, found.open_undated.count) == (4, 2)
    assert (found.accepted.count, found.accepted_undated.count) == (1, 1)
    assert [(item.currency, item.at_stake) for item in found.open.sums.items if item.currency] == [
        ("AUD", Decimal(330)),
        ("NZD", Decimal(110)),
    ]
    assert [item.at_stake for item in found.open_undated.sums.items] == [Decimal("1660000.01")]
    assert found.elsewhere.count == 1, "a name has neither a date nor money"
    assert found.critical == 2, "whoever signs a month off has to know of both"


@pytest.mark.parametrize("part", PARTS)
def test_each_part_comes_to_what_its_list_in_the_report_does(books: Books, part: str) -> None:
    found = stakes_of(books.practice, PERIOD)[part]
    chosen = choose(books.practice, QueryDict(found.query))
    assert chosen.is_sound
    there = all_sums(chosen.query)
    assert there.count == found.count > 0
    assert list(there.items) == list(found.sums.items)
    every = {item.currency: item.every for item in there.items if item.currency}
    assert every == found.one_by_one


@pytest.mark.parametrize("part", PARTS)
def test_each_cause_of_the_tax_comes_to_what_its_list_does(books: Books, part: str) -> None:
    wanted = {"dated": not part.endswith("undated"), "state": part.split("_", maxsplit=1)[0]}
    causes = [item for item in pack(books).tax.stakes if (item.dated, item.state) == tuple(wanted.values())]
    assert causes
    for cause in causes:
        there = all_sums(choose(books.practice, QueryDict(cause.query)).query)
        sums = {item.currency: (item.count, item.every, item.every_tax) for item in there.items}
        assert sums[cause.currency] == (cause.count, cause.money, cause.tax)


def test_the_page_says_both_and_links_to_both(books: Books) -> None:
    shown = page(books)
    assert "4 dated in October 2026" in shown
    assert "$330.00" in shown
    assert "Not tied to a month" in shown
    assert "$1,660,000.01" in shown
    assert "$1,660,330.01" not in shown
    for part in stakes_of(books.practice, PERIOD).values():
        assert f"reconciliation/?{part.query.replace('&', '&amp;')}#list" in shown, part.part
    listed = page(books, "", "dated=no&least=0.01")
    assert "$1,660,000.01" in listed


def test_the_tax_at_stake_is_the_same_on_both_pages_and_in_the_list(books: Books) -> None:
    (item,) = [item for item in pack(books).open.sums.items if item.currency == "AUD"]
    assert pack(books).tax.stake == [("AUD", item.tax), ("NZD", Decimal(10))]
    assert "of GST is at stake in open differences dated in October 2026" in page(
        books, "tax", "every=bas-month&from=2026-10-01"
    )


def test_a_month_with_nothing_says_nothing_of_what_is_tied_to_none(books: Books) -> None:
    empty = make_read_books()
    worked_out(empty)
    assert "Not tied to a month" not in page(empty)


def test_the_excel_file_keeps_them_apart_and_its_sums_add_up(books: Books) -> None:
    stream = BytesIO()
    write_xlsx(pack(books), stream)
    book = openpyxl.load_workbook(stream)
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    assert summary["Open differences"] == 4
    assert summary["Open differences: at stake in AUD"] == 330
    assert summary["Open differences not tied to a month"] == 2
    assert summary["Open differences not tied to a month: at stake in AUD"] == 1660000.01
    rows = [tuple(row) for row in book["Open"].iter_rows(values_only=True)]
    titles = [row[0] for row in rows]
    dated = rows[: titles.index("Open differences not tied to a month")]
    beside = rows[len(dated) :]
    listed: list[Any] = [row[6] for row in dated if row[5] == "AUD" and row[2]]
    (whole,) = [row[6] for row in dated if str(row[0]).startswith("All ") and row[5] == "AUD"]
    (once,) = [row[6] for row in dated if row[0] == "Money counted once"]
    assert (sum(listed), whole, once) == (440, 440, 330)
    assert [row[6] for row in beside if str(row[0]).startswith("All ")] == [1660000.01]


def test_what_is_too_long_to_add_up_at_once_is_asked_for_by_the_page(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stakes, "ADDED_WITH_THE_PAGE", 1)
    shown = page(books)
    assert "4 dated in October 2026" in shown, "they are counted all the same"
    assert "$330.00" not in shown.split("Open differences", maxsplit=1)[1].split("<table")[0]
    assert "totals=open_undated" in shown
    assert "$330.00" in page(books, query=f"{OCTOBER}&totals=open", **{"HX-Request": "true"})
    assert "$1,660,000.01" in page(books, query=f"{OCTOBER}&totals=open_undated", **{"HX-Request": "true"})
    assert "$330.00" in page(books, query=f"{OCTOBER}&totals=all")
    asked = "every=bas-month&from=2026-10-01&totals=open"
    assert "$330.00" in page(books, "tax", asked, **{"HX-Request": "true"})
    assert "totals=open" in page(books, "tax", "every=bas-month&from=2026-10-01")


def test_critical_is_counted_whatever_else_of_the_kind_there_is(books: Books) -> None:
    found: Stakes = stakes_of(books.practice, PERIOD)["open"]
    assert (found.count, found.critical, found.taxed) == (4, 1, 3)
