"""The editor of one rule: what was sent as rows, what a button does to them, the rule they amount to. Pure.

Inputs are called ``row-0-2-field`` (third row of the first group), ``then-1-value``, ``then-1-step-0-do``.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings import checks
from mappings.catalog import ABOUT_WORDS, SOURCES, About
from mappings.conditions import MOST_ROWS, OPERATORS, Condition, Group, Row, compile_condition
from mappings.fieldmaps import BadChoice
from mappings.pages import inputs
from mappings.pages.inputs import StepInput, text_in
from mappings.rules import LONGEST_NAME, MOST_RULES, OUTCOMES, Outcome, Rule
from mappings.sections import State

JOINS = {"all": "all of these", "any": "any of these", "none": "none of these"}
MOST_OUTCOMES = 10
GROUPS = 2


@dataclass(slots=True, kw_only=True)
class RowInput:
    field: str = ""
    op: str = ""
    value: str = ""
    error: str = ""


@dataclass(slots=True, kw_only=True)
class GroupInput:
    join: str = "all"
    rows: list[RowInput] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ThenInput:
    do: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    steps: list[StepInput] = field(default_factory=list)
    error: str = ""


@dataclass(slots=True, kw_only=True)
class RuleInput:
    """A rule while it is edited; ``error`` and ``problems`` say why it can't be saved."""

    about: About
    name: str = ""
    enabled: bool = True
    groups: list[GroupInput] = field(default_factory=list)
    then: list[ThenInput] = field(default_factory=list)
    name_error: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        rows = [row for group in self.groups for row in group.rows]
        marks = [row.error for row in rows] + [item.error for item in self.then]
        marks += [step.error for item in self.then for step in item.steps]
        return not (self.name_error or self.problems or any(marks))


def blank(about: About) -> RuleInput:
    return RuleInput(about=about, groups=[GroupInput(rows=[RowInput()])], then=[ThenInput()])


def of_rule(rule: Rule) -> RuleInput | None:
    """A stored rule as rows; ``None`` when it is nested more deeply than rows can show."""
    groups = _groups_of(rule.when)
    if groups is None:
        return None
    then = [
        ThenInput(do=item.do, settings=dict(item.settings), steps=inputs.steps_of(item.steps))
        for item in rule.then
    ]
    return RuleInput(about=rule.about, name=rule.name, enabled=rule.enabled, groups=groups, then=then)


def _groups_of(when: Condition) -> list[GroupInput] | None:
    if isinstance(when, Row):
        return [_group("all", [when])]
    rows = [part for part in when.parts if isinstance(part, Row)]
    inner = [part for part in when.parts if isinstance(part, Group)]
    if not inner:
        return [_group(when.join, rows)]
    if when.join != "all" or any(isinstance(part, Group) for group in inner for part in group.parts):
        return None
    found = [_group(group.join, [part for part in group.parts if isinstance(part, Row)]) for group in inner]
    if rows:
        found.insert(0, _group("all", rows))
    return found if len(found) <= GROUPS else None


def _group(join: str, rows: Iterable[Row]) -> GroupInput:
    made = [RowInput(field=row.field, op=row.op, value=row.value) for row in rows]
    return GroupInput(join=join, rows=made)


def of_post(data: Mapping[str, str], about: About) -> RuleInput:
    """What was sent, whether it makes sense or not."""
    groups = []
    for number in range(GROUPS):
        join = text_in(data, f"join-{number}")
        if number and not join:
            break
        start = f"row-{number}-"
        rows = [
            RowInput(
                field=text_in(data, f"{start}{at}-field"),
                op=text_in(data, f"{start}{at}-op"),
                value=text_in(data, f"{start}{at}-value"),
            )
            for at in range(inputs.count_in(data, start, "-field", MOST_ROWS + 1))
        ]
        groups.append(GroupInput(join=join if join in JOINS else "all", rows=rows))
    count = inputs.count_in(data, "then-", "-do", MOST_OUTCOMES)
    then = [_then_in(data, f"then-{number}-") for number in range(count)]
    enabled = "enabled" in data
    return RuleInput(
        about=about, name=text_in(data, "name").strip(), enabled=enabled, groups=groups, then=then
    )


def _then_in(data: Mapping[str, str], start: str) -> ThenInput:
    do = text_in(data, f"{start}do")
    names = OUTCOMES[do].settings if do in OUTCOMES else ()
    settings = {name: text_in(data, f"{start}{name}").strip() for name in names}
    if do == "tracking":
        settings = _pair(text_in(data, f"{start}tracking"))
    return ThenInput(do=do, settings=settings, steps=inputs.steps_in(data, f"{start}step-"))


def as_pair(category: str, option: str) -> str:
    """Category and option as the value of one select."""
    return json.dumps([category, option])


def _pair(value: str) -> dict[str, str]:
    try:
        category, option = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        return {}
    return {"category": str(category), "option": str(option)}


def act(form: RuleInput, data: Mapping[str, str]) -> None:
    """What the pressed button does to the rows; what makes no sense does nothing."""
    where, what, number = inputs.action_in(data)
    if where == "group":
        _act_on_groups(form.groups, what)
    elif where == "then":
        inputs.act_on(form.then, what, number, ThenInput, MOST_OUTCOMES)
    for at, group in enumerate(form.groups):
        if where == f"row-{at}":
            inputs.act_on(group.rows, what, number, RowInput, MOST_ROWS)
    for at, item in enumerate(form.then):
        if where == f"then-{at}-step":
            inputs.act_on(item.steps, what, number, StepInput, inputs.MOST_STEPS)
    _fit(form)


def _act_on_groups(groups: list[GroupInput], what: str) -> None:
    if what == "add" and len(groups) < GROUPS:
        groups.append(GroupInput(join="any", rows=[RowInput()]))
    elif what == "remove":
        del groups[1:]


def _fit(form: RuleInput) -> None:
    """Questions follow their fields; a transform has a step to begin with."""
    for group in form.groups:
        for row in group.rows:
            _fit_operator(row)
    for item in form.then:
        if item.do == "transform" and not item.steps:
            item.steps = [StepInput()]


def _fit_operator(row: RowInput) -> None:
    """A field of another type is asked other questions."""
    source = SOURCES.get(row.field)
    if source is not None and row.op not in OPERATORS[source.type]:
        row.op = next(iter(OPERATORS[source.type]))


def made(form: RuleInput, key: str) -> Rule:
    """The rule that the rows amount to. Rows and outcomes that chose nothing are left out."""
    groups = []
    for group in form.groups:
        rows = tuple(Row(row.field, row.op, _value(row)) for row in group.rows if row.field)
        if rows:
            groups.append(Group(group.join, rows))
    when = Group("all") if not groups else groups[0] if len(groups) == 1 else Group("all", tuple(groups))
    then = tuple(_outcome(item) for item in form.then if item.do)
    return Rule(key=key, name=form.name, about=form.about, when=when, then=then, enabled=form.enabled)


def _value(row: RowInput) -> str:
    source = SOURCES.get(row.field)
    operator = OPERATORS[source.type].get(row.op) if source else None
    return "" if operator is not None and operator.needs == "none" else row.value.strip()


def _outcome(item: ThenInput) -> Outcome:
    settings = {name: value for name, value in item.settings.items() if value}
    return Outcome(item.do, settings, inputs.chosen_steps(item.steps) if item.do == "transform" else ())


def check(form: RuleInput, key: str, state: State) -> Rule:
    """The rule, with everything that is wrong written beside the rows it is about."""
    env = checks.environment(state.choices, state.view)
    others = [rule for rule in state.choices.rules if rule.key != key]
    form.name_error = _name_error(form, others)
    if len(others) >= MOST_RULES:
        form.problems.append(f"A mapping may have {MOST_RULES} rules.")
    for row in (row for group in form.groups for row in group.rows):
        row.error = _row_error(row, form.about)
    for item in form.then:
        if item.do == "transform":
            inputs.check_steps(item.steps, env)
        if item.do and not any(step.error for step in item.steps):
            alone = Rule(key="x", name="x", about=form.about, then=(_outcome(item),))
            item.error = " ".join(checks.rule_problems(alone, env, state.view))
    rule = made(form, key)
    if form.is_right:
        form.problems = checks.rule_problems(rule, env, state.view)
    return rule


def _name_error(form: RuleInput, others: Iterable[Rule]) -> str:
    if not form.name or len(form.name) > LONGEST_NAME:
        return f"Give it a name of at most {LONGEST_NAME} characters."
    same = [rule for rule in others if rule.about is form.about]
    if form.name.casefold() in {rule.name.casefold() for rule in same}:
        return f"Another rule for {ABOUT_WORDS[form.about]} is called “{form.name}”."
    return ""


def _row_error(row: RowInput, about: About) -> str:
    if not row.field:
        return ""
    source = SOURCES.get(row.field)
    if source is not None and not row.op:
        return f"Choose what to ask about “{source.label}”."
    try:
        compile_condition(Row(row.field, row.op, _value(row)), about)
    except BadChoice as error:
        return str(error)
    return ""


def put(rules: tuple[Rule, ...], rule: Rule) -> tuple[Rule, ...]:
    """The rules with this one in its place, or at the end when it is new."""
    if any(item.key == rule.key for item in rules):
        return tuple(rule if item.key == rule.key else item for item in rules)
    return (*rules, rule)


def unless_same(rule: Rule, stored: Rule | None) -> Rule:
    """The stored rule where nothing was changed: rows can say the same in another form."""
    form = of_rule(stored) if stored else None
    return stored if stored and form and made(form, stored.key) == rule else rule


def switched(rule: Rule) -> Rule:
    return dataclasses.replace(rule, enabled=not rule.enabled)
