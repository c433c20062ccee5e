"""When a problem is worth a message, for which channel, and from when it may be sent. No database, no clock."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

RANK = {"info": 0, "warning": 1, "critical": 2}
CRITICAL = "critical"
AT_ONCE = "at_once"

GRACE = timedelta(minutes=2)
"""How long a problem that needs a person is watched first, so that a burst of failures becomes one message."""

BETWEEN = timedelta(hours=1)
"""No second message about one cause within this time, however often it comes and goes."""

DIGEST_AT = time(8)
"""When a daily summary is sent unless the channel says otherwise."""

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 360, 840))
"""Waits between the tries of one delivery: eight tries within a day."""
MOST_TRIES = len(BACKOFF) + 1
LONGEST_ASKED = timedelta(hours=6)
"""A receiver may ask us to wait, but not for ever."""

SATURDAY = 5
LONGEST_QUIET = 20
"""Quiet pieces that are followed one after the other: nights and weekends that touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What of an incident decides whether and whom to tell."""

    severity: str
    heals: bool
    count: int
    amount: Decimal | None
    opened_at: datetime
    snoozed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """From where on a channel wants to hear of a problem."""

    severity: str
    least_count: int = 1
    least_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a channel may be disturbed, in local times; ``digest`` is at_once, hourly or daily."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_weekends: bool = False
    digest: str = AT_ONCE
    digest_at: time | None = None


class Fate(StrEnum):
    """What becomes of the opening's delivery once the problem is over."""

    TOLD = "told"
    DROP = "drop"
    DROP_MAY_HAVE_ARRIVED = "drop_may_have_arrived"
    WAIT = "wait"


def is_worth_telling(
    problem: Problem, *, now: datetime, healing_for: timedelta, last_told: datetime | None
) -> bool:
    """Whether people should hear of it now.

    What heals by itself only after it lasted ``healing_for``, the rest after a short grace. ``last_told`` is when
    people last heard of the same cause.
    """
    if problem.snoozed:
        return False
    if last_told is not None and now - last_told < BETWEEN:
        return False
    return now - problem.opened_at >= (healing_for if problem.heals else GRACE)


def matches(wish: Wish, *, severity: str, count: int, amount: Decimal | None) -> bool:
    """Whether a channel wants to hear of a problem of this size.

    What needs people now is told whatever its size, and a problem without records or money is not measured by them.
    """
    if RANK[severity] < RANK[wish.severity]:
        return False
    if severity == CRITICAL:
        return True
    if count and count < wish.least_count:
        return False
    return wish.least_amount is None or amount is None or amount >= wish.least_amount


def has_grown_into(wish: Wish, *, told: Problem, now_is: Problem) -> bool:
    """Whether a channel that did not want to hear of it when people were told would now, as it grew since."""
    before = matches(wish, severity=told.severity, count=told.count, amount=told.amount)
    after = matches(wish, severity=now_is.severity, count=now_is.count, amount=now_is.amount)
    return after and not before


def fate_of_opening(state: str, *, unclear: bool) -> Fate:
    """Nobody is told of the end of what they did not hear of, nor of the beginning of what is over."""
    if state == "sent":
        return Fate.TOLD
    if state == "sending":
        return Fate.WAIT
    return Fate.DROP_MAY_HAVE_ARRIVED if unclear else Fate.DROP


def sends_from(hours: Hours, *, urgent: bool, zone: ZoneInfo, now: datetime) -> datetime | None:
    """From when on a message made at ``now`` may be sent; ``None`` means at once. Urgent ones always are."""
    if urgent:
        return None
    at = now
    wanted = _digest(hours, zone, now)
    for _ in range(LONGEST_QUIET):
        planned = _digest(hours, zone, at)
        end = quiet_end(hours, zone, planned)
        if end is None:
            return None if planned <= now else planned
        at = end
    # A summary whose own time always lies within the quiet goes out when that ends.
    return sends_from(replace(hours, digest=AT_ONCE), urgent=False, zone=zone, now=wanted)


def quiet_end(hours: Hours, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet piece that ``at`` lies in ends; ``None`` when it lies in none. Another may begin right there."""
    local = at.astimezone(zone)
    if hours.quiet_weekends and local.weekday() >= SATURDAY:
        monday = local.date() + timedelta(days=7 - local.weekday())
        return _instant(zone, monday, time(0), after=at)
    start, end = hours.quiet_from, hours.quiet_until
    if start is None or end is None or start == end:
        return None
    clock = local.time()
    if start < end:
        return _instant(zone, local.date(), end, after=at) if start <= clock < end else None
    if clock >= start:
        return _instant(zone, local.date() + timedelta(days=1), end, after=at)
    return _instant(zone, local.date(), end, after=at) if clock < end else None


def retry_at(
    tries: int, *, now: datetime, asked: timedelta | None = None, spread: float = 0.0
) -> datetime | None:
    """When to try again after ``tries`` tries; ``None`` when it was the last. ``spread`` is 0 to 1."""
    if tries >= MOST_TRIES:
        return None
    wait = BACKOFF[max(0, tries - 1)] * (1 + 0.1 * spread)
    if asked is not None:
        wait = max(wait, min(asked, LONGEST_ASKED))
    return now + wait


def _digest(hours: Hours, zone: ZoneInfo, at: datetime) -> datetime:
    """The first moment from ``at`` on at which a summary is sent; ``at`` itself for a channel without one."""
    local = at.astimezone(zone)
    if hours.digest == "hourly":
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at + (timedelta(hours=1) - into) if into else at
    if hours.digest == "daily":
        wanted = hours.digest_at or DIGEST_AT
        today = _instant(zone, local.date(), wanted)
        return today if today >= at else _instant(zone, local.date() + timedelta(days=1), wanted)
    return at


def _instant(zone: ZoneInfo, day: date, clock: time, *, after: datetime | None = None) -> datetime:
    """A local time of day as an instant. A time that comes twice is the first one that lies ahead of ``after``."""
    local = datetime.combine(day, clock, tzinfo=zone)
    first = local.astimezone(UTC)
    if after is not None and first <= after:
        return local.replace(fold=1).astimezone(UTC)
    return first
