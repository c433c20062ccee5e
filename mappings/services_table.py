"""What a service becomes besides its amount: account, item and tracking, as selects that are sent back."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings import forms, options
from mappings.options import Option
from mappings.sides import TargetView
from mappings.spec import Choices

ITEM_PREFIX = "item:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """One more choice for a service. ``name`` is the input's name without the service's id.

    Items are typed, with Xero's as suggestions: there may be thousands, too many for a select in every row.
    """

    name: str
    label: str
    value: str
    options: tuple[Option, ...] = ()
    is_item: bool = False


def columns(view: TargetView, choices: Choices) -> tuple[str, ...]:
    """Headings of the further selects: an item, if Xero has any, and each tracking category."""
    item = ("Item",) if view.facts.items or choices.item_by_service else ()
    return (*item, *categories(view, choices))


def categories(view: TargetView, choices: Choices) -> list[str]:
    """Tracking categories that Xero offers or a service has an option of."""
    chosen = {category for table in choices.tracking_by_service.values() for category in table}
    return sorted({*view.facts.tracking, *chosen})


def selects(key: str, view: TargetView, choices: Choices) -> tuple[Select, ...]:
    """The further selects of one service, in the order of :func:`columns`."""
    out = []
    if view.facts.items or choices.item_by_service:
        item = choices.item_by_service.get(key, "")
        out.append(Select(name=ITEM_PREFIX, label="Item", value=item, is_item=True))
    tracked = choices.tracking_by_service.get(key, {})
    for number, category in enumerate(categories(view, choices)):
        option = tracked.get(category, "")
        offered = options.tracking_options(view, category, option)
        out.append(Select(name=_prefix(number), label=category, value=option, options=offered))
    return tuple(out)


def read(
    data: Mapping[str, Any], keys: set[str], view: TargetView, choices: Choices
) -> tuple[Choices, list[str]]:
    """The choices with what was sent in place, and what can't be chosen."""
    accounts, problems = forms.read_table(
        data, known=keys, offered=options.sales_options(view), stored=choices.account_by_service
    )
    items, more = forms.read_table(
        data,
        known=keys,
        offered=options.item_options(view),
        stored=choices.item_by_service,
        prefix=ITEM_PREFIX,
    )
    problems += more
    tracked = {key: dict(table) for key, table in choices.tracking_by_service.items()}
    for number, category in enumerate(categories(view, choices)):
        stored = {key: table[category] for key, table in tracked.items() if category in table}
        table, more = forms.read_table(
            data,
            known=keys,
            offered=options.tracking_options(view, category),
            stored=stored,
            prefix=_prefix(number),
        )
        problems += more
        for key in stored.keys() - table.keys():
            del tracked[key][category]
        for key, option in table.items():
            tracked.setdefault(key, {})[category] = option
    problems += [
        f"Xero takes {forms.MOST_TRACKING} tracking categories on a line, “{key}” has {len(table)}."
        for key, table in tracked.items()
        if len(table) > forms.MOST_TRACKING
    ]
    changed = dataclasses.replace(
        choices,
        account_by_service=accounts,
        item_by_service=items,
        tracking_by_service={key: table for key, table in tracked.items() if table},
    )
    return changed, problems


def _prefix(number: int) -> str:
    return f"track{number}:"
