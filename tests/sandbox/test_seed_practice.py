"""The seeded practice is deterministic, adds up, and the report tells the truth about it."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.ignition.amounts import invoice_total, line_total
from sandbox.ignition.state import RESOURCES, IgnitionPractice, stamp
from sandbox.ignition.tax_labels import TAX_LABELS
from sandbox.seed import SeedReport, seed_practice
from sandbox.seed.tax_numbers import abn_is_valid, ird_is_valid, vat_is_valid
from sandbox.world import World
from sandbox.xero.ledger import Ledger

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
COUNTRIES = ("AU", "NZ", "UK")
Row = dict[str, Any]


class Seeded:
    """A practice of 250 clients (AU) or 60 (elsewhere), with its report."""

    def __init__(self, country: str, seed: int = 1, **options: Any) -> None:
        self.world = World(seed=seed, clock=Clock(NOW, speed=0))
        settings = {"clients": 250 if country == "AU" else 60, **options}
        self.report: SeedReport = seed_practice(self.world, "demo", country=country, seed=seed, **settings)
        self.practice: IgnitionPractice = self.world.ignition["demo"]
        self.ledger: Ledger = self.world.xero.organisations[self.report.tenant_id]

    def by_slug(self, resource: str) -> dict[str, Row]:
        return {row["slug"]: row for row in self.practice.rows(resource)}


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
    started = time.perf_counter()
    made = Seeded("AU", clients=2000)
    assert time.perf_counter() - started < 20
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


# The cases it is there for ------------------------------------------------------------------------


def test_all_states_and_payment_ways_occur(australian: Seeded) -> None:
    practice = australian.practice
    assert {row["state"] for row in practice.clients} == {"lead", "active", "inactive", "archived"}
    assert {row["state"] for row in practice.proposals} == {
        "draft", "awaiting_acceptance", "accepted", "completed", "lost", "archived",
    }  # fmt: skip
    assert {row["state"] for row in practice.services} >= {"active", "deleted", "new"}
    assert {row["state"] for row in practice.invoices} == {"draft", "issued", "voided"}
    assert {row["state"] for row in practice.deals} == {"open", "won", "lost"}
    assert {row["state"] for row in practice.payments} >= {
        "uncollected", "collecting", "collected", "disbursed", "refunded", "cancelled",
    }  # fmt: skip
    issued = [row for row in practice.invoices if row["state"] == "issued"]
    assert {row["payment_state"] for row in issued} == {"unpaid", "partially_paid", "paid"}
    assert {row["payment_source"] for row in issued} == {None, "ignition", "manual", "ledger"}
    assert {row["payment_method_type"] for row in issued} == {
        None, "credit_card", "bank_account", "other", "check",
    }  # fmt: skip
    assert {row["type"] for row in practice.collections} == {"payment_collection", "clawback"}
    assert {(row["deployment"] or {}).get("state") for row in issued} == {
        None, "completed", "failed", "started",
    }  # fmt: skip


def test_awkward_invoices_and_payments_occur(australian: Seeded) -> None:
    practice = australian.practice
    items = [item for row in practice.invoices for item in row["items"]]
    assert any(item["quantity"] != 1 for item in items)
    assert any(item["unit_price"] != round(item["unit_price"], 2) for item in items)
    assert any(item["discount"] > 0 for item in items)
    assert any(len({item["origin_identifier"] for item in row["items"]}) > 1 for row in practice.invoices)
    assert any(len(row["invoices"]) == 2 and row["state"] == "disbursed" for row in practice.payments)
    assert any(row["amount"]["surcharge"] > 0 for row in practice.invoices)
    retried = {
        row["invoices"][0]["slug"]
        for row in practice.payments
        if (row["collection"] or {}).get("state") == "failed"
    }
    assert any(
        row["invoices"][0]["slug"] in retried for row in practice.payments if row["state"] == "disbursed"
    )
    paid_slugs = {row["invoice"]["slug"] for row in practice.collections}
    assert any(row["payment_state"] == "paid" and row["slug"] not in paid_slugs for row in practice.invoices)
    deleted = {row["slug"] for row in practice.services if row["state"] == "deleted"}
    used = {line["service_slug"] for row in practice.proposals for line in row["services"]}
    assert deleted & used
    references = {row["billing_reference"][:4] for row in practice.invoices}
    assert references == {"PROP", "CLI-"}


def test_cards_clear_in_two_working_days_and_bank_debits_in_about_a_week(australian: Seeded) -> None:
    waits: dict[str, set[int]] = defaultdict(set)
    for payment in australian.practice.payments:
        if payment["state"] == "disbursed" and payment["collection"]:
            created = date.fromisoformat(payment["created_at"][:10])
            waits[payment["collection"]["type"]].add(
                (date.fromisoformat(payment["available_on"]) - created).days
            )
    assert set(waits) == {"credit card", "bank account"}
    assert max(waits["credit card"]) <= 5
    assert 6 <= min(waits["bank account"]) <= max(waits["bank account"]) <= 10


def test_the_report_lists_what_the_native_link_did(australian: Seeded) -> None:
    report, ledger = australian.report, australian.ledger
    invoices, clients = australian.by_slug("invoices"), australian.by_slug("clients")
    for slug in report.native_without_deployment:
        assert invoices[slug]["deployment"] is None
    told = {slug for slug, row in invoices.items() if (row["deployment"] or {}).get("state") == "completed"}
    assert told == set(report.native_invoices) - set(report.native_without_deployment)
    for slug in told:
        deployment = invoices[slug]["deployment"]
        row = ledger.invoices[deployment["external_id"]]
        assert (row["InvoiceNumber"], report.native_invoices[slug]) == (
            deployment["external_number"],
            row["InvoiceID"],
        )
    for slug in (*report.failed_deployments, *report.started_deployments):
        assert slug not in report.native_invoices
    for slug in report.voided_in_xero:
        assert ledger.invoices[report.native_invoices[slug]]["Status"] == "VOIDED"
        assert invoices[slug]["state"] == "issued"
    for slug in report.voided_in_ignition:
        assert ledger.invoices[report.native_invoices[slug]]["Status"] == "AUTHORISED"
        assert invoices[slug]["state"] == "voided"
    for slug in report.paid_by_hand_open_in_xero:
        assert ledger.invoices[report.native_invoices[slug]]["Status"] == "AUTHORISED"
    shown = {slug: row["xero_contact_id"] for slug, row in clients.items() if row["xero_contact_id"]}
    assert shown == report.linked_clients
    assert 0.6 < len(shown) / len(report.native_contacts) < 1
    for values in (report.failed_deployments, report.started_deployments, report.voided_in_xero):
        assert values


def test_merged_and_archived_contacts_are_as_reported(australian: Seeded) -> None:
    report, contacts = australian.report, australian.ledger.contacts
    assert len(report.stale_links) == 1
    for slug, loser in report.stale_links.items():
        assert contacts[loser]["ContactStatus"] == "ARCHIVED"
        assert contacts[loser]["MergedToContactID"] == report.native_contacts[slug]
        assert report.linked_clients[slug] == loser
    assert len(report.archived_links) == 2
    for contact_id in report.archived_links.values():
        assert contacts[contact_id]["ContactStatus"] == "ARCHIVED"
        assert "MergedToContactID" not in contacts[contact_id]


def test_linkable_contacts_share_a_second_signal(australian: Seeded) -> None:
    report, contacts = australian.report, australian.ledger.contacts
    clients = australian.by_slug("clients")
    owners: dict[str, int] = defaultdict(int)
    for client in clients.values():
        owners[client["email"]] += 1
    assert report.linkable
    for slug, contact_id in report.linkable.items():
        row, client = contacts[contact_id], clients[slug]
        assert row["ContactStatus"] == "ACTIVE"
        same_email = row["EmailAddress"] == client["email"] and owners[client["email"]] == 1
        same_code = (
            row.get("AccountNumber") is not None and row["AccountNumber"] == client["external_client_id"]
        )
        assert same_email or same_code
    assert len(set(report.linkable.values())) == len(report.linkable)
    reasons = {reason for _, reason in report.not_linkable.values()}
    assert reasons == {"shared_email", "name_only", "near_name", "same_name", "archived"}
    for slug, (contact_id, reason) in report.not_linkable.items():
        if reason == "shared_email":
            assert owners[clients[slug]["email"]] > 1
            assert contacts[contact_id]["EmailAddress"] == clients[slug]["email"]
    assert not set(report.linkable) & (set(report.not_linkable) | set(report.native_contacts))


def test_same_and_near_names_are_different_clients(australian: Seeded) -> None:
    clients = australian.by_slug("clients")
    assert len(australian.report.same_names) == 3
    for first, second in australian.report.same_names:
        assert clients[first]["name"].casefold() == clients[second]["name"].casefold()
        assert clients[first]["email"] != clients[second]["email"]
    assert len(australian.report.near_names) == 3
    for first, second in australian.report.near_names:
        assert clients[first]["name"] != clients[second]["name"]
        assert clients[first]["name"].split()[0] == clients[second]["name"].split()[0]


def test_unrelated_xero_rows_are_named(australian: Seeded) -> None:
    report, ledger = australian.report, australian.ledger
    known = set(report.native_invoices.values()) | set(report.unrelated_invoices)
    assert set(ledger.invoices) == known
    kinds = {ledger.invoices[key]["Type"] for key in report.unrelated_invoices}
    assert kinds == {"ACCREC", "ACCPAY"}
    assert set(report.unrelated_contacts) <= set(ledger.contacts)
