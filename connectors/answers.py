"""What a provider answered, and what its status means wherever it is the same at every provider."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.errors import ConnectorError, NotFound, Unavailable, Unclear

_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's answer. ``headers`` have lower-case names; ``ms`` is how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    ms: int

    def json(self) -> Any:
        """The body as JSON with ``Decimal`` numbers; raises ``ValueError`` when it isn't JSON.

        Characters that no database can hold (NUL, half of a surrogate pair) are left out.
        """
        data = json.loads(self.body, parse_float=Decimal, parse_constant=_no_constant)
        return _storable(data) if _UNSTORABLE.search(self.body) else data

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


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(char for char in value if char != "\0" and not "\ud800" <= char <= "\udfff")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
