"""The mapping's editors in a real browser: rows follow what is chosen, and a draft is published at the end."""

import pytest
from playwright.sync_api import Route, expect

from mappings import drafts, services
from mappings.conditions import Group, Row
from practices.models import Role
from tests.browser.conftest import OpenAs
from tests.browser.ruling import fill_in_a_rule
from tests.full_practice import FullPractice, make_full_practice


@pytest.fixture
def full(transactional_db: None) -> FullPractice:
    return make_full_practice("Harbour")


def test_a_rule_is_made_and_published(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.OWNER])
    page.goto("/p/harbour/mapping/?tab=rules")
    fill_in_a_rule(page)
    expect(page.get_by_label("Why (may stay empty)")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Large ones")
    page.get_by_role("button", name="Add a row").click()
    expect(page.get_by_label("Field", exact=True)).to_have_count(2)
    page.get_by_role("button", name="Remove this row").last.click()
    expect(page.get_by_label("Field", exact=True)).to_have_count(1)
    expect(page.get_by_text("For invoices, when invoice total is more than 5,000: wait")).to_be_visible()
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft. Nothing is in force yet.")).to_be_visible()
    page.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Publish as version 2").click()
    expect(page.get_by_text("Version 2 of the mapping is in force.")).to_be_visible()
    rule = services.load_choices(full.practice)[1].rules[-1]
    assert (rule.name, rule.when) == ("Large ones", Group("all", (Row("invoice.total", "more", "5,000"),)))


def test_what_is_chosen_before_the_scripts_are_there_counts(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.OWNER])
    page.goto("/p/harbour/mapping/?tab=rules")
    address = page.get_by_role("link", name="New rule for invoices").get_attribute("href")
    assert address is not None
    late: list[Route] = []
    page.route("**/*htmx*.js", lambda route: late.append(route))
    page.goto(address, wait_until="commit")
    page.get_by_label("Field", exact=True).select_option("invoice.total")
    assert late, "the scripts are still on their way"
    for route in late:
        route.continue_()
    expect(page.get_by_label("Question").locator("option", has_text="is more than")).to_have_count(1)


def test_steps_are_added_and_moved(open_as: OpenAs, full: FullPractice) -> None:
    page = open_as(full.people[Role.ADMIN])
    page.goto("/p/harbour/mapping/fields/contact.phone/")
    page.get_by_label("Step 1").select_option("cut")
    page.get_by_label("Number of characters").fill("none")
    page.get_by_role("button", name="Add a step").click()
    expect(page.get_by_label("Step 2")).to_be_visible()
    expect(page.get_by_label("Number of characters")).to_have_value("none")
    page.get_by_role("button", name="Move the step up").last.click()
    expect(page.get_by_label("Step 2")).to_have_value("cut")
    page.get_by_role("button", name="Remove the step").first.click()
    expect(page.get_by_label("Step 2")).to_have_count(0)
    page.get_by_label("Number of characters").fill("20")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft.")).to_be_visible()
    draft = drafts.draft_of(full.practice)
    assert draft is not None
    assert [step["do"] for step in draft.choices["fields"][0]["steps"]] == ["cut"]
