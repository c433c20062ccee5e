"""History, schedule, saved views and their mails in a real browser: readable by everybody, and they fit on a phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from practices.models import Role
from sync.models import ReconcileRun, SavedView
from sync.reconcile import running
from sync.report import saved, schedules
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice

RECORD = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    made = make_books(name="Harbour Advisory")
    read_lists(made)
    make_invoice(made, number="1", status="issued", record=RECORD)
    for day in range(5):
        at = timezone.now() - timedelta(days=day, hours=1)
        money = {"AUD": f"{100 * day}.00"}
        ReconcileRun.objects.create(
            practice=made.practice, trigger="schedule", finished_at=at, open_count=day, open_money=money
        )
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, books: Books, dark: bool) -> None:
    owner = books.member(Role.OWNER)
    view = saved.save(books.practice, owner, name="Missing", query="kind=invoice_missing", is_shared=True)
    values = {"view": view, "cadence": "weekly", "hour": 7, "format": "xlsx"}
    made = schedules.save(books.practice, owner, people=[owner], values=values)
    run = ReconcileRun.objects.latest("pk")
    page = open_as(owner, dark=dark)
    devtools = page.context.new_cdp_session(page)
    for rest in ("history/", f"history/{run.pk}/", "views/", f"mails/{made.pk}/", "schedule/"):
        page.goto(books.url(f"reconciliation/{rest}"))
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest
        page.set_viewport_size({"width": 1280, "height": 900})


def test_comparing_shows_how_it_goes_and_a_filter_is_kept_and_found_again(
    open_as: OpenAs, books: Books
) -> None:
    page = open_as(books.member(Role.STAFF))
    page.goto(books.url("reconciliation/"))
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("Comparing …")).to_be_visible()
    running.work(ReconcileRun.objects.latest("pk").pk)
    page.get_by_role("link", name="Show what it found").click()
    expect(page.get_by_text("Comparing …")).to_have_count(0)
    page.goto(books.url("reconciliation/?kind=invoice_missing"))
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("What is missing")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as “What is missing”.")).to_be_visible()
    page.goto(books.url("reconciliation/"))
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="What is missing").click()
    assert page.url.endswith("?kind=invoice_missing")
    assert SavedView.objects.get().query == "kind=invoice_missing"
