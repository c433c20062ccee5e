"""What a provider answered, and what its status means wherever it is the same at every provider."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.errors import ConnectorError, NotFound, Unavailable, Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's answer. ``headers`` have lower-case names; ``ms`` is how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: int

    def json(self) -> Any:
        """The body as JSON with ``Decimal`` numbers; raises ``ValueError`` when it isn't JSON."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def date(self) -> datetime | None:
        """The provider's clock."""
        try:
            return parsedate_to_datetime(self.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            return None


def plain_failure(provider: str, answer: Answer, *, is_write: bool) -> ConnectorError | None:
    """The statuses that mean the same at every provider; ``None`` where the provider's own table decides."""
    if answer.status >= 500:
        text = f"{provider.title()} had a problem ({answer.status})."
        if is_write:
            later = " It will be looked up before anything is sent again."
            return Unclear(text + later, provider=provider, status=answer.status)
        return Unavailable(text + " It will be tried again.", provider=provider, status=answer.status)
    if answer.status == 404:
        return NotFound(f"{provider.title()} does not know this record.", provider=provider, status=404)
    return None
