"""Points with their reasons, and how many records share what should be one party's own. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2

SHARED = 2.0
"""Points that an e-mail address, number or phone loses for each time that twice as many records share it."""
HOUSEHOLD = 6
"""Records that a family with its companies and funds may come to."""


@dataclass
class Shares:
    """How many records have an e-mail address, phone, tax number or code, on the side where it is most.

    ``domains``: how many e-mail addresses each domain has.
    ``homes``: by house, the first words (by their sound) of the names of all who are there, on both sides.
    """

    emails: Mapping[str, int] = field(default_factory=Counter)
    phones: Mapping[str, int] = field(default_factory=Counter)
    taxes: Mapping[str, int] = field(default_factory=Counter)
    codes: Mapping[str, int] = field(default_factory=Counter)
    domains: Mapping[str, int] = field(default_factory=Counter)
    homes: Mapping[str, set[str]] = field(default_factory=dict)
    alone: int = 1
    """Up to so many records with it, it counts as one party's own."""


class Sum:
    """Points with their reasons, as they come. ``strong`` are the independent things that agree."""

    def __init__(self) -> None:
        self.points = 0.0
        self.strong: set[str] = set()
        self.reasons: list[str] = []
        self.against: list[str] = []
        self.ruled_out = False

    def add(self, points: float, reason: str, *, strong: str = "") -> None:
        self.points += points
        self.reasons.append(reason)
        if strong:
            self.strong.add(strong)

    def add_own(self, points: float, what: str, reason: str, *, count: int, shares: Shares) -> None:
        """Something that should be one party's own; the more records have it, the less it says."""
        over = max(1.0, count / shares.alone)
        if over <= 1:
            self.add(points, reason, strong=what)
            return
        self.add(max(1.0, points - SHARED * log2(over)), f"{reason}, which {count} records share")
        if over <= HOUSEHOLD:
            self.strong.add(f"shared {what}")
        self.against.append(f"{reason.removeprefix('Same ').capitalize()} is shared by {count} records")

    def subtract(self, points: float, text: str = "") -> None:
        self.points += points
        if text:
            self.against.append(text)

    def rule_out(self, text: str) -> None:
        self.against.append(text)
        self.ruled_out = True
