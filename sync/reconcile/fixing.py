"""Fixing a difference: a Change through the plan and the outbox, with a second person where its kind asks for one.

What is missing is sent again as it was planned. A value that differs becomes an update of that value alone, which the
plan keeps (``sync.wished``) until it is written or its facts change. Nothing here voids, deletes or gives money back.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from django.db import transaction

from mappings.services import load_choices
from practices.audit import record
from practices.models import Practice, User
from sync import decisions, lanes
from sync.approvals import asking
from sync.decisions import NotAllowed, audit_each, plan_and_send
from sync.flows import sides_of
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Flow,
    Kind,
    Mismatch,
    MismatchState,
    Mode,
    Purpose,
    Snapshot,
    Verb,
)
from sync.outbox import write_plan
from sync.part import load_part, part_of
from sync.planned import Planned
from sync.planning import decide_all
from sync.reconcile.kinds import KINDS
from sync.ruled import APPROVAL
from sync.wished import NOTHING, decide
from sync.wishes import ASKED, FIELDS, SECOND_PERSON, Wish
from sync.world import Part, Sides, World

AT_ONCE = 200
"""Differences of one click; each needs its client's whole part of the books."""
PATIENCE_SECONDS = 4.0
"""How long a click waits for a sync that works on the same records."""

NOT_OPEN = "It is not open any more."
NO_FIX = "It can't be fixed from here: do what its page says."
WATCHED = "Nothing is written in watch mode. Switch that kind of record on first, on the plan page."
BUSY = "A sync is at work right now. Try again in a minute."
SENT_NOW = "It is being sent right now. Compare again when that is settled."
NOT_PLANNED = "The last sync planned nothing for it. Sync first, then look at the record."
NOT_CONNECTED = "Connect both systems first."


@dataclass(frozen=True, slots=True)
class Fixer:
    """What a fix writes: one value of a record that is there, or the whole record where ``value`` is empty."""

    kind: Kind
    value: str = ""


FIXERS: Mapping[str, Fixer] = {
    "contact_missing": Fixer(Kind.CONTACT),
    "invoice_missing": Fixer(Kind.INVOICE),
    "payment_missing": Fixer(Kind.PAYMENT),
    "contact_name": Fixer(Kind.CONTACT, "name"),
    "contact_spelling": Fixer(Kind.CONTACT, "name"),
    "contact_email": Fixer(Kind.CONTACT, "email"),
    "contact_phone": Fixer(Kind.CONTACT, "phone"),
    "invoice_due_date": Fixer(Kind.INVOICE, "due_date"),
    "invoice_reference": Fixer(Kind.INVOICE, "reference"),
}
"""By kind of difference. Kinds that may never be fixed unattended have no button even if they stand here."""


@dataclass
class Outcome:
    """What became of several: those with a Change now, how many of them wait for approval, and why others were left."""

    done: list[Mismatch] = field(default_factory=list)
    waiting: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def leave(self, why: str) -> None:
        self.left[why] = self.left.get(why, 0) + 1

    @property
    def left_count(self) -> int:
        return sum(self.left.values())

    @property
    def why(self) -> str:
        """Why some were left, in sentences; with numbers when there is more than one."""
        if self.left_count <= 1:
            return "".join(self.left)
        return " ".join(
            f"{count:,}: {text}" if len(self.left) > 1 else text for text, count in self.left.items()
        )


def is_fixable(code: str) -> bool:
    """Whether a button fixes this kind."""
    return code in FIXERS and code in KINDS and KINDS[code].unattended in {"ask", "may"}


def fixable_codes() -> list[str]:
    return [code for code in FIXERS if is_fixable(code)]


def wants_second(code: str) -> bool:
    return KINDS[code].unattended == "ask"


def obstacle(practice: Practice, row: Mismatch) -> str:
    """What stands in the way of the button before it is pressed, as a sentence; empty when nothing is known to."""
    if not is_fixable(row.kind):
        return NO_FIX
    fixer = FIXERS[row.kind]
    flow = Flow.objects.filter(practice=practice, kind=fixer.kind).first()
    if flow is None:
        return NOT_CONNECTED
    if flow.mode == Mode.WATCH:
        return WATCHED
    if fixer.value:
        return ""
    change = _open_change(practice, fixer, row)
    return _refusal(practice, fixer, row, change)


def fix(practice: Practice, pks: Iterable[int], *, actor: User) -> Outcome:
    """Have these differences fixed. Asked twice, or by two people at once, there is one Change.

    Those that can't be are left with the reason, and nothing of them is written.
    """
    outcome = Outcome()
    pairs = sides_of(practice)
    wanted = sorted(set(pks))[:AT_ONCE]
    if not pairs:
        for _ in wanted:
            outcome.leave(NOT_CONNECTED)
        return outcome
    sides, flows = pairs[0]
    with _nothing_moves(sides), transaction.atomic():
        rows = Mismatch.objects.select_for_update(of=("self",), no_key=True).filter(practice=practice)
        todo = [row for row in rows.filter(pk__in=wanted).order_by("pk") if _may(row, flows, outcome)]
        values = [row for row in todo if FIXERS[row.kind].value]
        _send_missing(practice, [row for row in todo if row not in values], actor, outcome)
        _write_values(sides, flows, values, actor, outcome)
    if outcome.done:
        plan_and_send(practice, actor)
    return outcome


@contextmanager
def _nothing_moves(sides: Sides) -> Iterator[None]:
    """Both lanes, so that no sync plans these records meanwhile. :class:`NotAllowed` when it takes too long."""
    taken: list[lanes.Lane] = []
    ends = time.monotonic() + PATIENCE_SECONDS
    try:
        for connection in (sides.source, sides.target):
            while (lane := lanes.take(connection)) is None:
                if time.monotonic() > ends:
                    raise NotAllowed(BUSY)
                time.sleep(0.1)
            taken.append(lane)
        yield
    finally:
        for lane in taken:
            lane.release()


def _may(row: Mismatch, flows: Mapping[str, Flow], outcome: Outcome) -> bool:
    """Whether there is something to do for this one; if not, it is left with the reason, or done already."""
    change = row.change
    if row.state != MismatchState.OPEN:
        outcome.leave(NOT_OPEN)
    elif not is_fixable(row.kind) or not row.source_external_ids:
        outcome.leave(NO_FIX)
    elif flows[FIXERS[row.kind].kind].mode == Mode.WATCH:
        outcome.leave(WATCHED)
    elif change is not None and change.state in {ChangeState.PENDING, ChangeState.IN_FLIGHT}:
        outcome.done.append(row)
    elif change is not None and change.state == ChangeState.HELD and change.reason == APPROVAL:
        outcome.waiting += 1
        outcome.done.append(row)
    else:
        return True
    return False


def _source_id(row: Mismatch) -> str:
    return str(row.source_external_ids[0])


def _open_change(practice: Practice, fixer: Fixer, row: Mismatch) -> Change | None:
    if not row.source_external_ids:
        return None
    rows = Change.objects.filter(
        practice=practice,
        kind=fixer.kind,
        source_external_id=_source_id(row),
        state__in=OPEN_CHANGE_STATES,
    )
    found: Change | None = rows.order_by("-pk").first()
    return found


# --- what is missing ------------------------------------------------------------------------------------------


def _send_missing(practice: Practice, rows: Sequence[Mismatch], actor: User, outcome: Outcome) -> None:
    """Send what the plan would create and what stopped before, or say what it waits for."""
    again: list[int] = []
    for row in rows:
        change = _open_change(practice, FIXERS[row.kind], row)
        why = _refusal(practice, FIXERS[row.kind], row, change)
        if why or change is None:
            outcome.leave(why)
            continue
        if change.state == ChangeState.PARKED:
            _mark(change, actor, second=wants_second(row.kind))
            again.append(change.pk)
        elif change.state == ChangeState.HELD:
            outcome.waiting += 1
        _remember(row, change, actor)
        outcome.done.append(row)
    if again:
        decisions.retry(again, practice=practice, actor=actor)
        held = Change.objects.filter(pk__in=again, state=ChangeState.HELD, reason=APPROVAL)
        outcome.waiting += held.count()


def _refusal(practice: Practice, fixer: Fixer, row: Mismatch, change: Change | None) -> str:
    """Why what is missing can't be sent by a click; empty when it can, or is on its way."""
    if change is None:
        key = _source_id(row).partition("/")[0] if row.source_external_ids else ""
        standing = Snapshot.objects.filter(practice=practice, kind=fixer.kind, external_id=key)
        return standing.values_list("standing_text", flat=True).first() or NOT_PLANNED
    if change.verb != Verb.CREATE:
        return NOT_PLANNED
    if change.state == ChangeState.HELD and change.reason != APPROVAL:
        return WATCHED if change.reason == "watch" else change.message or NOT_PLANNED
    return ""


def _mark(change: Change, actor: User, *, second: bool) -> None:
    """Note on a Change that a person asked for it, and that a second one has to say yes."""
    change.released_by = actor
    if ASKED not in change.remarks:
        change.remarks = [*change.remarks, ASKED]
    if second and SECOND_PERSON.key not in asking.keys(change.approval_asked):
        change.approval_asked = [*change.approval_asked, _as_asked()]
    change.save(update_fields=["released_by", "remarks", "approval_asked"])


def _as_asked() -> dict[str, str]:
    return {"key": SECOND_PERSON.key, "name": SECOND_PERSON.name, "text": SECOND_PERSON.text}


# --- values that differ ---------------------------------------------------------------------------------------


def _write_values(
    sides: Sides, flows: Mapping[str, Flow], rows: Sequence[Mismatch], actor: User, outcome: Outcome
) -> None:
    """One update for each record, with the values that were asked for and those already asked for before."""
    if not rows:
        return
    world = _world(sides, rows)
    plans = decide_all(world, {kind: flow.mode for kind, flow in flows.items()})
    by_record: dict[tuple[Kind, str], list[Mismatch]] = {}
    for row in rows:
        by_record.setdefault((FIXERS[row.kind].kind, _source_id(row)), []).append(row)
    ready: dict[Kind, dict[str, Planned]] = {}
    for (kind, key), theirs in by_record.items():
        planned = plans[kind].get(key)
        found = _planned(world, planned, kind, theirs, flows[kind].mode)
        if isinstance(found, str):
            for _ in theirs:
                outcome.leave(found)
        else:
            ready.setdefault(kind, {})[key] = found
    for kind, plan in ready.items():
        written = _put(world, flows[kind], kind, plan)
        asking.withdraw(sides.practice)  # what was asked before for fewer values of the same record
        for key, change in written.items():
            _settle(sides.practice, change, by_record[kind, key], actor, outcome)


def _world(sides: Sides, rows: Sequence[Mismatch]) -> World:
    version, choices = load_choices(sides.practice)
    keys = {(FIXERS[row.kind].kind, _source_id(row)) for row in rows}
    clients = {key for kind, key in keys if kind == Kind.CONTACT}
    invoices = [key for kind, key in keys if kind == Kind.INVOICE]
    owners = Snapshot.objects.of(sides.source, Kind.INVOICE).filter(external_id__in=invoices)
    clients |= set(owners.values_list("party_external_id", flat=True))
    return load_part(sides, version, choices, part_of(sides, clients))


def _planned(
    world: World, planned: Planned | None, kind: Kind, rows: Sequence[Mismatch], mode: str
) -> Planned | str:
    """What the plan is to say about a record from now on, or why it can't be so."""
    if planned is None:
        return NOT_PLANNED
    key = planned.source_external_id
    before = next(
        (item for item in world.wishes if (item.kind, item.source_external_id) == (kind, key)), None
    )
    fields = frozenset(FIXERS[row.kind].value for row in rows)
    asks = any(wants_second(row.kind) for row in rows) or (before is not None and before.asks)
    wish = Wish(
        kind=kind,
        source_external_id=key,
        fields=(fields | before.fields if before else fields) & FIELDS,
        asks=asks,
    )
    decision = decide(world, planned, wish, mode)
    if decision is None:
        return NOTHING
    if decision.action != "update" and decision.reason != APPROVAL:
        return decision.text or NOTHING
    if not fields <= decision.values.keys():
        return NOTHING
    return replace(planned, decision=decision, source_digest="", stopped=False)


def _put(world: World, flow: Flow, kind: Kind, plan: dict[str, Planned]) -> dict[str, Change]:
    """These records' plan in rows, and nothing about any other record."""
    only = frozenset(plan)
    none: frozenset[str] = frozenset()
    world.part = Part(
        clients=only if kind == Kind.CONTACT else none,
        invoices=only if kind == Kind.INVOICE else none,
        payments=none,
        competing=False,
    )
    return write_plan(world, flow, plan, None, {}).open


def _settle(
    practice: Practice, change: Change, rows: Sequence[Mismatch], actor: User, outcome: Outcome
) -> None:
    """Let a Change go out as a person's, or ask the second person; then remember it on its differences."""
    if change.state == ChangeState.IN_FLIGHT:
        for _ in rows:
            outcome.leave(SENT_NOW)
        return
    change.released_by, change.purpose = actor, Purpose.PERSON
    if change.state == ChangeState.PARKED:
        # The very same was refused before: it is sent again, as the desk does.
        change.save(update_fields=["released_by", "purpose"])
        decisions.retry([change.pk], practice=practice, actor=actor)
        change.refresh_from_db()
    change.save(update_fields=["released_by", "purpose"])
    if change.state == ChangeState.HELD and change.reason == APPROVAL:
        asking.request([change], load_choices(practice)[1], by=actor)
        audit_each(practice, [change], actor, "approval.asked", "Asked for approval: {}")
        outcome.waiting += len(rows)
    else:
        audit_each(practice, [change], actor, "change.released", "Released: {}")
    earlier = Mismatch.objects.filter(practice=practice, change__state=ChangeState.SUPERSEDED)
    earlier.filter(
        state=MismatchState.OPEN,
        change__kind=change.kind,
        change__source_external_id=change.source_external_id,
    ).update(change=change)
    for row in rows:
        _remember(row, change, actor)
        outcome.done.append(row)


def _remember(row: Mismatch, change: Change, actor: User) -> None:
    row.change = change
    row.save(update_fields=["change"])
    record(
        row.practice,
        actor,
        "mismatch.fix_asked",
        f"Had a difference fixed{f' of {row.client}' if row.client else ''}"[:300],
        object=row,
        kind=row.kind,
        change=change.pk,
    )
