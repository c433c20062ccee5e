"""Writes a planned practice into its Ignition account."""

from __future__ import annotations

from typing import Any

from sandbox.ignition.state import IgnitionPractice, stamp
from sandbox.seed.billing import invoice_row
from sandbox.seed.calendar_days import instant
from sandbox.seed.catalogue import service_row
from sandbox.seed.collecting import Movement
from sandbox.seed.deals import deal_rows, stage_row
from sandbox.seed.payment_rows import collection_row, payment_row
from sandbox.seed.practice_plan import PracticePlan
from sandbox.seed.proposal_rows import proposal_row
from sandbox.seed.roster import client_row, contact_rows

FIRST_CONTACT_ID = 88_100_001
FIRST_FREE_NUMBER = 90_000_000


def fill_ignition(practice: IgnitionPractice, plan: PracticePlan) -> None:
    """Plant every row with the stamps of its own history; call after the Xero side has set links and
    pushes.
    """
    currency, today = plan.spec.currency, plan.window.today
    _plant_services(practice, plan)
    contact_id = FIRST_CONTACT_ID
    for client in plan.clients:
        _plant(practice, "clients", client_row(client))
        for row in contact_rows(client, contact_id):
            _plant(practice, "contacts", row)
        contact_id += len(client.people)
    for proposal in plan.proposals:
        _plant(practice, "proposals", proposal_row(proposal, currency))
    for stage in plan.stages:
        _plant(practice, "deal_stages", stage_row(stage, plan.founded))
    for row in deal_rows(plan.draw.child("deals"), practice.slugs, plan.stages, plan.proposals, currency):
        _plant(practice, "deals", row)
    for bill in plan.bills:
        _plant(practice, "invoices", invoice_row(bill, currency))
    for charge in plan.charges:
        changed = charge.changed or charge.created
        practice.plant("payments", payment_row(charge, currency, today), stamp(changed))
    for movement in plan.movements:
        practice.plant("collections", collection_row(movement, currency, today), _last_change(movement, plan))
    practice.next_number = FIRST_FREE_NUMBER


def _plant(practice: IgnitionPractice, resource: str, row: dict[str, Any]) -> None:
    practice.plant(resource, row, row["updated_at"])


def _plant_services(practice: IgnitionPractice, plan: PracticePlan) -> None:
    groups: dict[str, str] = {}
    for service in plan.services.values():
        slug = groups.setdefault(service.group, f"sg_{practice.slugs.token(plan.founded)}")
        _plant(practice, "services", service_row(service, slug, plan.founded, plan.founded))


def _last_change(movement: Movement, plan: PracticePlan) -> str:
    zone = plan.window.zone
    moments = [
        instant(movement.submitted, zone, 9),
        instant(movement.arrival, zone, 10),
        instant(movement.fee_day, zone, 3),
    ]
    return stamp(max([movement.started, *(moment for moment in moments if moment <= plan.window.now)]))
