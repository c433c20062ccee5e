"""Approvals in a real browser: readable by everybody, fits on a phone, and says in numbers what is approved."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from practices.models import Role, User
from sync.models import ApprovalState, Change, ChangeState, Kind, Mode
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync import rows
from tests.sync.approving import make_request
from tests.sync.rows import Books

LINES = [
    {"description": "Bookkeeping", "quantity": "1", "unit_amount": "7500.00", "tax_type": "OUTPUT"},
    {"description": "BAS", "quantity": "1", "unit_amount": "500.00", "tax_type": "OUTPUT"},
]


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    return rows.make_books(Mode.TAKE_OVER, name="Harbour Advisory")


@pytest.fixture
def approver(books: Books) -> User:
    """Staff; an admin asked for three invoices and a contact, and they themselves for one."""
    asker, approver = books.member(Role.ADMIN), books.member(Role.STAFF)
    values = {"number": "INV-1", "total": "8000.00", "currency": "AUD", "lines": LINES}
    make_request(books, asker, of={"title": "INV-1", "amount": Decimal("8000"), "values": values})
    soon = timezone.now() + timedelta(days=1)
    make_request(books, asker, of={"title": "INV-2", "amount": Decimal("250")}, expires_at=soon)
    contact = {"title": "Acme", "verb": "update", "values": {"name": "Acme"}, "before": {"name": "Acmee"}}
    make_request(books, asker, of={"kind": Kind.CONTACT, **contact})
    make_request(books, approver, of={"title": "INV-3"})
    make_request(books, asker, of={"title": "INV-4"}, state=ApprovalState.EXPIRED)
    return approver


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit_on_a_phone(
    open_as: OpenAs, books: Books, approver: User, dark: bool
) -> None:
    page = open_as(approver, dark=dark)
    devtools = page.context.new_cdp_session(page)
    held = Change.objects.get(title="INV-1")
    for rest in ("approvals/", "approvals/?show=over", "approvals/?show=decided", f"changes/{held.pk}/"):
        page.goto(books.url(rest))
        page.evaluate("document.querySelectorAll('details.more').forEach((one) => { one.open = true; })")
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest
        page.set_viewport_size({"width": 1280, "height": 900})


def test_the_button_says_what_is_ticked_and_the_next_page_in_numbers(
    open_as: OpenAs, books: Books, approver: User
) -> None:
    page = open_as(approver)
    page.goto(books.url("approvals/"))
    page.get_by_label("Tick all on this page").check()
    page.get_by_role("button", name="Approve 3 (AUD 8,250.00)").click()
    expect(page.get_by_role("heading", name="Approve 3 changes?")).to_be_visible()
    page.get_by_role("button", name="Approve 1 contact; 2 invoices, $8,250.00").click()
    expect(page.get_by_text("They are sent with the next batch.")).to_be_visible()
    assert Change.objects.filter(state=ChangeState.PENDING).count() == 3
