"""What one practice's Ignition account holds, in the shape the Reporting API sends it.

Rows are plain dictionaries; amounts inside them are `Decimal`. Each row also has a change stamp kept beside
it, because payments and collections carry no `updated_at` of their own yet can be asked for by
`updated_from`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from sandbox.ignition.hints import Row, hint
from sandbox.ignition.slugs import PREFIXES, SlugMaker

RESOURCES = (
    "clients",
    "contacts",
    "services",
    "proposals",
    "invoices",
    "payments",
    "collections",
    "deals",
    "deal_stages",
)
# Resources whose rows show `updated_at` on the wire.
STAMPED = frozenset(RESOURCES) - {"payments", "collections"}
HOURLY_LIMIT = 1000
STATE_FORMAT = 1


class Clock(Protocol):
    def now(self) -> datetime: ...


def stamp(at: datetime) -> str:
    """An instant as Ignition writes it: UTC, whole seconds, `Z`."""
    # isoformat, unlike strftime, pads years before 1000, so that stamps always compare as text.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


@dataclass
class Grant:
    """One authorised app: the scopes it was given and the tokens alive for it (expiry as Unix seconds)."""

    client_id: str
    scopes: list[str]
    access: dict[str, float] = field(default_factory=dict)
    refresh: dict[str, float] = field(default_factory=dict)


@dataclass
class Code:
    """A consent waiting to be exchanged; used once, within its life."""

    client_id: str
    redirect_uri: str
    scopes: list[str]
    challenge: str | None
    method: str | None
    expires: float


@dataclass
class Hook:
    """Where signed hints go, and the secret they are signed with."""

    url: str
    secret: str


@dataclass
class IgnitionPractice:
    """One practice's account: records, keys, grants and the switches tests and demos turn.

    hourly_limit: calls per hour, None for no limit.  collections_delay: seconds the first page of collections
    takes. partner_writes: whether the partner-style write endpoints answer.  reporting_enabled: False acts
    like a plan without API access (every call is 403).
    """

    key: str
    name: str
    clock: Clock
    currency: str = "AUD"
    time_zone: str = "Australia/Sydney"
    country: str = "AU"
    api_keys: set[str] = field(default_factory=set)
    tax_mode: str = "mixed"
    hourly_limit: int | None = HOURLY_LIMIT
    collections_delay: float = 0.0
    partner_writes: bool = False
    reporting_enabled: bool = True
    window_start: float = 0.0
    window_calls: int = 0
    hook: Hook | None = None
    hints: list[dict[str, Any]] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    next_number: int = 5_000_000
    slugs: SlugMaker = field(default_factory=lambda: SlugMaker(0))

    def __post_init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in RESOURCES}
        self._stamps: dict[str, dict[str, str]] = {name: {} for name in RESOURCES}
        self._order: dict[str, list[str]] = {name: [] for name in RESOURCES}

    # Reading --------------------------------------------------------------------------------------

    def get(self, resource: str, slug: str | int) -> Row | None:
        """The live row, or None. Collections are found by their number. Change rows through `upsert` only."""
        return self._rows[resource].get(str(slug))

    def rows(self, resource: str) -> list[Row]:
        """Every row of a resource, oldest first, hidden states included."""
        return list(self._rows[resource].values())

    def scan(self, resource: str, start: int) -> Iterator[tuple[int, Row, str]]:
        """Position, row and change stamp from a position on; positions never change while the practice
        lives.
        """
        order, rows, stamps = self._order[resource], self._rows[resource], self._stamps[resource]
        for position in range(start, len(order)):
            key = order[position]
            yield position, rows[key], stamps[key]

    def changed_at(self, resource: str, slug: str | int) -> str:
        return self._stamps[resource][str(slug)]

    @property
    def clients(self) -> list[Row]:
        return self.rows("clients")

    @property
    def contacts(self) -> list[Row]:
        return self.rows("contacts")

    @property
    def services(self) -> list[Row]:
        return self.rows("services")

    @property
    def proposals(self) -> list[Row]:
        return self.rows("proposals")

    @property
    def invoices(self) -> list[Row]:
        return self.rows("invoices")

    @property
    def payments(self) -> list[Row]:
        return self.rows("payments")

    @property
    def collections(self) -> list[Row]:
        return self.rows("collections")

    @property
    def deals(self) -> list[Row]:
        return self.rows("deals")

    @property
    def deal_stages(self) -> list[Row]:
        return self.rows("deal_stages")

    # Writing --------------------------------------------------------------------------------------

    def upsert(self, resource: str, obj: Row) -> Row:
        """Store a row under its slug (collections: its id), merged over the stored one, and stamp it with
        now.

        A new row without a key gets one. Returns the stored row. With a hook registered, a hint is queued for
        it.
        """
        now = self.clock.now()
        row = copy.deepcopy(obj)
        key_name = "id" if resource == "collections" else "slug"
        if not row.get(key_name):
            row[key_name] = self.new_number() if resource == "collections" else self.new_slug(resource)
        key = str(row[key_name])
        before = self._rows[resource].get(key)
        if resource != "collections":
            row.setdefault("created_at", before["created_at"] if before else stamp(now))
        if resource in STAMPED:
            row["updated_at"] = stamp(now)
        stored = {**before, **row} if before else row
        self._put(resource, key, stored, stamp(now))
        if self.hook is not None:
            self.hints.append(
                hint(self.slugs.slug("evt", now), stamp(now), self.key, resource, before, stored)
            )
        return stored

    def plant(self, resource: str, row: Row, changed_at: str) -> None:
        """Store a finished row with a given change stamp, quietly: for history that was there before the
        clock ran.
        """
        self._put(resource, str(row["id" if resource == "collections" else "slug"]), row, changed_at)

    def new_slug(self, resource: str) -> str:
        return self.slugs.slug(PREFIXES[resource], self.clock.now())

    def new_number(self) -> int:
        self.next_number += 1
        return self.next_number

    def _put(self, resource: str, key: str, row: Row, changed_at: str) -> None:
        if key not in self._rows[resource]:
            self._order[resource].append(key)
        self._rows[resource][key] = row
        self._stamps[resource][key] = changed_at

    # The optional state file ----------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Everything as plain JSON values (amounts as numbers); `load` brings it back."""
        return {
            "format": STATE_FORMAT,
            "settings": {name: getattr(self, name) for name in _SETTINGS},
            "api_keys": sorted(self.api_keys),
            "hook": vars(self.hook) if self.hook else None,
            "hints": copy.deepcopy(self.hints),
            "grants": [copy.deepcopy(vars(grant)) for grant in self.grants],
            "codes": {code: copy.deepcopy(vars(value)) for code, value in self.codes.items()},
            "slugs": {"origin": self.slugs.origin, "counter": self.slugs.counter},
            "rows": {name: [_plain(row) for row in self.rows(name)] for name in RESOURCES},
            "stamps": {name: list(self._stamps[name].values()) for name in RESOURCES},
        }

    @classmethod
    def load(cls, data: dict[str, Any], clock: Clock) -> IgnitionPractice:
        """A practice equal to the one that was dumped. Raises KeyError or ValueError on anything else."""
        if data["format"] != STATE_FORMAT:
            raise ValueError(f"unknown state format {data['format']!r}")
        practice = cls(clock=clock, **data["settings"])
        practice.api_keys = set(data["api_keys"])
        practice.hook = Hook(**data["hook"]) if data["hook"] else None
        practice.hints = list(data["hints"])
        practice.grants = [Grant(**grant) for grant in data["grants"]]
        practice.codes = {code: Code(**value) for code, value in data["codes"].items()}
        practice.slugs = SlugMaker(**data["slugs"])
        for name in RESOURCES:
            # strict: a stamp list of another length means the file was cut or edited by hand.
            for row, changed_at in zip(data["rows"][name], data["stamps"][name], strict=True):
                practice.plant(name, _exact(row), changed_at)
        return practice


_SETTINGS = (
    "key",
    "name",
    "currency",
    "time_zone",
    "country",
    "tax_mode",
    "hourly_limit",
    "collections_delay",
    "partner_writes",
    "reporting_enabled",
    "window_start",
    "window_calls",
    "next_number",
)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value
