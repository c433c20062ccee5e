"""From a plan to rows: links that were recognised, reviews for people, Changes that we owe, and each record's standing.

Repeating the same plan changes nothing. A Change that is being sent is never touched; an unsent one whose facts
differ from the new plan is superseded by a new row, so the old facts stay readable. Money that may have arrived is
looked up before that.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Func, TextField, Value
from django.utils import timezone

from sync.approvals.asking import note_rules
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeQuerySet,
    ChangeState,
    Flow,
    Purpose,
    Run,
    Snapshot,
    Verb,
)
from sync.pairing import remember_links, write_reviews
from sync.planned import Planned
from sync.ruled import APPROVAL
from sync.sent import OVERTAKEN, may_be_there
from sync.standings import write_standings
from sync.world import World

BATCH = 500
OVERRULED = frozenset({APPROVAL, "conflict", "fill_gaps"})
"""What a person who released or approved a Change has decided about. Any other reason to hold it stands."""


class SplitPart(Func):
    """PostgreSQL's ``split_part``."""

    function = "split_part"


@dataclass
class Written:
    """What putting a plan into rows did, per outcome; ``open`` are the open Changes by source id."""

    counts: dict[str, int] = field(default_factory=dict)
    open: dict[str, Change] = field(default_factory=dict)

    def add(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def facts_hash(verb: str, values: Mapping[str, Any], target_external_id: str, refs: Mapping[str, str]) -> str:
    """Tells two plans of one record apart: what would be sent, where, and to which client or invoice it belongs."""
    text = json.dumps([verb, values, target_external_id, refs], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_plan(
    world: World,
    flow: Flow,
    plan: Mapping[str, Planned],
    run: Run | None,
    before: Mapping[tuple[str, str], Change],
) -> Written:
    """Put one kind's plan into rows, in one transaction. ``before`` are open Changes that this kind may depend on."""
    with transaction.atomic():
        remember_links(world, plan.values())
        write_reviews(world, flow, plan.values())
        written = _write_changes(world, flow, plan, run, before)
        write_standings(world, flow, plan, written.open)
    return written


def _write_changes(
    world: World,
    flow: Flow,
    plan: Mapping[str, Planned],
    run: Run | None,
    before: Mapping[tuple[str, str], Change],
) -> Written:
    written = Written()
    rows = _rows(world, flow)
    # Locked, so that a person's decision made meanwhile waits for the plan instead of being overwritten by it.
    unsent = rows.filter(state__in=OPEN_CHANGE_STATES).order_by("pk").select_for_update(of=("self",))
    existing = {change.source_external_id: change for change in unsent}
    declined = set(
        rows.filter(state=ChangeState.CANCELLED, reason="declined").values_list(
            "source_external_id", "facts_hash"
        )
    )
    created = set(
        rows.filter(state=ChangeState.DONE, verb=Verb.CREATE).values_list("source_external_id", flat=True)
    )
    fresh: list[Change] = []
    superseded: list[int] = []
    moved: list[Change] = []
    for external_id, item in plan.items():
        old = existing.get(external_id)
        action = item.decision.action
        written.add("read")
        if old is not None and old.state == ChangeState.IN_FLIGHT:
            written.add("to_write")
            written.open[external_id] = old
            continue
        verb = Verb.UPDATE if item.target_external_id else Verb.CREATE
        wants_row = action in {"create", "update"} or (action == "held" and bool(item.decision.values))
        digest = (
            facts_hash(verb, item.decision.values, item.target_external_id, item.refs) if wants_row else ""
        )
        wants_row = wants_row and not (verb == Verb.CREATE and external_id in created)
        if wants_row and (external_id, digest) in declined:
            wants_row, action = False, "declined"
        same = wants_row and old is not None and old.facts_hash == digest and old.verb == verb
        if old is not None and not same and may_be_there(old):
            _only_look_up(old)
            moved.append(old)
            written.open[external_id] = old
            written.add(_count_of(action, old))
            continue
        if not wants_row:
            if old is not None:
                superseded.append(old.pk)
            written.add(_count_of(action, None))
            continue
        if old is not None and same:
            if (
                _wanted_again(old)
                | _move(old, item)
                | _ruled_anew(old, item)
                | _asked_anew(old, item)
                | _depends_anew(old, item, before)
                | _hurry(old, run)
            ):
                moved.append(old)
            written.open[external_id] = old
        else:
            new = _new_change(world, flow, item, verb, digest, run)
            if old is not None:
                superseded.append(old.pk)
                _inherit(new, old)
            old = new
            fresh.append(old)
            written.open[external_id] = old
        written.add(_count_of(action, old))
    _supersede(superseded + _unplanned(change for key, change in existing.items() if key not in plan))
    _depend(fresh, moved, plan, before)
    _date(world, fresh)
    Change.objects.bulk_create(fresh, batch_size=BATCH)
    note_rules(plan, fresh)
    Change.objects.bulk_update(
        moved,
        [
            "state",
            "reason",
            "message",
            "remarks",
            "depends_on",
            "parked_as",
            "not_before",
            "purpose",
            "source_changed_at",
            "rules",
            "approval_asked",
            "asked_for",
        ],
        batch_size=BATCH,
    )
    return written


def _rows(world: World, flow: Flow) -> ChangeQuerySet:
    """The Changes this plan is about. A payment's carry its id before the slash."""
    rows: ChangeQuerySet = Change.objects.filter(
        connection=world.sides.target, source_connection=world.sides.source, kind=flow.kind
    )
    if world.part is None:
        return rows
    ids = world.part.ids(flow.kind)
    if flow.kind != "payment":
        return rows.filter(source_external_id__in=ids)
    whole = SplitPart("source_external_id", Value("/"), Value(1), output_field=TextField())
    shares: ChangeQuerySet = rows.annotate(whole_id=whole).filter(whole_id__in=ids)
    return shares


def _date(world: World, fresh: list[Change]) -> None:
    """Note when the source changed what these owe, where it did so since the flow was switched to what it is now."""
    moved = (
        dict(
            Snapshot.objects.filter(connection=world.sides.source, to_plan=True)
            .filter(external_id__in={change.source_external_id.partition("/")[0] for change in fresh})
            .values_list("external_id", "changed_at")
        )
        if fresh
        else {}
    )
    for change in fresh:
        changed = moved.get(change.source_external_id.partition("/")[0])
        if changed is not None and change.state == ChangeState.PENDING and changed >= change.flow.changed_at:
            change.source_changed_at = changed


def _ruled_anew(old: Change, item: Planned) -> bool:
    """Whether other rules apply now to an unsent Change with the same facts."""
    rules, asked = list(item.decision.rules), asked_of(item)
    if (old.rules, old.approval_asked) == (rules, asked):
        return False
    old.rules, old.approval_asked = rules, asked
    return True


def _asked_anew(old: Change, item: Planned) -> bool:
    """Whether an unsent Change with the same facts is asked for by a person now, or not any more."""
    asked = list(item.decision.asked_for)
    if old.asked_for == asked:
        return False
    old.asked_for, old.remarks = asked, list(item.decision.remarks)
    return True


def asked_of(item: Planned) -> list[dict[str, str]]:
    """The rules that want a second person, as a Change keeps them."""
    return [{"key": rule.key, "name": rule.name, "text": rule.text} for rule in item.decision.approval]


def _hurry(old: Change, run: Run | None) -> bool:
    """An unsent Change whose record is looked at live goes out with the live ones; whether that is new."""
    if run is None or run.purpose != Purpose.LIVE or old.purpose == Purpose.LIVE:
        return False
    old.purpose = Purpose.LIVE
    return True


def _inherit(new: Change, old: Change) -> None:
    """What may have been sent stays so under new facts: a create is looked up before it is sent again."""
    if new.verb == Verb.CREATE and old.verb == Verb.CREATE and old.first_sent_at is not None:
        new.look_up_first = True
        new.first_sent_at, new.look_up_from = old.first_sent_at, old.look_up_from
        new.not_before = old.not_before


def _unplanned(changes: Iterable[Change]) -> list[int]:
    """Those of the unsent Changes without a plan that are over. What may have arrived is looked up first."""
    unsent = [change for change in changes if change.state != ChangeState.IN_FLIGHT]
    unknown = [change for change in unsent if may_be_there(change)]
    for change in unknown:
        _only_look_up(change)
    Change.objects.bulk_update(unknown, ["state", "reason", "message"], batch_size=BATCH)
    return [change.pk for change in unsent if not may_be_there(change)]


def _only_look_up(old: Change) -> None:
    """No plan wants it any more; whether it arrived has to be known first. A parked one waits for a person."""
    if old.state != ChangeState.PARKED:
        old.state, old.reason, old.message = ChangeState.PENDING, OVERTAKEN, ""


def _wanted_again(old: Change) -> bool:
    """Whether a plan wants again what was only to be looked up."""
    if old.reason != OVERTAKEN:
        return False
    old.reason = ""
    return True


def _depends_anew(old: Change, item: Planned, before: Mapping[tuple[str, str], Change]) -> bool:
    """Whether an unsent Change waits for another one than the plan says: that one was replaced or is not needed."""
    partner = before.get(item.depends_on) if item.depends_on else None
    return bool(old.depends_on_id != (partner.pk if partner else None))


def _count_of(action: str, change: Change | None) -> str:
    if action == "nothing":
        return "in_sync"
    if action == "adopt":
        return "adopted"
    if action in {"filtered", "declined"}:
        return "filtered"
    if change is not None and change.state == ChangeState.PARKED:
        return "failed"
    if change is not None and change.state == ChangeState.PENDING:
        return "to_write"
    return "held"


def _wanted_state(item: Planned) -> tuple[str, str, str]:
    """State, reason and sentence that a plan gives an unsent Change."""
    if item.decision.action == "held" or item.stopped:
        return ChangeState.HELD, item.decision.reason, item.decision.text
    return ChangeState.PENDING, "", ""


def _move(old: Change, item: Planned) -> bool:
    """Bring an unsent Change with the same facts to the state the plan wants; whether anything moved."""
    if old.state == ChangeState.PARKED:
        return False
    state, reason, text = _wanted_state(item)
    released = old.released_by_id is not None and (old.state == ChangeState.PENDING or old.reason == APPROVAL)
    if released and reason in OVERRULED:
        return False
    if (old.state, old.reason, old.message) == (state, reason, text[:500]):
        return False
    if old.state == ChangeState.PENDING and state == ChangeState.PENDING:
        return False
    old.state, old.reason, old.message = state, reason, text[:500]
    old.source_changed_at = None  # it waited for a person or a switch, not for us
    return True


def _new_change(world: World, flow: Flow, item: Planned, verb: str, digest: str, run: Run | None) -> Change:
    state, reason, text = _wanted_state(item)
    return Change(
        practice_id=world.sides.practice.pk,
        flow=flow,
        connection=world.sides.target,
        source_connection=world.sides.source,
        kind=item.kind,
        verb=verb,
        source_external_id=item.source_external_id,
        target_external_id=item.target_external_id,
        natural_key=item.natural_key,
        title=item.title[:300],
        values=item.decision.values,
        before=item.decision.before,
        refs=item.refs,
        remarks=list(item.decision.remarks),
        rules=list(item.decision.rules),
        approval_asked=asked_of(item),
        asked_for=list(item.decision.asked_for),
        amount=item.amount,
        currency=item.currency,
        date=item.date,
        state=state,
        reason=reason,
        message=text[:500],
        facts_hash=digest,
        source_digest=item.source_digest,
        mapping_version=world.spec.version,
        made_by=run,
        purpose=_purpose(run),
    )


def _purpose(run: Run | None) -> str:
    """What a planned Change is for: a person who syncs everything waits for no single record of it."""
    if run is not None and run.purpose in {Purpose.LIVE, Purpose.POLL}:
        return run.purpose
    return Purpose.BACKFILL


def _depend(
    fresh: Iterable[Change],
    moved: Iterable[Change],
    plan: Mapping[str, Planned],
    before: Mapping[tuple[str, str], Change],
) -> None:
    for change in (*fresh, *moved):
        item = plan[change.source_external_id]
        change.depends_on = before.get(item.depends_on) if item.depends_on else None


def _supersede(ids: list[int]) -> None:
    for start in range(0, len(ids), 5000):
        Change.objects.filter(pk__in=ids[start : start + 5000]).exclude(state=ChangeState.IN_FLIGHT).update(
            state=ChangeState.SUPERSEDED, done_at=timezone.now()
        )
