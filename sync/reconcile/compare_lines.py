"""What differs between the lines of an invoice and those of its document, each line named. Pure; moves no total."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.amounts import CENT, cents
from connectors.records import Invoice, Line
from mappings.normalise import tidy
from sync.reconcile.aligning import Pair, align, taken_off
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import Unit
from sync.reconcile.rounding import shown
from sync.reconcile.telling import Found, about_unit
from sync.reconcile.usual import key_of

SURCHARGE = re.compile(r"\b(surcharge|card fee|processing fee|merchant fee)\b", re.IGNORECASE)
"""How people call a line that passes the cost of a card on."""
SHOWN = 40
"""Letters of a description in a sentence."""

Rule = Callable[[Sequence[Pair], str], tuple[Found, Decimal]]
NOTHING: tuple[Found, Decimal] = None, ZERO


def compare_lines(books: Books, unit: Unit) -> Iterator[Difference]:
    """Every kind of difference in the lines at most once, over all lines that have it."""
    source, target = unit.source, unit.target
    if source is None or target is None:
        return
    currency = target.currency or books.currency
    found, stake = invoice_line_sum(source, target, currency)
    if found is not None:
        yield about_unit(books, unit, *found, at_stake=stake)
    was = books.agreed.get(unit.source_id)
    if was is not None and was.lines and target.lines and not any(x.tracking for x in unit.expected.lines):
        found, stake = invoice_tracking(align(was.lines, target.lines), currency)
        if found is not None:
            yield about_unit(books, unit, *found, at_stake=stake)
    left = _expected(books, unit) or source.lines
    if not left or not target.lines or left == target.lines:
        return
    pairs = align(left, target.lines)
    if unit.source_id not in books.written:
        pairs = _without_tax_types(books, unit, _as_told(pairs, source.lines))
    if any(pair.differing or pair.moved or pair.left is None or pair.right is None for pair in pairs):
        for rule in _RULES:
            found, stake = rule(pairs, currency)
            if found is not None:
                yield about_unit(books, unit, *found, at_stake=stake)


def _expected(books: Books, unit: Unit) -> tuple[Line, ...]:
    """The lines as the mapping makes them. Of what this app did not write, with what is usual where nobody chose."""
    if unit.source_id in books.written or not books.usual.is_needed:
        return unit.expected.lines
    before = _before(books, unit)
    return tuple(books.usual.expected(line, before) for line in unit.expected.lines)


def _before(books: Books, unit: Unit) -> dict[str, Line]:
    was = books.agreed.get(unit.source_id)
    return {key_of(line.description): line for line in was.lines} if was is not None else {}


def _without_tax_types(books: Books, unit: Unit, pairs: Sequence[Pair]) -> list[Pair]:
    """Without tax types that nobody chose and that come to the same tax as the one in the target."""
    before = _before(books, unit)
    return [
        replace(pair, differing=pair.differing - {"tax_type"})
        if "tax_type" in pair.differing
        and pair.left is not None
        and pair.right is not None
        and books.usual.is_silent(pair.left, pair.right.tax_type, before)
        else pair
        for pair in pairs
    ]


def _as_told(pairs: Sequence[Pair], told: Sequence[Line]) -> list[Pair]:
    """Without descriptions that are Ignition's own, though the mapping words them otherwise.

    Ignition's own link can put the description of a service on further lines of the text.
    """
    texts = {tidy(line.description) for line in told}
    return [
        replace(pair, differing=pair.differing - {"description"})
        if "description" in pair.differing
        and pair.right is not None
        and tidy(pair.right.description.partition("\n")[0]) in texts
        else pair
        for pair in pairs
    ]


def has_surcharge(unit: Unit, more: Decimal) -> bool:
    """Whether ``more``, by which the target's total is higher, is just a surcharge that one side counts in."""
    source, target = unit.source, unit.target
    if source is None or target is None or not more:
        return False
    if more < 0:
        return -more == source.surcharge
    lines = [line for line in target.lines if SURCHARGE.search(line.description)]
    added = sum((line.amount + _on_top(target, line) for line in lines), ZERO)
    return (
        bool(lines) and not any(SURCHARGE.search(line.description) for line in source.lines) and added == more
    )


def _on_top(target: Invoice, line: Line) -> Decimal:
    return (line.tax_amount or ZERO) if target.line_amounts == "Exclusive" else ZERO


def invoice_line_missing(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    # What is included makes no line in the target.
    lines = [pair.left for pair in pairs if pair.left is not None and pair.right is None and pair.left.amount]
    if not lines:
        return NOTHING
    return ("invoice_line_missing", f"Not in Xero: {_named(lines, currency)}."), _sum(lines)


def invoice_line_extra(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    lines = [pair.right for pair in pairs if pair.right is not None and pair.left is None]
    lines = [line for line in lines if line.amount and not SURCHARGE.search(line.description)]
    if not lines:
        return NOTHING
    return ("invoice_line_extra", f"Only in Xero: {_named(lines, currency)}."), _sum(lines)


def invoice_line_order(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    lines = [pair.left for pair in pairs if pair.moved and pair.left is not None]
    if not lines:
        return NOTHING
    return ("invoice_line_order", f"In another place: {_named(lines, currency)}."), ZERO


def invoice_account(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    return _coded(pairs, "account_code", "invoice_account")


def invoice_tax_type(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    return _coded(pairs, "tax_type", "invoice_tax_type")


def invoice_discount(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    """A discount that is folded into the price is not lost: then the amounts agree."""
    found = [
        (left, right)
        for left, right in _differing(pairs, "discount")
        if taken_off(left) > taken_off(right) and right.amount > left.amount
    ]
    if not found:
        return NOTHING
    text = _each(
        found,
        lambda left, right: f"{shown(currency, taken_off(left) - taken_off(right))} is not taken off in Xero",
    )
    return ("invoice_discount", text), sum((right.amount - left.amount for left, right in found), ZERO)


def invoice_description(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    found = _differing(pairs, "description")
    if not found:
        return NOTHING
    return ("invoice_description", _each(found, lambda left, right: f"“{_cut(right)}” in Xero")), ZERO


def invoice_tracking(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    def said(left: Line, right: Line) -> str:
        there = ", ".join(item.option for item in right.tracking) or "nothing"
        return f"{', '.join(item.option for item in left.tracking)} by the mapping, {there} in Xero"

    return _coded(pairs, "tracking", "invoice_tracking", said)


def invoice_precision(pairs: Sequence[Pair], currency: str) -> tuple[Found, Decimal]:
    found = [
        (left, right)
        for left, right in _differing(pairs, "unit_amount")
        if left.quantity == right.quantity and cents(left.unit_amount) == right.unit_amount
    ]
    if not found:
        return NOTHING
    text = _each(
        found, lambda left, right: f"{left.unit_amount:f} in Ignition, {right.unit_amount:f} in Xero"
    )
    return ("invoice_precision", text), sum((abs(a.amount - b.amount) for a, b in found), ZERO)


def invoice_line_sum(source: Invoice, target: Invoice, currency: str) -> tuple[Found, Decimal]:
    for name, document in (("Ignition", source), ("Xero", target)):
        for line in document.lines:
            apart = _off(line)
            if apart > CENT:
                text = f"In {name}, “{_cut(line)}” comes to {shown(currency, line.amount)}."
                return ("invoice_line_sum", text), apart
    return NOTHING


def _off(line: Line) -> Decimal:
    """How far a line's amount is from its quantity times its price; a discount is an amount or a percentage."""
    if not line.unit_amount or line.quantity * line.unit_amount == line.amount:
        return ZERO
    full = line.quantity * line.unit_amount
    readings = [full - line.discount, full * (100 - line.discount) / 100]
    if line.discount_rate is not None:
        readings.append(full * (100 - line.discount_rate) / 100)
    return min(abs(cents(reading) - line.amount) for reading in readings)


def _differing(pairs: Sequence[Pair], name: str) -> list[tuple[Line, Line]]:
    return [
        (pair.left, pair.right)
        for pair in pairs
        if name in pair.differing and pair.left is not None and pair.right is not None
    ]


def _coded(
    pairs: Sequence[Pair], name: str, kind: str, say: Callable[[Line, Line], str] | None = None
) -> tuple[Found, Decimal]:
    """Lines that are booked in another way; what the target has on them is at stake."""
    found = _differing(pairs, name)
    if not found:
        return NOTHING

    def codes(left: Line, right: Line) -> str:
        return f"{getattr(left, name)} expected, {getattr(right, name)} in Xero"

    return (kind, _each(found, say or codes)), _sum([right for _, right in found])


def _each(found: Sequence[tuple[Line, Line]], say: Callable[[Line, Line], str]) -> str:
    """The first lines that differ, in the left's words."""
    texts = [f"“{_cut(left)}”: {say(left, right)}." for left, right in found[:3]]
    more = f" And {len(found) - 3} more." if len(found) > 3 else ""
    return " ".join(texts) + more


def _named(lines: Sequence[Line], currency: str) -> str:
    names = [f"“{_cut(line)}” over {shown(currency, line.amount)}" for line in lines[:3]]
    return ", ".join(names) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


def _cut(line: Line) -> str:
    text = line.description or "a line without text"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _sum(lines: Sequence[Line]) -> Decimal:
    return sum((abs(line.amount) for line in lines), ZERO)


_RULES: tuple[Rule, ...] = (
    invoice_line_missing,
    invoice_line_extra,
    invoice_line_order,
    invoice_account,
    invoice_tax_type,
    invoice_discount,
    invoice_description,
    invoice_tracking,
    invoice_precision,
)
