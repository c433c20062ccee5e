"""What a webhook tells: that a record may have changed. Never the record itself, which is read from its source."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from connectors.records import Kind

LONGEST_ID = 100
LONGEST_ACTION = 60
LONGEST_BODY = 20_000
"""Characters of one hint that are kept. A hint carries ids; what is longer is an attachment to it."""

_YEARS = range(2000, 2100)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What a database of text can't hold: the character NUL, and halves of characters."""


class BadBody(ValueError):
    """The sender is genuine and the body is not what it says it sends; the text says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One reported change. ``event_id`` is the same when the same hint is sent again.

    ``kind`` is ``None`` where the hint does not say what changed. ``ignored`` says why nobody needs to look;
    ``occurred_at`` is the sender's clock. ``tenant_external_id`` is empty where the address says whose hint it is.
    """

    event_id: str
    kind: Kind | None
    external_id: str
    action: str
    occurred_at: datetime | None
    body: str
    tenant_external_id: str = ""
    ignored: str = ""


def json_of(text: str) -> Any:
    """The JSON in a text. Raises :class:`BadBody` for anything else, however deep or large."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadBody(f"not JSON: {error}") from error


def text_of(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadBody("not UTF-8") from error


def storable(text: str, longest: int) -> str:
    """The text as a database can hold it, cut at ``longest``."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:longest]


def plain(data: Any, *names: str) -> str:
    """The first of these fields that is text or a whole number, as text; empty when there is none."""
    if not isinstance(data, dict):
        return ""
    for name in names:
        value = data.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 64:
            return str(value)
    return ""


def written(data: Any) -> str:
    """One hint as text, for whoever wants to see what came in. Plain ASCII, so that anything can be stored."""
    try:
        return json.dumps(data, separators=(",", ":"))[:LONGEST_BODY]
    except RecursionError:
        return "(nested too deeply to be shown)"


def instant(text: str, *, zone: tzinfo | None) -> datetime | None:
    """An ISO 8601 instant as UTC; one without a zone is in ``zone``. Nonsense, and what no page could show, is none."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            if zone is None:
                return None
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC) if found.year in _YEARS else None
    except (ValueError, OverflowError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
