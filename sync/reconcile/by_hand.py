"""What to do by hand about a difference that no button fixes: the steps, and where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

XERO, XERO_CONTACT, IGNITION, CLIENT, MAPPING, CONNECTIONS, APPROVALS, HOME, PROBLEMS = (
    *(
        "xero",
        "xero_contact",
        "ignition",
        "client",
        "mapping",
        "connections",
        "approvals",
        "home",
        "problems",
    ),
)
"""Where a step is done: the document or contact in Xero, the record in Ignition, or one of our own pages."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """``steps`` are sentences in order; ``places`` are where they are done, the first one first."""

    steps: tuple[str, ...]
    places: tuple[str, ...] = (XERO,)


_VOID = ByHand(
    (
        "Open the invoice in Xero.",
        "No money on it: Invoice Options, Void. Money on it: Invoice Options, Add Credit Note, for the whole amount.",
        "Sync and compare again: this difference is gone then.",
    )
)
_RELINK = (
    "In Who is who, open the client and split it from the contact that is gone.",
    "The client is then under “To decide”: choose the contact that is right.",
)

BY_HAND: Mapping[str, ByHand] = {
    "contact_gone": ByHand(_RELINK, (CLIENT,)),
    "contact_archived": ByHand(
        (
            "Was it archived by mistake? Open the contact in Xero, Options, Restore: nothing else is needed.",
            f"Otherwise: {_RELINK[0][0].lower()}{_RELINK[0][1:]}",
            _RELINK[1],
        ),
        (XERO_CONTACT, CLIENT),
    ),
    "contact_merged": ByHand(
        (
            "Sync once: a link follows a merge by itself, where the contact that remained is active and nobody else's.",
            "Still here? Then another client is linked to that contact, or it is archived. In Who is who, open the "
            "client and decide which of them it is.",
            "Does only Ignition still point to the old contact? There: the client, Edit, Apps; choose the contact that "
            "remained.",
        ),
        (CLIENT, XERO_CONTACT),
    ),
    "contact_not_linked": ByHand(
        (
            "Look at the contact in Xero: is it this client?",
            "Yes: in Who is who, open the client and choose that contact.",
            "No: its invoices are on a wrong contact. Credit them in Xero and make them again for the right one.",
        ),
        (CLIENT, XERO_CONTACT),
    ),
    "invoice_only_in_xero": ByHand(
        (
            "Open the invoice in Xero; History and Notes tells who made it.",
            "Made from Ignition, and there under another number: choose it on the invoice's page under “To decide”.",
            "Made by mistake: void it in Xero, or credit it if money is on it.",
            "Made on purpose: take the PROP- or CLI- text out of its reference, or accept the difference.",
        )
    ),
    "invoice_gone_in_xero": ByHand(
        (
            "Search Xero for the number and the client, deleted and voided ones too.",
            "Found: sync with “Everything”, and it is read again.",
            "Not there any more: void the invoice in Ignition, or make it again in Xero.",
        )
    ),
    "invoice_not_raised": ByHand(
        (
            "Open the proposal in Ignition and look at its billing: is it paused, or does it begin on a later day?",
            "An invoice is missing: issue it there. It reaches Xero by itself.",
            "The work has ended: end the proposal there, or archive the client.",
            "It is billed elsewhere on purpose: accept the difference.",
        ),
        (IGNITION,),
    ),
    "invoice_gone_in_ignition": _VOID,
    "invoice_void_in_ignition": _VOID,
    "invoice_rounding": ByHand(
        (
            "Nothing in Xero: tax is rounded line by line there.",
            "Accept it below with the amount as the ceiling. It opens again by itself if it grows.",
        ),
        (),
    ),
    "invoice_precision": ByHand(
        (
            "Nothing for this invoice: its total stands.",
            "Accept it below. From now on prices are sent with four decimals.",
        ),
        (),
    ),
    "invoice_surcharge": ByHand(
        (
            "Open the invoice in Xero. A surcharge line there, and nothing paid yet: take the line out.",
            "Paid already: credit that line, and book the surcharge with the payout.",
        )
    ),
    "invoice_account": ByHand(
        (
            "Open the invoice in Xero. Unpaid: Invoice Options, Edit, choose the account that the mapping says.",
            "Paid: an adviser uses Find and Recode, or a manual journal.",
            "Is Xero right? Then change the account of the service in the mapping.",
        ),
        (XERO, MAPPING),
    ),
    "invoice_tracking": ByHand(
        (
            "Open the invoice in Xero; Invoice Options, Edit, and choose the tracking of the line. Xero takes that "
            "of paid invoices too, outside of locked periods.",
            "Should every invoice have it? Choose it in the mapping.",
        ),
        (XERO, MAPPING),
    ),
    "invoice_branding": ByHand(
        ("Open the invoice in Xero; Invoice Options, Edit, and choose the branding theme.",), (XERO, MAPPING)
    ),
    "invoice_description": ByHand(
        ("Nothing, if the client understands it. Otherwise open the invoice in Xero and edit the text.",)
    ),
    "invoice_due_date": ByHand(("Open the invoice in Xero; Invoice Options, Edit, and set the due date.",)),
    "invoice_reference": ByHand(
        (
            "Open the invoice in Xero; Invoice Options, Edit, and put the reference back. Xero takes that of paid "
            "invoices too, outside of locked periods.",
        )
    ),
    "payment_no_invoice": ByHand(
        (
            "Look in the list for the difference of its invoice, “Not in Xero”, and have that one sent.",
            "The payment goes by itself once the invoice is there.",
        ),
        (IGNITION,),
    ),
    "payment_removed": ByHand(
        (
            "Open the invoice in Xero; History and Notes tells who took the payment away, and why.",
            "By mistake: Add Payment, with the amount and the day that stand above, to the clearing account.",
            "On purpose, as the money went back: record that in Ignition.",
        )
    ),
    "payment_not_collected": ByHand(
        (
            "Open the invoice in Xero and click the payment.",
            "Options, Remove and Redo (or Remove, if it is not reconciled).",
            "The invoice is open again, and the next collection pays it.",
        )
    ),
    "payment_reversed": ByHand(
        (
            "Open the invoice in Xero; Invoice Options, Add Credit Note, with the same account and tax.",
            "Refund the credit note from the clearing account, on the day on which the money went back.",
        )
    ),
    "payment_part": ByHand(
        (
            "Compare the payments of both systems below: all that Ignition collected is in Xero.",
            "So something else paid the rest in Ignition: a discount, a credit, or money outside of Ignition. Record "
            "that in Xero as what it was.",
        ),
        (XERO, IGNITION),
    ),
    "payment_unallocated": ByHand(
        (
            "Open the contact in Xero; the overpayment or prepayment stands with its activity.",
            "Allocate the credit to the open invoice it was meant for, or refund it.",
        ),
        (XERO_CONTACT,),
    ),
    "credit_unallocated": ByHand(
        ("Open the credit note in Xero, and choose Allocate credit: the invoice it is for.",),
    ),
    "payout_negative": ByHand(
        (
            "Find the debit in the bank account in Xero.",
            "Code it to the clearing account, with the payout's number as the reference.",
        ),
        (),
    ),
    "payout_fee_missing": ByHand(
        (
            "Find the fee in the bank account in Xero, or on Ignition's bill for the month.",
            "Enter it as money spent: the account for fees, with the tax that the bill shows.",
        ),
        (),
    ),
    "payout_fee_other": ByHand(
        (
            "Compare the money spent in Xero with Ignition's bill for the month.",
            "Correct the one that is wrong; ask Ignition where its bill is.",
        )
    ),
    "payout_fee_tax": ByHand(
        ("Open the money spent in Xero, Options, Edit, and choose the tax that Ignition's bill shows.",)
    ),
    "connection_unused_key": ByHand(
        ("Run a sync, or connect again on the page of the connections.",), (CONNECTIONS, HOME)
    ),
    "connection_account_gone": ByHand(
        ("Choose another account in the mapping and publish it: what waits goes by itself.",), (MAPPING,)
    ),
    "connection_tax_gone": ByHand(
        ("Choose another tax type in the mapping and publish it: what waits goes by itself.",), (MAPPING,)
    ),
    "connection_silent": ByHand(
        ("Check the address that reports changes. What was missed is read by the next sync.",), (CONNECTIONS,)
    ),
    "connection_clock": ByHand(
        ("Compare the time zone of the practice with those in Ignition and Xero.",), (CONNECTIONS,)
    ),
    "sync_unclear": ByHand(
        (
            "Look in Xero whether it is there.",
            "Then press Retry on the problem's page: it is looked up first and never written twice.",
        ),
        (PROBLEMS,),
    ),
    "sync_list_unread": ByHand(("Sync everything. The list is read to its end then.",), (HOME,)),
    "sync_list_old": ByHand(("Sync now.",), (HOME,)),
    "sync_approval_old": ByHand(("Approve or reject it.",), (APPROVALS,)),
    "sync_outgrown": ByHand(("Look at the accepted difference again: it has outgrown what was agreed.",), ()),
}
