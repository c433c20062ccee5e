"""What the engine works with: the practice's choices and the target's facts, frozen for one plan."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from connectors.records import Account, TaxRate, Tracking
from mappings.fieldmaps import (
    BadChoice,
    FieldMap,
    Lookup,
    field_map_from_json,
    field_map_to_json,
    lookup_from_json,
    lookup_to_json,
)
from mappings.program import Program, build
from mappings.rules import Rule, rule_from_json, rule_to_json
from mappings.targets import Offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a practice has chosen, as stored in a mapping set.

    ``account_by_service`` and ``tax_by_label`` are keyed by the source's service id and tax label.
    ``theme_by_currency`` and ``clearing_by_currency`` are keyed by currency code; a payment method's own account wins.
    ``line_amounts`` is auto, Exclusive or Inclusive; ``terms_days`` ``None`` keeps the source's due date;
    ``post_payments`` is collected or paid_out; ``notes`` is changes, all or none. ``item_by_service`` and
    ``tracking_by_service`` (option by category) are keyed by service id, ``tracking_by_staff`` by the e-mail address of
    the client's manager or partner, as ``staff_from`` says (empty: not used). ``fields`` are those that differ from the
    app's own (``mappings.defaults``). A request for approval runs out after ``approval_days``; with ``approve_own``
    the person who asked may approve.
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
    theme_by_currency: dict[str, str] = field(default_factory=dict)
    clearing_by_currency: dict[str, str] = field(default_factory=dict)
    item_by_service: dict[str, str] = field(default_factory=dict)
    tracking_by_service: dict[str, dict[str, str]] = field(default_factory=dict)
    staff_from: str = ""
    tracking_by_staff: dict[str, dict[str, str]] = field(default_factory=dict)
    fields: tuple[FieldMap, ...] = ()
    rules: tuple[Rule, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    approval_days: int = 14
    approve_own: bool = False

    @property
    def clearing_accounts(self) -> frozenset[str]:
        """Every account that payments may be put on by this mapping, by code or id."""
        tables = (*self.clearing_by_method.values(), *self.clearing_by_currency.values())
        return frozenset({self.clearing_account, *tables} - {""})

    @property
    def left_over_account(self) -> str:
        """Where everything goes that nobody chose an account for; empty where somebody chose it for a service too."""
        return "" if self.sales_account in self.account_by_service.values() else self.sales_account


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The target's own settings: accounts by code and id, tax rates by type, tracking options, lock date, home.

    ``items`` are codes; ``None`` where they have not been read. ``themes`` are names of branding themes by id.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    tax_rates: dict[str, TaxRate] = field(default_factory=dict)
    tracking: dict[str, frozenset[str]] = field(default_factory=dict)
    items: frozenset[str] | None = None
    currencies: frozenset[str] = frozenset()
    themes: dict[str, str] = field(default_factory=dict)
    lock_date: date | None = None
    base_currency: str = ""
    country: str = ""
    time_zone: str = "UTC"

    def has_currency(self, code: str) -> bool:
        """Whether documents may be in this currency. Without a known currency of its own nothing is ruled out."""
        return not self.base_currency or code == self.base_currency or code in self.currencies


REVENUE_TYPES = frozenset({"REVENUE", "SALES", "OTHERINCOME"})
"""Account types of the ledger that sales lines may be posted to."""


def is_income(account: Account) -> bool:
    return account.account_class == "REVENUE" or account.type in REVENUE_TYPES


def is_active(record: Account | TaxRate) -> bool:
    """Whether the ledger still offers it; a ledger that gives no status offers what it lists."""
    return record.status in {"", "ACTIVE"}


def offers_of(facts: Facts) -> dict[str, dict[str, str]]:
    """The target's lists for values of fields, by what a value may be called. What was not read is missing."""
    active = [account for account in facts.accounts.values() if is_active(account)]
    lists = {
        Offered.SALES_ACCOUNTS: _accounts(item for item in active if item.code and is_income(item)),
        Offered.CLEARING_ACCOUNTS: _accounts(item for item in active if item.takes_payments),
        Offered.ITEMS: {code.casefold(): code for code in facts.items or ()},
        Offered.CURRENCIES: {
            code.casefold(): code for code in (*facts.currencies, facts.base_currency) if code
        },
        Offered.THEMES: _by_name((name, key) for key, name in facts.themes.items()),
        Offered.TRACKING: _by_name(
            (name, f"{category}: {option}")
            for category, options in facts.tracking.items()
            for option in options
            for name in (option, f"{category}: {option}")
        ),
    }
    unread = {Offered.SALES_ACCOUNTS, Offered.CLEARING_ACCOUNTS} if not facts.accounts else set()
    unread |= {Offered.ITEMS} if facts.items is None else set()
    unread |= {Offered.THEMES} if not facts.themes else set()
    return {name.value: known for name, known in lists.items() if name not in unread}


def _accounts(accounts: Iterable[Account]) -> dict[str, str]:
    keyed = [(account, account.code or account.external_id) for account in accounts]
    names = _by_name(
        (name, key)
        for account, key in keyed
        for name in (account.name, f"{account.code} {account.name}".strip())
    )
    return names | {key.casefold(): key for _, key in keyed}


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values by name; a name that means more than one is left out, except that a value itself always means itself."""
    found: dict[str, set[str]] = {}
    for name, value in pairs:
        found.setdefault(name.casefold(), set()).add(value)
    values = {value for named in found.values() for value in named}
    return {name: min(named) for name, named in found.items() if len(named) == 1} | {
        value.casefold(): value for value in values
    }


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One version of the choices beside the target's facts. ``program`` is made once, when it is first asked for."""

    version: int
    choices: Choices
    facts: Facts

    @cached_property
    def own_fields(self) -> frozenset[str]:
        """The fields that the practice maps itself."""
        return frozenset(item.target for item in self.choices.fields)

    @cached_property
    def program(self) -> Program:
        choices = self.choices
        return build(
            choices.fields, choices.rules, choices.lookups, self.facts.country, offers_of(self.facts)
        )


_LISTS: dict[str, tuple[Any, Any]] = {
    "fields": (field_map_to_json, field_map_from_json),
    "rules": (rule_to_json, rule_from_json),
    "lookups": (lookup_to_json, lookup_from_json),
}


__all__ = ["BadChoice", "Choices", "Facts", "Spec", "choices_from_json", "choices_to_json"]


def choices_to_json(choices: Choices) -> dict[str, Any]:
    simple = [item.name for item in dataclasses.fields(Choices) if item.name not in _LISTS]
    data: dict[str, Any] = {name: getattr(choices, name) for name in simple}
    data["tracking"] = [dataclasses.asdict(item) for item in choices.tracking]
    for name, (to_json, _) in _LISTS.items():
        data[name] = [to_json(item) for item in getattr(choices, name)]
    data["documents_from"] = choices.documents_from.isoformat() if choices.documents_from else None
    return data


def choices_from_json(data: dict[str, Any]) -> Choices:
    """Choices as stored; keys that are not known (from a later version) are ignored.

    Raises :class:`BadChoice` where a stored field map, rule or table can't be read.
    """
    known = {item.name for item in dataclasses.fields(Choices)}
    values = {name: value for name, value in data.items() if name in known}
    values["tracking"] = tuple(Tracking(**item) for item in values.get("tracking") or ())
    for name, (_, from_json) in _LISTS.items():
        values[name] = tuple(from_json(item) for item in values.get(name) or ())
    if values.get("documents_from"):
        values["documents_from"] = date.fromisoformat(values["documents_from"])
    return Choices(**values)
