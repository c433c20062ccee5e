"""The reconciliation page in a real browser: readable by everybody, and fits on a phone."""

from typing import Any

import pytest

from practices.models import Role
from sync.models import Mismatch, Trigger
from sync.reconcile.running import compare_now
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_snapshot

RECORD = {"contact_external_id": "c1", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    """A missing invoice and one whose total differs; one list was never read."""
    settings.NUDGE_WORKERS = False
    made = make_books(name="Harbour Advisory")
    read_lists(made, without=("target", "payment"))
    make_snapshot(made.source, "contact", "c1", name="Saltmarsh Holdings Pty Ltd")
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
    row = Mismatch.objects.get(kind="invoice_missing")
    for rest in ("reconciliation/", "reconciliation/?q=nobody", f"reconciliation/{row.pk}/"):
        page.goto(books.url(rest))
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest
        page.set_viewport_size({"width": 1280, "height": 900})
