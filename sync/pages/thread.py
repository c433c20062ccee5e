"""From engagement to cash: each invoice with everything before and after it, in the order in which it happens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from practices.models import Practice
from sync.deeplinks import deep_link
from sync.models import Kind, Mismatch, Snapshot
from sync.pages.diff import number_of
from sync.pages.words import status_words
from sync.reconcile.kinds import KINDS
from sync.thread import Rows, rows_of

NO_BANK = "Whole payouts are compared with the bank account: under Reconciliation, and on the clearing account's page."
NO_JOBS = "Xero Practice Manager is not connected, so jobs are not read."
DEAD = frozenset({"VOIDED", "DELETED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way. ``pk`` leads to the record here, ``link`` to the other system; neither: it isn't there."""

    what: str
    system: str = ""
    title: str = ""
    state: str = ""
    tone: str = ""
    day: Any = None
    amount: Decimal | None = None
    currency: str = ""
    pk: int | None = None
    link: str = ""
    note: str = ""
    here: bool = False
    mismatches: Sequence["Found"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A mismatch in words."""

    pk: int
    title: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One invoice's way. ``billed`` and so on are what the steps come to, in the invoice's currency."""

    title: str
    day: date | None
    currency: str
    billed: Decimal | None
    in_xero: Decimal | None
    collected: Decimal
    posted: Decimal
    paid_out: Decimal
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    client: Snapshot | None
    threads: Sequence[Thread]
    proposals: Sequence[Step]
    more: bool


def thread_page(practice: Practice, snapshot: Snapshot) -> ThreadPage:
    """The thread of a proposal, an invoice, a payment or a client; the newest invoice first."""
    rows = rows_of(practice, snapshot)
    drawn = _Drawing(rows, snapshot)
    alone = [key for key in rows.documents if key not in rows.pairs.values()]
    threads = [
        *(
            drawn.thread(rows.invoices.get(key), rows.documents.get(rows.pairs.get(key, "")))
            for key in rows.invoices
        ),
        *(drawn.thread(None, rows.documents[key]) for key in alone),
    ]
    threads.sort(key=lambda item: (item.day or date.min, item.title), reverse=True)
    shown = {step.pk for item in threads for step in item.steps}
    return ThreadPage(
        client=rows.client,
        threads=threads,
        proposals=[
            drawn.step("Proposal", row, note="It has no invoice yet.")
            for row in rows.proposals.values()
            if row.pk not in shown
        ],
        more=rows.more,
    )


class _Drawing:
    """The rows of a thread while they are put in order."""

    def __init__(self, rows: Rows, start: Snapshot) -> None:
        self.rows, self.start = rows, start
        self.told: dict[str, list[Mismatch]] = {}
        for item in rows.mismatches:
            for key in {*map(str, item.source_external_ids), *map(str, item.target_external_ids)}:
                self.told.setdefault(key, []).append(item)

    def thread(self, invoice: Snapshot | None, document: Snapshot | None) -> Thread:
        steps = list(self._steps(invoice, document))
        record = invoice or document
        currency = record.currency if record else ""
        alive = document if document is not None and document.status.upper() not in DEAD else None
        return Thread(
            title=record.title if record else "",
            day=record.date if record else None,
            currency=currency,
            billed=invoice.amount if invoice else None,
            in_xero=alive.amount if alive else None,
            collected=_sum(steps, "Collected"),
            posted=_sum(steps, "Payment in Xero"),
            paid_out=_sum(steps, "Paid out") - _sum(steps, "Taken back from a payout"),
            steps=steps,
        )

    def _steps(self, invoice: Snapshot | None, document: Snapshot | None) -> Iterator[Step]:
        yield from self._engaged(invoice)
        yield self._document(invoice, document)
        if invoice is not None:
            yield from self._collected(invoice)
        if document is not None:
            yield from self._posted(document)
        if invoice is not None:
            yield from self._paid_out(invoice)
        yield Step(what="Bank line", state="Not shown here", note=NO_BANK)
        yield Step(what="Job in Xero Practice Manager", state="Not connected", note=NO_JOBS)

    def _engaged(self, invoice: Snapshot | None) -> Iterator[Step]:
        what = "Invoice in Ignition"
        if invoice is None:
            note = "No invoice of Ignition is linked to it."
            yield Step(what=what, state="Not there", tone="warn", note=note)
            return
        for key in _proposals_of(invoice):
            if key in self.rows.proposals:
                yield self.step("Proposal", self.rows.proposals[key])
        yield self.step(what, invoice)

    def _document(self, invoice: Snapshot | None, document: Snapshot | None) -> Step:
        what = "Invoice in Xero"
        if document is not None:
            return self.step(what, document, tone="bad" if document.status.upper() in DEAD else "")
        linked = invoice is not None and invoice.external_id in self.rows.pairs
        why = "Xero no longer lists the document that it was linked to." if linked else ""
        note = why or (invoice.standing_text if invoice else "")
        return Step(what=what, state="Not there", tone="warn", note=note)

    def _posted(self, document: Snapshot) -> Iterator[Step]:
        for row in self.rows.receipts.values():
            if document.external_id in (row.record.get("invoice_external_ids") or ()):
                removed = row.status.upper() in DEAD
                yield self.step("Payment in Xero", row, tone="bad" if removed else "", counts=not removed)

    def _collected(self, invoice: Snapshot) -> Iterator[Step]:
        for row in self.rows.payments:
            covered = row.record.get("invoice_external_ids") or ()
            if invoice.external_id not in covered:
                continue
            share = self._share(row, invoice) if len(covered) > 1 else row.amount
            note = f"One payment for {len(covered)} invoices." if len(covered) > 1 else ""
            counts = row.status in {"collected", "disbursing", "disbursed"}
            yield self.step(
                "Collected" if counts else "Payment in Ignition",
                row,
                amount=share,
                note=note,
                also=f"{row.external_id}/{invoice.external_id}",
                tone="" if counts else "warn",
            )

    def _share(self, payment: Snapshot, invoice: Snapshot) -> Decimal | None:
        """What a payment for several invoices brought for this one, where Ignition says so."""
        payout = payment.record.get("payout_external_id")
        found = [
            row.amount
            for row in self.rows.collections
            if row.reference == invoice.external_id
            and not row.record.get("is_clawback")
            and (not payout or row.record.get("payout_external_id") in (None, "", payout))
        ]
        return found[0] if len(found) == 1 else None

    def _paid_out(self, invoice: Snapshot) -> Iterator[Step]:
        for row in self.rows.collections:
            if row.reference != invoice.external_id:
                continue
            payout, state = (
                row.record.get("payout_external_id") or "",
                str(row.record.get("payout_state") or ""),
            )
            landed = state.lower() == "completed"
            back = bool(row.record.get("is_clawback"))
            what = "Taken back from a payout" if back else "Paid out"
            fee = number_of(row.record.get("fee"))
            yield self.step(
                what if landed else f"{what}: still to come",
                row,
                title=f"Payout {payout}" if payout else "Not in a payout yet",
                state=status_words(state) if state else "Waiting",
                day=row.record.get("arrives_on") or row.date,
                tone="bad" if back or state.lower() == "failed" else "good" if landed else "info",
                note=f"Fee {fee:,.2f} {row.currency}, billed apart." if fee else "",
            )

    def step(
        self,
        what: str,
        row: Snapshot,
        *,
        title: str = "",
        state: str = "",
        day: Any = None,
        amount: Decimal | None = None,
        tone: str = "",
        note: str = "",
        also: str = "",
        counts: bool = True,
    ) -> Step:
        """``also`` is another id under which mismatches speak of the row."""
        gone = row.gone_at is not None
        system = str(row.connection.get_provider_display())
        return Step(
            what=what if counts else f"{what}, removed",
            system=system,
            title=title or (row.name if row.kind == Kind.PROPOSAL and row.name else row.title),
            state="No longer listed" if gone else state or status_words(row.status),
            tone="bad" if gone else tone or "good",
            day=day or row.date or row.source_created_at,
            amount=amount
            if amount is not None or (row.kind == Kind.PAYMENT and self._is_shared(row))
            else row.amount,
            currency=row.currency,
            pk=row.pk,
            link=deep_link(row.connection, row.kind, row.external_id, row.record),
            note=note,
            here=row.pk == self.start.pk,
            mismatches=[*self._found(row.external_id), *(self._found(also) if also else ())],
        )

    def _is_shared(self, row: Snapshot) -> bool:
        return len(row.record.get("invoice_external_ids") or ()) > 1

    def _found(self, key: str) -> list[Found]:
        return [
            Found(
                pk=item.pk,
                title=KINDS[item.kind].title if item.kind in KINDS else item.kind,
                tone="bad" if item.rank == 0 else "warn",
            )
            for item in self.told.get(key, ())
        ]


def _proposals_of(invoice: Snapshot) -> list[str]:
    ids = (line.get("origin_external_id") for line in invoice.record.get("lines") or ())
    return list(dict.fromkeys(str(item) for item in ids if item))


def _sum(steps: Sequence[Step], what: str) -> Decimal:
    return sum((step.amount for step in steps if step.what == what and step.amount), Decimal(0))
