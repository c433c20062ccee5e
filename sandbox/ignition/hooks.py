"""Sends change hints to the address a practice registered. Off until one is registered.

Hints are signed over `timestamp + "." + raw body` with HMAC-SHA256. The timestamp is the machine's time, not
the sandbox's: receivers compare it with their own clock to refuse replays.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.ignition.state import Hook, IgnitionPractice

if TYPE_CHECKING:
    from sandbox.world import World

# (url, headers, body) -> HTTP status; 0 when nothing answered.
Send = Callable[[str, dict[str, str], bytes], int]

MAX_TRIES = 5
SEND_TIMEOUT = 5.0


@dataclass(frozen=True)
class Delivery:
    """One hint sent: its id and what the receiver answered (0: nothing)."""

    practice: str
    event_id: str
    status: int


def register(practice: IgnitionPractice, url: str, secret: str) -> None:
    """From now on every change of this practice queues a hint for this address."""
    practice.hook = Hook(url=url, secret=secret)


def unregister(practice: IgnitionPractice) -> None:
    practice.hook = None
    practice.hints.clear()


def signed(hint: dict[str, Any], secret: str, timestamp: int) -> tuple[dict[str, str], bytes]:
    """Headers and raw body of one delivery."""
    body = json.dumps(hint, separators=(",", ":")).encode()
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Sync-Event-Id": hint["id"],
        "X-Sync-Timestamp": str(timestamp),
        "X-Sync-Signature": f"v1={digest}",
    }
    return headers, body


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """Send over HTTP. Registered addresses come from whoever runs the sandbox; only http(s) is accepted."""
    if not url.startswith(("http://", "https://")):
        return 0
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - scheme checked
    try:
        with urllib.request.urlopen(request, timeout=SEND_TIMEOUT) as answer:  # noqa: S310 - scheme checked
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def flush(world: World, send: Send = post, key: str | None = None) -> list[Delivery]:
    """Send what is queued, for one practice or all. What is not answered with 2xx stays queued, up to
    MAX_TRIES.

    The world is locked while the queue is taken and given back, not while sending: the receiver may call us
    back.
    """
    with world.lock:
        taken = [
            (practice, practice.hook, practice.hints[:])
            for practice in world.ignition.values()
            if practice.hook is not None and (key is None or practice.key == key)
        ]
        for practice, _, _ in taken:
            practice.hints.clear()
    deliveries: list[Delivery] = []
    for practice, hook, hints in taken:
        failed = []
        for queued in hints:
            tries = queued.get("tries", 0) + 1
            hint = {name: value for name, value in queued.items() if name != "tries"}
            headers, body = signed(hint, hook.secret, int(time.time()))
            status = send(hook.url, headers, body)
            deliveries.append(Delivery(practice.key, hint["id"], status))
            if not 200 <= status < 300 and tries < MAX_TRIES:
                failed.append({**hint, "tries": tries})
        with world.lock:
            practice.hints[:0] = failed
    return deliveries


class Courier(threading.Thread):
    """Flushes in the background until stopped."""

    def __init__(self, world: World, *, every: float = 0.2, send: Send = post) -> None:
        super().__init__(name="ignition-hints", daemon=True)
        self._world = world
        self._every = every
        self._send = send
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(self._every):
            flush(self._world, self._send)

    def stop(self) -> None:
        """Ask the thread to end and wait for it, at most one send long."""
        self._stopping.set()
        self.join(SEND_TIMEOUT + self._every)
