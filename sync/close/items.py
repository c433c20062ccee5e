"""What is left of a month's movements, one item after the other. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sync.reconcile.books import ZERO

MOST_ITEMS = 1000
"""Items kept one by one for a month; smaller ones are one line for each cause, so that the sum stays whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one payment or payout (or ``count`` of them together) leaves. ``since`` is its first movement."""

    key: str
    cause: str
    amount: Decimal
    since: date | None = None
    client: str = ""
    document: str = ""
    source_id: str = ""
    target_id: str = ""
    count: int = 1


def most_of(items: Iterable[Item], most: int = MOST_ITEMS) -> tuple[Item, ...]:
    """The largest first; beyond the limit one line for each cause."""
    found = sorted(items, key=lambda item: (-abs(item.amount), item.key))
    rest: dict[str, list[Item]] = defaultdict(list)
    for item in found[most:]:
        rest[item.cause].append(item)
    return (
        *found[:most],
        *(
            Item(
                key=f"rest:{cause}",
                cause=cause,
                amount=sum((item.amount for item in same), ZERO),
                since=min((item.since for item in same if item.since), default=None),
                count=len(same),
            )
            for cause, same in sorted(rest.items())
        ),
    )
