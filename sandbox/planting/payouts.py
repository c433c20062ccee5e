"""Group O: payouts, as far as Ignition's lists of collected money show them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sandbox.planting.banking import fee_of_a_month
from sandbox.planting.credits import refund, settled
from sandbox.planting.ground import Document, Ground, NoGround
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_money, about_receipt
from sandbox.planting.writing import collect, put_on_line, put_straight, receive
from sandbox.seed.banking import PURCHASE_TAX, SUPPLIER, fee_line

OLD_CLEARING = "Ignition Clearing (until 2024)"


def not_the_sum(ground: Ground, number: int) -> Planted:
    """O05: the payout's row for a payment is not what the payment came to."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    total = Decimal(item.document["Total"])
    short = total - Decimal(3 + number % 4)
    ground.practice.upsert(
        "collections",
        {"id": money.collection["id"], "amount": {**money.collection["amount"], "total": short}},
    )
    put_on_line(ground, money.line, short)
    posted = receive(ground, item.document, total, money.arrival)
    return about_money(
        "O05", "payout_sum", party, item, f"The payment came to {total}; its payout holds {short}.",
        payment=money.payment, posted=posted, money=total - short,
        ignition=(str(money.collection["id"]), str(money.collection["disbursal"]["id"])),
    )  # fmt: skip


def stuck(ground: Ground, number: int) -> Planted:
    """O10: the payout failed, or is on its way for weeks, by turns."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    state = "started" if number % 2 else "failed"
    money = collect(ground, item.invoice, ago=20, payout=state)
    posted = receive(ground, item.document, item.document["Total"], money.arrival)
    return about_money(
        "O10", "payout_stuck", party, item, f"The payout of {money.arrival} is {state}.",
        payment=money.payment, posted=posted,
        ignition=(str(money.collection["id"]), str(money.collection["disbursal"]["id"])), also=("O15",),
    )  # fmt: skip


def negative(ground: Ground, number: int) -> Planted:
    """O11: a refund that went off a payout with nothing else in it; Xero still has the payment."""
    party, receipt = ground.receipt(lambda receipt: settled(ground, receipt), whole=True)
    payout = str(ground.practice.new_number())
    back = refund(ground, receipt, payout=payout)
    return about_receipt(
        "O11", "payout_negative", party, receipt, "A payout took more than it brought; it is not in Xero.",
        ignition=(str(back["id"]), payout), also=("R01", "P15"),
    )  # fmt: skip


def wrong_fees(ground: Ground, number: int) -> Planted:
    """O07, by turns: two fees for one payment, fees put in with another amount, or not put in at all."""
    if number % 3 == 0:
        return _two_fees(ground)
    line = fee_of_a_month(ground)
    is_other = number % 3 == 1
    if is_other:
        put_on_line(ground, line, line["Total"] + Decimal("11.00"))
        note = f"The fees of {line['Date']} were put in with 11.00 too much."
    else:
        put_straight(ground, "bank_transactions", line, Status="DELETED")
        note = f"The fees of {line['Date']} are not on the bank account."
    return Planted(
        ref="O07",
        code="payout_fee_other" if is_other else "payout_fee_missing",
        note=note,
        xero_ids=(line["BankTransactionID"],) if is_other else (),
        money=Decimal(11) if is_other else line["Total"],
        currency=line["CurrencyCode"],
    )


def _two_fees(ground: Ground) -> Planted:
    """The payment shows another fee than its row, which is billed and paid since."""
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    fee = (item.document["Total"] * Decimal("0.022")).quantize(Decimal("0.01"))
    ground.practice.upsert(
        "payments",
        {
            "slug": money.payment["slug"],
            "collection": {**money.payment["collection"], "fee_amount": {"amount": fee + 2}},
        },
    )
    told = {"fee": fee, "fee_description": "2.2%", "fee_invoice_date": ground.day(12).isoformat()}
    ground.practice.upsert(
        "collections", {"id": money.collection["id"], "payment": {**money.collection["payment"], **told}}
    )
    ground.ledger.put_bank_transaction(
        {
            **fee_line(fee, ground.day(10), PURCHASE_TAX[ground.practice.country]),
            "Contact": {"Name": SUPPLIER},
        },
        force=True,
    )
    posted = receive(ground, item.document, item.document["Total"], money.arrival)
    return about_money(
        "O07", "payout_fee", party, item, f"The fee is {fee + 2} on the payment and {fee} on its row.",
        payment=money.payment, posted=posted, money=Decimal(2), ignition=(str(money.collection["id"]),),
    )  # fmt: skip


def not_explained(ground: Ground, number: int) -> Planted:
    """O12: somebody posted the payment of an invoice of its own to the clearing account."""
    ledger = ground.ledger
    own = {row["xero_contact_id"] for row in ground.practice.clients}
    row = next(
        (
            row
            for row in ledger.invoices.values()
            if row["Type"] == "ACCREC"
            and row["Status"] == "AUTHORISED"
            and row["Contact"]["ContactID"] not in own
            and not row["_payments"]
            and not ground.is_used(row["InvoiceID"])
        ),
        None,
    )
    if row is None:
        raise NoGround("there is no unpaid invoice left that has nothing to do with Ignition")
    posted = receive(ground, row, Decimal(row["Total"]), ground.day(6))
    return Planted(
        ref="O12",
        code="payout_clearing",
        note="The clearing account has a payment that has nothing to do with Ignition.",
        xero_ids=(posted["PaymentID"], row["InvoiceID"]),
        document=row["InvoiceNumber"],
        money=posted["Amount"],
        currency=row["CurrencyCode"],
    )


def old_account(ground: Ground, number: int) -> Planted:
    """O13: posted to the clearing account of former times."""
    ledger = ground.ledger
    code = next((row["Code"] for row in ledger.accounts.values() if row["Name"] == OLD_CLEARING), None)
    if code is None:
        facts = {"Name": OLD_CLEARING, "Code": "609", "Type": "CURRENT", "EnablePaymentsToAccount": True}
        code = ledger.put_account(facts)["Code"]
    party, item = ground.open(lambda item: _ripe(ground, item), wanted="an unpaid invoice of last month")
    money = collect(ground, item.invoice, ago=20)
    posted = receive(ground, item.document, item.document["Total"], money.arrival, Account={"Code": code})
    return about_money(
        "O13", "payment_old_clearing", party, item, f"In Xero the payment is in “{OLD_CLEARING}”.",
        payment=money.payment, posted=posted, ignition=(str(money.collection["id"]),), also=("P10",),
    )  # fmt: skip


def never_paid_out(ground: Ground, number: int) -> Planted:
    """O15: collected a month ago, posted to clearing, and in no payout."""
    party, item = ground.open(lambda item: item.day <= ground.day(34), wanted="an unpaid invoice of long ago")
    money = collect(ground, item.invoice, ago=30, payout="")
    posted = receive(ground, item.document, item.document["Total"], money.arrival)
    return about_money(
        "O15", "payout_item_old", party, item, "Collected a month ago and in clearing; no payout has brought it.",
        payment=money.payment, posted=posted, ignition=(str(money.collection["id"]),),
    )  # fmt: skip


def _ripe(ground: Ground, item: Document) -> bool:
    return item.day <= ground.today - timedelta(days=24)
