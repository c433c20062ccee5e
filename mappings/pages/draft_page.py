"""A draft's differences, by the part of the mapping they belong to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from mappings.differences import Difference

TAB_OF = {
    "Invoices": "invoices",
    "Services": "services",
    "Tax": "taxes",
    "Payments": "payments",
    "Tracking": "tracking",
    "Staff": "staff",
    "Fields": "fields",
    "Rules": "rules",
    "Look-ups": "lookups",
    "Approvals": "rules",
    "Notes": "notes",
}


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    tab: str
    changed: tuple[Difference, ...]


def grouped(changed: Iterable[Difference]) -> list[Group]:
    """One group a section, in the order of the tabs."""
    rows = list(changed)
    found = [
        Group(title, tab, tuple(item for item in rows if item.section == title))
        for title, tab in TAB_OF.items()
    ]
    return [group for group in found if group.changed]
