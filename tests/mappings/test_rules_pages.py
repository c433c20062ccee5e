"""The rules tab and a rule's editor: rows without script, exact messages, order, and who may do what."""

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.records import Contact, Invoice
from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Group, Row
from mappings.rules import Outcome, Rule
from mappings.spec import Choices
from mappings.subjects import Subject
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice, make_user
from tests.mappings.browsing import drafted, logged_in, page_of, posted, publish
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

LARGE = Rule(
    key="large",
    name="Large",
    about=About.INVOICE,
    when=Row("invoice.total", "more", "5000"),
    then=(Outcome("hold"),),
)
TAX = Rule(
    key="tax",
    name="Tax to 202",
    about=About.LINE,
    when=Group("any", (Row("service.name", "contains", "tax"),)),
    then=(Outcome("account", {"value": "202"}),),
)
DEEP = Rule(
    key="deep",
    name="Deep",
    about=About.INVOICE,
    when=Group(
        "any", (Group("all", (Row("invoice.total", "more", "1"),)), Row("invoice.lines", "more", "2"))
    ),
    then=(Outcome("hold"),),
)
SENT: dict[str, Any] = {
    "name": "Large ones",
    "enabled": "1",
    "join-0": "all",
    "row-0-0-field": "invoice.total",
    "row-0-0-op": "more",
    "row-0-0-value": "5,000",
    "then-0-do": "hold",
    "then-0-text": "Ask the partner",
    "action": "save",
}


def send(client: Client, path: str, data: dict[str, Any], status: int = 200) -> str:
    return posted(client, f"rules/{path}", data, status)


def in_force(practice: Practice, *rules: Rule) -> None:
    services.publish(practice, Choices(sales_account="200", rules=rules), actor=None)


def test_a_new_rule_goes_into_the_draft_and_reads_as_a_sentence(web: Client, practice: Practice) -> None:
    in_force(practice)
    page = send(web, "new/invoice/edit/", SENT)
    assert "Saved in the draft." in page
    sentence = "For invoices, when invoice total is more than 5,000: wait for approval (“Ask the partner”)."
    assert sentence in page
    (rule,) = drafted(practice).rules
    assert (rule.name, rule.enabled, len(rule.key)) == ("Large ones", True, 8)
    assert rule.when == Group("all", (Row("invoice.total", "more", "5,000"),))
    page = page_of(web, "draft/")
    assert "Rule “Large ones” for invoices" in page
    assert sentence in page
    publish(web)
    assert services.load_choices(practice)[1].rules == (rule,)


def test_rows_are_added_and_removed_without_saving_anything(web: Client, practice: Practice) -> None:
    page = send(web, "new/invoice/edit/", {**SENT, "action": "row-0:add"})
    assert 'name="row-0-1-field"' in page
    assert 'value="5,000"' in page
    page = send(web, "new/invoice/edit/", {**SENT, "action": "row-0:remove:0"})
    assert 'name="row-0-0-field"' not in page
    assert "For all invoices: wait for approval" in page
    page = send(web, "new/invoice/edit/", {**SENT, "action": "group:add"})
    assert 'name="join-1"' in page
    assert 'name="row-1-0-field"' in page
    page = send(web, "new/invoice/edit/", {**SENT, "join-1": "any", "action": "group:remove"})
    assert 'name="join-1"' not in page
    page = send(web, "new/invoice/edit/", {**SENT, "then-0-do": "transform", "action": "refresh"})
    assert 'name="then-0-step-0-do"' in page
    for odd in ("row-0:remove:99", "row-7:add", "then:up:x", "nonsense", "then-0-step:down:0", ":::", ""):
        send(web, "new/invoice/edit/", {**SENT, "action": odd})
    assert drafts.draft_of(practice) is None


def test_questions_and_values_follow_the_field(web: Client) -> None:
    changed = {**SENT, "row-0-0-field": "client.name", "action": "refresh"}
    page = send(web, "new/invoice/edit/", changed)
    assert '<option value="contains"' in page
    assert '<option value="more"' not in page
    page = send(web, "new/invoice/edit/", {**changed, "row-0-0-field": "client.state", "row-0-0-op": "is"})
    assert '<option value="archived"' in page
    page = send(web, "new/invoice/edit/", {**changed, "row-0-0-op": "one_of"})
    assert "<textarea" in page
    page = send(web, "new/invoice/edit/", {**changed, "row-0-0-op": "empty"})
    assert 'name="row-0-0-value"' not in page


def test_two_groups_are_stored_and_shown_again(web: Client, practice: Practice) -> None:
    second = {
        "join-1": "none",
        "row-1-0-field": "client.tags",
        "row-1-0-op": "any_of",
        "row-1-0-value": "VIP\r\nFriend\r\n",
    }
    send(web, "new/invoice/edit/", {**SENT, **second})
    (rule,) = drafted(practice).rules
    assert rule.when == Group(
        "all",
        (
            Group("all", (Row("invoice.total", "more", "5,000"),)),
            Group("none", (Row("client.tags", "any_of", "VIP\nFriend"),)),
        ),
    )
    page = page_of(web, f"rules/{rule.key}/")
    assert '<option value="none" selected>' in page
    assert "VIP\nFriend</textarea>" in page
    assert "Nothing was different" in send(web, f"{rule.key}/edit/", {**SENT, **second})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "Give it a name of at most 100 characters."),
        ({"name": "large"}, "Another rule for invoices is called “large”."),
        ({"row-0-0-value": "many"}, "Invoice total: “many” is not a number."),
        ({"row-0-0-value": ""}, "“Invoice total is more than …” needs a value."),
        ({"row-0-0-op": "contains"}, "“Invoice total” can't be asked “contains”."),
        ({"row-0-0-op": ""}, "Choose what to ask about “Invoice total”."),
        (
            {"row-0-0-field": "line.description", "row-0-0-op": "is"},
            "There is no field “line.description” to ask about in a rule for invoices.",
        ),
        (
            {
                "row-0-0-field": "client.name",
                "row-0-0-op": "matches",
                "row-0-0-value": "((a{99}){99}){99}",
            },
            "Client's name: “((a{99}){99}){99}” is not a pattern that can be used",
        ),
        ({"then-0-do": ""}, "It does nothing. Choose what happens."),
        ({"then-0-do": "item", "then-0-value": "X"}, "“item” is nothing that a rule like this can do."),
        ({"then-0-do": "account", "then-0-value": "404"}, "The account “404” is no active income account"),
        ({"then-0-do": "account"}, "“Choose the account” needs: value."),
        (
            {"then-0-do": "tracking", "then-0-tracking": '["Office", "Hobart"]'},
            "“Office: Hobart” is not active",
        ),
        ({"then-0-do": "tracking", "then-0-tracking": "{"}, "“Set tracking” needs: category."),
        ({"then-0-do": "status", "then-0-value": "PAID"}, "“PAID” is no status"),
        ({"then-0-do": "branding", "then-0-value": "x"}, "The branding theme is not in Xero any more."),
        ({"then-0-do": "terms", "then-0-days": "999"}, "999 is not between 0 and 366."),
        ({"then-0-do": "set", "then-0-field": "reference", "then-0-text": "{x}"}, "There is no field “x”"),
        (
            {
                "then-0-do": "transform",
                "then-0-field": "reference",
                "then-0-step-0-do": "cut",
                "then-0-step-0-length": "-1",
            },
            "-1 is not between 1 and 4000.",
        ),
        (
            {"then-0-do": "transform", "then-0-field": "reference", "then-0-step-0-do": "made_up"},
            "There is no transform “made_up”.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    web: Client, practice: Practice, change: dict[str, str], said: str
) -> None:
    in_force(practice, LARGE)
    page = send(web, "new/invoice/edit/", {**SENT, **change}, status=422)
    assert said in page
    assert drafts.draft_of(practice) is None


def test_a_transform_and_tracking_are_stored(web: Client, practice: Practice) -> None:
    sent = {
        **SENT,
        "then-0-do": "transform",
        "then-0-field": "reference",
        "then-0-step-0-do": "cut",
        "then-0-step-0-length": "20",
        "then-0-step-1-do": "",
        "then-1-do": "tracking",
        "then-1-tracking": '["Office", "Perth"]',
    }
    send(web, "new/invoice/edit/", sent)
    (rule,) = drafted(practice).rules
    assert [item.do for item in rule.then] == ["transform", "tracking"]
    assert [(step.do, dict(step.settings)) for step in rule.then[0].steps] == [("cut", {"length": "20"})]
    assert rule.then[1].settings == {"category": "Office", "option": "Perth"}
    page = page_of(web, f"rules/{rule.key}/")
    assert 'name="then-0-step-0-length" value="20"' in page
    assert "Office: Perth</option>" in page


def test_move_copy_switch_and_delete(web: Client, practice: Practice) -> None:
    second = Rule(key="r2", name="Second", about=About.INVOICE, then=(Outcome("hold"),))
    in_force(practice, LARGE, TAX, second)
    send(web, "r2/act/", {"act": "up"})
    assert [rule.key for rule in drafted(practice).rules] == ["r2", "tax", "large"]
    assert "place 2" in page_of(web, "draft/")
    send(web, "r2/act/", {"act": "up"})
    assert [rule.key for rule in drafted(practice).rules] == ["r2", "tax", "large"], (
        "it was the first already"
    )
    send(web, "r2/act/", {"act": "down"})
    assert drafts.draft_of(practice) is None, "as it is in force"
    send(web, "large/act/", {"act": "copy"})
    rules = drafted(practice).rules
    assert [(rule.name, rule.enabled) for rule in rules[:2]] == [("Large", True), ("Large (copy)", False)]
    assert rules[0].key != rules[1].key
    send(web, "large/act/", {"act": "switch"})
    assert not drafted(practice).rules[0].enabled
    assert "Off. For invoices" in page_of(web, "draft/")
    send(web, "large/act/", {"act": "delete"})
    assert "large" not in {rule.key for rule in drafted(practice).rules}
    assert "deleted" in page_of(web, "draft/")
    assert "can't be done" in send(web, "tax/act/", {"act": "explode"})
    send(web, "large/act/", {"act": "delete"}, status=404)


def test_deeper_rules_are_shown_as_a_sentence_only(web: Client, practice: Practice) -> None:
    in_force(practice, DEEP)
    page = page_of(web, "rules/deep/")
    assert "For invoices, when invoice total is more than 1 or number of lines is more than 2" in page
    assert 'name="row-0-0-field"' not in page
    send(web, "deep/edit/", SENT, status=404)
    send(web, "deep/act/", {"act": "switch"})
    assert not drafted(practice).rules[0].enabled
    assert drafted(practice).rules[0].when == DEEP.when


def test_saving_a_rule_as_it_is_changes_nothing(web: Client, practice: Practice) -> None:
    in_force(practice, LARGE)
    same = {**SENT, "name": "Large", "row-0-0-value": "5000", "then-0-text": ""}
    assert "Nothing was different" in send(web, "large/edit/", same)
    assert drafts.draft_of(practice) is None


def test_two_people_edit_rules(web: Client, practice: Practice) -> None:
    in_force(practice, LARGE)
    other = logged_in(make_member(practice, Role.ADMIN))
    send(other, "large/act/", {"act": "switch"})
    page = send(web, "large/edit/", {**SENT, "revision": "0"}, status=409)
    assert "saved the draft in the meantime, so nothing was saved" in page
    assert "Ask the partner" in page
    assert "saved the draft in the meantime" in send(web, "large/act/", {"act": "delete", "revision": "0"})
    send(other, "large/act/", {"act": "delete"})
    page = send(web, "large/edit/", {**SENT, "about": "invoice"}, status=409)
    assert "The rule was deleted in the meantime" in page
    assert "/mapping/rules/new/invoice/edit/" in page
    assert drafted(practice).rules == ()


def test_names_and_codes_of_odd_rules_do_no_harm(web: Client, practice: Practice, owner: User) -> None:
    odd = Rule(
        key="a/b c", name="<b>Odd</b>", about=About.INVOICE, then=(Outcome("account", {"value": "9"}),)
    )
    twice = (LARGE, Rule(key="large", name="Twin", about=About.LINE, then=(Outcome("stop"),)))
    drafts.save(practice, Choices(rules=(odd, *twice)), actor=owner, what="rules")
    response = web.get("/p/harbour/mapping/?tab=rules")
    assert b"&lt;b&gt;Odd" in response.content
    assert "The account “9” is no active income account in Xero." in unescape(response.content.decode())
    page_of(web, "rules/large/", status=404)
    page_of(web, "rules/new/nothing/", status=404)
    send(web, "new/invoice/edit/", {**SENT, "name": "x\x00y", "row-0-0-value": "1" * 9000}, status=422)


def test_samples_and_use_are_shown(web: Client, practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    in_force(practice, LARGE)
    assert "On recent records" not in page_of(web, "rules/large/")
    client = Contact(external_id="c1", name="Blue Bell")

    def found(asked: Practice, about: About, limit: int) -> list[Subject]:
        assert (asked, about, limit) == (practice, About.INVOICE, 5)
        return [
            Subject(
                client=client,
                invoice=Invoice(
                    external_id="i", contact_external_id="c1", number=total, total=Decimal(total)
                ),
            )
            for total in ("6000", "10")
        ]

    monkeypatch.setattr(services, "_samples", found)
    monkeypatch.setattr(services, "_rule_use", lambda asked: {"large": (7, 0, 3, timezone.now())})
    page = page_of(web, "?tab=rules")
    assert "Applied to 7 records, 3 wait for approval; counted" in page
    page = page_of(web, "rules/large/")
    assert page.count(">applies<") == 1
    assert page.count(">doesn't<") == 1
    assert "Invoice 6000, Blue Bell" in page


def test_approval_settings(web: Client, practice: Practice) -> None:
    in_force(practice, LARGE)
    client = f"/p/{practice.slug}/mapping/save/approvals/"
    response = web.post(client, {"revision": "0", "approval_days": "400"})
    assert response.status_code == 422
    assert b"field-error" in response.content
    response = web.post(client, {"revision": "0", "approval_days": "7", "approve_own": "on"}, follow=True)
    assert "tab=rules" in response.redirect_chain[0][0]
    assert (drafted(practice).approval_days, drafted(practice).approve_own) == (7, True)
    page = page_of(web, "draft/")
    assert "after 7 days" in page
    assert "allowed" in page


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_look_and_do_not_edit(practice: Practice, offer: Offer, role: Role) -> None:
    in_force(practice, LARGE)
    client = logged_in(make_member(practice, role))
    page = page_of(client, "rules/large/")
    assert "<fieldset disabled>" in page
    assert "Save in the draft" not in page
    assert "Delete" not in page_of(client, "?tab=rules")
    for path in ("new/invoice/edit/", "large/edit/", "large/act/"):
        assert client.post(f"/p/harbour/mapping/rules/{path}", SENT).status_code == 403
    stranger = logged_in(make_user())
    for path in ("new/invoice/edit/", "large/edit/", "large/act/"):
        assert stranger.post(f"/p/harbour/mapping/rules/{path}", SENT).status_code == 404
    assert drafts.draft_of(practice) is None


def test_rules_of_another_practice_are_not_found(web: Client, practice: Practice) -> None:
    in_force(make_practice(), LARGE)
    page_of(web, "rules/large/", status=404)
    send(web, "large/act/", {"act": "delete"}, status=404)


def test_the_list_needs_the_same_queries_however_many_rules(web: Client, practice: Practice) -> None:
    in_force(practice, LARGE)
    page_of(web, "?tab=rules")
    with CaptureQueriesContext(connection) as few:
        page_of(web, "?tab=rules")
    many = tuple(
        Rule(key=f"r{number}", name=f"Rule {number}", about=About.LINE, then=(Outcome("stop"),))
        for number in range(150)
    )
    in_force(practice, *many)
    with CaptureQueriesContext(connection) as lots:
        page = page_of(web, "?tab=rules")
    assert len(few) == len(lots)
    assert page.count("Rule 149") >= 1
