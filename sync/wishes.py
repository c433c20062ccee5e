"""What people asked to be written on the reconciliation page: open Changes that the next plans have to keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings.rules import Fired
from practices.models import Connection
from sync.models import Change, Verb

ASKED = "Somebody asked for it on the reconciliation page."
"""The remark that such a Change carries, by which it is known: other words would make older ones unknown."""
SECOND_PERSON = Fired("reconciliation", "Fix of a difference")
"""What asks for approval of it, as a rule would."""
FIELDS = frozenset({"name", "email", "phone", "due_date", "reference"})
"""What can be asked for of a record that is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``fields`` are the values to write; none for a record that is to be created. ``values``: as asked for before."""

    kind: str
    source_external_id: str
    fields: frozenset[str] = frozenset()
    asks: bool = True
    values: Mapping[str, Any] | None = None


def open_wishes(source: Connection, target: Connection) -> list[Wish]:
    """One query. What is being sent right now may be among them: no plan touches it."""
    rows = Change.objects.open().filter(connection=target, source_connection=source)
    asked = rows.filter(released_by__isnull=False, remarks__contains=[ASKED])
    return [wish_of(change) for change in asked.order_by("pk")]


def wish_of(change: Change) -> Wish:
    return Wish(
        kind=change.kind,
        source_external_id=change.source_external_id,
        fields=FIELDS & change.values.keys() if change.verb == Verb.UPDATE else frozenset(),
        asks=any(item.get("key") == SECOND_PERSON.key for item in change.approval_asked),
        values=change.values,
    )
