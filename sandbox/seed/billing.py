"""Invoices that agreed services lead to, day by day, and their Ignition rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.amounts import ZERO, cents, invoice_total, line_total
from sandbox.ignition.slugs import SlugMaker
from sandbox.ignition.state import stamp
from sandbox.seed.calendar_days import add_months, instant
from sandbox.seed.catalogue import RECURRING, Service
from sandbox.seed.draw import Draw, Every
from sandbox.seed.engagements import Agreed, ProposalPlan, Window, deposit_parts
from sandbox.seed.roster import ClientPlan

# An invoice, its payment and their first stamps take some seconds; none of them may lie ahead of now.
_SETTLE = timedelta(minutes=1)


@dataclass(frozen=True)
class Line:
    """One billed line, in the invoice's tax mode."""

    proposal: ProposalPlan
    service: Service
    quantity: Decimal
    price: Decimal
    discount: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return line_total(self.quantity, self.price, self.discount)


@dataclass
class Bill:
    """One invoice and what became of it. `total` is what the client owes, tax included."""

    slug: str
    number: str
    client: ClientPlan
    reference: str
    day: date
    due: date
    lines: list[Line]
    total: Decimal
    issued: datetime
    changed: datetime
    state: str = "issued"
    payment_state: str = "unpaid"
    paid_on: date | None = None
    paid_by: str | None = None
    paid_source: str | None = None
    paid_note: str | None = None
    surcharge: Decimal = ZERO
    payout: dict[str, Any] | None = None
    deployment: dict[str, Any] | None = None
    events: list[datetime] = field(default_factory=list)

    @property
    def mode(self) -> str:
        return self.client.mode


@dataclass(frozen=True)
class _Due:
    day: date
    line: Line


class BillMaker:
    """Turns accepted proposals into invoices for the days of the window."""

    def __init__(self, draw: Draw, slugs: SlugMaker, window: Window) -> None:
        self._draw = draw
        self._slugs = slugs
        self._window = window
        self._voided = Every(97, 40)
        self._draft = Every(7, 3)

    def bills(self, proposals: list[ProposalPlan]) -> list[Bill]:
        """All invoices, oldest first; nothing is issued after now."""
        grouped: dict[tuple[date, int, str], list[Line]] = defaultdict(list)
        clients: dict[int, ClientPlan] = {}
        for proposal in proposals:
            if proposal.accepted is None:
                continue
            client = proposal.client
            clients[client.index] = client
            reference = client.reference if client.grouping == "client" else proposal.number
            for due in self._due(proposal):
                grouped[due.day, client.index, reference].append(due.line)
        bills = []
        for day, index, reference in sorted(grouped):
            bill = self._bill(clients[index], day, reference, grouped[day, index, reference])
            if bill.issued + _SETTLE <= self._window.now:
                bills.append(bill)
        self._set_states(bills)
        return bills

    def _bill(self, client: ClientPlan, day: date, reference: str, lines: list[Line]) -> Bill:
        issued = instant(day, self._window.zone, 6, client.index % 60, client.index // 60 % 60)
        total = invoice_total(((line.total, line.service.tax.percent) for line in lines), client.mode)
        return Bill(
            slug=self._slugs.slug("inv", issued),
            number=self._slugs.token(issued),
            client=client,
            reference=reference,
            day=day,
            due=day + timedelta(days=client.terms),
            lines=lines,
            total=total,
            issued=issued,
            changed=issued,
        )

    def _set_states(self, bills: list[Bill]) -> None:
        """A few invoices were voided soon after issue; a few of the last weeks' manual ones are still
        drafts.
        """
        recent = self._window.today - timedelta(days=20)
        for bill in bills:
            if bill.day < recent and self._voided():
                bill.state = "voided"
                bill.changed = bill.issued + timedelta(hours=20)
            elif bill.day >= recent and any(line.service.unit for line in bill.lines) and self._draft():
                bill.state = "draft"

    # When lines fall due --------------------------------------------------------------------------

    def _due(self, proposal: ProposalPlan) -> Iterator[_Due]:
        last = min(proposal.ends or self._window.today, self._window.today)
        for line in proposal.lines:
            if not line.selected:
                continue
            draw = self._draw.child(line.slug)
            for day, billed in self._occasions(draw, proposal, line, last):
                if self._window.first <= day <= last:
                    yield _Due(day, billed)

    def _occasions(
        self, draw: Draw, proposal: ProposalPlan, line: Agreed, last: date
    ) -> Iterator[tuple[date, Line]]:
        start = proposal.start
        if line.cadence in RECURRING:
            step = RECURRING[line.cadence]
            for count in range(12 // step + 1 if proposal.ends else 400):
                day = add_months(start, count * step)
                if day > last:
                    return
                yield day, _line(proposal, line, line.quantity, line.price, line.discount)
        elif line.cadence == "deposit":
            deposit, balance = deposit_parts(line.period_value)
            yield start, _line(proposal, line, Decimal(1), deposit, ZERO)
            yield (
                start + timedelta(days=draw.between(30, 75)),
                _line(proposal, line, Decimal(1), balance, ZERO),
            )
        elif line.service.unit == "payslip":
            # Payroll is confirmed by staff a few days after the month's regular billing day, or with it.
            lag = draw.pick((0, 0, 3))
            for count in range(400):
                day = add_months(start, count) + timedelta(days=lag)
                if day > last:
                    return
                quantity = line.quantity + draw.between(0, 3)
                yield day, _line(proposal, line, quantity, line.price, ZERO)
        elif line.service.unit:
            for count in range(draw.between(1, 4)):
                day = start + timedelta(days=14 + 30 * count + draw.between(0, 9))
                quantity = Decimal(draw.between(1, 36)) / 4
                yield day, _line(proposal, line, quantity, line.price, ZERO)
        else:
            yield start, _line(proposal, line, line.quantity, line.price, line.discount)


def _line(
    proposal: ProposalPlan, agreed: Agreed, quantity: Decimal, price: Decimal, discount: Decimal
) -> Line:
    return Line(proposal, agreed.service, quantity, price, min(cents(quantity * price), discount))


# Rows ---------------------------------------------------------------------------------------------


def invoice_row(bill: Bill, currency: str) -> dict[str, Any]:
    """The invoice as the reporting list shows it: one total, no tax, no amount paid or due."""
    manual = any(line.service.unit for line in bill.lines)
    return {
        "slug": bill.slug,
        "reference_number": bill.number,
        "reference": None,
        "billing_reference": bill.reference,
        "client": {"slug": bill.client.slug, "name": bill.client.display},
        "state": bill.state,
        "payment_state": bill.payment_state,
        "payment_date": bill.paid_on.isoformat() if bill.paid_on else None,
        "payment_method_type": bill.paid_by,
        "payment_source": bill.paid_source,
        "payment_reference": bill.paid_note,
        "amount": {"total": bill.total, "surcharge": bill.surcharge, "currency": currency},
        "date": bill.day.isoformat(),
        "due_date": bill.due.isoformat(),
        "items": [_item_row(line, currency) for line in bill.lines],
        "memo": None,
        "issued_by": {"name": bill.client.manager[0], "email": bill.client.manager[1]} if manual else None,
        "source": "ignition",
        "deployment": bill.deployment,
        "disbursal": bill.payout,
        "link": f"https://go.ignitionapp.example/invoices/{bill.slug}",
        "created_at": stamp(bill.issued),
        "updated_at": stamp(bill.changed),
    }


def _item_row(line: Line, currency: str) -> dict[str, Any]:
    return {
        "description": line.service.name,
        "quantity": line.quantity,
        "unit_price": line.price,
        "discount": line.discount,
        "total": line.total,
        "currency": currency,
        "origin_type": "proposal",
        "origin_identifier": line.proposal.slug,
    }
