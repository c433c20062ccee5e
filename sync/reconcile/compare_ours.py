"""What is wrong with the connections, the settings and our own bookkeeping. Pure; moves no total."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from sync.reconcile.books import ZERO, Books, Difference
from sync.reconcile.documents import Unit
from sync.reconcile.kinds import KINDS
from sync.reconcile.ours import Listed, System, Unread

AHEAD = timedelta(minutes=2)
"""Clocks that are this far apart give records a wrong order."""
MOST_SHIFTED = 3
"""Fewer dates than this that are one day off are chance."""
REPORTED = 5
"""Fewer changed records than this without a report are chance."""


def compare_ours(books: Books, units: list[Unit]) -> Iterator[Difference]:
    ours = books.ours
    for system in ours.systems:
        for code, text in _system(books, system):
            yield _plain(f"connection_{code}", system.key, f"{system.name}: {text}")
    yield from connection_days(books, units)
    for setting in ours.settings:
        kind = "connection_tax_gone" if setting.is_tax else "connection_account_gone"
        waits = f" {setting.waiting} invoices wait for it." if setting.waiting else ""
        yield _plain(kind, setting.key, f"{setting.text}{waits}")
    for listed in ours.lists:
        yield from _list(books, listed)
    for write in ours.writes:
        yield Difference(
            kind=f"sync_{write.matter}",
            key=write.key,
            text=f"{write.title}. {write.text}".strip(),
            source_ids=(write.source_id,) if write.source_id else (),
            target_ids=(write.target_id,) if write.target_id else (),
            client=books.client_name(write.client_external_id),
            currency=write.currency,
            at_stake=abs(write.amount or ZERO),
            dated_on=write.dated_on,
        )
    for waiting in ours.waiting:
        if books.now - waiting.asked_at >= KINDS["sync_approval_old"].grace:
            yield Difference(
                kind="sync_approval_old",
                key=waiting.key,
                text=f"{waiting.title}, asked for on {books.day(waiting.asked_at):%d %b %Y}.",
                source_ids=(waiting.source_id,) if waiting.source_id else (),
                currency=waiting.currency,
                at_stake=abs(waiting.amount or ZERO),
            )
    yield from sync_unreadable(ours.unread, units)
    for name, number in ours.repeats.items():
        yield _plain("sync_event_again", name, f"{name} repeated {number} of its reports.")


def sync_unreadable(unread: Iterable[Unread], units: list[Unit]) -> Iterator[Difference]:
    """Records that were set aside, but for invoices that are told with their documents."""
    told = {unit.source_id for unit in units if unit.right and unit.is_linked and unit.source is None}
    for record in unread:
        if record.is_source and record.external_id in told:
            continue
        yield Difference(
            kind="sync_unreadable",
            key=record.key,
            text=f"{record.system}, {record.kind}: {record.problem}",
            source_ids=(record.external_id,) if record.is_source else (),
            target_ids=() if record.is_source else (record.external_id,),
        )


def _system(books: Books, system: System) -> Iterator[tuple[str, str]]:
    if system.lost:
        yield "lost", system.lost
    renewed = system.renewed_at
    if renewed is not None and books.now - renewed > KINDS["connection_unused_key"].grace:
        yield "unused_key", f"its key was last renewed on {books.day(renewed):%d %b %Y}."
    if len(system.organisations) > 1:
        yield "other_organisation", f"records are from {', '.join(system.organisations)}."
    if system.missing:
        yield "scope", f"it was not allowed to {', '.join(system.missing)}."
    if system.owner_left:
        yield "owner_left", f"it was connected by {system.owner_left}, who is no member any more."
    silent = system.reported_at is None or (books.now - system.reported_at > KINDS["connection_silent"].grace)
    if system.is_told and silent and system.changed >= REPORTED:
        yield "silent", f"{system.changed} records changed, and no report came."
    if system.ahead_seconds > AHEAD.total_seconds():
        yield "clock", f"its clock is {system.ahead_seconds // 60} minutes ahead of ours."


def connection_days(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Dates that are one day off in the same direction on most documents whose dates differ at all."""
    off: Counter[int] = Counter()
    for unit in units:
        here = unit.expected.date or (unit.source.date if unit.source else None)
        there = unit.target.date if unit.target is not None else None
        if unit.left and unit.right and here is not None and there is not None and here != there:
            off[(there - here).days] += 1
    for days in (1, -1):
        if off[days] >= MOST_SHIFTED and off[days] * 2 > off.total():
            side = "later" if days > 0 else "earlier"
            text = f"{off[days]} documents are dated one day {side} in Xero than in Ignition."
            yield _plain("connection_clock", "days", text)


def _list(books: Books, listed: Listed) -> Iterator[Difference]:
    if listed.read_at is None:
        if books.now - listed.since > KINDS["sync_list_unread"].grace:
            yield _plain("sync_list_unread", listed.key, f"{listed.name} was never read to its end.")
    elif books.now - listed.read_at > KINDS["sync_list_old"].grace:
        when = f"{listed.read_at.astimezone(books.zone):%d %b %Y %H:%M}"
        yield _plain("sync_list_old", listed.key, f"{listed.name} was last read on {when}.")


def outgrown(books: Books, found: Iterable[Difference]) -> Iterator[Difference]:
    """Accepted differences that are more than was agreed: they are open again, and this says why."""
    if not books.ours.accepted:
        return
    agreed = {item.fingerprint: item for item in books.ours.accepted}
    today = books.now.astimezone(books.zone).date()
    for item in found:
        known = agreed.get(fingerprint(books.pair, item))
        if known is None:
            continue
        too_much = known.ceiling is not None and item.at_stake > known.ceiling
        if too_much or (known.until is not None and today > known.until):
            yield Difference(
                kind="sync_outgrown",
                key=f"{item.kind}/{item.key}"[:400],
                text=f"{KINDS[item.kind].title}: {item.text}",
                source_ids=item.source_ids,
                target_ids=item.target_ids,
                client=item.client,
                currency=item.currency,
                at_stake=item.at_stake,
            )


def fingerprint(pair: str, item: Difference) -> str:
    """Which difference it is, run after run: its kind and the records it is about, not what they say."""
    return hashlib.sha256(f"{pair}\n{item.kind}\n{item.key}".encode()).hexdigest()


def _plain(kind: str, key: str, text: str) -> Difference:
    return Difference(kind=kind, key=key, text=text)
