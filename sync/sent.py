"""What really went out, when no answer says what became of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from practices.models import Connection
from sync.models import Change, Verb


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


def as_sent(there: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The target's values as they were when ``values`` arrived; what differs was changed there by somebody since."""
    return {name: values.get(name, value) for name, value in there.items()}
