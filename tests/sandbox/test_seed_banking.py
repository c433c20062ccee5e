"""Payouts and fees on the bank account of a seeded organisation, and how Xero lists them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.ignition.state import IgnitionPractice
from sandbox.seed import SeedReport, seed_practice
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
Made = tuple[IgnitionPractice, Ledger, SeedReport]
RATES = {"AU": 10, "NZ": 15, "UK": 20}


def make(country: str, *, key: str = "big", clean: bool = True) -> Made:
    world = World(seed=9, clock=Clock(NOW, speed=0))
    report = seed_practice(world, key, country=country, clients=80, months=9, seed=9, clean=clean)
    return world.ignition[key], world.xero.organisations[report.tenant_id], report


@pytest.fixture(scope="module", params=["AU", "NZ", "UK"])
def clean(request: pytest.FixtureRequest) -> Made:
    return make(request.param)


def payouts(practice: IgnitionPractice) -> dict[str, tuple[str, Decimal]]:
    """Arrival and amount of each payout that has landed."""
    found: dict[str, tuple[str, Decimal]] = {}
    for row in practice.collections:
        paid = row["disbursal"]
        if paid and paid["state"] == "completed":
            sign = -1 if row["type"] == "clawback" else 1
            whole = found.get(str(paid["id"]), ("", Decimal(0)))[1]
            found[str(paid["id"])] = (paid["arrival_date"], whole + sign * row["amount"]["total"])
    return found


def test_every_payout_is_on_the_bank_account_once_and_nothing_is_wrong(clean: Made) -> None:
    practice, ledger, report = clean
    there = {key: ledger.bank_transactions[line] for key, line in report.bank_lines.items() if key.isdigit()}
    landed = payouts(practice)
    assert len(landed) > 30
    assert there.keys() == landed.keys()
    for key, (arrival, amount) in landed.items():
        row = there[key]
        assert (row["Type"], row["Date"], row["Total"]) == ("RECEIVE", arrival, amount)
        assert (row["Reference"], row["IsReconciled"], row["TotalTax"]) == ("IGNITIONPAY", True, 0)
        assert [line["AccountCode"] for line in row["LineItems"]] == ["608"]
        assert ledger.accounts[row["BankAccount"]["AccountID"]]["Type"] == "BANK"
    assert len(set(report.bank_lines.values())) == len(ledger.bank_transactions)


def test_each_month_s_fees_are_paid_with_the_country_s_tax(clean: Made) -> None:
    practice, ledger, report = clean
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for row in practice.collections:
        if row["payment"]["fee"]:
            billed[row["payment"]["fee_invoice_date"]] += row["payment"]["fee"]
    paid = {
        key.removeprefix("fee "): ledger.bank_transactions[line] for key, line in report.bank_lines.items()
    }
    assert len(billed) >= 8
    for day, amount in billed.items():
        row = paid[day]
        assert (row["Type"], row["Total"]) == ("SPEND", amount)
        assert 0 < (date.fromisoformat(row["Date"]) - date.fromisoformat(day)).days <= 5
        rate = RATES["UK" if ledger.country == "GB" else ledger.country]
        assert abs(row["TotalTax"] - amount * rate / (100 + rate)) <= Decimal("0.01")


def test_a_practice_with_faults_has_one_of_each_and_tells_which() -> None:
    practice, ledger, report = make("AU", clean=False)
    (gone,), (sales,), (loose,) = (
        report.payouts_not_coded, report.payouts_coded_elsewhere, report.payouts_not_reconciled,
    )  # fmt: skip
    assert gone in payouts(practice)
    assert gone not in report.bank_lines
    row = ledger.bank_transactions[report.bank_lines[sales]]
    assert row["LineItems"][0]["AccountCode"] == "200"
    assert not ledger.bank_transactions[report.bank_lines[loose]]["IsReconciled"]
    (untaxed,) = report.fees_without_tax
    assert ledger.bank_transactions[report.bank_lines[f"fee {untaxed}"]]["TotalTax"] == 0


def test_fees_may_come_as_bills() -> None:
    _, ledger, report = make("NZ", key="kiwi", clean=False)
    assert not [key for key in report.bank_lines if key.startswith("fee")]
    bills = [row for row in ledger.invoices.values() if row["InvoiceNumber"].startswith("IGN-FEES-")]
    assert len(bills) >= 8
    assert {row["Type"] for row in bills} == {"ACCPAY"}


def test_the_same_seed_makes_the_same_lines() -> None:
    first, second = make("AU", clean=False), make("AU", clean=False)
    assert first[1].bank_transactions == second[1].bank_transactions


def test_they_are_listed_as_xero_lists_them(api: Api, ledger: Ledger) -> None:
    contact = ledger.put_contact({"Name": "Ignition"})["ContactID"]

    def put(amount: int) -> Any:
        return ledger.put_bank_transaction(
            {
                "Type": "RECEIVE",
                "Contact": {"ContactID": contact},
                "BankAccount": {"Code": "090"},
                "Date": "2026-10-05",
                "Reference": "IGNITIONPAY",
                "IsReconciled": True,
                "LineAmountTypes": "NoTax",
                "LineItems": [{"Description": "Payout", "UnitAmount": amount, "AccountCode": "608"}],
            }
        )

    rows = []
    for number in range(3):
        api.wait(1)
        rows.append(put(100 + number))
    listed = api.rows("BankTransactions?page=1&pageSize=2")
    assert [row["Total"] for row in listed] == [100, 101]
    assert listed[0]["LineItems"][0]["AccountCode"] == "608"
    assert (listed[0]["IsReconciled"], listed[0]["Reference"]) == (True, "IGNITIONPAY")
    assert listed[0]["BankAccount"]["Code"] == "090"
    assert listed[0]["BankTransactionID"] == rows[0]["BankTransactionID"]
    assert api.rows("BankTransactions")[0]["LineItems"] == [], "without a page there are no lines"
    api.wait(60)
    late = put(200)
    changed = api.rows("BankTransactions?page=1", If_Modified_Since="2026-11-20T02:00:30Z")
    assert [row["BankTransactionID"] for row in changed] == [late["BankTransactionID"]]
