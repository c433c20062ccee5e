"""One practice's choices carried over to another: what fits, and what is left out and why. Pure.

What a practice calls by an id of its own systems (services, branding themes) is found again by its name. What is left
out keeps the value that this practice has.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.records import Tracking
from mappings import checks, options
from mappings.catalog import ABOUT_WORDS
from mappings.fieldmaps import FieldMap, Lookup
from mappings.rules import Outcome, Rule
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.words import sentence_of, target_label

NOT_IN_XERO = "This practice's Xero does not offer it."
NO_SERVICE = "This practice's Ignition has no service of that name."
NO_THEME = "This practice's Xero has no branding theme of that name."
OWN = "Each practice keeps its own."
SAME_NAME = "There is another rule of that name here."
OTHER_TABLE = "There is another table of that name here, and what is here uses it."

KEPT: dict[str, tuple[str, Callable[[Any], str]]] = {
    "number_prefix": ("Prefix of numbers", str),
    "documents_from": ("Invoices and payments from", lambda value: value.isoformat() if value else "not set"),
}
SIMPLE = (
    "invoice_status",
    "line_amounts",
    "terms_days",
    "post_payments",
    "notes",
    "approval_days",
    "approve_own",
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    what: str
    value: str
    reason: str


def carried(
    theirs: Choices, their_view: TargetView, ours: Choices, our_view: TargetView
) -> tuple[Choices, list[LeftOut]]:
    """Our choices with everything of theirs that fits, and what does not fit."""
    copier = _Copier(theirs, their_view, ours, our_view)
    return copier.all(), copier.left


class _Copier:
    """The two sides while one is carried over to the other; ``left`` gathers what does not fit."""

    def __init__(self, theirs: Choices, their_view: TargetView, ours: Choices, our_view: TargetView) -> None:
        self.theirs, self.their_view, self.ours, self.view = theirs, their_view, ours, our_view
        self.left: list[LeftOut] = []
        names = {item.name.casefold(): item.external_id for item in our_view.source.services}
        self.service_names = {item.external_id: item.name for item in their_view.source.services}
        self.services = {
            key: names[name.casefold()]
            for key, name in self.service_names.items()
            if name.casefold() in names
        }
        self.sales = options.choosable(options.sales_options(our_view))
        self.clearing = options.choosable(options.clearing_options(our_view))
        self.taxes = options.choosable(options.tax_options(our_view))
        self.items = our_view.facts.items or frozenset()

    def all(self) -> Choices:
        for name, (label, words) in KEPT.items():
            value = getattr(self.theirs, name)
            if value != getattr(self.ours, name):
                self.left.append(LeftOut(label, words(value), OWN))
        with_values = dataclasses.replace(
            self.ours,
            **{name: getattr(self.theirs, name) for name in SIMPLE},
            sales_account=self._one("sales_account", "Sales account", self.sales, options.account_name),
            default_tax=self._one("default_tax", "Lines without a tax", self.taxes, options.tax_name),
            clearing_account=self._one(
                "clearing_account", "Clearing account", self.clearing, options.account_name
            ),
            branding_theme=self._theme(),
            tracking=self._tracking(),
            tax_by_label=self._table("tax_by_label", "Tax label", self.taxes, options.tax_name),
            clearing_by_method=self._table(
                "clearing_by_method", "Payment method", self.clearing, options.account_name
            ),
            clearing_by_currency=self._table(
                "clearing_by_currency", "Clearing account of", self.clearing, options.account_name
            ),
            theme_by_currency=self._themes(),
            account_by_service=self._by_service(
                "account_by_service", "Account", self.sales, options.account_name
            ),
            item_by_service=self._by_service(
                "item_by_service", "Item", self.items, lambda view, value: value
            ),
            tracking_by_service=self._tracking_by_service(),
        )
        with_tables = dataclasses.replace(with_values, lookups=tuple(self._lookups()))
        with_fields = dataclasses.replace(with_tables, fields=tuple(self._fields(with_tables)))
        return dataclasses.replace(with_fields, rules=tuple(self._rules(with_fields)))

    def _one(
        self, name: str, label: str, offered: frozenset[str], words: Callable[[TargetView, str], str]
    ) -> str:
        value: str = getattr(self.theirs, name)
        kept: str = getattr(self.ours, name)
        if not value or value in offered:
            return value or kept
        self.left.append(LeftOut(label, words(self.their_view, value), NOT_IN_XERO))
        return kept

    def _table(
        self, name: str, label: str, offered: frozenset[str], words: Callable[[TargetView, str], str]
    ) -> dict[str, str]:
        out: dict[str, str] = dict(getattr(self.ours, name))
        for key, value in getattr(self.theirs, name).items():
            if value in offered:
                out[key] = value
            else:
                self.left.append(LeftOut(f"{label} “{key}”", words(self.their_view, value), NOT_IN_XERO))
        return out

    def _by_service(
        self, name: str, label: str, offered: frozenset[str], words: Callable[[TargetView, str], str]
    ) -> dict[str, str]:
        out: dict[str, str] = dict(getattr(self.ours, name))
        for key, value in getattr(self.theirs, name).items():
            ours, reason = self._service(key)
            if ours and value in offered:
                out[ours] = value
            else:
                said = f"{label} of the service “{self.service_names.get(key, key)}”"
                self.left.append(LeftOut(said, words(self.their_view, value), reason or NOT_IN_XERO))
        return out

    def _tracking_by_service(self) -> dict[str, dict[str, str]]:
        out = {key: dict(table) for key, table in self.ours.tracking_by_service.items()}
        for key, table in self.theirs.tracking_by_service.items():
            ours, reason = self._service(key)
            for category, option in table.items():
                if ours and self._is_offered(category, option):
                    out.setdefault(ours, {})[category] = option
                else:
                    said = f"Tracking of the service “{self.service_names.get(key, key)}”"
                    self.left.append(LeftOut(said, f"{category}: {option}", reason or NOT_IN_XERO))
        return out

    def _service(self, key: str) -> tuple[str, str]:
        """(our id of their service, why there is none)."""
        ours = self.services.get(key, "")
        return ours, "" if ours else NO_SERVICE

    def _is_offered(self, category: str, option: str) -> bool:
        return option in self.view.facts.tracking.get(category, frozenset())

    def _tracking(self) -> tuple[Tracking, ...]:
        fits = [item for item in self.theirs.tracking if self._is_offered(item.category, item.option)]
        self.left += [
            LeftOut("Tracking", f"{item.category}: {item.option}", NOT_IN_XERO)
            for item in self.theirs.tracking
            if item not in fits
        ]
        return tuple(fits) or self.ours.tracking

    def _our_theme(self, theirs: str) -> str:
        name = options.theme_name(self.their_view, theirs)
        return next((item.external_id for item in self.view.branding_themes if item.name == name), "")

    def _themes(self) -> dict[str, str]:
        out = dict(self.ours.theme_by_currency)
        for code, theirs in self.theirs.theme_by_currency.items():
            ours = self._our_theme(theirs)
            if ours:
                out[code] = ours
            else:
                name = options.theme_name(self.their_view, theirs)
                self.left.append(LeftOut(f"Branding theme of {code}", name, NO_THEME))
        return out

    def _theme(self) -> str:
        theirs = self.theirs.branding_theme
        ours = self._our_theme(theirs) if theirs else ""
        if theirs and not ours:
            name = options.theme_name(self.their_view, theirs)
            self.left.append(LeftOut("Branding theme", name, NO_THEME))
        return ours or self.ours.branding_theme

    def _lookups(self) -> Iterator[Lookup]:
        """Their tables over ours; one that is another here keeps its place, so that what uses it stays right."""
        mine = {item.name: item for item in self.ours.lookups}
        for item in self.theirs.lookups:
            if item.name in mine and mine[item.name] != item:
                self.left.append(LeftOut("Look-up table", item.name, OTHER_TABLE))
            else:
                mine[item.name] = item
        yield from mine.values()

    def _fields(self, choices: Choices) -> Iterator[FieldMap]:
        env = checks.environment(choices, self.view)
        mine = {item.target: item for item in self.ours.fields}
        for item in self.theirs.fields:
            problems = checks.field_problems(item, env)
            if problems:
                self.left.append(LeftOut("Field", target_label(item.target), " ".join(problems)))
            else:
                mine[item.target] = item
        yield from mine.values()

    def _rules(self, choices: Choices) -> Iterator[Rule]:
        env = checks.environment(choices, self.view)
        mine = {rule.key: rule for rule in self.ours.rules}
        names = {(rule.about, rule.name.casefold()): rule.key for rule in self.ours.rules}
        for rule in self.theirs.rules:
            fitted = dataclasses.replace(rule, then=tuple(self._outcome(item) for item in rule.then))
            problems = checks.rule_problems(fitted, env, self.view)
            if names.get((rule.about, rule.name.casefold()), rule.key) != rule.key:
                problems = [SAME_NAME]
            if problems:
                said = f"Rule “{rule.name}” for {ABOUT_WORDS[rule.about]}"
                self.left.append(LeftOut(said, sentence_of(rule, self.their_view), " ".join(problems)))
            else:
                mine[rule.key] = fitted
        yield from mine.values()

    def _outcome(self, item: Outcome) -> Outcome:
        """A branding theme under this practice's id; everything else as it is."""
        if item.do != "branding":
            return item
        settings: Mapping[str, str] = item.settings
        ours = self._our_theme(settings.get("value", ""))
        return dataclasses.replace(item, settings={**settings, "value": ours or settings.get("value", "")})
