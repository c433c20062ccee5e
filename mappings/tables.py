"""The value tables as rows for the page: use, choice, what may be chosen, suggestion. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from mappings import options
from mappings.differences import method_name
from mappings.options import Option
from mappings.services_table import selects
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.suggest import Suggestion
from mappings.tracked import Select


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source value: how much it is used, what it becomes, and what the app would suggest."""

    key: str
    name: str
    detail: str
    lines: int
    amount: Decimal
    value: str
    options: tuple[Option, ...]
    suggestion: Suggestion | None = None
    suggested_name: str = ""
    upcoming: int = 0
    more: tuple[Select, ...] = ()

    @property
    def state(self) -> str:
        """unmapped, gone, suggested (the choice is the app's suggestion) or chosen."""
        if not self.value:
            return "unmapped"
        if any(item.gone and item.value == self.value for item in self.options):
            return "gone"
        return "suggested" if self.suggestion and self.suggestion.value == self.value else "chosen"


def service_rows(view: TargetView, choices: Choices) -> list[Row]:
    """Services by use, most first; services that are mapped but gone from the source come last."""
    rows = [
        Row(
            key=use.external_id,
            name=use.name,
            detail="" if use.is_active else "archived in Ignition",
            lines=use.lines,
            amount=use.amount,
            upcoming=use.upcoming,
            value=choices.account_by_service.get(use.external_id, ""),
            options=options.sales_options(view, choices.account_by_service.get(use.external_id, "")),
        )
        for use in view.source.services
    ]
    rows.sort(key=lambda row: (-row.lines, -row.amount, row.name.casefold()))
    mapped = {key: "" for table in (choices.item_by_service, choices.tracking_by_service) for key in table}
    return rows + _left_over(
        mapped | choices.account_by_service,
        {row.key for row in rows},
        lambda value: options.sales_options(view, value),
    )


def with_selects(rows: Iterable[Row], view: TargetView, choices: Choices) -> list[Row]:
    """Rows of services with their item and tracking; only for those on a page, as Xero may have many items."""
    return [replace(row, more=selects(row.key, view, choices)) for row in rows]


def label_rows(view: TargetView, choices: Choices, suggestions: Mapping[str, Suggestion]) -> list[Row]:
    """Tax labels by use, most first; labels that are mapped but not used any more come last."""
    rows = [
        Row(
            key=use.label,
            name=use.label,
            detail=f"{use.services} service{'' if use.services == 1 else 's'}",
            lines=use.lines,
            amount=use.amount,
            value=choices.tax_by_label.get(use.label, ""),
            options=options.tax_options(view, choices.tax_by_label.get(use.label, "")),
            suggestion=suggestions.get(use.label),
            suggested_name=options.tax_name(view, suggestions[use.label].value)
            if use.label in suggestions
            else "",
        )
        for use in view.source.labels
    ]
    rows.sort(key=lambda row: (-row.lines, -row.amount, row.name.casefold()))
    return rows + _left_over(
        choices.tax_by_label, {row.key for row in rows}, lambda value: options.tax_options(view, value)
    )


def method_rows(view: TargetView, choices: Choices) -> list[Row]:
    """Payment methods by use, most first."""
    rows = [
        Row(
            key=use.method,
            name=method_name(use.method),
            detail="",
            lines=use.payments,
            amount=use.amount,
            value=choices.clearing_by_method.get(use.method, ""),
            options=options.clearing_options(view, choices.clearing_by_method.get(use.method, "")),
        )
        for use in view.source.methods
    ]
    rows.sort(key=lambda row: (-row.lines, row.name.casefold()))
    return rows + _left_over(
        choices.clearing_by_method,
        {row.key for row in rows},
        lambda value: options.clearing_options(view, value),
    )


def narrowed(rows: Iterable[Row], *, search: str = "", only: str = "") -> list[Row]:
    """Rows whose name or id contains the search; ``only`` is unmapped or gone."""
    wanted = search.strip().casefold()
    return [
        row
        for row in rows
        if (not wanted or wanted in row.name.casefold() or wanted in row.key.casefold())
        and (not only or row.state == only)
    ]


def _left_over(
    table: Mapping[str, str], shown: set[str], offered: Callable[[str], tuple[Option, ...]]
) -> list[Row]:
    return [
        Row(
            key=key,
            name=key,
            detail="not in Ignition any more",
            lines=0,
            amount=Decimal(0),
            value=value,
            options=offered(value),
        )
        for key, value in sorted(table.items())
        if key not in shown
    ]
