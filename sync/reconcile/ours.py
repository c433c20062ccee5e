"""Our own bookkeeping as a comparison sees it: connections, lists, writes and approvals. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One connected system. Its records are from ``organisations``, by name; ``missing`` is what was not allowed.

    ``renewed_at`` is when its key was last renewed, where it has one that ends. ``owner_left`` is who connected it,
    where that person is no member any more. ``is_told``: reports were set up; ``reported_at`` is the last one that came
    in, and ``changed`` how many records were found changed lately.
    """

    key: str
    name: str
    lost: str = ""
    renewed_at: datetime | None = None
    organisations: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    owner_left: str = ""
    is_told: bool = False
    reported_at: datetime | None = None
    changed: int = 0
    ahead_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One list of a connection. ``read_at``: last read to its end; ``since`` when reading could have begun."""

    key: str
    name: str
    read_at: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write that needs a person. ``matter`` is unclear, stored_differently, conflict or target_locked."""

    key: str
    matter: str
    title: str
    text: str
    source_id: str
    target_id: str = ""
    client_external_id: str = ""
    amount: Decimal | None = None
    currency: str = ""
    dated_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One request for approval that is not decided yet."""

    key: str
    title: str
    asked_at: datetime
    source_id: str = ""
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One record that was set aside. ``points_to`` are the id and the number of what it says it became elsewhere."""

    key: str
    system: str
    kind: str
    external_id: str
    problem: str
    is_source: bool
    points_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What was agreed about an accepted difference."""

    fingerprint: str
    ceiling: Decimal | None
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that the mapping uses and the target does not offer: an account or a tax type."""

    key: str
    is_tax: bool
    text: str
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """All of it. ``repeats`` counts reports by connection name that came more than once."""

    systems: tuple[System, ...] = ()
    lists: tuple[Listed, ...] = ()
    writes: tuple[Write, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unread: tuple[Unread, ...] = ()
    settings: tuple[Setting, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    repeats: dict[str, int] = field(default_factory=dict)
