"""Every kind of difference between Ignition and Xero, as one table. Pure."""

from sync.reconcile.kind import SEVERITIES, KindOf
from sync.reconcile.kinds_contacts import CONTACTS
from sync.reconcile.kinds_invoices import INVOICES
from sync.reconcile.kinds_payments import PAYMENTS
from sync.reconcile.unseen import UNSEEN

KINDS: dict[str, KindOf] = {
    item.code: item
    for item in (
        *INVOICES,
        *PAYMENTS,
        *CONTACTS,
        *(
            KindOf(code=code, about=about, title=title, severity=severity, not_checked=reason)
            for code, about, title, severity, reason in UNSEEN
        ),
    )
}


def kept(code: str) -> bool:
    """Whether a difference of this kind becomes a mismatch."""
    return KINDS[code].kept


def rank(code: str) -> int:
    """How bad a kind is: 0 is worst."""
    return SEVERITIES.index(KINDS[code].severity)
