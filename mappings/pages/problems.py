"""What has to be mended before a draft can be put in force, each with the part of the page where that is done."""

from collections.abc import Iterator
from dataclasses import dataclass

from mappings import checks, lookups
from mappings.pages import rule_list
from mappings.sections import State
from mappings.targets import TARGETS


@dataclass(frozen=True, slots=True)
class Problem:
    """``field`` or ``rule`` is what to open; with none of them ``tab`` is."""

    text: str
    tab: str
    field: str = ""
    rule: str = ""


def problems_of(state: State) -> list[Problem]:
    """Everything that :func:`mappings.checks.problems` says, with places."""
    known = {item.text: item for item in _placed(state)}
    said = checks.problems(state.choices, state.view)
    return [known.get(text, Problem(text, "rules")) for text in said]


def _placed(state: State) -> Iterator[Problem]:
    choices, env = state.choices, checks.environment(state.choices, state.view)
    for item in choices.fields:
        for text in checks.field_problems(item, env):
            yield Problem(text, "fields", field=item.target if item.target in TARGETS else "")
    for rule in choices.rules:
        for text in checks.rule_problems(rule, env, state.view):
            yield Problem(
                f"The rule “{rule.name}”: {text}",
                "rules",
                rule=rule.key if rule_list.KEY.match(rule.key) else "",
            )
    for text in lookups.problems(choices.lookups):
        yield Problem(text, "lookups")
