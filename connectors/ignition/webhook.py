"""Hints about Ignition: signed ones, and those that an automation tool (Zapier, Make, n8n) passes on.

Ignition itself sends no webhooks. What arrives here was sent by whoever the practice gave a secret to. A signed hint
proves with each request that its sender knows the secret; a tool that can't sign sends the secret itself in a header.
Decides and touches nothing: the time is an argument.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from connectors.hints import (
    LONGEST_ACTION,
    LONGEST_BODY,
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
    "client": Kind.CONTACT,
    "customer": Kind.CONTACT,
    "contact": Kind.PERSON,
    "service": Kind.SERVICE,
    "proposal": Kind.PROPOSAL,
    "engagement": Kind.PROPOSAL,
    "invoice": Kind.INVOICE,
    "payment": Kind.PAYMENT,
    "collection": Kind.COLLECTION,
    "clawback": Kind.COLLECTION,
    "deal": Kind.DEAL,
    "deal_stage": Kind.DEAL_STAGE,
}
PREFIXES = {
    "cli": Kind.CONTACT,
    "con": Kind.PERSON,
    "prop": Kind.PROPOSAL,
    "inv": Kind.INVOICE,
    "pypay": Kind.PAYMENT,
}
"""How Ignition's own ids begin."""

MOST_TOGETHER = 100
"""Hints taken one by one from a tool's list; a longer list is one hint that something changed."""
MOST_FIELDS = 200

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What the headers of a signed hint say, not yet believed."""

    timestamp: str
    value: str


def is_genuine(
    body: bytes, signature: Signature, secrets: Sequence[str], *, now: datetime, skew_seconds: int
) -> int | None:
    """Which of the secrets signed this body at about this time; ``None`` if none did.

    The signature covers ``timestamp + "." + raw body``. Takes the same time whichever it was, or none.
    """
    given = signature.value.removeprefix("v1=").encode("utf-8", "replace")
    signed = f"{signature.timestamp}.".encode("utf-8", "replace") + body
    found = None
    for position, secret in enumerate(secrets):
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if hmac.compare_digest(digest.encode(), given):
            found = position
    fresh = signature.value.startswith("v1=") and _is_fresh(signature.timestamp, now, skew_seconds)
    return found if fresh else None


def knows(given: str, secrets: Sequence[str]) -> int | None:
    """Which of the secrets was sent along; ``None`` if none was. Takes the same time either way."""
    found = None
    # Of one length, so that not even the length of the right one can be felt.
    sent = hashlib.sha256(given.encode("utf-8", "replace")).digest()
    for position, secret in enumerate(secrets):
        if hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), sent):
            found = position
    return found


def parse_signed(body: bytes, *, event_id: str) -> Hint:
    """The hint of a request whose signature was found right. ``event_id`` is what the unsigned header says.

    Raises :class:`BadBody` when it is not the agreed envelope, or the header names another event than the body: only
    the body is signed, so a caught request can't be sent again under a new name.
    """
    text = text_of(body)
    data = json_of(text)
    if not isinstance(data, dict):
        raise BadBody("not an object")
    own_id, action = plain(data, "id"), plain(data, "type")
    if not own_id or len(own_id) > LONGEST_ID or storable(own_id, LONGEST_ID) != own_id:
        raise BadBody("no id of the event")
    if not action:
        raise BadBody("no type of the event")
    if event_id and event_id != own_id:
        raise BadBody("header and body name different events")
    resource = data.get("resource")
    named = plain(resource, "type") or action.partition(".")[0]
    kind = KINDS.get(named.lower())
    return Hint(
        event_id=own_id,
        kind=kind,
        external_id=_id(plain(resource, "slug", "id")),
        action=storable(action, LONGEST_ACTION),
        occurred_at=instant(plain(data, "occurred_at"), zone=None),
        body=storable(text, LONGEST_BODY),
        ignored="" if kind else "Nothing is synced of this sort.",
    )


def parse_loose(body: bytes, *, event_id: str, now: datetime) -> list[Hint]:
    """The hints of a tool that knows the secret. Whatever it sends, something may have changed: never empty.

    What can't be told stays open (``kind`` is ``None``). Tools give no id of their own to what they send, and two equal
    requests can mean two changes; so without ``event_id`` each request is an event of its own.
    """
    text = body.decode("utf-8", "replace")
    entries = _entries(text)
    stem = event_id[:LONGEST_ID] or f"{now.isoformat()} {hashlib.sha256(body).hexdigest()[:16]}"
    stem = hashlib.sha256(stem.encode("utf-8", "replace")).hexdigest()
    if len(entries) == 1:
        return [_loose(entries[0], stem, storable(text, LONGEST_BODY))]
    return [
        _loose(entry, f"{stem}-{number}", written(entry)) for number, entry in enumerate(entries, start=1)
    ]


def _entries(text: str) -> list[dict[str, Any]]:
    """The objects of a body: JSON, a list of it, or a form; one empty object for anything else."""
    try:
        data = json_of(text)
    except BadBody:
        data = _form(text)
    if isinstance(data, list):
        objects = [entry for entry in data if isinstance(entry, dict)]
        whole = objects and len(objects) == len(data) <= MOST_TOGETHER
        return objects if whole else [{}]
    return [data if isinstance(data, dict) else {}]


def _form(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _loose(data: dict[str, Any], event_id: str, body: str) -> Hint:
    resource = data.get("resource")
    inner = resource if isinstance(resource, dict) else {}
    said = plain(data, "event", "type", "trigger", "action", "name")
    sort = plain(inner, "type", "kind") or plain(data, "resource", "type", "kind", "object")
    kind = _kind(sort) or _kind(said)
    external_id = _id(plain(inner, "slug", "id") or plain(data, "slug", "external_id", "record_id", "id"))
    if not external_id and kind is not None:
        external_id = _id(next((plain(data, f"{word}_id") for word, own in KINDS.items() if own == kind), ""))
    return Hint(
        event_id=event_id,
        kind=kind or PREFIXES.get(external_id.partition("_")[0]),
        external_id=external_id,
        action=storable(said or sort, LONGEST_ACTION),
        occurred_at=instant(plain(data, "occurred_at", "updated_at", "timestamp", "date"), zone=None),
        body=body,
    )


def _kind(said: str) -> Kind | None:
    """What a name such as ``Invoice Paid``, ``new_client`` or ``proposal.accepted`` is about, if it is about one."""
    words = _WORD.findall(said[:200].lower())
    return _only(KINDS.get(word) or KINDS.get(word.removesuffix("s")) for word in words)


def _only(kinds: Iterable[Kind | None]) -> Kind | None:
    found = {kind for kind in kinds if kind is not None}
    return found.pop() if len(found) == 1 else None


def _id(text: str) -> str:
    """An id that could be one of Ignition's; anything else is no help in finding a record."""
    return text if _ID.fullmatch(text) else ""


def _is_fresh(timestamp: str, now: datetime, skew_seconds: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= skew_seconds
