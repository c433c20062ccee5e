"""A message as people read it, before it takes the form of a mail or a card."""

from dataclasses import dataclass

RECOVERED = "recovered"
OVER = "No longer a problem: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert as people read it. ``facts`` are short: how bad, since when, how many, how much."""

    event: str
    severity: str
    title: str
    text: str
    count: int
    facts: tuple[str, ...]
    url: str

    @property
    def headline(self) -> str:
        return OVER + self.title if self.event == RECOVERED else self.title

    @property
    def fact_line(self) -> str:
        return " · ".join(self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message through one channel. ``more`` alerts beyond ``items`` are only counted."""

    product: str
    practice: str
    channel: str
    items: tuple[Item, ...]
    problems: int
    recoveries: int
    more: int
    alerts_url: str
    settings_url: str

    @property
    def subject(self) -> str:
        """On one line, and without any client's name."""
        return f"{self.practice}: {self.summary}"

    @property
    def summary(self) -> str:
        if len(self.items) == 1 and not self.more:
            item = self.items[0]
            return f"{item.headline} · {counted(item.count, 'record')}" if item.count else item.headline
        parts = [counted(self.problems, "problem")] if self.problems else []
        if self.recoveries:
            parts.append(f"{self.recoveries} no longer {'a problem' if self.recoveries == 1 else 'problems'}")
        return ", ".join(parts)


def counted(number: int, word: str) -> str:
    """``1 record``, ``1,200 records``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
