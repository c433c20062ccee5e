"""Fixing a difference: a Change through the plan and the outbox, with a second person where its kind asks for one.

What is missing is sent again as it was planned. A value that differs becomes an update of that value alone, which the
plan keeps (``sync.wished``) until it is written or its facts change. A payment that was removed is posted again the
same way; a credit goes on an invoice by ``sync.reconcile.allocating``. Nothing here voids, deletes or gives money back.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from django.db import transaction

from mappings.services import load_choices
from practices.models import Practice, User
from sync import decisions, lanes, wished
from sync.approvals import asking
from sync.decisions import NotAllowed, audit_each, plan_and_send
from sync.flows import sides_of
from sync.models import (
    Change,
    ChangeState,
    Flow,
    Kind,
    Mismatch,
    MismatchState,
    Mode,
    Purpose,
    Snapshot,
)
from sync.outbox import write_plan
from sync.part import load_part, part_of
from sync.planned import Planned
from sync.planning import decide_all
from sync.reconcile import allocating, relinking
from sync.reconcile.asked import DECLINED, Outcome, as_asked, ask, ran_out, remember
from sync.reconcile.fixers import FIXERS, OWN_FIELDS, Fixer, is_fixable, wants_second
from sync.reconcile.obstacles import (
    NO_FIX,
    NOT_CONNECTED,
    NOT_OPEN,
    NOT_PLANNED,
    WATCHED,
    left_alone,
    open_change,
    refusal,
    source_id,
    whole_id,
)
from sync.ruled import APPROVAL
from sync.wishes import ASKED, SECOND_PERSON, WHOLE, Wish
from sync.world import Part, Sides, World

AT_ONCE = 200
"""Differences of one click; each needs its client's whole part of the books."""
PATIENCE_SECONDS = 4.0
"""How long a click waits for a sync that works on the same records."""

BUSY = "A sync is at work right now. Try again in a minute."
SENT_NOW = "It is being sent right now. Compare again when that is settled."


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
        todo = [row for row in rows.filter(pk__in=wanted).order_by("pk") if _may(row, flows, outcome, actor)]
        credits = [row for row in todo if FIXERS[row.kind].allocates]
        links = [row for row in todo if FIXERS[row.kind].relinks]
        values = [row for row in todo if row not in (*credits, *links) and _is_linked(sides, row)]
        _send_missing(
            practice, [row for row in todo if row not in (*credits, *links, *values)], actor, outcome
        )
        relinking.relink(sides, links, actor, outcome)
        allocating.allocate(sides, flows[Kind.PAYMENT], credits, actor, outcome)
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


def _may(row: Mismatch, flows: Mapping[str, Flow], outcome: Outcome, actor: User) -> bool:
    """Whether there is something to do for this one; if not, it is left with the reason, or done already.

    Where the request for approval ran out, it is asked again. A credit is then put on its invoice anew, as of today.
    """
    change = row.change
    if row.state != MismatchState.OPEN:
        outcome.leave(NOT_OPEN)
    elif not is_fixable(row.kind) or not (row.source_external_ids or FIXERS[row.kind].allocates):
        outcome.leave(NO_FIX)
    elif flows[FIXERS[row.kind].kind].mode == Mode.WATCH and not FIXERS[row.kind].relinks:
        outcome.leave(WATCHED)
    elif why := left_alone(row.practice, row):
        outcome.leave(why)
    elif change is not None and change.state in {ChangeState.PENDING, ChangeState.IN_FLIGHT}:
        outcome.done.append(row)
    elif change is not None and change.state == ChangeState.HELD and change.reason == APPROVAL:
        if ran_out(change):
            if FIXERS[row.kind].allocates:
                return True
            ask(change, actor, "Asked again for approval: {}")
        outcome.waiting += 1
        outcome.done.append(row)
    else:
        return True
    return False


def _is_linked(sides: Sides, row: Mismatch) -> bool:
    """Whether its record has a partner in the target that values are written to, or that they take the place of."""
    fixer = FIXERS[row.kind]
    if fixer.kind != Kind.PAYMENT or not fixer.values:
        return bool(fixer.values)
    return bool(sides.links().filter(kind=Kind.PAYMENT, source_external_id=source_id(row)).exists())


# --- what is missing ------------------------------------------------------------------------------------------


def _send_missing(practice: Practice, rows: Sequence[Mismatch], actor: User, outcome: Outcome) -> None:
    """Send what the plan would create and what stopped before, or say what it waits for."""
    again: list[int] = []
    for row in rows:
        change = open_change(practice, FIXERS[row.kind], row)
        why = refusal(practice, FIXERS[row.kind], row, change)
        if why or change is None:
            outcome.leave(why)
            continue
        if change.state == ChangeState.PARKED:
            _mark(change, actor, second=wants_second(row.kind))
            again.append(change.pk)
        elif change.state == ChangeState.HELD:
            outcome.waiting += 1
        remember(row, change, actor)
        outcome.done.append(row)
    if again:
        decisions.retry(again, practice=practice, actor=actor)
        held = Change.objects.filter(pk__in=again, state=ChangeState.HELD, reason=APPROVAL)
        outcome.waiting += held.count()


def _mark(change: Change, actor: User, *, second: bool) -> None:
    """Note on a Change that a person asked for it, and that a second one has to say yes."""
    change.released_by = actor
    if not change.asked_for:
        change.asked_for = [WHOLE]
        change.remarks = [*change.remarks, ASKED]
    if second and SECOND_PERSON.key not in asking.keys(change.approval_asked):
        change.approval_asked = [*change.approval_asked, as_asked()]
    change.save(update_fields=["released_by", "asked_for", "remarks", "approval_asked"])


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
        by_record.setdefault((FIXERS[row.kind].kind, source_id(row)), []).append(row)
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
        if kind == Kind.PAYMENT:
            plan = _with_other_shares(plan, plans[kind])
        written = _put(world, flows[kind], kind, plan)
        asking.withdraw(sides.practice)  # what was asked before for fewer values of the same record
        for key in ready[kind]:
            _settle(sides.practice, written.get(key), by_record[kind, key], actor, outcome)


def _world(sides: Sides, rows: Sequence[Mismatch]) -> World:
    version, choices = load_choices(sides.practice)
    keys = {(FIXERS[row.kind].kind, source_id(row)) for row in rows}
    clients = {key for kind, key in keys if kind == Kind.CONTACT}
    for owned in (Kind.INVOICE, Kind.PAYMENT):
        ids = [whole_id(key) for kind, key in keys if kind == owned]
        owners = Snapshot.objects.of(sides.source, owned).filter(external_id__in=ids)
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
    named = {row.kind: _fields(world, key, FIXERS[row.kind]) for row in rows}
    fields = frozenset().union(*named.values())
    asks = any(wants_second(row.kind) for row in rows) or (before is not None and before.asks)
    wish = Wish(
        kind=kind,
        source_external_id=key,
        fields=fields | before.fields if before else fields,
        asks=asks,
    )
    decision = wished.decide(world, planned, wish, mode)
    if decision is None:
        return wished.NOTHING
    if decision.action != "update" and decision.reason != APPROVAL:
        return decision.text or wished.NOTHING
    if not all(named[row.kind] & set(decision.asked_for) for row in rows):
        return wished.NOTHING
    return replace(planned, decision=decision, source_digest="")


def _fields(world: World, key: str, fixer: Fixer) -> frozenset[str]:
    """The values that a fix is about; of several it is enough that one of them differs."""
    if fixer.values == (OWN_FIELDS,):
        return wished.own_differing(world, key)
    return frozenset(fixer.values)


def _put(world: World, flow: Flow, kind: Kind, plan: dict[str, Planned]) -> dict[str, Change]:
    """These records' plan in rows, and nothing about any other record."""
    only = frozenset(map(whole_id, plan))
    none: frozenset[str] = frozenset()
    world.part = Part(
        clients=only if kind == Kind.CONTACT else none,
        invoices=only if kind == Kind.INVOICE else none,
        payments=only if kind == Kind.PAYMENT else none,
        competing=False,
    )
    invoices = Change.objects.open().filter(connection=world.sides.target, kind=Kind.INVOICE)
    wanted = [item.depends_on[1] for item in plan.values() if item.depends_on]
    before = {
        (str(Kind.INVOICE), change.source_external_id): change
        for change in (invoices.filter(source_external_id__in=wanted) if wanted else ())
    }
    return write_plan(world, flow, plan, None, before).open


def _with_other_shares(plan: dict[str, Planned], whole: Mapping[str, Planned]) -> dict[str, Planned]:
    """With what is planned for the other shares of the same payments, which are put into rows together."""
    payments = frozenset(map(whole_id, plan))
    return {**{key: item for key, item in whole.items() if whole_id(key) in payments}, **plan}


def _settle(
    practice: Practice, change: Change | None, rows: Sequence[Mismatch], actor: User, outcome: Outcome
) -> None:
    """Let a Change go out as a person's, or ask the second person; then remember it on its differences."""
    if change is None or change.state == ChangeState.IN_FLIGHT:
        for _ in rows:
            outcome.leave(DECLINED if change is None else SENT_NOW)
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
        remember(row, change, actor)
        outcome.done.append(row)
