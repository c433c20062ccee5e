"""Payments and collections as the reporting lists show them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sandbox.ignition.amounts import ZERO
from sandbox.ignition.state import stamp
from sandbox.seed.collecting import Charge, Movement, payout_of

_TYPES = {"card": "credit card", "bank": "bank account"}


def payment_row(charge: Charge, currency: str, today: date) -> dict[str, Any]:
    """The payment as the reporting list shows it: several invoices, no amount for each."""
    taken = [movement for movement in charge.movements if movement.kind == "payment_collection"]
    billed = [movement.fee for movement in taken if movement.fee_day <= today]
    collection = None
    if charge.collection_state:
        collection = {
            "type": _TYPES[charge.method],
            "state": charge.collection_state,
            "completed_at": stamp(charge.collected) if charge.collected else None,
            "fee_amount": {"amount": sum(billed, ZERO)} if billed else None,
        }
    return {
        "slug": charge.slug,
        "client": {"slug": charge.client.slug},
        "invoices": [{"slug": bill.slug} for bill, _ in charge.parts],
        "amount": {"amount": charge.amount, "surcharge": charge.surcharge, "currency": currency},
        "state": charge.state,
        "collection": collection,
        "available_on": charge.arrival.isoformat() if charge.arrival else None,
        "disbursal": payout_of(taken[0], today) if taken else None,
        "link": f"https://go.ignitionapp.example/payments/{charge.slug}",
        "created_at": stamp(charge.created),
    }


def collection_row(movement: Movement, currency: str, today: date) -> dict[str, Any]:
    """One money movement as the reporting list shows it. Clawbacks carry a positive amount and their own
    type.
    """
    bill = movement.bill
    fee_known = movement.kind == "payment_collection" and movement.fee_day <= today
    payout = payout_of(movement, today)
    return {
        "id": movement.number,
        "type": movement.kind,
        "amount": {"total": movement.amount, "surcharge": movement.surcharge, "currency": currency},
        "client": {
            "slug": bill.client.slug,
            "name": bill.client.display,
            "external_client_id": bill.client.external_id,
        },
        "invoice": {"slug": bill.slug, "number": bill.number},
        "payment": {
            "started_at": stamp(movement.started),
            "fee": movement.fee if fee_known else None,
            "fee_description": movement.fee_text if fee_known else None,
            "fee_invoice_date": movement.fee_day.isoformat() if fee_known else None,
        },
        "disbursal": payout
        and {
            **payout,
            "submitted_date": movement.submitted.isoformat(),
            "arrival_date": movement.arrival.isoformat(),
        },
    }
