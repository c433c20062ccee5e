"""Payouts and fees beside the lines of the bank account: what is found, what is fine, and who belongs to whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from connectors.records import Account, BankTransaction, Collection, Contact, Line, Payment
from sync.reconcile.banked import Banked, match_bank
from sync.reconcile.books import READ, Books, Chosen, Difference
from sync.reconcile.compare_bank import FEW, compare_bank, working_days
from sync.reconcile.compare_fees import fee_bills, has_habit
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import pair
from sync.reconcile.unchecked import NO_FEES, NOT_ALLOWED, unchecked
from tests.sync.reconcile.ledgers import NOW, agreeing, change

Spoil = Callable[[Books], object]
FIRST = date(2026, 8, 3)
"""A Monday; each payout arrives a week after the one before."""
PAYOUTS, FEES = 4, 3


def arrived(number: int) -> date:
    return FIRST + timedelta(days=7 * number)


def billed(number: int) -> date:
    return date(2026, 8 + number, 1)


def amount_of(number: int) -> Decimal:
    return Decimal(110) + number


def line(key: str, amount: Decimal, day: date, **values: Any) -> BankTransaction:
    """Money that came from Ignition, or went there, as a bank rule codes it."""
    part = Line(
        description=values.pop("says", "Ignition payout"),
        amount=amount,
        account_code=values.pop("code", "880"),
        tax_amount=values.pop("taxed", Decimal(0)),
    )
    return BankTransaction(
        **{
            "external_id": key,
            "type": "RECEIVE",
            "status": "AUTHORISED",
            "date": day,
            "amount": amount,
            "currency": "AUD",
            "account_code": "090",
            "is_reconciled": True,
            "line_amounts": "Inclusive",
            "reference": "IGNITIONPAY",
            "tax": part.tax_amount,
            "lines": (part,),
            **values,
        }
    )


def fee(number: int, amount: str = "11.00", tax: str = "1.00", **values: Any) -> BankTransaction:
    return line(
        f"f{number}",
        Decimal(amount),
        billed(number) + timedelta(days=2),
        code="404",
        taxed=Decimal(tax),
        type="SPEND",
        **values,
    )


def banking() -> Books:
    """Four payouts of one payment each and three months of fees, all on the bank account as they should be."""
    books = replace(agreeing(PAYOUTS), standard_rate=Decimal(10))
    for code, name, kind in (
        ("880", "Clearing", "CURRENT"),
        ("090", "Bank", "BANK"),
        ("200", "Sales", "REVENUE"),
    ):
        books.accounts[code] = Account(external_id=f"a{code}", code=code, name=name, type=kind)
    for number in range(PAYOUTS):
        change(books.payments, f"p{number}", payout_external_id=f"po{number}", payout_state="completed")
        books.collections[f"k{number}"] = Collection(
            external_id=f"k{number}",
            invoice_external_id=f"i{number}",
            contact_external_id=f"c{number}",
            amount=amount_of(number),
            currency="AUD",
            started_at=datetime(2026, 7, 10, tzinfo=UTC) + timedelta(days=5 * number),
            payout_external_id=f"po{number}",
            payout_state="completed",
            arrives_on=arrived(number),
            fee=Decimal(11) if number < FEES else None,
            fee_billed_on=billed(number) if number < FEES else None,
        )
        books.banked[f"b{number}"] = line(f"b{number}", amount_of(number), arrived(number))
    for number in range(FEES):
        books.banked[f"f{number}"] = fee(number)
    return books


def found(books: Books) -> list[Difference]:
    return list(compare_bank(books, pair(books)))


def matched(books: Books) -> Banked:
    return match_bank(books, pair(books).shares)


def lines_of(banked: Banked) -> dict[str, list[str]]:
    return {item.external_id: [part.external_id for part in item.lines] for item in banked.payouts}


def recoded(books: Books, key: str, **values: Any) -> None:
    part = replace(books.banked[key].lines[0], **values)
    change(books.banked, key, lines=(part,), tax=part.tax_amount)


def choose(books: Books, chosen: Chosen) -> bool:
    object.__setattr__(books, "chosen", chosen)
    return True


def on_a_strange_invoice(books: Books) -> None:
    del books.banked["b1"]
    books.receipts["stray"] = Payment(
        external_id="stray",
        invoice_external_ids=("other",),
        type="ACCRECPAYMENT",
        status="AUTHORISED",
        date=arrived(1) + timedelta(days=1),
        amount=amount_of(1),
        currency="AUD",
        account_code="090",
    )


def rule_for_sales(books: Books) -> None:
    for number in range(1, 4):
        recoded(books, f"b{number}", account_code="200")


CASES: dict[str, Spoil] = {
    "payout_bank_line": lambda books: books.banked.pop("b1"),
    "payout_unreconciled": lambda books: change(books.banked, "b1", is_reconciled=False),
    "payout_elsewhere": lambda books: recoded(
        books, "b1", account_code="200", tax_type="OUTPUT", tax_amount=Decimal("10.09")
    ),
    "payout_other_invoice": on_a_strange_invoice,
    "payout_rule_tax": lambda books: recoded(books, "b1", tax_amount=Decimal("10.09")),
    "payout_fee_missing": lambda books: books.banked.pop("f1"),
    "payout_fee_other": lambda books: change(books.banked, "f1", amount=Decimal("12.10"), lines=()),
    "payout_fee_tax": lambda books: change(
        books.banked, "f1", tax=Decimal(0), lines=(Line(amount=Decimal(11), account_code="404"),)
    ),
    "connection_bank_rule": rule_for_sales,
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_found_as_what_it_is(kind: str) -> None:
    books = banking()
    CASES[kind](books)
    kinds = {item.kind for item in found(books)}
    assert kinds == ({kind, "payout_elsewhere"} if kind == "connection_bank_rule" else {kind})


def test_as_it_should_be_nothing_is_found() -> None:
    assert found(banking()) == []


def test_it_says_which_payout_where_how_much_and_how_much_tax() -> None:
    books = banking()
    CASES["payout_elsewhere"](books)
    (item,) = found(books)
    assert (item.source_ids, item.target_ids, item.dated_on) == (("po1",), ("b1",), arrived(1))
    assert (item.at_stake, item.tax_at_stake, item.currency) == (Decimal(111), Decimal("10.09"), "AUD")
    assert "200 Sales" in item.text
    CASES["payout_elsewhere"](books)
    assert [(again.kind, again.key) for again in found(books)] == [(item.kind, item.key)], (
        "the same, once more"
    )


FINE: dict[str, Spoil] = {
    "a day late": lambda books: change(books.banked, "b1", date=arrived(1) + timedelta(days=1)),
    "a week late": lambda books: change(books.banked, "b1", date=arrived(1) + timedelta(days=7)),
    "a removed line beside it": lambda books: books.banked.update(
        gone=line("gone", amount_of(1), arrived(1), status="DELETED", code="200")
    ),
    "money of somebody else": lambda books: books.banked.update(
        other=line("other", amount_of(1), arrived(1), code="200", says="Lease", reference="")
    ),
    "not landed yet": lambda books: (
        books.banked.pop("b1"),
        change(books.collections, "k1", payout_state="started"),
    ),
    "arrived on Friday, and it is Monday": lambda books: (
        books.banked.pop("b3"),
        change(books.collections, "k3", arrives_on=NOW.date() - timedelta(days=1)),
    ),
    "taken back by Ignition": lambda books: (
        books.banked.pop("b1"),
        change(books.collections, "k1", is_clawback=True),
    ),
    "before the window": lambda books: (
        books.banked.pop("b0"),
        change(books.collections, "k0", arrives_on=date(2025, 1, 1)),
        choose(books, replace(books.chosen, documents_from=date(2026, 1, 1))),
    ),
    "put straight on its own invoice": lambda books: (
        books.banked.pop("b1"),
        change(books.receipts, "xp1", account_code="090"),
    ),
    "fees with the subscription": lambda books: change(
        books.banked, "f1", amount=Decimal(110), tax=Decimal(10), lines=(
            Line(amount=Decimal(99), tax_amount=Decimal(9), account_code="404"),
            Line(amount=Decimal(11), tax_amount=Decimal(1), account_code="404"),
        )
    ),
    "fees billed last week": lambda books: (
        books.banked.pop("f2"),
        change(books.collections, "k2", fee_billed_on=NOW.date() - timedelta(days=7)),
    ),
    "fees before the first that was put in": lambda books: books.banked.pop("f0"),
    "no tax on fees anywhere, and none expected": lambda books: (
        choose(books, replace(books.chosen, country="NZ")),
        [
            change(books.banked, f"f{n}", tax=Decimal(0), lines=(Line(amount=Decimal(11), account_code="404"),))
            for n in range(FEES)
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINE)
def test_what_is_no_difference_is_not_told(case: str) -> None:
    books = banking()
    FINE[case](books)
    assert found(books) == []


def test_two_working_days_are_waited_for() -> None:
    friday = date(2026, 11, 13)
    assert working_days(friday, 2) == date(2026, 11, 17)
    books = banking()
    del books.banked["b3"]
    change(books.collections, "k3", arrives_on=date(2026, 11, 18))  # NOW is Friday the 20th
    assert found(books) == []
    change(books.collections, "k3", arrives_on=date(2026, 11, 17))
    assert [item.kind for item in found(books)] == ["payout_bank_line"]


def test_where_no_payout_at_all_is_there_it_is_told_once() -> None:
    books = banking()
    for number in range(PAYOUTS):
        del books.banked[f"b{number}"]
    (item,) = found(books)
    assert (item.kind, item.key, item.at_stake) == ("payout_bank_line", "all/AUD", Decimal(446))
    assert PAYOUTS >= FEW


def test_where_most_are_not_there_it_is_told_once() -> None:
    books = banking()
    for number in range(PAYOUTS - 1):
        del books.banked[f"b{number}"]
    (item,) = found(books)
    assert (item.kind, item.key) == ("payout_bank_line", "all/AUD")
    assert item.text.startswith(f"{PAYOUTS - 1} of {PAYOUTS} payouts")
    books.banked["b0"] = line("b0", amount_of(0), arrived(0))
    books.banked["b1"] = line("b1", amount_of(1), arrived(1))
    assert [item.key for item in found(books)] == ["po2/AUD"]


def test_a_payment_with_the_amount_of_a_payout_is_nothing_where_payouts_are_not_kept() -> None:
    books = banking()
    on_a_strange_invoice(books)
    assert [item.kind for item in found(books)] == ["payout_other_invoice"]
    for number in range(PAYOUTS):
        books.banked.pop(f"b{number}", None)
    (item,) = found(books)
    assert (item.kind, item.key) == ("payout_bank_line", "all/AUD")


def test_an_organisation_without_any_bank_line_says_nothing() -> None:
    assert found(replace(banking(), banked={})) == []


def test_two_payouts_in_one_line_and_one_payout_in_two() -> None:
    books = banking()
    change(books.collections, "k1", arrives_on=arrived(0) + timedelta(days=1))
    del books.banked["b0"], books.banked["b1"]
    books.banked["both"] = line("both", Decimal(221), arrived(0) + timedelta(days=2))
    del books.banked["b2"]
    books.banked["one"] = line("one", Decimal(12), arrived(2))
    books.banked["two"] = line("two", Decimal(100), arrived(2))
    books.banked["odd"] = line("odd", Decimal(5), arrived(2))
    banked = matched(books)
    assert lines_of(banked) == {"po0": ["both"], "po1": ["both"], "po2": ["one", "two"], "po3": ["b3"]}
    assert "odd" in {item.external_id for item in banked.left}
    assert found(books) == []


def test_of_two_lines_the_one_on_the_clearing_account_is_it() -> None:
    books = banking()
    books.banked["a"] = line("a", amount_of(1), arrived(1), code="200", says="Sale", reference="")
    books.banked["c"] = line("c", amount_of(1), arrived(1), code="200")
    assert lines_of(matched(books))["po1"] == ["b1"]
    del books.banked["b1"]
    assert lines_of(matched(books))["po1"] == ["c"], "then the one that says where it is from"
    del books.banked["c"]
    assert lines_of(matched(books))["po1"] == ["a"], "then the one that fits"
    change(books.banked, "a", date=arrived(1) + timedelta(days=4))
    assert lines_of(matched(books))["po1"] == []


def test_the_contact_on_it_may_say_where_it_is_from() -> None:
    books = banking()
    change(books.banked, "b1", date=arrived(1) + timedelta(days=6), reference="", contact_external_id="ign")
    recoded(books, "b1", account_code="200", description="Payout")
    assert lines_of(matched(books))["po1"] == []
    books.contacts["ign"] = Contact(external_id="ign", name="Practice Ignition")
    assert lines_of(matched(books))["po1"] == ["b1"]


def test_a_line_with_another_amount_is_named() -> None:
    books = banking()
    change(books.banked, "b1", amount=Decimal(100))
    (item,) = found(books)
    assert (item.kind, item.target_ids) == ("payout_bank_line", ("b1",))
    assert "100.00" in item.text


def test_a_part_that_went_straight_to_the_invoice_and_a_line_for_the_rest() -> None:
    books = banking()
    change(books.collections, "k2", payout_external_id="po1", arrives_on=arrived(1))
    change(books.payments, "p2", payout_external_id="po1")
    change(books.receipts, "xp2", account_code="090")
    del books.banked["b2"]
    assert lines_of(matched(books))["po1"] == ["b1"]
    assert found(books) == []


def test_the_order_in_which_lines_were_read_changes_nothing() -> None:
    books = banking()
    for key in ("b0", "b1"):
        change(books.collections, key.replace("b", "k"), amount=Decimal(50), arrives_on=arrived(0))
        change(books.banked, key, amount=Decimal(50), date=arrived(0))
    expected = lines_of(matched(books))
    for order in permutations(["b0", "b1", "b2", "b3"]):
        shuffled = replace(books, banked={key: books.banked[key] for key in (*order, "f0", "f1", "f2")})
        assert lines_of(matched(shuffled)) == expected


def test_each_line_is_one_payout_or_shared_on_purpose() -> None:
    books = banking()
    for number in range(PAYOUTS):
        change(books.collections, f"k{number}", amount=Decimal(50), arrives_on=arrived(0))
        change(books.banked, f"b{number}", amount=Decimal(50), date=arrived(0))
    del books.banked["b3"]
    banked = matched(books)
    used = [part.external_id for item in banked.payouts for part in item.lines]
    assert sorted(used) == ["b0", "b1", "b2"]
    assert [item.kind for item in found(books)] == ["payout_bank_line"]


def test_fees_are_looked_for_only_where_they_were_put_in_before() -> None:
    books = banking()
    assert has_habit(fee_bills(books, list(books.banked.values())))
    del books.banked["f0"], books.banked["f1"]
    assert not has_habit(fee_bills(books, list(books.banked.values())))
    assert found(replace(books, read=READ - {"fee"})) == []


def test_without_the_list_nothing_is_said_and_each_kind_says_why_not() -> None:
    books = replace(banking(), read=READ - {"bank", "fee"}, banked={})
    assert found(books) == []
    reasons = unchecked(books.read, {"bank": NOT_ALLOWED, "fee": NO_FEES})
    assert set(reasons) == set(CASES)
    assert set(reasons.values()) == {NOT_ALLOWED}
    assert unchecked(READ - {"fee"}, {"bank": NOT_ALLOWED, "fee": NO_FEES}) == {
        code: NO_FEES for code in CASES if "fee" in KINDS[code].needs
    }
    assert unchecked(READ, {"bank": NOT_ALLOWED, "fee": NO_FEES}) == {}


def test_the_rule_is_told_with_how_often_and_for_which_account() -> None:
    books = banking()
    rule_for_sales(books)
    (item,) = [item for item in found(books) if item.kind == "connection_bank_rule"]
    assert item.text == ("3 of 4 payouts since 23 Jul 2026 are coded to 200 Sales and not to 880 Clearing.")
    recoded(books, "b3", account_code="880")
    assert {item.kind for item in found(books)} == {"payout_elsewhere"}, "two are no rule yet"
