"""Differences a practice cares about that nothing we read can show, each with the reason. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unseen:
    """``refs`` are the ids of the full list of differences; ``reason`` says why it is not checked."""

    code: str
    about: str
    title: str
    severity: str
    reason: str
    refs: tuple[str, ...]


_NO_PRACTICE_MANAGER = "It needs Xero Practice Manager, which is not connected."

UNSEEN: tuple[Unseen, ...] = (
    Unseen(
        "connection_staff_privilege",
        "connection",
        "Practice manager's privilege missing",
        "high",
        _NO_PRACTICE_MANAGER,
        ("K05",),
    ),
    Unseen(
        "connection_ignition_settings",
        "connection",
        "Ignition's invoice settings differ from the policy",
        "medium",
        "Ignition does not give its settings.",
        ("K10",),
    ),
    Unseen(
        "contact_practice_manager",
        "contact",
        "Client missing in the practice manager, or different there",
        "high",
        _NO_PRACTICE_MANAGER,
        ("I02", "I04", "I18", "I19", "I20", "I22"),
    ),
    Unseen(
        "contact_tax_registration",
        "contact",
        "Registered for tax or not differs",
        "high",
        "Neither Ignition nor Xero says whether a client is registered.",
        ("I17",),
    ),
    Unseen(
        "contact_address",
        "contact",
        "Address or website differs",
        "low",
        "Ignition does not give addresses or websites.",
        ("I15",),
    ),
    Unseen(
        "contact_tax_number_differs",
        "contact",
        "Tax number differs",
        "high",
        "Ignition does not give the tax number; only its check digits in Xero are looked at.",
        ("I16",),
    ),
    Unseen(
        "invoice_organisation",
        "invoice",
        "In the wrong organisation",
        "critical",
        "One practice has one Xero organisation here, and others can't be seen.",
        ("V13",),
    ),
    Unseen(
        "invoice_creation_off",
        "invoice",
        "Making invoices is switched off for a client",
        "high",
        "Ignition does not give this setting.",
        ("V16",),
    ),
    Unseen(
        "invoice_disbursement",
        "invoice",
        "Disbursement inside an annual proposal",
        "medium",
        "Neither system says which services are disbursements.",
        ("L17",),
    ),
    Unseen(
        "payment_practice_manager",
        "payment",
        "Paid in Xero, unpaid in the practice manager",
        "medium",
        _NO_PRACTICE_MANAGER,
        ("P11",),
    ),
    Unseen(
        "payment_method_expired",
        "payment",
        "Payment method has expired",
        "high",
        "Ignition does not tell it.",
        ("P14",),
    ),
    Unseen(
        "payment_disputed",
        "payment",
        "Disputed, not taken back yet",
        "critical",
        "Ignition tells a dispute only once the money went back.",
        ("P15",),
    ),
    Unseen(
        "payout_surcharge_policy",
        "payout",
        "Surcharges not netted as the policy says",
        "medium",
        "Ignition takes surcharges off its own bill, and neither system says how the practice wants them booked.",
        ("O09",),
    ),
    Unseen(
        "job_any",
        "job",
        "Jobs and staff",
        "critical",
        _NO_PRACTICE_MANAGER,
        tuple(f"J{number:02}" for number in range(1, 20)),
    ),
    Unseen(
        "job_allocation",
        "job",
        "Invoices and work in progress by job",
        "critical",
        _NO_PRACTICE_MANAGER,
        tuple(f"W{number:02}" for number in range(1, 22)),
    ),
    Unseen(
        "sync_counts",
        "sync",
        "Totals differ and no record explains it",
        "high",
        "It can't come up: each step of a total is made of the records that differ, and the steps are added up.",
        ("S08",),
    ),
)
