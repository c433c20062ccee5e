"""One practice's whole history, worked out before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.ignition.slugs import SlugMaker
from sandbox.seed.billing import Bill, BillMaker
from sandbox.seed.calendar_days import add_months, instant
from sandbox.seed.catalogue import Service, make_catalogue
from sandbox.seed.collecting import Charge, Collector, Movement
from sandbox.seed.deals import Stage, make_stages
from sandbox.seed.draw import Draw
from sandbox.seed.engagements import EngagementMaker, ProposalPlan, Window
from sandbox.seed.oddities import choose_native, plant_near_names, plant_same_names
from sandbox.seed.roster import ClientPlan, Office, RosterMaker

# Clients exist since this many months before the first invoice of the window.
HEAD_START = 14
Pair = tuple[ClientPlan, ClientPlan]


@dataclass(frozen=True)
class PracticeSpec:
    """Who the practice is. `staff` are (name, e-mail) pairs, partners first. `clean`: without any oddity."""

    key: str
    name: str
    country: str
    currency: str
    time_zone: str
    staff: tuple[tuple[str, str], ...]
    tax_mode: str = "mixed"
    clean: bool = False


@dataclass(frozen=True)
class PracticePlan:
    spec: PracticeSpec
    window: Window
    founded: datetime
    clients: list[ClientPlan]
    services: dict[str, Service]
    proposals: list[ProposalPlan]
    bills: list[Bill]
    charges: list[Charge]
    movements: list[Movement]
    stages: list[Stage]
    same_names: list[Pair]
    near_names: list[Pair]
    draw: Draw


def plan_practice(
    spec: PracticeSpec,
    slugs: SlugMaker,
    *,
    clients: int,
    months: int,
    seed: int,
    native_share: float,
    now: datetime,
) -> PracticePlan:
    """Everything of the `months` that end now; the same arguments give the same plan."""
    draw = Draw(f"{seed}/{spec.key}")
    zone = ZoneInfo(spec.time_zone)
    now = now.astimezone(UTC).replace(microsecond=0)
    today = now.astimezone(zone).date()
    window = Window(add_months(today.replace(day=1), 1 - months), today, zone, now)
    founded = instant(add_months(window.first, -HEAD_START), zone, 9)

    services = make_catalogue(spec.country, slugs, founded, clean=spec.clean)
    stages = make_stages(slugs, founded)
    office = Office(spec.country, spec.staff, spec.tax_mode, founded + timedelta(days=10), now, spec.clean)
    maker = RosterMaker(draw.child("clients"), slugs, office)
    roster = maker.clients(clients)
    same_names = [] if spec.clean else plant_same_names(roster)
    taken = {client.slug for pair in same_names for client in pair}
    near_names = [] if spec.clean else plant_near_names(roster, maker.names, taken, spec.country)

    engagements = EngagementMaker(draw.child("engagements"), slugs, services, window, clean=spec.clean)
    proposals = [proposal for client in roster for proposal in engagements.proposals(client)]
    _number(proposals)
    bills = BillMaker(draw.child("bills"), slugs, window).bills(proposals)
    invoiced = {bill.client.index for bill in bills}
    billed = [client for client in roster if client.index in invoiced]
    if spec.clean:
        billed = [client for client in roster if client.billed]
        native_share = 1.0
    choose_native(draw.child("native"), billed, native_share, same_names)
    collector = Collector(draw.child("payments"), slugs, window, clean=spec.clean)
    charges = collector.collect(bills)
    return PracticePlan(
        spec=spec,
        window=window,
        founded=founded,
        clients=roster,
        services=services,
        proposals=proposals,
        bills=bills,
        charges=charges,
        movements=collector.movements(),
        stages=stages,
        same_names=same_names,
        near_names=near_names,
        draw=draw,
    )


def _number(proposals: list[ProposalPlan]) -> None:
    """Proposal numbers in the order they were made, which the client's list keeps as well."""
    proposals.sort(key=lambda proposal: (proposal.created, proposal.slug))
    for position, proposal in enumerate(proposals, start=1):
        proposal.number = f"PROP-{position:04d}"
