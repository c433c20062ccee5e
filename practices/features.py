"""What a provider's permissions mean for people: which feature works because of which scope."""

from dataclasses import dataclass

from practices.models import AuthKind, Connection, Provider


@dataclass(frozen=True, slots=True)
class Feature:
    """``scopes``: any one of them is enough. A read-only scope is named where writing needs the full one."""

    label: str
    scopes: tuple[str, ...]


XERO_FEATURES = (
    Feature("read and write contacts", ("accounting.contacts",)),
    Feature("read and write invoices", ("accounting.invoices", "accounting.transactions")),
    Feature("read and write payments", ("accounting.payments", "accounting.transactions")),
    Feature("read accounts, tax rates and tracking", ("accounting.settings.read", "accounting.settings")),
    Feature("stay connected", ("offline_access",)),
)
IGNITION_FEATURES = (Feature("read clients, proposals, invoices and payments", ("reporting",)),)


def features_of(connection: Connection) -> list[tuple[str, bool]]:
    """(what it is good for, whether it was allowed), in a fixed order. An API key carries no scopes."""
    grant = connection.grant
    if grant is None:
        return []
    if grant.auth_kind == AuthKind.API_KEY:
        return [(feature.label, True) for feature in IGNITION_FEATURES]
    features = XERO_FEATURES if connection.provider == Provider.XERO else IGNITION_FEATURES
    # A provider that names no scopes in its answer granted what was asked.
    return [
        (feature.label, not grant.scopes or bool(set(feature.scopes) & set(grant.scopes)))
        for feature in features
    ]


def missing_features(connection: Connection) -> list[str]:
    """What was not allowed, in words."""
    return [label for label, allowed in features_of(connection) if not allowed]
