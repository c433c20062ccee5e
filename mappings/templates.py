"""Texts with source fields in braces, as ``{client.name} · {invoice.reference}``. Pure."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.catalog import SOURCES, About
from mappings.fieldmaps import BadChoice
from mappings.subjects import Subject

LONGEST = 500
"""Characters of a template; what it becomes is cut to the field's own limit."""
_PLACE = re.compile(r"\{([^{}]*)\}")


def compile_template(text: str, about: About) -> Callable[[Subject], str]:
    """The text as a function of a record. Raises :class:`BadChoice` for a field that these records don't have."""
    if len(text) > LONGEST:
        raise BadChoice(f"A text may have {LONGEST} characters, this one has {len(text)}.")
    parts = _PLACE.split(text)
    if any("{" in part or "}" in part for part in parts[::2]):
        raise BadChoice(f"In “{text}” a brace has no partner. Write a field as {{client.name}}.")
    getters = [_getter(name, about) for name in parts[1::2]]
    fixed = parts[::2]

    def fill(subject: Subject) -> str:
        out = [fixed[0]]
        for get, after in zip(getters, fixed[1:], strict=True):
            out.append(as_text(get(subject)))
            out.append(after)
        return "".join(out)

    return fill


def names_in(text: str) -> Iterable[str]:
    return _PLACE.findall(text)


def as_text(value: Any) -> str:
    """A value as it appears within a text: dates as ISO, numbers without exponents, lists with commas."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, tuple | list) else str(value)


def _getter(name: str, about: About) -> Callable[[Subject], Any]:
    found = SOURCES.get(name)
    if found is None or about not in found.about or found.mapped:
        raise BadChoice(f"There is no field “{name}” to put into a text here.")
    return found.get
