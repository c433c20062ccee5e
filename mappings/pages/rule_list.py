"""The rules tab: a practice's rules in their order, as sentences, with how often each applied."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from mappings import checks, services
from mappings.catalog import ABOUT_WORDS, About
from mappings.rules import Rule
from mappings.sections import State
from mappings.services import RuleUse
from mappings.words import rule_steps, sentence_of
from practices.models import Practice

KEY = re.compile(r"(?!new\Z)[A-Za-z0-9_-]{1,20}\Z")
"""Keys that fit into an address; those made on the pages do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """``place`` counts among the rules about the same."""

    rule: Rule
    place: int
    sentence: str
    steps: str
    is_first: bool
    is_last: bool
    has_page: bool
    use: RuleUse | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    about: str
    title: str
    rows: tuple[RuleRow, ...]


def listed(practice: Practice, state: State) -> dict[str, Any]:
    """What the tab shows."""
    used = services.rule_use(practice) if state.choices.rules else {}
    return {
        "parts": [_group(about, state, used) for about in About],
        "rule_count": len(state.choices.rules),
        "switched_on": sum(rule.enabled for rule in state.choices.rules),
    }


def of(about: About, state: State) -> list[Rule]:
    return [rule for rule in state.choices.rules if rule.about is about]


def _group(about: About, state: State, used: dict[str, RuleUse]) -> RuleGroup:
    env = checks.environment(state.choices, state.view)
    rules = of(about, state)
    often = Counter(rule.key for rule in state.choices.rules)
    rows = tuple(
        RuleRow(
            rule=rule,
            place=place,
            sentence=sentence_of(rule, state.view),
            steps=rule_steps(rule),
            is_first=place == 1,
            is_last=place == len(rules),
            has_page=bool(KEY.match(rule.key)) and often[rule.key] == 1,
            use=used.get(rule.key),
            problems=tuple(checks.rule_problems(rule, env, state.view)),
        )
        for place, rule in enumerate(rules, start=1)
    )
    return RuleGroup(about=about.value, title=ABOUT_WORDS[about].capitalize(), rows=rows)
