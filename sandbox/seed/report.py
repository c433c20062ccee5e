"""What a seed made and what is true about it, for tests and for people who want to look something up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class SeedReport:
    """Facts about one seeded practice. Keys are Ignition slugs, values Xero ids, unless said otherwise.

    counts: rows per resource, plus `xero_contacts`, `xero_invoices`, `xero_payments`, `xero_bank_transactions`.
    native_contacts: client → the contact its invoices are filed under now.
    native_invoices: invoice → InvoiceID of every invoice the native link pushed.
    linked_clients: client → `xero_contact_id` as Ignition shows it (a merged contact's old id included).
    native_without_deployment: pushed, but Ignition's row does not say so.
    failed_deployments, started_deployments: native clients' invoices that never reached Xero.
    voided_in_xero: pushed, then voided in Xero; still issued in Ignition.
    voided_in_ignition: pushed, then voided in Ignition; still open in Xero.
    paid_by_hand_open_in_xero: pushed, marked paid in Ignition; no payment in Xero.
    native_payments: collections row number (as text) → PaymentID posted to the clearing account.
    ledger_payments: invoice → PaymentID entered in Xero by a person.
    linkable: client → contact that is the same by e-mail or client code and by name.
    not_linkable: client → (ContactID, reason); reasons: shared_email, name_only, near_name, same_name,
    archived. stale_links: client → the merged-away contact that Ignition still names. archived_links: client
    → archived contact that Ignition still names. email_differs: client → contact whose e-mail a person typed
    otherwise in Xero. same_names, near_names: pairs of client slugs. tax_modes: invoice → exclusive,
    inclusive or none. taxes: invoice → tax inside the total, as text. unrelated_contacts, unrelated_invoices:
    Xero ids with no counterpart in Ignition. bank_lines: payout, or “fee” and the day it was billed → the
    BankTransactionID of its line. payouts_not_coded, payouts_coded_elsewhere, payouts_not_reconciled: what people left
    undone or got wrong. fees_without_tax: days on which fees were billed that were put in without it.
    """

    key: str
    tenant_id: str
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    native_contacts: dict[str, str] = field(default_factory=dict)
    native_invoices: dict[str, str] = field(default_factory=dict)
    linked_clients: dict[str, str] = field(default_factory=dict)
    native_without_deployment: list[str] = field(default_factory=list)
    failed_deployments: list[str] = field(default_factory=list)
    started_deployments: list[str] = field(default_factory=list)
    voided_in_xero: list[str] = field(default_factory=list)
    voided_in_ignition: list[str] = field(default_factory=list)
    paid_by_hand_open_in_xero: list[str] = field(default_factory=list)
    native_payments: dict[str, str] = field(default_factory=dict)
    ledger_payments: dict[str, str] = field(default_factory=dict)
    linkable: dict[str, str] = field(default_factory=dict)
    not_linkable: dict[str, tuple[str, str]] = field(default_factory=dict)
    stale_links: dict[str, str] = field(default_factory=dict)
    archived_links: dict[str, str] = field(default_factory=dict)
    email_differs: dict[str, str] = field(default_factory=dict)
    same_names: list[tuple[str, str]] = field(default_factory=list)
    near_names: list[tuple[str, str]] = field(default_factory=list)
    tax_modes: dict[str, str] = field(default_factory=dict)
    taxes: dict[str, str] = field(default_factory=dict)
    unrelated_contacts: list[str] = field(default_factory=list)
    unrelated_invoices: list[str] = field(default_factory=list)
    bank_lines: dict[str, str] = field(default_factory=dict)
    payouts_not_coded: list[str] = field(default_factory=list)
    payouts_coded_elsewhere: list[str] = field(default_factory=list)
    payouts_not_reconciled: list[str] = field(default_factory=list)
    fees_without_tax: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, ready for JSON."""
        return asdict(self)
