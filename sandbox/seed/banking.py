"""What a bank rule and a person made of Ignition's lines on the bank statement: payouts and monthly fee bills."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.ignition.amounts import ZERO
from sandbox.seed.calendar_days import instant, working_day
from sandbox.seed.native_link import BANK_CODE, CLEARING_CODE
from sandbox.seed.practice_plan import PracticePlan
from sandbox.seed.report import SeedReport

if TYPE_CHECKING:
    from sandbox.xero.ledger import Ledger

BANK_TEXT = "IGNITIONPAY"
SUPPLIER = "Ignition Payments"
FEE_CODE, SALES_CODE = "404", "200"
# Tax of a line that has nothing to do with tax, and of something bought, by country.
NO_TAX = {"AU": "BASEXCLUDED", "NZ": "NONE", "UK": "NONE"}
PURCHASE_TAX = {"AU": "INPUT", "NZ": "INPUT2", "UK": "INPUT2"}
# Payouts, counted from the newest, that a person coded to sales or left unreconciled, and that nobody coded at all.
_TO_SALES, _UNRECONCILED, _NOT_CODED = 9, 4, 14
# Fee bills, counted from the newest, that were put in without tax.
_UNTAXED_FEE = 2
# This practice gets its fees as a bill, as some do, and pays that.
FEES_AS_BILLS = "kiwi"


class Banking:
    """Adds them to a ledger that has the clearing account's payments already, and notes what is wrong with any."""

    def __init__(self, ledger: Ledger, plan: PracticePlan, report: SeedReport) -> None:
        self._ledger = ledger
        self._plan = plan
        self._report = report
        self._country = plan.spec.country
        self._draw = plan.draw.child("banking")

    def add(self) -> None:
        entries = [*self._payouts(), *self._fees()]
        if not entries:
            return
        first = min(at for at, _, _ in entries)
        supplier = self._ledger.put_contact({"Name": SUPPLIER}, at=first)["ContactID"]
        self._report.unrelated_contacts.append(supplier)
        for at, note, payload in sorted(entries, key=lambda entry: (entry[0], entry[1])):
            contact = {"Contact": {"ContactID": supplier}}
            if payload["Type"] == "ACCPAY":
                row = self._ledger.put_invoice({**payload, **contact}, at=at)
                self._report.unrelated_invoices.append(row["InvoiceID"])
            else:
                row = self._ledger.put_bank_transaction({**payload, **contact}, force=True, at=at)
                self._report.bank_lines[note] = row["BankTransactionID"]

    def _payouts(self) -> list[tuple[datetime, str, dict[str, Any]]]:
        """One line for each payout that has landed, a day or two old when the rule coded it."""
        window = self._plan.window
        sums: dict[tuple[date, str], Decimal] = defaultdict(lambda: ZERO)
        for movement in self._plan.movements:
            if movement.payout is not None and movement.arrival <= window.today:
                sign = -1 if movement.kind == "clawback" else 1
                sums[movement.arrival, movement.payout] += sign * movement.amount
        entries = []
        for place, ((arrival, payout), amount) in enumerate(sorted(sums.items(), reverse=True)):
            account, reconciled = self._fault(place, payout)
            if not amount or not account:
                continue
            payload = bank_line(
                amount, arrival, account=account, tax=NO_TAX[self._country], is_reconciled=reconciled
            )
            at = instant(arrival, window.zone, 16) + timedelta(days=self._draw.child(payout).between(0, 1))
            entries.append((min(at, window.now), payout, payload))
        return entries

    def _fault(self, place: int, payout: str) -> tuple[str, bool]:
        """The account of a payout's line (none: it was not coded) and whether it is reconciled."""
        if self._plan.spec.clean:
            return CLEARING_CODE, True
        if place == _NOT_CODED:
            self._report.payouts_not_coded.append(payout)
            return "", True
        if place == _TO_SALES:
            self._report.payouts_coded_elsewhere.append(payout)
            return SALES_CODE, True
        if place == _UNRECONCILED:
            self._report.payouts_not_reconciled.append(payout)
        return CLEARING_CODE, place != _UNRECONCILED

    def _fees(self) -> list[tuple[datetime, str, dict[str, Any]]]:
        """One payment a month for the fees that Ignition billed on its first day."""
        window = self._plan.window
        sums: dict[date, Decimal] = defaultdict(lambda: ZERO)
        for movement in self._plan.movements:
            if movement.fee_day <= window.today and movement.fee:
                sums[movement.fee_day] += movement.fee
        entries = []
        for place, (billed, amount) in enumerate(sorted(sums.items(), reverse=True)):
            paid = working_day(billed + timedelta(days=self._draw.child(str(billed)).between(1, 3)))
            if paid > window.today:
                continue
            untaxed = place == _UNTAXED_FEE and not self._plan.spec.clean
            tax = NO_TAX[self._country] if untaxed else PURCHASE_TAX[self._country]
            as_bill = self._plan.spec.key == FEES_AS_BILLS
            payload = fee_bill(amount, billed, tax) if as_bill else fee_line(amount, paid, tax)
            at = min(instant(paid, window.zone, 11), window.now)
            entries.append((at, f"fee {billed}", payload))
            if untaxed and not as_bill:
                self._report.fees_without_tax.append(billed.isoformat())
        return entries


def bank_line(
    amount: Decimal, day: date, *, account: str, tax: str, is_reconciled: bool = True
) -> dict[str, Any]:
    """A payout as a bank rule codes it, without its contact; money that Ignition took back is spent."""
    return {
        "Type": "RECEIVE" if amount > 0 else "SPEND",
        "BankAccount": {"Code": BANK_CODE},
        "Date": day.isoformat(),
        "Reference": BANK_TEXT,
        "LineAmountTypes": "NoTax",
        "IsReconciled": is_reconciled,
        "LineItems": [_line("Ignition payout", abs(amount), account, tax)],
    }


def fee_line(amount: Decimal, day: date, tax: str) -> dict[str, Any]:
    """A month's fees as they left the bank account, with the tax in them; without the contact."""
    return {
        "Type": "SPEND",
        "BankAccount": {"Code": BANK_CODE},
        "Date": day.isoformat(),
        "Reference": "Ignition fees",
        "LineAmountTypes": "Inclusive",
        "IsReconciled": True,
        "LineItems": [_line("Ignition payment processing fees", amount, FEE_CODE, tax)],
    }


def fee_bill(amount: Decimal, billed: date, tax: str) -> dict[str, Any]:
    """The same as a bill that is to be paid."""
    return {
        "Type": "ACCPAY",
        "InvoiceNumber": f"IGN-FEES-{billed:%Y-%m}",
        "Date": billed.isoformat(),
        "DueDate": (billed + timedelta(days=14)).isoformat(),
        "Status": "AUTHORISED",
        "LineAmountTypes": "Inclusive",
        "LineItems": [_line("Ignition payment processing fees", amount, FEE_CODE, tax)],
    }


def _line(text: str, amount: Decimal, account: str, tax: str) -> dict[str, Any]:
    return {
        "Description": text,
        "Quantity": 1,
        "UnitAmount": amount,
        "AccountCode": account,
        "TaxType": tax,
    }
