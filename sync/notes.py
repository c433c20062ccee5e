"""Sentences left in the target's own history, so that someone who only looks there sees what happened and why.

A note costs one call per document, so by default only what replaced an existing value is noted; a document that
this app created says where it comes from by its number, reference and link. A note is never sent twice: its row is
marked before the call, and a lost note is not repeated.
"""

from collections.abc import Callable, Iterable

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from connectors.base import Target
from connectors.errors import ConnectorError, RateLimited
from connectors.records import Kind as RecordKind
from mappings.catalog import About
from mappings.services import load_choices
from mappings.targets import TARGETS
from practices.models import Connection
from sync.models import Change, ChangeState, Kind, Mode, Verb

log = structlog.get_logger(__name__)

NOTED = {Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT}
MOST_AT_ONCE = 500
LABELS = {
    **{item.value: item.label.lower() for item in TARGETS.values() if item.about is About.CONTACT},
    "name": "name",
    "email": "e-mail",
    "phone": "phone",
    "account_number": "account number",
    "reference": "reference",
    "date": "date",
    "due_date": "due date",
    "lines": "lines",
    "total": "total",
}


def any_due(connection: Connection) -> bool:
    return _due(connection).exists()


def write_due(connection: Connection, target: Target, *, go_on: Callable[[], bool]) -> int:
    """Send the notes that are due while ``go_on`` allows. A pause leaves the rest for later; a refusal is let go."""
    everything = load_choices(connection.practice)[1].notes == "all"
    sent = 0
    for change in _due(connection)[:MOST_AT_ONCE]:
        if not go_on():
            break
        taken = Change.objects.filter(pk=change.pk, noted_at=None).update(noted_at=timezone.now())
        if not taken or not (everything or overwrote(change)):
            continue
        try:
            target.add_note(RecordKind(change.kind), change.target_external_id, text_of(change))
            sent += 1
        except RateLimited:
            Change.objects.filter(pk=change.pk).update(noted_at=None)
            break
        except ConnectorError as error:
            log.warning("note_not_written", change=change.pk, error=type(error).__name__)
            break
    return sent


def overwrote(change: Change) -> bool:
    """Whether something that was there is no longer: filling an empty field explains itself."""
    return change.verb == Verb.UPDATE and any(value not in ("", None, []) for value in change.before.values())


def text_of(change: Change) -> str:
    """What the note says: what was done, from which record, under which mapping version."""
    origin = change.source_connection.get_provider_display()
    if change.verb == Verb.CREATE:
        what = f"Created from {origin} record {change.source_external_id}"
    else:
        what = f"Changed {_and(_fields(change))} to what {origin} record {change.source_external_id} says"
    return f"{what} (mapping version {change.mapping_version}, change {change.key})."


def _fields(change: Change) -> list[str]:
    return [LABELS.get(name, name.replace("_", " ")) for name in change.values if name in LABELS]


def _and(words: Iterable[str]) -> str:
    listed = list(words)
    return ", ".join(listed[:-1]) + f" and {listed[-1]}" if len(listed) > 1 else "".join(listed) or "values"


def _due(connection: Connection) -> QuerySet[Change]:
    wanted = load_choices(connection.practice)[1].notes
    rows = Change.objects.filter(
        connection=connection, state=ChangeState.DONE, noted_at=None, sent_by__isnull=False, kind__in=NOTED
    ).exclude(flow__mode=Mode.WATCH)  # a note is written into the target too
    if wanted == "none":
        return rows.none()
    return rows.order_by("pk") if wanted == "all" else rows.filter(verb=Verb.UPDATE).order_by("pk")
