"""What a provider's permissions mean for people: which feature works because of which scope."""

from dataclasses import dataclass

from connectors.records import Kind
from practices.models import AuthKind, Connection, Provider


@dataclass(frozen=True, slots=True)
class Feature:
    """``scopes``: any one of them is enough. A read-only scope is named where writing needs the full one.

    ``kinds`` are lists that are read only where it was allowed. One that is not ``needed`` may be missing: what hangs
    on it is then not checked, and nothing is wrong.
    """

    label: str
    scopes: tuple[str, ...]
    needed: bool = True
    kinds: tuple[Kind, ...] = ()


XERO_FEATURES = (
    Feature("read and write contacts", ("accounting.contacts",)),
    Feature("read and write invoices", ("accounting.invoices", "accounting.transactions")),
    Feature("read and write payments", ("accounting.payments", "accounting.transactions")),
    Feature("read accounts, tax rates and tracking", ("accounting.settings.read", "accounting.settings")),
    Feature("stay connected", ("offline_access",)),
    Feature(
        "read bank transactions, to check payouts and fees",
        (
            "accounting.banktransactions.read",
            "accounting.banktransactions",
            "accounting.transactions.read",
            "accounting.transactions",
        ),
        needed=False,
        kinds=(Kind.BANK_TRANSACTION,),
    ),
)
IGNITION_FEATURES = (Feature("read clients, proposals, invoices and payments", ("reporting",)),)


def features_of(connection: Connection) -> list[tuple[str, bool]]:
    """(what it is good for, whether it was allowed), in a fixed order. An API key carries no scopes."""
    return [(feature.label, allowed) for feature, allowed in _judged(connection)]


def missing_features(connection: Connection) -> list[str]:
    """What was not allowed and is needed, in words."""
    return [feature.label for feature, allowed in _judged(connection) if feature.needed and not allowed]


def is_granted(connection: Connection, kind: Kind) -> bool:
    """Whether a list may be read, as far as the provider said so when it was connected."""
    return all(allowed for feature, allowed in _judged(connection) if kind in feature.kinds)


def _judged(connection: Connection) -> list[tuple[Feature, bool]]:
    grant = connection.grant
    if grant is None:
        return []
    if grant.auth_kind == AuthKind.API_KEY:
        return [(feature, True) for feature in IGNITION_FEATURES]
    features = XERO_FEATURES if connection.provider == Provider.XERO else IGNITION_FEATURES
    # A provider that names no scopes in its answer granted what was asked.
    return [
        (feature, not grant.scopes or bool(set(feature.scopes) & set(grant.scopes))) for feature in features
    ]
