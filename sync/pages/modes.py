"""What a choice of modes would do, in numbers, before anybody makes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sync.models import SYNCED_KINDS, Kind, Mode
from sync.pages.words import MODE_MEANS, kind_words

RANK = {Mode.WATCH: 0, Mode.FILL_GAPS: 1, Mode.TAKE_OVER: 2}


class Preview(Protocol):
    """The numbers of ``sync.flows.preview`` that are used here."""

    @property
    def creates(self) -> int: ...
    @property
    def updates(self) -> int: ...
    @property
    def create_amount(self) -> Decimal | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def calls(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One kind's switch and what follows: documents written at once, their money, the calls it takes."""

    kind: Kind
    old: Mode
    new: Mode
    creates: int
    updates: int
    amount: Decimal | None
    currency: str
    calls: int

    @property
    def writes(self) -> int:
        return self.creates + self.updates

    @property
    def means(self) -> str:
        return MODE_MEANS[self.new]

    @property
    def raises(self) -> bool:
        return RANK[self.new] > RANK[self.old]

    @property
    def words(self) -> str:
        """``1,904 invoices created and 3 updated``."""
        if self.new == Mode.WATCH:
            return "nothing is written any more"
        parts = []
        if self.creates:
            parts.append(f"{self.creates:,} {kind_words(self.kind, self.creates)} created")
        if self.updates:
            parts.append(f"{self.updates:,} {kind_words(self.kind, self.updates)} updated")
        return " and ".join(parts) or "nothing to write right now"


def consequence(kind: Kind, old: Mode, new: Mode, preview: Preview | None) -> Consequence:
    """``fill_gaps`` creates, ``take_over`` also updates, ``watch`` does neither."""
    creates = preview.creates if preview and new != Mode.WATCH else 0
    updates = preview.updates if preview and new == Mode.TAKE_OVER else 0
    calls = _calls(preview, creates + updates)
    amount = preview.create_amount if preview and creates and kind != Kind.CONTACT else None
    return Consequence(
        kind=kind,
        old=old,
        new=new,
        creates=creates,
        updates=updates,
        amount=amount,
        currency=preview.currency if preview else "",
        calls=calls,
    )


def consequences(
    current: Mapping[Kind, Mode], wanted: Mapping[Kind, Mode], previews: Mapping[str, Preview]
) -> list[Consequence]:
    """Only the kinds whose mode changes, in the order they are written."""
    return [
        consequence(kind, current[kind], wanted[kind], previews.get(kind))
        for kind in SYNCED_KINDS
        if kind in wanted and wanted[kind] != current[kind]
    ]


def summary(found: Sequence[Consequence]) -> tuple[int, int]:
    """(records written, calls made) of all switches together."""
    return sum(item.writes for item in found), sum(item.calls for item in found)


def _calls(preview: Preview | None, writes: int) -> int:
    """The share of the previewed calls that belongs to these writes, rounded up."""
    if preview is None or not writes:
        return 0
    all_writes = preview.creates + preview.updates
    return -(-preview.calls * writes // all_writes)
