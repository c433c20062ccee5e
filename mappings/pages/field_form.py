"""The editor of one field: what was sent, what a button does to it, the field map it amounts to. Pure.

Inputs are called ``source-0``, ``text``, ``step-0-do``, ``direction``, ``mode``, ``conflict``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings import checks, options
from mappings.catalog import SOURCES
from mappings.fieldmaps import (
    CONFLICT_WORDS,
    DIRECTION_WORDS,
    MODE_WORDS,
    BadChoice,
    Conflict,
    Direction,
    FieldMap,
    Mode,
)
from mappings.fitting import fit_for
from mappings.options import Option
from mappings.pages import inputs
from mappings.pages.field_list import OWN
from mappings.pages.inputs import StepInput, text_in
from mappings.program import compile_field
from mappings.refusals import Refused
from mappings.sections import State
from mappings.sides import TargetView
from mappings.subjects import Subject
from mappings.targets import Offered, Target
from mappings.templates import compile_template, names_in
from mappings.transforms import Env
from mappings.words import source_label

MOST_SOURCES = 4
MOST_VALUES = 100

REPORTED = "Ignition takes no changes from other systems, so nothing is written there; a difference is shown."
DIRECTION_HINTS = {
    Direction.TO_TARGET: "Ignition decides; Xero is written.",
    Direction.BOTH: f"Xero is written where Ignition changed. {REPORTED}",
    Direction.FROM_TARGET: f"Xero keeps what it has. {REPORTED}",
    Direction.NONE: "The field in Xero is left alone.",
}


@dataclass(slots=True, kw_only=True)
class FieldInput:
    """A field while it is edited. ``uses`` is sources or text."""

    target: Target
    uses: str = "sources"
    sources: list[str] = field(default_factory=list)
    text: str = ""
    steps: list[StepInput] = field(default_factory=list)
    direction: Direction = Direction.TO_TARGET
    mode: Mode = Mode.PROTECTED
    conflict: Conflict = Conflict.ASK
    source_error: str = ""
    text_error: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        marks = [self.source_error, self.text_error, *self.problems, *(step.error for step in self.steps)]
        return not any(marks)

    @property
    def slots(self) -> list[tuple[str, str]]:
        """(name, chosen source) of the selects, with free ones at the end."""
        shown = [*self.sources, *[""] * MOST_SOURCES][: max(MOST_SOURCES, len(self.sources))]
        return [(f"source-{number}", key) for number, key in enumerate(shown)]


def of_map(item: FieldMap | None, target: Target) -> FieldInput:
    """A stored field map as inputs; an empty form for a field that nothing fills yet."""
    if item is None:
        return FieldInput(target=target)
    return FieldInput(
        target=target,
        uses="text" if item.text and not item.sources else "sources",
        sources=list(item.sources),
        text=item.text,
        steps=inputs.steps_of(item.steps),
        direction=item.direction,
        mode=item.mode,
        conflict=item.conflict,
    )


def of_post(data: Mapping[str, str], target: Target, stored: FieldMap | None) -> FieldInput:
    """What was sent. A policy that the form does not offer for this field stays as it is stored."""
    before = stored or FieldMap(target=target.key)
    given = [text_in(data, f"source-{number}") for number in range(MOST_SOURCES)]
    return FieldInput(
        target=target,
        uses="text" if data.get("uses") == "text" else "sources",
        sources=list(dict.fromkeys(key for key in given if key)),
        text=text_in(data, "text").strip(),
        steps=inputs.steps_in(data, "step-"),
        direction=_one_of(Direction, data.get("direction"), before.direction),
        mode=_one_of(Mode, data.get("mode"), before.mode),
        conflict=_one_of(Conflict, data.get("conflict"), before.conflict),
    )


def _one_of(kind: Any, value: Any, otherwise: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return otherwise


def act(form: FieldInput, data: Mapping[str, str]) -> None:
    """What the pressed button does to the steps; what makes no sense does nothing."""
    where, what, number = inputs.action_in(data)
    if where == "step":
        inputs.act_on(form.steps, what, number, StepInput, inputs.MOST_STEPS)


def made(form: FieldInput) -> FieldMap:
    """The field map that the inputs amount to."""
    return FieldMap(
        target=form.target.key,
        sources=tuple(form.sources) if form.uses == "sources" else (),
        text=form.text if form.uses == "text" else "",
        steps=inputs.chosen_steps(form.steps),
        direction=form.direction,
        mode=form.mode,
        conflict=form.conflict,
    )


def check(form: FieldInput, state: State) -> FieldMap:
    """The field map, with everything that is wrong written beside what it is about."""
    env = checks.environment(state.choices, state.view)
    item = made(form)
    if not inputs.check_steps(form.steps, env) and len(form.steps) > inputs.MOST_STEPS:
        form.problems.append(f"A field may have {inputs.MOST_STEPS} steps.")
    if form.direction is not Direction.NONE:
        form.source_error, form.text_error = _source_error(form), _text_error(form, env)
    if form.is_right:
        try:
            compile_field(item, env)
        except BadChoice as error:
            form.problems.append(str(error))
    return item


def _source_error(form: FieldInput) -> str:
    if form.uses != "sources":
        return ""
    if not form.sources:
        return "Choose where the value comes from, or “Not written”."
    for key in form.sources:
        source = SOURCES.get(key)
        if source is None or form.target.about not in source.about or source.mapped:
            return f"There is no field “{key[:60]}” in Ignition to take it from."
    return ""


def _text_error(form: FieldInput, env: Env) -> str:
    if form.uses != "text":
        return ""
    if not form.text:
        return "Write the text, or choose fields to take the value from."
    try:
        fill = compile_template(form.text, form.target.about)
        if not names_in(form.text) and not inputs.chosen_steps(form.steps):
            fit_for(form.target, env.offers)(fill(Subject()))
    except (BadChoice, Refused) as error:
        return str(error)
    return ""


def values_of(target: Target, view: TargetView) -> list[str]:
    """What Xero offers for the field, in the words that it takes."""
    facts = view.facts
    if target.offered is Offered.SALES_ACCOUNTS:
        return [options.account_label(item) for item in view.sales_accounts]
    if target.offered is Offered.CLEARING_ACCOUNTS:
        return [options.account_label(item) for item in view.clearing_accounts]
    found = {
        Offered.ITEMS: facts.items or (),
        Offered.TRACKING: [f"{name}: {item}" for name, items in facts.tracking.items() for item in items],
        Offered.CURRENCIES: {*facts.currencies, facts.base_currency} - {""},
        Offered.THEMES: [theme.name for theme in view.branding_themes],
    }
    return sorted(found[target.offered])[:MOST_VALUES] if target.offered else []


def put(fields: tuple[FieldMap, ...], item: FieldMap) -> tuple[FieldMap, ...]:
    """The practice's own field maps with this one; one that says what the app does anyway is left out."""
    others = without(fields, item.target)
    own = OWN.get(item.target)
    nothing = own is None and item.direction is Direction.NONE and not (item.sources or item.text)
    if item == own or nothing:
        return others
    if len(others) == len(fields):
        return (*fields, item)
    return tuple(item if found.target == item.target else found for found in fields)


def without(fields: tuple[FieldMap, ...], target: str) -> tuple[FieldMap, ...]:
    return tuple(found for found in fields if found.target != target)


def choices_for(form: FieldInput) -> dict[str, Any]:
    """What the selects offer. Only what is kept up to date later has a policy for that."""
    directions = list(Direction) if form.target.compared else [Direction.TO_TARGET, Direction.NONE]
    if form.target.required or form.target.instead:
        directions.remove(Direction.NONE)
    if form.direction not in directions:
        directions.append(form.direction)
    unknown = [key for key in form.sources if key not in SOURCES]
    return {
        "sources": inputs.source_groups(form.target.about, mapped=False),
        "unknown": [(key, source_label(key)) for key in unknown],
        "transforms": inputs.transform_options(),
        "directions": [(item.value, DIRECTION_WORDS[item], DIRECTION_HINTS[item]) for item in directions],
        "modes": [Option(mode.value, words) for mode, words in MODE_WORDS.items()],
        "conflicts": [Option(conflict.value, words) for conflict, words in CONFLICT_WORDS.items()],
    }
