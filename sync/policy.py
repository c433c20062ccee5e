"""What happens to a Change after a failed call. Pure: the error's class decides, nothing else is looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.errors import (
    ConnectorError,
    NeedsReconnect,
    NotFound,
    RateLimited,
    Rejected,
    Retryable,
    Unclear,
    Unreadable,
)

FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(minutes=30)
MOST_TRIES = 12
"""About four hours with the delays above; after that a person should look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``state`` is pending or parked; ``look_up_first`` before anything is sent again.

    ``stops_lane`` ends this turn at once, ``trouble`` ends it when it happens several times in a row.
    """

    state: str
    parked_as: str = ""
    not_before: datetime | None = None
    counts: bool = True
    look_up_first: bool = False
    stops_lane: bool = False
    trouble: bool = False
    result: str = "refused"


def delay(tries: int, spread: float) -> timedelta:
    """Exponential with a cap; ``spread`` in 0..1 moves it by up to a quarter either way so that herds break up."""
    doubled: timedelta = FIRST_DELAY * 2 ** min(max(tries - 1, 0), 20)
    return min(doubled, LONGEST_DELAY) * (0.75 + spread / 2)


def after(error: Exception, *, tries: int, now: datetime, spread: float = 0.5) -> Verdict:
    """The verdict for every Change of a call that failed as a whole; ``tries`` includes this one."""
    later = now + delay(tries, spread)
    if isinstance(error, RateLimited):
        wait = now + timedelta(seconds=error.retry_after)
        return Verdict(state="pending", not_before=wait, counts=False, stops_lane=True, result="retry")
    if isinstance(error, NeedsReconnect):
        return Verdict(state="pending", counts=False, stops_lane=True, result="reconnect")
    if isinstance(error, Unclear):
        if tries >= MOST_TRIES:
            return Verdict(state="parked", parked_as="unclear", look_up_first=True, result="unclear")
        return Verdict(state="pending", not_before=later, look_up_first=True, trouble=True, result="unclear")
    if isinstance(error, Retryable | Unreadable):
        if tries >= MOST_TRIES:
            return Verdict(state="parked", parked_as="unclear", result="retry")
        return Verdict(state="pending", not_before=later, trouble=True, result="retry")
    if isinstance(error, Rejected):
        return Verdict(state="parked", parked_as="rejected")
    if isinstance(error, NotFound):
        return Verdict(state="parked", parked_as="unclear")
    if isinstance(error, ConnectorError):
        return Verdict(state="pending", not_before=later, trouble=True, result="retry")
    return Verdict(state="parked", parked_as="internal", look_up_first=True, result="internal")


def reading_resumes_at(error: ConnectorError, *, tries: int, now: datetime, spread: float = 0.5) -> datetime:
    """When to go on reading after a failed read."""
    if isinstance(error, RateLimited):
        return now + timedelta(seconds=error.retry_after)
    return now + delay(tries, spread)
