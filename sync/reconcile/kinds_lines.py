"""What can differ between the lines of an invoice in Ignition and those of its document in Xero. Pure."""

from functools import partial

from sync.reconcile.kind import kind_of

_invoice = partial(kind_of, "invoice")

LINES = (
    _invoice(
        "line_missing",
        "A line is missing in Xero",
        "high",
        "Ignition bills something that the document in Xero does not have.",
        "Compare the lines; credit and make again what is wrong.",
        refs=("L07",),
    ),
    _invoice(
        "line_extra",
        "A line is only in Xero",
        "high",
        "Somebody added a line in Xero that Ignition does not bill.",
        "Compare the lines; credit and make again what is wrong.",
        refs=("L07",),
    ),
    _invoice(
        "line_order",
        "Lines are in another order",
        "info",
        "Both documents have the same lines in another order.",
        "Nothing.",
        refs=("L07",),
    ),
    _invoice(
        "line_sum",
        "Quantity times price is not the line's amount",
        "medium",
        "What a line adds to the document is not its quantity times its price less its discount.",
        "Look at the line where it was made.",
        refs=("L08",),
    ),
    _invoice(
        "discount",
        "Discount lost",
        "high",
        "Ignition gives a discount on a line that Xero bills in full.",
        "Credit the discount in Xero.",
        refs=("L09",),
    ),
    _invoice(
        "description",
        "Description of a line differs",
        "low",
        "A line is described in other words.",
        "Nothing, or copy the text to a draft.",
        unattended="may",
        refs=("L10",),
    ),
    _invoice(
        "tracking",
        "Tracking of a line differs",
        "medium",
        "Xero does not have the tracking that the mapping asks for.",
        "Set the tracking in Xero.",
        unattended="ask",
        refs=("L11",),
    ),
    _invoice(
        "precision",
        "Price was cut to two decimals",
        "low",
        "Ignition's price has more decimals than Xero kept.",
        "Nothing for this one; prices with four decimals are sent in full from now on.",
        unattended="may",
        refs=("L19",),
    ),
    _invoice(
        "surcharge",
        "Surcharge on one side only",
        "medium",
        "A card surcharge is in one of the two documents and not in the other.",
        "Book the surcharge with the payout, not on the invoice.",
        unattended="ask",
        refs=("L18",),
    ),
    _invoice(
        "tax_basis",
        "With or without tax differs",
        "critical",
        "One document gives its amounts with tax in them, the other without.",
        "Correct the setting for amounts with or without tax.",
        refs=("L05",),
    ),
    _invoice(
        "branding",
        "Branding theme differs",
        "low",
        "Xero shows it in another branding theme than the mapping says.",
        "Set the branding theme on a draft.",
        unattended="may",
        refs=("L14",),
    ),
    _invoice(
        "not_sent",
        "Not marked as sent",
        "medium",
        "The mapping says that Xero marks it as sent to the client, and Xero doesn't.",
        "Send it from Xero, or mark it as sent there.",
        refs=("V17",),
    ),
    _invoice(
        "reference_level",
        "Reference is the client's, not the proposal's",
        "medium",
        "The client's other invoices carry the proposal's reference, this one the client's own.",
        "Change the billing group for the next invoices.",
        refs=("L16",),
    ),
)
