"""Proposals and their service lines as the reporting list shows them."""

from __future__ import annotations

from typing import Any

from sandbox.ignition.amounts import ZERO
from sandbox.ignition.state import stamp
from sandbox.seed.catalogue import RECURRING
from sandbox.seed.engagements import TERM_MONTHS, Agreed, ProposalPlan, deposit_parts


def proposal_row(plan: ProposalPlan, currency: str) -> dict[str, Any]:
    client = plan.client
    selected = [line for line in plan.lines if line.selected]
    person = {"name": client.manager[0]}
    return {
        "slug": plan.slug,
        "reference_number": plan.number,
        "name": plan.name,
        "state": plan.state,
        "client_slug": client.slug,
        "client_name": client.display,
        "external_client_id": client.external_id,
        "client_tags": client.tags,
        "minimum_contract_value": {
            "amount": sum((line.contract_value for line in selected), ZERO),
            "currency": currency,
        },
        "contract_term": "ongoing" if plan.ends is None else "fixed",
        "minimum_contract_length": TERM_MONTHS,
        "proposal_start_type": "acceptance" if plan.accepted else "date",
        "proposal_start_date": plan.start.isoformat(),
        "proposal_end_date": plan.ends.isoformat() if plan.ends else None,
        "creator": person,
        "sender": person if plan.sent else None,
        "sent_at": stamp(plan.sent) if plan.sent else None,
        "accepted_at": stamp(plan.accepted) if plan.accepted else None,
        "lost_at": stamp(plan.lost) if plan.lost else None,
        "pdf_url": f"https://go.ignitionapp.example/proposals/{plan.slug}.pdf" if plan.sent else None,
        "link": f"https://go.ignitionapp.example/proposals/{plan.slug}",
        "created_at": stamp(plan.created),
        "updated_at": stamp(plan.changed),
        "services": [_line_row(line, currency) for line in plan.lines],
    }


_CADENCES = {
    "monthly": ("every month", "monthly", "recurring"),
    "quarterly": ("every 3 months", "quarterly", "recurring"),
    "yearly": ("every year", "yearly", "recurring"),
    "once": (None, "once_off", "once_off"),
    "unit": (None, "once_off", "once_off"),
    "deposit": (None, "once_off", "deposit"),
}
_SUMMARIES = {
    "once": "Billed on acceptance",
    "unit": "Billed on completion",
    "deposit": "Half on acceptance, the balance on completion",
}


def _line_row(line: Agreed, currency: str) -> dict[str, Any]:
    cadence, recurrence, mode = _CADENCES[line.cadence]
    strategy = "manual" if line.service.unit else "automatic"
    halves = 2 if line.cadence == "deposit" else 1
    schedules = [
        {
            "cadence": cadence,
            "recurrence": recurrence,
            "currency": currency,
            "invoice_strategy": "manual" if half else strategy,
            "minimum_period_value": {"amount": value, "currency": currency},
            "minimum_contract_value": {
                "amount": value if halves == 2 else line.contract_value,
                "currency": currency,
            },
        }
        for half, value in enumerate(deposit_parts(line.period_value) if halves == 2 else [line.period_value])
    ]
    return {
        "slug": line.slug,
        "service_slug": line.service.slug,
        "name": line.service.name,
        "position": 0,
        "description": f"{line.service.name}, as agreed in the engagement.",
        "is_add_on": line.add_on,
        "is_selected_for_acceptance": line.selected,
        "invoice_strategy": strategy,
        "billing": {
            "mode": mode,
            "summary": _SUMMARIES.get(line.cadence, f"Billed {cadence}"),
            "is_recurring": line.cadence in RECURRING,
            "schedules": schedules,
        },
        "pricing": {
            "price_type": line.service.price_type,
            "currency": currency,
            "quantity": line.quantity,
            "minimum_period_value": {"amount": line.period_value},
            "minimum_contract_value": {"amount": line.contract_value},
        },
        "service_category": None,
    }
