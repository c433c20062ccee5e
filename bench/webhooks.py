"""How fast a report is answered: signed requests at a fixed pace against the web server as it is installed.

Whoever reports waits for the answer, and gives an address up that is slow. Sender, web server and database share this
machine. A worker is played: each second the live runs that reports have started are ended, so that the next reports
have to start new ones and wake somebody, as they would.
"""

import base64
import hashlib
import hmac
import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.utils import timezone

from bench import machine, stage
from bench.figures import EXACTLY, Row, percentile
from bench.programs import own_environment, start_web, supervised
from launcher import paths
from practices import hooks
from practices.models import Connection, Practice, Provider
from sync.models import OPEN_RUN_STATES, Event, Purpose, Run, RunState

PRACTICES = 20
RATE = 100
SECONDS = 30
WARM_SECONDS = 3
AGAIN = 0.1
"""The part of the requests that is sent a second time, as a sender does that missed the answer."""
MOST_MS = 100
CATEGORIES = ("INVOICE", "CONTACT", "PAYMENT", "CREDITNOTE")
TYPES = ("invoice.updated", "client.updated", "payment.collected", "proposal.accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One side that reports: ``make`` gives one request, as sent, with the ids of the events in it."""

    name: str
    make: Callable[[random.Random], tuple[str, list[str]]]


def measure(size: int) -> Iterator[Row]:
    """``size`` plays no part: an answer does not depend on how much there is."""
    address = urlsplit(settings.BASE_URL)
    practices = [_practice(number) for number in range(PRACTICES)]
    tenants = [xero.tenant_external_id for xero, _, _ in practices]
    senders = (
        Sender(name="Xero", make=lambda dice: _from_xero(address.netloc, tenants, dice)),
        Sender(name="Ignition", make=lambda dice: _from_ignition(address.netloc, practices, dice)),
    )
    environment = {**own_environment(), "LOG_LEVEL": "INFO"}
    with supervised("webhooks") as supervisor:
        start_web(supervisor, environment)
        for sender in senders:
            yield from _measured(sender, supervisor.pid("web"))


def _measured(sender: Sender, web: int) -> Iterator[Row]:
    dice = random.Random(f"{sender.name}, the same each time")  # noqa: S311  no secret
    _fire(sender.name, _requests(sender, WARM_SECONDS * RATE, dice)[0])
    before = Event.objects.count()
    requests, events = _requests(sender, SECONDS * RATE, dice)
    processes = [web, *machine.children(web)]
    spent = machine.cpu_seconds(*processes)
    shots = _fire(sender.name, requests)
    spent = machine.cpu_seconds(*processes) - spent
    took = [float(shot["ms"]) for shot in shots]
    statuses = Counter(int(shot["status"]) for shot in shots)
    half, late = percentile(took, 0.5), percentile([shot["late"] * 1000 for shot in shots], 0.99)
    yield Row(
        part="webhooks",
        what=f"{sender.name}: answered at {RATE} a second for {SECONDS} s, 99 of 100 within",
        measured=round(percentile(took, 0.99), 1),
        unit="ms",
        bar=MOST_MS,
        note=f"p50 {half:.0f}, most {max(took):.0f}; {spent * 1000 / len(shots):.1f} ms of a processor each",
        more={"p50": half, "sender_late_p99": late, "statuses": dict(statuses), "web_cpu_seconds": spent},
    )
    yield Row(
        part="webhooks",
        what=f"{sender.name}: requests that were not answered with 200",
        measured=len(shots) - statuses[200],
        bar=0,
        rule=EXACTLY,
        note=f"of {len(shots):,}; the sender itself was late by {late:.0f} ms (p99)",
    )
    yield Row(
        part="webhooks",
        what=f"{sender.name}: events missing or kept twice",
        measured=abs(Event.objects.count() - before - len(set(events))),
        bar=0,
        rule=EXACTLY,
        note=f"of {len(set(events)):,} in {len(requests):,} requests, {len(events) - len(set(events)):,} told again",
    )


def _requests(sender: Sender, number: int, dice: random.Random) -> tuple[list[str], list[str]]:
    requests: list[str] = []
    events: list[str] = []
    sent: list[tuple[str, list[str]]] = []
    for _ in range(number):
        one = dice.choice(sent) if sent and dice.random() < AGAIN else sender.make(dice)
        sent.append(one)
        requests.append(one[0])
        events.extend(one[1])
    return requests, events


def _fire(name: str, requests: Sequence[str]) -> list[dict[str, Any]]:
    """By a process of its own; live runs are ended meanwhile."""
    address = urlsplit(settings.BASE_URL)
    plan, result = stage.FOLDER / f"{name}.requests.json", stage.FOLDER / f"{name}.shots.json"
    facts = {"host": address.hostname, "port": address.port, "every": 1 / RATE, "requests": list(requests)}
    plan.write_text(json.dumps(facts))
    over = threading.Event()
    worker = threading.Thread(target=_end_live_runs, args=(over,))
    worker.start()
    try:
        command = [sys.executable, "-m", "bench.open_loop", str(plan), str(result)]
        subprocess.run(command, cwd=paths.BASE_DIR, check=True)
    finally:
        over.set()
        worker.join()
    shots: list[dict[str, Any]] = json.loads(result.read_text())
    return shots


def _end_live_runs(over: threading.Event) -> None:
    try:
        while not over.wait(1):
            live = Run.objects.filter(purpose=Purpose.LIVE, state__in=OPEN_RUN_STATES)
            live.update(state=RunState.DONE, finished_at=timezone.now())
    finally:
        database.close()


def _practice(number: int) -> tuple[Connection, Connection, str]:
    """Both connections of a practice, and the secret of who reports for Ignition."""
    practice = Practice.objects.create(name=f"Practice {number}", slug=f"practice-{number}")
    xero = Connection.objects.create(
        practice=practice, provider=Provider.XERO, tenant_external_id=str(uuid.uuid4())
    )
    ignition = Connection.objects.create(practice=practice, provider=Provider.IGNITION)
    return xero, ignition, hooks.make(ignition, actor=None, label="Sender").text


def _from_xero(host: str, tenants: Sequence[str], dice: random.Random) -> tuple[str, list[str]]:
    events = [_event(dice.choice(tenants), dice) for _ in range(dice.randint(1, 5))]
    body = json.dumps({"events": events, "firstEventSequence": 1, "lastEventSequence": len(events)})
    digest = hmac.new(settings.XERO_WEBHOOK_KEY[0].encode(), body.encode(), hashlib.sha256).digest()
    signature = {"X-Xero-Signature": base64.b64encode(digest).decode()}
    return _request(host, "/hooks/xero/", body, signature), [event["resourceId"] for event in events]


def _event(tenant: str, dice: random.Random) -> dict[str, str]:
    return {
        "resourceId": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "eventDateUtc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
        "eventType": dice.choice(("CREATE", "UPDATE")),
        "eventCategory": dice.choice(CATEGORIES),
        "tenantId": tenant,
        "tenantType": "ORGANISATION",
    }


def _from_ignition(
    host: str, practices: Sequence[tuple[Connection, Connection, str]], dice: random.Random
) -> tuple[str, list[str]]:
    _, ignition, secret = dice.choice(practices)
    event_id, at = f"evt_{dice.getrandbits(80):020x}", str(int(time.time()))
    said = dice.choice(TYPES)
    facts = {
        "id": event_id,
        "type": said,
        "occurred_at": datetime.now(UTC).isoformat(),
        "resource": {"type": said.partition(".")[0], "slug": f"inv_{dice.getrandbits(60):015x}"},
    }
    body = json.dumps(facts)
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Sync-Timestamp": at, "X-Sync-Event-Id": event_id, "X-Sync-Signature": f"v1={digest}"}
    return _request(host, f"/hooks/ignition/{ignition.public_id}/", body, headers), [event_id]


def _request(host: str, path: str, body: str, headers: dict[str, str]) -> str:
    lines = {
        "Host": host,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}"
