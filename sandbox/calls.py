"""A record of every call the sandbox answered, for tests and measurements that count calls."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# Large enough for a chaos run; the oldest calls are forgotten first.
KEPT_CALLS = 200_000
_ID_SEGMENT = re.compile(
    r"/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[a-z]{2,6}_[a-z2-7]{12,})(?=/|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One answered call. `status` 0 means that the caller got no answer."""

    number: int
    at: str
    host: str
    method: str
    path: str
    query: str
    status: int
    bytes: int
    write: bool
    tenant: str
    fault: str

    @property
    def pattern(self) -> str:
        """The path with ids replaced, so that calls on different objects count together."""
        return _ID_SEGMENT.sub("/{id}", self.path)


class CallLog:
    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self.last = 0

    def add(self, **facts: Any) -> Call:
        self.last += 1
        call = Call(number=self.last, **facts)
        self._calls.append(call)
        return call

    def reset(self) -> None:
        """Forget the calls; numbers go on, so that an older marker stays valid."""
        self._calls.clear()

    def since(self, marker: int = 0, *, host: str = "", tenant: str = "") -> Iterator[Call]:
        """Calls numbered above the marker, oldest first."""
        return (
            call
            for call in self._calls
            if call.number > marker
            and (not host or call.host == host)
            and (not tenant or call.tenant == tenant)
        )

    def recent(self, count: int) -> list[Call]:
        """The newest calls, newest first."""
        newest: list[Call] = []
        for call in reversed(self._calls):
            if len(newest) >= count:
                break
            newest.append(call)
        return newest

    def counts(self, marker: int = 0, *, host: str = "", tenant: str = "") -> list[dict[str, Any]]:
        """Number of calls by host, method, path pattern, write and status, most frequent first."""
        tally: Counter[tuple[str, str, str, bool, int]] = Counter(
            (call.host, call.method, call.pattern, call.write, call.status)
            for call in self.since(marker, host=host, tenant=tenant)
        )
        names = ("host", "method", "path", "write", "status")
        return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in tally.most_common()]


def as_dict(call: Call) -> dict[str, Any]:
    return asdict(call)
