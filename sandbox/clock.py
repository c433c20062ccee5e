"""The simulated time that every expiry, window and stamp in the sandbox uses."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


class Clock:
    """Runs at `speed` times real time from `start`; speed 0 stands still until it is moved."""

    def __init__(self, start: datetime | None = None, *, speed: float = 1.0) -> None:
        self._base = start or datetime.now(UTC)
        self._mark = time.monotonic()
        self._speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self.set(self.now())
        self._speed = value

    def now(self) -> datetime:
        elapsed = (time.monotonic() - self._mark) * self._speed
        return self._base + timedelta(seconds=elapsed)

    def now_ms(self) -> int:
        """Milliseconds since 1970, the precision of the stamps that Xero shows."""
        return epoch_ms(self.now())

    def today(self, timezone: str = "UTC") -> date:
        """The calendar day in an IANA time zone."""
        return self.now().astimezone(ZoneInfo(timezone)).date()

    def advance(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))

    def set(self, moment: datetime) -> None:
        """Jump to an aware moment. Going back is allowed: outside clocks do that too."""
        self._base = moment.astimezone(UTC)
        self._mark = time.monotonic()

    def dump(self) -> dict[str, Any]:
        return {"now": self.now().isoformat(), "speed": self._speed}

    def load(self, data: dict[str, Any]) -> None:
        """Continue where a dumped clock stopped, but never behind the real time."""
        self._speed = float(data["speed"])
        saved = datetime.fromisoformat(data["now"])
        self.set(max(saved, datetime.now(UTC)) if self._speed else saved)


def epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_ms(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp / 1000, UTC)
