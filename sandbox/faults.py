"""Faults on request: bad statuses, lost answers, dropped connections, slow or broken bodies.

A rule is a dict: `kind` (one of KINDS), optional `method` and `path` (regular expressions searched in the
request's method and path), `host` (xero, xero-identity, ignition, ...), `rate` (0..1, default 1), `times`
(how often it may fire at all), `status`, `seconds`, `headers`, `remember`.
A script is a list of rules consumed in order: the n-th matching request gets the n-th entry; an entry
without a `kind` lets its request through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

KINDS = ("status", "timeout_before", "timeout_after", "drop_before", "drop_after", "slow", "malformed")


class BadFault(ValueError):
    """The described fault makes no sense."""


class NoAnswer(Exception):
    """The caller gets no answer: after `seconds` the connection is closed."""

    def __init__(self, kind: str, seconds: float) -> None:
        super().__init__(kind)
        self.kind = kind
        self.seconds = seconds

    @property
    def timed_out(self) -> bool:
        """True when the caller should see a time-out rather than a closed connection."""
        return self.kind.startswith("timeout")


@dataclass(slots=True)
class Fault:
    kind: str = ""
    method: str = ""
    path: str = ""
    host: str = ""
    rate: float = 1.0
    times: int | None = None
    status: int = 503
    # None means: the hang time of the whole sandbox.
    seconds: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    # Keep the bad status in the idempotency memory, as Xero is said to do with its own server errors.
    remember: bool = False
    fired: int = 0

    def matches(self, method: str, path: str, host: str) -> bool:
        if self.times is not None and self.fired >= self.times:
            return False
        if self.host and self.host != host:
            return False
        if self.method and not re.fullmatch(self.method, method, re.IGNORECASE):
            return False
        return not self.path or re.search(self.path, path, re.IGNORECASE) is not None

    @property
    def before(self) -> bool:
        """True when the request must not be applied."""
        return self.kind in ("status", "timeout_before", "drop_before")


class Faults:
    """Decides which fault, if any, a request meets. Has its own dice, so that ids stay the same."""

    def __init__(self, seed: int = 1) -> None:
        self._dice = Random(seed)  # noqa: S311 - repeatable, not secret
        self.rules: list[Fault] = []
        self.script: list[Fault] = []
        self.hang = 5.0

    def choose(self, method: str, path: str, host: str) -> Fault | None:
        for index, step in enumerate(self.script):
            if step.matches(method, path, host):
                del self.script[index]
                step.fired += 1
                return step if step.kind else None
        for rule in self.rules:
            if rule.matches(method, path, host) and self._dice.random() < rule.rate:
                rule.fired += 1
                return rule
        return None

    def configure(self, settings: dict[str, Any]) -> None:
        """Apply a control request. Lists replace what was there; `clear` empties both first.

        Raises BadFault, and then changes nothing.
        """
        rules = [parse_fault(entry) for entry in settings.get("rules", ())]
        script = [parse_fault(entry, may_pass=True) for entry in settings.get("script", ())]
        if settings.get("clear"):
            self.rules, self.script = [], []
        if "rules" in settings:
            self.rules = rules
        if "script" in settings:
            self.script = script
        if "hang" in settings:
            self.hang = float(settings["hang"])
        if "seed" in settings:
            self._dice.seed(int(settings["seed"]))

    def clear(self) -> None:
        self.rules, self.script = [], []

    def hang_of(self, fault: Fault) -> float:
        return self.hang if fault.seconds is None else fault.seconds


def parse_fault(entry: Any, *, may_pass: bool = False) -> Fault:
    if entry is None and may_pass:
        return Fault()
    if not isinstance(entry, dict):
        raise BadFault("a fault is an object")
    known = {item.name for item in fields(Fault)} - {"fired"}
    if unknown := set(entry) - known:
        raise BadFault(f"unknown keys: {', '.join(sorted(unknown))}")
    kind = entry.get("kind", "")
    if kind not in KINDS and not (may_pass and not kind):
        raise BadFault(f"kind must be one of {', '.join(KINDS)}")
    fault = Fault(**entry)
    # Rates and waits come from JSON, where the reader turns fractions into Decimal.
    fault.rate = float(fault.rate)
    fault.seconds = None if fault.seconds is None else float(fault.seconds)
    return fault
