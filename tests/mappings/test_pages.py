"""The mapping pages: who may look, who may change, and that nothing is in force before it is published."""

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
from tests.mappings.browsing import INVOICES, drafted, logged_in, page_of, publish, save
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

TABS = [
    *("invoices", "services", "taxes", "payments", "currencies", "tracking"),
    *("fields", "rules", "lookups", "notes", "versions"),
]


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
    page = save(web, "invoices", INVOICES | change, status=422)
    assert "field-error" in page
    assert MappingSet.objects.count() == 0


def test_services_choose_only_income_accounts(web: Client, practice: Practice) -> None:
    page = page_of(web, "?tab=services")
    assert '<option value="202">202 Bookkeeping Fees</option>' in page
    assert '<option value="299" disabled>299 Old Fees (archived in Xero)</option>' in page
    assert "Bank Fees" not in page
    assert "$18,000.00" in page
    for wrong in ("404", "299", "608", "no such"):
        assert "can't be chosen" in save(web, "services", {"to:serv_1": wrong}, status=422)
    assert "not on this page" in save(web, "services", {"to:serv_99": "202"}, status=422)
    save(web, "services", {"to:serv_1": "202", "to:serv_2": ""})
    publish(web)
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "202"}


def test_services_have_an_item_and_tracking_of_their_own(
    web: Client, practice: Practice, offer: Offer
) -> None:
    assert "Default" in page_of(web, "?tab=services")
    assert 'name="item:serv_1"' not in page_of(web, "?tab=services"), "Xero's items have not been read"
    offer.view = offers.view(facts=offers.facts(items=frozenset({"BK", "TAX"})))
    page = page_of(web, "?tab=services")
    assert '<datalist id="items"><option value="BK">' in page
    assert 'name="track0:serv_1"' in page
    for wrong in ({"item:serv_1": "NO"}, {"track0:serv_1": "Hobart"}, {"track1:serv_1": "Sydney"}):
        assert "can't be chosen" in save(web, "services", wrong, status=422)
    sent = {"item:serv_1": "BK", "track0:serv_1": "Perth", "track1:serv_1": "Tax", "track0:serv_2": "Sydney"}
    save(web, "services", sent)
    choices = drafted(practice)
    assert choices.item_by_service == {"serv_1": "BK"}
    assert choices.tracking_by_service == {
        "serv_1": {"Office": "Perth", "Service line": "Tax"},
        "serv_2": {"Office": "Sydney"},
    }
    page = page_of(web, "draft/")
    assert "Bookkeeping: item" in page
    assert "Bookkeeping: Office" in page
    save(web, "services", {"item:serv_1": "", "track0:serv_1": "", "track1:serv_1": "", "track0:serv_2": ""})
    assert (drafted(practice).item_by_service, drafted(practice).tracking_by_service) == ({}, {})


def test_page_of_services_leaves_the_others_alone(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(account_by_service={"serv_1": "202", "serv_2": "200"}), actor=None)
    save(web, "services", {"to:serv_2": ""})
    publish(web)
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "202"}


def test_services_can_be_searched_and_narrowed(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(sales_account="200", account_by_service={"serv_1": "202"}), actor=None)
    page = page_of(web, "?tab=services&q=TAX")
    assert "Tax return" in page
    assert 'name="to:serv_1"' not in page
    page = page_of(web, "?tab=services&only=unmapped")
    assert 'name="to:serv_1"' not in page
    assert 'name="to:serv_2"' in page
    assert "No service fits" in page_of(web, "?tab=services&q=zebra")


def test_kept_choice_that_xero_stopped_offering_is_named(web: Client, practice: Practice) -> None:
    services.publish(practice, Choices(sales_account="299", account_by_service={"serv_1": "299"}), actor=None)
    page = page_of(web, "?tab=services")
    assert "299 Old Fees (not offered by Xero any more)" in page
    assert "Service Bookkeeping: 299 Old Fees" in page
    save(web, "services", {"to:serv_1": "299", "to:serv_2": "202"})
    publish(web)
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
    assert "can't be chosen" in save(web, "taxes", sent | {"to:Disbursement": "INPUT"}, status=422)
    assert "field-error" in save(web, "taxes", sent | {"default_tax": ""}, status=422)
    save(web, "taxes", sent | {"default_tax": "", "use_suggestions": "1"})
    publish(web)
    assert services.load_choices(practice)[1].default_tax == "OUTPUT"
    assert services.load_choices(practice)[1].tax_by_label == {"GST on Income": "OUTPUT"}
    assert "(1 missing)" in page_of(web, "?tab=taxes")


def test_payments(web: Client, practice: Practice) -> None:
    sent = {"clearing_account": "608", "post_payments": "paid_out", "to:card": "090"}
    save(web, "payments", sent)
    publish(web)
    choices = services.load_choices(practice)[1]
    assert (choices.clearing_account, choices.post_payments) == ("608", "paid_out")
    assert choices.clearing_by_method == {"card": "090"}
    save(web, "payments", sent | {"clearing_account": "200"}, status=422)


def test_tracking_takes_two_categories_at_most(web: Client, practice: Practice, offer: Offer) -> None:
    save(web, "tracking", {"category_0": "Sydney", "category_1": "Tax"})
    publish(web)
    chosen = services.load_choices(practice)[1].tracking
    assert [(item.category, item.option) for item in chosen] == [
        ("Office", "Sydney"),
        ("Service line", "Tax"),
    ]
    third = {**offer.view.facts.tracking, "Team": frozenset({"Red"})}
    offer.view = offers.view(facts=offers.facts(tracking=third))
    sent = {"category_0": "Sydney", "category_1": "Tax", "category_2": "Red"}
    assert "Xero takes 2" in save(web, "tracking", sent, status=422)
    save(web, "tracking", {"category_0": "Hobart"}, status=422)


def test_notes_state_what_they_cost(web: Client, practice: Practice) -> None:
    assert "51" in page_of(web, "?tab=notes")
    save(web, "notes", {"notes": "none"})
    publish(web)
    assert services.load_choices(practice)[1].notes == "none"


def test_suggestions_can_be_published_as_they_are(web: Client, practice: Practice) -> None:
    assert "not in force until it is published" in page_of(web)
    save(web, "suggestions", {})
    publish(web)
    version, choices = services.load_choices(practice)
    assert (version, choices.sales_account, choices.clearing_account) == (1, "200", "608")
    save(web, "suggestions", {}, status=404)


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
    "draft/",
    "?tab=fields",
    "?tab=rules",
    "?tab=lookups",
    "?tab=services",
    "?tab=versions",
    "versions/1/",
    "tables/services/export/",
    "tables/taxes/export/",
]
WRITE = [
    "save/notes/",
    "save/services/",
    "draft/publish/",
    "draft/discard/",
    "draft/update/",
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
            assert ("Save in the draft" in page) is may_write
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
    assert len(few) == len(lots) <= 13
    assert page.count('name="to:') == 50
    assert "50 of 500" in page


def test_names_are_shown_as_text(web: Client, offer: Offer) -> None:
    nasty = ServiceUse(external_id='"><script>x', name="<script>alert(1)</script>", lines=1)
    offer.view = offers.view(source=SourceView(is_read=True, services=(nasty,)))
    response = web.get("/p/harbour/mapping/?tab=services")
    assert b"<script>alert" not in response.content
    assert b'"><script>x' not in response.content


def test_items_and_tracking_of_services_that_xero_dropped_are_named(
    web: Client, practice: Practice, offer: Offer
) -> None:
    gone = Choices(item_by_service={"serv_1": "OLD"}, tracking_by_service={"serv_1": {"Office": "Hobart"}})
    services.publish(practice, gone, actor=None)
    assert "Service Bookkeeping: Office: Hobart" in page_of(web)
    assert "Service Bookkeeping: item OLD" not in page_of(web), "Xero's items have not been read"
    offer.view = offers.view(facts=offers.facts(items=frozenset({"BK"})))
    assert "Service Bookkeeping: item OLD" in page_of(web)
