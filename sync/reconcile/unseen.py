"""Differences a practice cares about that neither Ignition nor Xero lets us see, or that we don't look at yet. Pure.

Each is code, what it is about, title, severity and the reason it is not checked.
"""

_NO_BANK = "Xero does not tell other apps how lines of the bank account were matched or coded."
_NO_PRACTICE_MANAGER = "Jobs, time and work in progress are not read."
_NO_PLAN = "Ignition's list does not say which invoices a proposal still has to bring."
_NOT_YET = "It is read, but not compared yet."

UNSEEN: tuple[tuple[str, str, str, str, str], ...] = (
    ("invoice_not_raised", "invoice", "Billing date passed, no invoice anywhere", "critical", _NO_PLAN),
    ("invoice_after_end", "invoice", "Raised after the engagement ended", "high", _NOT_YET),
    ("invoice_recurring_value", "invoice", "Recurring value is not the engaged value", "high", _NO_PLAN),
    ("invoice_repeating", "invoice", "Repeating invoice in Xero bills the same work", "critical", _NOT_YET),
    (
        "invoice_not_sent",
        "invoice",
        "Not sent to the client",
        "medium",
        "Ignition does not say what it sent.",
    ),
    ("invoice_edited", "invoice", "Edited in Xero without a visible trace", "high", _NOT_YET),
    ("invoice_description", "invoice", "Description of a line differs", "low", _NOT_YET),
    ("invoice_tracking", "invoice", "Tracking of a line differs", "medium", _NOT_YET),
    ("invoice_branding", "invoice", "Branding theme differs", "low", _NOT_YET),
    ("invoice_tax_basis", "invoice", "With or without tax differs", "critical", _NOT_YET),
    ("invoice_surcharge", "invoice", "Surcharge on one side only", "medium", _NOT_YET),
    ("invoice_two_a_day", "invoice", "Two invoices for one client on one day in Ignition", "info", _NOT_YET),
    (
        "invoice_organisation",
        "invoice",
        "In the wrong organisation",
        "critical",
        "One practice has one Xero organisation here, and others can't be seen.",
    ),
    ("payment_card_expired", "payment", "Payment method has expired", "high", "Ignition does not tell it."),
    ("payment_disputed", "payment", "Disputed, not taken back yet", "critical", "Ignition does not tell it."),
    (
        "payment_marked",
        "payment",
        "Marked as paid by hand in Ignition",
        "high",
        "Ignition lists only money that it collected itself.",
    ),
    ("payment_overpayment", "payment", "Overpayment or prepayment not allocated", "high", _NOT_YET),
    ("payout_bank_line", "payout", "Payout without a line in the bank account", "high", _NO_BANK),
    ("payout_coding", "payout", "Payout coded to a wrong account", "critical", _NO_BANK),
    ("payout_sum", "payout", "Payout is not the sum of its parts", "critical", _NOT_YET),
    ("payout_fee", "payout", "Fee not posted, or its tax is wrong", "high", _NO_BANK),
    ("payout_clearing", "payout", "Clearing account does not come to zero", "critical", _NO_BANK),
    ("credit_only_in_xero", "credit", "Credit note only in Xero", "high", _NOT_YET),
    ("credit_amount", "credit", "Credit is not its share of the original", "critical", _NOT_YET),
    ("credit_unallocated", "credit", "Credit note not allocated", "high", _NOT_YET),
    ("contact_tax_number", "contact", "Tax number differs", "high", "Ignition does not give the tax number."),
    ("contact_address", "contact", "Address differs", "low", _NOT_YET),
    ("contact_staff", "contact", "Partner or manager differs", "medium", _NO_PRACTICE_MANAGER),
    ("contact_unlinked", "contact", "Client to be billed has no contact", "high", _NOT_YET),
    ("job_missing", "job", "Accepted proposal without a job", "critical", _NO_PRACTICE_MANAGER),
    ("job_other", "job", "All else about jobs and staff", "high", _NO_PRACTICE_MANAGER),
    ("allocation", "job", "Invoices and work in progress by job", "high", _NO_PRACTICE_MANAGER),
)
