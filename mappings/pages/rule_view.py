"""A rule's editor as the template shows it: every row with the choices that are right for it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mappings import options
from mappings.catalog import SOURCES, About, Source, Type
from mappings.conditions import OPERATORS
from mappings.options import Option
from mappings.pages import inputs
from mappings.pages.inputs import Input, StepInput, select
from mappings.pages.rule_form import JOINS, GroupInput, RowInput, RuleInput, ThenInput, as_pair
from mappings.rules import OUTCOMES
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.targets import STATUSES, targets_for

LINES_HINT = "Each value in a line of its own."
PLACES_HINT = "May contain Ignition's fields in braces, such as {client.name}."


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """``value`` is missing for questions that need none."""

    name: str
    field: str
    known: bool
    ops: tuple[Option, ...]
    op: str
    value: Input | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    number: int
    join: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThenView:
    name: str
    do: str
    inputs: tuple[Input, ...]
    has_steps: bool
    steps: list[StepInput]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    groups: tuple[GroupView, ...]
    then: tuple[ThenView, ...]
    kinds: tuple[Option, ...]
    sources: list[tuple[str, list[Source]]]
    transforms: tuple[Option, ...]
    joins: tuple[Option, ...]


def view_of(form: RuleInput, view: TargetView, choices: Choices) -> RuleView:
    return RuleView(
        groups=tuple(_group(number, group) for number, group in enumerate(form.groups)),
        then=tuple(_then(number, item, form.about, view, choices) for number, item in enumerate(form.then)),
        kinds=tuple(Option(kind.do, kind.label) for kind in OUTCOMES.values() if form.about in kind.about),
        sources=inputs.source_groups(form.about, mapped=True),
        transforms=inputs.transform_options(),
        joins=tuple(Option(join, words) for join, words in JOINS.items()),
    )


def _group(number: int, group: GroupInput) -> GroupView:
    rows = tuple(_row(f"row-{number}-{at}", row) for at, row in enumerate(group.rows))
    return GroupView(number=number, join=group.join, rows=rows)


def _row(name: str, row: RowInput) -> RowView:
    source = SOURCES.get(row.field)
    operators = OPERATORS[source.type] if source else {}
    return RowView(
        name=name,
        field=row.field,
        known=source is not None or not row.field,
        ops=tuple(Option(item.name, item.words) for item in operators.values()),
        op=row.op,
        value=_value(f"{name}-value", row, source),
        error=row.error,
    )


def _value(name: str, row: RowInput, source: Source | None) -> Input | None:
    operator = OPERATORS[source.type].get(row.op) if source else None
    needs = operator.needs if operator else "one"
    if source is None or needs == "none":
        return None
    if needs in {"many", "two"}:
        return Input(name=name, label="Values", value=row.value, kind="area", hint=LINES_HINT)
    if source.options and row.op in {"is", "is_not"}:
        offered = (Option(item, item.replace("_", " ")) for item in source.options)
        return select(name, "Value", row.value, offered)
    kind = {Type.DATE: "date", Type.NUMBER: "number"}.get(source.type, "text")
    return Input(name=name, label="Value", value=row.value, kind=kind)


def _then(number: int, item: ThenInput, about: About, view: TargetView, choices: Choices) -> ThenView:
    name = f"then-{number}"
    inputs.name_steps(item.steps, f"{name}-step-", (table.name for table in choices.lookups))
    return ThenView(
        name=name,
        do=item.do,
        inputs=tuple(_settings(f"{name}-", item, about, view)),
        has_steps=item.do == "transform",
        steps=item.steps,
        error=item.error,
    )


def _settings(start: str, item: ThenInput, about: About, view: TargetView) -> Iterator[Input]:
    """The inputs of one outcome, offering only what Xero takes."""
    given = item.settings
    if item.do in TEXTS:
        yield Input(name=f"{start}text", label=TEXTS[item.do], value=given.get("text", ""))
    elif item.do in {"set", "transform"}:
        fields = (
            Option(target.key.split(".", 1)[1], target.label) for target in targets_for(about, by_rules=True)
        )
        yield select(f"{start}field", "Field", given.get("field", ""), fields)
        if item.do == "set":
            text = given.get("text", "")
            yield Input(name=f"{start}text", label="New value", value=text, hint=PLACES_HINT)
    elif item.do == "tracking":
        yield _tracking(start, given, view)
    elif item.do == "terms":
        days = given.get("days", "")
        yield Input(name=f"{start}days", label="Days after its date", value=days, kind="number")
    elif item.do == "item" and view.facts.items is None:
        yield Input(name=f"{start}value", label="Item's code", value=given.get("value", ""))
    elif item.do in VALUES:
        label, offered = VALUES[item.do]
        value = given.get("value", "")
        yield select(f"{start}value", label, value, offered(view, value, about))


def _accounts(view: TargetView, value: str, about: About) -> tuple[Option, ...]:
    offered = options.clearing_options if about is About.PAYMENT else options.sales_options
    return offered(view, value)


TEXTS = {"skip": "Why (may stay empty)", "hold": "Why (may stay empty)", "notify": "What to tell them"}

VALUES: dict[str, tuple[str, Callable[[TargetView, str, About], tuple[Option, ...]]]] = {
    "account": ("Account", _accounts),
    "item": ("Item", lambda view, value, about: options.item_options(view, value)),
    "status": (
        "Status",
        lambda view, value, about: tuple(Option(key, words) for key, words in STATUSES.items()),
    ),
    "branding": ("Branding theme", lambda view, value, about: options.theme_options(view, value)),
}
"""Outcomes with one value that is chosen from a list."""


def _tracking(start: str, given: dict[str, str], view: TargetView) -> Input:
    category, option = given.get("category", ""), given.get("option", "")
    offered = [
        Option(as_pair(name, item), f"{name}: {item}")
        for name, items in sorted(view.facts.tracking.items())
        for item in sorted(items)
    ]
    chosen = as_pair(category, option) if category or option else ""
    if chosen and chosen not in {item.value for item in offered}:
        offered.insert(0, Option(chosen, f"{category}: {option} ({options.GONE})", gone=True))
    return select(f"{start}tracking", "Tracking option", chosen, offered)
