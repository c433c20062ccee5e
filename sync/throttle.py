"""Whether a call may be made now. Pure: limits, what was used, what it is for and the time decide.

A provider allows so many calls in a window (Xero: 60 a minute, Ignition: 1,000 an hour) and, some, a day. Each
purpose leaves a share untouched for the more urgent ones: a backlog never uses up what a person's click needs. What
the provider's own headers said is left counts more than our own count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``window_calls`` in each ``window``; ``day_calls`` in a day where the provider counts days."""

    window: timedelta
    window_calls: int
    day_calls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one connection used: in the running window (since ``window_began_at``) and today (UTC).

    ``window_left`` and ``day_left`` are the provider's own words, heard at ``heard_at``.
    """

    window_began_at: datetime | None = None
    window_calls: int = 0
    window_left: int | None = None
    day_calls: int = 0
    day_left: int | None = None
    heard_at: datetime | None = None


WINDOW_SHARE = {"live": 0.0, "person": 0.05, "poll": 0.15, "backfill": 0.25}
"""The part of a window that each purpose leaves to the more urgent ones."""
DAY_SHARE = {"person": 0.0, "live": 0.05, "poll": 0.15, "backfill": 0.25}
"""The part of a day's calls that each purpose leaves; the last ones are a person's."""
ASK_AGAIN = timedelta(minutes=30)
"""Days start at another moment for each organisation, so a spent day is tried again this often."""
PACED_BELOW = 0.6
"""When less of the window than this is left, live changes are collected and sent together."""

BEGAN_ANEW = 0.25
"""When the provider says that so much more of a window is left than it said before, its own window has begun anew."""


def window_left(limits: Limits, spent: Spent, now: datetime) -> int:
    """Calls left in the running window; a window that is over is a fresh one."""
    if spent.window_began_at is None or now - spent.window_began_at >= limits.window:
        return limits.window_calls
    left = limits.window_calls - spent.window_calls
    if spent.window_left is not None:
        left = min(left, spent.window_left)
    return max(left, 0)


def day_left(limits: Limits, spent: Spent) -> int | None:
    """Calls left today; ``None`` where days aren't counted."""
    if limits.day_calls is None:
        return None
    if spent.day_left is not None:
        return max(spent.day_left, 0)
    return max(limits.day_calls - spent.day_calls, 0)


def day_limit(limits: Limits, spent: Spent) -> int | None:
    """What a day allows: as set up, or as the provider's headers let us reckon when that is less."""
    if limits.day_calls is None or spent.day_left is None:
        return limits.day_calls
    return min(limits.day_calls, max(spent.day_left + spent.day_calls, 1))


def wait_until(purpose: str, limits: Limits, spent: Spent, now: datetime) -> datetime | None:
    """When a call for this purpose may be made; ``None``: now."""
    most = day_limit(limits, spent)
    left_today = day_left(limits, spent)
    if most is not None and left_today is not None and left_today <= most * DAY_SHARE[purpose]:
        heard = spent.heard_at or now
        if now - heard < ASK_AGAIN:
            return heard + ASK_AGAIN
    left = window_left(limits, spent, now)
    if left <= limits.window_calls * WINDOW_SHARE[purpose] and spent.window_began_at is not None:
        return spent.window_began_at + limits.window
    return None


def gap(limits: Limits, spent: Spent, now: datetime, *, calls: float) -> timedelta:
    """How long live changes are collected before the next turn, so that its ``calls`` last through the window."""
    left = window_left(limits, spent, now)
    if spent.window_began_at is None or left > limits.window_calls * PACED_BELOW:
        return timedelta(0)
    rest = limits.window - (now - spent.window_began_at)
    return min(max(rest, timedelta(0)) * calls / max(left, 1), limits.window)


def turns_over(spent: Spent, limits: Limits, now: datetime) -> bool:
    """Whether the running window has ended, so that the next call begins a new one."""
    return spent.window_began_at is None or now - spent.window_began_at >= limits.window


def anew_below(limits: Limits, left: int) -> float:
    """Where less than this was left before, ``left`` says that the provider's own window has begun anew."""
    return left - limits.window_calls * BEGAN_ANEW
