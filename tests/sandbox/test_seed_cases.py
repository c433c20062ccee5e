"""The seeded practice has the cases that it is there for, and the report tells the truth about them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from tests.sandbox.seeded import Seeded


@pytest.fixture(scope="module")
def australian() -> Seeded:
    return Seeded("AU")


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
