"""Every field of a contact and an invoice that can be mapped: written, stored over there, and read back the same."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from requests import Response

from connectors.records import Invoice, Kind
from connectors.xero import parse, render
from mappings.catalog import About, Type
from mappings.targets import TARGETS, Offered, Target, targets_for
from sandbox.clock import Clock
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from sync.contact_values import contact_values, with_kept
from sync.plan import invoice_values, stored_agrees
from tests.sandbox.xero_client import Api, first, line

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
MINIMAL = {"name": "Tui & Fern Ltd", "email": "office@tui.example", "terms_days": "14"}


@pytest.fixture
def world() -> World:
    return World(seed=7, clock=Clock(START, speed=0))


@pytest.fixture
def ledger(world: World) -> Ledger:
    return world.xero.add_organisation("Harbour Lane", "AU")


@pytest.fixture
def api(world: World, ledger: Ledger) -> Api:
    granted = Api(world, ledger)
    granted.control("limits", minute=None, day=None, concurrent=None, app_minute=None)
    return granted


OFFERED = {Offered.SALES_ACCOUNTS: ("200", "260"), Offered.CURRENCIES: ("AUD", "AUD")}
BY_TYPE = {
    Type.DATE: ("2026-12-20", "2026-12-31"),
    Type.NUMBER: ("7", "20"),
    Type.YES_NO: ("yes", "yes"),
    Type.TEXT: ("Australia", "New Zealand"),
}
BY_VALUE = {
    **dict.fromkeys(("phone", "direct_phone", "mobile", "fax"), ("+61 2 9000 0000", "+61 8 9000 0009")),
    **dict.fromkeys(("email", "other_email"), ("one@tui.example", "two@tui.example")),
    "url": ("https://ignition.example/1", "https://ignition.example/2"),
}


def sample(target: Target, ledger: Ledger, *, second: bool = False) -> str:
    """A value the field takes; ``second`` gives another one where there is another."""
    pair: tuple[str, ...] = BY_VALUE.get(target.value, BY_TYPE[target.type])
    if target.options:
        pair = tuple(target.options)
    elif target.offered is Offered.THEMES:
        pair = (list(ledger.branding_themes)[-1],) * 2
    elif target.offered is not None:
        pair = OFFERED[target.offered]
    return pair[second]


def write(api: Api, values: dict[str, Any], external_id: str = "") -> dict[str, Any]:
    """As the app writes; what the list of contacts shows afterwards."""
    sent = render.element(Kind.CONTACT, values, external_id)
    made = first(api.post("Contacts", sent) if external_id else api.put("Contacts", sent))
    return next(row for row in api.rows("Contacts?page=1") if row["ContactID"] == made["ContactID"])


def invoice_of(answer: Response) -> Invoice:
    """Numbers as the client reads them: never as floats."""
    return parse.invoice(json.loads(json.dumps(first(answer)), parse_float=Decimal))


@pytest.mark.parametrize("target", targets_for(About.CONTACT), ids=lambda item: item.key)
def test_a_contact_field_is_written_read_and_changed(target: Target, api: Api, ledger: Ledger) -> None:
    value = sample(target, ledger)
    row = write(api, {**MINIMAL, target.value: value})
    record = parse.contact(row)
    assert contact_values(record)[target.value] == value
    assert stored_agrees("contact", {target.value: value}, record) == []
    other = sample(target, ledger, second=True)
    changed = write(api, with_kept({target.value: other}, record), row["ContactID"])
    after = parse.contact(changed)
    assert contact_values(after)[target.value] == other
    untouched = {target.value, "phone"}
    assert {k: v for k, v in contact_values(after).items() if k not in untouched} == {
        k: v for k, v in contact_values(record).items() if k not in untouched
    }, "nothing else moved"


def test_all_fields_of_a_contact_at_once(api: Api, ledger: Ledger) -> None:
    values = {item.value: sample(item, ledger) for item in targets_for(About.CONTACT)}
    record = parse.contact(write(api, values))
    assert contact_values(record) == values
    assert stored_agrees("contact", values, record) == []


def test_what_is_there_besides_stays(api: Api) -> None:
    """Xero replaces an address, the list of people and the terms as a whole."""
    made = api.contact(
        "Tui & Fern Ltd",
        EmailAddress="office@tui.example",
        Addresses=[
            {"AddressType": "STREET", "AddressLine1": "1 Quay St", "AddressLine3": "Rear", "City": "Perth"},
            {
                "AddressType": "POBOX",
                "AddressLine1": "PO Box 77",
                "AttentionTo": "Mere",
                "Country": "Australia",
            },
        ],
        Phones=[
            {"PhoneType": "FAX", "PhoneNumber": "9000 0001"},
            {"PhoneType": "MOBILE", "PhoneNumber": "0400 000 000"},
        ],
        ContactPersons=[
            {"FirstName": "Ana", "EmailAddress": "ana@tui.example", "IncludeInEmails": True},
            {"FirstName": "Ben", "LastName": "Lee"},
        ],
        PaymentTerms={
            "Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"},
            "Bills": {"Day": 5, "Type": "DAYSAFTERBILLDATE"},
        },
    )
    record = parse.contact(made)
    changes = {
        "street_city": "Fremantle",
        "other_last_name": "Tane",
        "terms_days": "15",
        "direct_phone": "+61 8 9000 0002",
    }
    row = write(api, with_kept(changes, record), record.external_id)
    after = parse.contact(row)
    assert contact_values(after) == {**contact_values(record), **changes}
    assert [person["FirstName"] for person in row["ContactPersons"]] == ["Ana", "Ben"]
    assert row["ContactPersons"][0]["IncludeInEmails"] is True
    assert row["ContactPersons"][1]["LastName"] == "Lee"
    assert row["PaymentTerms"] == {
        "Sales": {"Day": 15, "Type": "OFFOLLOWINGMONTH"},
        "Bills": {"Day": 5, "Type": "DAYSAFTERBILLDATE"},
    }
    assert after.addresses[1] == record.addresses[1], "the other address was not touched"


def test_terms_without_days_are_not_sent() -> None:
    assert "PaymentTerms" not in render.element(Kind.CONTACT, {"name": "A", "terms_type": "OFCURRENTMONTH"})


def test_days_alone_count_from_the_invoice_date() -> None:
    sent = render.element(Kind.CONTACT, {"name": "A", "terms_days": "7"})
    assert sent["PaymentTerms"] == {"Sales": {"Day": 7, "Type": "DAYSAFTERBILLDATE"}}


@pytest.mark.parametrize(
    "target",
    [item for item in targets_for(About.INVOICE) if item.value != "status"],
    ids=lambda item: item.key,
)
def test_an_invoice_field_is_written_and_read(target: Target, api: Api, ledger: Ledger) -> None:
    contact = api.contact("Tui & Fern Ltd")
    value = sample(target, ledger)
    values: dict[str, Any] = {
        "type": "ACCREC",
        "contact_external_id": contact["ContactID"],
        "number": "IGN-1",
        "date": "2026-12-01",
        "due_date": "2026-12-15",
        "line_amounts": "Exclusive",
        "status": "AUTHORISED",
        target.value: value,
    }
    sent = render.element(Kind.INVOICE, values)
    record = invoice_of(api.put("Invoices", {**sent, "LineItems": [line()]}))
    assert invoice_values(record)[target.value] == value
    assert stored_agrees("invoice", {target.value: value}, record) == []
    other = sample(target, ledger, second=True)
    changed = render.element(Kind.INVOICE, {target.value: other}, record.external_id)
    after = invoice_of(api.post("Invoices", changed))
    assert invoice_values(after)[target.value] == other


def test_xero_has_no_place_for_what_is_left_out() -> None:
    """What is owed, how a record is recognised, and where money goes are nobody's to map."""
    names = {item.value for item in TARGETS.values()}
    assert not names & {
        *(
            "number",
            "amount",
            "total",
            "tax",
            "tax_type",
            "tax_amount",
            "quantity",
            "unit_amount",
            "discount",
        ),
        *("bank_account", "currency", "website"),
    }
