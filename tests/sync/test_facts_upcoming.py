"""Services that proposals will bill in the next 90 days."""

from datetime import date, timedelta

from django.utils import timezone

from connectors.records import Proposal, ProposalLine
from sync.facts import _upcoming

TODAY = timezone.now().date()


def proposal(
    key: str, begins: date | None, ends: date | None, *, accepted: bool = True, selected: bool = True
) -> Proposal:
    return Proposal(
        external_id=key,
        name=key,
        starts_on=begins,
        ends_on=ends,
        accepted_at=timezone.now() if accepted else None,
        lines=(
            ProposalLine(external_id="l1", name="Books", service_external_id="serv_1", selected=selected),
            ProposalLine(
                external_id="l2", name="Books again", service_external_id="serv_1", selected=selected
            ),
        ),
    )


def test_accepted_proposals_of_the_next_days_are_counted_once_each() -> None:
    soon, late, past = TODAY + timedelta(days=30), TODAY + timedelta(days=200), TODAY - timedelta(days=30)
    counted = _upcoming(
        [
            proposal("running", past, late),
            proposal("without an end", past, None),
            proposal("begins soon", soon, late),
            proposal("over", past, past),
            proposal("begins late", late, None),
            proposal("not accepted", past, late, accepted=False),
            proposal("not chosen", past, late, selected=False),
        ]
    )
    assert counted["serv_1"] == 3
