"""What is wrong with an invoice beside what was engaged, approved and written. Pure."""

from datetime import timedelta
from functools import partial

from sync.reconcile.kind import IGNITION, kind_of

_invoice = partial(kind_of, "invoice")

ENGAGEMENTS = (
    _invoice(
        "two_a_day",
        "Two alike for one client on one day",
        "info",
        "Ignition issued two invoices to the client on one day, with the same reference and way to pay.",
        "Check that the work is not billed twice.",
        sides=IGNITION,
        refs=("V04",),
    ),
    _invoice(
        "split",
        "Billed on one day in parts",
        "info",
        "Ignition makes one invoice for each billing reference and each way to pay.",
        "Nothing.",
        sides=IGNITION,
        kept=False,
        refs=("V04",),
    ),
    _invoice(
        "edited",
        "Changed in Xero after it was written",
        "high",
        "Somebody changed the document in Xero in something that nothing else here compares.",
        "Accept the change, or put it back with a credit note.",
        refs=("V08",),
    ),
    _invoice(
        "edited_after_approval",
        "Changed after it was approved here",
        "critical",
        "The document in Xero is not what was approved.",
        "Have it approved again, or put back what was approved.",
        refs=("V09",),
    ),
    _invoice(
        "past_approval",
        "In Xero without the approval that is asked for",
        "high",
        "Invoices wait for approval here, and this one was made in Xero by somebody else.",
        "Look at it; accept it when it is right.",
        refs=("V10",),
    ),
    _invoice(
        "number",
        "Number differs or is there twice",
        "high",
        "The document does not have the number it was given, or two have the same one.",
        "Give a draft another number.",
        refs=("V11",),
        needs_all=True,
    ),
    _invoice(
        "after_end",
        "Dated after the engagement ended",
        "high",
        "Ignition billed a proposal after its last day.",
        "Credit it, or correct the proposal's end.",
        sides=IGNITION,
        needs=("proposal",),
        refs=("V15",),
    ),
    _invoice(
        "engaged_value",
        "Recurring amount is not what was engaged",
        "high",
        "The invoice bills a recurring service at another amount than the accepted proposal says.",
        "Revise the proposal, or credit what is too much.",
        sides=IGNITION,
        needs=("proposal",),
        refs=("V18",),
    ),
    _invoice(
        "repeating",
        "A repeating invoice in Xero bills the same client",
        "critical",
        "Xero makes invoices by itself for a client whose recurring work Ignition bills.",
        "Stop one of the two.",
        needs=("proposal", "repeating"),
        refs=("V20",),
    ),
    _invoice(
        "locked",
        "Dated in a locked period",
        "high",
        "It is not in Xero, or not approved there, and its period has been locked since.",
        "Choose the date at which it is booked.",
        grace=timedelta(hours=2),
        refs=("K09",),
    ),
)
