"""What the rest of the app may ask of any provider.

A provider is a *source* of neutral records (``Source``), a *target* that takes batches of writes (``Target``)
or both. Nothing outside ``connectors`` knows which HTTP calls stand behind these verbs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from connectors.records import Kind, Record


class TokenSource(Protocol):
    """Hands out the credential for the ``Authorization`` header.

    Both methods may refresh over HTTP and raise :class:`connectors.errors.NeedsReconnect`.
    """

    def token(self) -> str:
        """A credential that should work now."""
        ...

    def renew(self, rejected: str) -> str:
        """A new credential after the provider refused ``rejected`` with 401."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What to read: everything (all ``None``), what changed since an instant, or documents by date."""

    since: datetime | None = None
    date_from: date | None = None
    date_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object as read: the raw payload, and its neutral record or the reason it can't be read."""

    kind: Kind
    external_id: str
    raw: dict[str, Any]
    record: Record | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    ``next`` resumes after it (``None``: last page), ``read_at`` is the provider's clock, ``total`` how many objects
    the whole list has where the provider says so.
    """

    rows: tuple[Row, ...]
    next: str | None
    read_at: datetime | None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """One list to walk for a kind.

    ``variant`` names a pass over records hidden by default ("" is the normal one). A list that takes no
    "changed since" is read over its last ``trailing_days``, at night over ``night_days``; one that seldom changes is
    read at most once in ``every_minutes`` unless everything is read; ``nightly`` is read once a night and whenever a
    person asks. One that is ``optional`` may be refused: then the others are read all the same. After ``sweep_hours``
    all of it is read again, preferably at night, to find what vanished.
    """

    kind: Kind
    variant: str = ""
    incremental: bool = True
    trailing_days: int = 0
    night_days: int = 0
    nightly: bool = False
    optional: bool = False
    every_minutes: int = 0
    sweep_hours: int = 7 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the target said about one element of a batch.

    ``ok`` with the stored ``record``; otherwise ``messages`` in the target's words. ``unclear`` means the answer
    says nothing about this element: look it up.
    """

    ok: bool
    unclear: bool = False
    external_id: str = ""
    record: Record | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Source(Protocol):
    def read_plans(self) -> Sequence[ReadPlan]:
        """Every list to walk, in the order that keeps references resolvable."""
        ...

    def read_page(self, plan: ReadPlan, window: Window, resume: str | None) -> Page:
        """One call. ``resume`` is the ``next`` of the page before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One element of a batch: what to create or update, in the target's neutral values.

    ``natural_key`` is the text inside the payload by which the object can be found again.
    """

    key: str
    natural_key: str
    external_id: str
    values: dict[str, Any]


class Target(Protocol):
    def write(
        self, kind: Kind, verb: str, writes: Sequence[Write], *, idempotency_key: str
    ) -> Sequence[Outcome]:
        """One call for the whole batch; outcomes in the order of ``writes``.

        Raises :class:`Unclear` when the call may have been carried out without an answer.
        """
        ...

    def find(self, kind: Kind, writes: Sequence[Write], *, since: datetime) -> dict[str, Row]:
        """Which of these creates already exist, by write key; used after a lost answer."""
        ...

    def read_one(self, kind: Kind, external_id: str) -> Row:
        """One object as it is now; raises :class:`connectors.errors.NotFound`."""
        ...

    def add_note(self, kind: Kind, external_id: str, text: str) -> None:
        """Leave a sentence in the object's own history."""
        ...
