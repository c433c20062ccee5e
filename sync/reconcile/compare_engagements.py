"""Invoices beside what was engaged, approved and written, and beside each other. Pure; moves no total.

Indexes are made once for all invoices, so that the whole costs no more than one walk over them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.amounts import cents
from connectors.records import Entry, Invoice, Line, Proposal, ProposalLine
from mappings.normalise import tidy
from sync.linking import survivor
from sync.plan import INVOICE_FIELDS, invoice_values
from sync.reconcile.aligning import align
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import Unit, is_young
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import shown
from sync.reconcile.telling import Found, about_unit
from sync.reconcile.unbilled import invoice_not_raised

AGREED = frozenset({"accepted", "completed"})
"""States of a proposal that bills."""
BILLED_LATELY = timedelta(days=120)
"""A client with an invoice from a running proposal within this time is billed by Ignition."""
ENOUGH = 3
"""With fewer invoices than this nobody can say how a client is billed."""
DOCUMENT_FIELDS = {
    "contact_external_id": "contact",
    "number": "number",
    "reference": "reference",
    "date": "date",
    "due_date": "due date",
    "currency": "currency",
    "line_amounts": "amounts with or without tax",
    "subtotal": "amount before tax",
    "tax": "tax",
    "total": "total",
    "url": "link",
    "branding_theme_external_id": "branding theme",
}
"""What of a document is compared with what it was, in words."""
LINE_WORDS = {
    "description": "description",
    "quantity": "quantity",
    "unit_amount": "price",
    "discount": "discount",
    "amount": "amount of a line",
    "account_code": "account",
    "tax_type": "tax type",
    "item_code": "item",
    "tracking": "tracking",
}
"""What of a line is compared with what it was, in words."""
_OF_LINES = ("quantity", "price", "discount", "amount of a line")
_MONEY = ("amount before tax", "tax", "total", "lines", *_OF_LINES)
EXPLAINED: dict[str, tuple[str, ...]] = {
    "invoice_contact": ("contact",),
    "invoice_number": ("number",),
    "invoice_reference": ("reference",),
    "invoice_date": ("date", "due date"),
    "invoice_month": ("date", "due date"),
    "invoice_due_date": ("due date",),
    "invoice_currency": ("currency",),
    "invoice_branding": ("branding theme",),
    "invoice_tax_basis": ("amounts with or without tax", *_MONEY),
    "invoice_account": ("account",),
    "invoice_tax_type": ("tax type", "amount before tax", "tax"),
    "invoice_description": ("description",),
    "invoice_tracking": ("tracking",),
    "invoice_line_missing": ("lines", *_OF_LINES),
    "invoice_line_extra": ("lines", *_OF_LINES),
    **{
        f"invoice_{code}": _MONEY
        for code in ("total", "rounding", "tax", "surcharge", "precision", "discount", "line_sum")
    },
}
"""What kinds tell of a document by themselves, in the words of ``DOCUMENT_FIELDS``."""
LINE_FIELDS = ("quantity", "unit_amount", "account_code", "tax_type", "description")

Rule = Callable[[Books, Unit], Found]


def compare_engagements(
    books: Books, units: list[Unit], told: Mapping[str, Set[str]]
) -> Iterator[Difference]:
    """``told`` are the kinds that were found already, by the key of their unit."""
    if "invoice" not in books.read:
        return
    for unit in units:
        kinds = set(told.get(unit.key, ()))
        for rule in _RULES:
            found = rule(books, unit)
            if found is not None:
                kinds.add(found[0])
                yield about_unit(books, unit, *found)
        found = invoice_edited(books, unit, kinds) if unit.source_id in books.agreed else None
        if found is not None:
            yield about_unit(books, unit, *found)
    yield from invoice_number_twice(books, units)
    yield from invoice_two_a_day(books, units)
    yield from invoice_reference_level(books, units)
    yield from invoice_engaged_value(books, units)
    yield from invoice_repeating(books, units)
    yield from invoice_not_raised(books, units)


def invoice_edited(books: Books, unit: Unit, told: Set[str]) -> Found:
    """What this app wrote or recognised, changed there since in something that nothing else looks at.

    The answer to a write may leave out what was stored, so that of what this app wrote only what was told at both
    times is compared.
    """
    was, target = books.agreed[unit.source_id], unit.target
    if target is None or not unit.left or not unit.right or target.status in {"DRAFT", "SUBMITTED"}:
        return None
    thin = unit.source_id in books.written
    if survivor(books.contacts, was.contact_external_id) == target.contact_external_id:
        # Xero moves the documents of a contact that is merged by itself.
        was = replace(was, contact_external_id=target.contact_external_id)
    pairs = ((label, getattr(was, name), getattr(target, name)) for name, label in DOCUMENT_FIELDS.items())
    changed = [label for label, before, now in pairs if before != now and ((before and now) or not thin)]
    changed += _changed_lines(was.lines, target.lines)
    explained = {label for kind in told for label in EXPLAINED.get(kind, ())}
    rest = [label for label in changed if label not in explained]
    if not rest or "invoice_edited_after_approval" in told:
        return None
    return "invoice_edited", f"Changed in Xero since: {', '.join(rest)}."


def _changed_lines(before: Sequence[Line], now: Sequence[Line]) -> list[str]:
    """In words what moved in the lines; a document told without its lines says nothing."""
    pairs = align(before, now) if before and now else []
    moved = {name for pair in pairs for name in pair.differing}
    words = [word for name, word in LINE_WORDS.items() if name in moved]
    alone = any(pair.left is None or pair.right is None for pair in pairs)
    return [*words, "lines"] if alone else words


def invoice_edited_after_approval(books: Books, unit: Unit) -> Found:
    approved = books.approved.get(unit.source_id)
    if not approved or unit.target is None or not unit.right:
        return None
    changed = _changed(approved, unit.target)
    if not changed:
        return None
    return "invoice_edited_after_approval", f"Not as approved: {', '.join(changed)}."


def _changed(base: dict[str, Any], target: Invoice) -> list[str]:
    """In words which of a document's fields are not what they were."""
    there = invoice_values(target)
    out = [
        name.replace("_", " ")
        for name in ("number", *INVOICE_FIELDS)
        if base.get(name) and there.get(name) and str(base[name]) != str(there[name])
    ]
    before = base.get("lines") or []
    if before and target.lines and not _same_lines(before, there["lines"]):
        out.append("lines")
    return out


def _same_lines(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> bool:
    if len(before) != len(after):
        return False
    return all(
        _plain(name, old.get(name)) == _plain(name, new.get(name))
        for old, new in zip(before, after, strict=True)
        for name in LINE_FIELDS
        if old.get(name) and new.get(name)
    )


def _plain(name: str, value: Any) -> Any:
    return Decimal(str(value)) if name in {"quantity", "unit_amount"} else tidy(str(value))


def invoice_past_approval(books: Books, unit: Unit) -> Found:
    since = books.chosen.approvals_from
    if since is None or unit.source is None or unit.target is None or not unit.left or not unit.right:
        return None
    dated = unit.target.date or unit.source.date
    native = unit.source.native is not None and unit.source.native.state != "failed"
    if dated is None or dated < since or native or not unit.is_linked or unit.source_id in books.written:
        return None
    return "invoice_past_approval", "This app did not write it."


def invoice_number(books: Books, unit: Unit) -> Found:
    """Only of what this app wrote, or where Ignition says which number its own link got."""
    source, target = unit.source, unit.target
    if source is None or target is None or not unit.left or not unit.right or not target.number:
        return None
    here = source.native.number if source.native is not None and source.native.state != "failed" else ""
    if unit.source_id in books.written:
        here = unit.expected.number
    if not here or here.casefold() == target.number.casefold():
        return None
    return "invoice_number", f"It should have the number {here}; in Xero it is {target.number}."


def invoice_after_end(books: Books, unit: Unit) -> Found:
    if unit.source is None or not unit.left or unit.source.date is None or "proposal" not in books.read:
        return None
    proposals = _proposals(books, unit.source)
    ends = [item.ends_on for item in proposals if item.ends_on is not None]
    if not ends or len(ends) < len(proposals) or unit.source.date <= max(ends):
        return None
    return (
        "invoice_after_end",
        f"Dated {unit.source.date:%d %b %Y}; the engagement ended on {max(ends):%d %b %Y}.",
    )


def invoice_locked(books: Books, unit: Unit) -> Found:
    """Issued in a period that was locked before it could be written or approved."""
    lock, source = books.lock_date, unit.source
    dated = unit.expected.date or (source.date if source else None)
    if lock is None or source is None or dated is None or dated > lock or not unit.left:
        return None
    waits = unit.target is not None and unit.target.status.upper() in {"DRAFT", "SUBMITTED"}
    if unit.target_id and not waits:
        return None
    if unit.expected.left_out or is_young(books, source, KINDS["invoice_locked"].grace):
        return None
    what = "still a draft in Xero" if waits else "not in Xero"
    return "invoice_locked", f"Dated {dated:%d %b %Y} and {what}; Xero is locked up to {lock:%d %b %Y}."


def invoice_number_twice(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Invoices of the source that have one number among them."""
    by_number: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.left and unit.source is not None and unit.source.number:
            by_number[unit.source.number.casefold()].append(unit)
    for found in by_number.values():
        for unit in found[1:]:
            number = unit.source.number if unit.source else ""
            text = f"{len(found)} invoices in Ignition have the number {number}."
            yield about_unit(books, unit, "invoice_number", text, key=f"twice:{unit.key}")


def invoice_two_a_day(books: Books, units: list[Unit]) -> Iterator[Difference]:
    days: dict[tuple[str, date], list[Unit]] = defaultdict(list)
    for unit in units:
        source = unit.source
        if unit.left and source is not None and source.date is not None and source.contact_external_id:
            days[source.contact_external_id, source.date].append(unit)
    for found in days.values():
        seen: set[tuple[str, str]] = set()
        for unit in found if len(found) > 1 else ():
            if unit.source is None:
                continue
            how = unit.source.reference, unit.source.payment_method
            alike = how in seen
            seen.add(how)
            if unit is found[0]:
                continue
            kind = "invoice_two_a_day" if alike else "invoice_split"
            text = f"{len(found)} invoices on {unit.source.date:%d %b %Y}."
            yield about_unit(books, unit, kind, text)


def invoice_reference_level(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """An invoice with the client's own reference where all others of the client carry their proposal's."""
    by_client: dict[str, list[tuple[str, Unit]]] = defaultdict(list)
    for unit in units:
        if unit.left and unit.source is not None:
            by_client[unit.source.contact_external_id].append((unit.source.reference[:4].upper(), unit))
    for found in by_client.values():
        own = [unit for level, unit in found if level == "CLI-"]
        if len(own) == 1 and sum(level == "PROP" for level, _ in found) >= ENOUGH:
            text = f"It carries {own[0].source.reference if own[0].source else ''}."
            yield about_unit(books, own[0], "invoice_reference_level", text)


def invoice_engaged_value(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Recurring lines that are billed at another amount than the accepted proposal agreed."""
    if "proposal" not in books.read:
        return
    agreed: dict[tuple[str, str], ProposalLine] = {}
    for proposal in books.proposals.values():
        for agreed_line in proposal.lines if proposal.status in AGREED else ():
            if agreed_line.selected and agreed_line.is_recurring and agreed_line.period_value:
                key = proposal.external_id, _name(agreed_line.name)
                # Two lines of one name: which of them is billed can't be told.
                agreed[key] = agreed_line if key not in agreed else ProposalLine(external_id="", name="")
    for unit in units:
        source = unit.source
        if source is None or not unit.left:
            continue
        off = [item for line in source.lines if (item := _off(agreed, line)) is not None]
        if off:
            line, value = off[0]
            currency = source.currency or books.currency
            text = f"“{line.description}”: {shown(currency, line.amount)} billed, {shown(currency, value)} engaged."
            stake = sum((abs(line.amount - value) for line, value in off), ZERO)
            yield about_unit(books, unit, "invoice_engaged_value", text, at_stake=stake)


def _off(agreed: dict[tuple[str, str], ProposalLine], line: Line) -> tuple[Line, Decimal] | None:
    """A line and what was engaged, where they differ. Nobody says whether that is before a discount or after it."""
    found = agreed.get((line.origin_external_id, _name(line.description)))
    if line.origin_type != "proposal" or found is None or found.period_value is None:
        return None
    full = cents(line.quantity * line.unit_amount) if line.discount else line.amount
    if found.period_value in {line.amount, full}:
        return None
    return line, found.period_value


def _name(text: str) -> str:
    return tidy(text).casefold()


def invoice_repeating(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Templates in the target that bill a client whose recurring services the source bills."""
    if not {"proposal", "repeating"} <= books.read or not books.repeating:
        return
    today = books.day(books.now) or date.max
    billed = {
        unit.source.contact_external_id
        for unit in units
        if unit.left and unit.source is not None and unit.source.date is not None
        if unit.source.date >= today - BILLED_LATELY
    }
    running = {
        proposal.contact_external_id
        for proposal in books.proposals.values()
        if _runs(proposal, today) and any(line.selected and line.is_recurring for line in proposal.lines)
    }
    clients: dict[str, list[str]] = defaultdict(list)
    for client_id, contact_id in books.contact_links.items():
        clients[contact_id].append(client_id)
    bills = billed | running
    for template in books.repeating.values():
        if _is_over(template, today):
            continue
        for client_id in clients.get(template.contact_external_id, ()):
            if client_id in bills:
                yield _repeating(books, template, client_id)


def _repeating(books: Books, template: Entry, client_id: str) -> Difference:
    currency = template.currency or books.currency
    over = f" over {shown(currency, template.amount)}" if template.amount is not None else ""
    text = f"Xero makes an invoice{over} {template.repeats or 'again and again'}."
    return Difference(
        kind="invoice_repeating",
        key=f"{client_id}/{template.external_id}",
        text=text,
        source_ids=(client_id,),
        target_ids=(template.external_id,),
        client=books.client_name(client_id),
        client_external_id=client_id,
        currency=currency,
        at_stake=abs(template.amount or ZERO),
        document=template.reference,
        dated_on=template.date,
    )


def _is_over(template: Entry, today: date) -> bool:
    is_dead = template.status.upper() == "DELETED" or template.type not in {"", "ACCREC"}
    return is_dead or (template.until is not None and template.until < today)


def _runs(proposal: Proposal, today: date) -> bool:
    if proposal.status not in AGREED and proposal.accepted_at is None:
        return False
    if proposal.status in {"lost", "draft", "archived"}:
        return False
    return proposal.ends_on is None or proposal.ends_on >= today


def _proposals(books: Books, invoice: Invoice) -> list[Proposal]:
    ids = dict.fromkeys(line.origin_external_id for line in invoice.lines if line.origin_type == "proposal")
    return [books.proposals[key] for key in ids if key in books.proposals]


_RULES: tuple[Rule, ...] = (
    invoice_edited_after_approval,
    invoice_past_approval,
    invoice_number,
    invoice_after_end,
    invoice_locked,
)
