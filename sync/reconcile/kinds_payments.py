"""What can differ between money collected in Ignition and payments in Xero. Pure."""

from datetime import timedelta
from functools import partial

from sync.reconcile.kind import XERO, kind_of

_payment = partial(kind_of, "payment")

PAYMENTS = (
    _payment(
        "missing",
        "Not in Xero",
        "critical",
        "Ignition collected the money, and Xero does not have it on the invoice.",
        "Post the payment to the clearing account.",
        grace=timedelta(days=2),
        unattended="ask",
    ),
    _payment(
        "waiting",
        "On its way",
        "info",
        "It was collected a short while ago, or Ignition has not paid it out yet.",
        "Nothing: it is looked at again next time.",
        kept=False,
    ),
    _payment(
        "left_out",
        "Its invoice is deliberately not written",
        "info",
        "A rule or a person decided to leave its invoice out of Xero.",
        "Nothing, unless that was not meant.",
        kept=False,
    ),
    _payment(
        "no_invoice",
        "Its invoice is not in Xero",
        "critical",
        "The money is for an invoice that Xero does not have, so it can't be put on it.",
        "Send the invoice first.",
        unattended="ask",
    ),
    _payment(
        "removed",
        "Removed in Xero",
        "high",
        "The payment was in Xero and was taken away there.",
        "Find out why it was removed before it is posted again.",
        unattended="ask",
    ),
    _payment(
        "amount",
        "Amount differs",
        "critical",
        "The two systems have different amounts for the same payment.",
        "Remove the payment in Xero and post it again.",
    ),
    _payment(
        "currency",
        "Currency differs",
        "critical",
        "The payment is in different currencies.",
        "Remove the payment in Xero and post it again.",
    ),
    _payment(
        "date",
        "Date is outside of the usual days",
        "medium",
        "Xero has it before the money was collected, or more than sixteen days later.",
        "Check whether it is the same payment, then correct the date.",
    ),
    _payment(
        "unpaid_in_ignition",
        "Paid in Xero, unpaid in Ignition",
        "critical",
        "Xero has money on the invoice, and Ignition may still collect it: the client would pay twice.",
        "Stop the collection in Ignition, or remove the payment in Xero.",
    ),
    _payment(
        "only_in_xero",
        "Only in Xero",
        "high",
        "Ignition knows no such collection.",
        "Check where the money came from.",
        sides=XERO,
    ),
    _payment(
        "not_collected",
        "In Xero, not collected in Ignition",
        "critical",
        "Ignition says that the money did not come.",
        "Remove the payment in Xero.",
        unattended="ask",
    ),
    _payment(
        "reversed",
        "Went back to the client, still in Xero",
        "critical",
        "Ignition refunded the money or it was taken back.",
        "Record the refund in Xero with a credit note.",
        unattended="ask",
    ),
    _payment(
        "refunded",
        "Refunded, and credited in Xero",
        "info",
        "The money went back to the client, and Xero has a credit note for it.",
        "Nothing: both systems say the same in different ways.",
        kept=False,
    ),
    _payment(
        "not_divided",
        "Division over invoices not known",
        "info",
        "Ignition does not say yet how much of the payment is for which invoice.",
        "Nothing: it is looked at again when Ignition says so.",
        kept=False,
    ),
    _payment(
        "account",
        "Not in the clearing account",
        "high",
        "Xero has the payment in another account than the clearing account.",
        "Move it to the clearing account.",
        sides=XERO,
    ),
    _payment(
        "overpaid",
        "More was paid than owed",
        "critical",
        "The payments and credits on the document come to more than its total.",
        "Refund or credit what is too much.",
        sides=XERO,
    ),
)
