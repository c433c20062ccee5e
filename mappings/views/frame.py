"""The head that every page of the mapping has: the draft's strip and the tabs."""

from typing import Any

from mappings import currencies_table, sections
from mappings.pages import problems
from mappings.sections import State


def frame(state: State) -> dict[str, Any]:
    """What the head of every page of the mapping shows: the draft's strip and the tabs."""
    mend = problems.problems_of(state)
    return {
        "state": state,
        "changes": state.changes(),
        "mend": mend,
        "tabs": _tabs(state, mend),
    }


def _tabs(state: State, mend: list[problems.Problem]) -> list[dict[str, Any]]:
    """The tabs with how much is missing or broken in each."""
    gaps = state.gaps
    missing = {
        "invoices": int(gaps.sales_account),
        "taxes": len(gaps.labels) + int(gaps.default_tax),
        "payments": int(gaps.clearing),
        "currencies": len(currencies_table.not_switched_on(state.view)),
    }
    return [
        {
            "key": key,
            "title": title,
            "missing": missing.get(key, 0),
            "to_mend": sum(item.tab == key for item in mend),
        }
        for key, title in sections.TITLES.items()
    ]
