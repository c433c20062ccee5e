"""Group O and K13: payouts and fees as people and bank rules put them on the bank account in Xero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.planting.ground import BANK_CODE, CLEARING_CODE, Ground, NoGround
from sandbox.planting.planted import Planted
from sandbox.planting.writing import put_straight
from sandbox.seed.banking import BANK_TEXT, FEE_CODE, NO_TAX, SALES_CODE
from sandbox.seed.calendar_days import instant
from sandbox.xero import money
from sandbox.xero.payload import Row

_NEWEST, _OLDEST = 10, 100
"""Days: younger ones may still be waited for, and older ones may get into a locked period."""
OFTEN = 3
"""Payouts that a wrong bank rule has coded."""
SALE_TAX = {"AU": "OUTPUT", "NZ": "OUTPUT2", "UK": "OUTPUT2"}


def not_on_the_bank_account(ground: Ground, number: int) -> Planted:
    """O01: somebody removed the line."""
    payout, line = _payout(ground)
    put_straight(ground, "bank_transactions", line, Status="DELETED")
    return _told("O01", "payout_bank_line", f"Payout {payout} is not on the bank account.", [(payout, line)])


def not_reconciled(ground: Ground, number: int) -> Planted:
    """O02: somebody undid the match with the bank statement."""
    payout, line = _payout(ground)
    put_straight(ground, "bank_transactions", line, IsReconciled=False)
    return _told("O02", "payout_unreconciled", f"Payout {payout} is not reconciled.", [(payout, line)])


def coded_to_sales(ground: Ground, number: int) -> Planted:
    """O03: coded to sales, with tax."""
    payout, line = _payout(ground)
    _recode(ground, line, account=SALES_CODE, tax=SALE_TAX[ground.practice.country])
    note = f"Payout {payout} is coded to sales."
    return _told("O03", "payout_elsewhere", note, [(payout, line)], also=("K13",))


def matched_to_another_invoice(ground: Ground, number: int) -> Planted:
    """O04: its line was matched with an invoice of somebody who has nothing to do with Ignition."""
    payout, line = _payout(ground)
    put_straight(ground, "bank_transactions", line, Status="DELETED")
    at = instant(ground.day(_OLDEST + 10), ground.zone, 9)
    stranger = ground.ledger.put_contact({"Name": f"Lighthouse Society No. {payout}"}, at=at)
    invoice = ground.ledger.put_invoice(
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": stranger["ContactID"]},
            "Date": ground.day(_OLDEST + 10).isoformat(),
            "DueDate": ground.day(_OLDEST).isoformat(),
            "Status": "AUTHORISED",
            "LineAmountTypes": "Inclusive",
            "LineItems": [
                {
                    "Description": "As per quote",
                    "Quantity": 1,
                    "UnitAmount": line["Total"],
                    "AccountCode": "260",
                    "TaxType": SALE_TAX[ground.practice.country],
                }
            ],
        },
        force=True,
        at=at,
    )
    paid = ground.ledger.put_payment(
        {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": BANK_CODE},
            "Date": line["Date"],
            "Amount": line["Total"],
        },
        force=True,
    )
    note = f"Payout {payout} is matched with invoice {invoice['InvoiceNumber']}."
    xero = (paid["PaymentID"], invoice["InvoiceID"])
    return _told("O04", "payout_other_invoice", note, [(payout, line)], xero=xero)


def taxed_on_the_way(ground: Ground, number: int) -> Planted:
    """O14: the rule takes tax out of what goes to the clearing account."""
    payout, line = _payout(ground)
    _recode(ground, line, account=CLEARING_CODE, tax=SALE_TAX[ground.practice.country])
    return _told("O14", "payout_rule_tax", f"Payout {payout} is coded with tax.", [(payout, line)])


def wrong_rule(ground: Ground, number: int) -> Planted:
    """K13: several payouts, one after the other, are coded to sales."""
    found = [_payout(ground) for _ in range(OFTEN)]
    for _, line in found:
        _recode(ground, line, account=SALES_CODE, tax=NO_TAX[ground.practice.country])
    note = f"{len(found)} payouts are coded to sales."
    return _told("K13", "connection_bank_rule", note, found, also=("O03",))


def fees_without_tax(ground: Ground, number: int) -> Planted:
    """O08: a month's fees were put in without tax."""
    line = fee_of_a_month(ground)
    _recode(ground, line, account=FEE_CODE, tax=NO_TAX[ground.practice.country])
    return _told(
        "O08", "payout_fee_tax", f"The fees of {line['Date']} were put in without tax.", [("", line)]
    )


def fee_of_a_month(ground: Ground) -> Row:
    """A line of the bank account with the fees of a month, the newest that is free and was paid long enough ago."""
    found = [
        row
        for row in ground.ledger.bank_transactions.values()
        if row["Type"] == "SPEND" and row["Reference"] == "Ignition fees" and _is_free(ground, row, 30, 500)
    ]
    if not found:
        raise NoGround("there are no fees left on the bank account")
    return _take(ground, max(found, key=lambda row: str(row["Date"])))


def _payout(ground: Ground) -> tuple[str, Row]:
    """A payout that is on the bank account as it should be, the newest that is free, and its line.

    Nothing is planted on the payment of one that holds no other: put straight on the bank account it would be its line.
    """
    lines = {(row["Date"], row["Total"]): row for row in _lines(ground)}
    sums: dict[tuple[str, str], Decimal] = {}
    paid: dict[str, set[str]] = defaultdict(set)
    for row in ground.practice.collections:
        payout = row["disbursal"]
        if payout is not None and payout["state"] == "completed":
            key = payout["arrival_date"], str(payout["id"])
            sign = -1 if row["type"] == "clawback" else 1
            sums[key] = sums.get(key, Decimal(0)) + sign * row["amount"]["total"]
            paid[key[1]].add(row["invoice"]["slug"])
    for (day, number), amount in sorted(sums.items(), reverse=True):
        line = lines.get((day, amount))
        keys = {number, *(paid[number] if len(paid[number]) == 1 else ())}
        if line is not None and not any(ground.is_used(key) for key in keys):
            for key in keys:
                ground.use(key)
            return number, _take(ground, line)
    raise NoGround("there is no payout left on the bank account")


def _lines(ground: Ground) -> Iterator[Row]:
    return (
        row
        for row in ground.ledger.bank_transactions.values()
        if row["Type"] == "RECEIVE"
        and row["Reference"] == BANK_TEXT
        and _is_free(ground, row, _NEWEST, _OLDEST)
    )


def _is_free(ground: Ground, row: Row, newest: int, oldest: int) -> bool:
    inside = ground.day(oldest).isoformat() <= row["Date"] <= ground.day(newest).isoformat()
    return inside and row["Status"] == "AUTHORISED" and not ground.is_used(row["BankTransactionID"])


def _take(ground: Ground, row: Row) -> Row:
    ground.use(row["BankTransactionID"])
    return row


def _recode(ground: Ground, row: Row, *, account: str, tax: str) -> None:
    """Another account and tax type for the whole line; the tax is in its amount."""
    known = ground.ledger.account({"Code": account})
    if known is None:
        raise NoGround(f"there is no account {account}")
    part = {**row["LineItems"][0], "AccountCode": account, "AccountID": known["AccountID"], "TaxType": tax}
    rate = ground.ledger.tax_rates[tax]["EffectiveRate"]
    whole = row["Total"]
    taxed = money.line_tax(whole, rate, "Inclusive")
    part.update(LineAmount=whole, UnitAmount=whole, TaxAmount=taxed)
    facts: dict[str, Any] = {"SubTotal": whole - taxed, "TotalTax": taxed, "LineAmountTypes": "Inclusive"}
    put_straight(ground, "bank_transactions", row, LineItems=[part], **facts)


def _told(
    ref: str,
    code: str,
    note: str,
    found: list[tuple[str, Row]],
    *,
    xero: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Planted:
    return Planted(
        ref=ref,
        code=code,
        note=note,
        ignition_ids=tuple(payout for payout, _ in found if payout),
        xero_ids=(*(line["BankTransactionID"] for _, line in found), *xero),
        money=sum((line["Total"] for _, line in found), Decimal(0)),
        currency=found[0][1]["CurrencyCode"],
        also=also,
    )
