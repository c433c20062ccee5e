"""Names of invented clients: companies, trusts, partnerships, people, and the odd internal code."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from sandbox.seed import words
from sandbox.seed.draw import Draw

# What a client is, and how many in a hundred are.
KINDS = (("company", 46), ("trust", 16), ("person", 22), ("partnership", 8), ("trading", 6), ("code", 2))
PLAIN_KINDS = (("company", 50), ("trust", 18), ("person", 24), ("partnership", 8))
"""Clients that everybody writes in the same way."""


@dataclass(frozen=True)
class Person:
    first: str
    last: str

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def reversed(self) -> str:
        return f"{self.last}, {self.first}"


@dataclass(frozen=True)
class ClientName:
    """`ignition` is the name there, `natural` how a ledger would spell it, `stem` its distinctive part."""

    kind: str
    ignition: str
    natural: str
    stem: str
    owner: Person


class NameMaker:
    """Makes names that are all different, ignoring case; duplicates are planted on purpose elsewhere.

    plain: every name is written alike in every system, and no two differ in their legal form or an initial only.
    """

    def __init__(self, draw: Draw, country: str, *, plain: bool = False) -> None:
        self._draw = draw
        self._country = country
        self._plain = plain
        self._taken: set[str] = set()

    def person(self) -> Person:
        return Person(self._draw.pick(words.FIRST_NAMES), self._draw.pick(words.LAST_NAMES))

    def client(self, kind: str | None = None, owner: Person | None = None) -> ClientName:
        """A name nobody has yet. Runs of collisions get a number, so that any amount of clients can be
        made.
        """
        for attempt in range(1000):
            kinds = PLAIN_KINDS if self._plain else KINDS
            made = self._compose(kind or self._draw.weighted(kinds), owner or self.person(), attempt)
            if self._plain:
                made = replace(made, ignition=made.natural)
                if made.stem != made.natural and not self._claim(made.stem):
                    continue
            if self._claim(made.ignition) and self._claim_natural(made):
                return made
        raise RuntimeError("no free name found")

    def claim(self, name: str) -> bool:
        """Reserve a name made elsewhere; False when it is taken."""
        return self._claim(name)

    def _claim(self, name: str) -> bool:
        folded = name.casefold()
        if folded in self._taken:
            return False
        self._taken.add(folded)
        return True

    def _claim_natural(self, made: ClientName) -> bool:
        return made.natural == made.ignition or self._claim(made.natural)

    def _compose(self, kind: str, owner: Person, attempt: int) -> ClientName:
        draw = self._draw
        places = words.NZ_PLACES if self._country == "NZ" else words.PLACES
        place, second, trade = draw.pick(places), draw.pick(words.SECONDS), draw.pick(words.TRADES)
        number = f" {draw.between(2, 99)}" if attempt > 20 else ""
        stem = f"{place} {second}{number}" if draw.chance(0.6) else f"{place}{number}"
        if kind == "company":
            name = f"{stem} {trade} {draw.weighted(words.COMPANY_ENDS[self._country])}"
            return ClientName(kind, name, name, f"{stem} {trade}", owner)
        if kind == "trust":
            name = draw.pick(
                (
                    f"The {owner.last}{number} Family Trust",
                    f"{owner.last} {place}{number} Discretionary Trust",
                    f"The {stem} Unit Trust",
                    f"{stem} Investments Trust",
                )
            )
            return ClientName(kind, name, name, name, owner)
        if kind == "partnership":
            other = draw.pick([last for last in words.LAST_NAMES if last != owner.last])
            name = (
                f"{owner.last} & {other}{number} {draw.pick(('Partnership', trade, 'Legal', 'Associates'))}"
            )
            return ClientName(kind, name, name, name, owner)
        if kind == "trading":
            name = f"{owner.full} T/A {stem} {trade}"
            return ClientName(kind, name, f"{owner.full} trading as {stem} {trade}", f"{stem} {trade}", owner)
        if kind == "code":
            name = f"{draw.between(1000, 9899)} {stem} Group"
            return ClientName(kind, name, f"{stem} Group", stem, owner)
        first = (
            f"{owner.first} {draw.pick('ABCDEFGHJKLMPRSTW')}" if draw.chance(0.2) or attempt else owner.first
        )
        if self._plain:
            first = f"{owner.first} {draw.pick(words.FIRST_NAMES)}"
        person = Person(f"{first}{number}", owner.last)
        name = person.reversed if draw.chance(0.7) else person.full
        return ClientName("person", name, person.full, person.full, owner)


def web_word(text: str) -> str:
    """Letters, digits and hyphens for an address: "Café & Co" becomes "cafe-co"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
