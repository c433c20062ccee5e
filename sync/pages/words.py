"""Words of the pages: what a code means to somebody who does not know the codes."""

from mappings.catalog import About
from mappings.targets import TARGETS
from sync.models import ChangeState, Kind, Mode, ParkedAs, RunState, Standing

SINGULAR = {Kind.CONTACT: "contact", Kind.INVOICE: "invoice", Kind.PAYMENT: "payment"}

LIST_PAGES = {Kind.CONTACT: "contacts", Kind.INVOICE: "invoices", Kind.PAYMENT: "payments"}
"""The URL name of each kind's list."""

MODE_MEANS = {
    Mode.WATCH: "Reads and compares. Writes nothing.",
    Mode.FILL_GAPS: "Creates what is missing. Leaves alone what is already there.",
    Mode.TAKE_OVER: "Creates what is missing and keeps what is there up to date.",
}

REASONS = {
    "watch": "Ready, but writing is switched off",
    "fill_gaps": "Already there and left alone by “Fill the gaps”",
    "conflict": "The two systems disagree: choose one",
    "approval": "A second person has to approve it",
    "rule": "A rule of yours says not to write it",
    "possible_duplicate": "May already be in the other system",
    "no_link": "The client is not recognised yet",
    "review": "The client waits for your decision",
    "native_pending": "Ignition is pushing it by itself",
    "no_invoice": "Its invoice is not in the other system yet",
    "contact_not_written": "The client is not written yet",
    "invoice_not_written": "The invoice is not written",
    "invoice_not_approved": "The invoice is not approved in Xero",
    "already_paid": "The invoice is already paid in Xero",
    "amount_differs": "The amounts differ",
    "already_linked": "The other record is linked to another one",
    "duplicate_name": "The name is already used in Xero",
    "native_missing": "Ignition says it pushed it, but it isn't there",
    "native_will_post": "Ignition posts it by itself",
    "not_allocated": "It is not known which invoice the money is for",
    "not_paid_out": "The payout has not arrived yet",
    "reversed_in_source": "It was reversed in Ignition after it was written",
    "void_in_source": "It was voided in Ignition after it was written",
    "clawed_back": "The money went back to the client",
    "dead_in_target": "It was voided or deleted in Xero",
    "target_archived": "The contact is archived in Xero",
    "target_gone": "Xero no longer has it",
    "before_start": "Dated before the start you chose",
    "from_ledger": "It came from Xero in the first place",
    "left_alone": "You decided to leave it alone",
    "declined": "You decided that this is not written",
    "kept": "What is in Xero was kept",
    "unknown_state": "Ignition gives it a state we don't know",
    "no_client": "Its client is not known",
    "locked_by_money": "Xero no longer allows changes: money is on it",
    "tax_unmapped": "A tax has no tax type chosen",
    "tax_unsure": "Its tax can't be told from the total",
    "tax_gone": "A tax type is no longer active",
    "tax_not_revenue": "A tax type can't be used on sales",
    "account_unmapped": "No sales account is chosen",
    "account_gone": "An account is no longer active",
    "duplicate_number": "Two invoices in Ignition carry one number",
    "stored_differently": "Xero stored it differently",
    "clearing_unmapped": "No clearing account is chosen",
    "clearing_gone": "The clearing account is no longer active",
    "clearing_closed": "The clearing account does not accept payments",
    "tracking_gone": "A tracking option is no longer active",
    "does_not_add_up": "Lines and total don't add up",
    "period_locked": "Dated in a locked period",
    "currency": "The currency does not fit",
    "no_date": "There is no date",
    "no_lines": "There are no lines",
    "no_number": "There is no number",
    "no_name": "There is no name",
    "no_amount": "There is no amount",
    "negative_total": "The total is negative",
    "precision": "The amount has more than two decimals",
    "type": "It is not a sale in the other system",
}

NEXT_STEP = {
    "watch": "Look at the plan, then switch writing on.",
    "fill_gaps": "Nothing to do. Choose “Take over” to update these too.",
    "conflict": "Open each one and choose whose value stays.",
    "approval": "Somebody who did not ask for it approves or rejects it.",
    "rule": "Nothing, or change the rule.",
    "possible_duplicate": "Compare with the look-alike, then create or leave.",
    "no_link": "Decide who the client is; the rest follows by itself.",
    "review": "Decide who the client is; the rest follows by itself.",
    "no_invoice": "Goes by itself once the invoice is there.",
    "invoice_not_written": "Goes by itself once the invoice is there.",
    "contact_not_written": "Goes by itself once the client is there.",
    "native_pending": "Nothing to do yet; it is looked at again on the next run.",
    "native_missing": "Look in Ignition why its push failed, or cancel here with a note.",
    "duplicate_name": "Rename one of the two, or link them.",
    "target_archived": "Restore the contact in Xero, or link the client to another one.",
    "invoice_not_approved": "Approve the invoice in Xero.",
    "already_paid": "Compare the payments in Xero; cancel here with a note if they are the same.",
    "does_not_add_up": "Check the tax mapping of the services on it.",
    "period_locked": "Open the period in Xero, or cancel with a note.",
}

MAPPING_REASONS = frozenset(
    {
        "tax_unmapped",
        "tax_unsure",
        "tax_gone",
        "tax_not_revenue",
        "account_unmapped",
        "account_gone",
        "clearing_unmapped",
        "clearing_gone",
        "clearing_closed",
        "tracking_gone",
        "currency",
        "needs_mapping",
    }
)
"""Causes that are put right on the mapping page."""
FOLLOWS = frozenset({"no_link", "no_invoice", "contact_not_written", "invoice_not_written", "native_pending"})
"""Causes that end by themselves once something else is settled."""
WORD_FIELDS = frozenset({"status", "payment_state", "payment_method", "method", "payout_state"})
"""Fields that hold a provider's code word."""
FIX_MAPPING = "Choose it on the mapping page; the records follow by themselves."
REVIEW_REASONS = frozenset({"no_link", "review", "possible_duplicate"})
"""Causes that end when a person says who a record is."""

TONES = {
    ChangeState.HELD: "warn",
    ChangeState.PENDING: "info",
    ChangeState.IN_FLIGHT: "info",
    ChangeState.DONE: "good",
    ChangeState.PARKED: "bad",
    ChangeState.SUPERSEDED: "",
    ChangeState.CANCELLED: "",
    RunState.QUEUED: "info",
    RunState.RUNNING: "info",
    RunState.WAITING: "warn",
    RunState.INCOMPLETE: "warn",
    RunState.FAILED: "bad",
    Standing.IN_SYNC: "good",
    Standing.FILTERED: "",
    "ok": "good",
    "partial": "warn",
    "retry": "warn",
    "unclear": "warn",
    "refused": "bad",
    "reconnect": "bad",
    "internal": "bad",
    "started": "info",
    "connected": "good",
    "needs_reconnect": "bad",
    "disconnected": "",
    "open": "warn",
    "linked": "good",
    "create": "info",
    "ignored": "",
    "watch": "",
    "fill_gaps": "info",
    "take_over": "good",
}


FIELDS = {
    **{item.value: item.label for item in TARGETS.values() if item.about is not About.LINE},
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "mobile": "Mobile",
    "first_name": "First name",
    "last_name": "Last name",
    "number": "Number",
    "account_number": "Account number",
    "tax_number": "Tax number",
    "type": "Type",
    "reference": "Reference",
    "date": "Date",
    "due_date": "Due date",
    "currency": "Currency",
    "status": "Status",
    "url": "Link",
    "branding_theme_external_id": "Branding theme",
    "line_amounts": "Line amounts",
    "lines": "Lines",
    "subtotal": "Subtotal",
    "tax": "Tax",
    "total": "Total",
    "amount": "Amount",
    "amount_paid": "Paid",
    "amount_due": "Due",
    "account_code": "Account",
    "account_external_id": "Account",
    "description": "Description",
    "quantity": "Quantity",
    "unit_amount": "Unit price",
    "discount": "Discount",
    "tax_type": "Tax type",
    "tax_amount": "Tax",
    "tracking": "Tracking",
    "method": "Method",
    "payment_state": "Payment",
    "payment_method": "Paid by",
    "surcharge": "Surcharge",
    "fee": "Fee",
    "group": "Group",
    "tags": "Tags",
    "partner_email": "Partner",
    "manager_email": "Manager",
}

MONEY_FIELDS = frozenset(
    {
        "subtotal",
        "tax",
        "total",
        "amount",
        "amount_paid",
        "amount_due",
        "amount_credited",
        "unit_amount",
        "discount",
        "tax_amount",
        "surcharge",
        "fee",
    }
)
DAY_FIELDS = frozenset({"date", "due_date", "paid_on", "expected_payment_date"})


def reason_words(code: str) -> str:
    """A held or parked reason as a short sentence; unknown codes are spelled out rather than hidden."""
    if code in REASONS:
        return REASONS[code]
    if code in ParkedAs.values and code:
        return str(ParkedAs(code).label)
    return code.replace("_", " ").capitalize()


def field_words(name: str) -> str:
    return FIELDS.get(name) or name.replace("_external_id", "").replace("_", " ").capitalize()


def status_words(status: str) -> str:
    """A provider's status in plain letters: ``AUTHORISED`` → ``Authorised``, ``paid_out`` → ``Paid out``."""
    return status.replace("_", " ").capitalize()


def kind_words(kind: str, count: int = 2) -> str:
    """``invoices``, or ``invoice`` for one."""
    try:
        known = Kind(kind)
    except ValueError:
        return kind.replace("_", " ")
    if count == 1:
        return SINGULAR.get(known, str(known.label).lower())
    return str(known.label).lower()
