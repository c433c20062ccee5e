"""Currencies of Ignition's invoices: whether Xero has them switched on, and what documents in each get by default."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings import forms, options
from mappings.options import Option
from mappings.sides import TargetView
from mappings.spec import Choices

THEME_PREFIX = "theme:"
CLEARING_PREFIX = "clearing:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRow:
    """One currency by its ISO 4217 code, which Xero uses too; ``amount`` is in that currency, of the last 90 days."""

    code: str
    invoices: int
    amount: Decimal
    is_base: bool
    is_on: bool
    theme: str
    themes: tuple[Option, ...]
    clearing: str
    accounts: tuple[Option, ...]


def rows(view: TargetView, choices: Choices) -> list[CurrencyRow]:
    """Those that invoices use, most used first; then those that are only mapped, or only switched on in Xero."""
    used = sorted(view.source.currencies, key=lambda use: (-use.invoices, use.code))
    known = {use.code: (use.invoices, use.amount) for use in used}
    further = {*choices.theme_by_currency, *choices.clearing_by_currency, *view.facts.currencies}
    further |= {view.facts.base_currency} - {""}
    known |= dict.fromkeys(sorted(further - known.keys()), (0, Decimal(0)))
    return [_row(view, choices, code, invoices, amount) for code, (invoices, amount) in known.items()]


def _row(view: TargetView, choices: Choices, code: str, invoices: int, amount: Decimal) -> CurrencyRow:
    theme, clearing = choices.theme_by_currency.get(code, ""), choices.clearing_by_currency.get(code, "")
    return CurrencyRow(
        code=code,
        invoices=invoices,
        amount=amount,
        is_base=code == view.facts.base_currency,
        is_on=view.facts.has_currency(code),
        theme=theme,
        themes=options.theme_options(view, theme),
        clearing=clearing,
        accounts=options.clearing_options(view, clearing),
    )


def not_switched_on(view: TargetView) -> list[str]:
    """Currencies of recent invoices that wait because Xero does not have them; none while Xero is not read."""
    if not view.is_read:
        return []
    return sorted(use.code for use in view.source.currencies if not view.facts.has_currency(use.code))


def read(data: Mapping[str, Any], view: TargetView, choices: Choices) -> tuple[Choices, list[str]]:
    """The choices with what was sent in place, and what can't be chosen."""
    codes = [row.code for row in rows(view, choices)]
    themes, problems = forms.read_table(
        data,
        known=codes,
        offered=options.theme_options(view),
        stored=choices.theme_by_currency,
        prefix=THEME_PREFIX,
    )
    accounts, more = forms.read_table(
        data,
        known=codes,
        offered=options.clearing_options(view),
        stored=choices.clearing_by_currency,
        prefix=CLEARING_PREFIX,
    )
    changed = dataclasses.replace(choices, theme_by_currency=themes, clearing_by_currency=accounts)
    return changed, [*problems, *more]
