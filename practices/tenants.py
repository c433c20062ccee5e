"""Which Xero organisations a consent reaches, and what we keep of one."""

from dataclasses import dataclass, field
from typing import Any

from connectors.fields import BadField, text
from connectors.xero.client import XeroClient
from connectors.xero.dates import calendar_day

EDITIONS_WITHOUT_INVOICES = {"PARTNER"}
"""Partner and cashbook plans can't issue invoices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One entry of Xero's list. ``connection_external_id`` is what a disconnect needs."""

    external_id: str
    connection_external_id: str
    name: str
    kind: str

    @property
    def is_organisation(self) -> bool:
        return self.kind.upper() == "ORGANISATION"

    @property
    def kind_label(self) -> str:
        return "Organisation" if self.is_organisation else "Practice Manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is stored on a Connection. ``details`` is JSON: strings, dates as ISO text, booleans."""

    external_id: str
    name: str
    details: dict[str, Any] = field(default_factory=dict)


def tenants_of(client: XeroClient) -> list[Tenant]:
    """Every tenant the token reaches, by name. Raises what the call raises."""
    found = [
        Tenant(
            external_id=text(item, "tenantId"),
            connection_external_id=text(item, "id"),
            name=text(item, "tenantName") or "Unnamed",
            kind=text(item, "tenantType"),
        )
        for item in client.connections()
    ]
    return sorted(found, key=lambda tenant: (tenant.name.lower(), tenant.external_id))


def describe(organisation: dict[str, Any], tenant: Tenant) -> Organisation:
    """Keep of ``/Organisation`` what pages and checks need."""
    edition = text(organisation, "Edition").upper()
    return Organisation(
        external_id=tenant.external_id,
        name=text(organisation, "Name") or tenant.name,
        details={
            "connection_external_id": tenant.connection_external_id,
            "organisation_external_id": text(organisation, "OrganisationID"),
            "legal_name": text(organisation, "LegalName"),
            "short_code": text(organisation, "ShortCode"),
            "country": text(organisation, "CountryCode"),
            "currency": text(organisation, "BaseCurrency"),
            "time_zone": text(organisation, "Timezone"),
            "version": text(organisation, "Version"),
            "edition": edition,
            "can_invoice": edition not in EDITIONS_WITHOUT_INVOICES,
            "sales_tax_basis": text(organisation, "SalesTaxBasis"),
            "default_sales_tax": text(organisation, "DefaultSalesTax"),
            "period_lock_date": _day(organisation, "PeriodLockDate"),
            "year_lock_date": _day(organisation, "EndOfYearLockDate"),
            "is_demo": organisation.get("IsDemoCompany") is True,
        },
    )


def _day(organisation: dict[str, Any], name: str) -> str:
    """An ISO day, or empty when there is none or it can't be read."""
    try:
        found = calendar_day(organisation, name)
    except BadField:
        return ""
    return found.isoformat() if found else ""
