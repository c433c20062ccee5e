"""Tracking options of things that have a key (services, staff): a select for each of Xero's categories."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mappings import forms, options
from mappings.options import Option
from mappings.sides import TargetView

Table = Mapping[str, Mapping[str, str]]
"""Option by category, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """One choice in a row. ``name`` is the input's name without the row's key.

    Items are typed, with Xero's as suggestions: there may be thousands, too many for a select in every row.
    """

    name: str
    label: str
    value: str
    options: tuple[Option, ...] = ()
    is_item: bool = False


def categories(view: TargetView, table: Table) -> list[str]:
    """Tracking categories that Xero offers or something has an option of."""
    chosen = {category for tracked in table.values() for category in tracked}
    return sorted({*view.facts.tracking, *chosen})


def selects(start: str, key: str, view: TargetView, table: Table) -> list[Select]:
    """The selects of one row; inputs are called ``{start}0:``, ``{start}1:`` and so on."""
    tracked = table.get(key, {})
    return [
        Select(
            name=f"{start}{number}:",
            label=category,
            value=tracked.get(category, ""),
            options=options.tracking_options(view, category, tracked.get(category, "")),
        )
        for number, category in enumerate(categories(view, table))
    ]


def read(
    start: str, data: Mapping[str, Any], keys: Collection[str], view: TargetView, table: Table
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The table with what was sent in place, and what can't be chosen."""
    out = {key: dict(tracked) for key, tracked in table.items()}
    problems: list[str] = []
    for number, category in enumerate(categories(view, table)):
        stored = {key: tracked[category] for key, tracked in out.items() if category in tracked}
        sent, wrong = forms.read_table(
            data,
            known=set(keys),
            offered=options.tracking_options(view, category),
            stored=stored,
            prefix=f"{start}{number}:",
        )
        problems += wrong
        for key in stored.keys() - sent.keys():
            del out[key][category]
        for key, option in sent.items():
            out.setdefault(key, {})[category] = option
    problems += [
        f"Xero takes {forms.MOST_TRACKING} tracking categories on a line, “{key}” has {len(tracked)}."
        for key, tracked in out.items()
        if len(tracked) > forms.MOST_TRACKING
    ]
    return {key: tracked for key, tracked in out.items() if tracked}, problems
