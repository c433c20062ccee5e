"""Group R and P15: money that went back, and credit notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sandbox.planting.ground import BANK_CODE, CLEARING_CODE, Document, Ground, Party, Receipt
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_document, about_receipt
from sandbox.planting.writing import move
from sandbox.xero.payload import Row

_LOCKED = 112
"""Days: everything else that is planted is younger than this, or is in Xero already."""
BAD_DEBTS = "Bad Debts Written Off"


def disputed(ground: Ground, number: int) -> Planted:
    """P15: the client's bank took the money back; nobody told Xero."""
    party, receipt = ground.receipt(lambda receipt: settled(ground, receipt), whole=True)
    back = move(
        ground,
        receipt.document.invoice,
        receipt.posted["Amount"],
        ago=8,
        kind="clawback",
    )
    return about_receipt(
        "P15", "payment_reversed", party, receipt, "The money was taken back; in Xero the invoice is still paid.",
        ignition=(str(back["id"]),), also=("R01",),
    )  # fmt: skip


def not_credited(ground: Ground, number: int) -> Planted:
    party, receipt = ground.receipt(lambda receipt: settled(ground, receipt), whole=True)
    back = refund(ground, receipt)
    return about_receipt(
        "R01", "payment_reversed", party, receipt, "Refunded in Ignition; there is no credit note in Xero.",
        ignition=(str(back["id"]),), also=("P15",),
    )  # fmt: skip


def credited_in_xero_only(ground: Ground, number: int) -> Planted:
    """R02: credited in full in Xero; in Ignition the invoice is unpaid and not credited."""
    party, item = ground.open(_one_tax)
    note = credit(ground, party, item, Decimal(item.document["Total"]))
    ground.ledger.allocate_credit_note(
        note["CreditNoteID"], {"Invoice": {"InvoiceID": item.key}, "Amount": note["Total"]}, force=True
    )
    return _about_note(
        "R02", "credit_only_in_xero", party, item, note, "Credited in Xero; Ignition still expects the money.",
        also=("P07",),
    )  # fmt: skip


def other_share(ground: Ground, number: int) -> Planted:
    """R03: refunded in full, credited with less."""
    party, receipt = ground.receipt(
        lambda receipt: receipt.posted["Amount"] > 60 and settled(ground, receipt), whole=True
    )
    back = refund(ground, receipt)
    note = credit(ground, party, receipt.document, receipt.posted["Amount"] - 40)
    pay_back(ground, note)
    return about_receipt(
        "R03", "credit_amount", party, receipt, "The credit note in Xero is 40.00 less than the refund.",
        money=Decimal(40), ignition=(str(back["id"]),), xero=(note["CreditNoteID"],), also=("R01", "P15"),
    )  # fmt: skip


def not_allocated(ground: Ground, number: int) -> Planted:
    """R04: refunded and credited, and the credit note lies there."""
    party, receipt = ground.receipt(lambda receipt: settled(ground, receipt), whole=True)
    back = refund(ground, receipt)
    note = credit(ground, party, receipt.document, receipt.posted["Amount"])
    return about_receipt(
        "R04", "credit_unallocated", party, receipt, "The credit note in Xero is neither allocated nor paid out.",
        ignition=(str(back["id"]),), xero=(note["CreditNoteID"],),     )  # fmt: skip


def never_taken(ground: Ground, number: int) -> Planted:
    """R05: the refund was approved weeks ago, and no payout took the money."""
    party, receipt = ground.receipt(lambda receipt: settled(ground, receipt), whole=True)
    ground.practice.upsert("payments", {"slug": receipt.payment["slug"], "state": "refunding"})
    put_back = ground.practice.get("payments", receipt.payment["slug"]) or {}
    note = credit(ground, party, receipt.document, receipt.posted["Amount"])
    pay_back(ground, note)
    return about_receipt(
        "R05", "refund_not_taken", party, receipt, f"The refund is {put_back['state']}; no payout took the money back.",
        xero=(note["CreditNoteID"],),
    )  # fmt: skip


def unknown_original(ground: Ground, number: int) -> Planted:
    """R06: money was taken back for an invoice that Ignition never collected."""
    party, item = ground.open(_one_tax)
    back = move(
        ground,
        item.invoice,
        Decimal("77.70") + number,
        ago=10,
        kind="clawback",
    )
    return about_document(
        "R06", "clawback_unknown", party, item, "Money was taken back for an invoice without a collection.",
        money=back["amount"]["total"], ignition=(str(back["id"]),),
    )  # fmt: skip


def across_the_period(ground: Ground, number: int) -> Planted:
    """R07: refunded and credited now; the quarter of the invoice is locked."""
    party, receipt = ground.receipt(
        lambda receipt: receipt.document.day <= ground.day(_LOCKED) and _one_tax(receipt.document), whole=True
    )
    back = refund(ground, receipt)
    note = credit(ground, party, receipt.document, receipt.posted["Amount"])
    pay_back(ground, note)
    locked = max(ground.ledger.period_lock_date or "", receipt.document.day.isoformat())
    ground.ledger.period_lock_date = locked
    return about_receipt(
        "R07", "credit_period", party, receipt, f"Credited after the invoice's period was locked up to {locked}.",
        ignition=(str(back["id"]),), xero=(note["CreditNoteID"],),
    )  # fmt: skip


def written_off(ground: Ground, number: int) -> Planted:
    """R08: a bookkeeper gave the invoice up in Xero."""
    ledger = ground.ledger
    code = next((row["Code"] for row in ledger.accounts.values() if row["Name"] == BAD_DEBTS), None)
    if code is None:
        code = ledger.put_account({"Name": BAD_DEBTS, "Code": "280", "Type": "REVENUE"})["Code"]
    party, item = ground.open(_one_tax)
    note = credit(ground, party, item, Decimal(item.document["Total"]), account=code)
    ledger.allocate_credit_note(
        note["CreditNoteID"], {"Invoice": {"InvoiceID": item.key}, "Amount": note["Total"]}, force=True
    )
    return _about_note(
        "R08", "credit_write_off", party, item, note, "Written off in Xero to bad debts; Ignition does not know.",
        also=("R02", "P07"),
    )  # fmt: skip


def refunded_in_part(ground: Ground, number: int) -> Planted:
    """R09: a part was given back by bank transfer, outside of Ignition."""
    party, receipt = ground.receipt(
        lambda receipt: receipt.posted["Amount"] > 60 and settled(ground, receipt), whole=True
    )
    note = credit(ground, party, receipt.document, Decimal(35 + number))
    pay_back(ground, note, account=BANK_CODE)
    return about_receipt(
        "R09", "credit_partial", party, receipt, "A part was refunded outside of Ignition.", money=note["Total"],
        xero=(note["CreditNoteID"],), also=("R02",),
    )  # fmt: skip


def _about_note(
    ref: str, code: str, party: Party, item: Document, note: Row, text: str, *, also: tuple[str, ...]
) -> Planted:
    told = about_document(
        ref, code, party, item, text, money=note["Total"], xero=(note["CreditNoteID"],), also=also
    )
    return replace(told, document=note["CreditNoteNumber"])


def _one_tax(item: Document) -> bool:
    """Whether a credit note of one line can have the document's share of tax in it."""
    return len({line["TaxType"] for line in item.document["LineItems"]}) == 1


def settled(ground: Ground, receipt: Receipt) -> bool:
    """Whether it was in Xero weeks ago, and its invoice is younger than what gets locked."""
    recent = receipt.document.day > ground.day(_LOCKED - 5) and _one_tax(receipt.document)
    return recent and bool(receipt.posted["Date"] <= ground.day(22).isoformat())


def refund(ground: Ground, receipt: Receipt, *, payout: str = "") -> Row:
    """Ignition gives the money back, out of a payout to come or out of this one."""
    ground.practice.upsert("payments", {"slug": receipt.payment["slug"], "state": "refunded"})
    return move(
        ground,
        receipt.document.invoice,
        receipt.posted["Amount"],
        ago=10,
        payout=payout,
        kind="clawback",
    )


def credit(ground: Ground, party: Party, item: Document, amount: Decimal, *, account: str = "") -> Row:
    """A credit note over that much, made nine days ago and taxed as the document is."""
    first = item.document["LineItems"][0]
    return ground.ledger.put_credit_note(
        {
            "Type": "ACCRECCREDIT",
            "Contact": {"ContactID": party.key},
            "Date": ground.day(9).isoformat(),
            "Reference": item.document["Reference"],
            "Status": "AUTHORISED",
            "LineAmountTypes": "Inclusive",
            "LineItems": [
                {
                    "Description": f"Credit for {item.number}",
                    "Quantity": 1,
                    "UnitAmount": amount,
                    "AccountCode": account or first["AccountCode"],
                    "TaxType": first["TaxType"],
                }
            ],
        },
        force=True,
        at=ground.now - timedelta(days=9),
    )


def pay_back(ground: Ground, note: Row, *, account: str = CLEARING_CODE) -> None:
    ground.ledger.put_payment(
        {
            "CreditNote": {"CreditNoteID": note["CreditNoteID"]},
            "Account": {"Code": account},
            "Date": ground.day(8).isoformat(),
            "Amount": note["RemainingCredit"],
        },
        force=True,
    )
