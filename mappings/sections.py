"""The parts of the mapping page: their forms and tables, and the choices that a sent one amounts to."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.forms import BoundField, Form

from mappings import (
    currencies_table,
    drafts,
    forms,
    options,
    services,
    services_table,
    staff_table,
    suggest,
    tables,
)
from mappings.differences import Difference, differences
from mappings.models import MappingSet
from mappings.sides import Gaps, TargetView, find_gaps
from mappings.spec import Choices, choices_from_json
from mappings.suggest import Suggestion, Suggestions
from mappings.tables import Row
from practices.models import Practice

TITLES = {
    "invoices": "Invoices",
    "services": "Services",
    "taxes": "Tax",
    "payments": "Payments",
    "currencies": "Currencies",
    "tracking": "Tracking",
    "staff": "Staff",
    "fields": "Fields",
    "rules": "Rules",
    "lookups": "Look-ups",
    "notes": "Notes",
    "versions": "Versions",
}

FORMS: dict[str, Callable[..., Any]] = {
    "invoices": forms.InvoicesForm,
    "taxes": forms.TaxForm,
    "payments": forms.PaymentsForm,
    "tracking": forms.TrackingForm,
    "staff": forms.StaffForm,
    "notes": forms.NotesForm,
    "approvals": forms.ApprovalsForm,
}

SUGGESTIONS = "suggestions"
"""Not a tab: taking what the app suggests into the draft, while nothing is published yet."""

SHOWN_ON = {"approvals": "rules"}
"""Sections that are a part of another one's tab."""

EDITABLE = frozenset({*FORMS, "services", "currencies", SUGGESTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything the pages show about one practice's mapping.

    ``choices`` are the draft's where there is one, else those in force, else what the app suggests. ``version`` is
    the one in force, 0 before the first.
    """

    version: int
    published: MappingSet | None
    draft: MappingSet | None
    choices: Choices
    in_force: Choices
    view: TargetView
    gaps: Gaps
    suggested: Suggestions

    @property
    def revision(self) -> int:
        """What a form sends back, so that two people who edit notice each other."""
        return self.draft.revision if self.draft else 0

    @property
    def is_behind(self) -> bool:
        """Whether another version came in force after the draft was begun."""
        return self.draft is not None and self.draft.based_on != self.version

    def changes(self) -> list[Difference]:
        """What publishing the draft would change."""
        return differences(self.in_force, self.choices, self.view) if self.draft else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A form field with what the app would suggest for it."""

    bound: BoundField
    suggested: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sent form amounts to: new choices, or the form with its errors and further problems."""

    choices: Choices
    form: Form | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return not self.problems and (self.form is None or not self.form.errors)


def state_of(practice: Practice) -> State:
    published, draft = services.current(practice), drafts.draft_of(practice)
    view = services.view_of(practice)
    in_force = choices_from_json(published.choices) if published else Choices()
    if draft is not None:
        choices = choices_from_json(draft.choices)
    else:
        choices = in_force if published else suggest.auto_choices(view)
    return State(
        version=published.version if published else 0,
        published=published,
        draft=draft,
        choices=choices,
        in_force=in_force,
        view=view,
        gaps=find_gaps(view, choices),
        suggested=suggest.suggest(view),
    )


def tab_of(section: str) -> str:
    """The tab where a section is shown."""
    return SHOWN_ON.get(section, section)


def as_sent(state: State, sent: Outcome | None) -> State:
    """The state with what a form sent in place of what is chosen, to fill the tables in again."""
    return dataclasses.replace(state, choices=sent.choices) if sent else state


def form_of(section: str, state: State, data: Any = None) -> Form | None:
    """The form of a section, if it has one, filled with what is chosen or with what was sent."""
    make = FORMS.get(section)
    return make(data, view=state.view, choices=state.choices) if make else None


def rows_of(section: str, state: State) -> list[Row]:
    """The value table of a section; empty where it has none."""
    if section == "services":
        return tables.service_rows(state.view, state.choices)
    if section == "taxes":
        return tables.label_rows(state.view, state.choices, state.suggested.tax_by_label)
    return tables.method_rows(state.view, state.choices) if section == "payments" else []


def fields_of(form: Form | None, state: State) -> list[Field]:
    """The fields of a form with the app's suggestion where that differs from what is chosen."""
    if form is None:
        return []
    names: dict[str, tuple[Suggestion | None, Callable[[TargetView, str], str]]] = {
        "sales_account": (state.suggested.sales_account, options.account_name),
        "default_tax": (state.suggested.default_tax, options.tax_name),
        "clearing_account": (state.suggested.clearing_account, options.account_name),
    }
    out = []
    for bound in form:
        found, words = names.get(bound.name, (None, options.account_name))
        if found is None or found.value == getattr(state.choices, bound.name):
            out.append(Field(bound=bound))
        else:
            out.append(Field(bound=bound, suggested=words(state.view, found.value), reasons=found.reasons))
    return out


def proposed(section: str, state: State, data: Mapping[str, Any]) -> Outcome:
    """The choices that a sent section amounts to."""
    if section == SUGGESTIONS:
        return Outcome(choices=state.choices)
    fill = section == "taxes" and "use_suggestions" in data
    if fill and not data.get("default_tax") and state.suggested.default_tax:
        data = {**data, "default_tax": state.suggested.default_tax.value}
    form = form_of(section, state, data)
    if form is not None and not form.is_valid():
        return Outcome(choices=state.choices, form=form)
    choices: Choices = form.apply() if form is not None else state.choices  # type: ignore[attr-defined]
    choices, problems = _with_table(section, state, choices, data)
    if fill:
        found = {label: item.value for label, item in state.suggested.tax_by_label.items()}
        choices = dataclasses.replace(choices, tax_by_label={**found, **choices.tax_by_label})
    return Outcome(choices=choices, form=form, problems=problems)


def _with_table(
    section: str, state: State, choices: Choices, data: Mapping[str, Any]
) -> tuple[Choices, list[str]]:
    keys = {row.key for row in rows_of(section, state)}
    if section == "services":
        return services_table.read(data, keys, state.view, choices)
    if section == "staff":
        return staff_table.read(data, state.view, choices)
    if section == "currencies":
        return currencies_table.read(data, state.view, choices)
    if section == "taxes":
        table, problems = _table(data, keys, options.tax_options(state.view), choices.tax_by_label)
        return dataclasses.replace(choices, tax_by_label=table), problems
    if section == "payments":
        table, problems = _table(data, keys, options.clearing_options(state.view), choices.clearing_by_method)
        return dataclasses.replace(choices, clearing_by_method=table), problems
    return choices, []


def _table(
    data: Mapping[str, Any], keys: set[str], offered: Iterable[options.Option], stored: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    return forms.read_table(data, known=keys, offered=offered, stored=stored)
