"""What a mapping makes of a record, in the words of a comparison. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.amounts import cents
from connectors.records import Line, Tracking
from mappings.fieldmaps import Direction, Mode
from mappings.spec import Choices

ELSEWHERE = frozenset({"name", "email", "phone", "mobile", "first_name", "last_name"})
"""Fields of a contact that have kinds of difference of their own."""


def line_of(values: Mapping[str, Any]) -> Line:
    """A line as the mapping makes it. What it comes to is not among its values."""
    return _line(
        values.get("description") or "",
        values.get("quantity") or "1",
        values.get("unit_amount") or "0",
        values.get("discount") or "0",
        values.get("account_code") or "",
        values.get("tax_type") or "",
        values.get("item_code") or "",
        tuple((item["category"], item["option"]) for item in values.get("tracking") or ()),
    )


@lru_cache(maxsize=1 << 15)
def _line(
    description: str,
    quantity: str,
    unit_amount: str,
    discount: str,
    account: str,
    tax_type: str,
    item: str,
    tracking: tuple[tuple[str, str], ...],
) -> Line:
    """One object for each: what is billed every month comes in the same lines."""
    number, unit, off = Decimal(quantity), Decimal(unit_amount), Decimal(discount)
    return Line(
        description=description,
        quantity=number,
        unit_amount=unit,
        discount=off,
        amount=cents(number * unit - off),
        account_code=account,
        tax_type=tax_type,
        item_code=item,
        tracking=tuple(Tracking(category=category, option=option) for category, option in tracking),
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
