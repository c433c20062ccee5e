"""Single inputs of the editors for fields and rules, and lists of rows that grow and shrink without script. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mappings import options
from mappings.catalog import About, Source, sources_for
from mappings.fieldmaps import BadChoice, Step
from mappings.options import Option
from mappings.transforms import TRANSFORMS, Env, Setting, make_step

MOST_STEPS = 8
LONGEST_INPUT = 4000

SAVE = "save"
REFRESH = "refresh"

_TITLES = {
    "client": "Client",
    "person": "Primary person",
    "invoice": "Invoice",
    "proposal": "Proposal",
    "line": "Line",
    "service": "Service",
    "payment": "Payment",
    "xero": "What it becomes in Xero",
}
_REST = "Other"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One labelled input. ``kind`` is text, number, date, area or select."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    options: tuple[Option, ...] = ()
    empty: str = "Choose…"
    hint: str = ""
    refreshes: bool = False


@dataclass(slots=True, kw_only=True)
class StepInput:
    """One step as it was sent. ``name`` is the start of its inputs' names."""

    name: str = ""
    do: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    error: str = ""
    tables: tuple[str, ...] = ()

    @property
    def inputs(self) -> list[Input]:
        transform = TRANSFORMS.get(self.do)
        return [self._input(item) for item in transform.settings] if transform else []

    @property
    def example(self) -> str:
        return TRANSFORMS[self.do].example if self.do in TRANSFORMS else ""

    def _input(self, item: Setting) -> Input:
        value = self.settings.get(item.name, "")
        tables: tuple[Option, ...] = ()
        if item.kind == "table":
            names = self.tables if value in self.tables or not value else (value, *self.tables)
            tables = tuple(Option(name, name) for name in names)
        kind = {"table": "select", "number": "number"}.get(item.kind, "text")
        label = item.label if item.needed else f"{item.label} (may stay empty)"
        return Input(name=f"{self.name}-{item.name}", label=label, value=value, kind=kind, options=tables)


def text_in(data: Mapping[str, str], name: str) -> str:
    """What was sent under a name, without what no database stores, and with one kind of line end."""
    value = str(data.get(name, ""))[:LONGEST_INPUT]
    return value.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def count_in(data: Mapping[str, str], start: str, end: str, most: int) -> int:
    """How many rows were sent whose inputs are called start, number, end."""
    number = 0
    while number < most and f"{start}{number}{end}" in data:
        number += 1
    return number


def steps_in(data: Mapping[str, str], start: str) -> list[StepInput]:
    """Steps whose inputs are called ``{start}0-do``, ``{start}0-length`` and so on."""
    out = []
    for number in range(count_in(data, start, "-do", MOST_STEPS + 1)):
        do = text_in(data, f"{start}{number}-do")
        known = TRANSFORMS[do].settings if do in TRANSFORMS else ()
        settings = {item.name: text_in(data, f"{start}{number}-{item.name}") for item in known}
        out.append(StepInput(do=do, settings=settings))
    return out


def steps_of(steps: Iterable[Step]) -> list[StepInput]:
    return [StepInput(do=step.do, settings=dict(step.settings)) for step in steps]


def name_steps(steps: list[StepInput], start: str, tables: Iterable[str]) -> None:
    """Give the steps the names of their inputs, after their order is settled."""
    known = tuple(sorted(tables, key=str.casefold))
    for number, step in enumerate(steps):
        step.name, step.tables = f"{start}{number}", known


def made(step: StepInput) -> Step:
    """The step without settings that stayed empty."""
    transform = TRANSFORMS.get(step.do)
    kinds = {item.name: item.kind for item in transform.settings} if transform else {}
    settings = {
        name: value if kinds.get(name) == "text" else value.strip()
        for name, value in step.settings.items()
        if value
    }
    return Step(step.do, settings)


def check_steps(steps: list[StepInput], env: Env) -> bool:
    """Write what is wrong beside each step; whether all can be saved. Steps that chose nothing are left out later."""
    for step in steps:
        if not step.do:
            continue
        try:
            make_step(made(step), env)
        except BadChoice as error:
            step.error = str(error)
    return not any(step.error for step in steps) and len(steps) <= MOST_STEPS


def chosen_steps(steps: Iterable[StepInput]) -> tuple[Step, ...]:
    return tuple(made(step) for step in steps if step.do)


def transform_options() -> tuple[Option, ...]:
    return tuple(Option(item.name, item.label) for item in TRANSFORMS.values())


def act_on(items: list[Item], act: str, number: int, blank: Callable[[], Item], most: int) -> None:
    """Add, remove or move a row. What makes no sense changes nothing."""
    if act == "add":
        if len(items) < most:
            items.append(blank())
    elif not 0 <= number < len(items):
        return
    elif act == "remove":
        del items[number]
    elif act == "up" and number:
        items.insert(number - 1, items.pop(number))
    elif act == "down":
        items.insert(number + 1, items.pop(number))


def action_in(data: Mapping[str, str]) -> tuple[str, str, int]:
    """The button that was pressed, as ``list:act:number``: ("then-0-step", "remove", 2)."""
    parts = text_in(data, "action").split(":")
    number = parts[2] if len(parts) == 3 else ""
    small = number.isascii() and number.isdecimal() and len(number) <= 3
    return parts[0] or REFRESH, parts[1] if len(parts) > 1 else "", int(number) if small else -1


def source_groups(about: About, *, mapped: bool) -> list[tuple[str, list[Source]]]:
    """The fields for a select, under headings."""
    groups: dict[str, list[Source]] = {}
    for item in sources_for(about, mapped=mapped):
        title = _TITLES.get(item.key.split(".")[0] if "." in item.key else "", _REST)
        groups.setdefault(title, []).append(item)
    order = [*_TITLES.values(), _REST]
    return sorted(groups.items(), key=lambda group: order.index(group[0]))


def select(
    name: str, label: str, value: str, offered: Iterable[Option], *, hint: str = "", refreshes: bool = False
) -> Input:
    """A select; a value that is not offered any more stays in it."""
    able = tuple(item for item in offered if not item.blocked)
    if value and value not in options.choosable(able):
        able = (Option(value, value, gone=True), *able)
    return Input(
        name=name, label=label, value=value, kind="select", options=able, hint=hint, refreshes=refreshes
    )
