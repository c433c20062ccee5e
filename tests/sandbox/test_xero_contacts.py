"""Contacts: unique names and numbers, PUT against POST, archived and merged contacts."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger, UnknownId, ValidationFailed
from tests.sandbox.xero_client import Api, first, invoice_of, line, problems


def test_new_contact_is_neither_customer_nor_supplier_and_has_empty_slots(api: Api) -> None:
    made = api.contact("Tui & Fern Ltd", EmailAddress="office@tui.example")
    assert (made["IsCustomer"], made["IsSupplier"]) == (False, False)
    assert made["ContactStatus"] == "ACTIVE"
    assert [slot["PhoneType"] for slot in made["Phones"]] == ["DDI", "DEFAULT", "FAX", "MOBILE"]
    assert [slot["AddressType"] for slot in made["Addresses"]] == ["STREET", "POBOX"]
    assert made["Phones"][0]["PhoneNumber"] == ""
    assert made["UpdatedDateUTC"] == "/Date(1795140000500+0000)/"


def test_put_refuses_a_name_that_is_taken_ignoring_case(api: Api) -> None:
    api.contact("Tui & Fern Ltd")
    answer = api.put("Contacts", {"Name": "TUI & fern ltd"})
    assert problems(answer) == [
        "The contact name TUI & fern ltd is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    ]
    element = answer.json()["Elements"][0]
    assert element["ContactID"] == "00000000-0000-0000-0000-000000000000"
    assert element["HasValidationErrors"] is True


def test_put_refuses_a_number_that_is_taken(api: Api) -> None:
    api.contact("A", ContactNumber="IGN-1")
    assert "already assigned" in problems(api.put("Contacts", {"Name": "B", "ContactNumber": "IGN-1"}))[0]


def test_post_silently_updates_what_it_matches_by_name(api: Api, ledger: Ledger) -> None:
    made = api.contact("A", Phones=[{"PhoneType": "DEFAULT", "PhoneNumber": "111"}], TaxNumber="51824753556")
    again = first(
        api.post("Contacts", {"Name": "a", "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "222"}]})
    )
    assert again["ContactID"] == made["ContactID"]
    assert again["Phones"][1]["PhoneNumber"] == "222"
    # What was left out keeps its value.
    assert again["TaxNumber"] == "51824753556"
    assert len(ledger.contacts) == 1


def test_post_matches_by_number_before_name_and_renames(api: Api) -> None:
    made = api.contact("A", ContactNumber="IGN-1")
    renamed = first(api.post("Contacts", {"Name": "B", "ContactNumber": "IGN-1"}))
    assert (renamed["ContactID"], renamed["Name"]) == (made["ContactID"], "B")
    # The old name is free again.
    assert api.contact("A")["ContactID"] != made["ContactID"]


def test_post_creates_what_it_does_not_match(api: Api, ledger: Ledger) -> None:
    first(api.post("Contacts", {"Name": "A"}))
    assert len(ledger.contacts) == 1


def test_post_to_the_address_of_a_contact(api: Api) -> None:
    made = api.contact("A", ContactNumber="IGN-1")
    for key in (made["ContactID"], "IGN-1"):
        changed = first(api.call("POST", f"Contacts/{key}", {"EmailAddress": f"{key[:3].lower()}@a.example"}))
        assert changed["EmailAddress"] == f"{key[:3].lower()}@a.example"


def test_contact_needs_something_to_know_it_by(api: Api) -> None:
    assert "must contain at least 1 of the following elements" in problems(api.put("Contacts", {}))[0]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"Name": "A < B"}, "characters < or >"),
        ({"Name": " A"}, "spaces"),
        ({"Name": "A  B"}, "spaces"),
        ({"Name": "x" * 256}, "255"),
        ({"EmailAddress": "müller@a.example"}, "Email address must be valid"),
        ({"EmailAddress": "nobody"}, "Email address must be valid"),
        ({"ContactNumber": "x" * 51}, "50"),
        ({"AccountNumber": "x" * 51}, "50"),
        ({"Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "1" * 51}]}, "50"),
        ({"Phones": [{"PhoneType": "HOME", "PhoneNumber": "1"}]}, "phone type"),
        ({"Addresses": [{"AddressType": "POBOX", "Country": "Utopia 51"}]}, "letters"),
        ({"Addresses": [{"AddressType": "HOME"}]}, "address type"),
        ({"ContactPersons": [{"FirstName": "Mere"}]}, "primary person has no email"),
        ({"EmailAddress": "a@a.example", "ContactPersons": [{"FirstName": "x"}] * 6}, "5 contact persons"),
        ({"DefaultCurrency": "XYZ"}, "not subscribed to currency XYZ"),
        ({"PaymentTerms": {"Sales": {"Day": 7, "Type": "SOMETIME"}}}, "payment terms"),
        ({"Name": 7.5, "Phones": "none"}, "must be a list"),
    ],
)
def test_fields_have_rules(api: Api, ledger: Ledger, fields: dict[str, Any], part: str) -> None:
    assert part in problems(api.put("Contacts", {"Name": "A", **fields}))[0]
    assert not ledger.contacts


def test_all_messages_of_a_contact_come_together(api: Api) -> None:
    bad = {"Name": "A <", "EmailAddress": "nobody", "Phones": [{"PhoneType": "HOME"}]}
    assert len(problems(api.put("Contacts", bad))) == 3


def test_single_read_by_id_and_by_number_with_balances(api: Api) -> None:
    made = api.contact("A", ContactNumber="IGN c/1")
    api.invoice(made["ContactID"])
    assert api.rows("Contacts/IGN%20c%2F1")[0]["ContactID"] == made["ContactID"]
    found = api.rows(f"Contacts/{made['ContactID']}")[0]
    assert found["Balances"]["AccountsReceivable"] == {"Outstanding": 495.0, "Overdue": 495.0}
    assert found["IsCustomer"] is True


# Archived --------------------------------------------------------------------------------------------


def test_archiving_works_with_open_invoices_and_hides_the_contact(api: Api) -> None:
    made = api.contact("A")
    api.invoice(made["ContactID"])
    archived = first(api.post("Contacts", {"ContactID": made["ContactID"], "ContactStatus": "ARCHIVED"}))
    assert archived["ContactStatus"] == "ARCHIVED"
    assert api.rows("Contacts") == []
    assert len(api.rows("Contacts?includeArchived=true")) == 1
    # Never deleted: still readable by id.
    assert api.rows(f"Contacts/{made['ContactID']}")[0]["ContactStatus"] == "ARCHIVED"


def test_archived_contact_cannot_be_edited_or_restored(api: Api, ledger: Ledger) -> None:
    made = api.contact("A", ContactNumber="IGN-1")
    ledger.archive_contact(made["ContactID"])
    for change in (
        {"ContactID": made["ContactID"], "Name": "B"},
        {"ContactID": made["ContactID"], "ContactStatus": "ACTIVE"},
        {"ContactNumber": "IGN-1", "EmailAddress": "a@a.example"},
    ):
        message = problems(api.post("Contacts", change))[0]
        assert (
            "matched an archived contact. Archived contacts cannot currently be edited via the API" in message
        )


def test_name_of_an_archived_contact_is_free(api: Api, ledger: Ledger) -> None:
    made = api.contact("A")
    ledger.archive_contact(made["ContactID"])
    fresh = api.contact("A")
    assert fresh["ContactID"] != made["ContactID"]
    # A person cannot restore the old one now.
    with pytest.raises(ValidationFailed, match="already assigned"):
        ledger.restore_contact(made["ContactID"])


def test_person_can_restore_a_contact(api: Api, ledger: Ledger) -> None:
    made = api.contact("A")
    ledger.archive_contact(made["ContactID"])
    ledger.restore_contact(made["ContactID"])
    assert [row["Name"] for row in api.rows("Contacts")] == ["A"]


@pytest.mark.parametrize("reference", ["ContactID", "ContactNumber", "Name"])
def test_archived_contact_takes_no_documents(api: Api, ledger: Ledger, reference: str) -> None:
    made = api.contact("A", ContactNumber="IGN-1")
    ledger.archive_contact(made["ContactID"])
    answer = api.put("Invoices", {**invoice_of(ledger), "Contact": {reference: made[reference]}})
    assert "has been archived. The contact must be un-archived" in problems(answer)[0]


# Documents -------------------------------------------------------------------------------------------


def test_document_makes_a_contact_from_a_new_name_and_finds_a_known_one(api: Api, ledger: Ledger) -> None:
    one = api.invoice(Contact={"Name": "Newcomer"})
    two = api.invoice(Contact={"Name": "NEWCOMER"})
    assert one["Contact"]["ContactID"] == two["Contact"]["ContactID"]
    assert ledger.contacts[one["Contact"]["ContactID"]]["IsCustomer"] is True


def test_id_and_name_in_a_document_rename_the_contact(api: Api, ledger: Ledger) -> None:
    made = api.contact("A")
    api.invoice(Contact={"ContactID": made["ContactID"], "Name": "B"})
    assert ledger.contacts[made["ContactID"]]["Name"] == "B"


def test_bill_makes_a_supplier_without_a_new_change_stamp(api: Api, xero_world: World) -> None:
    made = api.contact("A")
    xero_world.clock.advance(60)
    api.invoice(made["ContactID"], Type="ACCPAY", LineItems=[line(AccountCode="429")])
    found = api.rows(f"Contacts/{made['ContactID']}")[0]
    assert (found["IsCustomer"], found["IsSupplier"]) == (False, True)
    # IsSupplier is one of the changes that If-Modified-Since cannot see.
    assert found["UpdatedDateUTC"] == made["UpdatedDateUTC"]


# Merged ----------------------------------------------------------------------------------------------


def test_merged_contact_points_to_the_survivor_and_hands_over_its_documents(api: Api, ledger: Ledger) -> None:
    loser, survivor = api.contact("A"), api.contact("B")
    invoice = api.invoice(loser["ContactID"])
    api.control(f"xero/{ledger.tenant_id}/merge", loser=loser["ContactID"], survivor=survivor["ContactID"])
    single = api.rows(f"Contacts/{loser['ContactID']}")[0]
    assert (single["ContactStatus"], single["MergedToContactID"]) == ("ARCHIVED", survivor["ContactID"])
    paged = api.rows(f"Contacts?page=1&includeArchived=true&IDs={loser['ContactID']}")[0]
    assert paged["MergedToContactID"] == survivor["ContactID"]
    # Lists without a page do not show the pointer.
    assert "MergedToContactID" not in api.rows(f"Contacts?includeArchived=true&IDs={loser['ContactID']}")[0]
    moved = api.rows(f"Invoices/{invoice['InvoiceID']}")[0]["Contact"]
    assert moved["ContactID"] == survivor["ContactID"]
    assert api.rows(f"Contacts/{survivor['ContactID']}")[0]["IsCustomer"] is True


def test_merges_can_chain_but_not_loop(api: Api, ledger: Ledger) -> None:
    one, two, three = (api.contact(name)["ContactID"] for name in "ABC")
    ledger.merge_contact(one, two)
    ledger.merge_contact(two, three)
    assert ledger.contacts[one]["MergedToContactID"] == two
    assert ledger.contacts[two]["MergedToContactID"] == three
    with pytest.raises(ValidationFailed):
        ledger.merge_contact(three, three)
    with pytest.raises(ValidationFailed):
        ledger.merge_contact(three, one)
    with pytest.raises(UnknownId):
        ledger.merge_contact("unknown", three)


# Several at once -------------------------------------------------------------------------------------


def test_without_summarize_errors_the_400_lists_only_the_bad_ones_and_the_good_ones_exist(
    api: Api, ledger: Ledger
) -> None:
    api.contact("A")
    for query in ("", "?summarizeErrors=true"):
        answer = api.put("Contacts", {"Name": f"Good{query}"}, {"Name": "A"}, query=query)
        assert [element["Name"] for element in answer.json()["Elements"]] == ["A"]
        assert f"good{query}".casefold() in ledger.contact_by_name


def test_with_summarize_errors_false_every_element_has_its_verdict(api: Api) -> None:
    api.contact("A")
    answer = api.put("Contacts", {"Name": "B"}, {"Name": "A"}, {"Name": "C"}, query="?summarizeErrors=false")
    assert answer.status_code == 200
    shown = answer.json()["Contacts"]
    assert [entry["StatusAttributeString"] for entry in shown] == ["OK", "ERROR", "OK"]
    assert [entry["HasValidationErrors"] for entry in shown] == [False, True, False]
    assert shown[1]["ContactID"] == "00000000-0000-0000-0000-000000000000"
    assert "ValidationErrors" not in shown[0]


def test_failed_update_echoes_the_request_and_not_what_is_stored(api: Api) -> None:
    api.contact("A")
    made = api.contact("B", TaxNumber="1")
    answer = api.post(
        "Contacts", {"ContactID": made["ContactID"], "Name": "A"}, query="?summarizeErrors=false"
    )
    shown = answer.json()["Contacts"][0]
    assert (shown["ContactID"], shown["Name"]) == (made["ContactID"], "A")
    assert api.rows(f"Contacts/{made['ContactID']}")[0]["Name"] == "B"


def test_same_name_twice_in_one_call(api: Api) -> None:
    answer = api.put("Contacts", {"Name": "A"}, {"Name": "a"}, query="?summarizeErrors=false")
    assert [entry["StatusAttributeString"] for entry in answer.json()["Contacts"]] == ["OK", "ERROR"]
