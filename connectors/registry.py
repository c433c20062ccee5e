"""Which client speaks to which provider. A new provider is one entry here and one folder beside the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.answers import Answer
from connectors.base import TokenSource
from connectors.causes import Cause
from connectors.ignition.client import IgnitionClient
from connectors.xero import failures as xero_failures
from connectors.xero.client import XeroClient

IGNITION_PATH = "/external/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Where the providers live; ``on_answer`` sees every answer (limits in its headers)."""

    ignition_api_url: str
    xero_api_url: str
    on_answer: Callable[[Answer], None] | None = None


def client(
    provider: str, *, tokens: TokenSource, tenant_external_id: str, settings: ProviderSettings
) -> IgnitionClient | XeroClient:
    """A client for one connection; raises ``KeyError`` for a provider that is not built in."""
    return _BUILD[provider](tokens, tenant_external_id, settings)


def _ignition(tokens: TokenSource, tenant: str, settings: ProviderSettings) -> IgnitionClient:
    return IgnitionClient(
        api_url=ignition_base(settings.ignition_api_url), tokens=tokens, on_answer=settings.on_answer
    )


def _xero(tokens: TokenSource, tenant: str, settings: ProviderSettings) -> XeroClient:
    return XeroClient(
        api_url=settings.xero_api_url,
        tokens=tokens,
        tenant_external_id=tenant,
        on_answer=settings.on_answer,
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

_EXPLAIN: dict[str, Callable[[Sequence[str]], Cause]] = {"xero": xero_failures.explain}


def explain(provider: str, messages: Sequence[str]) -> Cause:
    """What a target's own messages mean; raises ``KeyError`` for a provider that nothing is written to."""
    return _EXPLAIN[provider](messages)
