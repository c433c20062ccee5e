"""What senders of hints do: sign a body and post it."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from django.test import Client

from practices.models import Connection

XERO_KEY = "the-key-that-xero-signs-with-in-these-tests"
RECORD = "8c1f3f1a-3b0e-4a6c-9d0f-0a5d1e7c2b90"


def xero_event(connection: Connection, **changed: Any) -> dict[str, Any]:
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{RECORD}",
        "resourceId": RECORD,
        "eventDateUtc": "2026-11-18T02:14:07.551",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": connection.tenant_external_id,
        "tenantType": "ORGANISATION",
        **changed,
    }


def many_events(connection: Connection, count: int) -> list[dict[str, Any]]:
    return [xero_event(connection, resourceId=str(uuid.UUID(int=number))) for number in range(count)]


def xero_body(*events: Any) -> bytes:
    last = len(events)
    whole = {"events": list(events), "firstEventSequence": min(last, 1), "lastEventSequence": last}
    return json.dumps({**whole, "entropy": "S7tYhQpLmXvB"}).encode()


def signed_by_xero(body: bytes, key: str = XERO_KEY) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def post_xero(
    body: bytes,
    *,
    signature: str | None = None,
    client: Client | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    given = signed_by_xero(body) if signature is None else signature
    return (client or Client()).post(
        "/hooks/xero/",
        body,
        content_type="application/json",
        headers={"X-Xero-Signature": given, "User-Agent": "Xero-Webhook", **(headers or {})},
    )


def hint(**changed: Any) -> bytes:
    whole = {
        "id": "evt_01",
        "type": "invoice.paid",
        "schema": 1,
        "occurred_at": "2026-11-20T01:59:58Z",
        "source": "test",
        "practice": "harbour",
        "resource": {"type": "invoice", "slug": "inv_abc", "natural_key": None},
        "data": None,
    }
    return json.dumps({**whole, **changed}).encode()


def signed_headers(
    body: bytes, secret: str, *, at: float | None = None, event_id: str = ""
) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    found = {"X-Sync-Timestamp": stamp, "X-Sync-Signature": f"v1={digest}"}
    return {**found, "X-Sync-Event-Id": event_id} if event_id else found


def post_ignition(
    address: Connection | uuid.UUID, body: bytes, headers: dict[str, str], query: str = ""
) -> Any:
    public_id = address.public_id if isinstance(address, Connection) else address
    url = f"/hooks/ignition/{public_id}/{query}"
    return Client().post(url, body, content_type="application/json", headers=headers)
