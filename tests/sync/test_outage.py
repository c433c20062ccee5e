"""An outage drill: for an hour nothing that one practice sends to Xero works.

Time is simulated on both sides: the app's and the sandbox's clock move together, and whatever is due at a moment is
done then, as beat and workers would do it. So the real waits are tried, not shortened ones.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from sandbox.clock import Clock
from sandbox.faults import NoAnswer
from sandbox.seed import practices as seeding
from sandbox.server import running
from sandbox.web import Request, Response
from sandbox.world import World
from sync import runs, tasks
from sync.models import (
    OPEN_RUN_STATES,
    Alert,
    AlertEvent,
    Change,
    ChangeState,
    Incident,
    IncidentState,
    Mode,
    Run,
)
from tests.sync.conftest import NO_LIMITS, Office, open_office

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
OUTAGE = timedelta(hours=1)
#: The longest wait between two tries is half an hour; after it everything that had piled up is sent.
RECOVERY = timedelta(minutes=45)
STEP = timedelta(minutes=1)
BILL_EVERY = timedelta(minutes=6)


class Gateway(World):
    """A sandbox in which Xero fails for one organisation only, in one way, while ``down`` names that one."""

    down = ""
    sort = ""
    refused = 0

    def handle(self, request: Request) -> Response:
        if not self.down or request.headers.get("xero-tenant-id") != self.down:
            return super().handle(request)
        self.refused += 1
        if self.sort == "503":
            return Response(503)
        if self.sort == "429":
            return Response(429, headers={"Retry-After": "60", "X-Rate-Limit-Problem": "minute"})
        if self.refused % 2:
            raise NoAnswer("timeout_before", 0.0)
        super().handle(request)  # carried out, and nobody is told
        raise NoAnswer("timeout_after", 0.0)


@dataclass
class Drill:
    """Two practices on one installation. ``seen`` notes when each new invoice was first seen in Xero."""

    world: Gateway
    clock: Any
    hit: Office
    spared: Office
    billed: dict[str, list[str]] = field(default_factory=lambda: {"hit": [], "spared": []})
    issued_at: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    now: datetime = START

    def go_on(self, lasting: timedelta, *, billing: bool = False) -> None:
        """Let time pass; whatever is due is done at its moment. While billing, both practices issue invoices."""
        until, bill_at = self.now + lasting, self.now
        while self.now < until:
            if billing and self.now >= bill_at:
                bill_at += BILL_EVERY
                self._bill("hit", self.hit)
                self._bill("spared", self.spared)
            tasks.look_round()
            for run_pk in list(runs.due_runs().values_list("pk", flat=True)):
                runs.advance(run_pk)
            tasks.watch()
            self._look()
            self.now = self._next_moment()
            self.clock.move_to(self.now)
            self.world.clock.set(self.now)

    def _next_moment(self) -> datetime:
        """When a run goes on, at most a minute from now and at least a second."""
        waiting = Run.objects.filter(state__in=OPEN_RUN_STATES).order_by("resumes_at")
        resumes_at = waiting.values_list("resumes_at", flat=True).first() or self.now
        soon = resumes_at if waiting.exists() else self.now + STEP
        return min(self.now + STEP, max(soon, self.now + timedelta(seconds=1)))

    def _bill(self, name: str, office: Office) -> None:
        """One more invoice for somebody whose invoices are in Xero already."""
        rows = [row for row in office.ignition.rows("invoices") if row["state"] == "issued"]
        written = {item["InvoiceNumber"] for item in office.ledger.invoices.values()}
        model = next(row for row in rows if f"IGN-{row['reference_number']}" in written)
        number = f"DRILL{name}{len(self.billed[name]):03d}"
        fresh = {**model, "slug": None, "reference_number": number, "date": self.now.date().isoformat()}
        fresh.update(due_date=fresh["date"], billing_reference=f"B-{number}", created_at=None)
        office.ignition.upsert("invoices", {key: value for key, value in fresh.items() if value is not None})
        self.billed[name].append(f"IGN-{number}")
        self.issued_at[f"IGN-{number}"] = self.now

    def _look(self) -> None:
        for office in (self.hit, self.spared):
            for item in office.ledger.invoices.values():
                self.seen.setdefault(item["InvoiceNumber"], self.now)

    def lag(self, name: str) -> timedelta:
        """The longest time from an invoice's issue to its being in Xero."""
        return max(self.seen[number] - self.issued_at[number] for number in self.billed[name])


@pytest.fixture
def drill(db: None, settings: Any) -> Iterator[Drill]:
    settings.ANSWER_SECONDS, settings.LANE_LEASE_SECONDS = 30, 300
    with time_machine.travel(START, tick=False) as clock:
        world = Gateway(seed=5, clock=Clock(START, speed=0))
        reports = [
            seeding.seed_practice(world, key, country="AU", clients=6, months=1, seed=seed, native_share=0)
            for key, seed in (("hit", 3), ("spared", 4))
        ]
        world.xero.limits.configure(None, NO_LIMITS)
        for practice in world.ignition.values():
            practice.hourly_limit = None
        with running(world) as served:
            offices = [open_office(served, settings, slug=report.key, report=report) for report in reports]
            for office in offices:
                office.switch(Mode.TAKE_OVER)
            drill = Drill(world, clock, hit=offices[0], spared=offices[1])
            drill.go_on(timedelta(minutes=10))
            yield drill


@pytest.mark.timeout(400)  # two hours of two practices, minute by minute
@pytest.mark.parametrize("sort", ["503", "429", "timeout"])
def test_an_hour_without_xero_loses_nothing_doubles_nothing_and_spares_the_others(
    drill: Drill, sort: str
) -> None:
    world, hit = drill.world, drill.hit
    world.sort, world.down = sort, hit.report.tenant_id
    drill.go_on(OUTAGE, billing=True)
    # The other practice goes on as if nothing were: each invoice within one interval of regular reading.
    assert len(drill.billed["spared"]) == 10
    assert drill.lag("spared") <= timedelta(minutes=12)
    # It is asked now and then, not hammered.
    assert 4 <= world.refused <= 80
    world.down = ""
    drill.go_on(RECOVERY)
    assert set(drill.billed["hit"]) <= set(drill.seen), "something was lost"
    for office in (drill.hit, drill.spared):
        assert _twice(office) == []
        assert _overpaid(office) == []
    unsent = Change.objects.filter(state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT, ChangeState.PARKED])
    assert list(unsent.values_list("title", "state", "message")) == []
    marker = hit.marker
    drill.go_on(timedelta(minutes=12))
    assert hit.writes(marker) == []


def test_an_hour_without_xero_is_one_alert_and_one_recovery_notice(drill: Drill) -> None:
    drill.world.sort, drill.world.down = "503", drill.hit.report.tenant_id
    drill.go_on(OUTAGE, billing=True)
    assert _told(drill.hit) == ["opened"]
    drill.world.down = ""
    drill.go_on(RECOVERY)
    assert _told(drill.hit) == ["opened", "recovered"]
    assert _told(drill.spared) == []
    going_on = Incident.objects.filter(practice=drill.hit.practice).exclude(state=IncidentState.RESOLVED)
    assert list(going_on.filter(heals=True).values_list("title", flat=True)) == []


def test_eight_minutes_without_xero_are_nobodys_business(drill: Drill) -> None:
    drill.world.sort, drill.world.down = "503", drill.hit.report.tenant_id
    drill.go_on(timedelta(minutes=8), billing=True)
    drill.world.down = ""
    drill.go_on(RECOVERY)
    assert _told(drill.hit) == []
    assert set(drill.billed["hit"]) <= set(drill.seen)


def _told(office: Office) -> list[str]:
    """What people were told of things that heal by themselves."""
    alerts = Alert.objects.filter(practice=office.practice, incident__heals=True).exclude(
        event=AlertEvent.TEST
    )
    return list(alerts.order_by("created_at", "pk").values_list("event", flat=True))


def _twice(office: Office) -> list[Any]:
    ledger = office.ledger
    alive = [item for item in ledger.payments.values() if item["Status"] != "DELETED" and item["Reference"]]
    keys: list[Any] = [
        *(("invoice", item["InvoiceNumber"]) for item in ledger.invoices.values() if item["InvoiceNumber"]),
        *(
            ("contact", item["ContactNumber"])
            for item in ledger.contacts.values()
            if item.get("ContactNumber")
        ),
        *(("payment", item["Reference"], item["Invoice"]["InvoiceID"]) for item in alive),
    ]
    return [key for key, count in Counter(keys).items() if count > 1 and not _is_strangers(key)]


def _is_strangers(key: tuple[str, ...]) -> bool:
    """References such as “Ignition CLI-0001” are not ours and may repeat."""
    return key[0] == "payment" and not key[1].startswith("pypay_")


def _overpaid(office: Office) -> list[str]:
    return [
        item["InvoiceNumber"]
        for item in office.ledger.invoices.values()
        if Decimal(str(item["AmountPaid"])) > Decimal(str(item["Total"]))
    ]
