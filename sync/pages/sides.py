"""Which two connections a kind of record goes between, as far as they exist yet."""

from dataclasses import dataclass

from practices.models import Connection, Practice, Provider
from sync.models import SYNCED_KINDS, Flow, Kind, Mode

DEFAULT_SOURCE, DEFAULT_TARGET = Provider.IGNITION, Provider.XERO
"""The pair that a new practice starts with, before any Flow row is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """One kind's two ends. A connection is ``None`` until it was made once; it survives disconnecting."""

    kind: Kind
    mode: Mode
    source_provider: Provider
    target_provider: Provider
    source: Connection | None
    target: Connection | None

    @property
    def source_name(self) -> str:
        return str(self.source_provider.label)

    @property
    def target_name(self) -> str:
        return str(self.target_provider.label)


def sides_of(practice: Practice) -> dict[Kind, Sides]:
    """Both ends of every synced kind. Two queries."""
    connections = {item.provider: item for item in Connection.objects.filter(practice=practice)}
    found = {flow.kind: flow for flow in Flow.objects.filter(practice=practice).order_by("-pk")}
    return {kind: _sides(kind, found.get(kind), connections) for kind in SYNCED_KINDS}


def _sides(kind: Kind, flow: Flow | None, connections: dict[str, Connection]) -> Sides:
    source = Provider(flow.source) if flow else DEFAULT_SOURCE
    target = Provider(flow.target) if flow else DEFAULT_TARGET
    return Sides(
        kind=kind,
        mode=Mode(flow.mode) if flow else Mode.WATCH,
        source_provider=source,
        target_provider=target,
        source=connections.get(source),
        target=connections.get(target),
    )
