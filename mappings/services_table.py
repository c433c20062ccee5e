"""What a service becomes besides its amount: account, item and tracking, as selects that are sent back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from mappings import forms, options, tracked
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.tracked import Select

ITEM_PREFIX = "item:"
TRACKING = "track"


def columns(view: TargetView, choices: Choices) -> tuple[str, ...]:
    """Headings of the further selects: an item, if Xero has any, and each tracking category."""
    item = ("Item",) if view.facts.items or choices.item_by_service else ()
    return (*item, *tracked.categories(view, choices.tracking_by_service))


def selects(key: str, view: TargetView, choices: Choices) -> tuple[Select, ...]:
    """The further selects of one service, in the order of :func:`columns`."""
    out = []
    if view.facts.items or choices.item_by_service:
        item = choices.item_by_service.get(key, "")
        out.append(Select(name=ITEM_PREFIX, label="Item", value=item, is_item=True))
    return (*out, *tracked.selects(TRACKING, key, view, choices.tracking_by_service))


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
    tracking, further = tracked.read(TRACKING, data, keys, view, choices.tracking_by_service)
    changed = dataclasses.replace(
        choices,
        account_by_service=accounts,
        item_by_service=items,
        tracking_by_service=tracking,
    )
    return changed, [*problems, *more, *further]
