"""The clients of a practice and their people: planned first, then written as Ignition rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.ignition.slugs import SlugMaker
from sandbox.ignition.state import stamp
from sandbox.seed import words
from sandbox.seed.draw import Draw
from sandbox.seed.names import ClientName, NameMaker, Person, web_word
from sandbox.seed.phones import landline, mobile
from sandbox.seed.tax_numbers import make_abn, make_ird, make_vat

FAMILY_EVERY = 14
_STATES = (("active", 82), ("lead", 9), ("inactive", 6), ("archived", 3))
_METHODS = (("card", 44), ("bank", 31), ("none", 25))
# A clean practice: nobody who left, and enough clients who pay by themselves that there is always something unpaid.
_CLEAN_STATES = (("active", 91), ("lead", 9))
_CLEAN_METHODS = (("card", 26), ("bank", 16), ("none", 58))
_TERMS = ((14, 70), (7, 18), (30, 12))
_TRIES = 60
_MAILBOXES = ("mailroom.example", "homepost.example", "letterbox.example")


@dataclass
class PersonPlan:
    """One contact person of a client."""

    slug: str
    person: Person
    email: str | None
    phone: str | None
    mobile: str | None
    position: str | None
    primary: bool
    signatory: bool
    recipient: bool


@dataclass
class ClientPlan:
    """One client with everything the seed decides about it.

    mode: exclusive or inclusive, how its prices relate to tax.  grouping: proposal or client, what its
    invoices are collected under.  native: whether Ignition's own link pushes its invoices to Xero.
    """

    index: int
    slug: str
    name: ClientName
    display: str
    state: str
    created: datetime
    changed: datetime
    reference: str
    external_id: str | None
    group: str | None
    email: str
    people: list[PersonPlan]
    tax_number: str | None
    city: tuple[str, str, str]
    street: str
    method: str
    terms: int
    mode: str
    grouping: str
    surcharge: bool
    joins_charges: bool
    manager: tuple[str, str]
    partner: tuple[str, str] | None
    tags: list[str] = field(default_factory=list)
    native: bool = False
    xero_contact_id: str | None = None

    @property
    def billed(self) -> bool:
        return self.state != "lead"


@dataclass(frozen=True)
class Office:
    """What the roster needs to know of the practice. `clean`: no client is an awkward case."""

    country: str
    staff: tuple[tuple[str, str], ...]
    tax_mode: str
    opened: datetime
    now: datetime
    clean: bool = False


class RosterMaker:
    """Makes clients one after the other; every address and code is used by one client or one family only."""

    def __init__(self, draw: Draw, slugs: SlugMaker, office: Office) -> None:
        self._draw = draw
        self._slugs = slugs
        self._office = office
        self._names = NameMaker(draw.child("names"), office.country, plain=office.clean)
        self._addresses: set[str] = set()
        self._codes: dict[str, int] = {}
        self._numbers: set[str] = set()

    @property
    def names(self) -> NameMaker:
        return self._names

    def clients(self, count: int) -> list[ClientPlan]:
        """`count` clients, oldest first; every 14th starts a family group that shares a mailbox.

        In a clean practice nobody shares anything.
        """
        plans: list[ClientPlan] = []
        while len(plans) < count:
            if len(plans) % FAMILY_EVERY == 5 and not self._office.clean:
                plans.extend(self._family(len(plans), min(3, count - len(plans)), count))
            else:
                plans.append(self._single(len(plans), count))
        return plans

    def _family(self, start: int, size: int, count: int) -> list[ClientPlan]:
        owner = self._names.person()
        email = self._free(f"{web_word(owner.last)}.family", self._draw.pick(_MAILBOXES))
        members = [
            self._plan(
                start + step,
                count,
                self._names.client(kind, owner),
                email=email,
                group=f"{owner.last} Family",
            )
            for step, kind in enumerate(("company", "trust", "person")[:size])
        ]
        for member in members:
            member.state = "active"
        return members

    def _single(self, index: int, count: int) -> ClientPlan:
        name = self._names.client()
        if name.kind in ("person", "trading"):
            local = f"{web_word(name.owner.first)}.{web_word(name.owner.last)}"
            email = self._free(local, self._draw.pick(_MAILBOXES))
        else:
            email = self._free(
                self._draw.pick(("accounts", "admin", "office", web_word(name.owner.first))),
                f"{web_word(name.stem)}.example",
            )
        return self._plan(index, count, name, email=email, group=None)

    def _plan(self, index: int, count: int, name: ClientName, *, email: str, group: str | None) -> ClientPlan:
        draw, office = self._draw.child(index), self._office
        # More clients joined early than late, so that most of them have a long history.
        created = office.opened + (office.now - timedelta(days=25) - office.opened) * (index / count) ** 1.6
        state = draw.weighted(_CLEAN_STATES if office.clean else _STATES)
        nz = office.country == "NZ"
        plan = ClientPlan(
            index=index,
            slug=self._slugs.slug("cli", created),
            name=name,
            display=name.ignition,
            state=state,
            created=created,
            changed=min(
                office.now, created + timedelta(days=draw.between(0, 200), minutes=draw.between(0, 900))
            ),
            reference=f"CLI-{index + 1:04d}",
            external_id=self._code(name) if draw.chance(0.7) else None,
            group=group,
            email=email,
            people=[],
            tax_number=self._tax_number(draw, name.kind),
            city=draw.pick(words.CITIES[office.country]),
            street=f"{draw.between(1, 240)} {draw.pick(words.NZ_PLACES if nz else words.PLACES)} Street",
            method=draw.weighted(_CLEAN_METHODS if office.clean else _METHODS),
            terms=draw.weighted(_TERMS),
            mode=self._mode(draw),
            grouping="client" if draw.chance(0.3) and not office.clean else "proposal",
            surcharge=draw.chance(0.2) and not office.clean,
            joins_charges=draw.chance(0.5),
            manager=draw.pick(office.staff),
            partner=draw.pick(office.staff[:2]) if draw.chance(0.6) else None,
            tags=sorted({draw.pick(words.TAGS) for _ in range(draw.between(0, 2))}),
        )
        plan.people = self._people(draw, plan)
        return plan

    def _mode(self, draw: Draw) -> str:
        if self._office.tax_mode != "mixed":
            return self._office.tax_mode
        return "inclusive" if draw.chance(0.2) else "exclusive"

    def _tax_number(self, draw: Draw, kind: str) -> str | None:
        if kind == "person" and draw.chance(0.7):
            return None
        if self._office.country == "NZ":
            return make_ird(draw)
        if self._office.country == "UK":
            return make_vat(draw)
        return make_abn(draw, company=kind == "company")

    def _people(self, draw: Draw, plan: ClientPlan) -> list[PersonPlan]:
        people = [
            PersonPlan(
                slug=self._slugs.slug("con", plan.created),
                person=plan.name.owner,
                email=plan.email,
                phone=self._number(landline, draw) if draw.chance(0.6) else None,
                mobile=self._number(mobile, draw) if draw.chance(0.7) else None,
                position=draw.pick(words.POSITIONS) if plan.name.kind != "person" else None,
                primary=True,
                signatory=True,
                recipient=draw.chance(0.8),
            )
        ]
        extra = draw.weighted(((0, 50), (1, 32), (2, 14), (4, 4)))
        for _ in range(extra):
            person = Person(draw.pick(words.FIRST_NAMES), draw.pick(words.LAST_NAMES))
            domain = plan.email.partition("@")[2]
            local = f"{web_word(person.first)}.{web_word(person.last)}"
            same_mailbox = draw.chance(0.2)
            people.append(
                PersonPlan(
                    slug=self._slugs.slug("con", plan.created),
                    person=person,
                    email=plan.email if same_mailbox else self._free(local, domain),
                    phone=self._number(landline, draw) if draw.chance(0.3) else None,
                    mobile=self._number(mobile, draw) if draw.chance(0.5) else None,
                    position=draw.pick(words.POSITIONS),
                    primary=False,
                    signatory=draw.chance(0.2),
                    recipient=False,
                )
            )
        if not any(person.recipient for person in people):
            people[-1].recipient = True
        return people

    def _number(self, make: Callable[[Draw, str], str], draw: Draw) -> str | None:
        """A phone number; in a clean practice one that nobody else has, or none where they have run out."""
        for _ in range(_TRIES):
            made = make(draw, self._office.country)
            # The end of a number is the same in every spelling.
            end = re.sub(r"\D", "", made)[-6:]
            if not self._office.clean or end not in self._numbers:
                self._numbers.add(end)
                return made
        return None

    def _free(self, local: str, domain: str) -> str:
        address, number = f"{local}@{domain}", 1
        while address in self._addresses:
            number += 1
            address = f"{local}{number}@{domain}"
        self._addresses.add(address)
        return address

    def _code(self, name: ClientName) -> str:
        letters = web_word(name.stem).replace("-", "").upper().ljust(4, "X")[:4]
        self._codes[letters] = self._codes.get(letters, 0) + 1
        return f"{letters}{self._codes[letters]:03d}"


# Rows ---------------------------------------------------------------------------------------------


def client_row(plan: ClientPlan) -> dict[str, Any]:
    return {
        "slug": plan.slug,
        "name": plan.display,
        "state": plan.state,
        "external_client_id": plan.external_id,
        "xero_contact_id": plan.xero_contact_id,
        "qbo_customer_id": None,
        "manager": {"name": plan.manager[0], "email": plan.manager[1]},
        "partner": {"name": plan.partner[0], "email": plan.partner[1]} if plan.partner else None,
        "tags": plan.tags,
        "group_name": plan.group,
        "email": plan.email,
        "phone": plan.people[0].phone or plan.people[0].mobile,
        "link": f"https://go.ignitionapp.example/clients/{plan.slug}",
        "created_at": stamp(plan.created),
        "updated_at": stamp(plan.changed),
    }


def contact_rows(plan: ClientPlan, first_id: int) -> list[dict[str, Any]]:
    """The client's people, numbered from `first_id`."""
    return [
        {
            "id": first_id + step,
            "slug": person.slug,
            "client": {"slug": plan.slug},
            "name": person.person.full,
            "email": person.email,
            "phone": person.phone,
            "mobile": person.mobile,
            "salutation": None,
            "addressee": person.person.first,
            "position": person.position,
            "is_primary": person.primary,
            "is_signatory": person.signatory,
            "is_invoice_recipient": person.recipient,
            "link": f"https://go.ignitionapp.example/contacts/{person.slug}",
            "created_at": stamp(plan.created + timedelta(seconds=step + 1)),
            "updated_at": stamp(max(plan.changed, plan.created + timedelta(seconds=step + 1))),
        }
        for step, person in enumerate(plan.people)
    ]
