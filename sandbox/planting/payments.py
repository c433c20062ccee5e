"""Group P: money that is on one side only, or otherwise on the other side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sandbox.ignition.state import stamp
from sandbox.planting.ground import BANK_CODE, Document, Ground
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_client, about_money, about_receipt
from sandbox.planting.writing import bank, collect, receive

_AGE = 24
"""An invoice this old may have been collected and paid out three weeks ago."""


def not_in_xero(ground: Ground, number: int) -> Planted:
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    return about_money(
        "P01", "payment_missing", party, item, "Collected and paid out by Ignition; in Xero the invoice is unpaid.",
        payment=money.payment, ignition=(str(money.collection["id"]),), also=("P07",),
    )  # fmt: skip


def only_in_xero(ground: Ground, number: int) -> Planted:
    """P02: Ignition collected half of it; the clearing account has the other half as well."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    half = _half(item)
    money = collect(ground, item.invoice, ago=20, amount=half)
    receive(ground, item.document, half, money.arrival)
    posted = receive(ground, item.document, Decimal(item.document["AmountDue"]), ground.day(9))
    return about_money(
        "P02", "payment_only_in_xero", party, item,
        "Xero has a second payment in the clearing account; Ignition collected only the first.",
        posted=posted, money=posted["Amount"], also=("P07", "O12"),
    )  # fmt: skip


def not_collected(ground: Ground, number: int) -> Planted:
    """P03: the bank debit was posted, and it bounced."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    practice = ground.practice
    slug = practice.slugs.slug("pypay", ground.now - timedelta(days=20))
    payment = practice.upsert(
        "payments",
        {
            "slug": slug,
            "client": {"slug": party.slug},
            "invoices": [{"slug": item.slug}],
            "amount": {
                "amount": item.document["Total"],
                "surcharge": Decimal(0),
                "currency": practice.currency,
            },
            "state": "uncollected",
            "collection": {
                "type": "bank account",
                "state": "failed",
                "completed_at": None,
                "fee_amount": None,
            },
            "available_on": None,
            "disbursal": None,
            "link": f"https://go.ignitionapp.example/payments/{slug}",
            "created_at": stamp(ground.now - timedelta(days=20)),
        },
    )
    posted = receive(ground, item.document, item.document["Total"], ground.day(17))
    return about_money(
        "P03", "payment_not_collected", party, item, "The debit failed in Ignition; in Xero the invoice is paid.",
        payment=payment, posted=posted, also=("P07", "O12"),
    )  # fmt: skip


def paid_elsewhere(ground: Ground, number: int) -> Planted:
    """P04: the client paid by bank transfer, and Ignition does not know yet."""
    party, item = ground.open()
    posted = receive(ground, item.document, item.document["Total"], ground.day(1), **bank())
    return about_money(
        "P04", "payment_unpaid_in_ignition", party, item, "Paid in Xero by bank transfer; unpaid in Ignition.",
        posted=posted, also=("P07",),
    )  # fmt: skip


def paid_twice(ground: Ground, number: int) -> Planted:
    """P05: the client paid by bank transfer, and two weeks later Ignition collected the same invoice."""
    party, item = ground.open(lambda item: item.day <= ground.day(38), wanted="an unpaid invoice of long ago")
    posted = receive(ground, item.document, item.document["Total"], ground.day(36), **bank())
    money = collect(ground, item.invoice, ago=20)
    return about_money(
        "P05", "payment_overpaid", party, item, "Paid by bank transfer, and collected by Ignition once more.",
        payment=money.payment, posted=posted, ignition=(str(money.collection["id"]),), also=("P01", "P02"),
    )  # fmt: skip


def other_amount(ground: Ground, number: int) -> Planted:
    """P06: somebody posted the money by hand and mistyped it."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    less = Decimal(item.document["Total"]) - Decimal(9 + number % 5)
    posted = receive(ground, item.document, less, money.arrival)
    return about_money(
        "P06", "payment_amount", party, item, f"Ignition collected {item.document['Total']}; Xero has {less}.",
        payment=money.payment, posted=posted, money=item.document["Total"] - less,
        ignition=(str(money.collection["id"]),), also=("P07",),
    )  # fmt: skip


def part_paid(ground: Ground, number: int) -> Planted:
    """P07: both sides have the first half; Ignition calls the whole invoice paid."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    half = _half(item)
    money = collect(ground, item.invoice, ago=20, amount=half)
    posted = receive(ground, item.document, half, money.arrival)
    ground.practice.upsert("invoices", {"slug": item.slug, "payment_state": "paid"})
    return about_money(
        "P07", "payment_state", party, item, "Ignition says paid; in Xero half of it is still due.",
        payment=money.payment, posted=posted, money=item.document["AmountDue"], also=("P13",),
    )  # fmt: skip


def unallocated(ground: Ground, number: int) -> Planted:
    """P08: the client paid too much, or in advance, and the money lies on its account in Xero."""
    party = ground.party()
    amount = Decimal(120 + 10 * number)
    line = {"Description": "Paid too much", "Quantity": 1, "UnitAmount": amount}
    kind = "PREPAYMENT" if number % 2 else "OVERPAYMENT"
    found = ground.ledger.put_bank_transaction(
        {
            "Type": f"RECEIVE-{kind}",
            "Contact": {"ContactID": party.key},
            "BankAccount": {"Code": BANK_CODE},
            "Date": ground.day(35).isoformat(),
            "LineAmountTypes": "NoTax",
            "LineItems": [{**line, "AccountCode": "200"} if number % 2 else line],
        },
        force=True,
        at=ground.now - timedelta(days=35),
    )
    key = str(found.get("OverpaymentID") or found.get("PrepaymentID"))
    told = about_client(ground, "P08", "payment_overpayment", party, "Money lies unallocated in Xero.")
    return replace(told, money=amount, xero_ids=(key, party.key))


def other_day(ground: Ground, number: int) -> Planted:
    """P09: posted with a day of two months ago."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    posted = receive(ground, item.document, item.document["Total"], ground.day(20) - timedelta(days=40))
    return about_money(
        "P09", "payment_month", party, item, f"Collected on {ground.day(20)}; dated {posted['Date']} in Xero.",
        payment=money.payment, posted=posted, ignition=(str(money.collection["id"]),),
    )  # fmt: skip


def wrong_account(ground: Ground, number: int) -> Planted:
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    posted = receive(ground, item.document, item.document["Total"], money.arrival, **bank())
    return about_money(
        "P10", "payment_account", party, item, "In Xero the payment is in the bank account, not in clearing.",
        payment=money.payment, posted=posted, ignition=(str(money.collection["id"]),),
    )  # fmt: skip


def removed(ground: Ground, number: int) -> Planted:
    party, receipt = ground.receipt()
    ground.ledger.delete_payment(receipt.posted["PaymentID"], force=True)
    return about_receipt(
        "P12", "payment_removed", party, receipt, "The payment was removed in Xero; Ignition has the money.",
        also=("P07",),
    )  # fmt: skip


def marked_by_hand(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    ground.practice.upsert(
        "invoices",
        {
            "slug": item.slug,
            "payment_state": "paid",
            "payment_date": ground.day(1).isoformat(),
            "payment_method_type": "other",
            "payment_source": "manual",
            "payment_reference": "EFT 204417",
        },
    )
    return about_money(
        "P13",
        "payment_marked",
        party,
        item,
        "Marked as paid by hand in Ignition; unpaid in Xero.",
        also=("P07",),
    )


def _ripe(ground: Ground, item: Document) -> bool:
    return item.day <= ground.day(_AGE)


def _half(item: Document) -> Decimal:
    return (Decimal(item.document["Total"]) / 2).quantize(Decimal("0.01"))
