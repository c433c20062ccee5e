"""The mapping pages: who may look, who may change, and that nothing changes before it is confirmed."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mappings import services
from mappings.models import MappingSet
from mappings.sides import LabelUse, ServiceUse, SourceView, TargetView
from mappings.spec import Choices
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice, make_user
from tests.mappings import offers
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

TABS = ["invoices", "services", "taxes", "payments", "tracking", "notes", "versions"]
INVOICES = {
    "invoice_status": "DRAFT",
    "sales_account": "202",
    "number_prefix": "IGN-",
    "terms_days": "14",
    "branding_theme": "theme-1",
    "line_amounts": "auto",
    "documents_from": "2026-07-01",
}


@pytest.fixture
def practice() -> Practice:
    return make_practice(slug="harbour")


@pytest.fixture
def owner(practice: Practice) -> User:
    return make_member(practice, Role.OWNER)


@pytest.fixture
def web(owner: User, offer: Offer) -> Client:
    return logged_in(owner)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, path: str = "", status: int = 200) -> str:
    response = client.get(f"/p/harbour/mapping/{path}")
    assert response.status_code == status, response.content[:500]
    return unescape(response.content.decode())


def review(client: Client, section: str, data: dict[str, Any], status: int = 200) -> str:
    response = client.post(f"/p/harbour/mapping/review/{section}/", data)
    assert response.status_code == status, response.content[:500]
    return unescape(response.content.decode())


def proposal_in(page: str) -> str:
    found = re.search(r'name="proposal" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def publish(client: Client, page: str, note: str = "") -> str:
    data = {"proposal": proposal_in(page), "note": note}
    response = client.post("/p/harbour/mapping/publish/", data, follow=True)
    assert response.status_code == 200
    return unescape(response.content.decode())


@pytest.mark.parametrize("tab", TABS)
def test_every_part_in_every_state(web: Client, practice: Practice, offer: Offer, tab: str) -> None:
    read = offer.view
    for seen in (TargetView(), offers.unread(read), read):
        offer.view = seen
        page_of(web, f"?tab={tab}")
    services.publish(
        practice, Choices(sales_account="299", account_by_service={"serv_gone": "299"}), actor=None
    )
    for seen in (TargetView(), offers.unread(read), read):
        offer.view = seen
        page_of(web, f"?tab={tab}")


@pytest.mark.parametrize("path", ["?tab=nonsense", "versions/99/", "versions/99999999999999999999/"])
def test_unknown_addresses(web: Client, path: str) -> None:
    page_of(web, path, status=404)


@pytest.mark.parametrize("path", ["?tab=services&page=zzz&only=%ff&q=%ffx", "?tab=versions&page=-1"])
def test_odd_addresses(web: Client, path: str) -> None:
    page_of(web, path)


def test_save_shows_old_and_new_and_publishes_only_when_confirmed(
    web: Client, practice: Practice, owner: User
) -> None:
    services.publish(practice, Choices(sales_account="200", default_tax="OUTPUT"), actor=owner)
    page = review(web, "invoices", INVOICES)
    assert "Publish 5 changes?" in page
    for words in (
        "200 Sales",
        "202 Bookkeeping Fees",
        "Draft",
        "14 days after the invoice",
        "1 Jul 2026",
        "Standard",
    ):
        assert words in page
    assert services.load_choices(practice)[0] == 1
    page = publish(web, page, note="New financial year")
    assert "Version 2 of the mapping is in force." in page
    version, choices = services.load_choices(practice)
    assert (version, choices.sales_account, choices.terms_days) == (2, "202", 14)
    assert choices.default_tax == "OUTPUT"
    made = MappingSet.objects.get(version=2)
    assert (made.note, made.created_by) == ("New financial year", owner)


def test_nothing_different_makes_no_version(web: Client, practice: Practice, owner: User) -> None:
    services.publish(practice, Choices(notes="all"), actor=owner)
    response = web.post("/p/harbour/mapping/review/notes/", {"notes": "all"}, follow=True)
    assert "no new version" in response.content.decode()
    assert MappingSet.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"sales_account": "608"},
        {"sales_account": "299"},
        {"sales_account": "404"},
        {"branding_theme": "theme-9"},
        {"invoice_status": "PAID"},
        {"terms_days": "-1"},
        {"terms_days": "9999"},
        {"number_prefix": "IGN 7/"},
        {"number_prefix": "IGN\n"},
        {"documents_from": "yesterday"},
        {"documents_from": "0001-01-01"},
    ],
)
def test_impossible_values_are_refused(web: Client, change: dict[str, str]) -> None:
    if change == {"number_prefix": "IGN\n"}:  # a text field is stripped, so a line feed in the middle
        change = {"number_prefix": "IG\nN"}
    page = review(web, "invoices", INVOICES | change, status=422)
    assert "field-error" in page
    assert MappingSet.objects.count() == 0


def test_services_choose_only_income_accounts(web: Client, practice: Practice) -> None:
    page = page_of(web, "?tab=services")
    assert '<option value="202">202 Bookkeeping Fees</option>' in page
    assert '<option value="299" disabled>299 Old Fees (archived in Xero)</option>' in page
    assert "Bank Fees" not in page
    assert "$18,000.00" in page
    for wrong in ("404", "299", "608", "no such"):
        assert "can't be chosen" in review(web, "services", {"to:serv_1": wrong}, status=422)
    assert "not on this page" in review(web, "services", {"to:serv_99": "202"}, status=422)
    page = publish(web, review(web, "services", {"to:serv_1": "202", "to:serv_2": ""}))
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "202"}


def test_page_of_services_leaves_the_others_alone(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(account_by_service={"serv_1": "202", "serv_2": "200"}), actor=None)
    publish(web, review(web, "services", {"to:serv_2": ""}))
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "202"}


def test_services_can_be_searched_and_narrowed(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(sales_account="200", account_by_service={"serv_1": "202"}), actor=None)
    page = page_of(web, "?tab=services&q=TAX")
    assert "Tax return" in page
    assert "Bookkeeping<" not in page
    page = page_of(web, "?tab=services&only=unmapped")
    assert 'name="to:serv_1"' not in page
    assert 'name="to:serv_2"' in page
    assert "No service fits" in page_of(web, "?tab=services&q=zebra")


def test_kept_choice_that_xero_stopped_offering_is_named(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(sales_account="299", account_by_service={"serv_1": "299"}), actor=None)
    page = page_of(web, "?tab=services")
    assert "299 Old Fees (not offered by Xero any more)" in page
    assert "Service Bookkeeping: 299 Old Fees" in page
    publish(web, review(web, "services", {"to:serv_1": "299", "to:serv_2": "202"}))
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "299", "serv_2": "202"}


def test_tax_labels(web: Client, practice: Practice) -> None:
    services.publish(
        practice, Choices(sales_account="200", clearing_account="608", default_tax="OUTPUT"), actor=None
    )
    page = page_of(web, "?tab=taxes")
    assert "(2 missing)" in page
    assert "GST on Income, 10 %" in page
    assert "GST on Expenses" not in page
    assert "same name" in page
    sent = {"default_tax": "OUTPUT", "to:GST on Income": "", "to:Disbursement": ""}
    assert "can't be chosen" in review(web, "taxes", sent | {"to:Disbursement": "INPUT"}, status=422)
    assert "field-error" in review(web, "taxes", sent | {"default_tax": ""}, status=422)
    publish(web, review(web, "taxes", sent | {"default_tax": "", "use_suggestions": "1"}))
    assert services.load_choices(practice)[1].default_tax == "OUTPUT"
    assert services.load_choices(practice)[1].tax_by_label == {"GST on Income": "OUTPUT"}
    assert "(1 missing)" in page_of(web, "?tab=taxes")


def test_payments(web: Client, practice: Practice) -> None:
    sent = {"clearing_account": "608", "post_payments": "paid_out", "to:card": "090"}
    publish(web, review(web, "payments", sent))
    choices = services.load_choices(practice)[1]
    assert (choices.clearing_account, choices.post_payments) == ("608", "paid_out")
    assert choices.clearing_by_method == {"card": "090"}
    review(web, "payments", sent | {"clearing_account": "200"}, status=422)


def test_tracking_takes_two_categories_at_most(web: Client, practice: Practice, offer: Offer) -> None:
    publish(web, review(web, "tracking", {"category_0": "Sydney", "category_1": "Tax"}))
    chosen = services.load_choices(practice)[1].tracking
    assert [(item.category, item.option) for item in chosen] == [
        ("Office", "Sydney"),
        ("Service line", "Tax"),
    ]
    third = {**offer.view.facts.tracking, "Team": frozenset({"Red"})}
    offer.view = offers.view(facts=offers.facts(tracking=third))
    sent = {"category_0": "Sydney", "category_1": "Tax", "category_2": "Red"}
    assert "Xero takes 2" in review(web, "tracking", sent, status=422)
    review(web, "tracking", {"category_0": "Hobart"}, status=422)


def test_notes_state_what_they_cost(web: Client, practice: Practice) -> None:
    assert "51" in page_of(web, "?tab=notes")
    publish(web, review(web, "notes", {"notes": "none"}))
    assert services.load_choices(practice)[1].notes == "none"


def test_suggestions_can_be_published_as_they_are(web: Client, practice: Practice) -> None:
    assert "not in force until it is published" in page_of(web)
    publish(web, review(web, "suggestions", {}))
    version, choices = services.load_choices(practice)
    assert (version, choices.sales_account, choices.clearing_account) == (1, "200", "608")
    review(web, "suggestions", {}, status=404)


def test_two_admins_deciding_at_once(web: Client, practice: Practice, offer: Offer) -> None:
    services.publish(practice, Choices(), actor=None)
    mine = review(web, "notes", {"notes": "none"})
    other = logged_in(make_member(practice, Role.ADMIN))
    publish(other, review(other, "notes", {"notes": "all"}))
    assert "Someone published another version" in publish(web, mine)
    assert services.load_choices(practice)[1].notes == "all"


def test_confirmation_is_good_for_one_practice_and_can_not_be_made_up(web: Client, owner: User) -> None:
    page = review(web, "notes", {"notes": "none"})
    other = make_practice(slug="elsewhere")
    make_member(other, Role.OWNER, user=owner)
    for path, proposal in (
        ("elsewhere", proposal_in(page)),
        ("harbour", "made-up"),
        ("harbour", ""),
        ("harbour", proposal_in(page)[:-3]),
    ):
        response = web.post(f"/p/{path}/mapping/publish/", {"proposal": proposal}, follow=True)
        assert "has run out" in response.content.decode()
    assert MappingSet.objects.count() == 0


def test_versions_and_going_back(web: Client, practice: Practice, owner: User) -> None:
    services.publish(practice, Choices(sales_account="200"), actor=owner, note="First")
    services.publish(practice, Choices(sales_account="202"), actor=owner, note="Second")
    page = page_of(web, "?tab=versions")
    assert page.index("Second") < page.index("First")
    page = page_of(web, "versions/1/")
    assert "Go back to version 1" in page
    assert "Changes 1 choice and becomes version 3" in page
    assert "Go back" not in page_of(web, "versions/2/")
    response = web.post("/p/harbour/mapping/versions/1/restore/", {"in_force": "1"}, follow=True)
    assert "Someone published another version" in response.content.decode()
    response = web.post("/p/harbour/mapping/versions/1/restore/", {"in_force": "2"}, follow=True)
    assert "Version 3 is in force" in response.content.decode()
    assert services.load_choices(practice)[1].sales_account == "200"
    assert web.post("/p/harbour/mapping/versions/77/restore/").status_code == 404


READ = [
    "",
    "?tab=services",
    "?tab=versions",
    "versions/1/",
    "tables/services/export/",
    "tables/taxes/export/",
]
WRITE = [
    "review/notes/",
    "review/services/",
    "publish/",
    "versions/1/restore/",
    "tables/services/import/",
]


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.STAFF, Role.VIEWER])
def test_who_may_read_and_who_may_write(practice: Practice, offer: Offer, role: Role) -> None:
    services.publish(practice, Choices(), actor=None)
    client = logged_in(make_member(practice, role))
    may_write = role in {Role.OWNER, Role.ADMIN}
    for path in READ:
        page = page_of(client, path)
        if path == "?tab=services":
            assert ("Review the change" in page) is may_write
            assert ("fieldset disabled" in page) is not may_write
    for path in WRITE:
        refused = client.post(f"/p/harbour/mapping/{path}").status_code == 403
        assert refused is not may_write, path


def test_strangers_and_people_who_are_not_logged_in(practice: Practice, offer: Offer) -> None:
    services.publish(practice, Choices(), actor=None)
    stranger = logged_in(make_user())
    for path in READ:
        assert stranger.get(f"/p/harbour/mapping/{path}").status_code == 404
        assert Client().get(f"/p/harbour/mapping/{path}").status_code == 302
    for path in WRITE:
        assert stranger.post(f"/p/harbour/mapping/{path}").status_code == 404
        assert Client().post(f"/p/harbour/mapping/{path}").status_code == 302
    assert MappingSet.objects.count() == 1


def test_version_of_another_practice_is_not_found(web: Client, practice: Practice) -> None:
    other = make_practice()
    services.publish(other, Choices(), actor=None)
    page_of(web, "versions/1/", status=404)
    assert web.post("/p/harbour/mapping/versions/1/restore/").status_code == 404


def test_pages_need_the_same_queries_however_many_services(
    web: Client, practice: Practice, offer: Offer
) -> None:
    services.publish(practice, Choices(), actor=None)
    many = tuple(ServiceUse(external_id=f"serv_{number}", name=f"Service {number}") for number in range(500))
    labels = tuple(LabelUse(label=f"Label {number}") for number in range(80))
    page_of(web)
    with CaptureQueriesContext(connection) as few:
        page_of(web, "?tab=services")
    offer.view = offers.view(source=SourceView(is_read=True, services=many, labels=labels))
    with CaptureQueriesContext(connection) as lots:
        page = page_of(web, "?tab=services")
    assert len(few) == len(lots) <= 12
    assert page.count('name="to:') == 50
    assert "50 of 500" in page


def test_names_are_shown_as_text(web: Client, offer: Offer) -> None:
    nasty = ServiceUse(external_id='"><script>x', name="<script>alert(1)</script>", lines=1)
    offer.view = offers.view(source=SourceView(is_read=True, services=(nasty,)))
    response = web.get("/p/harbour/mapping/?tab=services")
    assert b"<script>alert" not in response.content
    assert b'"><script>x' not in response.content
