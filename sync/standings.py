"""Where each source record stands after a plan, stored on its snapshot so that lists can filter by it."""

from collections.abc import Mapping

from sync.models import Change, ChangeState, Flow, Snapshot, Standing
from sync.planned import Planned
from sync.ruled import APPROVAL
from sync.world import World

BATCH = 500

_RANK = {
    Standing.PARKED: 4,
    Standing.HELD: 3,
    Standing.PENDING: 2,
    Standing.IN_SYNC: 1,
    Standing.FILTERED: 0,
}


def write_standings(
    world: World, flow: Flow, plan: Mapping[str, Planned], unsent: Mapping[str, Change]
) -> None:
    """The worst standing over everything planned for a source record, stored where lists can filter by it."""
    wanted: dict[str, tuple[str, str, str]] = {}
    for external_id, item in plan.items():
        standing = _standing(item, unsent.get(external_id))
        held = wanted.get(item.record_external_id)
        if held is None or _RANK[Standing(standing[0])] > _RANK[Standing(held[0])]:
            wanted[item.record_external_id] = standing
    changed = []
    rows = Snapshot.objects.of(world.sides.source, flow.kind)
    if world.part is not None:
        rows = rows.filter(external_id__in=world.part.ids(flow.kind))
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
    if change is not None and change.reason == APPROVAL:
        return Standing.HELD, APPROVAL, change.message[:500]
    return Standing.HELD, decision.reason[:40], decision.text[:500]
