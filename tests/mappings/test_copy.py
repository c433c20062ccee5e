"""Choices carried over from another practice: what fits, what is left out and why, and who may."""

from dataclasses import replace
from datetime import date
from html import unescape

import pytest
from django.test import Client

from connectors.records import Tracking
from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.copying import NO_SERVICE, NO_THEME, NOT_IN_XERO, OTHER_TABLE, OWN, SAME_NAME, carried
from mappings.fieldmaps import FieldMap, Lookup, Step
from mappings.rules import Outcome, Rule
from mappings.sides import BrandingTheme, ServiceUse, SourceView, TargetView
from mappings.spec import Choices
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice
from tests.mappings import offers
from tests.mappings.browsing import drafted, logged_in, page_of, publish
from tests.mappings.conftest import Offer

THEIRS = offers.view(
    facts=offers.facts(
        accounts=(*offers.ACCOUNTS, offers.account("230", "Advice")),
        tracking={"Office": frozenset({"Perth", "Hobart"})},
        items=frozenset({"BK", "OLD"}),
    ),
    branding_themes=(BrandingTheme(external_id="theirs-1", name="Standard"),),
    source=SourceView(
        is_read=True,
        services=(
            ServiceUse(external_id="s_1", name="bookkeeping"),
            ServiceUse(external_id="s_2", name="Yachting"),
        ),
    ),
)
OURS = offers.view(facts=offers.facts(items=frozenset({"BK"})))


def rule(key: str, name: str, do: str = "hold", **settings: str) -> Rule:
    when = Row("invoice.total", "more", "5")
    return Rule(key=key, name=name, about=About.INVOICE, when=when, then=(Outcome(do, settings),))


def test_what_fits_comes_over_under_this_practices_names() -> None:
    theirs = Choices(
        sales_account="202",
        default_tax="OUTPUT",
        branding_theme="theirs-1",
        account_by_service={"s_1": "202"},
        item_by_service={"s_1": "BK"},
        tracking_by_service={"s_1": {"Office": "Perth"}},
        tracking=(Tracking(category="Office", option="Perth"),),
        terms_days=7,
        fields=(FieldMap(target="contact.mobile", sources=("person.mobile",)),),
        rules=(rule("a", "Large"), rule("b", "Theme", "branding", value="theirs-1")),
        lookups=(Lookup(name="Offices", rows={"a": "b"}),),
    )
    ours = Choices(account_by_service={"serv_2": "200"}, clearing_account="608", rules=(rule("z", "Mine"),))
    made, left = carried(theirs, THEIRS, ours, OURS)
    assert left == []
    assert (made.sales_account, made.default_tax, made.branding_theme) == ("202", "OUTPUT", "theme-1")
    assert made.account_by_service == {"serv_1": "202", "serv_2": "200"}
    assert (made.item_by_service, made.tracking_by_service) == (
        {"serv_1": "BK"},
        {"serv_1": {"Office": "Perth"}},
    )
    assert (made.clearing_account, made.terms_days) == ("608", 7)
    assert [item.key for item in made.rules] == ["z", "a", "b"]
    assert made.rules[2].then[0].settings == {"value": "theme-1"}
    assert (made.fields, made.lookups) == (theirs.fields, theirs.lookups)


def test_what_does_not_fit_is_left_out_with_the_reason() -> None:
    theirs = Choices(
        sales_account="230",
        branding_theme="theirs-9",
        number_prefix="X-",
        documents_from=date(2026, 7, 1),
        account_by_service={"s_1": "230", "s_2": "202"},
        item_by_service={"s_1": "OLD"},
        tax_by_label={"GST": "ODD"},
        tracking=(Tracking(category="Office", option="Hobart"),),
        tracking_by_service={"s_2": {"Office": "Perth"}},
        fields=(
            FieldMap(
                target="contact.mobile",
                sources=("person.mobile",),
                steps=(Step("look_up", {"table": "None"}),),
            ),
        ),
        rules=(rule("a", "Advice", "account", value="230"), rule("b", "mine")),
        lookups=(Lookup(name="Offices", rows={"a": "c"}),),
    )
    ours = Choices(
        sales_account="200", rules=(rule("z", "Mine"),), lookups=(Lookup(name="Offices", rows={"a": "b"}),)
    )
    made, left = carried(theirs, THEIRS, ours, OURS)
    assert made == ours
    assert {(item.what, item.value, item.reason) for item in left} >= {
        ("Prefix of numbers", "X-", OWN),
        ("Invoices and payments from", "2026-07-01", OWN),
        ("Sales account", "230 Advice", NOT_IN_XERO),
        ("Branding theme", "theirs-9", NO_THEME),
        ("Account of the service “bookkeeping”", "230 Advice", NOT_IN_XERO),
        ("Account of the service “Yachting”", "202 Bookkeeping Fees", NO_SERVICE),
        ("Item of the service “bookkeeping”", "OLD", NOT_IN_XERO),
        ("Tax label “GST”", "ODD", NOT_IN_XERO),
        ("Tracking", "Office: Hobart", NOT_IN_XERO),
        ("Tracking of the service “Yachting”", "Office: Perth", NO_SERVICE),
        ("Look-up table", "Offices", OTHER_TABLE),
    }
    reasons = {item.what: item.reason for item in left}
    assert "There is no look-up table “None”." in reasons["Field"]
    assert "no active income account" in reasons["Rule “Advice” for invoices"]
    assert reasons["Rule “mine” for invoices"] == SAME_NAME


@pytest.fixture
def practice(db: None) -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


@pytest.fixture
def other(db: None) -> Practice:
    found = make_practice("Kauri Point", slug="kauri")
    services.publish(found, Choices(sales_account="230", rules=(rule("a", "Large"),)), actor=None)
    return found


@pytest.fixture
def owner(practice: Practice, other: Practice) -> User:
    found = make_member(practice, Role.OWNER)
    return make_member(other, Role.ADMIN, user=found)


@pytest.fixture
def web(owner: User, practice: Practice, other: Practice, monkeypatch: pytest.MonkeyPatch) -> Client:
    services.publish(practice, Choices(sales_account="200"), actor=None)

    def view(asked: Practice) -> TargetView:
        return THEIRS if asked == other else OURS

    monkeypatch.setattr(services, "_provider", view)
    return logged_in(owner)


def test_copying_shows_first_and_then_goes_into_the_draft(
    web: Client, practice: Practice, other: Practice
) -> None:
    assert '<option value="kauri">Kauri Point</option>' in page_of(web, "?tab=versions")
    page = page_of(web, "copy/?from=kauri")
    assert "Take 1 change into the draft" in page
    assert "230 Advice" in page
    assert NOT_IN_XERO in page
    assert drafts.draft_of(practice) is None
    sent = {"from": "kauri", "revision": "0"}
    response = web.post("/p/harbour/mapping/copy/take/", sent, follow=True)
    assert "1 value of Kauri Point did not fit and stayed out." in unescape(response.content.decode())
    assert (drafted(practice).sales_account, drafted(practice).rules) == ("200", (rule("a", "Large"),))
    assert drafts.draft_of(other) is None
    publish(web)
    response = web.post("/p/harbour/mapping/copy/take/", sent, follow=True)
    assert "Nothing was different" in response.content.decode()


def test_copying_into_a_draft_that_was_saved_meanwhile(web: Client, practice: Practice, owner: User) -> None:
    drafts.save(practice, Choices(notes="all"), actor=owner, what="notes")
    sent = {"from": "kauri", "revision": "0"}
    response = web.post("/p/harbour/mapping/copy/take/", sent, follow=True)
    assert "saved the draft in the meantime, so nothing was saved" in response.content.decode()
    assert drafted(practice).rules == ()


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_only_from_practices_where_one_may_change_the_mapping(
    practice: Practice, other: Practice, offer: Offer, role: Role | None
) -> None:
    user = make_member(practice, Role.OWNER)
    if role is not None:
        make_member(other, role, user=user)
    web = logged_in(user)
    assert 'value="kauri"' not in page_of(web, "?tab=versions")
    page_of(web, "copy/?from=kauri", status=404)
    page_of(web, "copy/?from=harbour", status=404)
    assert web.post("/p/harbour/mapping/copy/take/", {"from": "kauri"}).status_code == 404


def test_staff_may_not_copy(practice: Practice, other: Practice, offer: Offer) -> None:
    user = make_member(practice, Role.STAFF)
    make_member(other, Role.OWNER, user=user)
    page_of(logged_in(user), "copy/?from=kauri", status=403)


def test_copying_ones_own_choices_changes_nothing() -> None:
    choices = replace(Choices(), sales_account="200", rules=(rule("a", "Large"),))
    assert carried(choices, OURS, choices, OURS) == (choices, [])
