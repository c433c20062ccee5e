"""Fields of every sort from the mapping through the plan into Xero, read back, and left alone after that."""

import dataclasses
from typing import Any

from mappings.fieldmaps import FieldMap, Step
from mappings.services import load_choices, publish
from sync.models import Change, ChangeState, Link
from tests.sync.conftest import Office

FIELDS = (
    FieldMap(target="contact.direct_phone", sources=("person.phone",), steps=(Step("phone"),)),
    FieldMap(target="contact.company_number", text="CN {client.code}"),
    FieldMap(
        target="contact.street_line_1", text="c/o {client.name}", steps=(Step("cut", {"length": "60"}),)
    ),
    FieldMap(target="contact.street_city", text="Perth"),
    FieldMap(target="contact.street_country", text="AU", steps=(Step("country"),)),
    FieldMap(target="contact.other_first_name", text="Accounts"),
    FieldMap(target="contact.terms_days", text="20"),
    FieldMap(target="contact.terms_type", text="OFFOLLOWINGMONTH"),
    FieldMap(target="contact.sales_account_code", text="200"),
    FieldMap(
        target="invoice.expected_payment_date",
        sources=("invoice.due_date", "invoice.date"),
        steps=(Step("end_of_month"),),
    ),
    FieldMap(target="invoice.sent_to_contact", text="yes"),
)


def mapped(office: Office) -> None:
    _, choices = load_choices(office.practice)
    publish(office.practice, dataclasses.replace(choices, fields=FIELDS), actor=office.owner)


def made(office: Office, kind: str) -> list[Change]:
    rows = Change.objects.filter(practice=office.practice, kind=kind, verb="create", state=ChangeState.DONE)
    return list(rows.order_by("pk"))


def address(row: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(item for item in row["Addresses"] if item["AddressType"] == kind)


def test_what_is_mapped_arrives_and_is_not_written_again(small_office: Office) -> None:
    small_office.sync()
    mapped(small_office)
    small_office.take_over()
    contacts = made(small_office, "contact")
    assert contacts
    for change in contacts:
        row = small_office.ledger.contacts[change.target_external_id]
        assert address(row, "STREET")["City"] == "Perth"
        assert address(row, "STREET")["Country"] == "Australia"
        assert row["PaymentTerms"]["Sales"] == {"Day": 20, "Type": "OFFOLLOWINGMONTH"}
        assert row["SalesDefaultAccountCode"] == "200"
        assert row["CompanyNumber"].startswith("CN")
        assert change.verified_at is not None, change.message
        if row["EmailAddress"]:
            assert [person["FirstName"] for person in row["ContactPersons"]] == ["Accounts"]
    invoices = made(small_office, "invoice")
    assert invoices
    for change in invoices:
        row = small_office.ledger.invoices[change.target_external_id]
        assert row["ExpectedPaymentDate"] == change.values["expected_payment_date"]
        assert row["SentToContact"] is True
        assert change.verified_at is not None, change.message
    marker = small_office.marker
    small_office.sync()
    assert small_office.writes(marker) == []


def test_a_line_that_somebody_added_in_xero_survives_a_change_of_the_city(small_office: Office) -> None:
    small_office.sync()
    mapped(small_office)
    small_office.take_over()
    target = made(small_office, "contact")[0].target_external_id
    row = small_office.ledger.contacts[target]
    edited = [
        {**item, "AddressLine2": "Level 3"} if item["AddressType"] == "STREET" else item
        for item in row["Addresses"]
    ]
    small_office.world.clock.advance(60)
    small_office.ledger.post_contact({"ContactID": target, "Addresses": edited})
    moved = tuple(
        dataclasses.replace(item, text="Fremantle") if item.target == "contact.street_city" else item
        for item in FIELDS
    )
    _, choices = load_choices(small_office.practice)
    publish(small_office.practice, dataclasses.replace(choices, fields=moved), actor=small_office.owner)
    small_office.world.clock.advance(60)
    small_office.sync()
    street = address(small_office.ledger.contacts[target], "STREET")
    assert (street["City"], street["AddressLine2"]) == ("Fremantle", "Level 3")
    link = Link.objects.get(practice=small_office.practice, kind="contact", target_external_id=target)
    assert link.base_source["street_city"] == "Fremantle"
    assert "street_line_2" not in link.base_source, "nobody agreed on what somebody typed"
    marker = small_office.marker
    small_office.sync()
    assert small_office.writes(marker) == []
