"""What can differ between clients in Ignition and contacts in Xero. Pure."""

from functools import partial

from sync.reconcile.kind import IGNITION, XERO, kind_of

_contact = partial(kind_of, "contact")

CONTACTS = (
    _contact(
        "name",
        "Name differs",
        "medium",
        "The linked client and contact have different names.",
        "Take over the right name.",
        unattended="ask",
    ),
    _contact(
        "spelling",
        "Name is spelled differently",
        "low",
        "The names differ only in case, spaces or punctuation.",
        "Take over one spelling.",
        unattended="may",
    ),
    _contact(
        "email",
        "E-mail differs",
        "high",
        "Invoices would go to another address.",
        "Take over the right address.",
        unattended="ask",
    ),
    _contact(
        "phone",
        "Phone differs",
        "low",
        "The linked client and contact have different phone numbers.",
        "Take over the right number.",
        unattended="ask",
    ),
    _contact(
        "gone",
        "Linked contact is not in Xero's list",
        "high",
        "The contact that the client is linked to is no longer there.",
        "Link the client to another contact.",
        unattended="ask",
    ),
    _contact(
        "archived",
        "Linked contact is archived",
        "high",
        "Xero takes no new invoices for an archived contact.",
        "Restore the contact in Xero, or link the client to another one.",
        unattended="ask",
    ),
    _contact(
        "merged",
        "Linked contact was merged",
        "high",
        "The contact was merged into another one in Xero.",
        "Link the client to the contact that remained.",
        unattended="ask",
    ),
    _contact(
        "shared",
        "Several clients on one contact",
        "high",
        "Two or more clients in Ignition are linked to the same contact.",
        "Confirm that they are billed together, or split them.",
    ),
    _contact(
        "twice_in_ignition",
        "Probably twice in Ignition",
        "high",
        "Clients share their tax number, or their e-mail and name.",
        "Merge them in Ignition.",
        sides=IGNITION,
    ),
    _contact(
        "twice_in_xero",
        "Probably twice in Xero",
        "high",
        "Contacts share their tax number, or their e-mail and name.",
        "Merge them in Xero.",
        sides=XERO,
    ),
)
