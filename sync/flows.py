"""Which kinds go from where to where, and how far we may go with each.

``ROUTES`` names the pairs of systems this version knows; everything else works on whatever pairs a practice has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from practices.audit import record
from practices.models import Connection, ConnectionState, Practice, Provider, User
from sync.models import SYNCED_KINDS, Change, ChangeState, Flow, Kind, Link, Mode, Snapshot, Standing, Verb
from sync.world import Sides

ROUTES = ((Provider.IGNITION, Provider.XERO),)
BATCH_SIZE = 50
"""Elements per write: what Xero advises; larger batches make a lost answer expensive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one kind's flow would do now if it were switched on, and what it has done."""

    kind: str
    mode: str
    creates: int = 0
    updates: int = 0
    adopted: int = 0
    in_sync: int = 0
    filtered: int = 0
    held: int = 0
    create_amount: Decimal = Decimal(0)
    currency: str = ""
    calls: int = 0


def ensure_flows(practice: Practice) -> list[Flow]:
    """The practice's flows, made in watch mode where they don't exist yet."""
    for source, target in ROUTES:
        for kind in SYNCED_KINDS:
            Flow.objects.get_or_create(practice=practice, source=source, target=target, kind=kind)
    return flows_of(practice)


def flows_of(practice: Practice) -> list[Flow]:
    """Flows in the order in which kinds are written."""
    found = Flow.objects.filter(practice=practice)
    return sorted(found, key=lambda flow: (flow.source, flow.target, SYNCED_KINDS.index(Kind(flow.kind))))


def sides_of(practice: Practice) -> list[tuple[Sides, dict[str, Flow]]]:
    """Every pair of connections that flows run between, with its flows by kind; pairs not connected are left out."""
    connections = {item.provider: item for item in Connection.objects.filter(practice=practice)}
    pairs: dict[tuple[str, str], dict[str, Flow]] = {}
    for flow in flows_of(practice):
        pairs.setdefault((flow.source, flow.target), {})[flow.kind] = flow
    return [
        (Sides(practice=practice, source=connections[source], target=connections[target]), flows)
        for (source, target), flows in pairs.items()
        if source in connections and target in connections
    ]


def is_connected(practice: Practice) -> bool:
    """Whether at least one pair of systems is connected on both sides."""
    usable = ConnectionState.CONNECTED
    return any(sides.source.state == usable == sides.target.state for sides, _ in sides_of(practice))


def set_modes(practice: Practice, modes: Mapping[str, str], *, actor: User | None) -> list[Flow]:
    """Switch flows by kind; whatever may no longer be written stops at once, and a new plan is made.

    Repeating it changes nothing. Each change of mode is audited.
    """
    changed = []
    with transaction.atomic():
        for flow in (
            Flow.objects.select_for_update().filter(practice=practice, kind__in=list(modes)).order_by("pk")
        ):
            wanted = Mode(modes[flow.kind])
            if flow.mode == wanted:
                continue
            before, flow.mode = flow.mode, wanted
            flow.changed_at, flow.changed_by = timezone.now(), actor
            flow.save(update_fields=["mode", "changed_at", "changed_by"])
            waiting = flow.changes.filter(state=ChangeState.PENDING)
            if wanted == Mode.WATCH:
                waiting.update(
                    state=ChangeState.HELD, reason="watch", message="Watch mode: nothing is written."
                )
            elif wanted == Mode.FILL_GAPS:
                waiting.filter(verb=Verb.UPDATE, released_by=None).update(
                    state=ChangeState.HELD,
                    reason="fill_gaps",
                    message="Fill the gaps only adds what is missing; it changes nothing.",
                )
            record(
                practice,
                actor,
                "flow.mode",
                f"{flow.get_kind_display()}: {Mode(before).label} → {wanted.label}",
                object=flow,
                before=before,
                after=str(wanted),
            )
            changed.append(flow)
    return changed


def preview(practice: Practice) -> dict[str, Preview]:
    """Per kind what the last plan would write; from rows, so it costs no call."""
    out = {}
    for flow in ensure_flows(practice):
        waiting = Q(state__in=[ChangeState.HELD, ChangeState.PENDING]) & (
            Q(reason__in=["watch", "fill_gaps", ""]) | Q(state=ChangeState.PENDING)
        )
        numbers = Change.objects.filter(flow=flow).aggregate(
            creates=Count("pk", filter=waiting & Q(verb=Verb.CREATE)),
            updates=Count("pk", filter=waiting & Q(verb=Verb.UPDATE)),
            create_amount=Sum("amount", filter=waiting & Q(verb=Verb.CREATE)),
        )
        standings = dict(
            Snapshot.objects.filter(practice=practice, connection__provider=flow.source, kind=flow.kind)
            .values_list("standing")
            .annotate(Count("pk"))
        )
        held = (
            Change.objects.filter(flow=flow, state=ChangeState.HELD)
            .exclude(reason__in=["watch", "fill_gaps"])
            .count()
        )
        out[flow.kind] = Preview(
            kind=flow.kind,
            mode=flow.mode,
            creates=numbers["creates"],
            updates=numbers["updates"],
            adopted=_adopted(flow),
            in_sync=standings.get(Standing.IN_SYNC, 0),
            filtered=standings.get(Standing.FILTERED, 0),
            held=held,
            create_amount=numbers["create_amount"] or Decimal(0),
            currency=practice.base_currency,
            calls=-(-numbers["creates"] // BATCH_SIZE) + -(-numbers["updates"] // BATCH_SIZE),
        )
    return out


def _adopted(flow: Flow) -> int:
    return (
        Link.objects.filter(
            practice=flow.practice_id, kind=flow.kind, source_connection__provider=flow.source
        )
        .exclude(method="written")
        .count()
    )
