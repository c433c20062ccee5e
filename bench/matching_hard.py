"""Pairs that look alike and are two parties: whoever links one of them is wrong. Everybody here is invented.

Each scene is a client and a contact (or several) of which none are the same: members of a family, a person beside own
companies and trusts, branches, flats of one house, whoever has the accountant's own address. ``scenes`` makes them of
words of its own half, so that what was looked at while choosing the weights is not what is reported.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.matching_made import GIVEN, PLACES, STEMS, STREETS, SURNAMES, TRADES
from connectors.records import Address, Contact

EVERY = 40
"""Scenes of each kind."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Nobody in ``left`` is anybody in ``right``."""

    kind: str
    left: tuple[Contact, ...]
    right: tuple[Contact, ...]


def scenes(*, half: int, seed: int, every: int = EVERY) -> list[Scene]:
    """``half`` 0 or 1: which half of all names, streets and trades is used. The same arguments give the same scenes."""
    return list(_Scenes(random.Random(seed), half).all(every))  # noqa: S311


class _Scenes:
    def __init__(self, chance: random.Random, half: int) -> None:
        self.chance = chance
        self.given, self.surnames, self.stems, self.trades, self.streets = (
            [word for word in words.split()[half::2] if word.isalpha()]
            for words in (GIVEN, SURNAMES, STEMS, TRADES, STREETS)
        )
        self.places = PLACES["AU"].split()
        self.number = 0

    def all(self, every: int) -> Iterator[Scene]:
        kinds: tuple[tuple[str, Callable[[], tuple[Sequence[Contact], Sequence[Contact]]]], ...] = (
            ("family in one house", self._family),
            ("family with one telephone and e-mail address", self._family_reached),
            ("father and son, nothing else agrees", self._namesakes),
            ("junior and senior in one house", self._generations),
            ("trusts and companies of one family", self._entities),
            ("person and own company", self._own_company),
            ("couple and one of them", self._couple),
            ("branches of one business", self._branches),
            ("companies that are numbered", self._numbered),
            ("flats of one house", self._flats),
            ("at the accountant's own address", self._at_the_accountants),
            ("at the accountant's, with one first name", self._namesakes_there),
            ("one letter box", self._letter_box),
            ("one bookkeeper's e-mail address", self._bookkeeper),
            ("twins' names in one house", self._alike),
        )
        for kind, make in kinds:
            for _ in range(every):
                left, right = make()
                yield Scene(kind, self._numbered_ids("a", left), self._numbered_ids("b", right))

    def _numbered_ids(self, side: str, records: Sequence[Contact]) -> tuple[Contact, ...]:
        self.number += 1
        return tuple(
            replace(record, external_id=f"{side}{self.number}-{place}", status="ACTIVE")
            for place, record in enumerate(records)
        )

    # the scenes

    def _family(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        home, (one, other), last = self._home(), self._two(self.given), self._one(self.surnames)
        return [self._person(one, last, home)], [self._person(other, last, home)]

    def _family_reached(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        home, (one, other), last = self._home(), self._two(self.given), self._one(self.surnames)
        email, phone = f"the{last}s{self.number}@gmail.com".lower(), self._phone()
        return [replace(self._person(one, last, home), email=email, phone=phone)], [
            replace(self._person(other, last, home), email=email, phone=phone)
        ]

    def _namesakes(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        first, last, home, other = self._one(self.given), self._one(self.surnames), self._home(), self._home()
        while other.lines[0].split()[1] == home.lines[0].split()[1]:
            other = self._home()
        return [self._person(first, last, home)], [self._person(first, last, other)]

    def _generations(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        home, first, last, phone = (
            self._home(),
            self._one(self.given),
            self._one(self.surnames),
            self._phone(),
        )
        old, young = self.chance.choice(
            (("", " Jnr"), (" Snr", " Jnr"), (" Senior", " Junior"), ("", " III"))
        )
        one = replace(self._person(first, last, home), phone=phone)
        return [replace(one, name=one.name + old)], [replace(one, name=one.name + young)]

    def _entities(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        home, last, (one, other) = self._home(), self._one(self.surnames), self._two(self.given)
        names = (
            f"{last} Family Trust",
            f"{last} Holdings Pty Ltd",
            f"{one[0]} & {other[0]} {last}",
            f"{last} Super Fund",
            f"{last} {self._one(self.trades)} Pty Ltd",
            f"{last} Investment Trust",
            f"The Trustee for {last} Property Trust",
            f"{one} {last} Pty Ltd",
            f"Estate of {other} {last}",
        )
        here, there = self._two(names)
        shared = replace(self._person(one, last, home), phone=self._phone())
        return [replace(shared, name=here)], [replace(shared, name=there)]

    def _own_company(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        person = self._person(self._one(self.given), self._one(self.surnames), self._home())
        form = self.chance.choice(("Pty Ltd", "Super Fund", "Family Trust", "Holdings Pty Ltd"))
        return [person], [replace(person, name=f"{person.name} {form}")]

    def _couple(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        home, last, (one, other) = self._home(), self._one(self.surnames), self._two(self.given)
        person = self._person(one, last, home)
        name = self.chance.choice(
            (f"{one} & {other} {last}", f"{other} and {one} {last}", f"{one[0]} & {other[0]} {last}")
        )
        return [person], [replace(person, name=name)]

    def _branches(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        name = f"{self._one(self.stems)} {self._one(self.trades)}"
        email, phone = f"accounts@{name.replace(' ', '').lower()}{self.number}.com", self._phone()
        (here, there) = self._two(self.places)
        names = [f"{name} {place.partition('/')[0]}" for place in (here, there)]
        if self.chance.random() < 0.3:
            names[self.chance.randrange(2)] = name
        one, other = (
            self._company(text, self._home(place)) for text, place in zip(names, (here, there), strict=True)
        )
        return [replace(one, email=email, phone=phone)], [replace(other, email=email, phone=phone)]

    def _numbered(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        stem, home, phone = self._one(self.stems), self._home(), self._phone()
        first, second = self.chance.choice((("", " No 2"), (" No 1", " No 2"), (" 1", " 2"), (" II", " III")))
        one = replace(
            self._company(f"{stem} Property Investments", home),
            phone=phone,
            email=f"{stem}{self.number}@gmail.com",
        )
        return [replace(one, name=f"{one.name}{first} Pty Ltd")], [
            replace(one, name=f"{one.name}{second} Pty Ltd")
        ]

    def _flats(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        house = self._home()
        (here, there), last = self._two(range(1, 40)), self._one(self.surnames)
        one, other = (
            replace(house, lines=(f"{self.chance.choice(('Unit ', ''))}{flat}/{house.lines[0]}",))
            for flat in (here, there)
        )
        (first, second), given = self._two(self.given), self._one(self.given)
        if self.chance.random() < 0.5:
            return [self._person(first, last, one)], [self._person(second, last, other)]
        return [self._person(given, last, one)], [
            self._person(given, self._one(self.surnames, but=last), other)
        ]

    def _at_the_accountants(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        office = self._home()
        firsts, lasts = self.chance.sample(self.given, 6), self.chance.sample(self.surnames, 6)
        people = [self._person(first, last, office) for first, last in zip(firsts, lasts, strict=True)]
        return people[:3], people[3:]

    def _namesakes_there(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        left, right = self._at_the_accountants()
        gone = {record.first_name for record in (*left, *right)}
        first, last = self._one([word for word in self.given if word not in gone]), self._one(self.surnames)
        other = self._one([word for word in self.surnames if word[0] != last[0]])
        office = left[0].addresses[0]
        return [*left, self._person(first, last, office)], [*right, self._person(first, other, office)]

    def _letter_box(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        box = replace(self._home(), lines=(f"PO Box {self.chance.randrange(1, 2000)}",))
        (one, other), (last, another) = self._two(self.given), self._two(self.surnames)
        if self.chance.random() < 0.5:
            return [self._person(one, last, box)], [self._person(other, last, box)]
        return [self._person(one, last, box)], [self._person(one, another, box)]

    def _bookkeeper(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        email, phone = f"clients@books{self.number}.example", self._phone()
        people = [
            replace(self._person(first, self._one(self.surnames), self._home()), email=email, phone=phone)
            for first in self.chance.sample(self.given, 4)
        ]
        return people[:2], people[2:]

    def _alike(self) -> tuple[Sequence[Contact], Sequence[Contact]]:
        """First names that differ in a letter or two and are two people all the same."""
        home, last = self._home(), self._one(self.surnames)
        pairs = (
            "Eric Erica",
            "Paul Paula",
            "Julie Julia",
            "Carl Carla",
            "Joan Joanne",
            "Alan Alana",
            "Jack Jake",
        )
        one, other = self.chance.choice(pairs).split()
        return [self._person(one, last, home)], [self._person(other, last, home)]

    # their pieces

    def _one(self, words: Sequence[str], but: str = "") -> str:
        return self.chance.choice([word for word in words if word != but])

    def _two(self, words: Sequence[Any]) -> tuple[Any, Any]:
        one, other = self.chance.sample(words, 2)
        return one, other

    def _home(self, place: str = "") -> Address:
        town, postcode, region = (place or self._one(self.places)).split("/")
        line = f"{self.chance.randrange(1, 300)} {self._one(self.streets)} Street"
        return Address(lines=(line,), city=town, region=region, postal_code=postcode)

    def _phone(self) -> str:
        return f"02{self.chance.randrange(10**7, 10**8):08}"

    def _person(self, first: str, last: str, home: Address) -> Contact:
        return Contact(
            external_id="", name=f"{first} {last}", first_name=first, last_name=last, addresses=(home,)
        )

    def _company(self, name: str, home: Address) -> Contact:
        return Contact(external_id="", name=name, addresses=(home,))
