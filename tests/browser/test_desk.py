"""The error desk in a real browser: readable by everybody, and worked through by keyboard."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from practices.models import Role
from sync import incidents
from sync.models import Change, Incident, Kind, Mode, RunState
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync import rows
from tests.sync.rows import Books


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    """A refused client with an invoice and a payment behind it, a gap in the mapping, and an outage."""
    settings.NUDGE_WORKERS = False
    made = rows.make_books(Mode.TAKE_OVER, name="Harbour Advisory")
    rows.make_run(made, state=RunState.DONE)
    stopped: dict[str, Any] = {"state": "parked", "parked_as": "rejected"}
    client = rows.make_change(
        made, Kind.CONTACT, reason="duplicate_name", title="Acme", values={"name": "Acme"}, **stopped
    )
    bill = rows.make_change(
        made, title="INV-1", refs={"contact": client.source_external_id}, state="pending", reason=""
    )
    rows.make_change(made, Kind.PAYMENT, refs={"invoice": bill.source_external_id}, reason="no_invoice")
    for number in range(3):
        rows.make_change(
            made,
            reason="period_locked",
            title=f"INV-9{number}",
            values={"tax": "10.00"},
            amount=Decimal("5000.00"),
            **stopped,
        )
    rows.make_change(
        made, reason="tax_unmapped", message="No tax type is chosen for Ignition's tax “GST”.", title="INV-5"
    )
    rows.make_change(made, state="pending", reason="", tries=2, title="INV-6")
    incidents.refresh(made.practice)
    return made


def incident(cause: str) -> Incident:
    found: Incident = Incident.objects.get(cause=cause)
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_desk_is_accessible_and_fits_on_a_phone(open_as: OpenAs, books: Books, dark: bool) -> None:
    page = open_as(books.member(Role.ADMIN), dark=dark)
    devtools = page.context.new_cdp_session(page)
    locked = incident("rejected.period_locked")
    problems = []
    for rest in ("", "?view=you", "?tab=snoozed", "?tab=resolved", "?q=nothing", f"{locked.pk}/"):
        answer = page.goto(books.url(f"problems/{rest}"))
        assert answer is not None
        assert answer.status == 200
        problems += [f"{rest}: {text}" for text in (*violations(devtools), *_too_wide(page))]
    page.get_by_role("button", name="Retry all").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retry 3 records?")
    problems += [f"retry: {text}" for text in (*violations(devtools), *_too_wide(page))]
    page.goto(books.url(f"problems/{incident('rejected.duplicate_name').pk}/"))
    page.get_by_role("button", name="Skip all").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Skip 1 record?")
    problems += [f"skip: {text}" for text in (*violations(devtools), *_too_wide(page))]
    page.goto(books.url())
    problems += [f"home: {text}" for text in (*violations(devtools), *_too_wide(page))]
    assert not problems, "\n".join(problems)


def test_by_keyboard_from_the_list_to_a_retry(open_as: OpenAs, books: Books) -> None:
    staff = books.member(Role.STAFF)
    page = open_as(staff)
    page.goto(books.url())
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/problems/")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_role("alert").or_(page.locator(".alert")).first).to_contain_text("has it now")
    assert incident("rejected.period_locked").assignee == staff
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_url("**/problems/*/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("1 row ticked")
    page.get_by_role("button", name="Retry ticked").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retry 1 record?")
    page.get_by_role("button", name="1 record").click()
    expect(page.locator(".alert").first).to_contain_text("1 record is sent again")
    assert Change.objects.filter(reason="period_locked", state="parked").count() == 2


def test_skipping_with_what_depends_on_it(open_as: OpenAs, books: Books) -> None:
    page = open_as(books.member(Role.OWNER))
    page.goto(books.url(f"problems/{incident('rejected.duplicate_name').pk}/"))
    page.get_by_role("button", name="Skip all").click()
    expect(page.locator("main")).to_contain_text("1 invoice")
    expect(page.locator("main")).to_contain_text("1 payment")
    page.get_by_label("Skip these too").check()
    page.get_by_label("Why nothing should be written").fill("A client of the other office")
    page.get_by_role("button", name="Skip 1 record").click()
    expect(page.locator(".alert").first).to_contain_text("3 records skipped")
    assert Change.objects.filter(state="cancelled").count() == 3


def test_snoozing_without_script(open_as: OpenAs, books: Books) -> None:
    page = open_as(books.member(Role.STAFF))
    page.route("**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(books.url(f"problems/{incident('trouble').pk}/"))
    page.locator("summary", has_text="Snooze").click()
    page.get_by_label("Why it can wait").fill("Announced maintenance")
    page.get_by_label("Until").fill(str(timezone.localdate() + timedelta(days=3)))
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator("main")).to_contain_text("Announced maintenance")
    assert incident("trouble").state == "snoozed"


def _too_wide(page: Page) -> list[str]:
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    wider = page.evaluate(OVERFLOW)
    assert before is not None
    page.set_viewport_size(before)
    return [f"{wider} px wider than a phone"] if wider > 0 else []
