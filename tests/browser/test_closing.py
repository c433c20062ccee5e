"""Closing a month in a real browser: readable by everybody, fits on a phone, and signed off with its files."""

import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from practices.models import Role
from sync.models import SignOff
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.close.rows import (
    NOW,
    OCTOBER,
    fill_october,
    make_difference,
    make_read_books,
    worked_out,
)
from tests.sync.rows import Books


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    """A month with a draft, a payment that waits for its payout, and differences of each sort."""
    settings.NUDGE_WORKERS = False
    made = make_read_books(name="Kōwhai Advisory")
    fill_october(made)
    worked_out(made)
    make_difference(made, "One", rank=0)
    make_difference(
        made,
        "Agreed",
        state="accepted",
        accepted_by=made.member(Role.ADMIN),
        accepted_at=NOW,
        reason="The client pays the rest",
        ceiling=Decimal("150.00"),
    )
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, books: Books, dark: bool) -> None:
    page = open_as(books.member(Role.ADMIN), dark=dark)
    devtools = page.context.new_cdp_session(page)
    invoice = books.source.snapshots.get(external_id="i1")
    for rest in (
        f"reconciliation/close/?{OCTOBER}",
        "reconciliation/tax/?every=bas-month&from=2026-10-01",
        f"reconciliation/clearing/?{OCTOBER}",
        "reconciliation/asof/?day=2026-11-01",
        f"records/{invoice.pk}/thread/",
        f"records/{invoice.pk}/asof/",
    ):
        page.goto(books.url(rest))
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest
        page.set_viewport_size({"width": 1280, "height": 900})


def test_a_month_is_looked_through_kept_and_signed_off(open_as: OpenAs, books: Books) -> None:
    page = open_as(books.member(Role.ADMIN))
    page.goto(books.url("reconciliation/"))
    page.get_by_role("link", name="Month-end close").click()
    page.get_by_label("Period", exact=True).select_option("2026-10-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Close October 2026")).to_be_visible()
    shown = re.sub(r"\s+", " ", page.locator("main").inner_text())

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Excel").click()
    kept = BytesIO(Path(waiting.value.path()).read_bytes())
    totals = openpyxl.load_workbook(kept)["Totals"]
    for line in totals.iter_rows(min_row=3, values_only=True):
        assert f"${abs(Decimal(str(line[3]))):,.2f}" in shown, line
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").click()
    paper = PdfReader(BytesIO(Path(waiting.value.path()).read_bytes()))
    assert "Kōwhai Advisory: October 2026" in paper.pages[0].extract_text()

    page.get_by_label("Note").fill("The client was told")
    page.get_by_role("button", name="Sign October 2026 off").click()
    expect(page.get_by_text("October 2026 is signed off.")).to_be_visible()
    expect(page.get_by_text("No figure has moved since.")).to_be_visible()
    assert SignOff.objects.get().note == "The client was told"
