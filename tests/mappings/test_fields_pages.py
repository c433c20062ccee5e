"""The fields tab and a field's editor: sources, texts, steps, policies, samples, and what is refused."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.records import Contact
from mappings import drafts, services
from mappings.catalog import About
from mappings.fieldmaps import Conflict, Direction, FieldMap, Mode, Step
from mappings.spec import Choices
from mappings.subjects import Subject
from practices.models import Practice, Role, User
from tests.make import make_member, make_user
from tests.mappings.browsing import drafted, logged_in, page_of, posted, publish
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

SENT: dict[str, Any] = {
    "uses": "sources",
    "source-0": "client.phone",
    "source-1": "person.phone",
    "step-0-do": "cut",
    "step-0-length": "20",
    "direction": "both",
    "mode": "only_if_empty",
    "conflict": "newest",
    "action": "save",
}


@pytest.fixture
def web(owner: User, offer: Offer, practice: Practice) -> Client:
    services.publish(practice, Choices(sales_account="200"), actor=None)
    return logged_in(owner)


def send(client: Client, target: str, data: dict[str, Any], status: int = 200) -> str:
    return posted(client, f"fields/{target}/edit/", data, status)


def test_the_tab_says_where_each_field_comes_from(web: Client) -> None:
    page = page_of(web, "?tab=fields")
    assert "Primary person's e-mail, else Client's e-mail" in page
    assert "Leave out < and >, then Tidy spaces" in page
    assert "Keep what somebody changed in Xero" in page
    assert "Client's tags" in page, "nothing uses it"
    assert ">Quantity<" not in page, "the app carries it over itself"
    assert "changed by you" not in page


def test_a_field_is_changed_in_the_draft_and_put_back(web: Client, practice: Practice) -> None:
    page = send(web, "contact.phone", SENT)
    assert "Saved in the draft." in page
    assert "changed by you" in page
    assert drafted(practice).fields == (
        FieldMap(
            target="contact.phone",
            sources=("client.phone", "person.phone"),
            steps=(Step("cut", {"length": "20"}),),
            direction=Direction.BOTH,
            mode=Mode.ONLY_IF_EMPTY,
            conflict=Conflict.NEWEST,
        ),
    )
    page = page_of(web, "draft/")
    assert "Phone of contacts" in page
    assert "from Client's phone, else Primary person's phone; Cut to a length (20); Ignition ↔ Xero" in page
    page = page_of(web, "fields/contact.phone/")
    assert 'name="step-0-length" value="20"' in page
    assert "Ignition takes no changes from other systems, so nothing is written there" in page
    assert "draft is empty and gone" in send(web, "contact.phone", {**SENT, "action": "own"})
    assert drafts.draft_of(practice) is None


def test_saving_what_the_app_does_anyway_changes_nothing(web: Client, practice: Practice) -> None:
    same = {
        "uses": "sources",
        "source-0": "client.code",
        "direction": "to_target",
        "mode": "protected",
        "conflict": "ask",
        "action": "save",
    }
    assert "Nothing was different" in send(web, "contact.account_number", same)
    assert "Nothing was different" in send(web, "contact.mobile", {"direction": "none", "action": "save"})
    assert drafts.draft_of(practice) is None


def test_steps_are_added_moved_and_removed_without_saving(web: Client, practice: Practice) -> None:
    page = send(web, "contact.phone", {**SENT, "action": "step:add"})
    assert 'name="step-1-do"' in page
    two = {**SENT, "step-1-do": "upper"}
    page = send(web, "contact.phone", {**two, "action": "step:up:1"})
    assert page.index('name="step-0-do"') < page.index('<option value="upper" selected>')
    assert 'name="step-1-length" value="20"' in page
    page = send(web, "contact.phone", {**two, "action": "step:remove:0"})
    assert 'name="step-1-do"' not in page
    for odd in ("step:remove:9", "step:down:0", "step", ":", "x:y:z"):
        send(web, "contact.phone", {**SENT, "action": odd})
    assert drafts.draft_of(practice) is None


def test_a_text_and_a_date(web: Client, practice: Practice) -> None:
    text = {"uses": "text", "text": "{client.name} · {invoice.number}", "action": "save"}
    send(web, "invoice.reference", text)
    assert drafted(practice).fields == (
        FieldMap(target="invoice.reference", text="{client.name} · {invoice.number}"),
    )
    publish(web)
    assert services.load_choices(practice)[1].fields[0].text.startswith("{client.name}")
    assert "the text “{client.name} · {invoice.number}”" in page_of(web, "?tab=fields")


@pytest.mark.parametrize(
    ("target", "change", "said"),
    [
        ("contact.phone", {"source-0": "", "source-1": ""}, "Choose where the value comes from"),
        ("contact.phone", {"source-0": "client.colour"}, "There is no field “client.colour” in Ignition"),
        ("contact.phone", {"source-0": "invoice.number"}, "There is no field “invoice.number” in Ignition"),
        ("contact.phone", {"uses": "text", "text": ""}, "Write the text"),
        ("contact.phone", {"uses": "text", "text": "{client.name"}, "a brace has no partner"),
        ("contact.phone", {"uses": "text", "text": "{line.price}"}, "There is no field “line.price”"),
        ("contact.phone", {"step-0-length": "many"}, "“many” is not a whole number."),
        ("contact.phone", {"step-0-length": ""}, "“Cut to a length” needs: number of characters."),
        ("contact.phone", {"step-0-do": "made_up"}, "There is no transform “made_up”."),
        (
            "contact.phone",
            {"step-0-do": "pattern_part", "step-0-pattern": "((a{99}){99}){99}"},
            "“((a{99}){99}){99}” is not a pattern that can be used",
        ),
        (
            "contact.phone",
            {"step-0-do": "look_up", "step-0-table": "Offices"},
            "There is no look-up table “Offices”.",
        ),
        ("contact.name", {"direction": "none"}, "Xero needs a value for “Name”."),
        ("contact.phone", {f"step-{n}-do": "tidy" for n in range(9)}, "A field may have 8 steps."),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    web: Client, practice: Practice, target: str, change: dict[str, str], said: str
) -> None:
    assert said in send(web, target, {**SENT, **change}, status=422)
    assert drafts.draft_of(practice) is None


def test_samples_show_what_becomes_of_real_records(
    web: Client, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "On recent records" not in page_of(web, "fields/contact.email/")
    clients = (
        Contact(external_id="c1", name="Blue Bell", email="office@bluebell.example"),
        Contact(external_id="c2", name="<script>Red", email="not an address"),
    )
    found = [Subject(client=client) for client in clients]
    monkeypatch.setattr(services, "_samples", lambda asked, about, limit: found)
    page = page_of(web, "fields/contact.email/")
    assert "office@bluebell.example" in page
    assert "The e-mail address “not an address” can't be used in Xero." in page
    changed = {"uses": "sources", "source-0": "client.name", "step-0-do": "upper", "action": "refresh"}
    assert "BLUE BELL" in send(web, "contact.email", changed)
    assert b"<script>Red" not in web.get("/p/harbour/mapping/fields/contact.email/").content


def test_two_people_edit_fields(web: Client, practice: Practice) -> None:
    other = logged_in(make_member(practice, Role.ADMIN))
    send(other, "contact.name", {"uses": "sources", "source-0": "client.code", "action": "save"})
    page = send(web, "contact.phone", {**SENT, "revision": "0"}, status=409)
    assert "saved the draft in the meantime, so nothing was saved" in page
    assert 'name="step-0-length" value="20"' in page
    assert [item.target for item in drafted(practice).fields] == ["contact.name"]
    send(web, "contact.phone", SENT)
    assert [item.target for item in drafted(practice).fields] == ["contact.name", "contact.phone"]


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_look_and_do_not_edit(practice: Practice, offer: Offer, role: Role) -> None:
    client = logged_in(make_member(practice, role))
    page = page_of(client, "fields/contact.phone/")
    assert "<fieldset disabled>" in page
    assert "Save in the draft" not in page
    url = "/p/harbour/mapping/fields/contact.phone/edit/"
    assert client.post(url, SENT).status_code == 403
    assert logged_in(make_user()).post(url, SENT).status_code == 404


def test_unknown_fields_are_not_found(web: Client) -> None:
    page_of(web, "fields/contact.colour/", status=404)
    send(web, "contact.colour", SENT, status=404)


def test_every_field_has_a_page_and_needs_the_same_queries(web: Client) -> None:
    page_of(web, "?tab=fields")
    with CaptureQueriesContext(connection) as asked:
        page_of(web, "?tab=fields")
    assert len(asked) <= 13
    for about in (About.CONTACT, About.INVOICE, About.LINE):
        page_of(web, f"fields/{_first(about)}/")


def _first(about: About) -> str:
    return {"contact": "contact.name", "invoice": "invoice.date", "line": "line.description"}[about.value]


def test_a_text_that_the_field_does_not_take_is_refused(web: Client, practice: Practice) -> None:
    """A text without any field of Ignition is known when it is saved."""
    fixed = {"uses": "text", "direction": "to_target", "action": "save"}
    assert "not a whole number" in send(web, "contact.terms_days", {**fixed, "text": "soon"}, 422)
    assert "nothing that Xero offers" in send(web, "line.account", {**fixed, "text": "299"}, 422)
    assert "Saved in the draft." in send(web, "line.account", {**fixed, "text": "202 Bookkeeping Fees"})
    assert drafted(practice).fields[-1].target == "line.account"
    late = {**fixed, "text": "{service.category}"}
    assert "Saved in the draft." in send(web, "line.account", late), "known only with a record"


def test_what_xero_offers_is_listed_beside_the_field(web: Client) -> None:
    page = page_of(web, "fields/line.tracking/")
    assert "Office: Sydney" in page
    assert "a tracking option in Xero" in page
    assert "202 Bookkeeping Fees" in page_of(web, "fields/contact.sales_account_code/")
    assert "What Xero offers" not in page_of(web, "fields/contact.name/")


def test_what_the_app_always_writes_cannot_be_switched_off(web: Client) -> None:
    assert 'value="none"' not in page_of(web, "fields/line.account/")
    page = send(web, "line.account", {"uses": "text", "text": "", "direction": "none", "action": "save"}, 422)
    assert "always written" in page
    assert "what is chosen under Services" in page_of(web, "?tab=fields")


def test_fields_that_nobody_uses_are_folded(web: Client) -> None:
    page = page_of(web, "?tab=fields")
    assert "Contacts: postal address" in page
    assert page.count("9 fields to choose from") == 2
    send(
        web,
        "contact.street_city",
        {"uses": "text", "text": "Perth", "direction": "to_target", "action": "save"},
    )
    assert page_of(web, "?tab=fields").count("9 fields to choose from") == 1
