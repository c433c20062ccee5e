"""From facts to causes: which things keep something from working now, and how bad each is. Pure.

An outage is one cause per connection, whatever errors it shows and however many records wait. A missing choice is one
cause with all records behind it. What only waits for the mode, or follows by itself once something else is settled,
is no cause.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sync.incidents.subjects import subjects_of

CRITICAL_AMOUNT = Decimal(10_000)
"""Money from which refused records are more than a warning."""

TROUBLE, RECONNECT, UNREADABLE = "trouble", "reconnect", "unreadable"
RUN_FAILED, RUN_OVERDUE = "run_failed", "run_overdue"
QUOTA_LOW, ACCESS_ENDS, SCOPES_MISSING = "quota_low", "access_ends", "scopes_missing"
DECIDE_CONFLICT, DECIDE_REVIEW = "decide.conflict", "decide.review"
HELD = "held."
APPROVE = f"{HELD}approval"

INFO, WARNING, CRITICAL = "info", "warning", "critical"
RANK = {CRITICAL: 0, WARNING: 1, INFO: 2}

BY_MODE = frozenset({"watch", "fill_gaps"})
"""Held because writing is not switched on: no work for anybody."""
FOLLOWS = frozenset({"no_link", "no_invoice", "contact_not_written", "invoice_not_written", "native_pending"})
"""Held until something else is settled, which has a cause of its own."""
DECISIONS = frozenset({"conflict", "possible_duplicate", "review"})
"""Held for a choice that is made on the pages for it."""
QUIET = BY_MODE | FOLLOWS | (DECISIONS - {"conflict"})
"""Reasons of held records that are counted elsewhere or not at all."""
WITHOUT_CHANGE = frozenset(
    {
        "already_linked",
        "amount_differs",
        "not_allocated",
        "reversed_in_source",
        "target_archived",
        "target_gone",
        "unknown_state",
        "void_in_source",
    }
)
"""Reasons with nothing to send: they are known from the record itself and not from a planned write."""

ACCESS_LASTS = {"xero": timedelta(days=60), "ignition": timedelta(days=90)}
"""How long a provider keeps access that nobody uses."""
WARN_BEFORE = timedelta(days=10)
LOW_QUOTA = 10
"""Per cent of a day's calls."""

UNSENT = frozenset({"pending", "in_flight"})

Key = tuple[int | None, str, str, str]
"""Connection, kind, cause, subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """Records that share what they wait for, in one currency.

    ``tried``: sent before, and now waiting to be tried again. ``watched``: nothing of this kind is written at the
    moment. ``said`` is a message that may name several causes. ``next_at`` is when the first is tried again.
    """

    connection: int
    kind: str
    state: str
    reason: str = ""
    parked_as: str = ""
    said: str = ""
    tried: bool = False
    watched: bool = False
    currency: str = ""
    count: int = 1
    amount: Decimal | None = None
    tax: Decimal | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """One connection. ``renewed_at`` is set for access that runs out unused; ``missing`` names ungranted features."""

    pk: int
    provider: str
    state: str
    resumes_at: datetime | None = None
    renewed_at: datetime | None = None
    missing: tuple[str, ...] = ()
    day_left: int | None = None
    day_limit: int | None = None

    @property
    def is_usable(self) -> bool:
        return self.state == "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """An open run, or the last one that ended. ``failures`` counts failed reads; ``stage`` names what it was doing."""

    state: str
    stage: str = ""
    failures: int = 0
    message: str = ""
    resumes_at: datetime | None = None
    again_at: datetime | None = None

    @property
    def provider(self) -> str:
        """The system it was reading from or writing to."""
        return self.stage.partition(" ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that decides, read at one moment. ``overdue_since``: a run was due then and did not start."""

    base_currency: str
    connections: Sequence[ConnectionFacts] = ()
    piles: Sequence[Pile] = ()
    waiting_records: Sequence[Pile] = ()
    unreadable: Sequence[tuple[int, str, int]] = ()
    reviews: Sequence[tuple[int, str, int]] = ()
    open_runs: Sequence[RunFacts] = ()
    ended_runs: Sequence[RunFacts] = ()
    overdue_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One cause that is true now. ``amount`` and ``tax`` are in ``currency``; ``besides`` lists other currencies."""

    connection: int | None = None
    kind: str = ""
    cause: str
    subject: str = ""
    severity: str = WARNING
    heals: bool = False
    count: int = 0
    amount: Decimal | None = None
    tax: Decimal | None = None
    currency: str = ""
    besides: tuple[tuple[str, Decimal], ...] = ()
    next_try_at: datetime | None = None
    said: str = ""

    @property
    def key(self) -> Key:
        return (self.connection, self.kind, self.cause, self.subject)


@dataclass(frozen=True, slots=True)
class Decided:
    """``unsure`` are causes of which it can't be told at this very moment: they stay as they are."""

    findings: tuple[Finding, ...]
    unsure: frozenset[Key]


@dataclass
class _Sum:
    """Counts and money per currency, as piles are added."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    taxes: dict[str, Decimal] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    said: str = ""
    all_watched: bool = True

    def add(self, pile: Pile) -> None:
        self.count += pile.count
        self.all_watched &= pile.watched
        if pile.amount is not None:
            self.amounts[pile.currency] = self.amounts.get(pile.currency, Decimal(0)) + pile.amount
        if pile.tax is not None:
            self.taxes[pile.currency] = self.taxes.get(pile.currency, Decimal(0)) + pile.tax
        if pile.next_at is not None:
            self.times.append(pile.next_at)

    def money(self, home: str) -> tuple[Decimal | None, Decimal | None, str, tuple[tuple[str, Decimal], ...]]:
        """Amount, tax and currency of the main currency, and the other amounts: unlike money is never added up."""
        if not self.amounts:
            return None, None, "", ()
        main = (
            home if home in self.amounts else max(self.amounts, key=lambda name: (self.amounts[name], name))
        )
        rest = tuple(sorted((name, amount) for name, amount in self.amounts.items() if name != main))
        return self.amounts[main], self.taxes.get(main), main, rest


def parked_cause(parked_as: str, reason: str) -> str:
    """The code of a cause that stopped records for a person."""
    return f"{parked_as}.{reason}"[:60]


def decide(facts: Facts, now: datetime) -> Decided:
    """Every cause that is true at ``now``; each key once."""
    usable = {item.pk for item in facts.connections if item.is_usable}
    trouble, unsure = _trouble(facts, usable, now)
    findings = [
        *_parked(facts),
        *_held(facts),
        *trouble,
        *_connections(facts, now),
        *_counted(facts.unreadable, UNREADABLE, WARNING),
        *_counted(facts.reviews, DECIDE_REVIEW, INFO),
        *_runs(facts, now),
    ]
    return Decided(tuple(findings), frozenset(unsure))


def _parked(facts: Facts) -> Iterator[Finding]:
    sums: dict[Key, _Sum] = defaultdict(_Sum)
    for pile in facts.piles:
        if pile.state == "parked":
            sums[pile.connection, pile.kind, parked_cause(pile.parked_as, pile.reason), ""].add(pile)
    for key, found in sums.items():
        unclear = key[2].startswith("unclear.")
        yield _finding(key, found, facts, CRITICAL if unclear or _is_much(found) else WARNING)


def _held(facts: Facts) -> Iterator[Finding]:
    sums: dict[Key, _Sum] = defaultdict(_Sum)
    held = (pile for pile in facts.piles if pile.state == "held" and pile.reason not in WITHOUT_CHANGE)
    for pile in (*held, *facts.waiting_records):
        if pile.reason in QUIET:
            continue
        if pile.reason == "conflict":
            sums[pile.connection, pile.kind, DECIDE_CONFLICT, ""].add(pile)
            continue
        for code, subject in subjects_of(pile.reason, pile.said):
            sums[pile.connection, pile.kind, HELD + code, subject].add(pile)
    for key, found in sums.items():
        # While nothing of a kind is written, a gap in its mapping holds up nothing yet.
        # Who may approve is told of it by itself.
        calm = key[2] in {DECIDE_CONFLICT, APPROVE} or found.all_watched
        yield _finding(key, found, facts, INFO if calm else WARNING)


def _trouble(facts: Facts, usable: set[int], now: datetime) -> tuple[list[Finding], set[Key]]:
    """One cause per connection for everything that is tried again by itself."""
    findings: list[Finding] = []
    unsure: set[Key] = set()
    for item in facts.connections:
        key: Key = (item.pk, "", TROUBLE, "")
        if item.pk not in usable:
            continue
        paused = item.resumes_at is not None and item.resumes_at > now
        found, signs = _Sum(), paused
        for pile in facts.piles:
            if pile.connection == item.pk and (pile.tried or (paused and pile.state in UNSENT)):
                found.add(pile)
                signs = True
        found.times += [item.resumes_at] if item.resumes_at else []
        for run in _stopped_runs(facts, item.provider):
            found.said = found.said or run.message
            found.times += [moment for moment in (run.resumes_at, run.again_at) if moment]
            signs = True
        if signs:
            findings.append(_finding(key, found, facts, WARNING, heals=True, now=now))
        elif any(_is_reading_again(run, item.provider) for run in facts.open_runs):
            unsure.add(key)
    return findings, unsure


def _stopped_runs(facts: Facts, provider: str) -> list[RunFacts]:
    """Runs that wait for this system after a failed read, or gave up reading it."""
    waiting = [run for run in facts.open_runs if run.state == "waiting" and run.failures and run.message]
    gave_up = [run for run in facts.ended_runs if _is_outage(run)]
    return [run for run in (*waiting, *gave_up) if run.provider == provider]


def _is_reading_again(run: RunFacts, provider: str) -> bool:
    """A read failed before and is being tried now: whether the trouble is over is not known yet."""
    return bool(run.failures) and run.stage == f"read {provider}"


def _is_outage(run: RunFacts) -> bool:
    return run.state == "failed" and run.failures > 0 and run.stage.startswith("read ")


def _connections(facts: Facts, now: datetime) -> Iterator[Finding]:
    for item in facts.connections:
        if item.state == "needs_reconnect":
            found = _Sum()
            for pile in facts.piles:
                if pile.connection == item.pk and pile.state in UNSENT:
                    found.add(pile)
            found.times.clear()
            yield _finding((item.pk, "", RECONNECT, ""), found, facts, CRITICAL)
        if not item.is_usable:
            continue
        if item.day_left is not None and item.day_limit and item.day_left * 100 < item.day_limit * LOW_QUOTA:
            yield Finding(
                connection=item.pk,
                cause=QUOTA_LOW,
                heals=True,
                said=f"{max(item.day_left, 0):,} of {item.day_limit:,} calls are left for today.",
            )
        if item.missing:
            yield Finding(connection=item.pk, cause=SCOPES_MISSING, said=", ".join(item.missing))
        ends = _access_ends(item)
        if ends is not None and now > ends - WARN_BEFORE:
            yield Finding(connection=item.pk, cause=ACCESS_ENDS, said=f"{ends.date().isoformat()}")


def _access_ends(item: ConnectionFacts) -> datetime | None:
    lasts = ACCESS_LASTS.get(item.provider)
    return item.renewed_at + lasts if item.renewed_at is not None and lasts is not None else None


def _counted(rows: Sequence[tuple[int, str, int]], cause: str, severity: str) -> Iterator[Finding]:
    for connection, kind, count in rows:
        yield Finding(connection=connection, kind=kind, cause=cause, severity=severity, count=count)


def _runs(facts: Facts, now: datetime) -> Iterator[Finding]:
    broken = any(item.state == "needs_reconnect" for item in facts.connections)
    failed = next((run for run in facts.ended_runs if run.state == "failed" and not _is_outage(run)), None)
    if failed is not None and not broken:
        yield Finding(
            cause=RUN_FAILED,
            heals=failed.again_at is not None,
            next_try_at=failed.again_at if failed.again_at and failed.again_at > now else None,
            said=failed.message,
        )
    if facts.overdue_since is not None:
        yield Finding(cause=RUN_OVERDUE, severity=CRITICAL, said=facts.overdue_since.isoformat())


def _is_much(found: _Sum) -> bool:
    return any(amount >= CRITICAL_AMOUNT for amount in found.amounts.values())


def _finding(
    key: Key, found: _Sum, facts: Facts, severity: str, *, heals: bool = False, now: datetime | None = None
) -> Finding:
    amount, tax, currency, besides = found.money(facts.base_currency)
    ahead = [moment for moment in found.times if now is None or moment > now]
    return Finding(
        connection=key[0],
        kind=key[1],
        cause=key[2],
        subject=key[3],
        severity=severity,
        heals=heals,
        count=found.count,
        amount=amount,
        tax=tax if key[1] == "invoice" else None,
        currency=currency,
        besides=besides,
        next_try_at=min(ahead, default=None) if heals else None,
        said=found.said,
    )
