"""Links as a comparison needs them: without the model around them, and what was agreed on read only when asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from sync.ahead import AT_ONCE, ahead
from sync.world import Sides


@dataclass(frozen=True, slots=True)
class Linked:
    """A pair of ids. ``agreed_text`` is ``Link.base_source`` as JSON text."""

    target_external_id: str
    source_digest: str
    agreed_at: datetime | None
    agreed_text: str

    @property
    def base_source(self) -> dict[str, Any]:
        values: dict[str, Any] = orjson.loads(self.agreed_text)
        return values


def links_of(sides: Sides) -> dict[tuple[str, str], Linked]:
    """Every link of the two connections by kind and source id."""
    rows = sides.links().values_list(
        "kind",
        "source_external_id",
        "target_external_id",
        "source_digest",
        "agreed_at",
        Cast("base_source", TextField()),
    )
    return {(kind, key): Linked(*rest) for kind, key, *rest in ahead(rows.iterator(AT_ONCE))}
