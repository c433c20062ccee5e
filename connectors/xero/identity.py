"""Which object in Xero is the one that a write makes: by its id, its natural key, or what little an answer repeats.

Answers to writes may be thin (a payment's leaves out its reference) and their order is not promised. So an element is
given to a write that it names; else to the only one that it doesn't contradict; else by its place, and never to one
that it contradicts.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.amounts import NotANumber, decimal
from connectors.base import Write
from connectors.fields import BadField, text
from connectors.records import Kind
from connectors.xero import parse
from connectors.xero.dates import calendar_day

Element = dict[str, Any]


def is_same(kind: Kind, write: Write, raw: Element) -> bool:
    """Whether an object names this write: by id, else by its natural key."""
    _, _, id_field, _ = parse.SHAPES[kind]
    if write.external_id:
        return text(raw, id_field).lower() == write.external_id.lower()
    if kind is Kind.CONTACT:
        return text(raw, "ContactNumber") == write.natural_key
    if kind is Kind.INVOICE:
        return text(raw, "InvoiceNumber") == write.natural_key and text(raw, "Type") in {"", "ACCREC"}
    return (
        text(raw, "Reference") == write.natural_key
        and text(raw, "Invoice", "InvoiceID") == write.values["invoice_external_id"]
        and text(raw, "Status") != "DELETED"
    )


def is_found(kind: Kind, write: Write, raw: Element) -> bool:
    """As ``is_same``, for a look-up in a list; a payment listed without any reference is known by all the rest."""
    if is_same(kind, write, raw):
        return True
    if kind is not Kind.PAYMENT or write.external_id or text(raw, "Reference"):
        return False
    known = bool(text(raw, "Invoice", "InvoiceID")) and raw.get("Amount") is not None and "Date" in raw
    return known and "Reference" not in raw and not contradicts(kind, write, raw)


def contradicts(kind: Kind, write: Write, raw: Element) -> bool:
    """Whether anything that the element does say speaks against this write."""
    _, _, id_field, _ = parse.SHAPES[kind]
    said = text(raw, id_field).lower()
    if write.external_id and said not in {"", parse.ZERO_ID, write.external_id.lower()}:
        return True
    if kind is Kind.CONTACT:
        return _differs(raw, write, ("ContactNumber",), write.natural_key) or _differs(
            raw, write, ("Name",), str(write.values.get("name", ""))
        )
    if kind is Kind.INVOICE:
        number = "" if write.external_id else write.natural_key
        return _differs(raw, write, ("InvoiceNumber",), number)
    return (
        _differs(raw, write, ("Invoice", "InvoiceID"), str(write.values["invoice_external_id"]))
        or _differs(raw, write, ("Reference",), write.natural_key)
        or text(raw, "Status") == "DELETED"
        or _other_amount(raw, write)
        or _other_day(raw, write)
    )


def match(
    kind: Kind, writes: Sequence[Write], elements: Sequence[Element], *, complete: bool
) -> list[Element | None]:
    """The element that answers each write, or ``None``. No element answers two writes.

    ``complete`` says that every write should have an element, so that the place may decide.
    """
    out: list[Element | None] = [None] * len(writes)
    free = list(range(len(elements)))

    def give(write: int, element: int) -> None:
        out[write] = elements[element]
        free.remove(element)

    same_place = complete and len(elements) == len(writes)
    for index, write in enumerate(writes):
        named = [item for item in free if is_same(kind, write, elements[item])]
        if named:
            give(index, index if same_place and index in named else named[0])
    left = [index for index in range(len(writes)) if out[index] is None]
    _by_elimination(kind, writes, elements, left, free, give)
    for index in left:
        at_its_place = out[index] is None and same_place and index in free
        if at_its_place and not contradicts(kind, writes[index], elements[index]):
            give(index, index)
    return out


def _by_elimination(
    kind: Kind,
    writes: Sequence[Write],
    elements: Sequence[Element],
    left: Sequence[int],
    free: list[int],
    give: Any,
) -> None:
    """Pairs in which neither has another partner that it doesn't contradict, and something speaks for them."""
    fits = {
        index: [item for item in free if not contradicts(kind, writes[index], elements[item])]
        for index in left
    }
    for index, found in fits.items():
        rivals = [other for other in left if other != index and found and found[0] in fits[other]]
        if len(found) == 1 and not rivals and _says_anything(kind, elements[found[0]]):
            give(index, found[0])


def _says_anything(kind: Kind, raw: Element) -> bool:
    names = {Kind.CONTACT: ("ContactNumber", "Name"), Kind.INVOICE: ("InvoiceNumber",)}
    if kind is Kind.PAYMENT:
        return bool(text(raw, "Invoice", "InvoiceID"))
    return any(text(raw, name) for name in names[kind])


def _differs(raw: Element, write: Write, path: tuple[str, ...], wanted: str) -> bool:
    said = text(raw, *path)
    return bool(said and wanted and said.casefold() != wanted.casefold())


def _other_amount(raw: Element, write: Write) -> bool:
    try:
        return raw.get("Amount") is not None and decimal(raw["Amount"]) != Decimal(write.values["amount"])
    except NotANumber:
        return False


def _other_day(raw: Element, write: Write) -> bool:
    try:
        day = calendar_day(raw, "Date")
    except BadField:
        return False
    return day is not None and bool(write.values.get("date")) and day.isoformat() != write.values["date"]
