"""From a plan to rows: links that were recognised, reviews for people, Changes that we owe, and each record's standing.

Repeating the same plan changes nothing. A Change that is being sent is never touched; an unsent one whose facts
differ from the new plan is superseded by a new row, so the old facts stay readable.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.records import Contact, Invoice
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Flow,
    Link,
    Review,
    ReviewState,
    Run,
    Snapshot,
    Standing,
    Verb,
)
from sync.plan import contact_values, invoice_values
from sync.planned import Planned
from sync.world import World

BATCH = 500


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
        _remember_links(world, plan.values())
        _write_reviews(world, flow, plan.values())
        written = _write_changes(world, flow, plan, run, before)
        _write_standings(world, flow, plan, written)
    return written


def _remember_links(world: World, plan: Iterable[Planned]) -> None:
    now = timezone.now()
    fresh = []
    for item in plan:
        if item.found is None or not item.found.external_id:
            continue
        fresh.append(
            Link(
                practice_id=world.sides.practice.pk,
                kind=item.kind,
                source_connection=world.sides.source,
                target_connection=world.sides.target,
                source_external_id=item.source_external_id,
                target_external_id=item.found.external_id,
                method=item.found.method,
                confidence=str(round(item.found.confidence, 3)),
                reasons=list(item.found.reasons),
                base_source=item.decision.values if item.decision.action == "adopt" else {},
                base_target=target_values(world, item.kind, item.found.external_id),
                source_digest=item.source_digest,
                agreed_at=now,
            )
        )
    Link.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    if fresh:
        Review.objects.filter(
            source_connection=world.sides.source,
            target_connection=world.sides.target,
            kind=fresh[0].kind,
            state=ReviewState.OPEN,
            source_external_id__in=[link.source_external_id for link in fresh],
        ).delete()


def target_values(world: World, kind: str, external_id: str) -> dict[str, Any]:
    """What the target holds for a record now, as values."""
    if kind == "contact":
        contact: Contact | None = world.contacts.get(external_id)
        return contact_values(contact) if contact else {}
    if kind == "invoice":
        document: Invoice | None = world.documents.get(external_id)
        return invoice_values(document) if document else {}
    return {}


def _write_reviews(world: World, flow: Flow, plan: Iterable[Planned]) -> None:
    wanted = {item.source_external_id: item for item in plan if item.undecided is not None}
    existing = {key: review for (kind, key), review in world.reviews.items() if kind == flow.kind}
    fresh, changed = [], []
    for external_id, item in wanted.items():
        assert item.undecided is not None  # noqa: S101  selected above
        candidates = [_candidate(candidate) for candidate in item.undecided.candidates]
        review = existing.get(external_id)
        if review is None:
            fresh.append(
                Review(
                    practice_id=world.sides.practice.pk,
                    kind=flow.kind,
                    source_connection=world.sides.source,
                    target_connection=world.sides.target,
                    source_external_id=external_id,
                    title=item.title[:300],
                    candidates=candidates,
                )
            )
        elif review.state == ReviewState.OPEN and (
            review.candidates != candidates or review.title != item.title[:300]
        ):
            review.candidates, review.title = candidates, item.title[:300]
            changed.append(review)
    Review.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    Review.objects.bulk_update(changed, ["candidates", "title"], batch_size=BATCH)
    settled = [
        review.pk
        for key, review in existing.items()
        if review.state == ReviewState.OPEN and key not in wanted
    ]
    Review.objects.filter(pk__in=settled, state=ReviewState.OPEN).delete()


def _candidate(candidate: Any) -> dict[str, Any]:
    return {
        "external_id": candidate.external_id,
        "name": candidate.name,
        "email": candidate.email,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
        "against": list(candidate.against),
    }


def _write_changes(
    world: World,
    flow: Flow,
    plan: Mapping[str, Planned],
    run: Run | None,
    before: Mapping[tuple[str, str], Change],
) -> Written:
    written = Written()
    rows = Change.objects.filter(
        connection=world.sides.target, source_connection=world.sides.source, kind=flow.kind
    )
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
        if wants_row and verb == Verb.CREATE and external_id in created:
            wants_row = False
        if wants_row and (external_id, digest) in declined:
            wants_row, action = False, "declined"
        if not wants_row:
            if old is not None:
                superseded.append(old.pk)
            written.add(_count_of(action, item, None))
            continue
        if old is not None and old.facts_hash == digest and old.verb == verb:
            if _move(old, item) or _depends_anew(old, item, before):
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
        written.add(_count_of(action, item, old))
    gone = [
        change.pk
        for key, change in existing.items()
        if key not in plan and change.state != ChangeState.IN_FLIGHT
    ]
    _supersede(superseded + gone)
    _depend(fresh, moved, plan, before)
    Change.objects.bulk_create(fresh, batch_size=BATCH)
    Change.objects.bulk_update(
        moved,
        ["state", "reason", "message", "remarks", "depends_on", "parked_as", "not_before"],
        batch_size=BATCH,
    )
    return written


def _inherit(new: Change, old: Change) -> None:
    """What may have been sent stays so under new facts: a create is looked up before it is sent again."""
    if new.verb == Verb.CREATE and old.verb == Verb.CREATE and old.first_sent_at is not None:
        new.look_up_first = True
        new.first_sent_at, new.look_up_from = old.first_sent_at, old.look_up_from
        new.not_before = old.not_before


def _depends_anew(old: Change, item: Planned, before: Mapping[tuple[str, str], Change]) -> bool:
    """Whether an unsent Change waits for another one than the plan says: that one was replaced or is not needed."""
    partner = before.get(item.depends_on) if item.depends_on else None
    return bool(old.depends_on_id != (partner.pk if partner else None))


def _count_of(action: str, item: Planned, change: Change | None) -> str:
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
    released = old.state == ChangeState.PENDING and old.released_by_id is not None
    if released and reason != "watch":
        return False
    if (old.state, old.reason, old.message) == (state, reason, text[:500]):
        return False
    if old.state == ChangeState.PENDING and state == ChangeState.PENDING:
        return False
    old.state, old.reason, old.message = state, reason, text[:500]
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
    )


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


_STANDING_RANK = {
    Standing.PARKED: 4,
    Standing.HELD: 3,
    Standing.PENDING: 2,
    Standing.IN_SYNC: 1,
    Standing.FILTERED: 0,
}


def _write_standings(world: World, flow: Flow, plan: Mapping[str, Planned], written: Written) -> None:
    """The worst standing over everything planned for a source record, stored where lists can filter by it."""
    wanted: dict[str, tuple[str, str, str]] = {}
    for external_id, item in plan.items():
        standing = _standing(item, written.open.get(external_id))
        held = wanted.get(item.record_external_id)
        if held is None or _STANDING_RANK[Standing(standing[0])] > _STANDING_RANK[Standing(held[0])]:
            wanted[item.record_external_id] = standing
    changed = []
    rows = Snapshot.objects.of(world.sides.source, flow.kind)
    for snapshot in rows.only("pk", "external_id", "standing", "standing_reason", "standing_text").iterator(
        2000
    ):
        standing = wanted.get(snapshot.external_id, (Standing.UNPLANNED, "", ""))
        if (snapshot.standing, snapshot.standing_reason, snapshot.standing_text) != standing:
            snapshot.standing, snapshot.standing_reason, snapshot.standing_text = standing
            changed.append(snapshot)
    Snapshot.objects.bulk_update(changed, ["standing", "standing_reason", "standing_text"], batch_size=BATCH)


def _standing(item: Planned, change: Change | None) -> tuple[str, str, str]:
    decision = item.decision
    if change is not None and change.state == ChangeState.PARKED:
        return Standing.PARKED, change.parked_as[:40], change.message[:500]
    if decision.action in {"nothing", "adopt"}:
        return Standing.IN_SYNC, "", ""
    if decision.action == "filtered":
        return Standing.FILTERED, decision.reason[:40], decision.text[:500]
    if change is not None and change.state in {ChangeState.PENDING, ChangeState.IN_FLIGHT}:
        return Standing.PENDING, "", ""
    if change is None and decision.action in {"create", "update"}:
        return Standing.FILTERED, "declined", "A person decided that this is not written."
    return Standing.HELD, decision.reason[:40], decision.text[:500]
