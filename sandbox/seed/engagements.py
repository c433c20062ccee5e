"""Proposals: which services a client agreed to, from when, at what price, and how they are billed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.ignition.amounts import ZERO, cents, line_total
from sandbox.ignition.slugs import SlugMaker
from sandbox.seed.calendar_days import add_months, instant
from sandbox.seed.catalogue import RECURRING, Service
from sandbox.seed.draw import Draw, Every
from sandbox.seed.roster import ClientPlan

TERM_MONTHS = 12
_PACKAGES = (("monthly", 64), ("quarterly", 21), ("annual", 9), ("project", 6))
_RAISE = Decimal("1.04")
_OPEN_STATES = (("draft", 3), ("awaiting_acceptance", 5), ("lost", 3), ("archived", 1))


@dataclass(frozen=True)
class Agreed:
    """One line of a proposal. `price` and `discount` are in the client's tax mode, per billing."""

    slug: str
    service: Service
    cadence: str
    quantity: Decimal
    price: Decimal
    discount: Decimal = ZERO
    add_on: bool = False
    selected: bool = True

    @property
    def period_value(self) -> Decimal:
        return line_total(self.quantity, self.price, self.discount)

    @property
    def contract_value(self) -> Decimal:
        return self.period_value * (
            TERM_MONTHS // RECURRING[self.cadence] if self.cadence in RECURRING else 1
        )


@dataclass
class ProposalPlan:
    """One proposal. `ends` is the last day it bills, None while it runs on; `start` is its first billing
    day.
    """

    slug: str
    number: str
    client: ClientPlan
    name: str
    state: str
    start: date
    ends: date | None
    sent: datetime | None
    accepted: datetime | None
    lost: datetime | None
    created: datetime
    changed: datetime
    lines: list[Agreed] = field(default_factory=list)


@dataclass(frozen=True)
class Window:
    """The days history is made for, in the practice's zone."""

    first: date
    today: date
    zone: ZoneInfo
    now: datetime


class EngagementMaker:
    """Makes the proposals of each client, oldest term first."""

    def __init__(
        self,
        draw: Draw,
        slugs: SlugMaker,
        services: dict[str, Service],
        window: Window,
        *,
        clean: bool = False,
    ) -> None:
        """`clean`: one engagement after the other, so that no client gets two invoices on one day."""
        self._clean = clean
        self._draw = draw
        self._slugs = slugs
        self._services = services
        self._window = window
        self._discounted = Every(9, 4)
        self._stays_accepted = Every(3, 1)

    def proposals(self, client: ClientPlan) -> list[ProposalPlan]:
        """What the client agreed to, declined or has not answered; leads have only open or lost ones."""
        draw = self._draw.child(client.slug)
        if not client.billed:
            return [self._open(draw, client, draw.weighted(_OPEN_STATES))]
        package = draw.weighted(_PACKAGES)
        made = self._terms(draw, client, package)
        if draw.chance(0.28) and not self._clean:
            second = "annual" if package != "annual" else "project"
            made += self._terms(draw, client, second, same_day=made[-1].start)
        if draw.chance(0.06):
            made.append(self._open(draw, client, draw.weighted(_OPEN_STATES)))
        return made

    def _terms(
        self, draw: Draw, client: ClientPlan, package: str, same_day: date | None = None
    ) -> list[ProposalPlan]:
        """The engagement and its renewals of twelve months; the last runs on unless the client left."""
        window = self._window
        start = same_day or self._first_day(draw, client)
        left = None
        if client.state in ("inactive", "archived"):
            left = start + (window.today - start) * draw.between(50, 95) / 100
        made: list[ProposalPlan] = []
        lines = self._lines(draw, client, package)
        while True:
            renewal = add_months(start, TERM_MONTHS)
            last = renewal > window.today - timedelta(days=5) or package == "project"
            ends = left if last else renewal - timedelta(days=1)
            made.append(self._accepted(draw, client, package, start, ends, lines))
            if last or (left is not None and renewal > left):
                made[-1].ends = left
                return made
            start, lines = renewal, [self._raised(line) for line in lines]

    def _first_day(self, draw: Draw, client: ClientPlan) -> date:
        """Before the window for clients of old, a few days after they came for the others."""
        window = self._window
        came = client.created.astimezone(window.zone).date()
        earlier = add_months(window.first.replace(day=draw.between(1, 28)), -draw.between(1, 11))
        return max(came + timedelta(days=draw.between(3, 20)), earlier)

    def _accepted(
        self,
        draw: Draw,
        client: ClientPlan,
        package: str,
        start: date,
        ends: date | None,
        lines: list[Agreed],
    ) -> ProposalPlan:
        window = self._window
        accepted = instant(start, window.zone, 5, draw.between(0, 59), draw.between(0, 59))
        created = max(client.created + timedelta(hours=1), accepted - timedelta(days=draw.between(2, 12)))
        ended = ends is not None and ends < window.today
        # Some superseded engagements are never completed: accepted does not mean live.
        done = ended and not self._stays_accepted()
        return ProposalPlan(
            slug=self._slugs.slug("prop", created),
            number="",
            client=client,
            name=f"{start.year} {package} engagement",
            state="completed" if done else "accepted",
            start=start,
            ends=ends,
            sent=created + timedelta(hours=6),
            accepted=accepted,
            lost=None,
            created=created,
            changed=instant(ends, window.zone, 20) if done and ends else accepted + timedelta(seconds=1),
            lines=lines,
        )

    def _open(self, draw: Draw, client: ClientPlan, state: str) -> ProposalPlan:
        window = self._window
        talked = window.now - timedelta(days=draw.between(2, 60), minutes=draw.between(0, 600))
        created = max(client.created + timedelta(hours=1), talked)
        sent = created + timedelta(hours=5) if state != "draft" else None
        lost = created + timedelta(days=1, hours=3) if state == "lost" else None
        return ProposalPlan(
            slug=self._slugs.slug("prop", created),
            number="",
            client=client,
            name=f"{window.today.year} proposal",
            state=state,
            start=window.today + timedelta(days=draw.between(7, 60)),
            ends=None,
            sent=sent,
            accepted=None,
            lost=lost,
            created=created,
            changed=lost or sent or created,
            lines=self._lines(draw, client, draw.weighted(_PACKAGES)),
        )

    def _lines(self, draw: Draw, client: ClientPlan, package: str) -> list[Agreed]:
        kind = client.name.kind
        picks: list[tuple[str, str, bool]]
        if package == "monthly":
            base = draw.weighted((("bookkeeping", 6), ("books_plus", 3), ("legacy_books", 1), ("cfo", 1)))
            picks = [(base, "monthly", True), ("software", "monthly", draw.chance(0.5))]
            picks += [("payroll", "unit", draw.chance(0.4)), ("onboarding", "once", draw.chance(0.3))]
        elif package == "quarterly":
            picks = [("returns", "quarterly", True), ("review", "quarterly", draw.chance(0.4))]
            picks += [("overseas", "quarterly", draw.chance(0.12))]
        elif package == "annual":
            tax = {"person": "person_tax", "trust": "trust_tax"}.get(kind, "company_tax")
            picks = [("legacy_tax" if draw.chance(0.1) else tax, "yearly", True)]
            picks += [("accounts", "yearly", kind != "person")]
            # Passed on at cost, it has no place among the fees of a year.
            fee = kind == "company" and not self._clean
            picks += [("filing_fee", "yearly", fee), ("super_fund", "yearly", draw.chance(0.1))]
        else:
            picks = [
                (draw.pick(("setup", "forecast")), "deposit", True),
                ("advice", "unit", draw.chance(0.6)),
            ]
            picks += [("catch_up", "unit", draw.chance(0.4))]
        lines = [self._line(draw, client, key, cadence) for key, cadence, wanted in picks if wanted]
        if draw.chance(0.15):
            lines.append(self._line(draw, client, "training", "once", add_on=True, selected=draw.chance(0.5)))
        return lines

    def _line(
        self,
        draw: Draw,
        client: ClientPlan,
        key: str,
        cadence: str,
        *,
        add_on: bool = False,
        selected: bool = True,
    ) -> Agreed:
        service = self._services[key]
        quantity = Decimal(1)
        if service.unit == "payslip":
            quantity = Decimal(draw.between(2, 60))
        elif service.unit == "hour":
            quantity = Decimal(draw.between(2, 40)) / 4
        price = service.price
        if not service.unit:
            price = cents(price * Decimal(draw.between(85, 140)) / 100)
        if client.mode == "inclusive":
            price = (price * (1 + service.tax.percent / 100)).quantize(
                Decimal("0.0001" if service.unit else "0.01")
            )
        discount = cents(quantity * price / 20) if self._discounted() else ZERO
        return Agreed(
            slug=self._slugs.slug("line", client.created),
            service=service,
            cadence=cadence,
            quantity=quantity,
            price=price,
            discount=discount,
            add_on=add_on,
            selected=selected,
        )

    def _raised(self, line: Agreed) -> Agreed:
        """The line in the next term: new key, four percent dearer. What was billed once is not agreed
        again.
        """
        return Agreed(
            slug=self._slugs.slug("line", self._window.now),
            service=line.service,
            cadence=line.cadence,
            quantity=line.quantity,
            price=(line.price * _RAISE).quantize(line.price),
            discount=ZERO,
            add_on=line.add_on,
            selected=line.selected and line.cadence != "once",
        )


def deposit_parts(value: Decimal) -> list[Decimal]:
    """Deposit and balance; they sum to the value."""
    first = cents(value / 2)
    return [first, value - first]
