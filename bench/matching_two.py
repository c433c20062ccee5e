"""Clients as Ignition and Xero really hold them, from the FEBRL people: name, e-mail and telephone, with noise.

Ignition gives a client's name, e-mail, telephone and contact person, and neither address nor tax number. So each
person of a FEBRL file becomes a party with invented ways to reach it, and each system holds its own part of that,
spelled in its own way. A quarter of the people have a family: others of that surname with the same telephone and
sometimes the same e-mail address. Some own a company or a trust. Knows nothing of how records are compared.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.matching_made import SHORT_NAMES, Lists
from connectors.records import Contact

PUBLIC = ("gmail.com", "outlook.com", "icloud.com", "bigpond.com", "yahoo.com.au")
HERE, THERE = 0.9, 0.9
"""How many of the parties each system has."""
FAMILY, OWNER, BOOKKEEPER = 0.25, 0.12, 0.04


def two_systems(people: Sequence[Contact], *, seed: int) -> Lists:
    """The same people and seed give the same lists. ``people`` need a first and a last name; others are left out."""
    return _Two(random.Random(seed)).lists([one for one in people if one.first_name and one.last_name])  # noqa: S311


class _Two:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def lists(self, people: Sequence[Contact]) -> Lists:
        names = [one.first_name.title() for one in people]
        parties = [party for one in people for party in self._parties(one, names)]
        left, right, truth = [], [], {}
        for number, party in enumerate(parties):
            here, there = self.chance.random() < HERE, self.chance.random() < THERE
            if here:
                left.append(replace(self._here(party), external_id=f"a{number}"))
            if there:
                right.append(replace(self._there(party), external_id=f"b{number}"))
            if here and there:
                truth[f"a{number}"] = f"b{number}"
        self.chance.shuffle(left)
        self.chance.shuffle(right)
        return Lists(left, right, truth, "AU")

    def _parties(self, one: Contact, names: Sequence[str]) -> Iterator[Contact]:
        first, last = one.first_name.title(), one.last_name.title()
        landline = self._number("02")
        person = self._person(first, last, landline)
        if self.chance.random() < BOOKKEEPER:
            person = replace(person, email="clients@harbourbooks.example")
        yield replace(person, addresses=one.addresses)
        roll = self.chance.random()
        if roll < FAMILY:
            shared = person.email if self.chance.random() < 0.4 else ""
            others = dict.fromkeys(self.chance.choices(names, k=self.chance.choice((1, 1, 2, 3))))
            for other in (name for name in others if name != first):
                member = self._person(other, last, landline)
                yield replace(member, email=shared or member.email, addresses=one.addresses)
        elif roll < FAMILY + OWNER:
            name = self.chance.choice(
                (
                    f"{last} Holdings Pty Ltd",
                    f"{last} Family Trust",
                    f"{first} {last} Pty Ltd",
                    f"{last} Super Fund",
                )
            )
            yield replace(person, name=name, addresses=one.addresses)

    def _person(self, first: str, last: str, landline: str) -> Contact:
        tail = self.chance.choice(("", str(self.chance.randrange(1, 1000))))
        local = self.chance.choice(
            (f"{first}.{last}", f"{first[0]}{last}", f"{first}{last[0]}", f"{last}.{first}")
        )
        return Contact(
            external_id="",
            name=f"{first} {last}",
            first_name=first,
            last_name=last,
            email=f"{local}{tail}@{self.chance.choice(PUBLIC)}".lower().replace(" ", ""),
            phone=landline,
            mobile=self._number("04"),
            status="ACTIVE",
        )

    # what each system holds

    def _here(self, party: Contact) -> Contact:
        """Ignition: an e-mail address nearly always, one number or both, neither address nor tax number."""
        return replace(
            party,
            email=self._kept(party.email, 0.98),
            phone=self._kept(party.phone, 0.5),
            mobile=self._kept(party.mobile, 0.7),
            addresses=(),
        )

    def _there(self, party: Contact) -> Contact:
        """Xero: typed by somebody else, at another time."""
        email = self._kept(party.email, 0.93)
        roll = self.chance.random()
        if email and roll < 0.05:
            email = f"{party.last_name}{self.chance.randrange(100, 10_000)}@{self.chance.choice(PUBLIC)}"
            email = email.lower().replace(" ", "")
        elif email and roll < 0.08:
            email = self._slip(email.partition("@")[0]) + "@" + email.partition("@")[2]
        phone, mobile = self._kept(party.phone, 0.6), self._kept(party.mobile, 0.7)
        return replace(
            party,
            name=self._name(party),
            email=email,
            phone=self._respelled(phone),
            mobile=self._respelled(mobile),
        )

    def _name(self, party: Contact) -> str:
        roll, first, last = self.chance.random(), party.first_name, party.last_name
        if party.name != f"{first} {last}":
            return self._slip(party.name) if roll < 0.1 else party.name
        if roll < 0.12:
            return f"{last}, {first}"
        if roll < 0.17:
            return f"{last} {first}"
        if roll < 0.20:
            return f"{first[0]} {last}"
        if roll < 0.24:
            return f"{SHORT_NAMES.get(first, first)} {last}"
        if roll < 0.28:
            return f"{first} {self.chance.choice('ABCDEJKLMPRS')} {last}"
        return self._slip(party.name) if roll < 0.43 else party.name

    def _kept(self, value: str, chance: float) -> str:
        return value if self.chance.random() < chance else ""

    def _number(self, start: str) -> str:
        return f"{start}{self.chance.randrange(10**7, 10**8):08}"

    def _respelled(self, value: str) -> str:
        if value and self.chance.random() < 0.02:
            place = self.chance.randrange(3, len(value))
            return value[:place] + str(self.chance.randrange(10)) + value[place + 1 :]
        return f"+61 {value[1:5]} {value[5:]}" if value and self.chance.random() < 0.5 else value

    def _slip(self, text: str) -> str:
        place, letter = self.chance.randrange(1, len(text)), self.chance.choice("abcdefghijklmnopqrstuvwxyz")
        return self.chance.choice(
            (
                text[:place] + text[place + 1 :],
                text[:place] + letter + text[place:],
                text[:place] + letter + text[place + 1 :],
                text[: place - 1] + text[place : place + 1] + text[place - 1] + text[place + 1 :],
            )
        )
