"""What a practice may choose for single fields: where a value comes from and what is done to it on the way.

Frozen data and its JSON form; ``mappings.catalog`` knows the fields, ``mappings.transforms`` the steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Who decides a field's value. What the target decides is never written; a difference is only reported."""

    TO_TARGET = "to_target"
    FROM_TARGET = "from_target"
    BOTH = "both"
    NONE = "none"


class Mode(StrEnum):
    """When a value may be written over what the target has."""

    PROTECTED = "protected"
    OVERWRITE = "overwrite"
    ONLY_IF_EMPTY = "only_if_empty"
    ONLY_IF_NEW = "only_if_new"


class Conflict(StrEnum):
    """Who wins when both sides changed a protected field."""

    ASK = "ask"
    SOURCE = "source"
    TARGET = "target"
    NEWEST = "newest"


DIRECTION_WORDS = {
    Direction.TO_TARGET: "Ignition → Xero",
    Direction.BOTH: "Ignition ↔ Xero",
    Direction.FROM_TARGET: "Xero decides",
    Direction.NONE: "Not written",
}
MODE_WORDS = {
    Mode.PROTECTED: "Keep what somebody changed in Xero",
    Mode.OVERWRITE: "Always overwrite",
    Mode.ONLY_IF_EMPTY: "Only fill what is empty",
    Mode.ONLY_IF_NEW: "Only when it is created",
}
CONFLICT_WORDS = {
    Conflict.ASK: "Ask a person",
    Conflict.SOURCE: "Ignition wins",
    Conflict.TARGET: "Xero wins",
    Conflict.NEWEST: "The newer change wins",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One transform with its settings, as ``{"do": "cut", "length": "50"}`` in JSON."""

    do: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """One target field: the first source field that has a value, or a text, through the steps.

    ``target`` is a key of the catalogue such as ``contact.email``. ``text`` may name source fields in braces and is
    used where ``sources`` is empty.
    """

    target: str
    sources: tuple[str, ...] = ()
    text: str = ""
    steps: tuple[Step, ...] = ()
    direction: Direction = Direction.TO_TARGET
    mode: Mode = Mode.PROTECTED
    conflict: Conflict = Conflict.ASK


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A table from one text to another; case and spaces at the ends don't matter.

    What is not in the table becomes ``otherwise`` (``None``: it stays as it is). ``then`` names a table in which the
    result is looked up once more.
    """

    name: str
    rows: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    then: str = ""


class BadChoice(ValueError):
    """Stored or sent choices that make no sense; the text is a sentence for people."""


def step_to_json(step: Step) -> dict[str, str]:
    return {"do": step.do, **step.settings}


def step_from_json(data: Any) -> Step:
    if not isinstance(data, Mapping) or not isinstance(data.get("do"), str):
        raise BadChoice("A step has no name.")
    settings = {str(name): _text(value) for name, value in data.items() if name != "do"}
    return Step(data["do"], settings)


def field_map_to_json(item: FieldMap) -> dict[str, Any]:
    return {
        "target": item.target,
        "sources": list(item.sources),
        "text": item.text,
        "steps": [step_to_json(step) for step in item.steps],
        "direction": item.direction.value,
        "mode": item.mode.value,
        "conflict": item.conflict.value,
    }


def field_map_from_json(data: Any) -> FieldMap:
    """Raises :class:`BadChoice` for what no field map can be."""
    try:
        return FieldMap(
            target=_text(data["target"]),
            sources=tuple(_text(item) for item in _list(data.get("sources"))),
            text=_text(data.get("text", "")),
            steps=tuple(step_from_json(item) for item in _list(data.get("steps"))),
            direction=Direction(data.get("direction", Direction.TO_TARGET)),
            mode=Mode(data.get("mode", Mode.PROTECTED)),
            conflict=Conflict(data.get("conflict", Conflict.ASK)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadChoice(f"A field's mapping can't be read: {error}.") from error


def lookup_to_json(item: Lookup) -> dict[str, Any]:
    return {"name": item.name, "rows": dict(item.rows), "otherwise": item.otherwise, "then": item.then}


def lookup_from_json(data: Any) -> Lookup:
    """Raises :class:`BadChoice` for what no look-up table can be."""
    rows = (data.get("rows") or {}) if isinstance(data, Mapping) else None
    if not isinstance(rows, Mapping) or not data.get("name"):
        raise BadChoice("A look-up table has no name or no rows.")
    otherwise = data.get("otherwise")
    return Lookup(
        name=_text(data["name"]),
        rows={_text(key): _text(value) for key, value in rows.items()},
        otherwise=None if otherwise is None else _text(otherwise),
        then=_text(data.get("then", "")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadChoice(f"{value!r} is not a text.")
    return value


def _list(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise BadChoice(f"{value!r} is not a list.")
    return value
