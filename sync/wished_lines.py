"""Single values of a document's lines put right, everything else as it stands there. Pure.

Xero deletes a line that an update leaves out and makes one anew that comes without its id. So all lines are sent, each
with its id and with what it has, tax included; only the values that were asked for are other ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.records import Invoice, Line
from sync.expected import line_of
from sync.plan import Decision, held
from sync.reconcile.aligning import align

NO_IDS = "Xero does not tell its lines apart, so that a single one can't be changed. Change it there."


def put_right(
    ours: Sequence[Mapping[str, Any]], document: Invoice, fields: frozenset[str]
) -> tuple[list[dict[str, Any]], frozenset[str]] | Decision:
    """The document's lines with ``fields`` as the mapping has them, and which of them became other ones.

    ``ours`` are lines in a mapping's words. A decision says why they can't be sent.
    """
    if len({line.external_id for line in document.lines} - {""}) < len(document.lines):
        return held("not_editable", NO_IDS)
    wanted: dict[str, dict[str, Any]] = {}
    off: set[str] = set()
    for pair in align([line_of(line) for line in ours], document.lines):
        if pair.left is not None and pair.right is not None and pair.differing & fields:
            off |= pair.differing & fields
            wanted[pair.right.external_id] = _wanted(pair.left, pair.right, pair.differing & fields)
    lines = [{**as_it_is(line), **wanted.get(line.external_id, {})} for line in document.lines]
    return lines, frozenset(off)


def _wanted(ours: Line, there: Line, fields: Iterable[str]) -> dict[str, Any]:
    out: dict[str, Any] = {name: getattr(ours, name) for name in fields if name != "tracking"}
    if "tracking" in fields:
        options = {item.category: item.option for item in (*there.tracking, *ours.tracking)}
        out["tracking"] = _tracking(options)
    return out


def as_it_is(line: Line) -> dict[str, Any]:
    """A line of the target as an update would send it unchanged; text forms as everywhere in values."""
    out: dict[str, Any] = {
        "external_id": line.external_id,
        "description": line.description,
        "quantity": f"{line.quantity:f}",
        "unit_amount": f"{line.unit_amount:f}",
        "account_code": line.account_code,
        "tax_type": line.tax_type,
        "item_code": line.item_code,
    }
    if line.discount:
        out["discount"] = f"{line.discount:f}"
    if line.discount_rate:
        out["discount_rate"] = f"{line.discount_rate:f}"
    if line.tax_amount is not None:
        out["tax_amount"] = f"{line.tax_amount:f}"
    if line.tracking:
        out["tracking"] = _tracking({item.category: item.option for item in line.tracking})
    return out


def _tracking(options: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"category": category, "option": option} for category, option in options.items()]
