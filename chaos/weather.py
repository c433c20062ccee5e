"""Bad weather: which calls go wrong and how, expiring tokens, and a tally of what was met."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from chaos.control import Control

#: Share of the calls to Ignition and Xero, token refreshes included, that go wrong.
FAULT_SHARE = 0.20
HANG_SECONDS = 0.8
#: Access tokens live half an hour over there; every jump makes them run out.
JUMP = timedelta(minutes=31)
TOKEN_PATH = "/connect/token"  # noqa: S105 - an address

KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1", "X-Rate-Limit-Problem": "minute"}},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "malformed"},
    {"kind": "slow", "seconds": 0.5},
)
LIMITS = {"minute": 600, "day": None, "concurrent": 5, "app_minute": 10_000}


class Weather:
    """Faults of one sandbox, and its clock."""

    def __init__(self, control: Control, dice: Random) -> None:
        self._control = control
        self._dice = dice
        self.jumps = 0
        self._ahead = timedelta()

    def set_the_clock(self) -> None:
        """To the same hour for every run of a day: histories are made up to the sandbox's now, to the second."""
        now = datetime.now(UTC)
        self._control.post(
            "clock", {"set": now.replace(hour=0, minute=30, second=0, microsecond=0).isoformat()}
        )
        there = datetime.fromisoformat(self._control.get("clock")["now"])
        self._ahead = there - datetime.now(UTC)

    def prepare(self, ignition_keys: list[str]) -> None:
        """Limits that a run of minutes does not only wait for; being told to wait still happens."""
        self._control.post("limits", LIMITS)
        for key in ignition_keys:
            self._control.post("limits", {"practice": key, "hourly": 1_000_000})

    def turn_bad(self) -> None:
        rules = [{**kind, "rate": rate} for kind, rate in zip(KINDS, _rates(len(KINDS)), strict=True)]
        body = {"hang": HANG_SECONDS, "seed": self._dice.randint(0, 2**31), "rules": rules}
        self._control.post("faults", body)

    def clear_up(self) -> None:
        self._control.post("faults", {"clear": True})

    def let_tokens_run_out(self, is_settled: Callable[[datetime], bool]) -> bool:
        """Jump the simulated clock past the life of every access token; whether it was done.

        Not while a pair of tokens is on its way: over there the old one is honoured for half an hour, which a jump
        takes away at once. ``is_settled(moment)``: the app has stored every pair given out up to then.
        """
        calls = self._control.get("calls", host="xero-identity", list=1)["calls"]
        if calls and not is_settled(datetime.fromisoformat(calls[-1]["at"]) - self._ahead):
            return False
        self._control.post("clock", {"advance": JUMP.total_seconds()})
        self._ahead += JUMP
        self.jumps += 1
        return True

    def met(self) -> dict[str, Any]:
        """How many calls there were, and what went wrong with how many."""
        calls = self._control.get("calls", list=200_000)
        faults = Counter(call["fault"] for call in calls["calls"] if call["fault"])
        stormy = [call["number"] for call in calls["calls"] if call["fault"]] or [0]
        refused = sum(call["status"] == 429 and not call["fault"] for call in calls["calls"])
        refreshes = sum(call["path"] == TOKEN_PATH for call in calls["calls"])
        return {
            "calls": calls["total"],
            "writes": calls["writes"],
            "faulted": sum(faults.values()),
            "faults": dict(faults),
            "calls_in_the_storm": stormy[-1] - stormy[0] + 1 if faults else 0,
            "faulted_writes": sum(call["write"] and bool(call["fault"]) for call in calls["calls"]),
            "over_the_limit": refused,
            "token_calls": refreshes,
        }


def _rates(number: int) -> list[float]:
    """Rates for rules that are tried one after the other, so that each meets the same share of all calls."""
    share = FAULT_SHARE / number
    return [share / (1 - share * place) for place in range(number)]
