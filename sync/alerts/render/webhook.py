"""A message for machines: JSON about one alert, signed so that the receiver knows whom it is from.

``docs/alerts.md`` tells receivers what is in it and how to verify it.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

VERSION = "v1"


def body(facts: Mapping[str, Any]) -> bytes:
    """The bytes that are sent and signed."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def headers(sent: bytes, *, key: str, event_id: str, now: datetime) -> dict[str, str]:
    """What goes with it. Time and signature are of this try, the id is the same for every try."""
    stamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "X-Event-Id": event_id,
        "X-Timestamp": stamp,
        "X-Signature": f"{VERSION}={signature(sent, key=key, stamp=stamp)}",
    }


def signature(sent: bytes, *, key: str, stamp: str) -> str:
    """HMAC-SHA256 over the time, a dot and the body, in hexadecimal."""
    return hmac.new(key.encode(), stamp.encode() + b"." + sent, hashlib.sha256).hexdigest()
