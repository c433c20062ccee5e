"""The seeded practice is deterministic and adds up, in each country."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from sandbox.clock import Clock
from sandbox.ignition.amounts import invoice_total, line_total
from sandbox.ignition.state import RESOURCES, stamp
from sandbox.ignition.tax_labels import TAX_LABELS
from sandbox.seed import seed_practice
from sandbox.seed.tax_numbers import abn_is_valid, ird_is_valid, vat_is_valid
from sandbox.world import World
from tests.sandbox.seeded import NOW, Row, Seeded

COUNTRIES = ("AU", "NZ", "UK")


@pytest.fixture(scope="module")
def australian() -> Seeded:
    return Seeded("AU")


@pytest.fixture(scope="module", params=COUNTRIES)
def seeded(request: pytest.FixtureRequest, australian: Seeded) -> Seeded:
    return australian if request.param == "AU" else Seeded(request.param)


# Repeatability ----------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_world() -> None:
    first, second, other = Seeded("NZ"), Seeded("NZ"), Seeded("NZ", seed=2)
    assert first.report == second.report
    assert first.practice.dump() == second.practice.dump()
    assert first.ledger.dump() == second.ledger.dump()
    assert other.practice.dump()["rows"] != first.practice.dump()["rows"]


def test_the_report_is_plain_json(australian: Seeded) -> None:
    assert json.loads(json.dumps(australian.report.as_dict()))["counts"]["clients"] == 250


@pytest.mark.parametrize("clients", [1, 2, 7, 19])
def test_tiny_practices_work(clients: int) -> None:
    assert Seeded("AU", clients=clients, months=2).report.counts["clients"] == clients


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (1.0, 0.9, 1.0)])
def test_the_native_share_is_followed(share: float, least: float, most: float) -> None:
    made = Seeded("AU", clients=60, native_share=share)
    billed = {row["client"]["slug"] for row in made.practice.invoices}
    assert least * len(billed) <= len(made.report.native_contacts) <= most * len(billed)


@pytest.mark.parametrize("mode", ["none", "exclusive", "inclusive"])
def test_one_tax_mode_for_all_on_request(mode: str) -> None:
    made = Seeded("AU", clients=30, tax_mode=mode)
    assert set(made.report.tax_modes.values()) == {mode}
    assert made.report.native_invoices
    assert (mode == "none") == (set(made.report.taxes.values()) == {"0.00"})


def test_bad_arguments_are_refused() -> None:
    world = World(clock=Clock(NOW, speed=0))
    with pytest.raises(ValueError, match="country"):
        seed_practice(world, "demo", country="US")
    with pytest.raises(ValueError, match="tax_mode"):
        seed_practice(world, "demo", country="AU", tax_mode="gross")
    with pytest.raises(ValueError, match="at least one"):
        seed_practice(world, "demo", country="AU", clients=0)


def test_a_large_practice_is_quick() -> None:
    started = time.process_time()
    made = Seeded("AU", clients=2000)
    assert time.process_time() - started < 20
    assert made.report.counts["invoices"] >= 20_000


# Money --------------------------------------------------------------------------------------------------


def test_every_invoice_total_follows_its_mode(seeded: Seeded) -> None:
    services = {row["name"]: row for row in seeded.practice.services}
    labels = TAX_LABELS[seeded.practice.country]
    modes = set()
    for invoice in seeded.practice.invoices:
        mode = seeded.report.tax_modes[invoice["slug"]]
        modes.add(mode)
        lines = []
        for item in invoice["items"]:
            assert item["total"] == line_total(item["quantity"], item["unit_price"], item["discount"])
            assert item["total"] >= 0
            lines.append((item["total"], labels[services[item["description"]]["tax_rate"]].percent))
        assert invoice["amount"]["total"] == invoice_total(lines, mode)
        summed = sum(total for total, _ in lines)
        tax = Decimal(seeded.report.taxes[invoice["slug"]])
        assert invoice["amount"]["total"] == summed + (tax if mode == "exclusive" else 0)
    assert modes == {"exclusive", "inclusive"}


def test_every_collected_payment_is_allocated_to_the_cent(seeded: Seeded) -> None:
    taken: dict[str, list[Row]] = defaultdict(list)
    for row in seeded.practice.collections:
        if row["type"] == "payment_collection":
            taken[row["invoice"]["slug"]].append(row)
    collected = ("collected", "disbursed", "refunded")
    for payment in seeded.practice.payments:
        if payment["state"] in collected:
            rows = [row for part in payment["invoices"] for row in taken[part["slug"]]]
            assert len(rows) == len(payment["invoices"])
            assert sum(row["amount"]["total"] for row in rows) == payment["amount"]["amount"]
            assert sum(row["amount"]["surcharge"] for row in rows) == payment["amount"]["surcharge"]
    invoices = seeded.by_slug("invoices")
    for slug, rows in taken.items():
        total = sum(row["amount"]["total"] for row in rows)
        paid = invoices[slug]["payment_state"]
        assert paid == ("paid" if total == invoices[slug]["amount"]["total"] else "partially_paid")


def test_pushed_invoices_have_ignitions_total_in_xero(seeded: Seeded) -> None:
    invoices = seeded.by_slug("invoices")
    assert seeded.report.native_invoices
    for slug, invoice_id in seeded.report.native_invoices.items():
        row, source = seeded.ledger.invoices[invoice_id], invoices[slug]
        assert row["Total"] == source["amount"]["total"]
        assert row["TotalTax"] == Decimal(seeded.report.taxes[slug])
        assert row["Reference"] == source["billing_reference"]
        assert (row["Date"], row["DueDate"]) == (source["date"], source["due_date"])
        assert row["Contact"]["ContactID"] == seeded.report.native_contacts[source["client"]["slug"]]
        assert row["InvoiceNumber"].startswith("INV-")


def test_payouts_group_one_day_and_reach_xero_when_they_land(seeded: Seeded) -> None:
    today = "2026-11-22"
    arrivals: dict[str, set[str]] = defaultdict(set)
    for row in seeded.practice.collections:
        payout = row["disbursal"]
        if payout is None:
            continue
        arrivals[payout["id"]].add(payout["arrival_date"])
        assert payout["submitted_date"] <= payout["arrival_date"]
        assert payout["state"] == ("completed" if payout["arrival_date"] <= today else "started")
        assert date.fromisoformat(payout["arrival_date"]).weekday() < 5
        posted = seeded.report.native_payments.get(str(row["id"]))
        if posted:
            payment = seeded.ledger.payments[posted]
            assert (payment["Date"], payment["Amount"]) == (payout["arrival_date"], row["amount"]["total"])
    assert all(len(days) == 1 for days in arrivals.values())
    clearing = seeded.ledger.account_by_code["608"]
    accounts = {
        seeded.ledger.payments[key]["Account"]["AccountID"] for key in seeded.report.native_payments.values()
    }
    assert accounts == {clearing}


def test_fees_come_with_the_next_months_fee_bill(seeded: Seeded) -> None:
    recent = [row for row in seeded.practice.collections if row["payment"]["started_at"] >= "2026-11-02"]
    old = [row for row in seeded.practice.collections if row["payment"]["started_at"] < "2026-10-30"]
    assert recent
    assert {row["payment"]["fee"] for row in recent} == {None}
    for row in old:
        fee = row["payment"]["fee"]
        assert (fee is None) == (row["type"] == "clawback")
        if fee is not None:
            assert 0 < fee < row["amount"]["total"]


# Shape and history ------------------------------------------------------------------------------------------


def test_rows_refer_to_rows_that_exist(seeded: Seeded) -> None:
    clients, proposals = seeded.by_slug("clients"), seeded.by_slug("proposals")
    services, invoices = seeded.by_slug("services"), seeded.by_slug("invoices")
    stages = seeded.by_slug("deal_stages")
    for contact in seeded.practice.contacts:
        assert contact["client"]["slug"] in clients
    for proposal in proposals.values():
        assert clients[proposal["client_slug"]]["name"] == proposal["client_name"]
        assert all(line["service_slug"] in services for line in proposal["services"])
    for invoice in invoices.values():
        assert invoice["client"]["slug"] in clients
        for item in invoice["items"]:
            source = proposals[item["origin_identifier"]]
            assert item["origin_type"] == "proposal"
            assert source["client_slug"] == invoice["client"]["slug"]
            assert item["description"] in {line["name"] for line in source["services"]}
    for payment in seeded.practice.payments:
        assert all(part["slug"] in invoices for part in payment["invoices"])
    for row in seeded.practice.collections:
        assert invoices[row["invoice"]["slug"]]["reference_number"] == row["invoice"]["number"]
    for deal in seeded.practice.deals:
        assert deal["stage_slug"] in stages
        assert deal["linked_proposal_slug"] in proposals


def test_slugs_are_unique_and_well_formed(seeded: Seeded) -> None:
    seen: set[str] = set()
    for resource in RESOURCES:
        for row in seeded.practice.rows(resource):
            key = str(row.get("slug") or row["id"])
            assert key not in seen
            seen.add(key)
    token = seeded.practice.invoices[0]["slug"].removeprefix("inv_")
    assert len(token) == 20
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_history_is_in_order_and_ends_now(seeded: Seeded) -> None:
    limit = stamp(NOW)
    clients = seeded.by_slug("clients")
    for resource in RESOURCES:
        for row in seeded.practice.rows(resource):
            key = row.get("slug") or row["id"]
            assert seeded.practice.changed_at(resource, key) <= limit
            if resource != "collections":
                assert row["created_at"] <= seeded.practice.changed_at(resource, key)
    dates = [row["date"] for row in seeded.practice.invoices]
    assert dates == sorted(dates)
    assert dates[0] >= "2025-06-01"
    assert dates[-1] >= "2026-11-15"
    for proposal in seeded.practice.proposals:
        assert proposal["created_at"] > clients[proposal["client_slug"]]["created_at"]
    for invoice in seeded.practice.invoices:
        terms = date.fromisoformat(invoice["due_date"]) - date.fromisoformat(invoice["date"])
        assert terms in (timedelta(days=7), timedelta(days=14), timedelta(days=30))


def test_tax_numbers_in_xero_are_valid(seeded: Seeded) -> None:
    valid = {"AU": abn_is_valid, "NZ": ird_is_valid, "UK": vat_is_valid}[seeded.practice.country]
    numbers = [row["TaxNumber"] for row in seeded.ledger.contacts.values() if row.get("TaxNumber")]
    assert numbers
    assert all(valid(number) for number in numbers)


def test_addresses_stay_in_example_domains(seeded: Seeded) -> None:
    emails = [row["email"] for row in seeded.practice.contacts]
    emails += [row["EmailAddress"] for row in seeded.ledger.contacts.values()]
    emails += [row["manager"]["email"] for row in seeded.practice.clients]
    assert all(email.endswith(".example") for email in emails if email)
