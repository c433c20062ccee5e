"""Partners and managers of clients by e-mail address: whom Xero knows, and how their clients' lines are tracked."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings import forms, options
from mappings.options import Option
from mappings.sides import TargetView
from mappings.spec import Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    name: str
    label: str
    value: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One person. ``in_target`` is their name in the target; empty: nobody there has this e-mail address."""

    email: str
    partner_of: int
    manager_of: int
    in_target: str
    selects: tuple[Select, ...]


def categories(view: TargetView, choices: Choices) -> list[str]:
    """Tracking categories that Xero offers or somebody has an option of."""
    chosen = {category for table in choices.tracking_by_staff.values() for category in table}
    return sorted({*view.facts.tracking, *chosen})


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
    tracked = choices.tracking_by_staff.get(email, {})
    return [
        Select(
            name=f"{_prefix(number)}{email}",
            label=category,
            value=tracked.get(category, ""),
            options=options.tracking_options(view, category, tracked.get(category, "")),
        )
        for number, category in enumerate(categories(view, choices))
    ]


def read(data: Mapping[str, Any], view: TargetView, choices: Choices) -> tuple[Choices, list[str]]:
    """The choices with what was sent in place, and what can't be chosen."""
    emails = {row.email for row in rows(view, choices)}
    tracked = {email: dict(table) for email, table in choices.tracking_by_staff.items()}
    problems: list[str] = []
    for number, category in enumerate(categories(view, choices)):
        stored = {email: table[category] for email, table in tracked.items() if category in table}
        table, wrong = forms.read_table(
            data,
            known=emails,
            offered=options.tracking_options(view, category),
            stored=stored,
            prefix=_prefix(number),
        )
        problems += wrong
        for email in stored.keys() - table.keys():
            del tracked[email][category]
        for email, option in table.items():
            tracked.setdefault(email, {})[category] = option
    problems += [
        f"Xero takes {forms.MOST_TRACKING} tracking categories on a line, “{email}” has {len(table)}."
        for email, table in tracked.items()
        if len(table) > forms.MOST_TRACKING
    ]
    kept = {email: table for email, table in tracked.items() if table}
    return dataclasses.replace(choices, tracking_by_staff=kept), problems


def _prefix(number: int) -> str:
    return f"staff{number}:"
