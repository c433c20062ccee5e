"""What mapping a record gives. Pure data."""

from dataclasses import dataclass, field
from typing import Any

from mappings.rules import Ruling


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a record can't be written: a code for filters, the field, and a sentence."""

    code: str
    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a record becomes. ``values`` keep amounts and dates as text, ready for JSON and for comparing.

    An *issue* blocks the write; a *remark* explains something that was decided on the way and blocks nothing.
    """

    values: dict[str, Any]
    issues: tuple[Issue, ...] = ()
    remarks: tuple[str, ...] = ()
    ruling: Ruling = field(default_factory=Ruling)
