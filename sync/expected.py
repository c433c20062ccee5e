"""What a mapping makes of a record, in the words of a comparison. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.amounts import cents
from connectors.records import Line, Tracking
from mappings.fieldmaps import Direction, Mode
from mappings.spec import Choices

ELSEWHERE = frozenset({"name", "email", "phone", "mobile", "first_name", "last_name"})
"""Fields of a contact that have kinds of difference of their own."""


def line_of(values: Mapping[str, Any]) -> Line:
    """A line as the mapping makes it. What it comes to is not among its values."""
    quantity, unit = Decimal(values.get("quantity") or 1), Decimal(values.get("unit_amount") or 0)
    discount = Decimal(values.get("discount") or 0)
    return Line(
        description=values.get("description") or "",
        quantity=quantity,
        unit_amount=unit,
        discount=discount,
        amount=cents(quantity * unit - discount),
        account_code=values.get("account_code") or "",
        tax_type=values.get("tax_type") or "",
        item_code=values.get("item_code") or "",
        tracking=tuple(Tracking(**item) for item in values.get("tracking") or ()),
    )


def own_fields(choices: Choices) -> frozenset[str]:
    """The further fields of a contact that the practice's own field maps keep up to date."""
    return (
        frozenset(
            item.target.removeprefix("contact.")
            for item in choices.fields
            if item.target.startswith("contact.")
            and item.direction in {Direction.TO_TARGET, Direction.BOTH}
            and item.mode in {Mode.PROTECTED, Mode.OVERWRITE}
        )
        - ELSEWHERE
    )
