"""Two sets of choices side by side, in words: what a person looks through before a version is published. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from connectors.records import Tracking
from mappings import options
from mappings.list_differences import field_differences, lookup_differences, rule_differences
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.targets import STATUSES
from mappings.words import STAFF_WORDS

NOTHING = "not set"

LINE_AMOUNT_WORDS = {
    "auto": "Work it out from each invoice's total",
    "Exclusive": "Prices exclude tax",
    "Inclusive": "Prices include tax",
}
POST_WORDS = {
    "collected": "When the client has paid",
    "paid_out": "When Ignition has paid the money out",
}
NOTE_WORDS = {
    "none": "Never",
    "changes": "Only when something that exists is changed",
    "all": "For everything the app writes",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One choice that differs. ``used_by`` counts lines or payments of the last 90 days, where known."""

    section: str
    label: str
    old: str
    new: str
    used_by: int | None = None


def differences(old: Choices, new: Choices, view: TargetView) -> list[Difference]:
    """Every choice that differs, in the order of the page. Equal choices give an empty list."""
    return [
        *_settings(old, new, view),
        *_tables(old, new, view),
        *_tracking("Tracking", "", _options(old.tracking), _options(new.tracking)),
        *(Difference(*item) for item in field_differences(old.fields, new.fields)),
        *(Difference(*item) for item in rule_differences(old.rules, new.rules, view)),
        *(Difference(*item) for item in lookup_differences(old.lookups, new.lookups)),
    ]


def _settings(old: Choices, new: Choices, view: TargetView) -> Iterator[Difference]:
    def account(key: str) -> str:
        return options.account_name(view, key)

    def tax(key: str) -> str:
        return options.tax_name(view, key)

    def theme(key: str) -> str:
        return options.theme_name(view, key)

    rows: tuple[tuple[str, str, str, Callable[..., str]], ...] = (
        ("Invoices", "Status in Xero", "invoice_status", _named(STATUSES)),
        ("Invoices", "Sales account", "sales_account", account),
        ("Invoices", "Prefix of numbers", "number_prefix", str),
        ("Invoices", "Payment terms", "terms_days", _terms),
        ("Invoices", "Branding theme", "branding_theme", theme),
        ("Invoices", "Prices", "line_amounts", _named(LINE_AMOUNT_WORDS)),
        ("Invoices", "Documents from", "documents_from", _day),
        ("Tax", "Lines without a tax in Ignition", "default_tax", tax),
        ("Payments", "Clearing account", "clearing_account", account),
        ("Payments", "Written", "post_payments", _named(POST_WORDS)),
        ("Staff", "Clients' invoices are tracked by", "staff_from", _named(STAFF_WORDS)),
        ("Notes", "Notes in Xero's history", "notes", _named(NOTE_WORDS)),
        ("Approvals", "A request runs out", "approval_days", _runs_out),
        ("Approvals", "Approving what one asked for oneself", "approve_own", _allowed),
    )
    for section, label, name, words in rows:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference(section, label, words(before) or NOTHING, words(after) or NOTHING)


def _tables(old: Choices, new: Choices, view: TargetView) -> Iterator[Difference]:
    names = {service.external_id: service.name for service in view.source.services}
    lines = {service.external_id: service.lines for service in view.source.services}
    yield from _table(
        "Services",
        old.account_by_service,
        new.account_by_service,
        name=lambda key: names.get(key, key),
        value=lambda key: options.account_name(view, key) if key else "the sales account",
        used_by=lines,
    )
    yield from _table(
        "Services",
        old.item_by_service,
        new.item_by_service,
        name=lambda key: f"{names.get(key, key)}: item",
        value=lambda key: key or NOTHING,
        used_by=lines,
    )
    for key in sorted(old.tracking_by_service.keys() | new.tracking_by_service.keys()):
        before, after = old.tracking_by_service.get(key, {}), new.tracking_by_service.get(key, {})
        yield from _tracking("Services", f"{names.get(key, key)}: ", before, after, lines.get(key))
    for email in sorted(old.tracking_by_staff.keys() | new.tracking_by_staff.keys()):
        before, after = old.tracking_by_staff.get(email, {}), new.tracking_by_staff.get(email, {})
        yield from _tracking("Staff", f"{email}: ", before, after, None)
    yield from _table(
        "Tax",
        old.tax_by_label,
        new.tax_by_label,
        name=lambda key: f"Ignition's “{key}”",
        value=lambda key: options.tax_name(view, key) or NOTHING,
        used_by={use.label: use.lines for use in view.source.labels},
    )
    yield from _table(
        "Payments",
        old.clearing_by_method,
        new.clearing_by_method,
        name=lambda key: f"Paid by {method_name(key)}",
        value=lambda key: options.account_name(view, key) if key else "the clearing account",
        used_by={use.method: use.payments for use in view.source.methods},
    )
    invoices = {use.code: use.invoices for use in view.source.currencies}
    yield from _table(
        "Currencies",
        old.theme_by_currency,
        new.theme_by_currency,
        name=lambda key: f"Branding theme of {key}",
        value=lambda key: options.theme_name(view, key) if key else "as for all invoices",
        used_by=invoices,
    )
    yield from _table(
        "Currencies",
        old.clearing_by_currency,
        new.clearing_by_currency,
        name=lambda key: f"Clearing account of {key}",
        value=lambda key: options.account_name(view, key) if key else "as for all payments",
        used_by=invoices,
    )


def _table(
    section: str,
    old: Mapping[str, str],
    new: Mapping[str, str],
    *,
    name: Callable[[str], str],
    value: Callable[[str], str],
    used_by: Mapping[str, int],
) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys(), key=lambda key: name(key).casefold()):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            yield Difference(section, name(key), value(before), value(after), used_by.get(key))


def _tracking(
    section: str, what: str, old: Mapping[str, str], new: Mapping[str, str], used_by: int | None = None
) -> Iterator[Difference]:
    for category in sorted(old.keys() | new.keys()):
        before, after = old.get(category, ""), new.get(category, "")
        if before != after:
            yield Difference(section, f"{what}{category}", before or NOTHING, after or NOTHING, used_by)


def _options(tracking: Iterable[Tracking]) -> dict[str, str]:
    return {item.category: item.option for item in tracking}


def method_name(method: str) -> str:
    """``direct_debit`` → "direct debit"."""
    return method.replace("_", " ").strip() or "an unnamed method"


def _named(words: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: words.get(value, value)


def _terms(days: int | None) -> str:
    if days is None:
        return "Ignition's due date"
    return f"{days} days after the invoice" if days != 1 else "1 day after the invoice"


def _runs_out(days: int) -> str:
    return f"after {days} days" if days != 1 else "after 1 day"


def _allowed(value: bool) -> str:
    return "allowed" if value else "not allowed"


def _day(value: date | None) -> str:
    return f"{value.day} {value:%b %Y}" if value else ""
