"""Call limits per application and organisation: minute, day, in flight; and per application a minute."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

MINUTE = 60
DAY = 24 * 3600
# What the headers say where a limit is switched off: far more than any test uses.
UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """None switches a limit off."""

    minute: int | None = 60
    day: int | None = 5000
    concurrent: int | None = 5
    app_minute: int | None = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    problem: str
    # Xero names a wait for minute and day only.
    retry_after: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Headers for every answer of the organisation; a refusal when the call is over a limit."""

    headers: dict[str, str]
    refusal: Refusal | None


class Limits:
    def __init__(self) -> None:
        self.default = Limit()
        self.special: dict[str, Limit] = {}
        self._used: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._open: Counter[tuple[str, str]] = Counter()
        self._open_lock = threading.Lock()

    def of(self, tenant: str) -> Limit:
        return self.special.get(tenant, self.default)

    def configure(self, tenant: str | None, changes: dict[str, Any]) -> Limit:
        """Change the limits of one organisation, or the default of all when `tenant` is None."""
        changed = replace(self.default if tenant is None else self.of(tenant), **changes)
        if tenant is None:
            self.default, self.special = changed, {}
        else:
            self.special[tenant] = changed
        return changed

    def open(self, client_id: str, tenant: str) -> int:
        """How many calls of the pair are open now."""
        return self._open[client_id, tenant]

    @contextmanager
    def flight(self, client_id: str, tenant: str) -> Iterator[int]:
        """Counts a call as open; gives how many of the pair are open now."""
        pair = (client_id, tenant)
        with self._open_lock:
            self._open[pair] += 1
            count = self._open[pair]
        try:
            yield count
        finally:
            with self._open_lock:
                self._open[pair] -= 1

    def check(self, client_id: str, tenant: str, now: float, in_flight: int) -> Verdict:
        """Count a call, unless it is refused. `now` in Unix seconds of the simulated clock."""
        limit = self.of(tenant)
        # Windows start at another moment for each organisation.
        offset = int(tenant[:8] or "0", 16) if tenant else 0
        scopes = (
            ("minute", tenant, MINUTE, offset % MINUTE, limit.minute),
            ("day", tenant, DAY, offset % DAY, limit.day),
            ("appminute", "", MINUTE, 0, limit.app_minute),
        )
        refusal = None
        if limit.concurrent is not None and in_flight > limit.concurrent:
            refusal = Refusal("concurrent", None)
        counts: dict[str, int] = {}
        for name, key, length, start, most in scopes:
            window = math.floor((now - start) / length)
            seen, used = self._used.get((client_id, key, length), (window, 0))
            counts[name] = used if seen == window else 0
            if refusal is None and most is not None and counts[name] >= most:
                refusal = Refusal(name, math.ceil((window + 1) * length + start - now))
        if refusal is None:
            for name, key, length, start, _ in scopes:
                counts[name] += 1
                self._used[client_id, key, length] = (math.floor((now - start) / length), counts[name])
        headers = {
            header: str(UNLIMITED if most is None else max(0, most - counts[name]))
            for header, (name, _, _, _, most) in zip(
                ("X-MinLimit-Remaining", "X-DayLimit-Remaining", "X-AppMinLimit-Remaining"),
                scopes,
                strict=True,
            )
        }
        return Verdict(headers, refusal)
