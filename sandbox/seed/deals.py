"""The sales pipeline: stages, and deals with the clients that were won, lost or are still talking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.ignition.amounts import ZERO
from sandbox.ignition.slugs import SlugMaker
from sandbox.ignition.state import stamp
from sandbox.seed.draw import Draw
from sandbox.seed.engagements import ProposalPlan

# name, chance of winning
_STAGES = (
    ("New enquiry", "0.1"),
    ("Discovery call", "0.3"),
    ("Proposal sent", "0.5"),
    ("Negotiation", "0.7"),
    ("Won", "1"),
    ("Lost", "0"),
)
_STAGE_OF = {"draft": 1, "awaiting_acceptance": 2, "accepted": 4, "completed": 4, "lost": 5, "archived": 5}
_STATE_OF_STAGE = {4: "won", 5: "lost"}
DEAL_SHARE = 0.3


@dataclass(frozen=True)
class Stage:
    slug: str
    name: str
    position: int
    likelihood: Decimal


def make_stages(slugs: SlugMaker, founded: datetime) -> list[Stage]:
    return [
        Stage(slugs.slug("pss", founded), name, position, Decimal(likelihood))
        for position, (name, likelihood) in enumerate(_STAGES)
    ]


def stage_row(stage: Stage, founded: datetime) -> dict[str, Any]:
    return {
        "slug": stage.slug,
        "name": stage.name,
        "position": stage.position,
        "win_likelihood": stage.likelihood,
        "inactive_threshold_days": 14 if stage.position < 4 else None,
        "created_at": stamp(founded),
        "updated_at": stamp(founded),
    }


def deal_rows(
    draw: Draw, slugs: SlugMaker, stages: list[Stage], proposals: list[ProposalPlan], currency: str
) -> list[dict[str, Any]]:
    """Deals for about a third of the proposals, oldest first."""
    chosen = [proposal for proposal in proposals if draw.chance(DEAL_SHARE)]
    return [_deal_row(draw, slugs, stages, proposal, currency) for proposal in chosen]


def _deal_row(
    draw: Draw, slugs: SlugMaker, stages: list[Stage], proposal: ProposalPlan, currency: str
) -> dict[str, Any]:
    client = proposal.client
    stage = stages[_STAGE_OF[proposal.state]]
    opened = proposal.created - timedelta(days=draw.between(1, 30))
    closed = proposal.accepted or proposal.lost
    value = sum((line.contract_value for line in proposal.lines if line.selected), ZERO)
    return {
        "slug": slugs.slug("psd", opened),
        "name": f"{client.display}: {proposal.name}",
        "state": _STATE_OF_STAGE.get(stage.position, "open"),
        "priority": draw.pick(("low", "medium", "high")),
        "client_slug": client.slug,
        "client_name": client.display,
        "external_client_id": client.external_id,
        "stage_slug": stage.slug,
        "stage_name": stage.name,
        "stage_position": stage.position,
        "stage_win_likelihood": stage.likelihood,
        "current_stage_started_at": stamp(closed or proposal.sent or proposal.created),
        "projected_value": {"amount": value, "currency": currency},
        "projected_value_source": "proposal",
        "owner": {"name": client.manager[0], "email": client.manager[1]},
        "linked_proposal_slug": proposal.slug,
        "closed_at": stamp(closed) if closed else None,
        "seconds_to_close": int((closed - opened).total_seconds()) if closed else None,
        "link": f"https://go.ignitionapp.example/deals/{opened:%Y%m%d}-{proposal.slug}",
        "created_at": stamp(opened),
        "updated_at": stamp(closed or proposal.changed),
    }
