"""What is wrong with payouts as they were coded on the bank account in the target. Pure; moves no total."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from connectors.records import BankTransaction, Line
from sync.reconcile.banked import BankPayout, is_clearing, match_bank, off_account, signed
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.compare_fees import compare_fees
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import Paired
from sync.reconcile.rounding import shown

RULE_DAYS, RULE_PAYOUTS = 120, 3
"""So many payouts coded to one wrong account within so many days are a rule, or one that is missing."""
FEW = 3
"""Where most of this many payouts or more have no line, they are told together: it is one thing to be done."""


def compare_bank(books: Books, paired: Paired) -> Iterator[Difference]:
    if not {"bank", "payout", "payment", "invoice"} <= books.read or not books.banked:
        return
    banked = match_bank(books, paired.shares)
    payouts = [item for item in banked.payouts if books.inside(item.day)]
    due = _due(books, payouts)
    habit = _used_currencies(due)
    yield from _not_there(books, due, habit)
    elsewhere: dict[str, list[BankPayout]] = defaultdict(list)
    for payout in payouts:
        yield from _reconciled(books, payout)
        yield from _coding(books, payout)
        if payout.is_foreign and payout.currency in habit:
            yield _matched(books, payout)
        for code in sorted({part.account_code for line in payout.lines for part in off_account(books, line)}):
            elsewhere[code].append(payout)
    yield from _rules(books, payouts, elsewhere)
    yield from compare_fees(books, banked.left)


def working_days(start: date, days: int) -> date:
    """So many working days later; public holidays are not known."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _due(books: Books, payouts: list[BankPayout]) -> list[BankPayout]:
    """Payouts that should be on the bank account by now. What Ignition took back has a kind of its own."""
    today, grace = books.day(books.now), KINDS["payout_bank_line"].grace.days
    if today is None:
        return []
    return [
        item
        for item in payouts
        if item.amount > ZERO and item.day is not None and working_days(item.day, grace) < today
    ]


def _used_currencies(due: list[BankPayout]) -> set[str]:
    """Currencies in which most payouts are on the bank account, so that a single one can be missing there.

    A payment that merely has the amount of a payout says nothing about the habit.
    """
    all_due = Counter(item.currency for item in due)
    there = Counter(item.currency for item in due if item.is_found and not item.is_foreign)
    return {currency for currency, number in all_due.items() if number < FEW or 2 * there[currency] >= number}


def _not_there(books: Books, due: list[BankPayout], habit: set[str]) -> Iterator[Difference]:
    by_currency: dict[str, list[BankPayout]] = defaultdict(list)
    for item in due:
        if not item.is_found or (item.is_foreign and item.currency not in habit):
            by_currency[item.currency].append(item)
    for currency, items in by_currency.items():
        if currency not in habit:
            whole = sum((item.amount for item in items), ZERO)
            all_due = sum(item.currency == currency for item in due)
            yield Difference(
                kind="payout_bank_line",
                key=f"all/{currency}",
                text=(
                    f"{len(items)} of {all_due} payouts, {shown(currency, whole)}, are not on a bank "
                    "account in Xero."
                ),
                source_ids=tuple(item.external_id for item in items[-20:]),
                currency=currency,
                at_stake=whole,
                dated_on=items[0].day,
            )
            continue
        for item in items:
            there = " ".join(
                f"A line of that day says {shown(currency, line.amount)}." for line in item.lines
            )
            text = f"{shown(currency, item.amount)} arrived on {item.day:%d %b %Y}. {there}".strip()
            yield _of(books, "payout_bank_line", item, text, lines=item.lines)


def _reconciled(books: Books, payout: BankPayout) -> Iterator[Difference]:
    loose = [line for line in payout.lines if not line.is_reconciled]
    if payout.is_found and loose:
        text = f"{shown(payout.currency, payout.amount)} of {payout.day:%d %b %Y} was put in by hand."
        yield _of(books, "payout_unreconciled", payout, text, lines=tuple(loose))


def _coding(books: Books, payout: BankPayout) -> Iterator[Difference]:
    """Money of a payout that is not on the clearing account, or has tax on its way there."""
    parts = [(line, part) for line in payout.lines for part in off_account(books, line)]
    if parts:
        amount = sum((part.amount for _, part in parts), ZERO)
        names = ", ".join(sorted({_account(books, part) for _, part in parts}))
        text = f"{shown(payout.currency, payout.amount)} of {payout.day:%d %b %Y} is coded to {names}."
        yield _of(
            books,
            "payout_elsewhere",
            payout,
            text,
            lines=tuple({line.external_id: line for line, _ in parts}.values()),
            at_stake=abs(amount),
            tax=sum((abs(part.tax_amount or ZERO) for _, part in parts), ZERO),
        )
    taxed = [
        (line, part)
        for line in payout.lines
        for part in line.lines
        if part.tax_amount and is_clearing(books, part.account_code)
    ]
    if taxed:
        tax = sum((abs(part.tax_amount or ZERO) for _, part in taxed), ZERO)
        text = f"{shown(payout.currency, tax)} of tax was taken out of the payout of {payout.day:%d %b %Y}."
        lines = tuple({line.external_id: line for line, _ in taxed}.values())
        yield _of(books, "payout_rule_tax", payout, text, lines=lines, tax=tax)


def _matched(books: Books, payout: BankPayout) -> Difference:
    receipt = payout.receipts[0]
    numbers = [books.documents[key].number for key in receipt.invoice_external_ids if key in books.documents]
    about = f"invoice {numbers[0]}" if numbers and numbers[0] else "another invoice"
    return Difference(
        kind="payout_other_invoice",
        key=payout.key,
        text=f"The payout of {payout.day:%d %b %Y} fits a payment on {about} straight on the bank account.",
        source_ids=(payout.external_id,),
        target_ids=(receipt.external_id, *receipt.invoice_external_ids),
        currency=payout.currency,
        at_stake=payout.amount,
        document=numbers[0] if numbers else "",
        dated_on=payout.day,
    )


def _rules(
    books: Books, payouts: list[BankPayout], elsewhere: dict[str, list[BankPayout]]
) -> Iterator[Difference]:
    """Accounts that payouts are coded to again and again."""
    today = books.day(books.now)
    if today is None:
        return
    start = today - timedelta(days=RULE_DAYS)
    recent = Counter(item.currency for item in payouts if item.day is not None and item.day >= start)
    clearing = ", ".join(_named(books, code) for code in sorted(books.chosen.clearing))
    for code, items in sorted(elsewhere.items()):
        lately = [item for item in items if item.day is not None and item.day >= start]
        if len(lately) < RULE_PAYOUTS:
            continue
        lines = sorted({line.external_id for item in lately for line in item.lines})
        yield Difference(
            kind="connection_bank_rule",
            key=f"account {code}",
            text=(
                f"{len(lately)} of {recent[lately[0].currency]} payouts since {start:%d %b %Y} are coded to "
                f"{_named(books, code)} and not to {clearing}."
            ),
            source_ids=tuple(item.external_id for item in lately[-20:]),
            target_ids=tuple(lines[:20]),
            currency=lately[0].currency,
            at_stake=sum((abs(item.amount) for item in lately), ZERO),
        )


def _account(books: Books, part: Line) -> str:
    return _named(books, part.account_code)


def _named(books: Books, code: str) -> str:
    account = books.accounts.get(code)
    return f"{code} {account.name}".strip() if account is not None else code or "no account"


def _of(
    books: Books,
    kind: str,
    payout: BankPayout,
    text: str,
    *,
    lines: tuple[BankTransaction, ...] = (),
    at_stake: Decimal | None = None,
    tax: Decimal = ZERO,
) -> Difference:
    joined = f" It came together with {', '.join(payout.others)}." if payout.others and lines else ""
    whole = sum((signed(line) for line in lines), ZERO)
    return Difference(
        kind=kind,
        key=payout.key,
        text=f"Payout {payout.external_id}. {text}{joined}",
        source_ids=(payout.external_id,),
        target_ids=tuple(line.external_id for line in lines),
        currency=payout.currency,
        at_stake=abs(payout.amount if payout.others or not lines else whole)
        if at_stake is None
        else at_stake,
        tax_at_stake=tax,
        dated_on=payout.day,
    )
