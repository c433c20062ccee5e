"""The support team edits and publishes a draft through the same checks and the same audit as the practice."""

import json
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.models import MappingSet
from mappings.rules import Outcome, Rule
from mappings.spec import Choices, choices_to_json
from practices.models import AuditEntry, Practice, User
from tests.make import make_member, make_practice, make_user
from tests.mappings.browsing import drafted, logged_in
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

LARGE = Rule(
    key="large",
    name="Large",
    about=About.INVOICE,
    when=Row("invoice.total", "more", "5000"),
    then=(Outcome("hold"),),
)
CHOICES = Choices(sales_account="200", notes="all", rules=(LARGE,))


@pytest.fixture
def practice(offer: Offer) -> Practice:
    practice = make_practice(slug="harbour")
    services.publish(practice, Choices(sales_account="200"), actor=None)
    drafts.save(practice, CHOICES, actor=make_member(practice), what="rules")
    return practice


@pytest.fixture
def support() -> User:
    return make_user(is_staff=True)


@pytest.fixture
def web(support: User) -> Client:
    return logged_in(support)


def draft_of(practice: Practice) -> MappingSet:
    found = drafts.draft_of(practice)
    assert found is not None
    return found


def url_of(row: MappingSet) -> str:
    return reverse("admin:mappings_mappingset_change", args=[row.pk])


def send(client: Client, practice: Practice, data: Any, revision: int = 1) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    sent = {"choices": text, "revision": revision}
    response = client.post(url_of(draft_of(practice)), sent, follow=True)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_a_draft_reads_as_sentences_and_can_be_edited(web: Client, support: User, practice: Practice) -> None:
    page = unescape(web.get(url_of(draft_of(practice))).content.decode())
    assert "For invoices, when invoice total is more than 5,000: wait for approval." in page
    assert 'name="_save"' in page
    send(web, practice, choices_to_json(CHOICES) | {"notes": "none"})
    assert drafted(practice).notes == "none"
    assert drafted(practice).rules == (LARGE,)
    entry = AuditEntry.objects.filter(practice=practice, action="mapping.drafted").latest("pk")
    assert (entry.actor, entry.summary) == (support, "Changed the draft: by the support team")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"notes": "loudly"}, "“notes”: Select a valid choice."),
        ({"invoice_status": "PAID"}, "“invoice_status”: Select a valid choice."),
        ({"terms_days": -1}, "“terms_days”: Ensure this value is greater than or equal to 0."),
        ({"terms_days": "soon"}, "“terms_days”: Enter a whole number."),
        ({"account_by_service": {"a": 5}}, "“account_by_service” is an object of texts."),
        ({"tracking": ["x"]}, "“tracking” is a list of objects"),
        ({"tracking_by_service": {"a": "b"}}, "“tracking_by_service” is an object of objects"),
        ({"colour": "red"}, "There is no choice “colour”."),
        ({"rules": [{"key": "x"}]}, "A rule has a key, a name and a list of what it does."),
        ({"rules": 7}, "The choices can't be read"),
        ({"documents_from": "soon"}, "The choices can't be read"),
        ({"sales_account": "20\u00000"}, "characters that can't be stored"),
        ({"sales_account": "\ud800"}, "characters that can't be stored"),
    ],
)
def test_choices_that_make_no_sense_are_refused(
    web: Client, practice: Practice, change: dict[str, Any], said: str
) -> None:
    assert said in send(web, practice, choices_to_json(CHOICES) | change)
    assert drafted(practice) == CHOICES


@pytest.mark.parametrize("text", ["", "[]", "{", "7", "null", "[" * 100_000])
def test_what_is_no_object_is_refused(web: Client, practice: Practice, text: str) -> None:
    assert "errornote" in send(web, practice, text)
    assert drafted(practice) == CHOICES


def test_rules_are_checked_as_on_the_page(web: Client, practice: Practice) -> None:
    data = choices_to_json(CHOICES)
    data["rules"][0]["when"]["field"] = "invoice.colour"
    assert "There is no field “invoice.colour” to ask about" in send(web, practice, data)
    data["rules"][0]["key"] = "a/b"
    assert "The rule key “a/b” has to be" in send(web, practice, data)


def test_a_draft_that_was_saved_meanwhile_is_not_overwritten(web: Client, practice: Practice) -> None:
    page = send(web, practice, choices_to_json(CHOICES) | {"notes": "none"}, revision=7)
    assert "Somebody saved the draft in the meantime." in page
    assert drafted(practice) == CHOICES


def test_support_publishes_a_draft(web: Client, support: User, practice: Practice) -> None:
    rows = [str(row.pk) for row in MappingSet.objects.all()]
    data = {"action": "publish_drafts", "_selected_action": rows}
    response = web.post(reverse("admin:mappings_mappingset_changelist"), data, follow=True)
    page = unescape(response.content.decode())
    assert "version 2 is in force." in page
    assert "version 1 is no draft." in page
    assert services.load_choices(practice) == (2, CHOICES)
    entry = AuditEntry.objects.get(practice=practice, action="mapping.published", actor=support)
    assert "Published by the support team" in entry.summary


def test_support_does_not_publish_what_can_not_run(web: Client, practice: Practice, support: User) -> None:
    broken = Rule(key="r", name="Odd", about=About.INVOICE, when=Row("x", "is", "y"), then=(Outcome("hold"),))
    drafts.save(practice, Choices(rules=(broken,)), actor=support, what="rules")
    data = {"action": "publish_drafts", "_selected_action": [str(draft_of(practice).pk)]}
    response = web.post(reverse("admin:mappings_mappingset_changelist"), data, follow=True)
    assert "There is no field “x”" in unescape(response.content.decode())
    assert services.load_choices(practice)[0] == 1


def test_nobody_else_edits_a_draft_there(practice: Practice) -> None:
    row = draft_of(practice)
    member = logged_in(make_member(practice))
    for client in (member, Client()):
        assert client.post(url_of(row), {"choices": "{}", "revision": 1}).status_code in {302, 403}
    published = MappingSet.objects.get(version=1)
    answer = logged_in(make_user(is_staff=True)).post(url_of(published), {"choices": "{}", "revision": 0})
    assert answer.status_code == 403
    assert drafted(practice) == CHOICES
