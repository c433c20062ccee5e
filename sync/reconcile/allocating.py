"""A client's credit in Xero put on one of its open invoices: a Change that a second person approves.

No plan makes such a Change, and each plan looks whether the ones that wait still fit (``sync.reconcile.picking``).
Before it is sent Xero is asked whether somebody did it meanwhile.
"""

from collections.abc import Sequence

from mappings.services import load_choices
from practices.models import User
from sync.approvals import asking
from sync.models import Change, ChangeState, Flow, Kind, Mismatch, Purpose, Verb
from sync.outbox import facts_hash
from sync.reconcile.asked import DECLINED, Outcome, as_asked, ask, ran_out, remember
from sync.reconcile.credit_room import Pick
from sync.reconcile.picking import drop_stale, end, open_changes, payment_state, pick, source_invoice, today
from sync.ruled import APPROVAL, waiting_text
from sync.wishes import ASKED, SECOND_PERSON
from sync.world import Sides

CREDIT_BUSY = "That credit is being put on an invoice already."
SENT_NOW = "It is being sent right now. Compare again when that is settled."
UNCLEAR = (
    "It is not known yet whether it was done. Retry it on the page of the problem: it is looked up first."
)
UNPAID = "Ignition calls the invoice unpaid: stop its collection there, or the client pays twice."


def allocate(sides: Sides, flow: Flow, rows: Sequence[Mismatch], actor: User, outcome: Outcome) -> None:
    """A Change for each of these differences. Call it with both lanes held, inside a transaction."""
    if drop_stale(sides):
        asking.withdraw(sides.practice)
    for row in rows:
        found = pick(sides, row)
        if isinstance(found, str):
            outcome.leave(found)
            continue
        change = open_changes(sides).filter(source_external_id=found.credit.external_id).first()
        values, over = _values(sides, found), change is not None and ran_out(change)
        why = _declined(sides, found, values) if change is None else "" if over else _busy(change, values)
        if why:
            outcome.leave(why)
            continue
        if change is None or over or change.state == ChangeState.PARKED:
            if change is not None:
                end([change.pk])
            change = _make(sides, flow, row, found, values, actor)
            ask(change, actor)
        outcome.waiting += change.state == ChangeState.HELD
        remember(row, change, actor)
        outcome.done.append(row)


def _declined(sides: Sides, found: Pick, values: dict[str, str]) -> str:
    """Said when somebody declined the same allocation, on whatever day."""
    rows = Change.objects.filter(
        connection=sides.target,
        kind=found.credit.kind,
        source_external_id=found.credit.external_id,
        state=ChangeState.CANCELLED,
        reason="declined",
    )
    said_no = any(
        {**said, "date": ""} == {**values, "date": ""} for said in rows.values_list("values", flat=True)
    )
    return DECLINED if said_no else ""


def _values(sides: Sides, found: Pick) -> dict[str, str]:
    return {
        "invoice_external_id": found.invoice.external_id,
        "invoice_number": found.invoice.number,
        "amount": f"{found.amount:.2f}",
        "currency": found.credit.currency,
        "date": today(sides).isoformat(),
    }


def _busy(change: Change, values: dict[str, str]) -> str:
    """Why a credit that has an open Change can't have another one; empty where that one says the same.

    It may have been asked for on an earlier day.
    """
    if change.state == ChangeState.IN_FLIGHT:
        return SENT_NOW
    if change.state == ChangeState.PARKED and change.look_up_first:
        return UNCLEAR
    return "" if {**change.values, "date": ""} == {**values, "date": ""} else CREDIT_BUSY


def _make(
    sides: Sides, flow: Flow, row: Mismatch, found: Pick, values: dict[str, str], actor: User
) -> Change:
    credit, key = found.credit, source_invoice(sides, found)
    warnings = [UNPAID] if key and payment_state(sides, key) not in {"paid", ""} else []
    parts = (row.client, credit.number or str(Kind(credit.kind).label)[:-1], f"on {found.invoice.number}")
    made: Change = Change.objects.create(
        practice=sides.practice,
        flow=flow,
        connection=sides.target,
        source_connection=sides.source,
        kind=credit.kind,
        verb=Verb.UPDATE,
        source_external_id=credit.external_id,
        target_external_id=credit.external_id,
        natural_key=credit.number,
        title=" · ".join(part for part in parts if part)[:300],
        values=values,
        remarks=[*warnings, ASKED],
        approval_asked=[as_asked()],
        amount=found.amount,
        currency=credit.currency,
        date=today(sides),
        purpose=Purpose.PERSON,
        state=ChangeState.HELD,
        reason=APPROVAL,
        message=waiting_text((SECOND_PERSON,))[:500],
        released_by=actor,
        facts_hash=facts_hash(Verb.UPDATE, values, credit.external_id, {}),
        mapping_version=load_choices(sides.practice)[0],
    )
    return made
