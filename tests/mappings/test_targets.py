"""The fields of Xero: what each takes, what it refuses, and what that does to the record."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Contact, Invoice, Line, Payment, Service
from mappings.catalog import About, Type
from mappings.engine import NOWHERE, Catalogue, map_contact, map_invoice
from mappings.explain import explain_contact, explain_invoice, explain_payment
from mappings.fieldmaps import BadChoice, Direction, FieldMap, Lookup, Step
from mappings.fitting import fit_for
from mappings.mapped import Mapped
from mappings.program import compile_rule
from mappings.receipts import map_payment
from mappings.refusals import Refused
from mappings.rules import Outcome, Rule
from mappings.spec import Choices, Spec, offers_of
from mappings.subjects import Subject
from mappings.targets import TARGETS, Form, targets_for
from mappings.transforms import Env
from tests.mappings import offers

FACTS = offers.facts(items=frozenset({"BOOK"}), themes={"theme-1": "Standard", "theme-2": "Gold"})
OFFERS = offers_of(FACTS)
CLIENT = Contact(
    external_id="cli_1",
    name="Able",
    email="office@able.example",
    number="C1",
    group="Gold",
    manager_email="a@x.example",
)
INVOICE = Invoice(
    external_id="inv_1",
    contact_external_id="cli_1",
    number="7",
    date=date(2026, 11, 2),
    due_date=date(2026, 11, 16),
    currency="AUD",
    total=Decimal("110.00"),
    link="https://ignition.example/7",
    lines=(Line(description="Bookkeeping", unit_amount=Decimal(100), amount=Decimal(100)),),
)
CATALOGUE = Catalogue(
    services_by_name={
        "bookkeeping": Service(
            external_id="serv_1", name="Bookkeeping", tax_label="GST on Income", category="Books"
        )
    }
)
BASE: dict[str, Any] = {
    "sales_account": "200",
    "default_tax": "OUTPUT",
    "tax_by_label": {"GST on Income": "OUTPUT"},
    "clearing_account": "608",
}


def spec(*fields: FieldMap, **extra: Any) -> Spec:
    return Spec(version=1, choices=Choices(**BASE | extra, fields=fields), facts=FACTS)


def fixed(target: str, text: str) -> FieldMap:
    return FieldMap(target=target, text=text)


def contact(*fields: FieldMap, client: Contact = CLIENT) -> Mapped:
    return map_contact(client, [], spec(*fields))


def invoice(*fields: FieldMap, **extra: Any) -> Mapped:
    return map_invoice(INVOICE, CATALOGUE, spec(*fields, **extra), client=CLIENT)


def test_there_are_at_least_forty_and_each_is_known_by_one_value() -> None:
    assert len(TARGETS) >= 40
    contacts = [item.value for item in targets_for(About.CONTACT)]
    assert len(set(contacts)) == len(contacts)
    assert all(item.limits for item in TARGETS.values())


@pytest.mark.parametrize("key", sorted(TARGETS))
@settings(max_examples=40, deadline=None)
@given(
    value=st.none()
    | st.text(max_size=60)
    | st.dates()
    | st.booleans()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.lists(st.text(max_size=5), max_size=3).map(tuple)
    | st.sampled_from(["200", "Sales", "sydney", "Office: Perth", "AUD", "gold", "draft", "x" * 5000])
)
def test_any_value_fits_or_is_refused(key: str, value: Any) -> None:
    target = TARGETS[key]
    fit = fit_for(target, OFFERS)
    found = ""
    with suppress(Refused):
        found = fit(value)
    assert len(found) <= max(target.longest, 10)
    assert fit(found) == found, "what fits once fits again"
    if not found:
        return
    if target.options:
        assert found in target.options
    elif target.offered is not None:
        assert found in OFFERS[target.offered.value].values()
    elif target.type is Type.NUMBER:
        assert 0 <= int(found) <= 366
    elif target.form is Form.LETTERS:
        assert not any(char.isdigit() for char in found)


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("contact.sales_account_code", "bookkeeping fees", "202"),
        ("contact.sales_account_code", "202", "202"),
        ("contact.default_currency", "nzd", "NZD"),
        ("contact.terms_type", "Of the following month", "OFFOLLOWINGMONTH"),
        ("contact.terms_days", Decimal("14.00"), "14"),
        ("contact.postal_country", "Côte d'Ivoire", "Côte d'Ivoire"),
        ("invoice.status", "approved, awaiting payment", "AUTHORISED"),
        ("invoice.branding_theme", "GOLD", "theme-2"),
        ("invoice.branding_theme", "theme-2", "theme-2"),
        ("invoice.sent_to_contact", True, "yes"),
        ("line.tracking", "sydney", "Office: Sydney"),
        ("line.tracking", "office: sydney", "Office: Sydney"),
        ("payment.account", "business bank account", "090"),
        ("line.item", "book", "BOOK"),
    ],
)
def test_what_xero_offers_may_be_named_as_people_name_it(key: str, value: Any, found: str) -> None:
    assert fit_for(TARGETS[key], OFFERS)(value) == found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("contact.sales_account_code", "299"),
        ("contact.sales_account_code", "404"),
        ("contact.default_currency", "USD"),
        ("contact.terms_days", "367"),
        ("contact.terms_days", "-1"),
        ("contact.terms_days", "1.5"),
        ("contact.postal_country", "Utopia 51"),
        ("contact.other_email", "müller@able.example"),
        ("invoice.status", "PAID"),
        ("invoice.sent_to_contact", "perhaps"),
        ("invoice.expected_payment_date", "soon"),
        ("line.tracking", "Melbourne"),
        ("payment.account", "200"),
    ],
)
def test_what_xero_does_not_take_is_refused(key: str, value: str) -> None:
    with pytest.raises(Refused, match=r"\.$"):
        fit_for(TARGETS[key], OFFERS)(value)


def test_a_name_that_two_entries_share_says_nothing() -> None:
    facts = offers.facts(tracking={"Office": frozenset({"Other"}), "Service line": frozenset({"Other"})})
    fit = fit_for(TARGETS["line.tracking"], offers_of(facts))
    with pytest.raises(Refused):
        fit("Other")
    assert fit("Service line: Other") == "Service line: Other"


def test_a_list_that_was_never_read_refuses_nothing() -> None:
    assert fit_for(TARGETS["line.item"], offers_of(offers.facts()))("ANY") == "ANY"


# Contacts ---------------------------------------------------------------------------------------------


def test_an_unusable_value_of_a_contact_is_left_out_and_said() -> None:
    found = contact(fixed("contact.street_country", "Utopia 51"), fixed("contact.street_city", "Perth"))
    assert "street_country" not in found.values
    assert found.values["street_city"] == "Perth"
    assert any("Utopia 51" in remark for remark in found.remarks)
    assert not found.issues


def test_people_need_the_contacts_email_address() -> None:
    person = fixed("contact.other_first_name", "Mere")
    assert contact(person).values["other_first_name"] == "Mere"
    bare = Contact(external_id="cli_1", name="Able")
    assert "other_first_name" not in contact(person, client=bare).values


@pytest.mark.parametrize(
    ("days", "kind", "left"),
    [
        ("14", "DAYSAFTERBILLDATE", {"terms_days": "14", "terms_type": "DAYSAFTERBILLDATE"}),
        ("45", "DAYSAFTERBILLMONTH", {"terms_days": "45", "terms_type": "DAYSAFTERBILLMONTH"}),
        ("31", "OFCURRENTMONTH", {"terms_days": "31", "terms_type": "OFCURRENTMONTH"}),
        ("32", "OFCURRENTMONTH", {}),
        ("0", "OFFOLLOWINGMONTH", {}),
    ],
)
def test_terms_are_written_together_or_not_at_all(days: str, kind: str, left: dict[str, str]) -> None:
    found = contact(fixed("contact.terms_days", days), fixed("contact.terms_type", kind))
    assert {name: value for name, value in found.values.items() if name.startswith("terms")} == left
    assert bool(found.remarks) is not bool(left)


def test_a_kind_of_terms_without_days_is_left_out() -> None:
    found = contact(fixed("contact.terms_type", "OFCURRENTMONTH"))
    assert "terms_type" not in found.values
    assert "no days" in found.remarks[0]


# Documents --------------------------------------------------------------------------------------------


def test_an_invoice_takes_what_the_fields_say_over_what_the_app_does() -> None:
    found = invoice(
        fixed("invoice.status", "draft"),
        fixed("invoice.branding_theme", "Gold"),
        fixed("invoice.url", "https://able.example/{invoice.number}"),
        FieldMap(
            target="invoice.expected_payment_date",
            sources=("invoice.due_date",),
            steps=(Step("end_of_month"),),
        ),
        branding_theme="theme-1",
    )
    assert not found.issues
    assert found.values["status"] == "DRAFT"
    assert found.values["branding_theme_external_id"] == "theme-2"
    assert found.values["url"] == "https://able.example/7"
    assert found.values["expected_payment_date"] == "2026-11-30"


def test_an_empty_value_leaves_what_the_app_does() -> None:
    empty = FieldMap(target="invoice.branding_theme", sources=("invoice.reference",))
    lines = FieldMap(target="line.account", sources=("invoice.reference",))
    found = invoice(empty, lines, branding_theme="theme-1")
    assert found.values["branding_theme_external_id"] == "theme-1"
    assert found.values["lines"][0]["account_code"] == "200"
    assert "expected_payment_date" not in found.values


def test_lines_take_account_item_and_tracking_by_table() -> None:
    books = Lookup(name="Books", rows={"books": "Bookkeeping Fees"}, otherwise="")
    found = invoice(
        FieldMap(
            target="line.account", sources=("service.category",), steps=(Step("look_up", {"table": "Books"}),)
        ),
        fixed("line.item", "book"),
        fixed("line.tracking", "Perth"),
        fixed("line.tracking_2", "Tax"),
        lookups=(books,),
        account_by_service={"serv_1": "270"},
        tracking_by_service={"serv_1": {"Office": "Sydney"}},
    )
    line = found.values["lines"][0]
    assert (line["account_code"], line["item_code"], line["tax_type"]) == ("202", "BOOK", "OUTPUT")
    assert line["tracking"] == [
        {"category": "Office", "option": "Perth"},
        {"category": "Service line", "option": "Tax"},
    ]
    assert not found.issues


@pytest.mark.parametrize(
    "field",
    [
        fixed("invoice.status", "PAID"),
        fixed("invoice.branding_theme", "Silver"),
        fixed("line.account", "299"),
        fixed("line.item", "GONE"),
        fixed("line.tracking", "Melbourne"),
    ],
)
def test_a_choice_that_xero_does_not_offer_holds_the_invoice(field: FieldMap) -> None:
    found = invoice(field)
    assert [issue.code for issue in found.issues] == ["refused_value"]
    assert "Xero offers" in found.issues[0].text


def test_only_an_approved_invoice_is_marked_as_sent() -> None:
    sent = fixed("invoice.sent_to_contact", "yes")
    assert invoice(sent).values["sent_to_contact"] == "yes"
    found = invoice(sent, invoice_status="DRAFT")
    assert "sent_to_contact" not in found.values
    assert found.remarks


def payment(*fields: FieldMap, **extra: Any) -> Mapped:
    return map_payment(
        payment_external_id="pay_1",
        amount=Decimal(10),
        currency="AUD",
        paid_on=date(2026, 11, 5),
        method="card",
        invoice_currency="AUD",
        invoice_type="ACCREC",
        spec=spec(*fields, **extra),
        subject=Subject(client=CLIENT),
    )


def test_a_payment_goes_where_the_field_says() -> None:
    assert payment(fixed("payment.account", "090")).values["account_external_id"] == "acc-090"
    empty = FieldMap(target="payment.account", sources=("client.phone",))
    assert payment(empty).values["account_code"] == "608"
    assert [issue.code for issue in payment(fixed("payment.account", "200")).issues] == ["refused_value"]


def test_status_and_the_like_are_set_by_outcomes_of_their_own() -> None:
    for target in TARGETS.values():
        if not target.outcome or target.about is About.PAYMENT:
            continue
        name = target.key.split(".")[1]
        outcome = Outcome("set", {"field": name, "text": "x"})
        with pytest.raises(BadChoice):
            compile_rule(Rule(key="a", name="A", about=target.about, then=(outcome,)), Env())


def test_a_rule_sets_a_part_of_an_address() -> None:
    rule = Rule(
        key="a",
        name="A",
        about=About.CONTACT,
        then=(Outcome("set", {"field": "street_city", "text": "Perth"}),),
    )
    found = map_contact(CLIENT, [], spec(rules=(rule,)))
    assert found.values["street_city"] == "Perth"


# Explained --------------------------------------------------------------------------------------------


def test_every_value_that_a_field_gave_is_explained() -> None:
    chosen = spec(
        fixed("contact.street_city", "Perth"),
        fixed("invoice.status", "draft"),
        fixed("line.account", "Bookkeeping Fees"),
        fixed("line.tracking", "Perth"),
        fixed("payment.account", "090"),
    )
    told = explain_contact(CLIENT, [], chosen, NOWHERE)
    assert ("Street address: city", "Perth") in {(item.label, item.value) for item in told.origins}
    told = explain_invoice(INVOICE, CATALOGUE, chosen, NOWHERE, CLIENT)
    assert [item.value for item in told.origins if item.label == "Status"] == ["DRAFT"]
    line = {item.label: item for item in told.lines[0]}
    assert (line["Account"].value, line["Account"].came_from) == ("202", "Text “Bookkeeping Fees”")
    assert (line["Office"].value, line["Office"].came_from) == ("Perth", "Text “Perth”")
    paid = Payment(external_id="pay_1", amount=Decimal(10), currency="AUD", method="card")
    told = explain_payment(paid, Decimal(10), date(2026, 11, 5), chosen, Subject(client=CLIENT))
    account = next(item for item in told.origins if item.label == "Account")
    assert (account.value, account.came_from) == ("090", "Text “090”")


def test_a_field_that_is_not_written_is_left_to_xero() -> None:
    off = FieldMap(target="contact.phone", sources=("client.phone",), direction=Direction.NONE)
    assert "phone" not in contact(off).values
