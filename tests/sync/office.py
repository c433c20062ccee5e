"""A practice that is connected to a seeded sandbox, and the steps run here instead of in a worker."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from practices import connecting
from practices.models import Connection, Practice, Role, User
from sandbox.clock import Clock
from sandbox.ignition.state import IgnitionPractice
from sandbox.seed import practices as seeding
from sandbox.seed.report import SeedReport
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from sync import runs
from sync.demo import consent_for
from sync.flows import ensure_flows, set_modes
from sync.models import OPEN_RUN_STATES, SYNCED_KINDS, Change, Mode, Run, Trigger
from tests.make import make_member, make_practice

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
NO_LIMITS = {"minute": None, "day": None, "concurrent": None, "app_minute": None}
QUICK = {
    "NUDGE_WORKERS": False,
    "LANE_LEASE_SECONDS": 30,
    "ANSWER_SECONDS": 1,
    "XERO_CALLS_PER_MINUTE": 1_000_000,
    "XERO_CALLS_PER_DAY": 1_000_000,
    "IGNITION_CALLS_PER_HOUR": 1_000_000,
}
"""Settings under which the steps run here without waiting."""


@dataclass
class Office:
    """One practice and the two outside systems it is connected to."""

    world: World
    url: str
    practice: Practice
    owner: User
    report: SeedReport

    @property
    def ledger(self) -> Ledger:
        return self.world.xero.organisations[self.report.tenant_id]

    @property
    def ignition(self) -> IgnitionPractice:
        return self.world.ignition[self.report.key]

    def sync(self, **extra: Any) -> Run:
        """A run to its end, without waiting for the times at which work would be tried again."""
        run = runs.start(self.practice, trigger=Trigger.PERSON, actor=self.owner, wake=False, **extra)
        return self.finish(run)

    def finish(self, run: Run, turns: int = 300) -> Run:
        for _ in range(turns):
            moved = runs.advance(run.pk)
            assert moved is not None
            run = moved
            if not run.is_open:
                return run
            Run.objects.filter(pk=run.pk).update(resumes_at=None)
            Connection.objects.filter(practice=self.practice).update(resumes_at=None)
            Change.objects.filter(practice=self.practice).update(not_before=None)
        raise AssertionError(f"run still {run.state} in {run.stage}: {run.message}")

    def finish_all(self) -> None:
        """Every open run to its end, side by side: one may make way for another."""
        for _ in range(100):
            open_runs = Run.objects.filter(practice=self.practice, state__in=OPEN_RUN_STATES)
            if not open_runs.exists():
                return
            open_runs.update(resumes_at=None)
            for pk in open_runs.order_by("pk").values_list("pk", flat=True):
                runs.advance(pk)
        raise AssertionError("a run does not end")

    def switch(self, mode: str, *kinds: str) -> None:
        set_modes(
            self.practice,
            dict.fromkeys(kinds or [str(kind) for kind in SYNCED_KINDS], mode),
            actor=self.owner,
        )

    def take_over(self) -> Run:
        self.switch(Mode.TAKE_OVER)
        return self.sync()

    def writes(self, marker: int = 0) -> list[Any]:
        return [call for call in self.world.calls.since(marker, host="xero") if call.write]

    @property
    def marker(self) -> int:
        return self.world.calls.last


def point_at(served: Any, settings: Any) -> None:
    settings.IGNITION_API_URL = settings.IGNITION_AUTH_URL = served.url
    settings.XERO_API_URL = settings.XERO_LOGIN_URL = settings.XERO_IDENTITY_URL = served.url


def open_office(served: Any, settings: Any, *, slug: str = "harbour", report: SeedReport) -> Office:
    point_at(served, settings)
    practice = make_practice("Harbour Lane Advisory", slug=slug)
    owner = make_member(practice, Role.OWNER)
    ensure_flows(practice)
    connecting.connect_ignition_key(practice, actor=owner, api_key=f"ign-{report.key}-key")
    grant = connecting.store_xero_grant(consent_for(served.world.xero.organisations[report.tenant_id].name))
    connecting.connect_xero(practice, actor=owner, grant=grant, tenant_external_id=report.tenant_id)
    return Office(served.world, served.url, practice, owner, report)


def seeded_world(*, clients: int, months: int, seed: int = 11, **extra: Any) -> tuple[World, SeedReport]:
    world = World(seed=seed, clock=Clock(NOW, speed=0))
    report = seeding.seed_practice(
        world,
        "harbour",
        country=extra.pop("country", "AU"),
        clients=clients,
        months=months,
        seed=seed,
        **extra,
    )
    world.xero.limits.configure(None, NO_LIMITS)
    world.ignition["harbour"].hourly_limit = None
    world.faults.hang = 0.01
    return world, report


def books(office: Office) -> dict[str, list[Any]]:
    """The ledger without ids that are dealt at random: what an accountant would compare."""
    ledger = office.ledger
    names = {key: item["Name"] for key, item in ledger.contacts.items()}
    return {
        "contacts": sorted(
            (item["Name"], item.get("ContactNumber") or "") for item in ledger.contacts.values()
        ),
        "invoices": sorted(
            (
                item["InvoiceNumber"],
                names[item["Contact"]["ContactID"]],
                item["Reference"] or "",
                str(item["Date"]),
                Decimal(str(item["Total"])),
                item["Status"],
            )
            for item in ledger.invoices.values()
        ),
        "payments": sorted(
            (
                ledger.invoices[item["Invoice"]["InvoiceID"]]["InvoiceNumber"],
                Decimal(str(item["Amount"])),
                str(item["Date"]),
                item.get("Reference") or "",
            )
            for item in ledger.payments.values()
            if item["Status"] != "DELETED"
        ),
    }
