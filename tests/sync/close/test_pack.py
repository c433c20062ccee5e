"""The pack's files say what the page says: read back and compared."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from practices.models import AuditEntry, Role
from sync.close.pack import Pack, build, period_between
from sync.close.pack_pdf import write_pdf
from sync.close.pack_xlsx import write_xlsx
from sync.close.periods import MONTH, period_of
from sync.models import Workings
from tests.sync.close.rows import (
    NOW,
    OCTOBER,
    as_,
    fill_october,
    make_comparison,
    make_difference,
    make_read_books,
    pay,
    worked_out,
)
from tests.sync.rows import Books, make_change

pytestmark = pytest.mark.django_db
LONG = "Te Rōpū Whakahaere o Ngā Kaute €uro Straße " * 5


@pytest.fixture
def books() -> Books:
    made = make_read_books(name="Kōwhai & Co €")
    fill_october(made)
    pay(made, 3, collected=date(2026, 10, 20), arrived=date(2026, 10, 22), posted=False)
    worked_out(made)
    make_difference(made, "One", owner=made.member())
    make_difference(made, "Two", at_stake=Decimal("55.55"), tax_at_stake=Decimal("5.05"), client=LONG[:300])
    make_difference(
        made,
        "Three",
        state="accepted",
        accepted_by=made.member(Role.ADMIN),
        accepted_at=NOW,
        reason="=HYPERLINK(1)",
        ceiling=Decimal("150.00"),
        accepted_until=date(2026, 12, 31),
    )
    change = make_change(made, title="INV-77")
    change.approvals.create(
        practice=made.practice,
        state="approved",
        expires_at=NOW,
        decided_at=datetime(2026, 10, 20, tzinfo=UTC),
        decided_by=made.member(),
        note="+seen",
    )
    return made


def pack(books: Books) -> Pack:
    return build(books.practice, period_of(MONTH, date(2026, 10, 1)), now=NOW)


def sheets(books: Books) -> dict[str, list[tuple[Any, ...]]]:
    stream = BytesIO()
    write_xlsx(pack(books), stream)
    book = openpyxl.load_workbook(stream)
    return {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def paper(books: Books) -> tuple[str, int]:
    stream = BytesIO()
    write_pdf(books.practice, date(2026, 10, 1), date(2026, 10, 31), stream)
    pages = PdfReader(stream).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages)), len(pages)


def page(books: Books) -> str:
    answer = as_(books, Role.ADMIN).get(books.url(f"reconciliation/close/?{OCTOBER}"))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def row(found: list[tuple[Any, ...]], first: str) -> tuple[Any, ...]:
    return next(item for item in found if item[0] == first)


def test_the_excel_file_has_the_figures_of_the_page(books: Books) -> None:
    found, shown = sheets(books), page(books)
    assert list(found) == [
        *("Summary", "Totals", "Open", "Accepted", "Approvals", "Tax", "Clearing", "Payouts", "Looked at"),
        "Sign-off",
    ]
    totals = found["Totals"]
    assert row(totals, "Invoices: Ignition")[1:4] == (3, "AUD", 330)
    assert row(totals, "Invoices: Xero")[1:4] == (3, "AUD", 341)
    for amount in ("$330.00", "$341.00", "$165.55", "$15.05"):
        assert amount in shown
    assert row(found["Open"], "All 2")[5:8] == ("AUD", 165.55, 15.05)
    assert row(found["Summary"], "Open differences")[1] == 2
    assert row(found["Tax"], "IGN-0002")[4] == 110


def test_the_clearing_account_adds_up_in_the_file_as_on_the_page(books: Books) -> None:
    found, shown = sheets(books)["Clearing"], page(books)
    ends = [item for item in found if item[0] == "At the end"]
    assert ends[0][1] == 0
    assert ends[1][6] == 0
    items = {item[2]: (item[0], item[6]) for item in found if item[2] in {"IGN-0002", "IGN-0003"}}
    assert items == {
        "IGN-0002": ("Payout still to come", 110),
        "IGN-0003": ("Paid out, not in Xero", -110),
    }
    assert "Payout still to come" in shown
    assert [item[0] for item in sheets(books)["Payouts"] if str(item[0]).startswith("po")] == ["po1", "po3"]


def test_text_in_the_excel_file_is_never_a_formula(books: Books) -> None:
    stream = BytesIO()
    write_xlsx(pack(books), stream)
    cells = [cell for sheet in openpyxl.load_workbook(stream) for line in sheet.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert {"=HYPERLINK(1)", "+seen"} <= {cell.value for cell in cells}


def test_the_pdf_has_the_figures_of_the_page_and_its_letters(books: Books) -> None:
    text, count = paper(books)
    for words in (
        "Kōwhai & Co €: October 2026",
        "330.00",
        "341.00",
        "165.55",
        "Payout still to come",
        "Accepted differences",
        "=HYPERLINK(1)",
        "31 Dec 2026",
        "Ngā Kaute €uro Straße",
        f"Page {count} of {count}",
        "Signature",
        "What was not checked",
    ):
        assert words in text, words


def test_a_signed_pack_says_who_signed(books: Books) -> None:
    client = as_(books, Role.ADMIN)
    seen = re.search(r'name="seen" value="(\w+)"', page(books))
    assert seen is not None
    client.post(
        books.url("reconciliation/close/sign/"),
        {"every": "month", "from": "2026-10-01", "seen": seen[1], "note": "All seen"},
    )
    assert row(sheets(books)["Sign-off"], "Note")[1] == "All seen"
    assert "All seen" in paper(books)[0]


def test_an_empty_practice_has_a_pack(books: Books) -> None:
    empty = make_read_books()
    worked_out(empty)
    assert row(sheets(empty)["Totals"], "No documents or payments in this period.")
    assert "No documents or payments" in paper(empty)[0]


def test_a_pack_for_a_mail_works_the_figures_out_first() -> None:
    fresh = make_read_books()
    make_comparison(fresh)
    assert not Workings.objects.filter(practice=fresh.practice).exists()
    assert "Figures as of" in paper(fresh)[0]
    with pytest.raises(ValueError, match="whole months"):
        write_pdf(fresh.practice, date(2026, 10, 2), date(2026, 10, 31), BytesIO())
    with pytest.raises(ValueError, match="no period"):
        period_between(fresh.practice, date(2026, 9, 1), date(2026, 10, 31))


@pytest.mark.parametrize("ending", ["xlsx", "pdf"])
def test_taking_the_pack_is_written_down(books: Books, ending: str) -> None:
    answer = as_(books).get(books.url(f"reconciliation/close/pack.{ending}?{OCTOBER}"))
    assert answer.status_code == 200
    assert (
        f'filename="{books.practice.slug}-close-2026-10-to-2026-10.{ending}"' in answer["Content-Disposition"]
    )
    entry = AuditEntry.objects.get(practice=books.practice, action="period.pack")
    assert entry.details == {"starts_on": "2026-10-01", "ends_on": "2026-10-31"}


@pytest.mark.parametrize("ending", ["xlsx", "pdf"])
def test_without_figures_there_is_no_file(ending: str) -> None:
    fresh = make_read_books()
    client = as_(fresh)
    answer = client.get(fresh.url(f"reconciliation/close/pack.{ending}?{OCTOBER}"), follow=True)
    assert "have not been worked out yet" in answer.content.decode()
    assert not AuditEntry.objects.filter(practice=fresh.practice, action="period.pack").exists()


def test_many_rows_are_counted_where_they_are_not_listed(books: Books) -> None:
    for number in range(260):
        make_difference(books, f"M{number}")
    text, count = paper(books)
    assert "62 more are not listed here" in text
    assert "All 262" in text
    assert count > 5
    assert row(sheets(books)["Open"], "All 262")[6] == float(Decimal("28765.55"))
