"""One difference: both systems side by side with the cells that differ marked, what belongs to them, and its story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from connectors.records import Kind as RecordKind
from connectors.stored import dump, load
from practices.models import AuditEntry, Practice, Provider, User
from sync.deeplinks import deep_link
from sync.models import Change, Kind, Mismatch, MismatchNote, MismatchState, Snapshot
from sync.pages.bank_side import bank_side
from sync.pages.bank_table import BankSide
from sync.pages.by_hand import Guide, guide
from sync.pages.diff import Value, shown
from sync.pages.reconciliation import MismatchRow, mismatch_row
from sync.pages.record import Column, FieldRow, field_rows, filled
from sync.pages.related import RelatedGroup, related
from sync.pages.words import field_words
from sync.reconcile.aligning import align
from sync.reconcile.fixers import FIXERS, OWN_FIELDS, wants_second
from sync.reconcile.obstacles import obstacle
from sync.report.choosing import people
from sync.wishes import AGAIN, LINE_FIELDS

KIND_OF = {
    "contact": Kind.CONTACT,
    "invoice": Kind.INVOICE,
    "payment": Kind.PAYMENT,
    "credit": Kind.CREDIT_NOTE,
}
ON_INVOICE = frozenset({"payment_overpaid"})
"""Differences about money that are found on the invoice."""
ON_PAYMENT = frozenset({"payout_fee", "payout_item_old", "payout_clearing"})
"""Differences about payouts that are found on single payments."""
MOST_RECORDS = 6
LINE_COLUMNS = ("description", "quantity", "unit_amount", "account_code", "tax_type", "amount")
BELONGS = (Kind.PAYMENT, Kind.INVOICE, Kind.CREDIT_NOTE)
SHOWN = 10
MOST_EVENTS = 100
REMEMBERED = timedelta(days=400)
"""How far back the audit trail is searched for one difference."""
STORY = {
    "mismatch.accepted": "Accepted",
    "mismatch.reopened": "Opened again",
    "mismatch.assigned": "Changed hands",
    "mismatch.fix_asked": "Asked to have it fixed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSide:
    """One line in one system; ``cells`` with whether each differs from the other system."""

    system: str
    cells: tuple[tuple[Value, bool], ...]
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePair:
    number: int
    sides: tuple[LineSide, LineSide]
    moved: bool

    @property
    def differs(self) -> bool:
        return any(side.missing or any(marked for _, marked in side.cells) for side in self.sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    text: str
    who: str = ""
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """What hangs on a record in its own system: payments, credit notes, invoices."""

    system: str
    groups: Sequence[RelatedGroup]


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchPage:
    """``does`` says what the fix button does, ``obstacle`` why it can't be pressed; ``second``: somebody approves.

    ``guide`` is what to do by hand, where no button does it. ``bank`` is there where it is about money on the bank.
    """

    row: MismatchRow
    columns: Sequence[Column]
    fields: Sequence[FieldRow]
    lines: Sequence[LinePair]
    line_labels: Sequence[str]
    belongings: Sequence[Belonging]
    story: Sequence[Event]
    people: Sequence[tuple[str, str]]
    change: Change | None
    does: str
    obstacle: str
    second: bool
    guide: Guide | None
    bank: BankSide | None

    @property
    def may_fix(self) -> bool:
        return self.row.fixable and not self.obstacle and not self.is_under_way

    @property
    def is_under_way(self) -> bool:
        return self.change is not None and self.change.state in {"pending", "in_flight", "held"}


def mismatch_page(practice: Practice, item: Mismatch) -> MismatchPage:
    """Everything the page shows; its queries grow with the records that it is about, at most six, and no further."""
    row = mismatch_row(item, timezone.now())
    snapshots = _snapshots(practice, item)
    groups = [related(practice, snapshot) for snapshot in snapshots]
    records = [filled(*pair) for pair in zip(snapshots, groups, strict=True)]
    kind = _kind(item)
    is_open = item.state == MismatchState.OPEN
    stops = obstacle(practice, item) if row.fixable and is_open else ""
    bank = bank_side(practice, item)
    beside = [*snapshots, *(bank.snapshots if bank is not None else ())]
    return MismatchPage(
        row=row,
        columns=[
            Column(
                system=str(snapshot.connection.get_provider_display()),
                snapshot=snapshot,
                link=deep_link(snapshot.connection, snapshot.kind, snapshot.external_id, snapshot.record),
                here=False,
            )
            for snapshot in snapshots
        ],
        fields=field_rows(str(kind), records, practice.country) if records and kind else [],
        lines=_lines(snapshots) if kind == Kind.INVOICE else [],
        line_labels=[field_words(name) for name in LINE_COLUMNS],
        belongings=_belongings(practice, snapshots, groups),
        story=_story(practice, item),
        people=people(practice),
        change=item.change,
        does=_does(item.kind) if row.fixable else "",
        obstacle=stops,
        second=row.fixable and wants_second(item.kind),
        guide=guide(practice, item, beside) if is_open and (stops or not row.fixable) else None,
        bank=bank,
    )


def _does(code: str) -> str:
    values = FIXERS[code].values
    if FIXERS[code].allocates:
        return "The client's credit in Xero is put on its open invoice over exactly that amount."
    if FIXERS[code].relinks:
        return "The client is linked to the contact that is right. That is noted here; nothing is written to Xero."
    if not values:
        return "It is sent to Xero as it was planned."
    if values == (OWN_FIELDS,):
        return "What the mapping says is written to Xero: its own fields that differ, and nothing else."
    if values == (AGAIN,):
        return "The payment is posted again on the same invoice: its day, its amount, the account of the mapping."
    words = " and ".join(field_words(value).lower() for value in values)
    if set(values) & LINE_FIELDS:
        return f"What the mapping says is written to the lines in Xero: {words}, and nothing else. No total moves."
    return f"What Ignition says is written to Xero: {words}, and nothing else."


def _kind(item: Mismatch) -> Kind | None:
    if item.kind in ON_PAYMENT:
        return Kind.PAYMENT
    return Kind.INVOICE if item.kind in ON_INVOICE else KIND_OF.get(item.about)


def _snapshots(practice: Practice, item: Mismatch) -> list[Snapshot]:
    """The records that it is about, Ignition's first. One query."""
    kind = _kind(item)
    source = [str(key).partition("/")[0] for key in item.source_external_ids[:MOST_RECORDS]]
    target = [str(key) for key in item.target_external_ids[:MOST_RECORDS]]
    if kind is None or not (source or target):
        return []
    ours = Q(connection__provider=Provider.IGNITION)
    rows = Snapshot.objects.filter(practice=practice, kind=kind)
    rows = rows.filter((ours & Q(external_id__in=source)) | (~ours & Q(external_id__in=target)))
    found = list(rows.select_related("connection"))
    found.sort(key=lambda row: (row.connection.provider != Provider.IGNITION, row.pk))
    return found[:MOST_RECORDS]


def _lines(snapshots: Sequence[Snapshot]) -> list[LinePair]:
    """The lines of one invoice beside those of its document; nothing where there are more or fewer than two."""
    if len(snapshots) != 2 or snapshots[0].connection_id == snapshots[1].connection_id:
        return []
    if any(snapshot.problem for snapshot in snapshots):
        return []
    left, right = (load(RecordKind.INVOICE, snapshot.record) for snapshot in snapshots)
    names = [str(snapshot.connection.get_provider_display()) for snapshot in snapshots]
    out = []
    for number, pair in enumerate(align(left.lines, right.lines), start=1):
        sides = tuple(
            LineSide(system=system, cells=_cells(line, pair.differing, currency), missing=line is None)
            for system, line, currency in zip(
                names, (pair.left, pair.right), (left.currency, right.currency), strict=True
            )
        )
        out.append(LinePair(number=number, sides=(sides[0], sides[1]), moved=pair.moved))
    return out


def _cells(line: Any, differing: frozenset[str], currency: str) -> tuple[tuple[Value, bool], ...]:
    if line is None:
        return tuple((Value(""), False) for _ in LINE_COLUMNS)
    stored = {"quantity": "1", **dump(line)}
    return tuple((shown(name, stored.get(name), currency), name in differing) for name in LINE_COLUMNS)


def _belongings(
    practice: Practice, snapshots: Sequence[Snapshot], groups: Sequence[Sequence[RelatedGroup]]
) -> list[Belonging]:
    """Payments, invoices and credit notes of documents; a client's are on its own page."""
    out = []
    for snapshot, found in zip(snapshots, groups, strict=True):
        if snapshot.kind == Kind.CONTACT:
            continue
        shown_here = [group for group in found if group.kind in BELONGS and group.rows]
        notes = _credit_notes(practice, snapshot)
        if notes:
            shown_here.append(
                RelatedGroup(title="Credit notes of the contact", kind="credit_note", rows=notes, more=False)
            )
        if shown_here:
            out.append(Belonging(system=str(snapshot.connection.get_provider_display()), groups=shown_here))
    return out


def _credit_notes(practice: Practice, snapshot: Snapshot) -> list[Snapshot]:
    if snapshot.connection.provider == Provider.IGNITION or not snapshot.party_external_id:
        return []
    rows = Snapshot.objects.filter(
        practice=practice,
        connection=snapshot.connection,
        kind=Kind.CREDIT_NOTE,
        party_external_id=snapshot.party_external_id,
    ).defer("raw")
    return list(rows.exclude(pk=snapshot.pk).order_by("-date", "-pk")[:SHOWN])


def _story(practice: Practice, item: Mismatch) -> list[Event]:
    """What happened to it, the newest first."""
    times = "once" if item.times_seen == 1 else f"{item.times_seen:,} times"
    events = [
        Event(at=item.first_seen_at, text="First seen"),
        Event(at=item.last_seen_at, text="Last seen", detail=f"Seen {times} so far."),
    ]
    if item.fixed_at:
        events.append(Event(at=item.fixed_at, text="Gone", tone="good"))
    trail = AuditEntry.objects.filter(
        practice=practice,
        object_type="mismatch",
        object_id=str(item.pk),
        action__in=list(STORY),
        at__gte=timezone.now() - REMEMBERED,
    ).select_related("actor")
    events.extend(
        Event(
            at=entry.at,
            text=STORY[entry.action],
            who=_who(entry.actor) or entry.actor_label,
            detail=entry.summary,
        )
        for entry in trail.order_by("-pk")[:MOST_EVENTS]
    )
    notes = MismatchNote.objects.filter(practice=practice, mismatch=item).select_related("author")
    events.extend(
        Event(at=made.created_at, text="Note", who=_who(made.author), detail=made.text, tone="info")
        for made in notes.order_by("-pk")[:MOST_EVENTS]
    )
    return sorted(events, key=lambda event: event.at, reverse=True)


def _who(user: User | None) -> str:
    return str(user) if user is not None else ""
