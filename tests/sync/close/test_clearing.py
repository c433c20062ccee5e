"""The clearing account: every cent of the balance is an item with a cause, whatever was done to the books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Collection, Payment
from sync.close.clearing import CAUSES, Proof, prove
from sync.close.items import MOST_ITEMS
from sync.reconcile.books import Books
from sync.reconcile.receipts import pair
from tests.sync.reconcile.ledgers import agreeing, change

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
MONTHS = [JULY, AUGUST, date(2026, 9, 1)]
COUNT = 5


def row(number: int, **values: Any) -> Collection:
    """The collections row of ledgers' payment: landed on 16 July and five days on for each number."""
    day = date(2026, 7, 16) + timedelta(days=5 * number)
    return Collection(
        **{
            "external_id": f"r{number}",
            "invoice_external_id": f"i{number}",
            "contact_external_id": f"c{number}",
            "amount": Decimal(110) + number,
            "currency": "AUD",
            "started_at": datetime(2026, 7, 10, tzinfo=UTC) + timedelta(days=5 * number),
            "payout_external_id": f"po{number}",
            "payout_state": "completed",
            "submitted_on": day - timedelta(days=1),
            "arrives_on": day,
            **values,
        }
    )


def ledger(count: int = 1) -> Books:
    books = agreeing(count)
    for number in range(count):
        books.collections[f"r{number}"] = row(number)
        change(books.payments, f"p{number}", payout_external_id=f"po{number}", payout_state="completed")
    return books


def clawed(number: int = 0, **values: Any) -> Collection:
    return row(
        number,
        external_id=f"b{number}",
        is_clawback=True,
        started_at=datetime(2026, 7, 20, tzinfo=UTC),
        payout_external_id="back",
        arrives_on=date(2026, 8, 3),
        **values,
    )


def proofs(books: Books, months: list[date] | None = None) -> list[Proof]:
    return prove(books, pair(books).shares, months or MONTHS)


def in_august(books: Books) -> Proof:
    return next(item for item in proofs(books) if item.month == AUGUST and item.currency == "AUD")


def cause(books: Books) -> str:
    (item,) = in_august(books).items
    return item.cause


def test_what_was_posted_and_paid_out_leaves_nothing() -> None:
    found = in_august(ledger(3))
    assert found.closing == 0
    assert found.items == ()
    july = proofs(ledger(1))[0]
    assert july.parts == {
        "posted": Decimal(110),
        "refunded": Decimal(0),
        "paid_out": Decimal(-110),
        "taken_back": Decimal(0),
    }
    assert [(item.external_id, item.amount) for item in july.payouts] == [("po0", Decimal(110))]


def test_money_waits_from_the_day_it_is_posted_to_the_day_it_is_paid_out() -> None:
    books = ledger()
    books.collections["r0"] = row(0, arrives_on=date(2026, 8, 2))
    july, august, _ = proofs(books)
    (item,) = july.items
    assert (item.cause, item.amount, item.client, item.document) == (
        "payout_to_come",
        Decimal(110),
        "Client 0",
        "IGN-0000",
    )
    assert item.since == date(2026, 7, 14)
    assert (august.opening, august.closing, august.items) == (Decimal(110), Decimal(0), ())


def test_paid_out_without_a_payment_in_xero() -> None:
    books = ledger()
    books.receipts.clear()
    books.payment_links.clear()
    assert cause(books) == "not_posted"
    assert in_august(books).closing == Decimal(-110)


def test_put_on_another_account_or_removed_or_put_in_later() -> None:
    books = ledger()
    change(books.receipts, "xp0", account_code="090")
    assert cause(books) == "other_account"
    change(books.receipts, "xp0", account_code="880", status="DELETED")
    assert cause(books) == "removed"
    change(books.receipts, "xp0", status="AUTHORISED", date=date(2026, 9, 2))
    assert cause(books) == "posted_later"
    assert proofs(books)[2].closing == 0


def test_a_payout_that_failed() -> None:
    books = ledger()
    books.collections["r0"] = row(0, payout_state="failed")
    change(books.payments, "p0", status="collected", payout_state="failed")
    assert cause(books) == "payout_failed"


def test_money_taken_back_stays_until_xero_refunds_it() -> None:
    books = ledger()
    books.collections["b0"] = clawed()
    (item,) = in_august(books).items
    assert (item.cause, item.amount) == ("went_back", Decimal(110))
    books.receipts["refund"] = Payment(
        external_id="refund",
        contact_external_id="xc0",
        type="ARCREDITPAYMENT",
        status="AUTHORISED",
        date=date(2026, 8, 20),
        amount=Decimal(110),
        currency="AUD",
        account_code="880",
    )
    assert in_august(books).items == ()
    del books.collections["b0"]
    assert cause(books) == "refund_early"


def test_money_that_one_side_alone_knows() -> None:
    books = ledger()
    books.payments.clear()
    books.payment_links.clear()
    books.collections.clear()
    assert cause(books) == "only_in_xero"
    books = ledger()
    books.receipts.clear()
    books.payments.clear()
    books.payment_links.clear()
    assert cause(books) == "unknown_payout"
    books.collections.clear()
    books.collections["b0"] = clawed()
    assert cause(books) == "unknown_return"


def test_a_payment_without_rows_is_paid_out_by_what_it_says_itself() -> None:
    books = ledger()
    books.collections.clear()
    change(books.payments, "p0", date=date(2026, 7, 17))
    assert in_august(books).closing == 0
    change(books.payments, "p0", status="collected", payout_state="started")
    assert cause(books) == "payout_to_come"
    change(books.payments, "p0", status="cancelled")
    assert cause(books) == "not_collected"


def test_a_surcharge_is_told_apart_from_other_amounts() -> None:
    books = ledger()
    change(books.payments, "p0", surcharge=Decimal("1.65"), amount=Decimal("111.65"))
    books.collections["r0"] = row(0, amount=Decimal("111.65"))
    assert cause(books) == "surcharge"
    assert proofs(books)[0].surcharges == Decimal("1.65")
    change(books.receipts, "xp0", amount=Decimal("100.00"))
    assert cause(books) == "amount"


def test_a_payment_that_is_not_divided_is_one_item() -> None:
    books = ledger(2)
    books.collections.clear()
    del books.payments["p1"]
    change(
        books.payments, "p0", invoice_external_ids=("i0", "i1"), amount=Decimal(221), date=date(2026, 7, 17)
    )
    books.payment_links.clear()
    assert in_august(books).items == ()


def test_fees_are_told_and_move_nothing() -> None:
    books = ledger()
    change(books.payments, "p0", fee=Decimal("2.42"))
    july = proofs(books)[0]
    assert (july.fees, july.closing) == (Decimal("2.42"), Decimal(0))


def test_the_smallest_of_very_many_items_are_one_line_for_each_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.close.clearing.MOST_ITEMS", 2)
    books = ledger(5)
    books.collections.clear()
    for number in range(5):
        change(books.payments, f"p{number}", status="collected", payout_state="started")
    found = in_august(books)
    assert MOST_ITEMS == 1000
    assert [item.count for item in found.items] == [1, 1, 3]
    assert sum(item.amount for item in found.items) == found.closing == Decimal(560)


MONEY = st.decimals(min_value="0.00", max_value="300.00", places=2)
DAYS = st.sampled_from([None, date(2026, 6, 2), date(2026, 7, 31), date(2026, 8, 1), date(2027, 1, 1)])
CURRENCY = st.sampled_from(["AUD", "NZD", ""])
KEYS = st.integers(0, COUNT - 1)
PAYMENT = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["collected", "disbursed", "refunded", "cancelled", "strange"]),
        "payout_state": st.sampled_from(["", "started", "completed", "failed"]),
        "amount": MONEY,
        "surcharge": MONEY,
        "currency": CURRENCY,
        "date": DAYS,
        "collected_at": st.none(),
        "invoice_external_ids": st.sampled_from([(), ("i0",), ("i0", "i1"), ("none",)]),
    },
)
RECEIPT = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["AUTHORISED", "DELETED"]),
        "type": st.sampled_from(["ACCRECPAYMENT", "ARCREDITPAYMENT", "", "AROVERPAYMENTPAYMENT"]),
        "amount": MONEY,
        "currency": CURRENCY,
        "date": DAYS,
        "account_code": st.sampled_from(["880", "090", ""]),
        "invoice_external_ids": st.sampled_from([(), ("xi0",), ("none",)]),
    },
)
ROW = st.fixed_dictionaries(
    {},
    optional={
        "is_clawback": st.booleans(),
        "amount": MONEY,
        "currency": CURRENCY,
        "payout_state": st.sampled_from(["", "started", "completed", "Completed", "failed"]),
        "arrives_on": DAYS,
        "invoice_external_id": st.sampled_from(["", "i0", "i1", "none"]),
    },
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("p"), KEYS, PAYMENT),
        st.tuples(st.just("xp"), KEYS, RECEIPT),
        st.tuples(st.just("r"), KEYS, ROW),
        st.tuples(st.just("b"), KEYS, ROW),
        st.tuples(st.sampled_from(["drop p", "drop xp", "drop r", "unlink", "unpay"]), KEYS, st.none()),
    ),
    max_size=14,
)


def spoil(books: Books, act: str, number: int, values: Any) -> None:
    tables: dict[str, dict[str, Any]] = {"p": books.payments, "xp": books.receipts, "r": books.collections}
    name = act.removeprefix("drop ")
    if act in tables and f"{act}{number}" in tables[act]:
        change(tables[act], f"{act}{number}", **values)
    elif act == "b":
        books.collections[f"b{number}"] = row(number, external_id=f"b{number}", **values)
    elif act.startswith("drop"):
        tables[name].pop(f"{name}{number}", None)
    elif act == "unlink":
        books.invoice_links.pop(f"i{number}", None)
    elif act == "unpay":
        books.payment_links.pop(f"p{number}/i{number}", None)


@settings(max_examples=200, deadline=None)
@given(acts=ACTS)
def test_opening_movements_and_items_come_to_the_balance_to_the_cent(acts: list[Any]) -> None:
    books = ledger(COUNT)
    for act in acts:
        spoil(books, *act)
    found = proofs(books)
    closing: dict[str, Decimal] = {}
    for proof in found:
        assert sum(item.amount for item in proof.items) == proof.closing
        assert proof.opening + sum(proof.parts.values()) == proof.closing
        assert proof.opening == closing.get(proof.currency, proof.opening)
        assert {item.cause for item in proof.items} <= set(CAUSES)
        assert all(item.amount for item in proof.items)
        closing[proof.currency] = proof.closing


@settings(max_examples=100, deadline=None)
@given(acts=ACTS)
def test_the_balance_is_what_the_raw_lists_come_to(acts: list[Any]) -> None:
    """What is in Xero on the account, less what landed at the bank, counted without any pairing."""
    books = ledger(COUNT)
    for act in acts:
        spoil(books, *act)
    ends = date(2026, 9, 30)
    balance = Decimal(0)
    for receipt in books.receipts.values():
        if receipt.status == "DELETED" or receipt.account_code != "880" or (receipt.date or ends) > ends:
            continue
        out = receipt.type in {"ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT"}
        balance += -receipt.amount if out else receipt.amount
    for item in books.collections.values():
        day = item.arrives_on or item.submitted_on or ends
        if item.payout_state.lower() == "completed" and day <= ends:
            balance += item.amount if item.is_clawback else -item.amount
    rowed = {item.invoice_external_id for item in books.collections.values() if not item.is_clawback}
    for payment in books.payments.values():
        landed = payment.status == "disbursed" or payment.payout_state == "completed"
        collected = payment.status in {"collected", "disbursed"}
        if landed and collected and not rowed & set(payment.invoice_external_ids):
            day = payment.date or (payment.collected_at.date() if payment.collected_at else ends)
            balance -= payment.amount if day <= ends else 0
    assert sum(proof.closing for proof in proofs(books) if proof.month == MONTHS[-1]) == balance
