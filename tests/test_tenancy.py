"""Rows of one practice are never seen from another one."""

import re
from collections import Counter
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import resolve
from pypdf import PdfReader

from practices.models import Grant, Practice, PracticeOwned, Role, User
from sync.models import Attempt, Pulse
from tests.full_practice import FullPractice, make_full_practice

SHARED_WITH_REASON: dict[type[models.Model], str] = {
    User: "a person can be a member of several practices",
    Practice: "the tenant itself",
    Grant: "one Xero consent reaches several organisations; only connections point at it",
    User.groups.through: "of a person",
    User.user_permissions.through: "of a person",
    Pulse: "signs of life of the installation's own processes",
    Attempt.changes.through: "joins two rows that are both of one practice",
}
OF_EACH_PAGE = 16
"""Lists link to themselves with every sort order and filter; a few of each page are enough."""
WORD = "Zanzibar"


def our_models() -> list[type[models.Model]]:
    own = {"practices", "mappings", "sync"}
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in own]


def owned_models() -> list[type[PracticeOwned]]:
    return [model for model in our_models() if issubclass(model, PracticeOwned)]


def test_every_row_belongs_to_one_practice() -> None:
    loose = {model for model in our_models() if not issubclass(model, PracticeOwned)}
    assert loose == set(SHARED_WITH_REASON), "say in SHARED_WITH_REASON why it is of no single practice"
    for model in owned_models():
        field = model._meta.get_field("practice")
        assert not field.null, model
        assert field.related_model is Practice, model


@pytest.fixture
def ours(db: None) -> FullPractice:
    return make_full_practice("Harbour", versions=2)


@pytest.fixture
def theirs(db: None) -> FullPractice:
    return make_full_practice(WORD, versions=2)


def test_the_two_practices_have_rows_of_every_model(ours: FullPractice, theirs: FullPractice) -> None:
    for model in owned_models():
        for full in (ours, theirs):
            assert model._default_manager.filter(practice=full.practice).exists(), model


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_no_page_of_one_practice_names_the_other(
    ours: FullPractice, theirs: FullPractice, role: Role
) -> None:
    start = [f"/p/{ours.practice.slug}/", "/", "/?all=1", "/profile/"]
    pages = crawl(ours.people[role], start)
    leaks = [url for url, text in pages.items() if re.search(WORD, text, re.IGNORECASE)]
    assert not leaks
    met = {resolve(urlsplit(url).path).url_name for url in pages}
    expected = {
        *("dashboard", "plan", "activity", "run", "contacts", "invoices", "payments", "record", "reviews"),
        *("review", "changes", "change", "mapping", "mapping_version", "mapping_export"),
        *("mapping_field", "mapping_rule", "mapping_lookup", "mapping_lookup_export"),
        *("connections", "members", "practice_list", "profile", "alerts"),
        *("problems", "problem", "problem_export", "approvals", "reconciliation", "mismatch"),
    }
    assert expected <= met


def test_the_crawl_would_see_it(ours: FullPractice, theirs: FullPractice) -> None:
    """The same walk by someone who is in both practices meets the word."""
    pages = crawl(theirs.people[Role.OWNER], [f"/p/{theirs.practice.slug}/"])
    without = [url for url, text in pages.items() if WORD not in text]
    assert not [url for url in without if url.startswith("/p/") and "export" not in url]


@pytest.mark.parametrize("text", [WORD, WORD.lower(), f"INV-{WORD}", f"x_contact_{WORD}", f"{WORD}-client"])
def test_no_search_finds_rows_of_the_other(ours: FullPractice, theirs: FullPractice, text: str) -> None:
    client = Client()
    client.force_login(ours.people[Role.OWNER])
    prefix = f"/p/{ours.practice.slug}/"
    review = f"reviews/{ours.review.pk}/"
    for page in (
        "contacts/",
        "invoices/",
        "payments/",
        "changes/",
        "approvals/",
        "reconciliation/",
        "problems/",
        "reviews/",
        "plan/",
        "mapping/",
        "events/",
        review,
    ):
        for extra in ({}, {"system": "target"}, {"tab": "services"}):
            answer = client.get(prefix + page, {"q": text, **extra})
            assert answer.status_code == 200
            rest = unescape(answer.content.decode()).replace(text, "")
            assert WORD.lower() not in rest.lower(), page


def crawl(user: User, start: list[str]) -> dict[str, str]:
    """Every page reached from ``start`` by links: address → text. Fails on a dead link."""
    client = Client()
    client.force_login(user)
    waiting, met, pages = list(start), set(start), {}
    often: Counter[str] = Counter()
    while waiting:
        url = waiting.pop(0)
        answer = client.get(url)
        assert answer.status_code in {200, 302}, f"{url} answers {answer.status_code}"
        pages[url] = _text(answer)
        for link in _links(url, answer):
            name = str(resolve(urlsplit(link).path).url_name)
            if link not in met and often[name] < OF_EACH_PAGE:
                met.add(link)
                often[name] += 1
                waiting.append(link)
    return pages


def _links(url: str, answer: Any) -> list[str]:
    """Links into this site's own pages; where a redirect leads counts as one."""
    found = [answer["Location"]] if answer.has_header("Location") else []
    found += re.findall(r'href="([^"#]+)', _text(answer))
    absolute = (urljoin(f"http://testserver{url}", unescape(link)) for link in found)
    inside = [urlsplit(link) for link in absolute if urlsplit(link).hostname == "testserver"]
    return [
        part.path + (f"?{part.query}" if part.query else "")
        for part in inside
        if not part.path.startswith(("/static/", "/accounts/", "/admin/"))
    ]


def _text(answer: Any) -> str:
    """What an answer says; of an Excel file what its sheets say, of a PDF what is on its pages."""
    body = answer.getvalue()
    if body.startswith(b"%PDF"):
        return " ".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages)
    if not body.startswith(b"PK"):
        return str(body.decode(errors="replace"))
    with ZipFile(BytesIO(body)) as book:
        return "\n".join(book.read(name).decode() for name in book.namelist())
