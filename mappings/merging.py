"""A draft brought up to date with a version that somebody else put in force meanwhile. Pure."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from mappings.spec import Choices

KEYED = {"fields": "target", "rules": "key", "lookups": "name"}
"""Lists whose entries are known by one of their attributes."""


def merge(base: Choices, draft: Choices, in_force: Choices) -> Choices:
    """What the draft changed since ``base``, on top of what is in force; where both changed one thing, the draft's."""
    merged = {}
    for item in dataclasses.fields(Choices):
        values = [getattr(choices, item.name) for choices in (base, draft, in_force)]
        merged[item.name] = _merge(item.name, *values)
    return Choices(**merged)


def _merge(name: str, base: Any, draft: Any, in_force: Any) -> Any:
    if draft == base:
        return in_force
    if in_force == base:
        return draft
    if isinstance(draft, dict):
        return _merge_tables(base, draft, in_force)
    if name in KEYED:
        tables = [
            {getattr(entry, KEYED[name]): entry for entry in value} for value in (base, draft, in_force)
        ]
        merged = _merge_tables(*tables)
        order = [*tables[1], *(key for key in tables[2] if key not in tables[1])]
        return tuple(merged[key] for key in order if key in merged)
    return draft


def _merge_tables(
    base: Mapping[str, Any], draft: Mapping[str, Any], in_force: Mapping[str, Any]
) -> dict[str, Any]:
    out = dict(in_force)
    for key in base.keys() | draft.keys():
        if base.get(key) == draft.get(key):
            continue
        if key in draft:
            out[key] = draft[key]
        else:
            out.pop(key, None)
    return out
