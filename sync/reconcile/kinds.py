"""Every kind of difference between Ignition and Xero, as one table. Pure."""

from sync.reconcile.kind import SEVERITIES, KindOf
from sync.reconcile.kinds_bank import BANK
from sync.reconcile.kinds_contacts import CONTACTS
from sync.reconcile.kinds_engagements import ENGAGEMENTS
from sync.reconcile.kinds_invoices import INVOICES
from sync.reconcile.kinds_lines import LINES
from sync.reconcile.kinds_ours import CONNECTIONS, SYNC
from sync.reconcile.kinds_payments import PAYMENTS
from sync.reconcile.kinds_payouts import CREDITS, PAYOUTS
from sync.reconcile.unseen import UNSEEN

KINDS: dict[str, KindOf] = {
    item.code: item
    for item in (
        *INVOICES,
        *LINES,
        *ENGAGEMENTS,
        *PAYMENTS,
        *CREDITS,
        *PAYOUTS,
        *BANK,
        *CONTACTS,
        *CONNECTIONS,
        *SYNC,
        *(
            KindOf(
                code=item.code,
                about=item.about,
                title=item.title,
                severity=item.severity,
                refs=item.refs,
                not_checked=item.reason,
            )
            for item in UNSEEN
        ),
    )
}


def kept(code: str) -> bool:
    """Whether a difference of this kind becomes a mismatch."""
    return KINDS[code].kept


def rank(code: str) -> int:
    """How bad a kind is: 0 is worst."""
    return SEVERITIES.index(KINDS[code].severity)
