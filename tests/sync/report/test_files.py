"""The report as a file: exactly what the page shows, in its order, with its sums, and nothing that runs."""

import csv
import io
import time
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from practices.models import AuditEntry, Role
from sync.models import Mismatch
from sync.pages.reconciliation import mismatch_listing
from sync.report import csv as csv_module
from sync.report import xlsx
from sync.report.choosing import choose
from sync.report.csv import csv_file, write_csv
from sync.report.rows import COLUMNS, ONCE, rows_of
from sync.report.xlsx import write_xlsx
from tests.sync.reconcile.kept import make_mismatches
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db

LABELS = [column.label for column in COLUMNS]
NASTY = ('=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0")


@pytest.fixture
def books() -> Books:
    return make_books(name="Harbour Advisory")


def as_csv(books: Books, query: str = "") -> list[dict[str, str]]:
    stream = io.BytesIO()
    write_csv(books.practice, QueryDict(query), stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline="")))


def as_xlsx(books: Books, query: str = "") -> Any:
    stream = io.BytesIO()
    write_xlsx(books.practice, QueryDict(query), stream)
    return openpyxl.load_workbook(stream)


LAST = {"Total", ONCE}
MONEY = ("At stake", "Tax in it")
PLACES = {column.label: place for place, column in enumerate(COLUMNS)}


def table(book: Any) -> list[dict[str, Any]]:
    rows = list(book["Differences"].values)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row[0] not in {None, *LAST}]


def test_files_have_the_page_s_rows_order_and_sums(books: Books) -> None:
    for number in range(55):
        make_mismatch(books, at_stake=Decimal(number) / 100, tax_at_stake=Decimal("0.01"), days=number)
    make_mismatch(books, currency="NZD", at_stake=Decimal("7.50"))
    make_mismatch(books, "contact_email")
    make_mismatch(books, state="accepted", accepted_at=timezone.now(), reason="Agreed")
    for query in ("", "sort=since", "kind=invoice_missing&sort=-tax", "state=any", "least=0.3"):
        page = mismatch_listing(books.practice, QueryDict(f"{query}&size=200"))
        wanted = [row.item.text for row in page.rows]
        lines, cells = as_csv(books, query), table(as_xlsx(books, query))
        assert [line["What differs"] for line in lines if line["Cause"] not in LAST] == wanted, query
        assert [row["What differs"] for row in cells] == wanted, query
        for item in page.totals.items:
            if item.currency:
                ours = [row for row in cells if row["Currency"] == item.currency]
                assert sum(Decimal(str(row["At stake"])) for row in ours) == item.every
                added, once = (
                    next(
                        line for line in lines if (line["Cause"], line["Currency"]) == (title, item.currency)
                    )
                    for title in ("Total", ONCE)
                )
                assert [Decimal(added[name]) for name in MONEY] == [item.every, item.every_tax]
                assert [Decimal(once[name]) for name in MONEY] == [item.at_stake, item.tax]
                sheet = as_xlsx(books, query)["Differences"].values
                last = {row[0]: row for row in sheet if row[PLACES["Currency"]] == item.currency}
                assert last[ONCE][PLACES["At stake"]] == float(item.at_stake)


def test_cells_are_dates_numbers_and_text(books: Books) -> None:
    make_mismatch(books, at_stake=Decimal("1234.50"), dated_on=date(2026, 9, 30), days=3)
    book = as_xlsx(books)
    row = table(book)[0]
    assert (row["At stake"], row["Dated"], row["Days open"]) == (1234.5, datetime(2026, 9, 30), 3)  # noqa: DTZ001
    sheet = book["Differences"]
    place = LABELS.index("At stake") + 1
    assert sheet.cell(2, place).number_format == "#,##0.00"
    totals = [values for values in sheet.values if values[0] == "Total"]
    assert totals[0][place - 1] == 1234.5
    assert as_csv(books)[0]["Dated"] == "2026-09-30"
    assert [cell.value for cell in sheet[1]] == LABELS


@pytest.mark.parametrize("text", NASTY)
def test_nothing_in_a_file_is_a_formula(books: Books, text: str) -> None:
    make_mismatch(books, client=text, text=text, document=text, reason=text)
    line = as_csv(books)[0]
    assert all(not cell.startswith(("=", "+", "@", "\t", "\r")) for cell in line.values())
    assert line["Client"] == f"'{text}"
    for sheet in as_xlsx(books):
        for cells in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in cells)
    assert str(table(as_xlsx(books))[0]["Document"]).endswith(text.lstrip())


def test_the_other_sheets_say_totals_and_what_was_not_checked(books: Books) -> None:
    make_mismatches(books, "Alder", books.member())
    book = as_xlsx(books, "kind=invoice_missing&owner=nobody")
    totals = [list(row) for row in book["Totals"].values]
    assert totals[1][:2] == ["Practice", "Harbour Advisory"]
    said = {row[0]: row[1] for row in totals if row[0]}
    assert (said["State"], said["Cause"], said["Owner"]) == ("Open", "Invoice: not in Xero", "Nobody")
    assert ("Invoices: Ignition", 220) in [(row[0], row[4]) for row in totals]
    assert ("    Not in Xero", -110) in [(row[0], row[4]) for row in totals]
    assert ("Invoices: Xero", 110) in [(row[0], row[4]) for row in totals]
    looked = [list(row) for row in book["What was looked at"].values]
    assert ["Ignition: invoices", "Not read, not checked", 2, 0] in [row[:4] for row in looked]
    assert any(row[0] == "Not checked" for row in looked)


def test_an_empty_report_is_a_file_too(books: Books) -> None:
    assert as_csv(books) == []
    assert table(as_xlsx(books)) == []


def test_it_is_handed_to_staff_and_leaves_a_trace(books: Books) -> None:
    row = make_mismatch(books)
    client = Client()
    client.force_login(books.member(Role.STAFF))
    for kind in ("csv", "xlsx"):
        answer: Any = client.get(books.url(f"reconciliation/export/{kind}/?kind=invoice_missing"))
        assert answer.status_code == 200
        assert answer["Content-Disposition"].endswith(f'.{kind}"')
        assert b"".join(answer.streaming_content)
    trail = AuditEntry.objects.filter(action="report.exported")
    assert [entry.details["rows"] for entry in trail] == [1, 1]
    client.force_login(books.member(Role.VIEWER))
    assert client.get(books.url("reconciliation/export/csv/")).status_code == 403
    other = make_books()
    assert client.get(other.url("reconciliation/export/csv/")).status_code == 404
    assert row.text not in str(as_csv(other))


def test_me_is_whoever_exports(books: Books) -> None:
    me = books.member()
    mine, _ = make_mismatch(books, owner=me), make_mismatch(books, owner=books.member())
    found = list(rows_of(choose(books.practice, QueryDict("owner=me"), me)))
    assert [row.text for row in found] == [mine.text]
    assert found[0].owner == str(me)


def test_thousands_of_rows_take_no_time(books: Books) -> None:
    Mismatch.objects.bulk_create(
        [
            Mismatch(
                practice=books.practice,
                kind="invoice_missing",
                about="invoice",
                fingerprint=f"many-{number}",
                text="Not in Xero",
                client="Alder",
                at_stake=Decimal(1),
                currency="AUD",
            )
            for number in range(5_000)
        ]
    )
    began = time.monotonic()
    assert write_xlsx(books.practice, QueryDict(), io.BytesIO()) == 5_000
    assert write_csv(books.practice, QueryDict(), io.BytesIO()) == 5_000
    assert time.monotonic() - began < 10


def test_more_than_an_excel_file_holds_is_told_and_the_csv_file_has_all(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_mismatch(books)
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    client = Client()
    client.force_login(books.member(Role.STAFF))
    answer = client.get(books.url("reconciliation/export/xlsx/?least=1"), follow=True)
    assert answer.redirect_chain == [(books.url("reconciliation/?least=1"), 302)]
    assert "Take the CSV file, which has no limit" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="report.exported").exists(), "nothing left the house"
    found: Any = client.get(books.url("reconciliation/export/csv/?least=1"))
    assert b"".join(found.streaming_content).count(b"Invoice: not in Xero") == 3
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    assert client.get(books.url("reconciliation/export/xlsx/?least=1")).status_code == 200


def test_a_long_csv_file_comes_in_pieces(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        make_mismatch(books, text=f"Row {number}")
    whole = io.BytesIO()
    write_csv(books.practice, QueryDict(), whole)
    monkeypatch.setattr(csv_module, "PIECE", 500)
    parts = list(csv_file(books.practice, QueryDict()).parts)
    assert len(parts) > 5
    assert max(map(len, parts)) < 1_500
    assert b"".join(parts) == whole.getvalue()
