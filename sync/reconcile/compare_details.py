"""What else differs between an invoice and its document that both are alive. Pure; nothing here moves a total."""

from collections.abc import Callable, Iterator
from datetime import date

from connectors.records import Invoice
from mappings.normalise import tidy
from sync.reconcile.books import Books, Difference
from sync.reconcile.documents import Unit, is_young
from sync.reconcile.kinds import KINDS
from sync.reconcile.rounding import shown
from sync.reconcile.telling import Found, about_unit

Detail = Callable[[Books, Unit, Invoice, Invoice], Found]


def details(books: Books, unit: Unit) -> Iterator[Difference]:
    """Every further difference of a pair of documents that both count."""
    source, target = unit.source, unit.target
    if source is None or target is None:
        return
    money = abs(unit.right_money(books.currency)[1])
    for rule in _DETAILS:
        found = rule(books, unit, source, target)
        if found is not None:
            yield about_unit(books, unit, *found, at_stake=money)


def invoice_not_linked(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    if not unit.is_linked:
        return "invoice_not_linked", f"It was recognised as {target.number or target.external_id} in Xero."
    return None


def invoice_draft_in_xero(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    waits = target.status.upper() in {"DRAFT", "SUBMITTED"}
    if waits and not is_young(books, target, KINDS["invoice_draft_in_xero"].grace):
        return (
            "invoice_draft_in_xero",
            f"It waits for approval in Xero over {shown(*unit.right_money(books.currency))}.",
        )
    return None


def invoice_contact(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
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


def invoice_date(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    here = (unit.expected.date if _is_told(books, unit, source.date) else None) or source.date
    if here is None or target.date is None or here == target.date:
        return None
    crosses = (here.year, here.month) != (target.date.year, target.date.month)
    return "invoice_month" if crosses else "invoice_date", _dates(here, target.date)


def invoice_due_date(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    here = (unit.expected.due_date if _is_told(books, unit, source.due_date) else None) or source.due_date
    if here is None or target.due_date is None or here == target.due_date:
        return None
    return "invoice_due_date", _dates(here, target.due_date)


def _is_told(books: Books, unit: Unit, day: date | None) -> bool:
    """Whether the mapping may say which day is right: of what this app did not write, only where Ignition has one."""
    return day is not None or unit.source_id in books.written


def invoice_reference(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    here = unit.expected.reference or source.reference
    if not here or tidy(here) == tidy(target.reference):
        return None
    return "invoice_reference", f"Ignition: “{here}”. Xero: “{target.reference or 'empty'}”."


def invoice_branding(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    """Of what this app wrote beside the mapping; of what Ignition's own link made beside what it was then."""
    there = target.branding_theme_external_id
    was = books.agreed.get(unit.source_id)
    if (
        was is not None
        and was.branding_theme_external_id
        and there not in {"", was.branding_theme_external_id}
    ):
        return "invoice_branding", "Somebody chose another theme in Xero."
    here = unit.expected.branding
    if unit.source_id in books.written and here and there and here != there:
        return "invoice_branding", "Xero has another theme than the mapping chose."
    return None


def invoice_tax_basis(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    """The same amounts read in two ways; where they differ as well, each side's own reading is right."""
    here, there = unit.expected.line_amounts, target.line_amounts
    if not here or not there or here == there or here == "NoTax":
        return None
    lost = there == "NoTax" and not target.tax and unit.expected.tax
    if not lost and (there == "NoTax" or not target.tax):
        return None
    lines = unit.expected.lines
    same = lines and target.lines and sum(x.amount for x in lines) == sum(x.amount for x in target.lines)
    if same or unit.source_id in books.written:
        return (
            "invoice_tax_basis",
            f"By the mapping: {_BASIS.get(here, here)}. Xero: {_BASIS.get(there, there)}.",
        )
    return None


def _dates(here: date, there: date) -> str:
    return f"Ignition: {here:%d %b %Y}. Xero: {there:%d %b %Y}."


def invoice_not_sent(books: Books, unit: Unit, source: Invoice, target: Invoice) -> Found:
    if unit.expected.is_sent and not target.sent_to_contact and target.status.upper() == "AUTHORISED":
        return "invoice_not_sent", "The mapping marks it as sent to the client; in Xero it is not."
    return None


_DETAILS: tuple[Detail, ...] = (
    invoice_not_linked,
    invoice_draft_in_xero,
    invoice_contact,
    invoice_date,
    invoice_due_date,
    invoice_reference,
    invoice_branding,
    invoice_tax_basis,
    invoice_not_sent,
)
_BASIS = {"Exclusive": "amounts without tax", "Inclusive": "amounts with tax", "NoTax": "no tax at all"}
