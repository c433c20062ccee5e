"""Which client speaks to which provider. A new provider is one entry here and one folder beside the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.answers import Answer
from connectors.base import ReadPlan, TokenSource
from connectors.causes import Cause
from connectors.ignition import client as ignition_client
from connectors.ignition.client import IgnitionClient
from connectors.xero import client as xero_client
from connectors.xero import failures as xero_failures
from connectors.xero.client import XeroClient

IGNITION_PATH = "/external/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Where the providers live; ``on_answer`` sees every answer (limits in its headers).

    ``before_call`` is asked before every call and may raise :class:`connectors.errors.OverBudget`.
    """

    ignition_api_url: str
    xero_api_url: str
    on_answer: Callable[[Answer], None] | None = None
    before_call: Callable[[], None] | None = None


def client(
    provider: str, *, tokens: TokenSource, tenant_external_id: str, settings: ProviderSettings
) -> IgnitionClient | XeroClient:
    """A client for one connection; raises ``KeyError`` for a provider that is not built in."""
    return _BUILD[provider](tokens, tenant_external_id, settings)


def _ignition(tokens: TokenSource, tenant: str, settings: ProviderSettings) -> IgnitionClient:
    return IgnitionClient(
        api_url=ignition_base(settings.ignition_api_url),
        tokens=tokens,
        on_answer=settings.on_answer,
        before_call=settings.before_call,
    )


def _xero(tokens: TokenSource, tenant: str, settings: ProviderSettings) -> XeroClient:
    return XeroClient(
        api_url=settings.xero_api_url,
        tokens=tokens,
        tenant_external_id=tenant,
        on_answer=settings.on_answer,
        before_call=settings.before_call,
    )


def ignition_base(url: str) -> str:
    """The reporting API's base: a bare host gets the documented path, a URL with a path is used as it is."""
    trimmed = url.rstrip("/")
    has_path = "/" in trimmed.split("://", 1)[-1]
    return trimmed if has_path else trimmed + IGNITION_PATH


_BUILD: dict[str, Callable[[TokenSource, str, ProviderSettings], IgnitionClient | XeroClient]] = {
    "ignition": _ignition,
    "xero": _xero,
}

READ_PLANS: dict[str, Sequence[ReadPlan]] = {
    "ignition": ignition_client.READ_PLANS,
    "xero": xero_client.READ_PLANS,
}
PAGE_SIZES = {"ignition": ignition_client.PAGE_LIMIT, "xero": xero_client.PAGE_SIZE}
"""Which lists each provider has, and how many objects a call brings: what reading will cost."""

_EXPLAIN: dict[str, Callable[[Sequence[str]], Cause]] = {"xero": xero_failures.explain}


def explain(provider: str, messages: Sequence[str]) -> Cause:
    """What a target's own messages mean; raises ``KeyError`` for a provider that nothing is written to."""
    return _EXPLAIN[provider](messages)
