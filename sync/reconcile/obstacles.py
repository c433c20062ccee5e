"""Why a difference can't be fixed by a button right now, as sentences for people."""

from django.db.models import Q

from connectors.amounts import cents
from connectors.records import Kind as RecordKind
from connectors.stored import load
from mappings.services import load_choices
from practices.models import Practice
from sync import wished
from sync.flows import sides_of
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Flow,
    Kind,
    LinkMethod,
    Mismatch,
    MismatchState,
    Mode,
    SignOff,
    Snapshot,
    Verb,
)
from sync.payments import PAYABLE
from sync.reconcile import picking, relinking
from sync.reconcile.fixers import FIXERS, Fixer, is_fixable
from sync.ruled import APPROVAL
from sync.wished_payments import LESS_OPEN, NO_DOCUMENT, NOT_READ
from sync.world import Sides, lock_date

NOT_OPEN = "It is not open any more."
NO_FIX = "It can't be fixed from here: do what its page says."
WATCHED = "Nothing is written in watch mode. Switch that kind of record on first, on the plan page."
NOT_PLANNED = "The last sync planned nothing for it. Sync first, then look at the record."
NOT_CONNECTED = "Connect both systems first."
EDITED = (
    "Somebody changed more on it in Xero: that stands in the list as “Changed in Xero after it was written”. Accept "
    "that or put it back first, or this fix would hide it."
)
SIGNED_OFF = "Its month is signed off. Take the sign-off back first, or change it in Xero."
LOCKED_DAY = "Xero has locked the period that its day is in, up to {day:%d %b %Y}."


def obstacle(practice: Practice, row: Mismatch) -> str:
    """What stands in the way of the button before it is pressed, as a sentence; empty when nothing is known to."""
    if not is_fixable(row.kind):
        return NO_FIX
    fixer = FIXERS[row.kind]
    if fixer.relinks:
        return _no_contact(practice, row)
    flow = Flow.objects.filter(practice=practice, kind=fixer.kind).first()
    if flow is None:
        return NOT_CONNECTED
    if flow.mode == Mode.WATCH:
        return WATCHED
    if fixer.allocates:
        return _no_pick(practice, row)
    if fixer.kind == Kind.INVOICE and fixer.values:
        return left_alone(practice, row)
    if fixer.kind == Kind.PAYMENT and fixer.values and (sides := _linked_payment(practice, row)) is not None:
        return left_alone(practice, row) or _no_room(sides, row)
    if fixer.kind == Kind.CONTACT and fixer.values:
        return ""
    return refusal(practice, fixer, row, open_change(practice, fixer, row))


def _document_obstacle(practice: Practice, row: Mismatch, fixer: Fixer) -> str:
    """Why Xero would not take a change of its document, by what was last read."""
    pairs = sides_of(practice)
    if not pairs or not row.target_external_ids or not row.source_external_ids:
        return NOT_CONNECTED if not pairs else wished.NOT_LINKED
    sides, _ = pairs[0]
    there = Snapshot.objects.of(sides.target, Kind.INVOICE).filter(
        external_id=row.target_external_ids[0], problem="", gone_at=None
    )
    record = there.values_list("record", flat=True).first()
    if record is None:
        return wished.NOT_LINKED
    link = sides.links().filter(kind=Kind.INVOICE, source_external_id=source_id(row)).first()
    if link is None:
        return wished.NOT_LINKED
    # Where no lines are remembered the mapping tells when the button is pressed.
    lines = link.base_source.get("lines") or [{"tracking": True}]
    stop = wished.barred(load(RecordKind.INVOICE, record), lock_date(sides), fixer.values)
    stop = stop or wished.not_told(
        fixer.values,
        lines,
        is_written=link.method == LinkMethod.WRITTEN,
        left_over=load_choices(practice)[1].left_over_account,
    )
    return stop.text if stop is not None else ""


def left_alone(practice: Practice, row: Mismatch) -> str:
    """Why a document is not changed by a click; empty where it may be, and where the fix is about no document."""
    fixer = FIXERS[row.kind]
    if fixer.kind == Kind.PAYMENT and fixer.books:
        return _closed(practice, row)
    if fixer.kind != Kind.INVOICE or not fixer.values:
        return ""
    # What is written is agreed on from then on, so that an earlier edit of somebody else would not be seen any more.
    edited = Mismatch.objects.filter(practice=practice, kind="invoice_edited", state=MismatchState.OPEN)
    if edited.filter(source_external_ids=row.source_external_ids).exists():
        return EDITED
    return (_closed(practice, row) if fixer.books else "") or _document_obstacle(practice, row, fixer)


def _no_contact(practice: Practice, row: Mismatch) -> str:
    """Why a client is not linked by a click. It may be in every mode: nothing is written."""
    pairs = sides_of(practice)
    found = relinking.choose(pairs[0][0], row) if pairs else NOT_CONNECTED
    return found if isinstance(found, str) else ""


def _no_pick(practice: Practice, row: Mismatch) -> str:
    """Why no credit goes on an invoice by a click."""
    pairs = sides_of(practice)
    found = picking.pick(pairs[0][0], row) if pairs else NOT_CONNECTED
    return found if isinstance(found, str) else ""


def _linked_payment(practice: Practice, row: Mismatch) -> Sides | None:
    """The two systems, where the money is linked to a payment in Xero, which may be gone."""
    pairs = sides_of(practice)
    if not pairs or not row.source_external_ids:
        return None
    sides, _ = pairs[0]
    links = sides.links().filter(kind=Kind.PAYMENT, source_external_id=source_id(row))
    return sides if links.exists() else None


def _no_room(sides: Sides, row: Mismatch) -> str:
    """Why Xero would not take the payment once more, by what was last read."""
    if not _is_removed(sides, row):
        return NOT_READ
    lock = lock_date(sides)
    if lock is not None and row.dated_on is not None and row.dated_on <= lock:
        return LOCKED_DAY.format(day=lock)
    link = (
        sides.links().filter(kind=Kind.INVOICE, source_external_id=source_id(row).partition("/")[2]).first()
    )
    there = Snapshot.objects.of(sides.target, Kind.INVOICE).filter(
        external_id=link.target_external_id if link is not None else "", problem="", gone_at=None
    )
    record = there.values_list("record", flat=True).first()
    document = load(RecordKind.INVOICE, record) if record is not None else None
    if document is None or document.status.upper() not in PAYABLE:
        return NO_DOCUMENT
    if document.amount_due is not None and row.at_stake > document.amount_due:
        return LESS_OPEN.format(amount=cents(row.at_stake), left=document.amount_due)
    return ""


def _is_removed(sides: Sides, row: Mismatch) -> bool:
    """Whether it is known what became of the linked payment: a live one that can't be read may be there."""
    links = sides.links().filter(kind=Kind.PAYMENT, source_external_id=source_id(row))
    rows = Snapshot.objects.of(sides.target, Kind.PAYMENT).filter(
        external_id__in=links.values("target_external_id")
    )
    return bool(rows.exclude(Q(gone_at=None) & ~Q(problem="")).exists())


def _closed(practice: Practice, row: Mismatch) -> str:
    """Why what a signed-off month reports is not changed; empty where it isn't signed off."""
    if row.dated_on is None:
        return ""
    signed = SignOff.objects.filter(
        practice=practice, withdrawn_at=None, starts_on__lte=row.dated_on, ends_on__gte=row.dated_on
    )
    return SIGNED_OFF if signed.exists() else ""


def refusal(practice: Practice, fixer: Fixer, row: Mismatch, change: Change | None) -> str:
    """Why what is missing can't be sent by a click; empty when it can, or is on its way."""
    if change is None:
        key = source_id(row).partition("/")[0] if row.source_external_ids else ""
        standing = Snapshot.objects.filter(practice=practice, kind=fixer.kind, external_id=key)
        return standing.values_list("standing_text", flat=True).first() or NOT_PLANNED
    if change.verb != Verb.CREATE:
        return NOT_PLANNED
    if change.state == ChangeState.HELD and change.reason != APPROVAL:
        return WATCHED if change.reason == "watch" else change.message or NOT_PLANNED
    return ""


def source_id(row: Mismatch) -> str:
    return str(row.source_external_ids[0])


def whole_id(key: str) -> str:
    """The id of the record in Ignition; a payment's share carries it before the slash."""
    return key.partition("/")[0]


def open_change(practice: Practice, fixer: Fixer, row: Mismatch) -> Change | None:
    if not row.source_external_ids:
        return None
    rows = Change.objects.filter(
        practice=practice,
        kind=fixer.kind,
        source_external_id=source_id(row),
        state__in=OPEN_CHANGE_STATES,
    )
    found: Change | None = rows.order_by("-pk").first()
    return found
