"""Webhooks to applications: intent to receive, signed deliveries, retries, the end after a day of failure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

from sandbox.clock import Clock

log = logging.getLogger(__name__)

CATEGORIES = ("CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT", "PAYMENT")
RESOURCES = {
    "CONTACT": "Contacts", "INVOICE": "Invoices", "CREDITNOTE": "CreditNotes",
    "PREPAYMENT": "Prepayments", "PAYMENT": "Payments",
}  # fmt: skip
ANSWER_SECONDS = 5.0
GIVE_UP = timedelta(hours=24)
FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 3600.0
# Real seconds. The real service tries once, when somebody presses a button; here the receiver may be starting still.
ASK_AGAIN_SECONDS = 1.0
STOP_ASKING_SECONDS = 600.0
LARGEST_BATCH = 50
# Real seconds between looks at the queue; also how long events are collected into one delivery.
TICK = 0.05


@dataclass(slots=True)
class Batch:
    """Events of one delivery. Times are Unix seconds of the simulated clock."""

    events: list[dict[str, Any]]
    made: float
    due: float
    tries: int = 0


@dataclass(slots=True)
class Hook:
    """One application's subscription. `status`: pending (intent to receive not passed), active, disabled.

    `drop`, `double`, `shuffle`: shares (0..1) of deliveries that are lost, sent twice, or sent late.
    """

    client_id: str
    url: str
    key: str
    categories: list[str] = field(default_factory=lambda: list(CATEGORIES))
    status: str = "pending"
    reason: str = ""
    sequence: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    drop: float = 0.0
    double: float = 0.0
    shuffle: float = 0.0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """For the control interface; the key stays out."""
        return {
            "client_id": self.client_id,
            "url": self.url,
            "categories": self.categories,
            "status": self.status,
            "reason": self.reason,
            "sequence": self.sequence,
            "delivered": self.delivered,
            "failed": self.failed,
            "dropped": self.dropped,
            "queued": len(self.waiting) + len(self.batches),
        }


class Hooks:
    """Sends from one background thread, which lives only while a hook is registered."""

    def __init__(self, clock: Clock, random: Random, connected: Callable[[str, str], bool]) -> None:
        """`connected(client_id, tenant_id)`: only organisations connected to the application send events."""
        self._clock = clock
        # Dice of its own: deliveries happen at unpredictable moments and must not shift the world's ids.
        self._dice = Random(random.getrandbits(32))  # noqa: S311 - repeatable, not secret
        self._connected = connected
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy = False
        # Pending hooks that nobody answered for: since when, and when to ask again, by this process's clock.
        self._unanswered: dict[str, tuple[float, float]] = {}
        self.hooks: dict[str, Hook] = {}

    def register(self, hook: Hook) -> None:
        """Add or replace an application's hook. A pending one is checked for intent to receive first."""
        with self._lock:
            self.hooks[hook.client_id] = hook
            self._unanswered.pop(hook.client_id, None)
        if self._thread is None or not self._thread.is_alive():
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name="webhooks", daemon=True
            )
            self._thread.start()

    def remove(self, client_id: str) -> None:
        with self._lock:
            self.hooks.pop(client_id, None)

    def stop(self) -> None:
        self._stop.set()

    def notify(self, tenant: str, category: str, key: str, event_type: str) -> None:
        """Queue an event for every hook that wants it. Cheap, and never waits for a delivery."""
        if not self.hooks:
            return
        moment = self._clock.now()
        event = {
            "resourceUrl": f"https://api.xero.com/api.xro/2.0/{RESOURCES[category]}/{key}",
            "resourceId": key,
            "eventDateUtc": moment.replace(tzinfo=None).isoformat(timespec="milliseconds"),
            "eventType": event_type,
            "eventCategory": category,
            "tenantId": tenant,
            "tenantType": "ORGANISATION",
        }
        with self._lock:
            for hook in self.hooks.values():
                wanted = hook.status == "active" and category in hook.categories
                if wanted and self._connected(hook.client_id, tenant):
                    hook.waiting.append(event)

    def idle(self) -> bool:
        """True when nothing is waiting to be sent for the first time."""
        with self._lock:
            return not self._busy and not any(
                hook.waiting or hook.status == "pending" or any(not batch.tries for batch in hook.batches)
                for hook in self.hooks.values()
            )

    def dump(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    **{name: getattr(hook, name) for name in Hook.__dataclass_fields__ if name != "batches"},
                    "batches": [[batch.events, batch.made, batch.due, batch.tries] for batch in hook.batches],
                }
                for hook in self.hooks.values()
            ]

    def load(self, data: list[dict[str, Any]]) -> None:
        for entry in data:
            batches = [Batch(*batch) for batch in entry["batches"]]
            self.register(Hook(**{**entry, "batches": batches}))

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(TICK):
            with self._lock:
                self._busy = True
                hooks = list(self.hooks.values())
            try:
                for hook in hooks:
                    self._work(hook)
            except Exception:
                log.exception("Webhook delivery failed unexpectedly")
            finally:
                self._busy = False

    def _work(self, hook: Hook) -> None:
        if hook.status == "pending":
            self._ask_intent(hook)
        now = self._clock.now().timestamp()
        with self._lock:
            self._pack(hook, now)
            due = [batch for batch in hook.batches if batch.due <= now]
        for batch in due:
            if hook.status != "active":
                return
            self._deliver(hook, batch, now)

    def _pack(self, hook: Hook, now: float) -> None:
        while hook.waiting:
            events, hook.waiting = hook.waiting[:LARGEST_BATCH], hook.waiting[LARGEST_BATCH:]
            if self._dice.random() < hook.drop:
                hook.dropped += len(events)
                continue
            late = self._dice.random() < hook.shuffle
            batch = Batch(events, now, now + (self._dice.random() * 2 if late else 0))
            hook.batches.append(batch)
            if self._dice.random() < hook.double:
                hook.batches.append(Batch(events, now, now))

    def _deliver(self, hook: Hook, batch: Batch, now: float) -> None:
        first = hook.sequence + 1
        last = hook.sequence + len(batch.events)
        body = self._body(batch.events, first, last)
        batch.tries += 1
        accepted = self._post(hook, body, sign(hook.key, body)) == 200
        with self._lock:
            if accepted:
                hook.sequence = last
                hook.delivered += len(batch.events)
                hook.batches.remove(batch)
                return
            hook.failed += 1
            if now - batch.made > GIVE_UP.total_seconds():
                # What was not delivered within a day is lost, and nothing more is sent.
                hook.status, hook.reason = "disabled", "no delivery was accepted for 24 hours"
                hook.batches.clear()
                hook.waiting.clear()
                return
            wait = min(FIRST_RETRY_SECONDS * 2 ** (batch.tries - 1), LONGEST_RETRY_SECONDS)
            batch.due = now + wait

    def _ask_intent(self, hook: Hook) -> None:
        """Signed and mis-signed empty deliveries; each must be told apart before the hook is active.

        While nobody answers at all the hook stays pending and is asked again.
        """
        now = time.monotonic()
        since, again = self._unanswered.get(hook.client_id, (now, now))
        if now < again:
            return
        for genuine in (True, False, False, True):
            body = self._body([], 0, 0)
            signature = sign(hook.key if genuine else f"{hook.key}x", body)
            status, wanted = self._post(hook, body, signature), 200 if genuine else 401
            if status == 0 and now - since < STOP_ASKING_SECONDS:
                hook.reason = "nobody answers yet"
                self._unanswered[hook.client_id] = (since, now + ASK_AGAIN_SECONDS)
                return
            if status != wanted:
                hook.status = "disabled"
                hook.reason = f"intent to receive: answered {status} instead of {wanted}"
                return
        hook.status, hook.reason = "active", ""

    def _body(self, events: list[dict[str, Any]], first: int, last: int) -> bytes:
        entropy = "".join(self._dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=20))
        return json.dumps(
            {
                "events": events,
                "firstEventSequence": first if events else 0,
                "lastEventSequence": last if events else 0,
                "entropy": entropy,
            }
        ).encode()

    def _post(self, hook: Hook, body: bytes, signature: str) -> int:
        """The status, 0 when nobody answered, -1 for a 200 that breaks the rules (a body or a cookie)."""
        parts = urlsplit(hook.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {
            "Content-Type": "application/json",
            "x-xero-signature": signature,
            "User-Agent": "Xero-Webhook",
        }
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        if answer.status == 200 and (text or answer.getheader("Set-Cookie")):
            return -1
        return answer.status


def sign(key: str, body: bytes) -> str:
    """The value of x-xero-signature."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
