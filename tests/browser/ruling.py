"""A rule for invoices as a person fills it in."""

from playwright.sync_api import Page, expect


def fill_in_a_rule(page: Page) -> None:
    """On the page of all rules: a new one, by which invoices over 5,000 wait."""
    page.get_by_role("link", name="New rule for invoices").click()
    page.get_by_label("Name").fill("Large ones")
    page.get_by_label("Field", exact=True).select_option("invoice.total")
    expect(page.get_by_label("Question").locator("option", has_text="is more than")).to_have_count(1)
    page.get_by_label("Question").select_option("more")
    page.get_by_label("Value").fill("5,000")
    page.get_by_label("What happens").select_option("hold")
