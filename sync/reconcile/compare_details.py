"""What else differs between an invoice and its document that both are alive. Pure; nothing here moves a total."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

from connectors.records import Invoice
from mappings.normalise import tidy
from sync.reconcile.books import Books, Difference
from sync.reconcile.documents import Unit, is_young
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import shown

Detail = Callable[[Books, Unit, Invoice, Invoice], tuple[str, str] | None]


def details(books: Books, unit: Unit) -> Iterator[Difference]:
    """Every further difference of a pair of documents that both count."""
    source, target = unit.source, unit.target
    if source is None or target is None:
        return
    client = books.client_name(source.contact_external_id)
    money = unit.right_money(books.currency)
    for rule in _DETAILS:
        found = rule(books, unit, source, target)
        if found is not None:
            kind, text = found
            yield Difference(
                kind=kind,
                key=unit.key,
                text=text,
                source_ids=(unit.source_id,),
                target_ids=(unit.target_id,),
                client=client,
                currency=money[0],
                at_stake=abs(money[1]),
            )


def invoice_not_linked(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    if not unit.is_linked:
        return "invoice_not_linked", f"It was recognised as {target.number or target.external_id} in Xero."
    return None


def invoice_draft_in_xero(
    books: Books, unit: Unit, source: Invoice, target: Invoice
) -> tuple[str, str] | None:
    waits = target.status.upper() in {"DRAFT", "SUBMITTED"}
    if waits and not is_young(books, target, KINDS["invoice_draft_in_xero"].grace):
        return (
            "invoice_draft_in_xero",
            f"It waits for approval in Xero over {shown(*unit.right_money(books.currency))}.",
        )
    return None


def invoice_contact(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    linked = books.contact_links.get(source.contact_external_id, "")
    there = books.contacts.get(target.contact_external_id)
    survivor = there.merged_into if there else ""
    if not linked or not target.contact_external_id or linked in {target.contact_external_id, survivor}:
        return None
    own = books.contacts.get(linked)
    if own is not None and own.merged_into == target.contact_external_id:
        return None
    name = there.name if there else "another contact"
    return (
        "invoice_contact",
        f"In Xero it is on “{name}”; its client is linked to “{own.name if own else linked}”.",
    )


def invoice_date(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here = unit.expected.date or source.date
    if here is None or target.date is None or here == target.date:
        return None
    crosses = (here.year, here.month) != (target.date.year, target.date.month)
    return "invoice_month" if crosses else "invoice_date", _dates(here, target.date)


def invoice_due_date(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here = unit.expected.due_date or source.due_date
    if here is None or target.due_date is None or here == target.due_date:
        return None
    return "invoice_due_date", _dates(here, target.due_date)


def invoice_reference(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here = unit.expected.reference or source.reference
    if not here or tidy(here) == tidy(target.reference):
        return None
    return "invoice_reference", f"Ignition: “{here}”. Xero: “{target.reference or 'empty'}”."


def invoice_lines(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here, there = len(unit.expected.lines or source.lines), len(target.lines)
    if here and there and here != there:
        return "invoice_lines", f"Ignition: {_lines(here)}. Xero: {_lines(there)}."
    return None


def invoice_account(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here = Counter(line.account_code for line in unit.expected.lines)
    there = Counter(line.account_code for line in target.lines)
    if _comparable(here, there) and here != there:
        return "invoice_account", f"The mapping says {_codes(here - there)}; Xero has {_codes(there - here)}."
    return None


def invoice_tax_type(books: Books, unit: Unit, source: Invoice, target: Invoice) -> tuple[str, str] | None:
    here = Counter(line.tax_type for line in unit.expected.lines)
    there = Counter(line.tax_type for line in target.lines)
    if _comparable(here, there) and here != there:
        return (
            "invoice_tax_type",
            f"The mapping says {_codes(here - there)}; Xero has {_codes(there - here)}.",
        )
    return None


def _comparable(here: Counter[str], there: Counter[str]) -> bool:
    """Whether both sides name a code for every line, and have equally many."""
    return bool(here) and here.total() == there.total() and "" not in here and "" not in there


def _codes(codes: Counter[str]) -> str:
    return ", ".join(sorted(codes)) or "nothing"


def _lines(number: int) -> str:
    return f"{number} line" if number == 1 else f"{number} lines"


def _dates(here: date, there: date) -> str:
    return f"Ignition: {here:%d %b %Y}. Xero: {there:%d %b %Y}."


_DETAILS: tuple[Detail, ...] = (
    invoice_not_linked,
    invoice_draft_in_xero,
    invoice_contact,
    invoice_date,
    invoice_due_date,
    invoice_reference,
    invoice_lines,
    invoice_account,
    invoice_tax_type,
)
