"""From logging in to books in agreement, through the pages only."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from practices.models import Connection, Practice, Role, User
from sandbox.server import Running, running
from sync.flows import ensure_flows
from sync.models import Kind, Link, Mode, Review, Run, Snapshot, Standing, Trigger
from tests.browser.conftest import OpenAs
from tests.make import PASSWORD, make_member, make_practice
from tests.sync.conftest import Office, seeded_world

HOME = "/p/harbour/"


@pytest.fixture
def outside(settings: Any) -> Iterator[tuple[Running, Any]]:
    world, report = seeded_world(clients=14, months=3)
    with running(world) as served:
        settings.IGNITION_API_URL = settings.IGNITION_AUTH_URL = served.url
        settings.XERO_API_URL = settings.XERO_LOGIN_URL = settings.XERO_IDENTITY_URL = served.url
        policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"] = ["'self'", served.url]
        settings.CONTENT_SECURITY_POLICY = policy
        yield served, report


@pytest.fixture
def practice(transactional_db: None) -> Practice:
    made = make_practice("Harbour Lane Advisory", slug="harbour")
    ensure_flows(made)
    return made


@pytest.fixture
def owner(practice: Practice) -> User:
    return make_member(practice, Role.OWNER, email="olive@example.com")


def test_from_logging_in_to_books_in_agreement(
    open_as: OpenAs, outside: tuple[Running, Any], practice: Practice, owner: User
) -> None:
    served, report = outside
    office = Office(served.world, served.url, practice, owner, report)
    page = open_as(None)
    _log_in(page, owner)
    _connect_ignition(page)
    _connect_xero(page)
    marker = office.marker
    _watch_the_first_sync(page, office)
    assert not office.writes(marker)
    _switch_on(page)
    _finish(page, office)
    _books_agree(page, office)
    _decide_a_review(page, owner)
    _look_at_an_invoice(page, practice)


def _log_in(page: Page, owner: User) -> None:
    page.goto(HOME)
    page.get_by_label("Email").fill(owner.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"**{HOME}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Lane Advisory")
    expect(page.get_by_text("0 of")).to_be_visible()


def _connect_ignition(page: Page) -> None:
    page.goto(f"{HOME}connections/")
    page.get_by_role("link", name="Connect Ignition").click()
    page.get_by_role("button", name="Continue at Ignition").click()
    expect(page.get_by_role("heading", name="SIMULATED Ignition sign-in")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Ignition is connected. Nothing is written to it.")).to_be_visible()


def _connect_xero(page: Page) -> None:
    page.get_by_role("button", name="Connect Xero").click()
    expect(page.get_by_text("SIMULATED Xero sign-in")).to_be_visible()
    boxes = page.locator("input[name=tenant]")
    boxes.first.check()
    page.get_by_role("button", name="Allow access").click()
    page.wait_for_url(re.compile(r"/p/harbour/connections/(xero/choose/)?$"))
    if page.url.endswith("choose/"):
        page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("is connected. Nothing is written until you switch it on.")).to_be_visible()
    assert Connection.objects.count() == 2


def _watch_the_first_sync(page: Page, office: Office) -> None:
    """Connecting both has started it; the page shows how far it is and comes to rest by itself."""
    page.goto(HOME)
    expect(page.get_by_role("heading", name="Sync running")).to_be_visible()
    run = Run.objects.get(practice=office.practice)
    assert run.trigger == Trigger.CONNECT
    office.finish(run)
    expect(page.get_by_role("heading", name="Sync running")).to_have_count(0)
    expect(page.get_by_role("heading", name="Last sync")).to_be_visible()
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Sync running")).to_be_visible()
    office.finish(Run.objects.latest("pk"))


def _switch_on(page: Page) -> None:
    page.goto(f"{HOME}plan/")
    for kind in ("contact", "invoice", "payment"):
        page.locator(f"input[name=mode_{kind}][value={Mode.TAKE_OVER}]").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Switch writing on?")).to_be_visible()
    expect(page.get_by_text("This writes")).to_contain_text("invoices")
    confirm = page.get_by_role("button", name=re.compile("^Switch on and write"))
    confirm.click()  # held back by the box that has to be ticked
    expect(page.get_by_role("heading", name="Switch writing on?")).to_be_visible()
    page.get_by_label("Ignition's own Xero link is switched off").check()
    confirm.click()
    expect(page.get_by_text("Switched.")).to_be_visible()


def _finish(page: Page, office: Office) -> None:
    office.finish(Run.objects.latest("pk"))
    expect(page.get_by_role("heading", name="Sync running")).to_have_count(0)
    office.sync()


def _books_agree(page: Page, office: Office) -> None:
    """What the lists call in agreement is in the ledger, with the same number and total."""
    ledger = {item["InvoiceNumber"]: item for item in office.ledger.invoices.values()}
    agreed = Snapshot.objects.filter(
        practice=office.practice,
        connection__provider="ignition",
        kind=Kind.INVOICE,
        standing=Standing.IN_SYNC,
    )
    assert agreed.count() >= 10
    for snapshot in agreed:
        link = Link.objects.get(kind=Kind.INVOICE, source_external_id=snapshot.external_id)
        assert office.ledger.invoices[link.target_external_id]["Total"] == snapshot.amount
    for kind, path in ((Kind.CONTACT, "contacts"), (Kind.INVOICE, "invoices"), (Kind.PAYMENT, "payments")):
        page.goto(f"{HOME}{path}/?standing=in_sync")
        known = Snapshot.objects.filter(connection__provider="ignition", kind=kind, standing=Standing.IN_SYNC)
        rows = page.locator("main tr[data-row]")
        expect(rows).to_have_count(min(known.count(), 50))
        expect(rows.first).to_contain_text("In agreement")
    page.goto(f"{HOME}invoices/?standing=in_sync")
    shown = page.locator("main tr[data-row] [data-label='In Xero'] a").first.inner_text()
    assert shown in ledger


def _decide_a_review(page: Page, owner: User) -> None:
    page.goto(f"{HOME}reviews/")
    page.locator("main [data-row] a").first.click()
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Leave alone").click()
    expect(page.get_by_text("left alone")).to_be_visible()
    decided = Review.objects.get(decided_by=owner)
    assert decided.title in title
    page.goto(f"{HOME}reviews/{decided.pk}/")
    expect(page.get_by_role("button", name="Link", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo this decision").click()
    expect(page.get_by_text("opened again")).to_be_visible()


def _look_at_an_invoice(page: Page, practice: Practice) -> None:
    written = Link.objects.filter(practice=practice, kind=Kind.INVOICE, method="written").first()
    assert written is not None
    snapshot = Snapshot.objects.get(kind=Kind.INVOICE, external_id=written.source_external_id)
    page.goto(f"{HOME}records/{snapshot.pk}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(snapshot.number)
    main = page.locator("main")
    expect(main).to_contain_text("In agreement")
    expect(main).to_contain_text("Written by this app")
    expect(page.get_by_text("As received from Ignition")).to_be_visible()
