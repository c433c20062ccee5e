"""A practice's connections and the clients that speak for them.

How a connection comes about is in ``practices.connecting``, how it ends in ``practices.disconnect``. What the
packages above have to say (which records are known, what waits for a reconnect) they register here.
"""

from collections.abc import Callable
from typing import Protocol

from django.conf import settings

from connectors import registry
from connectors.answers import Answer
from connectors.base import TokenSource
from connectors.errors import NeedsReconnect
from connectors.ignition.client import IgnitionClient
from connectors.xero.client import XeroClient
from practices.models import Connection, Grant, Practice, Provider
from practices.tokens import GrantTokens


class Meter(Protocol):
    """Stands before and after each call of one connection."""

    def before(self) -> None:
        """May raise :class:`connectors.errors.OverBudget`; then nothing is sent."""
        ...

    def after(self, answer: Answer) -> None: ...


MakeMeter = Callable[[Connection, str], Meter]
KnownIds = Callable[[Connection], set[str]]
Reconnected = Callable[[Connection], None]
_known_ids: list[KnownIds] = []
_reconnected: list[Reconnected] = []
_meters: list[MakeMeter] = []


def register_meter(make: MakeMeter) -> None:
    """Count every call that a connection's client makes with what ``make(connection, purpose)`` gives."""
    if make not in _meters:
        _meters.append(make)


def register_known_ids(known: KnownIds) -> None:
    """Tell this module which outside client ids are known for a connection (``AppConfig.ready`` of sync)."""
    if known not in _known_ids:
        _known_ids.append(known)


def register_reconnected(act: Reconnected) -> None:
    """Call ``act`` whenever a connection works again, e.g. to free what waited for it."""
    if act not in _reconnected:
        _reconnected.append(act)


def known_ids(connection: Connection) -> set[str]:
    """Outside client ids that are known for this connection; empty while nothing was read."""
    return {known for ask in _known_ids for known in ask(connection)}


def tell_reconnected(connection: Connection) -> None:
    """Let the packages above know that this connection works (again). Call it with no transaction open."""
    for act in _reconnected:
        act(connection)


def connection_of(practice: Practice, provider: str) -> Connection | None:
    """The practice's connection to a provider in whatever state, with its grant."""
    found: Connection | None = (
        Connection.objects.for_practice(practice)
        .select_related("practice", "grant", "connected_by")
        .defer("grant__secret")
        .filter(provider=provider)
        .first()
    )
    return found


def client_for(
    connection: Connection,
    *,
    purpose: str = "person",
    on_answer: Callable[[Answer], None] | None = None,
) -> IgnitionClient | XeroClient:
    """A client that speaks for this connection. Building it makes no call.

    Its calls are counted for ``purpose`` and may be held back (:class:`connectors.errors.OverBudget`). Raises
    :class:`NeedsReconnect` when the connection isn't usable.
    """
    if not connection.is_usable or connection.grant is None:
        text = connection.state_reason or f"{connection.get_provider_display()} is not connected."
        raise NeedsReconnect(text, provider=connection.provider)
    meters = [make(connection, purpose) for make in _meters]

    def before() -> None:
        for meter in meters:
            meter.before()

    def after(answer: Answer) -> None:
        for meter in meters:
            meter.after(answer)
        if on_answer is not None:
            on_answer(answer)

    tokens = GrantTokens(connection.grant)
    return provider_client(connection.provider, tokens, connection.tenant_external_id, after, before)


def xero_client(grant: Grant, tenant_external_id: str = "") -> XeroClient:
    """A Xero client before there is a connection; without a tenant it can only list the tenants."""
    client = provider_client(Provider.XERO, GrantTokens(grant), tenant_external_id)
    assert isinstance(client, XeroClient)  # noqa: S101  narrows the type
    return client


def provider_client(
    provider: str,
    tokens: TokenSource,
    tenant: str,
    on_answer: Callable[[Answer], None] | None = None,
    before_call: Callable[[], None] | None = None,
) -> IgnitionClient | XeroClient:
    """A client with any token source, also one that isn't stored yet."""
    urls = registry.ProviderSettings(
        ignition_api_url=settings.IGNITION_API_URL,
        xero_api_url=settings.XERO_API_URL,
        on_answer=on_answer,
        before_call=before_call,
    )
    return registry.client(provider, tokens=tokens, tenant_external_id=tenant, settings=urls)
