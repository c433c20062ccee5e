"""The fields tab: what fills each of Xero's fields, and which of Ignition's fields nothing uses. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mappings import checks
from mappings.catalog import ABOUT_WORDS, SOURCES, About
from mappings.conditions import rows_of
from mappings.defaults import DEFAULT_FIELDS
from mappings.fieldmaps import CONFLICT_WORDS, DIRECTION_WORDS, MODE_WORDS, Direction, FieldMap
from mappings.program import effective
from mappings.sections import State
from mappings.targets import Target, targets_for
from mappings.templates import names_in
from mappings.words import source_words, steps_words

KINDS = (About.CONTACT, About.INVOICE, About.LINE, About.PAYMENT)

CARRIED = frozenset(
    {
        *("client.id", "invoice.id", "invoice.link", "invoice.number", "invoice.total", "invoice.currency"),
        *("invoice.lines", "line.quantity", "line.price", "line.amount", "service.tax"),
        *("payment.id", "payment.amount", "payment.method", "payment.date", "payment.state"),
    }
)
"""What the app carries over by itself: numbers, amounts, currency, tax, payments and links."""

WORKED_OUT = frozenset({"invoice.is_first", "changed_after_approval", "days_old", "days_after_lock"})
"""What the app works out for rules; Ignition has no such fields."""

OWN = {item.target: item for item in DEFAULT_FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    target: Target
    source: str
    steps: str
    direction: str
    mode: str
    conflict: str
    is_yours: bool
    is_filled: bool
    problems: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """Fields that are shown together; those that nobody uses are folded."""

    title: str
    rows: tuple[FieldRow, ...]

    @property
    def is_open(self) -> bool:
        return any(row.is_filled or row.is_yours for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A field of Ignition that fills nothing. ``asked``: a rule asks about it."""

    key: str
    label: str
    asked: bool


def listed(state: State) -> dict[str, Any]:
    """What the tab shows."""
    unused = list(_unused(state))
    return {"parts": [group for about in KINDS for group in _groups(about, state)], "unused": unused}


def chosen_for(target: Target, state: State) -> FieldMap:
    """The field map in force for a field; one that fills nothing where there is none."""
    found = effective(state.choices.fields).get(target.key)
    return found or FieldMap(target=target.key, direction=Direction.NONE)


def _groups(about: About, state: State) -> Iterator[FieldGroup]:
    targets = targets_for(about)
    for part in dict.fromkeys(target.part for target in targets):
        title = ABOUT_WORDS[about].capitalize() + (f": {part}" if part else "")
        rows = tuple(_row(target, state) for target in targets if target.part == part)
        yield FieldGroup(title=title, rows=rows)


def _row(target: Target, state: State) -> FieldRow:
    item = chosen_for(target, state)
    yours = target.key in {found.target for found in state.choices.fields}
    problems: list[str] = []
    if yours:
        problems = checks.field_problems(item, checks.environment(state.choices, state.view))
    by_app = bool(target.instead) and not yours
    filled = item.direction is not Direction.NONE or by_app
    return FieldRow(
        target=target,
        source=target.instead if by_app else source_words(item),
        steps=steps_words(item.steps),
        direction=DIRECTION_WORDS[Direction.TO_TARGET if by_app else item.direction],
        mode=MODE_WORDS[item.mode] if filled and target.compared else "",
        conflict=CONFLICT_WORDS[item.conflict] if filled and target.compared else "",
        is_yours=yours,
        is_filled=filled,
        problems=tuple(problems),
        remark=_remark(target, yours=yours),
    )


def _remark(target: Target, *, yours: bool) -> str:
    if target.key == "invoice.due_date" and not yours:
        return "or the payment terms chosen under Invoices"
    return target.note


def _unused(state: State) -> Iterator[Unused]:
    """Ignition's fields that could fill something here and don't."""
    maps = effective(state.choices.fields).values()
    used = {key for item in maps for key in (*item.sources, *names_in(item.text))}
    used |= CARRIED | WORKED_OUT
    asked = {row.field for rule in state.choices.rules for row in rows_of(rule.when)}
    for source in SOURCES.values():
        if not source.mapped and source.key not in used and source.about & set(KINDS):
            yield Unused(key=source.key, label=source.label, asked=source.key in asked)
