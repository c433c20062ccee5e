"""The draft: saving makes one, two people notice each other, and publishing it is an act of its own."""

from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.models import MappingSet
from mappings.rules import Outcome, Rule
from mappings.spec import Choices
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice
from tests.mappings.browsing import INVOICES, drafted, logged_in, page_of, publish, revision, save

pytestmark = pytest.mark.django_db


def test_saving_makes_a_draft_and_publishing_it_is_another_act(
    web: Client, practice: Practice, owner: User
) -> None:
    services.publish(practice, Choices(sales_account="200", default_tax="OUTPUT"), actor=owner)
    page = save(web, "invoices", INVOICES)
    assert "Saved in the draft. Nothing is in force yet." in page
    assert f"Draft by {owner}" in page
    assert "5 changes, not in force yet" in page
    page = page_of(web, "draft/")
    for words in (
        "Draft: 5 changes",
        "200 Sales",
        "202 Bookkeeping Fees",
        "Draft",
        "14 days after the invoice",
        "1 Jul 2026",
        "Standard",
        "Publish as version 2",
    ):
        assert words in page
    assert services.load_choices(practice)[0] == 1
    page = publish(web, note="New financial year")
    assert "Version 2 of the mapping is in force." in page
    assert "not in force yet" not in page
    version, choices = services.load_choices(practice)
    assert (version, choices.sales_account, choices.terms_days) == (2, "202", 14)
    assert choices.default_tax == "OUTPUT"
    made = MappingSet.objects.get(version=2)
    assert (made.note, made.created_by) == ("New financial year", owner)


def test_edits_gather_in_one_draft(web: Client, practice: Practice, owner: User) -> None:
    services.publish(practice, Choices(sales_account="200"), actor=owner)
    save(web, "notes", {"notes": "all"})
    save(web, "services", {"to:serv_1": "202"})
    draft = drafts.draft_of(practice)
    assert draft is not None
    assert draft.revision == 2
    assert (drafted(practice).notes, drafted(practice).account_by_service) == ("all", {"serv_1": "202"})
    assert "2 changes, not in force yet" in save(web, "notes", {"notes": "all"})
    assert revision(practice) == 2, "nothing was different"


def test_a_draft_that_says_what_is_in_force_is_gone(web: Client, practice: Practice, owner: User) -> None:
    services.publish(practice, Choices(notes="all"), actor=owner)
    assert "nothing was saved" in save(web, "notes", {"notes": "all"})
    save(web, "notes", {"notes": "none"})
    assert "the draft is empty and gone" in save(web, "notes", {"notes": "all"})
    assert MappingSet.objects.count() == 1
    assert "There is no draft" in page_of(web, "draft/")


def test_a_draft_can_be_discarded(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(), actor=None)
    save(web, "notes", {"notes": "none"})
    response = web.post("/p/harbour/mapping/draft/discard/", {"revision": "7"}, follow=True)
    assert "nothing was saved" in response.content.decode()
    assert drafts.draft_of(practice) is not None
    response = web.post("/p/harbour/mapping/draft/discard/", {"revision": "1"}, follow=True)
    assert "The draft is discarded" in response.content.decode()
    assert drafts.draft_of(practice) is None
    assert services.load_choices(practice)[1].notes == "changes"


def test_what_can_not_run_is_listed_and_not_published(web: Client, practice: Practice, owner: User) -> None:
    broken = Rule(
        key="r1",
        name="Red",
        about=About.INVOICE,
        when=Row("invoice.colour", "is", "red"),
        then=(Outcome("hold"),),
    )
    drafts.save(practice, Choices(rules=(broken,)), actor=owner, what="rules")
    said = "The rule “Red”: There is no field “invoice.colour” to ask about in a rule for invoices."
    assert said in page_of(web, "draft/")
    response = web.post("/p/harbour/mapping/draft/publish/", {"revision": "1", "note": "Why"})
    assert response.status_code == 422
    page = unescape(response.content.decode())
    assert said in page
    assert 'value="Why"' in page
    assert services.load_choices(practice)[0] == 0


def test_a_version_that_came_in_force_meanwhile(web: Client, practice: Practice, owner: User) -> None:
    services.publish(practice, Choices(), actor=owner)
    save(web, "notes", {"notes": "none"})
    services.publish(practice, Choices(sales_account="200"), actor=owner)
    assert "Bring the draft up to date" in page_of(web, "draft/")
    assert "came in force after it was begun" in page_of(web)
    assert "Bring the draft up to date" in publish(web)
    assert services.load_choices(practice)[1].notes == "changes"
    response = web.post("/p/harbour/mapping/draft/update/", follow=True)
    assert "up to date with version 3" in response.content.decode()
    assert "Publish as version 4" in response.content.decode()
    publish(web)
    assert services.load_choices(practice) == (4, Choices(sales_account="200", notes="none"))


def test_two_admins_editing_at_once(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(), actor=None)
    other = make_member(practice, Role.ADMIN)
    save(logged_in(other), "notes", {"notes": "all"})
    page = save(web, "invoices", {**INVOICES, "revision": "0"}, status=409)
    assert f"{other} saved the draft in the meantime, so nothing was saved." in page
    assert 'value="14"' in page, "what was sent is still there"
    assert 'name="revision" value="1"' in page
    assert drafted(practice).sales_account == ""
    page = save(web, "services", {"to:serv_2": "202", "revision": "0"}, status=409)
    assert '<option value="202" selected>' in page
    assert 'name="to:serv_1"' not in page
    save(web, "invoices", {**INVOICES, "revision": "1"})
    assert (drafted(practice).sales_account, drafted(practice).notes) == ("202", "all")


@pytest.mark.parametrize("given", ["", "0", "7", "-1", "x", "\uff19", "9" * 5000])
def test_a_draft_is_published_only_as_it_was_looked_at(web: Client, practice: Practice, given: str) -> None:
    save(web, "notes", {"notes": "none"})
    response = web.post("/p/harbour/mapping/draft/publish/", {"revision": given}, follow=True)
    assert "nothing was saved" in response.content.decode()
    assert services.load_choices(practice)[0] == 0


def test_nobody_publishes_the_draft_of_another_practice(web: Client, owner: User) -> None:
    other = make_practice(slug="elsewhere")
    made = drafts.save(other, Choices(notes="none"), actor=make_member(other), what="notes")
    assert made is not None
    assert web.post("/p/elsewhere/mapping/draft/publish/", {"revision": "1"}).status_code == 404
    response = web.post("/p/harbour/mapping/draft/publish/", {"revision": "1"}, follow=True)
    assert "nothing was saved" in response.content.decode()
    assert MappingSet.objects.get() == made


def test_a_draft_is_no_version_and_stays_when_one_is_brought_back(
    web: Client, practice: Practice, owner: User
) -> None:
    services.publish(practice, Choices(sales_account="200"), actor=owner)
    services.publish(practice, Choices(sales_account="202"), actor=owner)
    save(web, "notes", {"notes": "none"})
    page_of(web, "versions/3/", status=404)
    assert web.post("/p/harbour/mapping/versions/3/restore/").status_code == 404
    assert "versions/3/" not in page_of(web, "?tab=versions")
    assert "has to be brought up to date before it can be published" in page_of(web, "versions/1/")
    response = web.post("/p/harbour/mapping/versions/1/restore/", {"in_force": "2"}, follow=True)
    assert "Version 4 is in force" in response.content.decode()
    assert drafted(practice).notes == "none"


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_look_at_the_draft_and_can_not_end_it(
    web: Client, practice: Practice, owner: User, role: Role
) -> None:
    drafts.save(practice, Choices(notes="none"), actor=owner, what="notes")
    client = logged_in(make_member(practice, role))
    page = page_of(client)
    assert "Look at it" in page
    assert "Discard" not in page
    page = page_of(client, "draft/")
    assert "Notes in Xero's history" in page
    assert "Publish as version" not in page
    assert "Owners and admins can publish it." in page


def test_the_draft_page_needs_the_same_queries_however_much_changed(
    web: Client, practice: Practice, owner: User
) -> None:
    services.publish(practice, Choices(), actor=owner)
    drafts.save(practice, Choices(notes="none"), actor=owner, what="notes")
    page_of(web, "draft/")
    with CaptureQueriesContext(connection) as few:
        page_of(web, "draft/")
    many = tuple(
        Rule(key=f"r{number}", name=f"Rule {number}", about=About.LINE, then=(Outcome("stop"),))
        for number in range(100)
    )
    tables = {f"serv_{number}": "202" for number in range(300)}
    drafts.save(practice, Choices(rules=many, account_by_service=tables), actor=owner, what="rules")
    with CaptureQueriesContext(connection) as lots:
        page = page_of(web, "draft/")
    assert len(few) == len(lots)
    assert "Draft: 400 changes" in page


def test_rules_and_approvals_are_told_apart_on_the_draft_page(
    web: Client, practice: Practice, owner: User
) -> None:
    def rule(key: str) -> Rule:
        return Rule(key=key, name=key.upper(), about=About.INVOICE, then=(Outcome("hold"),))

    services.publish(practice, Choices(rules=(rule("a"), rule("b"), rule("c"))), actor=owner)
    moved = Choices(rules=(rule("c"), rule("a"), rule("b")), approve_own=True)
    drafts.save(practice, moved, actor=owner, what="rules")
    page = page_of(web, "draft/")
    assert "Rule “C” for invoices, its place" in page, "one rule was moved, the others only made room"
    assert "Rule “A” for invoices" not in page
    assert "Approving what one asked for oneself" in page
