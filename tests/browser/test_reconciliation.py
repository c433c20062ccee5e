"""The reconciliation page in a real browser: readable by everybody, fits on a phone, and a morning's work with it."""

from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from practices.models import Role
from sync.models import Approval, Kind, Mismatch, MismatchState, Mode, Trigger
from sync.reconcile.running import compare_now
from sync.report.rows import ONCE, TOTAL
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_snapshot

RECORD = {"contact_external_id": "c1", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    """A missing invoice and one whose total differs; one list was never read."""
    settings.NUDGE_WORKERS = False
    made = make_books(Mode.TAKE_OVER, name="Harbour Advisory")
    read_lists(made, without=("target", "payment"))
    make_snapshot(made.source, "contact", "c1", name="Saltmarsh Holdings Pty Ltd")
    for number, address in enumerate(("old@example.com", "office@example.com")):
        client = make_snapshot(
            made.source,
            Kind.CONTACT,
            name=f"Alder {number} Pty Ltd",
            email="office@example.com",
            status="active",
        )
        contact = make_snapshot(
            made.target, Kind.CONTACT, name=f"Alder {number} Pty Ltd", email=address, status="ACTIVE"
        )
        make_link(made, client, contact)
    make_invoice(made, number="1", status="issued", record=RECORD, amount="1234.50")
    here = make_invoice(made, number="2", status="issued", record=RECORD)
    there = make_invoice(made, at="target", amount="121.00", record={"contact_external_id": ""})
    make_link(made, here, there)
    compare_now(made.practice, trigger=Trigger.COMMAND)
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, books: Books, dark: bool) -> None:
    page = open_as(books.member(Role.ADMIN), dark=dark)
    devtools = page.context.new_cdp_session(page)
    rows = [Mismatch.objects.get(kind=kind) for kind in ("invoice_missing", "invoice_total", "contact_email")]
    lists = ("", "?by=cause", "?by=client", "?by=document", "?q=nobody")
    for rest in [f"reconciliation/{item}" for item in (*lists, *(f"{row.pk}/" for row in rows))]:
        page.goto(books.url(rest))
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest
        page.set_viewport_size({"width": 1280, "height": 900})


def open_one(page: Page, books: Books, cause: str) -> None:
    """Filter the list to one cause and open its first difference."""
    page.goto(books.url("reconciliation/"))
    page.get_by_label("Cause", exact=True).select_option(label=cause)
    page.get_by_role("button", name="Show", exact=True).click()
    links = page.locator("[data-rows] tbody tr a")
    expect(links).to_have_count(1)
    links.click()
    expect(page.get_by_role("heading", name=cause)).to_be_visible()


def test_a_morning_with_the_report(open_as: OpenAs, books: Books, tmp_path: Any) -> None:
    page = open_as(books.member(Role.ADMIN))
    page.goto(books.url("reconciliation/"))
    page.get_by_role("link", name="Not in Xero: -$1,234.50, show them").click()
    expect(page.locator(".totals")).to_contain_text("1 difference · $1,234.50 at stake")

    open_one(page, books, "Contact: e-mail differs")
    page.get_by_role("button", name="Ask to fix it").click()
    expect(page.get_by_text("It waits for approval.")).to_be_visible()
    expect(page.get_by_role("button", name="Ask to fix it")).to_have_count(0)
    page.get_by_label("Note").fill("Robin approves it at noon")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.get_by_text("Robin approves it at noon")).to_be_visible()
    assert Approval.objects.get().change.values == {"email": "office@example.com"}

    open_one(page, books, "Invoice: total differs")
    expect(page.locator(".differs", has_text="$121.00")).to_have_count(1)
    page.get_by_label("Why it is accepted").fill("The client agreed")
    page.get_by_label("Open it again after").fill("2099-06-30")
    page.get_by_role("button", name="Accept this difference").click()
    expect(page.get_by_text("Until 30 Jun 2099")).to_be_visible()
    accepted = Mismatch.objects.get(state=MismatchState.ACCEPTED)
    assert accepted.accepted_until == date(2099, 6, 30)

    page.goto(books.url("reconciliation/?state=any&about=invoice"))
    once, every = (page.locator(".totals .num").nth(place).inner_text() for place in (0, -1))
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    path = tmp_path / "report.xlsx"
    download.value.save_as(path)
    head, *rows = openpyxl.load_workbook(path)["Differences"].values
    cause, stake = head.index("Cause"), head.index("At stake")
    amounts = [Decimal(str(row[stake])) for row in rows if row[cause] not in {None, TOTAL, ONCE}]
    assert len(amounts) == page.locator("[data-rows] tbody tr").count() > 1
    assert f"${sum(amounts):,.2f}" == every
    sums = {row[cause]: row[stake] for row in rows if row[cause] in {TOTAL, ONCE}}
    assert (sums[TOTAL], f"${sums[ONCE]:,.2f}") == (float(sum(amounts)), once)
