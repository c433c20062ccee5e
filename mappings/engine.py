"""Source records → the values a target should hold. Pure and total: values and issues, never a crash.

Fields first, then the practice's rules: line rules before a document is added up, the others when everything is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.amounts import cents, tax_on
from connectors.records import Contact, Invoice, Person
from mappings.catalog import About
from mappings.lines import (
    Catalogue,
    basis_of,
    check_line,
    does_not_add_up,
    map_line,
    service_of,
    unsure,
)
from mappings.mapped import Issue, Mapped
from mappings.program import CompiledField
from mappings.rules import Ruling
from mappings.spec import Spec
from mappings.subjects import Subject, primary_of

__all__ = [
    "Catalogue",
    "Issue",
    "Mapped",
    "Situation",
    "map_contact",
    "map_invoice",
    "natural_number",
    "service_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What rules may ask that no record tells: the day where the practice is, and what is known of the past.

    ``is_first``: the client has no invoice in the target. ``approved_before``: this record was approved in an earlier
    form.
    """

    today: date | None = None
    is_first: bool = False
    approved_before: bool = False


NOWHERE = Situation()
_WITH_EMAIL = ("first_name", "last_name", "other_first_name", "other_last_name", "other_email")


def natural_number(prefix: str, external_id: str) -> str:
    """A contact number that is unique and safe in a URL: the source's id without its type prefix."""
    tail = external_id.rsplit("_", 1)[-1]
    return f"{prefix}{tail}"[:50]


def map_contact(
    client: Contact, people: Sequence[Person], spec: Spec, situation: Situation = NOWHERE
) -> Mapped:
    """A client and its people → a contact. The primary person gives the e-mail, phone and personal names."""
    remarks: list[str] = []
    issues: list[Issue] = []
    primary = primary_of(people)
    subject = _subject(situation, spec, client=client, person=primary)
    values = subject.values
    for item in spec.program.fields.get(About.CONTACT, ()):
        found = _value(item, subject, issues, remarks)
        if found:
            values[item.target.value] = found
    values.setdefault("name", "")
    values["number"] = natural_number(spec.choices.number_prefix, client.external_id)
    ruling = _ruled(About.CONTACT, subject, spec, issues)
    if not values["name"]:
        issues.append(Issue("no_name", "name", "The client has no name."))
    if "email" not in values:
        # Xero takes people's names only together with an address to reach the contact.
        for name in _WITH_EMAIL:
            values.pop(name, None)
    _check_terms(values, remarks)
    return Mapped(values=values, issues=tuple(_unique(issues)), remarks=tuple(remarks), ruling=ruling)


def _check_terms(values: dict[str, Any], remarks: list[str]) -> None:
    """Payment terms as Xero takes them: days and what they count, and no 32nd of a month."""
    days = values.get("terms_days", "")
    if values.get("terms_type", "").startswith("OF") and days and not 1 <= int(days) <= 31:
        remarks.append(f"The sales terms name the day {days} of a month and are left out.")
        del values["terms_days"], values["terms_type"]
    elif values.get("terms_type") and not days:
        remarks.append("The sales terms have no days and are left out.")
        del values["terms_type"]


def map_invoice(
    invoice: Invoice,
    catalogue: Catalogue,
    spec: Spec,
    situation: Situation = NOWHERE,
    client: Contact | None = None,
) -> Mapped:
    """An invoice → a sales invoice with lines, accounts, tax types and totals as the ledger will compute them.

    The source says neither the tax of a line nor whether its amounts contain it. The service's tax label gives the
    rate; the total tells the rest: it equals the lines plus tax (Exclusive), or the lines alone (Inclusive).
    """
    issues: list[Issue] = []
    remarks: list[str] = []
    ruling = Ruling()
    subject = invoice_subject(invoice, catalogue, spec, situation, client)
    values = subject.values
    currency = invoice.currency or spec.facts.base_currency
    _check_document(invoice, currency, spec, issues)
    lines = [map_line(line, subject, catalogue, spec, ruling, issues) for line in invoice.lines]
    values.update(
        {
            "type": "ACCREC",
            "number": f"{spec.choices.number_prefix}{invoice.number}"[:255],
            "reference": "",
            "date": "",
            "due_date": "",
            "currency": currency,
            "status": spec.choices.invoice_status,
            "url": invoice.link[:500] if invoice.link.startswith("http") else "",
            "branding_theme_external_id": spec.choices.theme_by_currency.get(currency)
            or spec.choices.branding_theme,
        }
    )
    for item in spec.program.fields.get(About.INVOICE, ()):
        if found := _value(item, subject, issues, remarks):
            values[item.target.value] = found
    if "invoice.due_date" not in spec.own_fields:
        values["due_date"] = iso(_due(invoice, spec.choices.terms_days))
    values.update(_added_up(invoice, lines, spec, issues, remarks))
    _ruled(About.INVOICE, subject, spec, issues, ruling)
    if values.get("sent_to_contact") and values["status"] != "AUTHORISED":
        remarks.append("Only an approved invoice can be marked as sent, so that is left out.")
        del values["sent_to_contact"]
    for line in values["lines"] or lines:
        check_line(line, spec, issues)
    _check_date(values, spec, issues)
    return Mapped(values=values, issues=tuple(_unique(issues)), remarks=tuple(remarks), ruling=ruling)


def invoice_subject(
    invoice: Invoice, catalogue: Catalogue, spec: Spec, situation: Situation, client: Contact | None
) -> Subject:
    """An invoice as field maps and rules see it."""
    origins = (line.origin_external_id for line in invoice.lines if line.origin_type == "proposal")
    proposal = next((catalogue.proposals[key] for key in origins if key in catalogue.proposals), None)
    billed = (service_of(line, catalogue) for line in invoice.lines)
    services = tuple(dict.fromkeys(service.name for service in billed if service is not None))
    return _subject(situation, spec, client=client, invoice=invoice, proposal=proposal, services=services)


def _subject(situation: Situation, spec: Spec, **parts: Any) -> Subject:
    return Subject(
        today=situation.today,
        is_first=situation.is_first,
        approved_before=situation.approved_before,
        lock_date=spec.facts.lock_date,
        **parts,
    )


def _value(item: CompiledField, subject: Subject, issues: list[Issue], remarks: list[str]) -> str:
    """A field's value; one that can't be used is left out and said, or blocks the record where it is needed."""
    target = item.target
    value, refused, is_cut = item.settled(subject)
    if refused and (target.required or target.holds):
        issues.append(Issue("refused_value", target.value, refused))
    elif refused:
        remarks.append(f"{refused.removesuffix('.')} and is left out.")
    elif is_cut:
        remarks.append(f"The {target.label.lower()} was longer than {target.longest} characters and is cut.")
    return value


def _ruled(
    about: About, subject: Subject, spec: Spec, issues: list[Issue], ruling: Ruling | None = None
) -> Ruling:
    """Run the rules, and hold up every record while some of them can't be run."""
    program = spec.program
    made = ruling if ruling is not None else Ruling()
    program.rule(about, subject, made)
    abouts = (About.LINE, About.INVOICE) if about is About.INVOICE else (about,)
    issues.extend(
        Issue("mapping_broken", "mapping", text) for part in abouts for text in program.problems.get(part, ())
    )
    return made


def _added_up(
    invoice: Invoice, lines: list[dict[str, Any]], spec: Spec, issues: list[Issue], remarks: list[str]
) -> dict[str, Any]:
    """Lines and totals, once it is clear whether the lines' amounts contain tax."""
    basis = basis_of(invoice, lines, spec)
    if basis is None:
        if invoice.lines:
            issues.append(does_not_add_up(invoice, lines))
        return {"line_amounts": "", "lines": [], "total": str(cents(invoice.total))}
    if basis.inclusive and spec.choices.line_amounts == "auto":
        issues.extend(unsure(line) for line in lines if line["_guessed"] and line["_rate"])
    taxes = [tax_on(line["_amount"], line["_rate"], inclusive=basis.inclusive) for line in lines]
    if basis.adjust:
        taxes[basis.largest] += basis.adjust
        lines[basis.largest]["tax_amount"] = str(taxes[basis.largest])
        remarks.append(
            f"Tax of one line moved by {basis.adjust} so that the total equals Ignition's (rounding)."
        )
    net = sum((line["_amount"] for line in lines), Decimal(0))
    tax = sum(taxes, Decimal(0))
    return {
        "line_amounts": "Inclusive" if basis.inclusive else "Exclusive",
        "lines": [
            {name: value for name, value in line.items() if not name.startswith("_")} for line in lines
        ],
        "subtotal": str(cents(net - tax if basis.inclusive else net)),
        "tax": str(cents(tax)),
        "total": str(cents(net if basis.inclusive else net + tax)),
    }


def _check_document(invoice: Invoice, currency: str, spec: Spec, issues: list[Issue]) -> None:
    """What speaks against an invoice before any line is looked at."""
    facts = spec.facts
    if not facts.has_currency(currency):
        issues.append(Issue("currency", "currency", f"{currency} is not switched on in Xero."))
    if not invoice.lines:
        issues.append(Issue("no_lines", "lines", "The invoice has no lines."))
    if not invoice.number:
        issues.append(Issue("no_number", "number", "The invoice has no number."))
    if invoice.total < 0:
        issues.append(Issue("negative_total", "total", "The total is negative: that needs a credit note."))


def _check_date(values: dict[str, Any], spec: Spec, issues: list[Issue]) -> None:
    """The date as it would be written, whichever field or rule gave it."""
    locked = spec.facts.lock_date
    if not values["date"]:
        issues.append(Issue("no_date", "date", "The invoice has no date."))
    elif locked and values["date"] <= locked.isoformat():
        issues.append(
            Issue("period_locked", "date", f"Dated in a period that Xero has locked up to {locked:%d %b %Y}.")
        )


def _due(invoice: Invoice, terms_days: int | None) -> date | None:
    if terms_days is not None and invoice.date is not None:
        return invoice.date + min(timedelta(days=terms_days), date.max - invoice.date)
    if invoice.due_date and invoice.date and invoice.due_date < invoice.date:
        return invoice.date
    return invoice.due_date or invoice.date


def iso(value: date | None) -> str:
    return value.isoformat() if value else ""


def _unique(issues: Sequence[Issue]) -> list[Issue]:
    return list(dict.fromkeys(issues))
