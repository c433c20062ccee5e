"""What both systems bring to a mapping: the target's settings and how the source uses its own values.

Pure data. Whoever reads the two systems fills it in; nothing here knows where it came from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from connectors.records import Account, TaxRate
from mappings.spec import Choices, Facts, is_active, is_income


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUse:
    """A service of the source and the invoice lines of the last 90 days billing it; ``amount`` before tax.

    ``upcoming``: accepted proposals with this service that run within the next 90 days.
    """

    external_id: str
    name: str
    tax_label: str = ""
    is_active: bool = True
    upcoming: int = 0
    lines: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelUse:
    """A tax label of the source: services that carry it and invoice lines of the last 90 days."""

    label: str
    services: int = 0
    lines: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodUse:
    """A payment method of the source and its payments of the last 90 days."""

    method: str
    payments: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyUse:
    """A currency and the source's invoices of the last 90 days in it; ``amount`` in that currency, as invoiced."""

    code: str
    invoices: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffUse:
    """Whom the source names as partner or manager of clients; ``in_target``: the target's user with that e-mail."""

    email: str
    partner_of: int = 0
    manager_of: int = 0
    in_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """``is_read`` is true once services and invoices have been read completely at least once."""

    is_read: bool = False
    services: tuple[ServiceUse, ...] = ()
    labels: tuple[LabelUse, ...] = ()
    methods: tuple[MethodUse, ...] = ()
    currencies: tuple[CurrencyUse, ...] = ()
    staff: tuple[StaffUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandingTheme:
    external_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """The target's settings beside the source's use of its values.

    ``is_read`` is true once accounts and tax rates have been read completely at least once.
    """

    is_read: bool = False
    facts: Facts = field(default_factory=Facts)
    branding_themes: tuple[BrandingTheme, ...] = ()
    source: SourceView = field(default_factory=SourceView)
    read_at: datetime | None = None

    @property
    def both_read(self) -> bool:
        return self.is_read and self.source.is_read

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account once, by code; the facts list them by code and by id."""
        once = {account.external_id: account for account in self.facts.accounts.values()}
        return tuple(
            sorted(once.values(), key=lambda account: (account.code == "", account.code, account.name))
        )

    @property
    def sales_accounts(self) -> tuple[Account, ...]:
        """Accounts that a sales line may be posted to: active, for income, with a code to send."""
        return tuple(
            account for account in self.accounts if account.code and is_active(account) and is_income(account)
        )

    @property
    def clearing_accounts(self) -> tuple[Account, ...]:
        """Accounts that payments may be posted to."""
        return tuple(account for account in self.accounts if is_active(account) and account.takes_payments)

    @property
    def sales_tax_rates(self) -> tuple[TaxRate, ...]:
        """Active tax types that fit income, by name."""
        rates = [rate for rate in self.facts.tax_rates.values() if is_active(rate) and rate.for_revenue]
        return tuple(sorted(rates, key=lambda rate: rate.name.casefold()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """What still has no valid target. Everything but ``services`` blocks the records that need it."""

    sales_account: bool
    default_tax: bool
    clearing: bool
    labels: tuple[str, ...]
    services: tuple[str, ...]
    broken: tuple[str, ...]
    """Chosen values that the target no longer offers, as "what: value"."""

    @property
    def blocking(self) -> int:
        return self.sales_account + self.default_tax + self.clearing + len(self.labels) + len(self.broken)


def account_key(account: Account) -> str:
    """How a choice names an account: by its code, or by its id where it has none (some bank accounts)."""
    return account.code or account.external_id


def find_gaps(view: TargetView, choices: Choices) -> Gaps:
    """Compare the choices with what the source uses and the target offers now."""
    sales = {account_key(account) for account in view.sales_accounts}
    clearing = {account_key(account) for account in view.clearing_accounts}
    taxes = {rate.external_id for rate in view.sales_tax_rates}
    themes = {theme.external_id for theme in view.branding_themes}
    broken = []

    def named(value: str) -> str:
        account = view.facts.accounts.get(value)
        return f"{value} {account.name}" if account else value

    for name, value, valid in (
        ("Sales account", choices.sales_account, sales),
        ("Tax without a label", choices.default_tax, taxes),
        ("Clearing account", choices.clearing_account, clearing),
        ("Branding theme", choices.branding_theme, themes),
    ):
        if value and value not in valid:
            broken.append(f"{name}: {named(value)}")
    names = {service.external_id: service.name for service in view.source.services}
    broken += [
        f"Branding theme of {code}"
        for code, theme in choices.theme_by_currency.items()
        if theme not in themes
    ]
    for title, table, valid in (
        ("Service", choices.account_by_service, sales),
        ("Tax label", choices.tax_by_label, taxes),
        ("Payment method", choices.clearing_by_method, clearing),
        ("Clearing account of", choices.clearing_by_currency, clearing),
    ):
        broken += [
            f"{title} {names.get(key, key)}: {named(value)}"
            for key, value in table.items()
            if value not in valid
        ]
    for item in choices.tracking:
        if item.option not in view.facts.tracking.get(item.category, frozenset()):
            broken.append(f"Tracking {item.category}: {item.option}")
    broken += _broken_by_service(view, choices, names)
    return Gaps(
        sales_account=not choices.sales_account,
        default_tax=not choices.default_tax,
        clearing=not choices.clearing_account,
        labels=tuple(use.label for use in view.source.labels if not choices.tax_by_label.get(use.label)),
        services=tuple(
            use.external_id
            for use in view.source.services
            if not choices.account_by_service.get(use.external_id)
        ),
        broken=tuple(broken),
    )


def _broken_by_service(view: TargetView, choices: Choices, names: Mapping[str, str]) -> Iterator[str]:
    """Items and tracking options of single services that the target no longer offers."""
    for key, code in choices.item_by_service.items():
        if view.facts.items is not None and code not in view.facts.items:
            yield f"Service {names.get(key, key)}: item {code}"
    for key, table in choices.tracking_by_service.items():
        for category, option in table.items():
            if option not in view.facts.tracking.get(category, frozenset()):
                yield f"Service {names.get(key, key)}: {category}: {option}"
