"""The official Xero SDK against the sandbox over HTTP: its models must accept what the sandbox answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from xero_python.accounting import (  # type: ignore[import-untyped]
    Account,
    AccountingApi,
    Contact,
    Contacts,
    Invoice,
    Invoices,
    LineAmountTypes,
    LineItem,
    Payment,
    Payments,
)
from xero_python.api_client import ApiClient  # type: ignore[import-untyped]
from xero_python.api_client.configuration import Configuration  # type: ignore[import-untyped]
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi  # type: ignore[import-untyped]
from xero_python.exceptions import AccountingBadRequestException  # type: ignore[import-untyped]
from xero_python.exceptions.http_status_exceptions import RateLimitException  # type: ignore[import-untyped]
from xero_python.identity import IdentityApi  # type: ignore[import-untyped]

from sandbox.clock import Clock
from sandbox.server import Running, running
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.conftest import NOW
from tests.sandbox.xero_client import APP, SECRET, invoice_of, payment_of, sign_in


class Sdk:
    """The SDK signed in to one organisation of a served sandbox."""

    def __init__(self, served: Running, ledger: Ledger) -> None:
        self.ledger = ledger
        granted = sign_in(served.world, ledger)
        self.token: dict[str, Any] = {
            **granted,
            "scope": granted["scope"].split(),
            "expires_at": time.time() + 1800,
        }
        configuration = Configuration(oauth2_token=OAuth2Token(client_id=APP, client_secret=SECRET))
        self.client = ApiClient(
            configuration, oauth2_token_getter=lambda: self.token, oauth2_token_saver=self.save
        )
        # Left alone the SDK would sleep through a 429.
        self.client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        self.accounting = AccountingApi(self.client, base_url=f"{served.url}/api.xro/2.0")
        self.identity = IdentityApi(self.client, base_url=served.url)

    def save(self, token: dict[str, Any]) -> None:
        self.token = token


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    world = World(seed=7, clock=Clock(NOW, speed=0))
    ledger = world.xero.add_organisation("Harbour Lane Advisory", "AU")
    with running(world) as served:
        monkeypatch.setattr(TokenApi, "refresh_token_url", f"{served.url}/connect/token")
        monkeypatch.setattr(TokenApi, "revoke_token_url", f"{served.url}/connect/revocation")
        yield Sdk(served, ledger)


@pytest.mark.parametrize("page", [None, 1])
def test_sdk_reads_contacts_invoices_and_payments(sdk: Sdk, page: int | None) -> None:
    tenant = sdk.ledger.tenant_id
    contact = sdk.ledger.put_contact({"Name": "Tui & Fern Ltd", "EmailAddress": "a@tui.example"})
    made = sdk.ledger.put_invoice(invoice_of(sdk.ledger, contact["ContactID"], InvoiceNumber="IGN-1"))
    paid = sdk.ledger.put_payment(payment_of(made["InvoiceID"], "495.00"))
    paging = {} if page is None else {"page": page, "page_size": 1000}
    contacts = sdk.accounting.get_contacts(tenant, **paging)
    assert [(row.name, row.email_address, row.is_customer) for row in contacts.contacts] == [
        ("Tui & Fern Ltd", "a@tui.example", True)
    ]
    found = sdk.accounting.get_invoices(tenant, **paging)
    invoice = found.invoices[0]
    assert (invoice.invoice_number, invoice.status, invoice.total) == ("IGN-1", "PAID", 495)
    assert (invoice.date, invoice.due_date) == (date(2026, 11, 2), date(2026, 11, 16))
    assert invoice.updated_date_utc == NOW
    payment = sdk.accounting.get_payments(tenant, **paging).payments[0]
    assert (payment.payment_id, payment.amount, payment.payment_type) == (
        paid["PaymentID"],
        495,
        "ACCRECPAYMENT",
    )
    assert payment.invoice.invoice_id == made["InvoiceID"]
    if page:
        assert found.pagination.item_count == 1
        assert invoice.line_items[0].tax_amount == 45


def test_sdk_creates_one_of_each(sdk: Sdk) -> None:
    tenant = sdk.ledger.tenant_id
    contacts = sdk.accounting.create_contacts(
        tenant, Contacts(contacts=[Contact(name="New Ltd", contact_number="IGN-1")]), summarize_errors=False
    )
    contact = contacts.contacts[0]
    assert contact.has_validation_errors is False
    invoices = sdk.accounting.create_invoices(
        tenant,
        Invoices(
            invoices=[
                Invoice(
                    type="ACCREC",
                    contact=Contact(contact_id=contact.contact_id),
                    date=date(2026, 11, 2),
                    due_date=date(2026, 11, 16),
                    status="AUTHORISED",
                    line_amount_types=LineAmountTypes.EXCLUSIVE,
                    line_items=[
                        LineItem(description="Books", quantity=1, unit_amount=450, account_code="200")
                    ],
                )
            ]
        ),
        summarize_errors=False,
        idempotency_key="k1",
    )
    invoice = invoices.invoices[0]
    assert (invoice.total, invoice.status_attribute_string) == (495, "OK")
    payments = sdk.accounting.create_payments(
        tenant,
        Payments(
            payments=[
                Payment(
                    invoice=Invoice(invoice_id=invoice.invoice_id),
                    account=Account(code="608"),
                    date=date(2026, 11, 18),
                    amount=495,
                )
            ]
        ),
    )
    assert payments.payments[0].status == "AUTHORISED"
    assert sdk.ledger.invoices[invoice.invoice_id]["Status"] == "PAID"


def test_sdk_sees_validation_errors(sdk: Sdk) -> None:
    tenant = sdk.ledger.tenant_id
    sdk.ledger.put_contact({"Name": "Taken"})
    taken = Contacts(contacts=[Contact(name="taken")])
    with pytest.raises(AccountingBadRequestException) as refused:
        sdk.accounting.create_contacts(tenant, taken)
    assert "already assigned" in str(refused.value.error_data)
    each = sdk.accounting.create_contacts(tenant, taken, summarize_errors=False)
    assert each.contacts[0].status_attribute_string == "ERROR"
    assert "already assigned" in each.contacts[0].validation_errors[0].message


def test_sdk_refreshes_a_token(sdk: Sdk) -> None:
    before = sdk.token["refresh_token"]
    sdk.client.refresh_oauth2_token()
    assert sdk.token["refresh_token"] != before
    assert sdk.accounting.get_organisations(sdk.ledger.tenant_id).organisations[0].country_code.value == "AU"
    # Near its end the SDK refreshes by itself.
    again = sdk.token["refresh_token"]
    sdk.token = {**sdk.token, "expires_at": time.time() + 30}
    sdk.accounting.get_contacts(sdk.ledger.tenant_id)
    assert sdk.token["refresh_token"] != again


def test_sdk_reads_connections_and_settings(sdk: Sdk) -> None:
    tenant = sdk.ledger.tenant_id
    connection = sdk.identity.get_connections()[0]
    assert (connection.tenant_id, connection.tenant_type) == (tenant, "ORGANISATION")
    assert len(sdk.accounting.get_accounts(tenant).accounts) == len(sdk.ledger.accounts)
    assert {rate.tax_type for rate in sdk.accounting.get_tax_rates(tenant).tax_rates} >= {"OUTPUT"}
    assert "FINANCIALADVISER" in {user.organisation_role for user in sdk.accounting.get_users(tenant).users}
    assert len(sdk.accounting.get_tracking_categories(tenant).tracking_categories) == 2
    themes = sdk.accounting.get_branding_themes(tenant).branding_themes
    assert {theme.name for theme in themes} == {"Standard", "Fixed fee"}
    assert sdk.accounting.get_currencies(tenant).currencies
    assert sdk.accounting.get_items(tenant).items == []
    assert sdk.accounting.get_credit_notes(tenant).credit_notes == []
    assert sdk.accounting.get_organisation_actions(tenant).actions[0].status == "ALLOWED"


def test_sdk_reads_only_what_changed(sdk: Sdk) -> None:
    sdk.ledger.put_contact({"Name": "Old"}, at=datetime(2026, 11, 1, tzinfo=UTC))
    sdk.ledger.put_contact({"Name": "New"})
    found = sdk.accounting.get_contacts(
        sdk.ledger.tenant_id, if_modified_since=datetime(2026, 11, 10, tzinfo=UTC)
    )
    assert [row.name for row in found.contacts] == ["New"]


def test_sdk_meets_the_rate_limit(sdk: Sdk) -> None:
    for _ in range(60):
        sdk.accounting.get_currencies(sdk.ledger.tenant_id)
    with pytest.raises(RateLimitException):
        sdk.accounting.get_currencies(sdk.ledger.tenant_id)
