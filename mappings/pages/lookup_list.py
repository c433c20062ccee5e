"""The look-ups tab, and where a table is used. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mappings import lookups
from mappings.catalog import ABOUT_WORDS
from mappings.fieldmaps import Lookup, Step
from mappings.sections import State
from mappings.spec import Choices
from mappings.words import otherwise_words, target_label


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRow:
    name: str
    count: int
    otherwise: str
    then: str
    used_by: tuple[str, ...]
    problems: tuple[str, ...] = ()


def listed(state: State) -> list[LookupRow]:
    """The tables by name."""
    said = lookups.problems(state.choices.lookups)
    return [
        LookupRow(
            name=item.name,
            count=len(item.rows),
            otherwise=otherwise_words(item),
            then=item.then,
            used_by=tuple(used_by(item.name, state.choices)),
            problems=tuple(text for text in said if f"table “{item.name}”" in text),
        )
        for item in sorted(state.choices.lookups, key=lambda item: item.name.casefold())
    ]


def named(name: str, choices: Choices) -> Lookup | None:
    return next((item for item in choices.lookups if item.name == name), None)


def used_by(name: str, choices: Choices) -> Iterator[str]:
    """Everything that would break without the table, in words."""
    for item in choices.fields:
        if _names(item.steps, name):
            yield f"the field “{target_label(item.target)}”"
    for rule in choices.rules:
        if any(_names(outcome.steps, name) for outcome in rule.then):
            yield f"the rule “{rule.name}” for {ABOUT_WORDS[rule.about]}"
    for table in choices.lookups:
        if table.then == name and table.name != name:
            yield f"the table “{table.name}”"


def _names(steps: Iterable[Step], name: str) -> bool:
    return any(step.do == "look_up" and step.settings.get("table") == name for step in steps)
