"""The tab of partners and managers: who is known in Xero, and how their clients are tracked."""

import dataclasses
from html import unescape

import pytest
from django.test import Client

from mappings import drafts, services
from mappings.sides import SourceView, StaffUse, TargetView
from mappings.spec import Choices, choices_from_json
from practices.models import Practice, Role
from tests.make import make_member, make_practice
from tests.mappings import offers

pytestmark = pytest.mark.django_db

ANNA, BEN = "anna@firm.example", "ben@firm.example"


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch) -> Practice:
    staff = (
        StaffUse(email=ANNA, partner_of=2, manager_of=9, in_target="Anna Lee"),
        StaffUse(email=BEN, manager_of=3),
    )
    source: SourceView = dataclasses.replace(offers.view().source, staff=staff)
    seen: TargetView = dataclasses.replace(offers.view(), source=source)
    monkeypatch.setattr(services, "_provider", lambda practice: seen)
    made = make_practice(slug="harbour")
    services.publish(made, Choices(sales_account="200"), actor=None)
    return made


def browser(practice: Practice, role: Role = Role.ADMIN) -> Client:
    client = Client()
    client.force_login(make_member(practice, role))
    return client


def test_people_without_a_user_in_xero_are_named(practice: Practice) -> None:
    text = unescape(browser(practice, Role.VIEWER).get("/p/harbour/mapping/?tab=staff").content.decode())
    assert "2 in Ignition, 1 without a user in Xero" in text
    assert "Anna Lee" in text
    assert text.index(ANNA) < text.index(BEN)


def test_tracking_is_kept_in_the_draft_and_shown_as_a_difference(practice: Practice) -> None:
    client = browser(practice)
    answer = client.post(
        "/p/harbour/mapping/save/staff/",
        {"revision": "0", "staff_from": "manager", f"staff0:{ANNA}": "Perth"},
    )
    assert answer.status_code == 302
    draft = drafts.draft_of(practice)
    assert draft is not None
    chosen = choices_from_json(draft.choices)
    assert (chosen.staff_from, chosen.tracking_by_staff) == ("manager", {ANNA: {"Office": "Perth"}})
    text = unescape(client.get("/p/harbour/mapping/draft/").content.decode())
    assert "The client's manager" in text
    assert ANNA in text


@pytest.mark.parametrize(
    "sent", [{f"staff0:{ANNA}": "Nowhere"}, {"staff0:nobody@firm.example": "Perth"}, {"staff_from": "boss"}]
)
def test_what_can_not_be_chosen_is_refused(practice: Practice, sent: dict[str, str]) -> None:
    answer = browser(practice).post("/p/harbour/mapping/save/staff/", {"revision": "0", **sent})
    assert answer.status_code == 422
    assert drafts.draft_of(practice) is None
