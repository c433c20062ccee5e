"""What may be chosen for each sort of mapping, in the words of the page. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.records import Account, TaxRate
from mappings.sides import TargetView, account_key
from mappings.spec import is_income

GONE = "not offered by Xero any more"


@dataclass(frozen=True, slots=True)
class Option:
    """``blocked`` says why it is shown but can't be chosen; ``gone`` marks a choice that stopped working."""

    value: str
    label: str
    blocked: str = ""
    gone: bool = False


def sales_options(view: TargetView, chosen: str = "") -> tuple[Option, ...]:
    """Accounts a sales line may go to; archived income accounts are shown greyed out."""
    valid = [Option(account_key(item), account_label(item)) for item in view.sales_accounts]
    taken = {option.value for option in valid}
    greyed = [
        Option(account_key(item), account_label(item), blocked="archived in Xero")
        for item in view.accounts
        if is_income(item) and item.code and item.code not in taken and item.code != chosen
    ]
    return _with_chosen((*valid, *greyed), chosen, account_name(view, chosen))


def clearing_options(view: TargetView, chosen: str = "") -> tuple[Option, ...]:
    """Accounts that accept payments."""
    valid = tuple(Option(account_key(item), account_label(item)) for item in view.clearing_accounts)
    return _with_chosen(valid, chosen, account_name(view, chosen))


def tax_options(view: TargetView, chosen: str = "") -> tuple[Option, ...]:
    """Active tax types that fit income, with their rate; archived ones are shown greyed out."""
    valid = [Option(rate.external_id, rate_label(rate)) for rate in view.sales_tax_rates]
    taken = {option.value for option in valid}
    greyed = [
        Option(rate.external_id, rate_label(rate), blocked="archived in Xero")
        for rate in view.facts.tax_rates.values()
        if rate.for_revenue and rate.external_id not in taken and rate.external_id != chosen
    ]
    return _with_chosen((*valid, *greyed), chosen, tax_name(view, chosen))


def theme_options(view: TargetView, chosen: str = "") -> tuple[Option, ...]:
    valid = tuple(Option(theme.external_id, theme.name) for theme in view.branding_themes)
    return _with_chosen(valid, chosen, theme_name(view, chosen))


def tracking_options(view: TargetView, category: str, chosen: str = "") -> tuple[Option, ...]:
    valid = tuple(Option(name, name) for name in sorted(view.facts.tracking.get(category, frozenset())))
    return _with_chosen(valid, chosen, chosen)


def item_options(view: TargetView, chosen: str = "") -> tuple[Option, ...]:
    """Codes of Xero's items."""
    valid = tuple(Option(code, code) for code in sorted(view.facts.items or ()))
    return _with_chosen(valid, chosen, chosen)


def choosable(options: Iterable[Option]) -> frozenset[str]:
    """The values a form may send back: all that are not blocked."""
    return frozenset(option.value for option in options if not option.blocked)


def account_label(account: Account) -> str:
    return f"{account.code} {account.name}".strip()


def rate_label(rate: TaxRate) -> str:
    return f"{rate.name}, {rate.rate.normalize():f} %"


def account_name(view: TargetView, key: str) -> str:
    """A chosen account as people know it; the bare code when the target has no such account."""
    account = view.facts.accounts.get(key)
    return account_label(account) if account else key


def tax_name(view: TargetView, tax_type: str) -> str:
    rate = view.facts.tax_rates.get(tax_type)
    return rate_label(rate) if rate else tax_type


def theme_name(view: TargetView, external_id: str) -> str:
    return next((item.name for item in view.branding_themes if item.external_id == external_id), external_id)


def _with_chosen(options: tuple[Option, ...], chosen: str, label: str) -> tuple[Option, ...]:
    """A choice that the target stopped offering stays in the list, so that saving keeps it."""
    if not chosen or chosen in choosable(options):
        return options
    return (Option(chosen, f"{label} ({GONE})", gone=True), *options)
