"""Lines of invoices: which stay, what they need, what they are filled with; tax, discounts and rounding."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api, change, first, invoice_of, line, problems, stored

# Lines -----------------------------------------------------------------------------------------------


def test_lines_with_ids_stay_new_ones_are_added_and_left_out_ones_are_deleted(api: Api) -> None:
    made = api.invoice(LineItems=[line("1"), line("2")])
    keep, drop = (entry["LineItemID"] for entry in made["LineItems"])
    changed = first(change(api, made, LineItems=[{"LineItemID": keep, "UnitAmount": "5"}, line("7")]))
    ids = [entry["LineItemID"] for entry in changed["LineItems"]]
    assert ids[0] == keep
    assert drop not in ids
    assert [entry["LineAmount"] for entry in changed["LineItems"]] == [5.0, 7.0]
    # A field left out of a known line keeps its value.
    assert changed["LineItems"][0]["Description"] == "Bookkeeping"


def test_lines_without_any_id_are_all_recreated(api: Api) -> None:
    made = api.invoice()
    changed = first(change(api, made, LineItems=[line()]))
    assert changed["LineItems"][0]["LineItemID"] != made["LineItems"][0]["LineItemID"]


def test_lines_stay_when_they_are_not_sent(api: Api) -> None:
    made = api.invoice()
    assert first(change(api, made, Reference="x"))["LineItems"] == made["LineItems"]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"AccountCode": "999"}, "Account code '999' is not a valid code for this document."),
        ({"AccountCode": "610"}, "Account code '610' is not a valid code for this document."),
        ({"AccountCode": "090"}, "Account code '090' is not a valid code for this document."),
        ({"AccountCode": None}, "Account code must be specified."),
        ({"TaxType": "INPUT"}, "The tax type 'INPUT' cannot be used with the account code '200'."),
        ({"TaxType": "OUTPUT2"}, "TaxType code 'OUTPUT2' does not exist"),
        ({"Description": ""}, "Description must not be empty"),
        ({"Description": "x" * 4001}, "4000"),
        ({"UnitAmount": "10000000000"}, "line amount cannot be larger"),
        ({"UnitAmount": "four"}, "not a valid number"),
        ({"UnitAmount": "1E+400"}, "not a valid number"),
        ({"UnitAmount": "NaN"}, "not a valid number"),
        ({"Quantity": "12345678901234"}, "13 digits"),
        ({"DiscountRate": "10", "DiscountAmount": "1"}, "not both"),
        ({"DiscountRate": "101"}, "between 0 and 100"),
        ({"LineAmount": "449"}, "does not match the expected line total"),
        ({"ItemCode": "NONE"}, "Item code 'NONE' is not valid"),
        ({"Tracking": [{"Name": "Service line", "Option": "Nothing"}]}, "option Nothing could not be found"),
        ({"Tracking": [{"Name": "Nothing", "Option": "Tax"}]}, "category Nothing could not be found"),
        ({"Tracking": [{"Name": "Office", "Option": "Perth"}] * 3}, "at most 2"),
        ({"LineItemID": "5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05"}, "line item could not be found"),
    ],
)
def test_lines_have_rules(api: Api, ledger: Ledger, fields: dict[str, Any], part: str) -> None:
    answer = api.put("Invoices", invoice_of(ledger, LineItems=[line(**fields)]))
    assert part in problems(answer)[0]
    assert not ledger.invoices
    # A refused invoice leaves no contact behind either.
    assert not ledger.contacts


def test_archived_account_rate_and_option_are_refused(api: Api, ledger: Ledger) -> None:
    ledger.post_account({"Code": "260", "Status": "ARCHIVED"})
    ledger.tax_rates["EXEMPTOUTPUT"]["Status"] = "ARCHIVED"
    category = next(iter(ledger.tracking.values()))
    category["Options"][0]["Status"] = "ARCHIVED"
    for fields in (
        {"AccountCode": "260"},
        {"TaxType": "EXEMPTOUTPUT"},
        {"Tracking": [{"Name": category["Name"], "Option": category["Options"][0]["Name"]}]},
    ):
        problems(api.put("Invoices", invoice_of(ledger, LineItems=[line(**fields)])))


def test_tracking_is_stored_with_names_and_ids(api: Api, ledger: Ledger) -> None:
    made = api.invoice(LineItems=[line(Tracking=[{"Name": "Service line", "Option": "Tax"}])])
    shown = made["LineItems"][0]["Tracking"][0]
    assert (shown["Name"], shown["Option"]) == ("Service line", "Tax")
    again = api.invoice(LineItems=[line(Tracking=[{
        "TrackingCategoryID": shown["TrackingCategoryID"], "TrackingOptionID": shown["TrackingOptionID"],
    }])])  # fmt: skip
    assert again["LineItems"][0]["Tracking"] == [shown]


def test_line_without_tax_type_takes_the_default_of_the_account(api: Api) -> None:
    made = api.invoice(LineItems=[line(AccountCode="270"), line()])
    assert [entry["TaxType"] for entry in made["LineItems"]] == ["BASEXCLUDED", "OUTPUT"]


def test_line_of_words_only_is_allowed(api: Api) -> None:
    made = api.invoice(LineItems=[{"Description": "For the year 2026"}, line()])
    assert made["Total"] == 495.0
    assert "LineAmount" not in made["LineItems"][0]


def test_item_fills_what_the_line_leaves_out(api: Api, ledger: Ledger) -> None:
    ledger.put_item(
        {"Code": "BK", "Description": "Books", "SalesDetails": {"UnitPrice": "80", "AccountCode": "202"}}
    )
    made = api.invoice(LineItems=[{"ItemCode": "BK", "Quantity": "2"}])
    shown = made["LineItems"][0]
    assert (shown["Description"], shown["LineAmount"], shown["AccountCode"]) == ("Books", 160.0, "202")


def test_negative_line_is_allowed_but_a_negative_total_is_not(api: Api) -> None:
    assert api.invoice(LineItems=[line("100"), line("-40")])["SubTotal"] == 60.0
    answer = api.put("Invoices", invoice_of(api.ledger, LineItems=[line("40"), line("-100")]))
    assert "cannot be negative" in problems(answer)[0]


# Rounding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "types", "lines", "expected"),
    [
        # Half a cent goes up: 2.165 becomes 2.17.
        ("AU", "Exclusive", [("1", "21.65", "200")], (21.65, 2.17, 23.82)),
        # 541.25 with 15 % inside.
        ("NZ", "Inclusive", [("1", "541.25", "200")], (470.65, 70.60, 541.25)),
        # Rounded by line, then summed: three times 0.01 is not 0.02 of the sum.
        ("AU", "Exclusive", [("1", "0.05", "200")] * 3, (0.15, 0.03, 0.18)),
        ("AU", "NoTax", [("3", "33.33", "200")], (99.99, 0.0, 99.99)),
        ("GB", "Exclusive", [("1.5", "33.33", "200")], (50.0, 10.0, 60.0)),
    ],
)
def test_tax_is_rounded_half_up_for_each_line(
    xero_world: World,
    country: str,
    types: str,
    lines: list[tuple[str, str, str]],
    expected: tuple[float, ...],
) -> None:
    api = Api(xero_world, xero_world.xero.add_organisation("Books", country))
    sent = [line(unit, Quantity=quantity, AccountCode=account) for quantity, unit, account in lines]
    made = api.invoice(LineAmountTypes=types, LineItems=sent)
    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == expected


def test_unit_amount_is_cut_to_two_places_unless_unitdp_is_four(api: Api, ledger: Ledger) -> None:
    sent = invoice_of(ledger, LineItems=[line("8.2575", Quantity="37")])
    two = first(api.put("Invoices", sent))
    assert (two["LineItems"][0]["UnitAmount"], two["LineItems"][0]["LineAmount"]) == (8.26, 305.62)
    four = first(api.put("Invoices", sent, query="?unitdp=4"))
    assert (four["LineItems"][0]["UnitAmount"], four["LineItems"][0]["LineAmount"]) == (8.2575, 305.53)
    # Reading without the flag shows two places of what is stored with four.
    assert stored(api, four)["LineItems"][0]["UnitAmount"] == 8.26
    assert api.rows(f"Invoices/{four['InvoiceID']}?unitdp=4")[0]["LineItems"][0]["UnitAmount"] == 8.2575


def test_own_tax_amount_overrides_and_stays(api: Api) -> None:
    made = api.invoice(LineItems=[line("100", TaxAmount="10.01")])
    assert made["Total"] == 110.01
    key = made["LineItems"][0]["LineItemID"]
    changed = first(change(api, made, LineItems=[{"LineItemID": key, "Description": "Other"}]))
    assert changed["Total"] == 110.01


def test_discounts(api: Api) -> None:
    rate = api.invoice(LineItems=[line("100", DiscountRate="12.5")])
    assert rate["LineItems"][0]["LineAmount"] == 87.5
    amount = api.invoice(LineItems=[line("100", DiscountAmount="5.55")])
    assert amount["LineItems"][0]["LineAmount"] == 94.45


def test_change_of_line_amount_types_works_tax_out_anew(api: Api) -> None:
    made = api.invoice(LineItems=[line("110")])
    assert first(change(api, made, LineAmountTypes="Inclusive"))["Total"] == 110.0
    assert first(change(api, made, LineAmountTypes="NoTax"))["TotalTax"] == 0.0


def test_foreign_currency(api: Api) -> None:
    made = api.invoice(CurrencyCode="NZD", CurrencyRate="1.085")
    assert (made["CurrencyCode"], made["CurrencyRate"]) == ("NZD", 1.085)
