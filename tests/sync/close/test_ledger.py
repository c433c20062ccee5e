"""The clearing account as Xero has it: what it has more than it should is named to the cent, whatever was done."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Account, BankTransaction, Line
from connectors.stored import dump
from sync.close.clearing import NOT_SEEN, Proof, not_seen, prove
from sync.close.figures import _joined, _proof
from sync.close.items import Item, most_of
from sync.close.ledger import LEDGER_CAUSES
from sync.reconcile.books import READ, Books
from sync.reconcile.receipts import pair
from tests.sync.close.test_clearing import ACTS as OTHER_ACTS
from tests.sync.close.test_clearing import COUNT, DAYS, JULY, MONEY, MONTHS, in_august, ledger, proofs
from tests.sync.close.test_clearing import spoil as spoil_the_rest
from tests.sync.reconcile.ledgers import change

AUGUST = MONTHS[1]


def line(key: str, amount: Decimal, day: date | None, **values: Any) -> BankTransaction:
    code = values.pop("code", "880")
    return BankTransaction(
        **{
            "external_id": key,
            "type": "RECEIVE",
            "date": day,
            "reference": "IGNITIONPAY",
            "currency": "AUD",
            "amount": amount,
            "account_code": "090",
            "line_amounts": "NoTax",
            "is_reconciled": True,
            "lines": (Line(amount=amount, account_code=code, description="Ignition payout"),),
            **values,
        }
    )


def landed(number: int) -> date:
    return date(2026, 7, 16) + timedelta(days=5 * number)


def coded(count: int = 1) -> Books:
    """Payouts of one payment each, all of them coded to the clearing account on the day they came."""
    books = ledger(count)
    for code, kind in (("880", "CURRENT"), ("090", "BANK"), ("200", "REVENUE")):
        books.accounts[code] = Account(external_id=f"a{code}", code=code, name=code, type=kind)
    for number in range(count):
        books.banked[f"t{number}"] = line(f"t{number}", Decimal(110) + number, landed(number))
    return books


def gap(books: Books) -> Item:
    found = in_august(books).ledger
    assert found is not None
    (item,) = found.items
    return item


def recode(books: Books, key: str, **values: Any) -> None:
    change(books.banked, key, lines=(replace(books.banked[key].lines[0], **values),))


def test_payouts_that_are_coded_leave_nothing_and_no_difference() -> None:
    july = proofs(coded(3))[0].ledger
    assert july is not None
    assert july.parts == {
        "posted": Decimal(333),
        "refunded": Decimal(0),
        "coded_in": Decimal(0),
        "coded_out": Decimal(-333),
    }
    assert (july.closing, july.difference, july.items) == (Decimal(0), Decimal(0), ())


def taxed(books: Books) -> None:
    part = replace(books.banked["t0"].lines[0], tax_amount=Decimal(10))
    change(books.banked, "t0", line_amounts="Inclusive", lines=(part,))


def in_part(books: Books) -> None:
    parts = (Line(amount=Decimal(100), account_code="880"), Line(amount=Decimal(10), account_code="200"))
    change(books.banked, "t0", lines=parts)


def early(books: Books) -> None:
    change(books.collections, "r0", arrives_on=date(2026, 9, 1))
    change(books.banked, "t0", date=date(2026, 8, 31))


CASES: dict[str, Any] = {
    "not_coded": (lambda books: books.banked.clear(), "110"),
    "coded_elsewhere": (lambda books: recode(books, "t0", account_code="200"), "110"),
    "coded_in_part": (in_part, "10"),
    "coded_with_tax": (taxed, "10"),
    "other_amount": (lambda books: books.banked.update(t0=line("t0", Decimal(90), landed(0))), "20"),
    "something_else": (
        lambda books: books.banked.update(x=line("x", Decimal(7), date(2026, 8, 3), reference="Rent")),
        "-7",
    ),
    "fee_on_it": (
        lambda books: books.banked.update(x=line("x", Decimal(7), date(2026, 8, 3), type="SPEND")),
        "7",
    ),
    "coded_early": (early, "-110"),
    "own_invoices": (
        lambda books: (books.banked.clear(), change(books.receipts, "xp0", account_code="090")),
        "110",
    ),
    "matched_elsewhere": (
        lambda books: (
            books.banked.clear(),
            books.receipts.update(
                stray=replace(
                    books.receipts["xp0"],
                    external_id="stray",
                    invoice_external_ids=("none",),
                    account_code="090",
                    date=landed(0),
                )
            ),
        ),
        "110",
    ),
}


@pytest.mark.parametrize("cause", CASES)
def test_each_cause_is_named_with_its_money(cause: str) -> None:
    spoil, amount = CASES[cause]
    books = coded()
    spoil(books)
    item = gap(books)
    assert (item.cause, item.amount) == (cause, Decimal(amount))
    proof = in_august(books)
    assert proof.ledger is not None
    assert proof.ledger.closing - proof.closing == proof.ledger.difference == Decimal(amount)


def test_a_line_of_the_next_month_is_later_and_then_settled() -> None:
    books = coded()
    change(books.collections, "r0", arrives_on=date(2026, 8, 31))
    change(books.banked, "t0", date=date(2026, 9, 2))
    assert gap(books).cause == "coded_later"
    september = proofs(books)[2].ledger
    assert september is not None
    assert september.items == ()


def test_every_cause_has_a_case() -> None:
    assert set(CASES) | {"coded_later"} == set(LEDGER_CAUSES)


def test_two_payouts_in_one_line_are_one_item() -> None:
    books = coded(2)
    change(books.collections, "r1", arrives_on=landed(0))
    books.banked.clear()
    books.banked["both"] = line("both", Decimal(221), landed(0))
    found = in_august(books).ledger
    assert found is not None
    assert found.items == ()
    recode(books, "both", account_code="200")
    assert (gap(books).amount, gap(books).document) == (Decimal(221), "Payout po0, po1")


def test_a_clearing_account_that_is_a_bank_account_itself() -> None:
    books = coded()
    moved = line("t0", Decimal(110), landed(0), type="SPEND-TRANSFER", account_code="880", lines=())
    books.banked["t0"] = moved
    found = in_august(books).ledger
    assert found is not None
    assert found.closing == 0


def test_without_the_list_it_is_as_before_and_says_so() -> None:
    books = replace(coded(), read=READ - {"bank"}, banked={})
    assert {item.ledger for item in proofs(books)} == {None}
    assert not_seen("")[: len(NOT_SEEN)] == NOT_SEEN
    assert "Connect Xero again." in not_seen("Connect Xero again.")[0]


def test_it_is_kept_and_added_up_without_loss() -> None:
    books = coded()
    CASES["other_amount"][0](books)
    months = [_proof(dump(item)) for item in proofs(books)]
    assert [item.ledger for item in months] == [item.ledger for item in proofs(books)]
    whole = _joined(months[0].ledger, months[1].ledger)
    assert whole is not None
    assert whole.closing == Decimal(20) == whole.difference
    assert whole.opening == 0
    assert _joined(None, months[1].ledger) == months[1].ledger
    assert _joined(months[0].ledger, None) is None


def test_the_smallest_are_one_line_for_each_cause() -> None:
    items = [Item(key=str(n), cause="not_coded", amount=Decimal(n), since=JULY) for n in range(1, 6)]
    found = most_of(items, 2)
    assert [(item.count, item.amount) for item in found] == [
        (1, Decimal(5)),
        (1, Decimal(4)),
        (3, Decimal(6)),
    ]


BANK = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["RECEIVE", "SPEND", "RECEIVE-TRANSFER", "SPEND-PREPAYMENT", ""]),
        "status": st.sampled_from(["AUTHORISED", "DELETED"]),
        "amount": MONEY,
        "date": DAYS,
        "currency": st.sampled_from(["AUD", "NZD", ""]),
        "account_code": st.sampled_from(["090", "880", ""]),
        "line_amounts": st.sampled_from(["Inclusive", "Exclusive", "NoTax"]),
        "reference": st.sampled_from(["IGNITIONPAY", "Rent"]),
        "lines": st.lists(
            st.builds(
                Line,
                amount=MONEY,
                tax_amount=st.one_of(st.none(), MONEY),
                account_code=st.sampled_from(["880", "200", "404", ""]),
            ),
            max_size=3,
        ).map(tuple),
    },
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("t"), st.integers(0, COUNT - 1), BANK),
        st.tuples(st.just("more"), st.integers(0, 9), BANK),
        st.tuples(st.just("drop"), st.integers(0, COUNT - 1), st.none()),
    ),
    max_size=10,
)


def spoil(books: Books, act: str, number: int, values: Any) -> None:
    if act == "drop":
        books.banked.pop(f"t{number}", None)
    elif act == "more":
        books.banked[f"m{number}"] = replace(line(f"m{number}", Decimal(50), landed(0)), **values)
    elif f"t{number}" in books.banked:
        change(books.banked, f"t{number}", **values)


def raw_balance(books: Books, ends: date) -> Decimal:
    """What is on the account by the day, counted row by row without any pairing."""
    whole = Decimal(0)
    for receipt in books.receipts.values():
        if receipt.status != "DELETED" and receipt.account_code == "880" and (receipt.date or ends) <= ends:
            out = receipt.type in {"ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT"}
            whole += -receipt.amount if out else receipt.amount
    for item in books.banked.values():
        if item.status == "DELETED" or (item.date or ends) > ends:
            continue
        sign = -1 if item.type.startswith("SPEND") else 1
        whole += sign * item.amount if item.account_code == "880" else 0
        for part in item.lines:
            tax = (part.tax_amount or Decimal(0)) if item.line_amounts == "Inclusive" else Decimal(0)
            whole -= sign * (part.amount - tax) if part.account_code == "880" else 0
    return whole


@settings(max_examples=200, deadline=None)
@given(acts=ACTS, others=OTHER_ACTS)
def test_items_come_to_the_difference_to_the_cent_and_the_balance_to_the_raw_lists(
    acts: list[Any], others: list[Any]
) -> None:
    books = coded(COUNT)
    for act in others:
        spoil_the_rest(books, *act)
    for act in acts:
        spoil(books, *act)
    found = prove(books, pair(books).shares, MONTHS)
    closing: dict[str, Decimal] = {}
    for proof in found:
        assert_whole(proof, closing)
    last = [item for item in found if item.month == MONTHS[-1]]
    total = sum((item.ledger.closing for item in last if item.ledger is not None), Decimal(0))
    assert total == raw_balance(books, date(2026, 9, 30))


def assert_whole(proof: Proof, closing: dict[str, Decimal]) -> None:
    there = proof.ledger
    if there is None:
        assert not proof.items
        assert not proof.closing
        return
    assert sum((item.amount for item in there.items), Decimal(0)) == there.closing - proof.closing
    assert there.opening + sum(there.parts.values()) == there.closing
    assert there.opening == closing.get(proof.currency, there.opening)
    assert {item.cause for item in there.items} <= set(LEDGER_CAUSES)
    assert all(item.amount for item in there.items)
    assert len({item.key for item in there.items}) == len(there.items)
    closing[proof.currency] = there.closing
