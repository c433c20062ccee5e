"""The graph of clients in a real browser: readable by everybody, fits on a phone, a wrong link is split and undone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from practices.models import Role
from sync.models import Kind, Link, PairVerdict, Snapshot
from tests.browser.conftest import PHONE, OpenAs
from tests.browser.test_pages import OVERFLOW, violations
from tests.sync.rows import Books, make_books, make_link, make_review, make_snapshot


@pytest.fixture
def books(transactional_db: None, settings: Any) -> Books:
    """A confirmed link with a past, a shared contact, twins, a near miss, and a client to decide about."""
    settings.NUDGE_WORKERS = False
    made = make_books(name="Harbour Advisory")
    for number, (name, mail) in enumerate(
        (
            ("Saltmarsh Plumbing Pty Ltd", "office@saltmarsh.example"),
            ("Saltmarsh Plumbing P/L", "office@saltmarsh.example"),
            ("Cormorant Cafe", "hello@cormorant.example"),
            ("Cormorant Bar", "hello@cormorant.example"),
            ("Dunes Dental", "smile@dunes.example"),
            ("Egret Books", ""),
        )
    ):
        make_snapshot(
            made.source,
            Kind.CONTACT,
            f"c_{number}",
            name=name,
            email=mail,
            status="active",
            phone="02 9000 1234",
        )
    for number, (name, mail, extra) in enumerate(
        (
            ("Saltmarsh Plumbing Pty Ltd", "office@saltmarsh.example", {}),
            (
                "Saltmarsh Plumbing",
                "old@saltmarsh.example",
                {"record": {"merged_into": "x_0"}, "status": "ARCHIVED"},
            ),
            ("Saltmarsh Plumbing Trust", "office@saltmarsh.example", {}),
            ("Cormorant Group", "hello@cormorant.example", {}),
        )
    ):
        more: dict[str, Any] = {"status": "ACTIVE", **extra}
        make_snapshot(made.target, Kind.CONTACT, f"x_{number}", name=name, email=mail, **more)
    known = {item.external_id: item for item in Snapshot.objects.all()}
    make_link(
        made,
        known["c_0"],
        known["x_0"],
        confidence="0.995",
        reasons=[
            "Same e-mail address office@saltmarsh.example, used once on each side",
            "Names alike (1.00)",
        ],
        former_target_external_ids=["x_1"],
        confirmed_by=made.member(),
    )
    for external_id in ("c_2", "c_3"):
        make_link(made, known[external_id], known["x_3"], confidence="0.97")
    against = ["Nothing but the name agrees"]
    candidate = {
        "external_id": "x_9",
        "name": "Dunes Dentists",
        "against": against,
        "score": 0.6,
        "reasons": [],
    }
    make_review(made, "Dunes Dental", source_external_id="c_4", candidates=[candidate])
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit_on_a_phone(open_as: OpenAs, books: Books, dark: bool) -> None:
    page = open_as(books.member(Role.STAFF), dark=dark)
    devtools = page.context.new_cdp_session(page)
    nodes = [Snapshot.objects.get(external_id=external_id).pk for external_id in ("c_0", "x_3", "c_5")]
    for rest in ["", "?show=shared", "?show=target", "?show=twins", *(f"{pk}/" for pk in nodes)]:
        page.goto(books.url(f"clients/graph/{rest}"))
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        assert not violations(devtools), rest
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, rest


def test_a_wrong_link_is_split_and_the_decision_taken_back(open_as: OpenAs, books: Books) -> None:
    page = open_as(books.member(Role.STAFF))
    page.goto(books.url("clients/graph/?show=linked"))
    page.get_by_role("link", name="Cormorant Cafe").click()
    card = page.locator(".card-body", has_text="Cormorant Cafe")
    card.get_by_text("This link is wrong").click()
    card.get_by_placeholder("Why?").fill("Another owner")
    card.get_by_role("button", name="Split").click()
    expect(page.get_by_text("never link by themselves again")).to_be_visible()
    assert not Link.objects.filter(source_external_id="c_2").exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert Link.objects.filter(source_external_id="c_2", target_external_id="x_3").exists()
    assert not PairVerdict.objects.exists()


def test_twins_are_marked_to_be_merged(open_as: OpenAs, books: Books) -> None:
    page = open_as(books.member(Role.STAFF))
    twin = Snapshot.objects.get(external_id="c_0")
    page.goto(books.url(f"clients/graph/{twin.pk}/"))
    page.get_by_role("button", name="Same: merge in Ignition").click()
    expect(page.get_by_text("the same, to be merged", exact=False).first).to_be_visible()
    assert PairVerdict.objects.get().verdict == "same"
