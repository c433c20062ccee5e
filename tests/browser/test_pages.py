"""Every main page in a real browser: readable by everybody, in both themes, on a phone, by keyboard."""

import json
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import CDPSession, Page, expect

from mappings import drafts
from mappings.spec import choices_from_json
from practices.models import Role
from sync.models import Review, ReviewState
from tests.browser.conftest import PHONE, OpenAs
from tests.full_practice import FullPractice, make_full_practice

SERIOUS = {"serious", "critical"}
AXE_OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def full(transactional_db: None) -> FullPractice:
    made = make_full_practice("Harbour", versions=2)
    choices = choices_from_json(made.mapping.choices)
    drafts.save(made.practice, replace(choices, notes="all"), actor=made.people[Role.ADMIN], what="notes")
    return made


def addresses(full: FullPractice) -> list[str]:
    own = [
        "",
        "plan/",
        "activity/",
        f"activity/{full.run.pk}/",
        "events/",
        "events/again/?state=done",
        f"events/{full.event.pk}/",
        "contacts/",
        "contacts/?system=target",
        "invoices/",
        "payments/",
        f"records/{full.contact.pk}/",
        f"records/{full.invoice.pk}/",
        "reviews/",
        f"reviews/{full.review.pk}/",
        "changes/",
        f"changes/{full.change.pk}/",
        *(f"mapping/?tab={tab}" for tab in ("invoices", "services", "taxes", "payments", "versions")),
        *(f"mapping/?tab={tab}" for tab in ("fields", "rules", "lookups")),
        "mapping/draft/",
        "mapping/fields/contact.name/",
        f"mapping/rules/{full.rule_key}/",
        "mapping/rules/new/line/",
        "mapping/lookups/?name=Harbour+table",
        "connections/",
        "connections/ignition/",
        "members/",
        "settings/",
        "audit/",
    ]
    return [f"/p/{full.practice.slug}/{page}" for page in own] + ["/?all=1", "/profile/", "/accounts/2fa/"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, full: FullPractice, dark: bool) -> None:
    page = open_as(full.people[Role.OWNER], dark=dark)
    devtools = page.context.new_cdp_session(page)
    problems = []
    for address in addresses(full):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert page.locator("html").get_attribute("data-bs-theme") == ("dark" if dark else "light")
        problems += [f"{address}: {text}" for text in violations(devtools)]
        if not dark:
            problems += [f"{address}: {text}" for text in _on_a_phone(page)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_ways_in_are_accessible(open_as: OpenAs, full: FullPractice, dark: bool) -> None:
    page = open_as(None, dark=dark)
    devtools = page.context.new_cdp_session(page)
    problems = []
    for address in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(address)
        problems += [f"{address}: {text}" for text in (*violations(devtools), *_on_a_phone(page))]
    page.goto(f"/invitations/{full.invitation_token}/")
    problems += [f"invitation: {text}" for text in (*violations(devtools), *_on_a_phone(page))]
    assert not problems, "\n".join(problems)


def test_by_keyboard(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.STAFF])
    home = f"/p/{full.practice.slug}/"
    page.goto(f"{home}contacts/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(f"**{home}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_review_is_decided_by_keyboard(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.STAFF])
    page.goto(f"/p/{full.practice.slug}/reviews/{full.review.pk}/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/p/{full.practice.slug}/reviews/")
    assert Review.objects.get(pk=full.review.pk).state == ReviewState.LINKED


def test_a_viewer_is_offered_nothing_to_press(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.VIEWER])
    for address in ("", "plan/", "changes/", f"changes/{full.change.pk}/", f"reviews/{full.review.pk}/"):
        page.goto(f"/p/{full.practice.slug}/{address}")
        forms = page.locator("main form[method=post]")
        assert forms.count() == 0, address


def test_what_is_wrong_would_be_seen(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.STAFF])
    page.goto(f"/p/{full.practice.slug}/contacts/")
    page.evaluate("document.querySelector('main').prepend(document.createElement('img'))")
    page.evaluate("document.querySelector('main').append('x'.repeat(2000))")
    assert any("image-alt" in text for text in violations(page.context.new_cdp_session(page)))
    assert _on_a_phone(page)


def _on_a_phone(page: Page) -> list[str]:
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    too_wide = page.evaluate(OVERFLOW)
    assert before is not None
    page.set_viewport_size(before)
    return [f"{too_wide} px wider than a phone"] if too_wide > 0 else []


def violations(devtools: CDPSession) -> list[str]:
    """What axe finds serious. It comes in by the debugger: the page's own rules let no foreign script in."""
    _evaluate(devtools, AXE_SCRIPT + "; true")
    script = f"axe.run(document, {json.dumps(AXE_OPTIONS)}).then(found => found.violations)"
    found = _evaluate(devtools, script)
    return [
        f"{item['id']} ({item['impact']}): {node['html'][:160]}"
        for item in found
        if item["impact"] in SERIOUS
        for node in item["nodes"][:3]
    ]


def _evaluate(devtools: CDPSession, script: str) -> Any:
    answer = devtools.send(
        "Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True}
    )
    assert "exceptionDetails" not in answer, answer.get("exceptionDetails")
    return answer["result"].get("value")
