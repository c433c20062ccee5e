"""Lists: paging, filters, incremental reads, and how much detail each list shows."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api, first, invoice_of, line


@pytest.fixture
def five(api: Api, xero_world: World) -> list[str]:
    """Five invoices IGN-1 … IGN-5, a minute apart, of contacts A and B by turns."""
    contacts = [api.contact(name, ContactNumber=f"C-{name}")["ContactID"] for name in "AB"]
    ids = []
    for number in range(1, 6):
        made = api.invoice(
            contacts[number % 2], InvoiceNumber=f"IGN-{number}", LineItems=[line(f"{number}00")],
            Date=f"2026-11-0{number}", Status="DRAFT" if number == 5 else "AUTHORISED",
        )  # fmt: skip
        ids.append(str(made["InvoiceID"]))
        xero_world.clock.advance(60)
    return ids


def numbers(api: Api, query: str, **headers: str) -> list[str]:
    return [row["InvoiceNumber"] for row in api.rows(f"Invoices?{query}", **headers)]


# Paging ----------------------------------------------------------------------------------------------


def test_pages_in_order_of_change(api: Api, five: list[str]) -> None:
    assert numbers(api, "page=1&pageSize=2") == ["IGN-1", "IGN-2"]
    assert numbers(api, "page=3&pageSize=2") == ["IGN-5"]
    assert numbers(api, "page=4&pageSize=2") == []
    found = api.get("Invoices?page=2&pageSize=2").json()["pagination"]
    assert found == {"page": 2, "pageSize": 2, "pageCount": 3, "itemCount": 5}


def test_row_that_changes_during_the_walk_moves_to_the_end(api: Api, five: list[str]) -> None:
    assert numbers(api, "page=1&pageSize=2") == ["IGN-1", "IGN-2"]
    first(api.post("Invoices", {"InvoiceID": five[2], "Reference": "x"}))
    assert numbers(api, "page=2&pageSize=2") == ["IGN-4", "IGN-5"]
    assert numbers(api, "page=3&pageSize=2") == ["IGN-3"]


@pytest.mark.parametrize(("asked", "used"), [("0", 1), ("-5", 1), ("5000", 1000), ("", 100), ("many", 100)])
def test_page_size_is_clamped_and_not_refused(api: Api, five: list[str], asked: str, used: int) -> None:
    query = f"page=1&pageSize={asked}" if asked else "page=1"
    assert api.get(f"Invoices?{query}").json()["pagination"]["pageSize"] == used


@pytest.mark.parametrize("asked", ["0", "-1", "x"])
def test_odd_page_is_the_first(api: Api, five: list[str], asked: str) -> None:
    assert api.get(f"Invoices?page={asked}").json()["pagination"]["page"] == 1


def test_ties_are_ordered_by_id(api: Api, ledger: Ledger) -> None:
    ids = [api.contact(f"C{number}")["ContactID"] for number in range(20)]
    assert [row["ContactID"] for row in api.rows("Contacts?page=1")] == sorted(ids)


def test_settings_lists_are_not_paged(api: Api) -> None:
    for resource in (
        "Accounts",
        "TaxRates",
        "Users",
        "TrackingCategories",
        "BrandingThemes",
        "BatchPayments",
    ):
        assert "pagination" not in api.get(f"{resource}?page=1&pageSize=1").json()


def test_big_lists_page_quickly(api: Api, ledger: Ledger) -> None:
    contact = ledger.put_contact({"Name": "Big"})["ContactID"]
    for _ in range(2500):
        ledger.put_invoice(invoice_of(ledger, contact))
    seen: set[str] = set()
    for page in (1, 2, 3):
        seen.update(row["InvoiceID"] for row in api.rows(f"Invoices?page={page}&pageSize=1000"))
    assert len(seen) == 2500


def test_more_than_a_hundred_thousand_records_are_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch, five: list[str]
) -> None:
    monkeypatch.setattr("sandbox.xero.listing.LARGEST_RESULT", 4)
    assert api.get("Invoices").status_code == 400
    assert api.get("Invoices?page=1").status_code == 200


# Detail ----------------------------------------------------------------------------------------------


def test_list_without_a_page_drops_detail(api: Api, five: list[str]) -> None:
    thin, full = api.rows("Invoices")[0], api.rows("Invoices?page=1")[0]
    assert thin["LineItems"] == []
    assert len(full["LineItems"]) == 1
    assert full["Contact"]["Name"] == "B"
    # An empty list here means "not loaded".
    assert full["Contact"]["Addresses"] == []
    assert api.rows(f"Invoices/{five[0]}")[0]["Contact"]["ContactNumber"] == "C-B"


def test_filter_by_status_forces_paging(api: Api, five: list[str]) -> None:
    found = api.get("Invoices?Statuses=DRAFT").json()
    assert found["pagination"]["itemCount"] == 1
    assert len(found["Invoices"][0]["LineItems"]) == 1


def test_summary_only(api: Api, five: list[str]) -> None:
    invoice = api.rows("Invoices?page=1&summaryOnly=true")[0]
    assert invoice["LineItems"] == []
    assert "Payments" not in invoice
    contact = api.rows("Contacts?page=1&summaryOnly=true")[0]
    assert "Addresses" not in contact
    assert contact["Name"] in ("A", "B")


def test_thin_contact_has_no_people(api: Api) -> None:
    api.contact("A", EmailAddress="a@a.example", ContactPersons=[{"FirstName": "Mere", "LastName": "Tane"}])
    assert api.rows("Contacts")[0]["ContactPersons"] == []
    assert len(api.rows("Contacts?page=1")[0]["ContactPersons"]) == 1


# Explicit filters ------------------------------------------------------------------------------------


def test_explicit_filters(api: Api, five: list[str]) -> None:
    assert numbers(api, f"IDs={five[0]},{five[3].upper()}") == ["IGN-1", "IGN-4"]
    assert numbers(api, "InvoiceNumbers=IGN-2,IGN-9,ign-3") == ["IGN-2", "IGN-3"]
    contact = api.rows("Contacts/C-A")[0]["ContactID"]
    assert numbers(api, f"ContactIDs={contact}") == ["IGN-2", "IGN-4"]
    assert numbers(api, "Statuses=DRAFT,PAID") == ["IGN-5"]
    assert numbers(api, "searchTerm=gn-4") == ["IGN-4"]
    contact_ids = [row["ContactID"] for row in api.rows(f"Contacts?IDs={contact}")]
    assert contact_ids == [contact]


def test_created_by_my_app(api: Api, ledger: Ledger, five: list[str]) -> None:
    ledger.put_invoice(invoice_of(ledger, InvoiceNumber="BY-HAND"))
    assert "BY-HAND" in numbers(api, "page=1")
    assert "BY-HAND" not in numbers(api, "createdByMyApp=true")


def test_search_finds_contacts_by_more_than_the_name(api: Api) -> None:
    api.contact("Zoë Ltd", EmailAddress="hello@one.example")
    api.contact("Other", FirstName="Zoe")
    api.contact("Third", ContactNumber="ZOE-3")
    assert {row["Name"] for row in api.rows("Contacts?searchTerm=zoe")} == {"Zoë Ltd", "Other", "Third"}
    assert [row["Name"] for row in api.rows("Contacts?searchTerm=hello@one")] == ["Zoë Ltd"]


# where -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('Status=="DRAFT"', ["IGN-5"]),
        ('Status != "AUTHORISED"', ["IGN-5"]),
        ('Status=="AUTHORISED" AND Date>=DateTime(2026,11,03)', ["IGN-3", "IGN-4"]),
        ("Date < DateTime(2026, 11, 02) OR Date > DateTime(2026, 11, 04)", ["IGN-1", "IGN-5"]),
        ('(InvoiceNumber=="IGN-1" || InvoiceNumber=="IGN-2") && Total>150', ["IGN-2"]),
        ("AmountDue >= 330 and AmountDue <= 440.00", ["IGN-3", "IGN-4"]),
        ('Contact.Name=="a"', ["IGN-2", "IGN-4"]),
        ('Contact.ContactNumber=="C-B"', ["IGN-1", "IGN-3", "IGN-5"]),
        ('Type=="ACCPAY"', []),
        ("AmountPaid==0 AND Total==110", ["IGN-1"]),
        ("DueDate==null", []),
        ("SentToContact==false AND DueDate!=null AND Total > 500", ["IGN-5"]),
        ("UpdatedDateUTC>=DateTime(2026,11,20,2,4,0)", ["IGN-5"]),
        ('Reference==""', ["IGN-1", "IGN-2", "IGN-3", "IGN-4", "IGN-5"]),
    ],
)
def test_where(api: Api, five: list[str], expression: str, expected: list[str]) -> None:
    assert numbers(api, f"where={quote(expression)}") == expected


def test_where_with_a_guid(api: Api, five: list[str]) -> None:
    assert numbers(api, "where=" + quote(f'InvoiceID==guid("{five[1]}")')) == ["IGN-2"]
    contact = api.rows("Contacts/C-A")[0]["ContactID"]
    assert numbers(api, "where=" + quote(f'Contact.ContactID == guid("{contact}")')) == [
        "IGN-2", "IGN-4",
    ]  # fmt: skip
    paid = api.pay(five[0], "1.00")
    found = api.rows(
        "Payments?where=" + quote(f'Invoice.InvoiceID==guid("{five[0]}") AND Status=="AUTHORISED"')
    )
    assert [row["PaymentID"] for row in found] == [paid["PaymentID"]]


def test_where_on_contact_names_ignores_case_and_accents(api: Api) -> None:
    api.contact("Zoë & Söhne")
    assert len(api.rows("Contacts?where=" + quote('Name=="zoe & SOHNE"'))) == 1
    assert len(api.rows("Contacts?where=" + quote('Name=="zoe"'))) == 0


def test_where_with_a_quote_inside(api: Api) -> None:
    api.contact('The "Best" Ltd')
    assert len(api.rows("Contacts?where=" + quote('Name=="The \\"Best\\" Ltd"'))) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "Status==", "Nothing==1", "(Total>1", "Total>1)", "Total>>1", 'Status=="A" Total>1', "Date>DateTime(1)",
        "Total>DateTime(2026,13,1)", "Contact.Nothing==1", 'Name.Contains("x")', "Status==AUTHORISED",
        "(" * 60 + "Total>1", '"x"=="x"', "Status ~ 1", "Total.Date==1",
    ],
)  # fmt: skip
def test_where_that_cannot_be_understood_is_a_400(api: Api, expression: str) -> None:
    answer = api.get(f"Invoices?where={quote(expression)}")
    assert answer.status_code == 400
    assert answer.json()["Type"] == "QueryParseException"


def test_where_with_a_bare_field_is_a_flag(api: Api) -> None:
    api.invoice(api.contact("A")["ContactID"])
    api.contact("B")
    assert [row["Name"] for row in api.rows("Contacts?where=IsCustomer")] == ["A"]


def test_order(api: Api, five: list[str]) -> None:
    assert numbers(api, "order=Total%20DESC")[0] == "IGN-5"
    assert numbers(api, "order=InvoiceNumber")[0] == "IGN-1"
    assert numbers(api, "order=Contact.Name%20ASC")[0] in ("IGN-2", "IGN-4")
    assert api.get("Invoices?order=Nothing").status_code == 400
    assert api.get("Invoices?order=Total%20SIDEWAYS").status_code == 400


# Incremental -----------------------------------------------------------------------------------------


def test_if_modified_since_gives_what_changed_later(api: Api, five: list[str]) -> None:
    def since(moment: str) -> list[str]:
        return numbers(api, "page=1", If_Modified_Since=moment)

    assert since("2026-11-20T02:03:00Z") == ["IGN-4", "IGN-5"]
    assert since("2026-11-20T02:03:00") == ["IGN-4", "IGN-5"]
    assert since("2026-11-20T13:03:00+11:00") == ["IGN-4", "IGN-5"]
    # Fractions of a second are ignored.
    assert since("2026-11-20T02:03:00.999Z") == ["IGN-4", "IGN-5"]
    assert since("Fri, 20 Nov 2026 02:04:00 GMT") == ["IGN-5"]
    assert since("2026-11-21T00:00:00Z") == []
    assert api.get("Invoices", If_Modified_Since="yesterday").status_code == 412


def test_deleted_payment_shows_in_the_incremental_list(api: Api, five: list[str]) -> None:
    paid = api.pay(five[0], "1.00")
    api.wait(600)
    api.call("POST", f"Payments/{paid['PaymentID']}", {"Status": "DELETED"})
    since = "2026-11-20T02:10:00Z"
    assert [row["Status"] for row in api.rows("Payments?page=1", If_Modified_Since=since)] == ["DELETED"]


def test_archived_contact_needs_the_flag_in_the_incremental_list_too(api: Api, ledger: Ledger) -> None:
    made = api.contact("A")
    api.wait(600)
    ledger.archive_contact(made["ContactID"])
    since = "2026-11-20T02:05:00Z"
    assert api.rows("Contacts?page=1", If_Modified_Since=since) == []
    assert len(api.rows("Contacts?page=1&includeArchived=true", If_Modified_Since=since)) == 1
