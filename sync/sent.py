"""What really went out, when no answer says what became of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from practices.models import Connection
from sync.models import OPEN_CHANGE_STATES, Change, ChangeState, Kind, Verb
from sync.wishes import agreed_on

OVERTAKEN = "overtaken"
"""The reason on a waiting Change that no plan wants any more, and that may have arrived: it is only looked up."""


def may_be_there(change: Change) -> bool:
    """Whether a payment posted again went out and nobody knows yet what became of it."""
    again = change.kind == Kind.PAYMENT and change.verb == Verb.UPDATE
    return again and change.look_up_first and change.first_sent_at is not None


def creates_sent(
    source: Connection, target: Connection, kind: str, source_external_ids: Iterable[str]
) -> dict[str, Change]:
    """The last create that went out for each of these records, by source id.

    It need not be the one that is open now: newer facts make a new Change, which is looked up before it is sent.
    """
    rows = Change.objects.filter(
        connection=target,
        source_connection=source,
        kind=kind,
        verb=Verb.CREATE,
        source_external_id__in=list(source_external_ids),
        attempts__verb=Verb.CREATE,
    )
    return {change.source_external_id: change for change in rows.order_by("pk")}


def updates_sent(
    source: Connection, target: Connection, agreed_at: Mapping[tuple[str, str], datetime]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What updates that may have arrived said, by kind and source id; the later word counts.

    Their answers never came, and newer facts may have replaced them since. ``agreed_at`` says when both sides last
    agreed: what was sent before that is settled.
    """
    rows = Change.objects.filter(
        connection=target,
        source_connection=source,
        verb=Verb.UPDATE,
        state__in=[ChangeState.SUPERSEDED, *OPEN_CHANGE_STATES],
        first_sent_at__isnull=False,
    )
    if len(agreed_at) == 1:
        rows = rows.filter(source_external_id=next(iter(agreed_at))[1])
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, key, sent_at, values, asked_for in rows.order_by("pk").values_list(
        "kind", "source_external_id", "first_sent_at", "values", "asked_for"
    ):
        agreed = agreed_at.get((kind, key))
        if agreed is not None and agreed < sent_at:
            out[kind, key] = {**out.get((kind, key), {}), **agreed_on(values, asked_for)}
    return out


def as_sent(there: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The target's values as they were when ``values`` arrived; what differs was changed there by somebody since."""
    return {name: values.get(name, value) for name, value in there.items()}
