"""An account and a rule, rehearsed, published and approved by a second person; the ledger gets exactly that."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from practices.models import Role
from sandbox.server import running
from sync.models import Kind, Mode, Rehearsal, Snapshot
from sync.rehearsal import running as rehearsing
from tests.browser.conftest import OpenAs
from tests.browser.ruling import fill_in_a_rule
from tests.make import make_member
from tests.sync.conftest import Office, open_office, seeded_world
from tests.sync.lost import bill, in_xero, new_client

HOME = "/p/harbour/"


@pytest.fixture
def office(transactional_db: None, settings: Any) -> Iterator[Office]:
    """A practice that was read and watches; one bill is over $6,600, another over $4,400."""
    world, report = seeded_world(clients=14, months=3)
    with running(world) as served:
        made = open_office(served, settings, report=report)
        client = new_client(made)
        bill(made, client, ("1", "6000", "0"), reference_number="LARGE")
        bill(made, client, ("1", "4000", "0"), reference_number="SMALL", billing_reference="PROP-9002")
        made.sync()
        yield made


def test_what_is_mapped_ruled_rehearsed_published_and_approved_is_what_xero_gets(
    open_as: OpenAs, office: Office
) -> None:
    page = open_as(office.owner)
    service = next(row for row in office.ignition.services if row["tax_rate"] == "GST on Income")
    account = _choose_an_account(page, str(service["name"]))
    _add_the_rule(page)
    marker = office.marker
    _rehearse(page, office)
    assert not office.writes(marker), "a rehearsal writes nothing"
    page.get_by_role("link", name="Back to the draft").click()
    page.get_by_role("button", name=re.compile("^Publish as version")).click()
    expect(page.get_by_text("of the mapping is in force.")).to_be_visible()
    office.switch(Mode.TAKE_OVER)
    office.sync()
    _is_booked(office, "SMALL", Decimal("4400.00"), account)
    assert not [item for item in office.ledger.invoices.values() if "LARGE" in item["InvoiceNumber"]]
    _approve(open_as(make_member(office.practice, Role.STAFF)))
    office.finish_all()
    _is_booked(office, "LARGE", Decimal("6600.00"), account)
    office.sync()
    assert in_xero(office, "IGN-LARGE")["Status"] == "AUTHORISED", "once, and still so after the next sync"


def _choose_an_account(page: Page, service: str) -> str:
    """Another account than the one that everything else is booked to."""
    page.goto(f"{HOME}mapping/?tab=services&q={service}")
    choice = page.get_by_label(f"Account for {service}", exact=True)
    options = choice.locator("option:not([disabled])")
    codes = [value for value in options.evaluate_all("found => found.map(item => item.value)") if value]
    account = str(codes[-1])
    choice.select_option(account)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft. Nothing is in force yet.")).to_be_visible()
    return account


def _add_the_rule(page: Page) -> None:
    page.goto(f"{HOME}mapping/?tab=rules")
    fill_in_a_rule(page)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft. Nothing is in force yet.")).to_be_visible()


def _rehearse(page: Page, office: Office) -> None:
    page.goto(f"{HOME}mapping/draft/")
    page.get_by_role("button", name="Rehearse").click()
    rehearsing.work(Rehearsal.objects.get(practice=office.practice).pk)
    page.goto(f"{HOME}mapping/draft/")
    page.get_by_role("link", name=re.compile("would be treated differently")).click()
    expect(page.get_by_text("Nothing was written.")).to_be_visible()
    expect(page.get_by_text("Large ones").first).to_be_visible()


def _approve(page: Page) -> None:
    page.goto(f"{HOME}approvals/")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.get_by_label("Tick all on this page").check()
    page.get_by_role("button", name=re.compile("^Approve 1")).click()
    page.get_by_role("button", name="Approve 1 invoice, $6,600.00").click()
    expect(page.get_by_text("sent with the next batch")).to_be_visible()


def _is_booked(office: Office, number: str, total: Decimal, account: str) -> None:
    document = in_xero(office, f"IGN-{number}")
    assert Decimal(str(document["Total"])) == total
    assert [line["AccountCode"] for line in document["LineItems"]] == [account]
    assert Snapshot.objects.get(kind=Kind.INVOICE, number=f"IGN-{number}").amount == total
