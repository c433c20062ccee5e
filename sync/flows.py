"""Which kinds go from where to where, and how far we may go with each.

``ROUTES`` names the pairs of systems this version knows; everything else works on whatever pairs a practice has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from practices.audit import record
from practices.models import Connection, ConnectionState, Practice, Provider, User
from sync.models import (
    CREDIT_KINDS,
    SYNCED_KINDS,
    ChangeState,
    Flow,
    Kind,
    Link,
    LinkMethod,
    Mode,
    Snapshot,
    Standing,
    Verb,
)
from sync.owing import Group, Groups
from sync.world import Sides

ROUTES = ((Provider.IGNITION, Provider.XERO),)
SOURCES = frozenset(source for source, _ in ROUTES)
"""Systems whose changes are written somewhere else."""
BATCH_SIZE = 50
"""Elements per write: what Xero advises; larger batches make a lost answer expensive."""
BY_MODE = frozenset({"watch", "fill_gaps"})
"""Reasons of what is held only because of the mode."""
FOUND = [method for method in LinkMethod if method != LinkMethod.WRITTEN]
"""How a pair came about that was there before us. Named one by one, so that an index leads to them."""
WAITS_FOR_MODE = BY_MODE | {""}


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
            Flow.objects.select_for_update(no_key=True)
            .filter(practice=practice, kind__in=list(modes))
            .order_by("pk")
        ):
            wanted = Mode(modes[flow.kind])
            if flow.mode == wanted:
                continue
            before, flow.mode = flow.mode, wanted
            flow.changed_at, flow.changed_by = timezone.now(), actor
            flow.save(update_fields=["mode", "changed_at", "changed_by"])
            waiting = flow.changes.filter(state=ChangeState.PENDING)
            if wanted == Mode.WATCH:
                # No plan brings an allocation back: what may have been sent waits to be looked up.
                sent = Q(kind__in=CREDIT_KINDS, look_up_first=True, first_sent_at__isnull=False)
                waiting.exclude(sent).update(
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


def preview(practice: Practice, groups: Groups) -> dict[str, Preview]:
    """Per kind what the last plan would write; from rows, so it costs no call. A fixed number of queries.

    ``groups`` are the practice's open Changes.
    """
    flows = ensure_flows(practice)
    owed = _owed(groups)
    records = _records(practice, flows)
    adopted = _adopted(practice, flows)
    return {
        flow.kind: replace(
            owed.get(flow.pk, _Owed()).preview(flow, practice.base_currency),
            adopted=adopted.get((flow.source, flow.kind), 0),
            in_sync=records.get((flow.source, flow.kind, Standing.IN_SYNC), 0),
            filtered=records.get((flow.source, flow.kind, Standing.FILTERED), 0),
        )
        for flow in flows
    }


@dataclass
class _Owed:
    """What waits in one flow. ``held`` waits for a person and not for the mode."""

    creates: int = 0
    updates: int = 0
    held: int = 0
    amount: Decimal = Decimal(0)

    def add(self, group: Group) -> None:
        if group.state == ChangeState.PENDING or group.reason in WAITS_FOR_MODE:
            if group.verb == Verb.CREATE:
                self.creates += group.count
                self.amount += group.amount or 0
            else:
                self.updates += group.count
        if group.state == ChangeState.HELD and group.reason not in BY_MODE:
            self.held += group.count

    def preview(self, flow: Flow, currency: str) -> Preview:
        return Preview(
            kind=flow.kind,
            mode=flow.mode,
            creates=self.creates,
            updates=self.updates,
            held=self.held,
            create_amount=self.amount,
            currency=currency,
            calls=-(-self.creates // BATCH_SIZE) + -(-self.updates // BATCH_SIZE),
        )


def _owed(groups: Groups) -> dict[int, _Owed]:
    found: dict[int, _Owed] = {}
    for group in groups:
        if group.state in {ChangeState.HELD, ChangeState.PENDING}:
            found.setdefault(group.flow, _Owed()).add(group)
    return found


def _records(practice: Practice, flows: Sequence[Flow]) -> dict[tuple[str, str, str], int]:
    """How many source records stand where, by system and kind."""
    providers = _providers(practice, flows)
    rows = (
        Snapshot.objects.filter(connection__in=list(providers), kind__in={flow.kind for flow in flows})
        .order_by()
        .values_list("connection", "kind", "standing")
        .annotate(number=Count("*"))
    )
    return {(providers[connection], kind, standing): number for connection, kind, standing, number in rows}


def _adopted(practice: Practice, flows: Sequence[Flow]) -> dict[tuple[str, str], int]:
    """How many links were found rather than written."""
    providers = _providers(practice, flows)
    rows = (
        Link.objects.filter(
            source_connection__in=list(providers), kind__in={flow.kind for flow in flows}, method__in=FOUND
        )
        .order_by()
        .values_list("source_connection", "kind")
        .annotate(number=Count("*"))
    )
    return {(providers[connection], kind): number for connection, kind, number in rows}


def _providers(practice: Practice, flows: Sequence[Flow]) -> dict[int, str]:
    """The source connections of these flows."""
    rows = Connection.objects.filter(practice=practice, provider__in={flow.source for flow in flows})
    return dict(rows.values_list("pk", "provider"))
