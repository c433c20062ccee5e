"""Odd addresses, numbers, bytes and sizes: an answer below 500 to whatever is asked."""

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from config import limits
from practices.models import Role
from tests.full_practice import FullPractice, make_full_practice
from tests.make import make_user
from tests.test_access_matrix import ADDRESSES, TENANT, url_of
from tests.test_security import browser_of, pages_of

pytestmark = pytest.mark.django_db

NAMES = re.findall(
    r"\w+",
    """q page size sort totals system standing reason status linked gone party since until least most kind state verb
    run verified group trigger show tab only actor action next code error email all""",
)
ODD = (
    "99999999999999999999",
    "-1",
    "1e999",
    "NaN",
    "'\"><script>alert(1)</script>%_\\\U0001f600",
    "0001-01-01",
    "9999-12-31",
    "9" * 3_000,
)
SUPPORT_PAGES = {
    "/admin/practices/user/": (
        "is_active__exact",
        "e",
        "o",
        "p",
        "all",
        "q",
        "id__exact",
        "password__startswith",
    ),
    "/admin/practices/auditentry/": ("at__gte", "at__year", "action", "o", "p", "q", "practice__id__exact"),
    "/admin/sync/change/": ("state__exact", "kind__exact", "o", "p", "q", "id", "practice", "key"),
    "/admin/login/": ("next",),
}


@pytest.fixture(autouse=True)
def _nobody_outside_answers(settings: Any) -> None:
    settings.IGNITION_API_URL = settings.XERO_API_URL = settings.XERO_IDENTITY_URL = "http://127.0.0.1:9"


@pytest.fixture
def ours() -> FullPractice:
    return make_full_practice("Harbour")


@pytest.fixture
def owner(ours: FullPractice) -> Client:
    return browser_of(ours.people[Role.OWNER])


@pytest.fixture
def support() -> Client:
    return browser_of(make_user("support@example.com", is_staff=True, is_superuser=True))


def test_no_odd_question_breaks_a_page(ours: FullPractice, owner: Client) -> None:
    asked = [(url, odd) for url in pages_of(ours) if owner.get(url).status_code == 200 for odd in ODD]
    assert len(asked) > 15 * len(ODD)
    broken = [
        (url, odd[:30]) for url, odd in asked if owner.get(url, dict.fromkeys(NAMES, odd)).status_code >= 500
    ]
    assert not broken


def test_no_odd_question_breaks_the_support_pages(ours: FullPractice, support: Client) -> None:
    broken = [
        (url, name, odd[:30])
        for url, names in SUPPORT_PAGES.items()
        for name in names
        for odd in ("9" * 20, "9" * 3_000, "-1", "9999", "9999-12-31", "abc")
        if support.get(url, {name: odd}).status_code >= 500
    ]
    assert not broken


def test_no_odd_question_breaks_the_entrance() -> None:
    client = Client(raise_request_exception=False)
    for path in (
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/invitations/made-up/",
    ):
        for odd in ODD:
            answer = client.get(path, {"next": odd, "email": odd})
            assert answer.status_code < 500, (path, odd)
            assert b"<script>alert" not in answer.content


@pytest.mark.parametrize("address", ["/p/harbour/audit/?actor=%00", "/?a%00b=1", "/invitations/a%00b/"])
def test_the_character_that_the_database_cannot_hold_is_refused(owner: Client, address: str) -> None:
    assert owner.get(address).status_code == 400


@pytest.mark.parametrize(
    "address", ["/p/harbour/audit/?actor=%ff%fe", "/p/harbour/contacts/?q=%c3%28", "/%ff/"]
)
def test_bytes_that_are_no_text_break_nothing(owner: Client, address: str) -> None:
    assert owner.get(address).status_code in {200, 404}


def test_odd_numbers_in_paths_are_not_found(ours: FullPractice, owner: Client) -> None:
    for path in ("records", "changes", "reviews", "activity", "mapping/versions"):
        for number in ("0", "99999999999999999999", "9" * 5_000):
            assert owner.get(f"/p/harbour/{path}/{number}/").status_code == 404, (path, number[:30])


def test_odd_forms_break_nothing(ours: FullPractice, owner: Client) -> None:
    for odd in ("a\x00b", "9" * 5_000, "é" * 2_000):
        for address in ADDRESSES:
            if not address.route.startswith(TENANT) or re.search(
                "leave|remove|disconnect|test", address.route
            ):
                continue
            fields = dict.fromkeys(
                ("note", "next", "external_id", "change", "email", "name", "in_force"), odd
            )
            fields |= dict.fromkeys(
                ("api_key", "tenant", "proposal", "role", "time_zone", "base_currency"), odd
            )
            fields |= {"choice": "link", "action": "cancel"}
            before = transaction.savepoint()
            answer = owner.post(url_of(address, ours), fields)
            transaction.savepoint_rollback(before)
            assert answer.status_code < 500, (address.path, odd[:30])


def test_a_request_larger_than_anything_we_take_is_refused_unread() -> None:
    """Also from people who are not logged in: a form is read to its end before its CSRF token is found."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/accounts/login/", CONTENT_LENGTH=str(limits.LARGEST_BODY + 1))
    assert answer.status_code == 413
    assert client.post("/accounts/login/", CONTENT_LENGTH="many").status_code in {200, 403}
