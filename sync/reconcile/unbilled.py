"""Accepted engagements whose billing day has passed without an invoice anywhere. Pure.

Nobody tells on which days a proposal bills. But one that bills automatically every so often has an invoice in any
stretch of that length, and one that bills on acceptance has one soon after it. Ignition does not list drafts and voided
invoices, so that a single invoice that is missing among others may be one of those: then two have to be missing. Where
something else may explain the gap, nothing is said.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from connectors.records import Invoice, Proposal, ProposalLine
from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import Unit
from sync.reconcile.rounding import shown

GRACE = timedelta(days=10)
YEARLY_GRACE = timedelta(days=45)
"""Billing days move: a weekend, a confirmation that came late, a first day some time after the start."""
LONG = timedelta(days=300)
"""A rhythm longer than this counts as yearly."""
GONE = frozenset({"archived", "deleted", "lost"})
_UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}
_NAMED = {
    **{"daily": 1, "weekly": 7, "fortnightly": 14, "monthly": 31, "quarterly": 92, "half_yearly": 184},
    **{"yearly": 366, "annually": 366},
}
_EVERY = re.compile(r"every (?:(\d{1,3}) )?(day|week|month|year)s?")
_AT_ONCE = re.compile(r"\bon acceptance\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Due:
    """What a proposal owes: an invoice in every ``period`` from ``start`` on, or a single one (no period).

    ``waits``: some of it is confirmed by staff, so that an invoice may be a draft for a while.
    """

    start: date
    period: timedelta | None
    lines: tuple[ProposalLine, ...]
    waits: bool = False

    @property
    def value(self) -> Decimal:
        return sum((line.period_value or ZERO for line in self.lines), ZERO)


def period_of(words: str) -> timedelta | None:
    """How long a rhythm is at most, by Ignition's words for it; ``None`` for words that are not known here."""
    plain = words.strip().lower()
    found = _EVERY.fullmatch(plain)
    if found is not None:
        return timedelta(days=int(found[1] or 1) * _UNITS[found[2]])
    days = _NAMED.get(plain.replace(" ", "_").replace("-", "_"))
    return timedelta(days=days) if days else None


def invoice_not_raised(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Running proposals with a stretch of time in which they should have billed and did not."""
    first = min((item.date for item in books.invoices.values() if item.date is not None), default=None)
    today = books.day(books.now)
    if "proposal" not in books.read or first is None or today is None:
        return
    told = max(first, books.chosen.documents_from or first)
    by_client = _by_client(books.proposals.values())
    billed = _Billed(books, units)
    for proposal in books.proposals.values():
        if not _is_running(books, proposal, today):
            continue
        if any(_recurs(line) and period_of(line.repeats) is None for line in proposal.lines):
            yield _difference(
                books, proposal, "invoice_rhythm_unknown", "It bills in a rhythm not known here."
            )
        due = _due(books, proposal)
        until = _until(proposal, by_client[proposal.contact_external_id], today)
        gap = _gap(due, billed.days(proposal), told, until) if due is not None else None
        if due is not None and gap is not None:
            yield _not_raised(books, proposal, due, *gap)


def _by_client(proposals: Iterable[Proposal]) -> Mapping[str, list[Proposal]]:
    out: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        out[proposal.contact_external_id].append(proposal)
    return out


def _is_running(books: Books, proposal: Proposal, today: date) -> bool:
    client = books.clients.get(proposal.contact_external_id)
    if proposal.status != "accepted" or proposal.accepted_at is None or client is None:
        return False
    return client.status not in GONE and (proposal.ends_on is None or proposal.ends_on >= today)


def _bills(line: ProposalLine) -> bool:
    """Whether a line is billed by itself: chosen, priced, and confirmed by nobody."""
    return line.selected and line.strategy == "automatic" and (line.period_value or ZERO) > ZERO


def _recurs(line: ProposalLine) -> bool:
    return line.is_recurring and _bills(line)


def _due(books: Books, proposal: Proposal) -> Due | None:
    """By its shortest rhythm: an invoice of any of its lines shows that the proposal bills."""
    accepted = books.day(proposal.accepted_at)
    start = max(filter(None, (proposal.starts_on, accepted)), default=None)
    if start is None or accepted is None:
        return None
    periods = {
        line: period for line in proposal.lines if _recurs(line) and (period := period_of(line.repeats))
    }
    waits = any(line.selected and line.strategy != "automatic" for line in proposal.lines)
    if periods:
        shortest = min(periods.values())
        lines = tuple(line for line, period in periods.items() if period == shortest)
        return Due(start, shortest, lines, waits)
    if any(_recurs(line) for line in proposal.lines):
        return None
    once = tuple(
        line
        for line in proposal.lines
        if not line.is_recurring and _bills(line) and _AT_ONCE.search(line.repeats)
    )
    return Due(accepted, None, once) if once and not waits else None


def _until(proposal: Proposal, theirs: Iterable[Proposal], today: date) -> date:
    """The last day on which it has to bill. Ignition leaves engagements accepted that a later one replaced."""
    mine = proposal.starts_on or date.min
    later = (
        other.starts_on
        for other in theirs
        if other.external_id != proposal.external_id
        and other.accepted_at is not None
        and other.starts_on is not None
        and other.starts_on > mine
        and any(line.selected and line.is_recurring for line in other.lines)
    )
    return min((today, *later))


def _gap(due: Due, days: list[date], told: date, until: date) -> tuple[date, date] | None:
    """The latest stretch without an invoice that is too long, as its first and last day."""
    since = [day for day in days if day >= due.start - GRACE]
    if due.period is None:
        missed = due.start >= told and until - due.start > GRACE and not since
        return (due.start, until) if missed else None
    grace = YEARLY_GRACE if due.period >= LONG else GRACE
    within = due.period * (2 if since or due.waits else 1) + grace
    begin = max(due.start, told)
    marks = [begin, *sorted(day for day in days if begin < day < until), until]
    gaps = ((before, after) for before, after in pairwise(marks) if after - before > within)
    return max(gaps, default=None)


class _Billed:
    """On which days a proposal was billed, in any state and in either system."""

    def __init__(self, books: Books, units: Iterable[Unit]) -> None:
        self._by_proposal: dict[str, list[date]] = defaultdict(list)
        self._by_reference: dict[str, list[date]] = defaultdict(list)
        self._unknown: dict[str, list[date]] = defaultdict(list)
        for invoice in (*books.invoices.values(), *books.gone.values()):
            self._add(invoice)
        for document in books.documents.values():
            if document.date is not None and document.reference:
                self._by_reference[document.reference.casefold()].append(document.date)
        clients = defaultdict(list)
        for client_id, contact_id in books.contact_links.items():
            clients[contact_id].append(client_id)
        for unit in units:
            if unit.source is None and unit.target is not None and unit.target.date is not None:
                for client_id in clients.get(unit.target.contact_external_id, ()):
                    self._unknown[client_id].append(unit.target.date)

    def _add(self, invoice: Invoice) -> None:
        if invoice.date is None:
            return
        origins = {line.origin_external_id for line in invoice.lines if line.origin_type == "proposal"}
        for origin in origins:
            self._by_proposal[origin].append(invoice.date)
        if invoice.reference:
            self._by_reference[invoice.reference.casefold()].append(invoice.date)
        if not origins:
            self._unknown[invoice.contact_external_id].append(invoice.date)

    def days(self, proposal: Proposal) -> list[date]:
        """With those of the client's invoices that don't say which proposal they are for."""
        return [
            *self._by_proposal.get(proposal.external_id, ()),
            *self._by_reference.get(proposal.number.casefold(), ()),
            *self._unknown.get(proposal.contact_external_id, ()),
        ]


def _not_raised(books: Books, proposal: Proposal, due: Due, first: date, last: date) -> Difference:
    money = shown(proposal.currency or books.currency, due.value)
    name = due.lines[0].name or "A service"
    more = f" and {len(due.lines) - 1} more" if len(due.lines) > 1 else ""
    rhythm = "once, on acceptance" if due.period is None else due.lines[0].repeats
    text = (
        f"“{name}”{more} bills {money} by itself ({rhythm}); there is no invoice of {proposal.number or proposal.name} "
        f"between {first:%d %b %Y} and {last:%d %b %Y}."
    )
    return _difference(books, proposal, "invoice_not_raised", text, at_stake=due.value, dated_on=last)


def _difference(
    books: Books,
    proposal: Proposal,
    kind: str,
    text: str,
    *,
    at_stake: Decimal = ZERO,
    dated_on: date | None = None,
) -> Difference:
    return Difference(
        kind=kind,
        key=proposal.external_id,
        text=text,
        source_ids=(proposal.external_id,),
        client=books.client_name(proposal.contact_external_id),
        client_external_id=proposal.contact_external_id,
        currency=proposal.currency or books.currency,
        at_stake=at_stake,
        document=proposal.number,
        dated_on=dated_on,
    )
