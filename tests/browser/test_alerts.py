"""Alerts in a real browser: readable by everybody, on a phone, and a channel made and tried by hand."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from practices.models import Role
from sync.models import Channel, ChannelKind
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.full_practice import FullPractice, make_full_practice
from tests.sync.alerting import make_alert
from tests.sync.receiver import Receiver, web_receiver


@pytest.fixture
def full(transactional_db: None) -> FullPractice:
    return make_full_practice("Harbour")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with web_receiver() as made:
        yield made


def pages(full: FullPractice) -> list[str]:
    home = f"/p/{full.practice.slug}/alerts/"
    adding = [f"channels/add/{kind}/" for kind in ChannelKind.values]
    own = ["", "?show=over", "channels/", f"channels/{full.channel.pk}/", *adding]
    return [home + rest for rest in own]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, full: FullPractice, dark: bool) -> None:
    make_alert(full.practice, title="Payments refused " * 8, severity="critical")
    page = open_as(full.people[Role.OWNER], dark=dark)
    devtools = page.context.new_cdp_session(page)
    problems = []
    for address in pages(full):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        problems += [f"{address}: {text}" for text in violations(devtools)]
        page.set_viewport_size(PHONE)
        if (too_wide := page.evaluate(OVERFLOW)) > 0:
            problems.append(f"{address}: {too_wide} px wider than a phone")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert not problems, "\n".join(problems)


def test_a_channel_is_made_and_tried(open_as: OpenAs, full: FullPractice, receiver: Receiver) -> None:
    page = open_as(full.people[Role.ADMIN])
    page.goto(f"/p/{full.practice.slug}/")
    page.get_by_role("link", name=re.compile("^Alerts")).click()
    page.get_by_role("link", name="Who is told about what").click()
    page.get_by_role("link", name="Signed webhook").click()
    page.get_by_label("Name", exact=True).fill("Robot")
    page.get_by_label("Address", exact=True).fill(f"{receiver.url}/in")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Signing key of Robot")).to_be_visible()
    key = page.locator("#signing-key").inner_text()
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("button", name="Send a test by Robot").click()
    expect(page.get_by_text("Robot took the test in")).to_be_visible()
    assert len(receiver.got) == 1
    assert key not in page.content()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete Robot").click()
    expect(page.get_by_text("Deleted Robot.")).to_be_visible()
    assert not Channel.objects.filter(name="Robot").exists()


def test_the_bell_is_quiet_once_seen(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.VIEWER])
    make_alert(full.practice, title="Invoices refused")
    _bell(page, full, "Alerts: 2 new")
    page.get_by_role("link", name="Alerts: 2 new").click()
    page.get_by_role("button", name="Mark as seen").click()
    expect(page.get_by_role("button", name="Mark as seen")).to_have_count(0)
    _bell(page, full, "Alerts")


def _bell(page: Page, full: FullPractice, name: str) -> None:
    page.goto(f"/p/{full.practice.slug}/contacts/")
    expect(page.locator("a.bell")).to_have_attribute("aria-label", name)
