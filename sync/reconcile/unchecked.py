"""Kinds that are compared otherwise and were not this time, each with the reason and the way out. Pure."""

from collections.abc import Iterable, Mapping

from sync.reconcile.kinds import KINDS

NO_FEES = (
    "Fees are looked for only where two of Ignition's bills were put into Xero as money spent before, to the cent. "
    "Bills to be paid are not read."
)
NOT_ALLOWED = "Xero was not asked for its bank transactions. Connect Xero again and allow bank transactions."
REFUSED = "Xero refused its bank transactions. Connect Xero again and allow bank transactions."
NO_LINES = "Xero has no bank transactions at all, so that nothing can be said of payouts on the bank account."
NOT_READ = "Xero's bank transactions were not read to their end yet. They are read at night, and when you start a sync."


def unchecked(read: Iterable[str], reasons: Mapping[str, str]) -> dict[str, str]:
    """Kind code → reason, for kinds that lack what may be missing. ``reasons`` are those of ``Books.read`` names."""
    have = set(read)
    out = {}
    for code, kind in KINDS.items():
        lacking = [name for name in kind.needs if name in reasons and name not in have]
        if lacking and kind.is_checked:
            out[code] = reasons[lacking[0]]
    return out
