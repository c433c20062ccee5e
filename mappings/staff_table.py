"""Partners and managers of clients by e-mail address: whom Xero knows, and how their clients' lines are tracked."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings import tracked
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.tracked import Select

TRACKING = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One person. ``in_target`` is their name in the target; empty: nobody there has this e-mail address."""

    email: str
    partner_of: int
    manager_of: int
    in_target: str
    selects: tuple[Select, ...]


def rows(view: TargetView, choices: Choices) -> list[StaffRow]:
    """By how many clients they look after, most first; people who are mapped but gone from Ignition come last."""
    known = sorted(view.source.staff, key=lambda use: (-(use.partner_of + use.manager_of), use.email))
    found = [(use.email, use.partner_of, use.manager_of, use.in_target) for use in known]
    emails = {use.email for use in known}
    found += [(email, 0, 0, "") for email in sorted(choices.tracking_by_staff) if email not in emails]
    return [
        StaffRow(
            email=email,
            partner_of=partner_of,
            manager_of=manager_of,
            in_target=name,
            selects=tuple(_selects(email, view, choices)),
        )
        for email, partner_of, manager_of, name in found
    ]


def _selects(email: str, view: TargetView, choices: Choices) -> list[Select]:
    """Inputs are called by the whole of their names here."""
    found = tracked.selects(TRACKING, email, view, choices.tracking_by_staff)
    return [dataclasses.replace(item, name=f"{item.name}{email}") for item in found]


def read(data: Mapping[str, Any], view: TargetView, choices: Choices) -> tuple[Choices, list[str]]:
    """The choices with what was sent in place, and what can't be chosen."""
    emails = {row.email for row in rows(view, choices)}
    table, problems = tracked.read(TRACKING, data, emails, view, choices.tracking_by_staff)
    return dataclasses.replace(choices, tracking_by_staff=table), problems
