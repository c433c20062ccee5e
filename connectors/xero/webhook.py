"""Xero's webhooks: is it from Xero, and what does it say changed. Decides and touches nothing.

One address serves every organisation of the app, so each event names its own. An event says which record changed and
nothing of its content. Xero gives events no id; the same event sent again has the same five facts.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from connectors.hints import (
    LONGEST_ACTION,
    LONGEST_ID,
    BadBody,
    Hint,
    instant,
    json_of,
    plain,
    storable,
    text_of,
    written,
)
from connectors.records import Kind

KINDS = {
    "CONTACT": Kind.CONTACT,
    "INVOICE": Kind.INVOICE,
    "PAYMENT": Kind.PAYMENT,
    "CREDITNOTE": Kind.CREDIT_NOTE,
    "PREPAYMENT": Kind.PREPAYMENT,
}
TYPES = frozenset({"CREATE", "UPDATE"})
ORGANISATION = "ORGANISATION"

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request. ``unreadable`` says what is wrong with events that name no organisation."""

    hints: tuple[Hint, ...]
    is_check: bool
    unreadable: tuple[str, ...] = ()


def is_genuine(body: bytes, signature: str, keys: Sequence[str]) -> bool:
    """Whether one of the app's keys signed exactly these bytes. Takes the same time whichever it was, or none."""
    given = signature.encode("utf-8", "replace")
    found = False
    for key in keys:
        digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
        found |= hmac.compare_digest(base64.b64encode(digest), given)
    return found


def parse(body: bytes) -> Delivery:
    """The hints of a request whose signature was found right.

    ``is_check`` is Xero trying out the address: nothing changed. Events of applications (subscriptions of the app
    itself) are left out. Raises :class:`BadBody` when the whole is not what Xero sends; one odd event among others is
    not held against them.
    """
    data = json_of(text_of(body))
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(events, list):
        raise BadBody("there is no list of events")
    hints: list[Hint] = []
    unreadable: list[str] = []
    for event in events:
        tenant = plain(event, "tenantId")
        if not tenant:
            unreadable.append("an event without tenantId")
        elif _word(event, "tenantType") in {"", ORGANISATION}:
            hints.append(_hint(event, tenant))
    return Delivery(hints=tuple(hints), is_check=not events, unreadable=tuple(unreadable))


def _hint(event: dict[str, Any], tenant: str) -> Hint:
    category, verb = _word(event, "eventCategory"), _word(event, "eventType")
    resource, moment = plain(event, "resourceId"), plain(event, "eventDateUtc")
    lowered = resource.lower()
    kind = KINDS.get(category)
    ignored = ""
    if kind is None:
        ignored = "Nothing is synced of this sort."
    elif verb not in TYPES:
        ignored = "Xero says something about it that is not known here."
    elif not _ID.fullmatch(lowered):
        ignored = "It names no record."
    said = [tenant.lower(), category, verb, lowered, moment]
    return Hint(
        event_id=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        tenant_external_id=storable(tenant, LONGEST_ID),
        kind=None if ignored else kind,
        external_id=storable(lowered if _ID.fullmatch(lowered) else resource, LONGEST_ID),
        action=storable(f"{category} {verb}".strip().lower(), LONGEST_ACTION),
        occurred_at=instant(moment, zone=UTC),  # it carries no zone
        body=written(event),
        ignored=ignored,
    )


def _word(event: Any, name: str) -> str:
    """A word that Xero writes in capitals in some places and not in others."""
    return plain(event, name).upper()
