"""What people asked to be written on the reconciliation page: open Changes that the next plans have to keep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.rules import Fired
from practices.models import Connection
from sync.models import Change

ASKED = "Somebody asked for it on the reconciliation page."
"""The remark that such a Change carries, for people."""
WHOLE = "record"
"""What ``Change.asked_for`` names where the whole record was asked for."""
AGAIN = "again"
"""What it names where a payment that was removed in the target is to be posted once more."""
SECOND_PERSON = Fired("reconciliation", "Fix of a difference")
"""What asks for approval of it, as a rule would."""
LINE_FIELDS = frozenset({"account_code", "tracking", "description"})
"""What can be asked for of a document's lines: it moves no total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``fields`` are the values to write; none for a record that is to be created. ``values``: as asked for before.

    ``is_sent``: it went out already, so that it may have arrived.
    """

    kind: str
    source_external_id: str
    fields: frozenset[str] = frozenset()
    asks: bool = True
    values: Mapping[str, Any] | None = None
    is_sent: bool = False

    @property
    def asked_for(self) -> tuple[str, ...]:
        """As a Change keeps it."""
        return tuple(sorted(self.fields)) or (WHOLE,)


def agreed_on(values: Mapping[str, Any], asked_for: Iterable[str]) -> dict[str, Any]:
    """What both sides agree on once an update arrived.

    Lines of which single values were put right are sent as the target has them. What differs in them besides was not
    agreed on, so they leave what was agreed on before as it is.
    """
    if not LINE_FIELDS & set(asked_for):
        return dict(values)
    return {name: value for name, value in values.items() if name not in {"lines", "line_amounts"}}


def open_wishes(source: Connection, target: Connection) -> list[Wish]:
    """One query. What is being sent right now may be among them: no plan touches it."""
    rows = Change.objects.open().filter(connection=target, source_connection=source)
    return [wish_of(change) for change in rows.exclude(asked_for=[]).order_by("pk")]


def wish_of(change: Change) -> Wish:
    return Wish(
        kind=change.kind,
        source_external_id=change.source_external_id,
        fields=frozenset(change.asked_for) - {WHOLE},
        asks=any(item.get("key") == SECOND_PERSON.key for item in change.approval_asked),
        values=change.values,
        is_sent=change.first_sent_at is not None,
    )
