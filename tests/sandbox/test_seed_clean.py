"""A clean practice: whatever is in Ignition is in Xero, and both say the same about it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.ignition.state import IgnitionPractice
from sandbox.seed import SeedReport, seed_practice
from sandbox.world import World
from sandbox.xero.ledger import Ledger

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
Made = tuple[IgnitionPractice, Ledger, SeedReport]


@pytest.fixture(scope="module", params=["AU", "NZ", "UK"])
def made(request: pytest.FixtureRequest) -> Made:
    world = World(seed=9, clock=Clock(NOW, speed=0))
    report = seed_practice(world, "big", country=request.param, clients=120, months=12, seed=9, clean=True)
    return world.ignition["big"], world.xero.organisations[report.tenant_id], report


def documents(made: Made) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every invoice that is not a draft, with its document."""
    practice, ledger, _ = made
    rows = [row for row in practice.invoices if row["state"] != "draft"]
    return [(row, ledger.invoices[row["deployment"]["external_id"]]) for row in rows]


def test_every_invoice_is_in_xero_with_the_same_figures(made: Made) -> None:
    pairs = documents(made)
    assert len(pairs) > 500
    for invoice, document in pairs:
        assert invoice["deployment"]["state"] == "completed"
        assert invoice["amount"]["total"] == document["Total"]
        assert invoice["amount"]["surcharge"] == 0
        assert (invoice["date"], invoice["due_date"]) == (document["Date"], document["DueDate"])
        assert invoice["billing_reference"] == document["Reference"]
        assert (invoice["state"] == "voided") == (document["Status"] == "VOIDED")


def test_every_payment_is_in_xero_or_has_not_landed_yet(made: Made) -> None:
    paid = Counter[str]()
    for invoice, document in documents(made):
        if invoice["state"] == "issued":
            paid[invoice["payment_state"]] += 1
            payout = (invoice["disbursal"] or {}).get("state")
            landed = invoice["payment_source"] == "ledger" or payout == "completed"
            if invoice["payment_state"] == "paid" and landed:
                assert document["AmountDue"] == 0
            elif invoice["payment_state"] == "unpaid":
                assert document["AmountDue"] == document["Total"]
            assert invoice["payment_source"] in (None, "ignition", "ledger")
    assert paid["paid"] > paid["unpaid"] > 20
    assert {row["type"] for row in made[0].collections} == {"payment_collection"}


def test_every_billed_client_has_its_own_contact_that_says_the_same(made: Made) -> None:
    practice, ledger, _ = made
    billed = [row for row in practice.clients if row["state"] != "lead"]
    assert len({row["xero_contact_id"] for row in billed}) == len(billed) > 90
    for row in billed:
        contact = ledger.contacts[row["xero_contact_id"]]
        assert contact["ContactStatus"] == "ACTIVE"
        assert (contact["Name"], contact["EmailAddress"]) == (row["name"], row["email"])


def test_nobody_is_there_twice_or_shares_anything(made: Made) -> None:
    practice, ledger, report = made
    emails = [row["email"] for row in practice.clients]
    phones = [
        "".join(char for char in row["phone"] if char.isdigit())[-6:]
        for row in practice.clients
        if row["phone"]
    ]
    numbers = [row["TaxNumber"] for row in ledger.contacts.values() if row.get("TaxNumber")]
    days = [(row["client"]["slug"], row["date"]) for row in practice.invoices]
    for values in (emails, phones, numbers, days):
        assert len(values) == len(set(values))
    assert not any(row["group_name"] for row in practice.clients)
    facts = report.as_dict()
    for name in (
        "native_without_deployment", "failed_deployments", "started_deployments", "voided_in_xero", "email_differs",
        "voided_in_ignition", "paid_by_hand_open_in_xero", "not_linkable", "stale_links", "same_names", "near_names",
    ):  # fmt: skip
        assert not facts[name], name


def test_strangers_in_xero_stay(made: Made) -> None:
    assert made[2].unrelated_contacts
    assert made[2].unrelated_invoices
