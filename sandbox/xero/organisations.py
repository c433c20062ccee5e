"""Everything on the Xero side: organisations, people, connections, tokens, limits, memory, webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random
from typing import Any

from sandbox.clock import Clock
from sandbox.web import Request
from sandbox.xero.books import Books
from sandbox.xero.hooks import Hooks
from sandbox.xero.ledger import Ledger
from sandbox.xero.limits import Limits
from sandbox.xero.memory import Memory
from sandbox.xero.tokens import Tokens

# Roles that may connect an application to an organisation.
CONNECTING_ROLES = ("STANDARD", "FINANCIALADVISER")


@dataclass(frozen=True, slots=True)
class Person:
    """A Xero log-in. One person can belong to several organisations, by e-mail address."""

    user_id: str
    email: str
    first_name: str
    last_name: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True)
class Connection:
    """An organisation that a person opened to an application. Times are ISO text without a zone."""

    id: str
    tenant_id: str
    user_id: str
    client_id: str
    auth_event_id: str
    created: str
    updated: str


class XeroWorld:
    def __init__(self, clock: Clock, random: Random) -> None:
        self.clock = clock
        self.random = random
        self.organisations: dict[str, Ledger] = {}
        self.users: dict[str, Person] = {}
        self.connections: dict[str, Connection] = {}
        self.tokens = Tokens(random)
        self.limits = Limits()
        self.memory = Memory()
        self.hooks = Hooks(clock, random, self.has_connection)

    def add_organisation(
        self, name: str, country: str, *, tenant_id: str | None = None, currency: str | None = None,
        timezone: str | None = None, people: bool = True,
    ) -> Ledger:  # fmt: skip
        """A new organisation with the default chart of its country (AU, NZ, GB or UK) and three people."""
        ledger = Ledger(
            name,
            country,
            clock=self.clock,
            random=self.random,
            tenant_id=tenant_id,
            currency=currency,
            timezone=timezone,
            people=people,
        )
        self._adopt(ledger)
        return ledger

    def add_user(
        self, ledger: Ledger, email: str, *, first_name: str, last_name: str, role: str = "STANDARD"
    ) -> Person:
        """Invite a person to an organisation. The same e-mail elsewhere is the same person."""
        ledger.add_user(email, first_name=first_name, last_name=last_name, role=role)
        self._meet(ledger)
        return next(person for person in self.users.values() if person.email == email)

    def organisations_of(self, user_id: str) -> list[Ledger]:
        """Organisations in which the person may connect an application."""
        person = self.users.get(user_id)
        if person is None:
            return []
        return [
            ledger for ledger in self.organisations.values() if role_of(ledger, person) in CONNECTING_ROLES
        ]

    def connect(self, client_id: str, user_id: str, tenant_id: str, auth_event_id: str) -> Connection:
        """Open an organisation. Connecting it again keeps its connection id."""
        now = _zoneless(self.clock.now())
        known = self.connection_to(client_id, user_id, tenant_id)
        if known is None:
            key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            known = Connection(key, tenant_id, user_id, client_id, auth_event_id, now, now)
            self.connections[key] = known
        known.updated, known.auth_event_id = now, auth_event_id
        return known

    def connection_to(self, client_id: str, user_id: str, tenant_id: str) -> Connection | None:
        return next(
            (entry for entry in self.connections_of(client_id, user_id) if entry.tenant_id == tenant_id), None
        )

    def connections_of(self, client_id: str, user_id: str) -> list[Connection]:
        return [
            entry
            for entry in self.connections.values()
            if entry.client_id == client_id and entry.user_id == user_id
        ]

    def has_connection(self, client_id: str, tenant_id: str) -> bool:
        return any(
            entry.client_id == client_id and entry.tenant_id == tenant_id
            for entry in self.connections.values()
        )

    def has_access(self, user_id: str, ledger: Ledger) -> bool:
        """False once a person was removed from the organisation."""
        person = self.users.get(user_id)
        return person is not None and role_of(ledger, person) != "REMOVED"

    @contextmanager
    def flight(self, request: Request) -> Iterator[None]:
        """Note a call as open while it is answered, for the limit of calls in flight."""
        tenant = request.headers.get("xero-tenant-id", "").lower()
        if not tenant:
            yield
            return
        found = self.tokens.bearer(bearer_of(request))
        with self.limits.flight(found[0].client_id if found else "", tenant) as count:
            request.in_flight = count
            yield

    def dump(self) -> dict[str, Any]:
        return {
            "organisations": [ledger.dump() for ledger in self.organisations.values()],
            "users": [asdict(person) for person in self.users.values()],
            "connections": [asdict(entry) for entry in self.connections.values()],
            "tokens": self.tokens.dump(),
            "limits": {
                "default": asdict(self.limits.default),
                "special": {tenant: asdict(limit) for tenant, limit in self.limits.special.items()},
            },
            "memory": self.memory.dump(),
            "hooks": self.hooks.dump(),
        }

    def load(self, data: dict[str, Any]) -> None:
        self.users = {entry["user_id"]: Person(**entry) for entry in data["users"]}
        for entry in data["organisations"]:
            ledger = Ledger.restored(entry, clock=self.clock, random=self.random)
            ledger.listener = self._changed
            self.organisations[ledger.tenant_id] = ledger
        self.connections = {entry["id"]: Connection(**entry) for entry in data["connections"]}
        self.tokens.load(data["tokens"])
        self.limits.configure(None, data["limits"]["default"])
        for tenant, limit in data["limits"]["special"].items():
            self.limits.configure(tenant, limit)
        self.memory.load(data["memory"])
        self.hooks.load(data["hooks"])

    def _adopt(self, ledger: Ledger) -> None:
        self.organisations[ledger.tenant_id] = ledger
        ledger.listener = self._changed
        self._meet(ledger)

    def _meet(self, ledger: Ledger) -> None:
        """Give every person of the organisation a log-in of their own, once."""
        known = {person.email for person in self.users.values()}
        for row in ledger.users.values():
            if row["EmailAddress"] not in known:
                key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
                self.users[key] = Person(key, row["EmailAddress"], row["FirstName"], row["LastName"])

    def _changed(self, books: Books, category: str, key: str, event_type: str) -> None:
        self.hooks.notify(books.tenant_id, category, key, event_type)


def role_of(ledger: Ledger, person: Person) -> str:
    """The person's role in the organisation, REMOVED when they have none."""
    for row in ledger.users.values():
        if row["EmailAddress"] == person.email:
            return str(row["OrganisationRole"])
    return "REMOVED"


def bearer_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _zoneless(moment: datetime) -> str:
    """As /connections shows it: UTC without a zone, seven digits of seconds."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}0"
