"""Field maps, steps, rules and look-up tables in words that a person reads. Pure."""

import dataclasses
from collections.abc import Iterable

from mappings import options
from mappings.catalog import SOURCES
from mappings.fieldmaps import CONFLICT_WORDS, DIRECTION_WORDS, MODE_WORDS, Direction, FieldMap, Lookup, Step
from mappings.rules import Outcome, Rule, rule_sentence
from mappings.sides import TargetView
from mappings.targets import STATUSES, TARGETS
from mappings.transforms import TRANSFORMS

STAFF_WORDS = {
    "": "Nobody: not used",
    "manager": "The client's manager",
    "partner": "The client's partner",
}


def source_words(item: FieldMap) -> str:
    """Where a field's value comes from."""
    if item.direction is Direction.NONE:
        return "nothing"
    if item.sources:
        return ", else ".join(source_label(key) for key in item.sources)
    return f"the text “{item.text}”" if item.text else "nothing"


def source_label(key: str) -> str:
    return SOURCES[key].label if key in SOURCES else f"“{key}” (no such field)"


def target_label(key: str) -> str:
    return TARGETS[key].label if key in TARGETS else key


def steps_words(steps: Iterable[Step]) -> str:
    """“Tidy spaces, then Cut to a length (50)”."""
    return ", then ".join(step_words(step) for step in steps)


def step_words(step: Step) -> str:
    transform = TRANSFORMS.get(step.do)
    if transform is None:
        return f"“{step.do}” (not known)"
    values = [step.settings[item.name] for item in transform.settings if step.settings.get(item.name)]
    return f"{transform.label} ({' → '.join(values)})" if values else transform.label


def field_words(item: FieldMap) -> str:
    """A whole field map in one line."""
    parts = [f"from {source_words(item)}"]
    if item.steps:
        parts.append(steps_words(item.steps))
    if item.direction is not Direction.TO_TARGET:
        parts.append(DIRECTION_WORDS[item.direction])
    parts += [MODE_WORDS[item.mode], f"when both changed: {CONFLICT_WORDS[item.conflict].lower()}"]
    return "; ".join(parts)


def sentence_of(rule: Rule, view: TargetView) -> str:
    """A rule as a sentence, with the names of accounts, themes and statuses in place of their codes."""
    named = tuple(_named(item, view) for item in rule.then)
    return rule_sentence(dataclasses.replace(rule, then=named))


def _named(item: Outcome, view: TargetView) -> Outcome:
    value = item.settings.get("value", "")
    if not value:
        return item
    names = {
        "account": lambda: options.account_name(view, value),
        "branding": lambda: options.theme_name(view, value),
        "status": lambda: STATUSES.get(value, value),
    }
    name = names[item.do]() if item.do in names else value
    return dataclasses.replace(item, settings={**item.settings, "value": name})


def rule_steps(rule: Rule) -> str:
    """The steps of a rule's transforms with their settings; the sentence only names them."""
    return "; ".join(steps_words(item.steps) for item in rule.then if item.steps)


def otherwise_words(item: Lookup) -> str:
    """What becomes of a text that is not in the table."""
    if item.otherwise is None:
        return "stays as it is"
    return f"becomes “{item.otherwise}”" if item.otherwise else "is left empty"
