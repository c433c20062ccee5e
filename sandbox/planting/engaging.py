"""New clients and engagements, as Ignition shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.state import stamp
from sandbox.planting.ground import Ground, Party
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_client
from sandbox.seed.calendar_days import instant
from sandbox.xero.payload import Row


def new_client(ground: Ground, name: str, email: str, **facts: Any) -> Row:
    """A client that only Ignition has, with one person; it came a month ago and pays by itself."""
    practice, at = ground.practice, ground.now - timedelta(days=30)
    slug = practice.slugs.slug("cli", at)
    row = practice.upsert(
        "clients",
        {
            "slug": slug,
            "name": name,
            "state": "active",
            "external_client_id": None,
            "xero_contact_id": None,
            "qbo_customer_id": None,
            "manager": None,
            "partner": None,
            "tags": [],
            "group_name": None,
            "email": email,
            "phone": None,
            "link": f"https://go.ignitionapp.example/clients/{slug}",
            "created_at": stamp(at),
            **facts,
        },
    )
    person = practice.slugs.slug("con", at)
    practice.upsert(
        "contacts",
        {
            "id": practice.new_number(),
            "slug": person,
            "client": {"slug": slug},
            "name": "Robin Sandover",
            "email": email,
            "phone": facts.get("phone"),
            "mobile": None,
            "salutation": None,
            "addressee": "Robin",
            "position": None,
            "is_primary": True,
            "is_signatory": True,
            "is_invoice_recipient": True,
            "link": f"https://go.ignitionapp.example/contacts/{person}",
            "created_at": stamp(at),
        },
    )
    return row


def engage(
    ground: Ground, client: Row, *, start: date, cadence: str = "monthly", value: str = "450.00"
) -> Row:
    """An accepted engagement of a client; the one service bills `value` before tax from `start` on."""
    practice = ground.practice
    service = next(row for row in practice.services if row["name"] == "Bookkeeping (monthly)")
    at = min(instant(start, ground.zone, 5), ground.now) - timedelta(days=3)
    slug, amount = practice.slugs.slug("prop", at), Decimal(value)
    schedule = {
        "cadence": f"every {'month' if cadence == 'monthly' else 'year'}",
        "recurrence": cadence,
        "currency": practice.currency,
        "invoice_strategy": "automatic",
        "minimum_period_value": {"amount": amount, "currency": practice.currency},
        "minimum_contract_value": {"amount": amount * 12, "currency": practice.currency},
    }
    line = {
        "slug": practice.slugs.slug("line", at),
        "service_slug": service["slug"],
        "name": service["name"],
        "position": 0,
        "description": service["description"],
        "is_add_on": False,
        "is_selected_for_acceptance": True,
        "invoice_strategy": "automatic",
        "billing": {
            "mode": "recurring",
            "summary": f"Billed {schedule['cadence']}",
            "is_recurring": True,
            "schedules": [schedule],
        },
        "pricing": {
            "price_type": "fixed",
            "currency": practice.currency,
            "quantity": Decimal(1),
            "minimum_period_value": {"amount": amount},
            "minimum_contract_value": {"amount": amount * 12},
        },
        "service_category": None,
    }
    return practice.upsert(
        "proposals",
        {
            "slug": slug,
            "reference_number": f"PROP-{9000 + len(practice.proposals)}",
            "name": f"{start.year} {cadence} engagement",
            "state": "accepted",
            "client_slug": client["slug"],
            "client_name": client["name"],
            "external_client_id": client["external_client_id"],
            "client_tags": [],
            "minimum_contract_value": {"amount": amount * 12, "currency": practice.currency},
            "contract_term": "ongoing",
            "minimum_contract_length": 12,
            "proposal_start_type": "date",
            "proposal_start_date": start.isoformat(),
            "proposal_end_date": None,
            "creator": {"name": "Mina Okafor"},
            "sender": {"name": "Mina Okafor"},
            "sent_at": stamp(at),
            "accepted_at": stamp(at),
            "lost_at": None,
            "pdf_url": None,
            "link": f"https://go.ignitionapp.example/proposals/{slug}",
            "created_at": stamp(at),
            "services": [line],
        },
    )


def never_billed(ground: Ground, number: int) -> Planted:
    """V14: an engagement that bills every month by itself, and that nobody was ever sent an invoice of."""
    start = ground.day(120)

    def fits(party: Party) -> bool:
        return bool(party.proposals) and all(
            row["proposal_start_date"] < start.isoformat() for row in party.proposals
        )

    party = ground.host(fits)
    proposal = engage(ground, party.client, start=start)
    note = f"{proposal['reference_number']} bills every month since {start}, and there is no invoice of it."
    told = about_client(ground, "V14", "invoice_not_raised", party, note)
    return replace(
        told,
        ignition_ids=(str(proposal["slug"]), party.slug),
        document=str(proposal["reference_number"]),
        money=proposal["services"][0]["pricing"]["minimum_period_value"]["amount"],
    )
