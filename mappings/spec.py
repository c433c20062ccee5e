"""What the engine works with: the practice's choices and the target's facts, frozen for one plan."""

import dataclasses
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from connectors.records import Account, TaxRate, Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a practice has chosen, as stored in a mapping set.

    ``account_by_service`` and ``tax_by_label`` are keyed by the source's service id and tax label.
    ``line_amounts`` is auto, Exclusive or Inclusive; ``terms_days`` ``None`` keeps the source's due date;
    ``post_payments`` is collected or paid_out; ``notes`` is changes, all or none.
    """

    invoice_status: str = "AUTHORISED"
    sales_account: str = ""
    account_by_service: dict[str, str] = field(default_factory=dict)
    default_tax: str = ""
    tax_by_label: dict[str, str] = field(default_factory=dict)
    line_amounts: str = "auto"
    clearing_account: str = ""
    clearing_by_method: dict[str, str] = field(default_factory=dict)
    tracking: tuple[Tracking, ...] = ()
    terms_days: int | None = None
    branding_theme: str = ""
    number_prefix: str = "IGN-"
    documents_from: date | None = None
    post_payments: str = "collected"
    notes: str = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The target's own settings: accounts by code and id, tax rates by type, tracking options, lock date, home."""

    accounts: dict[str, Account] = field(default_factory=dict)
    tax_rates: dict[str, TaxRate] = field(default_factory=dict)
    tracking: dict[str, frozenset[str]] = field(default_factory=dict)
    currencies: frozenset[str] = frozenset()
    lock_date: date | None = None
    base_currency: str = ""
    country: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    version: int
    choices: Choices
    facts: Facts


def choices_to_json(choices: Choices) -> dict[str, Any]:
    data = dataclasses.asdict(choices)
    data["documents_from"] = choices.documents_from.isoformat() if choices.documents_from else None
    return data


def choices_from_json(data: dict[str, Any]) -> Choices:
    """Choices as stored; keys that are not known (from a later version) are ignored."""
    known = {item.name for item in dataclasses.fields(Choices)}
    values = {name: value for name, value in data.items() if name in known}
    values["tracking"] = tuple(Tracking(**item) for item in values.get("tracking") or ())
    if values.get("documents_from"):
        values["documents_from"] = date.fromisoformat(values["documents_from"])
    return Choices(**values)
