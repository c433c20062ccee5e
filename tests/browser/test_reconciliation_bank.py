"""The page of a difference about a payout in a real browser."""

from datetime import date
from typing import Any

import pytest

from practices.models import Role
from sync.models import Mismatch
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.reconcile.banking import banked_books, differs, line
from tests.sync.rows import Books


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    settings.NUDGE_WORKERS = False
    return banked_books(name="Harbour Advisory")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_payouts_beside_the_bank_are_accessible_and_fit_on_a_phone(
    open_as: OpenAs, books: Books, dark: bool
) -> None:
    page = open_as(books.member(Role.ADMIN), dark=dark)
    devtools = page.context.new_cdp_session(page)
    for item in _shown(books):
        page.goto(books.url(f"reconciliation/{item.pk}/"))
        assert page.locator(".differs").count() == len(item.target_external_ids), item.kind
        assert not violations(devtools), item.kind
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, item.kind
        page.set_viewport_size({"width": 1280, "height": 900})


def _shown(books: Books) -> list[Mismatch]:
    line(books, "b1")
    line(books, "b2", "999.00")
    both: dict[str, Any] = {"payouts": ("31000", "32000"), "dated_on": date(2026, 10, 6)}
    return [
        differs(books, "payout_elsewhere", target_external_ids=["b1"]),
        differs(books, "payout_bank_line"),
        differs(books, "connection_bank_rule", target_external_ids=["b1", "b2"], **both),
    ]
