"""How invoices get paid: card, bank debit, failure, part payment, refund, by hand; and the payouts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.amounts import ZERO, cents
from sandbox.ignition.slugs import SlugMaker
from sandbox.seed.billing import Bill
from sandbox.seed.calendar_days import add_months, add_working_days, instant, working_day
from sandbox.seed.draw import Draw, Every
from sandbox.seed.engagements import Window
from sandbox.seed.roster import ClientPlan

SURCHARGE_RATE = Decimal("0.015")
# Percent, and how the fee is described on its row.
_FEES = {"card": (Decimal("0.022"), "2.2%"), "bank": (Decimal("0.01"), "1.0%")}
_INVOICE_METHODS = {"card": "credit_card", "bank": "bank_account"}
_CLEAN_UNPAID_DAYS = 100


@dataclass
class Movement:
    """One collections row: money for one invoice coming in, or going back (`clawback`)."""

    kind: str
    bill: Bill
    amount: Decimal
    surcharge: Decimal
    started: datetime
    submitted: date
    arrival: date
    fee: Decimal
    fee_text: str
    fee_day: date
    number: int = 0
    payout: str | None = None


@dataclass
class Charge:
    """One payment: an attempt to collect for one or more invoices, with the amount meant for each."""

    slug: str
    client: ClientPlan
    parts: list[tuple[Bill, Decimal]]
    surcharge: Decimal
    method: str
    created: datetime
    started: datetime
    state: str = "uncollected"
    collection_state: str | None = None
    collected: datetime | None = None
    arrival: date | None = None
    movements: list[Movement] = field(default_factory=list)
    changed: datetime | None = None

    @property
    def amount(self) -> Decimal:
        return sum((amount for _, amount in self.parts), ZERO)


class Collector:
    """Walks through the invoices in order and decides how each is paid. Rare cases come round by count.

    clean: whatever is paid by hand is in Xero as well, old invoices are all paid, and no money goes back.
    """

    def __init__(self, draw: Draw, slugs: SlugMaker, window: Window, *, clean: bool = False) -> None:
        self._clean = clean
        self._draw = draw
        self._slugs = slugs
        self._window = window
        self._cancelled = Every(70, 12)
        self._retried = Every(25, 6)
        self._pending_failure = Every(6, 1)
        self._partial = Every(80, 9)
        self._refund = Every(110, 15)
        self._dispute = Every(170, 45)
        self._by_hand_native = Every(6, 2)
        self.charges: list[Charge] = []

    def collect(self, bills: list[Bill]) -> list[Charge]:
        """Sets the payment fields of every invoice and returns the payments, oldest first."""
        same_day: dict[tuple[date, int], list[Bill]] = defaultdict(list)
        for bill in bills:
            if bill.state == "issued":
                same_day[bill.day, bill.client.index].append(bill)
        for group in same_day.values():
            client = group[0].client
            if client.method == "none":
                for bill in group:
                    self._pay_by_hand(bill)
            elif client.joins_charges:
                self._charge(group)
            else:
                for bill in group:
                    self._charge([bill])
        self.charges.sort(key=lambda charge: (charge.created, charge.slug))
        self._number_movements()
        for charge in self.charges:
            _settle(charge, self._window)
        for bill in bills:
            past = [event for event in bill.events if event <= self._window.now]
            bill.changed = max([bill.changed, *past])
        return self.charges

    # Outside Ignition's own collection ------------------------------------------------------------

    def _pay_by_hand(self, bill: Bill) -> None:
        draw = self._draw.child(bill.slug)
        age = (self._window.today - bill.day).days
        paid_on = bill.day + timedelta(days=draw.between(3, 45))
        if self._clean:
            unpaid = age <= _CLEAN_UNPAID_DAYS and draw.chance(0.85)
        else:
            unpaid = (age > 60 and draw.chance(0.08)) or (age <= 60 and draw.chance(0.3))
        if paid_on > self._window.today or unpaid:
            return
        in_ledger = bill.client.native and (self._clean or not self._by_hand_native())
        bill.payment_state = "paid"
        bill.paid_on = paid_on
        bill.paid_by = draw.weighted((("other", 8), ("check", 1)))
        bill.paid_source = "ledger" if in_ledger else "manual"
        bill.paid_note = None if in_ledger else f"EFT {draw.digits(6)}"
        bill.events.append(instant(paid_on, self._window.zone, 15, bill.client.index % 60))

    # Charges --------------------------------------------------------------------------------------

    def _charge(self, group: list[Bill]) -> None:
        first = group[0]
        draw = self._draw.child(first.slug)
        started = first.issued + timedelta(hours=4, seconds=10)
        age = (self._window.today - first.day).days
        parts = [(bill, bill.total) for bill in group]
        if self._cancelled():
            # The client pays another way later on; the payment itself stays in the hidden list.
            stopped = self._new(parts, first.issued, started, state="cancelled")
            stopped.changed = min(self._window.now, started + timedelta(hours=8))
            for bill in group:
                self._pay_by_hand(bill)
            return
        if age <= 6 and started <= self._window.now and self._pending_failure():
            self._new(parts, first.issued, started, collection_state="failed")
            return
        if age > 8 and self._retried():
            failed = self._new(parts, first.issued, started, state="cancelled", collection_state="failed")
            failed.changed = started + timedelta(minutes=4)
            started += timedelta(days=draw.between(3, 5))
        elif age > 8 and len(group) == 1 and self._partial():
            parts = [(first, cents(first.total * draw.between(30, 70) / 100))]
        charge = self._new(parts, started - timedelta(hours=4), started)
        if started > self._window.now:
            return
        self._run(draw, charge)

    def _new(
        self,
        parts: list[tuple[Bill, Decimal]],
        created: datetime,
        started: datetime,
        *,
        state: str = "uncollected",
        collection_state: str | None = None,
    ) -> Charge:
        client = parts[0][0].client
        made = created + timedelta(seconds=4)
        amount = sum((part for _, part in parts), ZERO)
        with_surcharge = client.surcharge and client.method == "card"
        charge = Charge(
            slug=self._slugs.slug("pypay", made),
            client=client,
            parts=parts,
            surcharge=cents(amount * SURCHARGE_RATE) if with_surcharge else ZERO,
            method=client.method,
            created=made,
            started=started,
            state=state,
            collection_state=collection_state,
        )
        self.charges.append(charge)
        return charge

    def _run(self, draw: Draw, charge: Charge) -> None:
        """Card money is there at once and paid out in two working days; bank debits take three and six or
        seven.
        """
        zone, card = self._window.zone, charge.method == "card"
        started_on = charge.started.astimezone(zone).date()
        if card:
            collected = charge.started + timedelta(minutes=2)
            charge.arrival = add_working_days(started_on, 2)
        else:
            collected = instant(add_working_days(started_on, 3), zone, 11, charge.client.index % 60)
            charge.arrival = working_day(started_on + timedelta(days=draw.between(6, 7)))
        charge.collection_state = "started"
        charge.state = "collecting"
        if collected > self._window.now:
            return
        charge.collection_state, charge.state, charge.collected = "completed", "collected", collected
        self._take(charge, collected, charge.arrival)
        settled = charge.arrival <= self._window.today - timedelta(days=20)
        if self._clean or not (settled and card):
            return
        if self._refund():
            self._give_back(charge, collected + timedelta(days=9), "refunded")
        elif self._dispute():
            self._give_back(charge, collected + timedelta(days=12), charge.state)

    def _take(self, charge: Charge, collected: datetime, arrival: date) -> None:
        rate, text = _FEES[charge.method]
        left = charge.surcharge
        for position, (bill, amount) in enumerate(charge.parts):
            last = position == len(charge.parts) - 1
            share = left if last else cents(charge.surcharge * amount / charge.amount)
            left -= share
            charge.movements.append(
                Movement(
                    kind="payment_collection",
                    bill=bill,
                    amount=amount,
                    surcharge=share,
                    started=charge.started,
                    submitted=_working_day_before(arrival),
                    arrival=arrival,
                    fee=cents((amount + share) * rate),
                    fee_text=text,
                    fee_day=add_months(charge.started.astimezone(self._window.zone).date().replace(day=1), 1),
                )
            )
            bill.payment_state = "paid" if amount == bill.total else "partially_paid"
            bill.paid_on = collected.astimezone(self._window.zone).date()
            bill.paid_by = _INVOICE_METHODS[charge.method]
            bill.paid_source = "ignition"
            bill.surcharge = share
            bill.events += [collected, instant(arrival, self._window.zone, 10)]

    def _give_back(self, charge: Charge, started: datetime, state: str) -> None:
        """A refund or a lost dispute: the full amount leaves a later payout; the invoice stays paid."""
        submitted = working_day(started.astimezone(self._window.zone).date() + timedelta(days=1))
        for bill, amount in charge.parts:
            charge.movements.append(
                Movement(
                    kind="clawback",
                    bill=bill,
                    amount=amount,
                    surcharge=ZERO,
                    started=started,
                    submitted=submitted,
                    arrival=add_working_days(submitted, 1),
                    fee=ZERO,
                    fee_text="",
                    fee_day=submitted,
                )
            )
        charge.state = state

    # Payouts --------------------------------------------------------------------------------------

    def _number_movements(self) -> None:
        """Row numbers by time; one payout per arrival day, numbered by day."""
        movements = sorted(
            (movement for charge in self.charges for movement in charge.movements),
            key=lambda movement: (movement.started, movement.bill.slug, movement.kind),
        )
        batched = sorted({m.arrival for m in movements if m.submitted <= self._window.today})
        payouts = {day: str(31_000 + position) for position, day in enumerate(batched)}
        for position, movement in enumerate(movements):
            movement.number = 5_100_001 + position
            if movement.submitted <= self._window.today:
                movement.payout = payouts[movement.arrival]

    def movements(self) -> list[Movement]:
        """All collections rows, in the order of their numbers."""
        found = [movement for charge in self.charges for movement in charge.movements]
        return sorted(found, key=lambda movement: movement.number)


def _settle(charge: Charge, window: Window) -> None:
    """The payment's state and change stamp, and the payout shown on its invoices."""
    events = [charge.created, charge.changed or charge.created]
    if charge.collected:
        events.append(charge.collected)
    for movement in charge.movements:
        if movement.payout is None:
            continue
        done = movement.arrival <= window.today
        events += [
            instant(movement.submitted, window.zone, 9),
            instant(movement.arrival, window.zone, 10) if done else charge.created,
            instant(movement.fee_day, window.zone, 3),
        ]
        if movement.kind == "payment_collection":
            movement.bill.payout = payout_of(movement, window.today)
            if done and charge.state == "collected":
                charge.state = "disbursed"
    charge.changed = max(event for event in events if event <= window.now)


def payout_of(movement: Movement, today: date) -> dict[str, Any] | None:
    """The payout a movement is in: its id, and whether the money has landed."""
    if movement.payout is None:
        return None
    return {"id": movement.payout, "state": "completed" if movement.arrival <= today else "started"}


def _working_day_before(day: date) -> date:
    before = day - timedelta(days=1)
    while before.weekday() > 4:
        before -= timedelta(days=1)
    return before
