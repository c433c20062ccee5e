"""The truth about one planted mismatch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One mismatch and the records it is about.

    ref: its row in the list of mismatch kinds.  code: what a comparison might call it.  ignition_ids, xero_ids: the
    records that it shows on, the most important first; a client and its contact come last where it is about a
    document.  client: slug and name in Ignition.  document: the number a person would look for.  money: what differs
    or is at stake.  also: refs that cannot be avoided with it.
    """

    ref: str
    code: str
    note: str
    ignition_ids: tuple[str, ...] = ()
    xero_ids: tuple[str, ...] = ()
    client: str = ""
    client_name: str = ""
    document: str = ""
    money: Decimal = Decimal(0)
    currency: str = ""
    also: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, amounts as text."""
        facts = asdict(self)
        return {**facts, "money": f"{self.money:.2f}"} | {
            name: list(facts[name]) for name in ("ignition_ids", "xero_ids", "also")
        }
