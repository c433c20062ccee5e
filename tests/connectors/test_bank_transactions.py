"""Xero's bank transactions as neutral records, how they are asked for, and what a refusal of them is."""

from datetime import date
from decimal import Decimal

import pytest

from connectors.answers import Answer
from connectors.errors import NeedsReconnect, NotAllowed
from connectors.records import BankTransaction, Kind
from connectors.stored import dump, load
from connectors.xero import failures, parse
from connectors.xero.client import READ_PLANS, _list_params

RAW = {
    "BankTransactionID": "bt-1",
    "Type": "RECEIVE",
    "Contact": {"ContactID": "c-1", "Name": "Ignition"},
    "BankAccount": {"AccountID": "a-1", "Code": "090", "Name": "Bank"},
    "Date": "/Date(1789516800000+0000)/",
    "Reference": "IGNITIONPAY",
    "Status": "AUTHORISED",
    "IsReconciled": True,
    "CurrencyCode": "AUD",
    "LineAmountTypes": "NoTax",
    "Total": Decimal("110.00"),
    "TotalTax": Decimal("0.00"),
    "LineItems": [
        {"LineItemID": "l", "Description": "Payout", "LineAmount": Decimal("110.00"), "AccountCode": "608"}
    ],
    "UpdatedDateUTC": "/Date(1789534800000+0000)/",
}


def test_a_bank_transaction_is_read_and_kept_without_loss() -> None:
    row = parse.row(Kind.BANK_TRANSACTION, RAW)
    assert isinstance(row.record, BankTransaction)
    assert (row.external_id, row.record.type, row.record.date) == ("bt-1", "RECEIVE", date(2026, 9, 16))
    assert (row.record.amount, row.record.account_code, row.record.is_reconciled) == (
        Decimal(110),
        "090",
        True,
    )
    assert [line.account_code for line in row.record.lines] == ["608"]
    assert row.record.source_updated_at is not None
    assert load(Kind.BANK_TRANSACTION, dump(row.record)) == row.record


def test_one_that_says_no_total_is_set_aside() -> None:
    row = parse.row(Kind.BANK_TRANSACTION, {"BankTransactionID": "bt-2"})
    assert row.record is None
    assert "Total" in row.problem
    bare = parse.row(Kind.BANK_TRANSACTION, {"BankTransactionID": "bt-3", "Total": Decimal(5)})
    assert isinstance(bare.record, BankTransaction)
    assert bare.record.lines == ()


def test_it_is_read_at_night_last_by_pages_and_may_be_refused() -> None:
    plan = READ_PLANS[-1]
    assert plan.kind is Kind.BANK_TRANSACTION
    assert (plan.nightly, plan.optional, plan.incremental) == (True, True, True)
    assert _list_params(plan.kind, 2) == {"page": "2", "pageSize": "1000", "unitdp": "4"}
    assert [item.kind for item in READ_PLANS if item.optional] == [Kind.BANK_TRANSACTION]


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (401, {"www-authenticate": 'Bearer error="insufficient_scope"'}, b"{}", NotAllowed),
        (401, {}, b'{"Detail": "insufficent_scope"}', NotAllowed),
        (403, {}, b'{"Title": "Forbidden"}', NeedsReconnect),
    ],
)
def test_a_missing_permission_is_told_apart_from_a_lost_connection(
    status: int, headers: dict[str, str], body: bytes, expected: type[NeedsReconnect]
) -> None:
    error = failures.classify(Answer(status=status, headers=headers, body=body, ms=1), False)
    assert type(error) is expected
