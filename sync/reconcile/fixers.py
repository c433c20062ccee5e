"""Which kinds of difference a button fixes, and what that writes.

A fix creates what is missing, writes single values that the mapping gives, posts a payment again that was removed, puts
a credit on an invoice, or links a client to another contact. Nothing here voids, deletes, merges or refunds: those
differences say on their page what to do by hand (``sync.reconcile.by_hand``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.models import Kind
from sync.reconcile.kinds import KINDS
from sync.wishes import AGAIN

OWN_FIELDS = "own fields"
"""Stands for all fields of the practice's own maps that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixer:
    """What a fix writes: values of a record that is there, or the whole record where there are none.

    ``second``: somebody approves it though its kind would not ask for that. ``books``: it changes what is reported for
    the month of the document. ``allocates``: it puts a credit of the client on one of its invoices.
    ``relinks``: it moves a link of ours, which everybody may undo, so that nobody has to approve it.
    """

    kind: Kind
    values: tuple[str, ...] = ()
    second: bool = False
    books: bool = False
    allocates: bool = False
    relinks: bool = False


FIXERS: Mapping[str, Fixer] = {
    "contact_missing": Fixer(kind=Kind.CONTACT),
    "invoice_missing": Fixer(kind=Kind.INVOICE),
    "payment_missing": Fixer(kind=Kind.PAYMENT),
    "payment_removed": Fixer(kind=Kind.PAYMENT, values=(AGAIN,), books=True),
    "payment_part": Fixer(kind=Kind.PAYMENT, allocates=True),
    "payment_unallocated": Fixer(kind=Kind.PAYMENT, allocates=True),
    "credit_unallocated": Fixer(kind=Kind.PAYMENT, allocates=True),
    "contact_not_linked": Fixer(kind=Kind.CONTACT, relinks=True),
    "contact_gone": Fixer(kind=Kind.CONTACT, relinks=True),
    "contact_merged": Fixer(kind=Kind.CONTACT, relinks=True),
    "contact_name": Fixer(kind=Kind.CONTACT, values=("name",)),
    "contact_spelling": Fixer(kind=Kind.CONTACT, values=("name",)),
    "contact_name_form": Fixer(kind=Kind.CONTACT, values=("name",)),
    "contact_email": Fixer(kind=Kind.CONTACT, values=("email",)),
    "contact_phone": Fixer(kind=Kind.CONTACT, values=("phone",)),
    "contact_person": Fixer(kind=Kind.CONTACT, values=("first_name", "last_name")),
    "contact_field": Fixer(kind=Kind.CONTACT, values=(OWN_FIELDS,)),
    "invoice_due_date": Fixer(kind=Kind.INVOICE, values=("due_date",)),
    "invoice_reference": Fixer(kind=Kind.INVOICE, values=("reference",)),
    # Somebody may have chosen it in Xero on purpose, so that one person alone does not take it away.
    "invoice_branding": Fixer(kind=Kind.INVOICE, values=("branding_theme_external_id",), second=True),
    "invoice_description": Fixer(kind=Kind.INVOICE, values=("description",), second=True),
    "invoice_account": Fixer(kind=Kind.INVOICE, values=("account_code",), books=True),
    "invoice_tracking": Fixer(kind=Kind.INVOICE, values=("tracking",), books=True),
}
"""By kind of difference. Kinds that may never be fixed unattended have no button even if they stand here."""


def is_fixable(code: str) -> bool:
    """Whether a button fixes this kind."""
    return code in FIXERS and code in KINDS and KINDS[code].unattended in {"ask", "may"}


def fixable_codes() -> list[str]:
    return [code for code in FIXERS if is_fixable(code)]


def wants_second(code: str) -> bool:
    if code in FIXERS and FIXERS[code].relinks:
        return False
    return KINDS[code].unattended == "ask" or (code in FIXERS and FIXERS[code].second)
