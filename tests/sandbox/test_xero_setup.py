"""The organisation, its people, accounts, tax rates, tracking, items, currencies."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger, default_chart
from tests.sandbox.xero_client import Api, first, problems

AU = {"OUTPUT": 10.0, "INPUT": 10.0, "EXEMPTOUTPUT": 0.0, "EXEMPTEXPENSES": 0.0, "BASEXCLUDED": 0.0}


def test_organisation(api: Api, ledger: Ledger) -> None:
    found = api.rows("Organisation")[0]
    assert found["OrganisationID"] == ledger.tenant_id
    assert (found["Name"], found["CountryCode"], found["BaseCurrency"]) == (ledger.name, "AU", "AUD")
    assert found["ShortCode"].startswith("!")
    assert "PeriodLockDate" not in found
    ledger.period_lock_date = "2026-09-30"
    assert api.rows("Organisation")[0]["PeriodLockDate"] == "/Date(1790726400000+0000)/"


@pytest.mark.parametrize(
    ("country", "code", "currency", "sale", "rate"),
    [
        ("AU", "AU", "AUD", "OUTPUT", 10.0),
        ("NZ", "NZ", "NZD", "OUTPUT2", 15.0),
        ("UK", "GB", "GBP", "OUTPUT2", 20.0),
    ],
)
def test_charts_by_country(
    xero_world: World, country: str, code: str, currency: str, sale: str, rate: float
) -> None:
    api = Api(xero_world, xero_world.xero.add_organisation("Books", country))
    found = api.rows("Organisation")[0]
    assert (found["CountryCode"], found["BaseCurrency"]) == (code, currency)
    rates = {row["TaxType"]: row for row in api.rows("TaxRates")}
    assert (rates[sale]["EffectiveRate"], rates[sale]["CanApplyToRevenue"]) == (rate, True)
    accounts = {row["Code"]: row for row in api.rows("Accounts")}
    assert {"200", "260", "608", "610", "820", "860", "090"} <= set(accounts)
    assert accounts["608"]["EnablePaymentsToAccount"] is True
    assert accounts["608"]["Name"] == "IGNPayments - Ignition Clearing Account"
    assert accounts["860"]["SystemAccount"] == "ROUNDING"
    assert accounts["200"]["TaxType"] == sale
    assert accounts["090"]["Type"] == "BANK"
    assert len(api.rows("TrackingCategories")) == 2
    assert len(api.rows("BrandingThemes")) == 2
    assert currency in {row["Code"] for row in api.rows("Currencies")}


def test_country_without_a_chart() -> None:
    with pytest.raises(ValueError, match="no default chart"):
        default_chart("US")


def test_tax_rates_of_australia(api: Api) -> None:
    assert {row["TaxType"]: row["EffectiveRate"] for row in api.rows("TaxRates")} == AU
    assert {row["TaxType"] for row in api.rows("TaxRates") if row["CanApplyToRevenue"]} == {
        "OUTPUT", "EXEMPTOUTPUT", "BASEXCLUDED",
    }  # fmt: skip
    assert api.get("TaxRates/OUTPUT").json()["TaxRates"][0]["Name"] == "GST on Income"


def test_users_have_roles(api: Api) -> None:
    found = {row["EmailAddress"]: row["OrganisationRole"] for row in api.rows("Users")}
    assert found["priya.raman@books.example"] == "FINANCIALADVISER"
    assert "READONLY" in found.values()


def test_actions_depend_on_role_and_plan(api: Api, ledger: Ledger) -> None:
    def allowed() -> set[str]:
        shown: list[dict[str, Any]] = api.get("Organisation/Actions").json()["Actions"]
        return {row["Name"] for row in shown if row["Status"] == "ALLOWED"}

    assert {"CreateApprovedInvoice", "ApproveTransactionsBeforePeriodLockDate"} <= allowed()
    api.control(f"xero/{ledger.tenant_id}/role", user="priya.raman@books.example", role="STANDARD")
    assert "ApproveTransactionsBeforePeriodLockDate" not in allowed()
    # Partner and cashbook plans cannot invoice.
    api.control(f"xero/{ledger.tenant_id}/organisation", edition="PARTNER")
    assert allowed() == set()


# Accounts --------------------------------------------------------------------------------------------


def test_accounts_are_written_one_at_a_time(api: Api) -> None:
    sales = {"Code": "210", "Name": "Audit Fees", "Type": "REVENUE", "TaxType": "OUTPUT"}
    made = api.make("Accounts", sales)
    assert (made["Class"], made["Status"]) == ("REVENUE", "ACTIVE")
    assert api.put("Accounts", sales, {**sales, "Code": "211"}).status_code == 400
    assert "unique Code" in problems(api.put("Accounts", sales))[0]
    archived = first(api.call("POST", f"Accounts/{made['AccountID']}", {"Status": "ARCHIVED", "Code": "212"}))
    assert (archived["Status"], archived["Code"]) == ("ARCHIVED", "212")
    assert first(api.call("DELETE", f"Accounts/{made['AccountID']}"))["Status"] == "DELETED"
    assert api.rows(f"Accounts/{made['AccountID']}")[0]["Status"] == "DELETED"


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"Code": "12345678901"}, "10"),
        ({"Code": ""}, "code must be specified"),
        ({"Type": "MAGIC"}, "Type is not valid"),
        ({"Name": ""}, "name must be specified"),
        ({"TaxType": "NONSENSE"}, "does not exist"),
    ],
)
def test_accounts_have_rules(api: Api, fields: dict[str, str], part: str) -> None:
    sales = {"Code": "210", "Name": "Audit Fees", "Type": "REVENUE"}
    assert part in problems(api.put("Accounts", {**sales, **fields}))[0]


def test_system_accounts_stay(api: Api, ledger: Ledger) -> None:
    key = ledger.account_by_code["610"]
    assert "System accounts" in problems(api.call("POST", f"Accounts/{key}", {"Status": "ARCHIVED"}))[0]


# Tax rates -------------------------------------------------------------------------------------------


def test_custom_rate_gets_the_next_type(api: Api) -> None:
    rate = {
        "Name": "Export", "ReportTaxType": "EXEMPTEXPORT",
        "TaxComponents": [{"Name": "GST", "Rate": "0"}],
    }  # fmt: skip
    made = api.make("TaxRates", rate)
    assert (made["TaxType"], made["EffectiveRate"]) == ("TAX001", 0.0)
    assert "ReportTaxType" in problems(api.put("TaxRates", {**rate, "Name": "B", "ReportTaxType": None}))[0]
    assert "unique" in problems(api.put("TaxRates", rate))[0]
    # Components are added, never renamed or removed.
    removed = {"TaxType": "TAX001", "TaxComponents": [{"Name": "Other", "Rate": "1"}]}
    assert "renamed or removed" in problems(api.post("TaxRates", removed))[0]
    added = {
        "TaxType": "TAX001",
        "TaxComponents": [{"Name": "GST", "Rate": "1"}, {"Name": "Levy", "Rate": "2"}],
    }
    assert first(api.post("TaxRates", added))["EffectiveRate"] == 3.0
    assert first(api.post("TaxRates", {"TaxType": "TAX001", "Status": "DELETED"}))["Status"] == "DELETED"


def test_system_rates_are_fixed(api: Api) -> None:
    change = {"TaxType": "OUTPUT", "TaxComponents": [{"Name": "GST", "Rate": "12"}]}
    assert "System tax rates" in problems(api.post("TaxRates", change))[0]


# Tracking --------------------------------------------------------------------------------------------


def test_two_active_categories_and_four_with_archived(api: Api, ledger: Ledger) -> None:
    refused = api.put("TrackingCategories", {"Name": "Third"})
    assert "at most 2 active" in problems(refused)[0]
    key = next(iter(ledger.tracking))
    first(api.call("POST", f"TrackingCategories/{key}", {"Status": "ARCHIVED"}))
    api.make("TrackingCategories", {"Name": "Third"})
    # Archived ones need the flag.
    assert len(api.rows("TrackingCategories")) == 2
    assert len(api.rows("TrackingCategories?includeArchived=true")) == 3


def test_options_are_added_renamed_and_archived(api: Api, ledger: Ledger) -> None:
    key = next(iter(ledger.tracking))
    made = first(api.call("PUT", f"TrackingCategories/{key}/Options", {"Options": [{"Name": "Audit"}]}))
    path = f"TrackingCategories/{key}/Options/{made['TrackingOptionID']}"
    assert first(api.call("POST", path, {"Name": "Assurance", "Status": "ARCHIVED"}))["Status"] == "ARCHIVED"
    again = api.call("PUT", f"TrackingCategories/{key}/Options", {"Options": [{"Name": "assurance"}]})
    assert "already exists" in problems(again)[0]
    assert "100" in problems(api.call("PUT", f"TrackingCategories/{key}/Options", {"Name": "x" * 101}))[0]


# Items and currencies --------------------------------------------------------------------------------


def test_items(api: Api, ledger: Ledger) -> None:
    sale = {"UnitPrice": "99.5555", "AccountCode": "200"}
    made = first(api.put("Items", {"Code": "BK", "Name": "Books", "SalesDetails": sale}, query="?unitdp=4"))
    assert made["SalesDetails"]["UnitPrice"] == 99.5555
    assert api.rows("Items/BK")[0]["SalesDetails"]["UnitPrice"] == 99.56
    assert "already exists" in problems(api.put("Items", {"Code": "bk"}))[0]
    # Switching a side off wipes it.
    assert "SalesDetails" not in first(api.post("Items", {"Code": "BK", "IsSold": False}))
    assert first(api.call("POST", "Items/BK", {"Code": "BK2"}))["Code"] == "BK2"
    assert api.call("DELETE", "Items/BK2").status_code == 204
    assert api.get("Items/BK2").status_code == 404


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"Code": "x" * 31}, "30"), ({"Code": ""}, "code must be"), ({"Name": "x" * 51}, "50"),
        ({"SalesDetails": {"AccountCode": "999"}}, "'999'"), ({"SalesDetails": {"UnitPrice": "x"}}, "number"),
    ],
)  # fmt: skip
def test_items_have_rules(api: Api, fields: dict[str, Any], part: str) -> None:
    assert part in problems(api.put("Items", {"Code": "BK", **fields}))[0]


def test_at_most_500_items_at_once(api: Api) -> None:
    assert api.put("Items", *({"Code": f"I{number}"} for number in range(501))).status_code == 400


def test_currency_can_be_added(api: Api) -> None:
    api.call("PUT", "Currencies", {"Code": "EUR", "Description": "Euro"})
    assert api.invoice(CurrencyCode="EUR", CurrencyRate="0.6")["CurrencyCode"] == "EUR"
    assert problems(api.call("PUT", "Currencies", {"Code": "EURO"}))


def test_repeating_invoices_are_listed(api: Api, ledger: Ledger) -> None:
    api.control(
        f"xero/{ledger.tenant_id}/repeating_invoice",
        Contact={"Name": "A"}, Schedule={"Period": 1, "Unit": "MONTHLY"}, Total=100,
    )  # fmt: skip
    found = api.rows("RepeatingInvoices")[0]
    assert (found["Contact"]["Name"], found["Schedule"]["Unit"]) == ("A", "MONTHLY")
