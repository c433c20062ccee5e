"""Links into the other systems' own pages. Simulated systems have none."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from practices.models import Connection, Provider
from sync.models import Kind

XERO_HOST = "https://go.xero.com"
XERO_PAGES = {
    Kind.CONTACT: "/Contacts/View/{id}",
    Kind.INVOICE: "/AccountsReceivable/Edit.aspx?InvoiceID={id}",
}
XERO_BANK_PAGE = "/Bank/ViewTransaction.aspx?bankTransactionID={id}"
XERO_BILL_PAGE = "/AccountsPayable/Edit.aspx?InvoiceID={id}"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def deep_link(connection: Connection, kind: str, external_id: str, record: Mapping[str, Any]) -> str:
    """Where a person sees this object in its own system; empty when that page isn't known or isn't real."""
    if not external_id or is_simulated(connection.provider):
        return ""
    if connection.provider == Provider.XERO:
        return _xero(connection, kind, external_id, record)
    link = str(record.get("link") or "")
    return link if link.startswith("https://") else ""


def is_simulated(provider: str) -> bool:
    """Whether this provider's address points at this computer."""
    name = "XERO_API_URL" if provider == Provider.XERO else "IGNITION_API_URL"
    return urlsplit(str(getattr(settings, name, ""))).hostname in LOOPBACK


def _xero(connection: Connection, kind: str, external_id: str, record: Mapping[str, Any]) -> str:
    """Through the organisation log-in address: it opens the right one for people with several."""
    page = XERO_PAGES.get(Kind(kind)) if kind in Kind.values else None
    if kind == Kind.INVOICE and record.get("type") == "ACCPAY":
        page = XERO_BILL_PAGE
    if kind == Kind.BANK_TRANSACTION:
        account = str(record.get("account_external_id") or "")
        page = XERO_BANK_PAGE + (f"&accountID={quote(account, safe='')}" if account else "")
    if page is None:
        return ""
    path = page.format(id=quote(external_id, safe=""))
    short_code = str(connection.tenant_details.get("short_code") or "")
    if not short_code:
        return XERO_HOST + path
    query = urlencode({"shortcode": short_code, "redirecturl": path})
    return f"{XERO_HOST}/organisationlogin/default.aspx?{query}"
