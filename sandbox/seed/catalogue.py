"""The services an accounting practice sells: prices before tax, how they are billed, and their tax label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.slugs import SlugMaker
from sandbox.ignition.state import stamp
from sandbox.ignition.tax_labels import TAX_LABELS, TaxLabel

# Cadence of a line: monthly, quarterly and yearly recur; once, deposit and unit do not.
RECURRING = {"monthly": 1, "quarterly": 3, "yearly": 12}
SALES = "200"


@dataclass(frozen=True)
class Service:
    """One catalogue entry. `price` excludes tax; `account` is where the native link books it in Xero."""

    key: str
    slug: str
    name: str
    price: Decimal
    cadence: str
    tax: TaxLabel
    group: str
    account: str
    state: str
    unit: str | None

    @property
    def price_type(self) -> str:
        return "unit" if self.unit else "fixed"


# key, name, price, cadence, kind of tax (0 standard, 1 free, 2 outside), group, account, state, unit
_SPECS: tuple[tuple[str, str, str, str, int, str, str, str, str | None], ...] = (
    ("bookkeeping", "Bookkeeping (monthly)", "450", "monthly", 0, "Bookkeeping", "202", "active", None),
    ("books_plus", "Bookkeeping and reports", "780", "monthly", 0, "Bookkeeping", "202", "active", None),
    ("payroll", "Payroll processing", "8.2575", "unit", 0, "Payroll", "200", "active", "payslip"),
    ("software", "Software subscription", "62.5", "monthly", 0, "Bookkeeping", "200", "active", None),
    ("cfo", "Virtual CFO", "1850", "monthly", 0, "Advisory", "206", "active", None),
    ("returns", "Quarterly activity statement", "385", "quarterly", 0, "Compliance", "204", "active", None),
    ("review", "Quarterly accounts review", "640", "quarterly", 0, "Bookkeeping", "202", "active", None),
    ("company_tax", "Company income tax return", "1450", "yearly", 0, "Tax", "204", "active", None),
    ("person_tax", "Individual income tax return", "335", "yearly", 0, "Tax", "204", "active", None),
    ("trust_tax", "Trust income tax return", "1180", "yearly", 0, "Tax", "204", "active", None),
    ("accounts", "Annual financial statements", "2200", "yearly", 0, "Compliance", "204", "active", None),
    ("super_fund", "Super fund accounts and audit", "2650", "yearly", 0, "Compliance", "204", "active", None),
    ("secretarial", "Corporate secretarial", "290", "yearly", 0, "Compliance", "204", "active", None),
    ("filing_fee", "Registry annual fee (at cost)", "329", "yearly", 2, "Compliance", "260", "active", None),
    ("overseas", "Overseas client reporting", "520", "quarterly", 1, "Advisory", "206", "active", None),
    ("setup", "Company formation", "990", "deposit", 0, "Advisory", "206", "active", None),
    ("forecast", "Cash flow forecast", "3300", "deposit", 0, "Advisory", "206", "active", None),
    ("advice", "Business advice", "262.5", "unit", 0, "Advisory", "206", "active", "hour"),
    ("catch_up", "Catch-up bookkeeping", "95.1275", "unit", 0, "Bookkeeping", "202", "active", "hour"),
    ("onboarding", "Onboarding", "600", "once", 0, "Bookkeeping", "202", "active", None),
    ("training", "Software training session", "220", "once", 0, "Bookkeeping", "202", "new", None),
    ("legacy_books", "Bookkeeping package 2023", "395", "monthly", 0, "Bookkeeping", "202", "deleted", None),
    ("legacy_tax", "Tax return bundle 2023", "1320", "yearly", 0, "Tax", "204", "deleted", None),
    ("ledger_item", "Imported ledger item", "0", "once", 0, "Imported", "200", "ledger", None),
    ("placeholder", "To be scoped", "0", "once", 0, "Advisory", "206", "placeholder", None),
    ("system", "Opening balance", "0", "once", 2, "Imported", "200", "system", None),
)  # fmt: skip


def make_catalogue(
    country: str, slugs: SlugMaker, founded: datetime, *, clean: bool = False
) -> dict[str, Service]:
    """The practice's services by key; prices are the same numbers in each currency.

    clean: everything is booked to the one account called Sales, which whoever maps nothing else gets as well.
    """
    labels = list(TAX_LABELS[country].values())
    services = {}
    for index, (key, name, price, cadence, tax, group, account, state, unit) in enumerate(_SPECS):
        slug = slugs.slug("svc", founded + timedelta(minutes=index))
        services[key] = Service(
            key,
            slug,
            name,
            Decimal(price),
            cadence,
            labels[tax],
            group,
            SALES if clean else account,
            state,
            unit,
        )
    return services


def service_row(service: Service, group_slug: str, founded: datetime, changed: datetime) -> dict[str, Any]:
    """The service as the reporting list shows it."""
    return {
        "slug": service.slug,
        "name": service.name,
        "description": f"{service.name}, as agreed in the engagement.",
        "state": service.state,
        "price": service.price,
        "price_type": service.price_type,
        "billing_mode": "manual" if service.unit else "automatic",
        "unit_name": service.unit,
        "min_price": None,
        "max_price": None,
        "tax_rate": service.tax.label,
        "service_group": {"slug": group_slug, "name": service.group},
        "service_group_name": service.group,
        "service_category": None,
        "service_origin": "template" if service.state == "active" else None,
        "link": f"https://go.ignitionapp.example/services/{service.slug}",
        "created_at": stamp(founded),
        "updated_at": stamp(changed),
    }
