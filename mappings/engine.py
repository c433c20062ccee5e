"""Source records → the values a target should hold. Pure and total: values and issues, never a crash.

An *issue* blocks the write and names the field, the value and what to do; a *remark* explains something that was
decided on the way (a cent of rounding, an e-mail address that can't be used) and blocks nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.amounts import CENT, cents, tax_on
from connectors.records import Account, Contact, Invoice, Line, Person, Proposal, Service, TaxRate
from mappings import normalise
from mappings.spec import Spec

MOST_ROUNDING_PER_LINE = CENT
"""Per-line rounding can move a document's tax by at most a cent a line."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a record can't be written: a code for filters, the field, and a sentence."""

    code: str
    field: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a record becomes. ``values`` keep amounts and dates as text, ready for JSON and for comparing."""

    values: dict[str, Any]
    issues: tuple[Issue, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The source's services and proposals, to find which service a line bills and which tax label it has.

    ``has_tax_labels``: whether the practice labels its services at all, so that a line without one is really unknown.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    services_by_name: Mapping[str, Service] = field(default_factory=dict)
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    has_tax_labels: bool = False


def natural_number(prefix: str, external_id: str) -> str:
    """A contact number that is unique and safe in a URL: the source's id without its type prefix."""
    tail = external_id.rsplit("_", 1)[-1]
    return f"{prefix}{tail}"[:50]


def map_contact(client: Contact, people: Sequence[Person], spec: Spec) -> Mapped:
    """A client and its people → a contact. The primary person gives the e-mail, phone and personal names."""
    remarks: list[str] = []
    issues: list[Issue] = []
    primary = next((p for p in people if p.is_primary), people[0] if people else None)
    name = normalise.tidy(client.name.replace("<", "").replace(">", ""))
    if not name:
        issues.append(Issue("no_name", "name", "The client has no name."))
    if len(name) > 255:
        name = name[:255].rstrip()
        remarks.append("The name was longer than 255 characters and is cut.")
    values: dict[str, Any] = {
        "name": name,
        "number": natural_number(spec.choices.number_prefix, client.external_id),
    }
    email = (primary.email if primary else "") or client.email
    if email:
        if normalise.is_email(email.strip()):
            values["email"] = email.strip()
        else:
            remarks.append(f"The e-mail address “{email[:80]}” can't be used in Xero and is left out.")
    raw_phone = (primary.phone or primary.mobile if primary else "") or client.phone
    if raw_phone:
        number = normalise.phone(raw_phone, spec.facts.country)
        if number:
            values["phone"] = number
        else:
            remarks.append(
                f"The phone number “{raw_phone[:40]}” is not a number of this country and is left out."
            )
    if primary and primary.name and "email" in values:
        first, last = normalise.split_person(primary.name)
        values["first_name"], values["last_name"] = first[:255], last[:255]
    if client.number:
        values["account_number"] = client.number[:50]
    return Mapped(values=values, issues=tuple(issues), remarks=tuple(remarks))


def map_invoice(invoice: Invoice, catalogue: Catalogue, spec: Spec) -> Mapped:
    """An invoice → a sales invoice with lines, accounts, tax types and totals as the ledger will compute them.

    The source says neither the tax of a line nor whether its amounts contain it. The service's tax label gives the
    rate; the total tells the rest: it equals the lines plus tax (Exclusive), or the lines alone (Inclusive).
    """
    issues: list[Issue] = []
    remarks: list[str] = []
    choices = spec.choices
    currency = invoice.currency or spec.facts.base_currency
    _check_document(invoice, currency, spec, issues)
    lines = [_map_line(line, catalogue, spec, issues) for line in invoice.lines]
    basis = _basis(invoice, lines, spec)
    values: dict[str, Any] = {
        "type": "ACCREC",
        "number": f"{choices.number_prefix}{invoice.number}"[:255],
        "reference": invoice.reference[:255],
        "date": iso(invoice.date),
        "due_date": iso(_due(invoice, choices.terms_days)),
        "currency": currency,
        "status": choices.invoice_status,
        "url": invoice.link[:500] if invoice.link.startswith("http") else "",
        "branding_theme_external_id": choices.branding_theme,
    }
    if basis is None:
        if invoice.lines:
            issues.append(_does_not_add_up(invoice, lines))
        values.update({"line_amounts": "", "lines": [], "total": str(cents(invoice.total))})
        return Mapped(values=values, issues=tuple(_unique(issues)), remarks=tuple(remarks))
    if basis.inclusive and choices.line_amounts == "auto":
        issues.extend(_unsure(line) for line in lines if line["_guessed"] and line["_rate"])
    taxes = [tax_on(line["_amount"], line["_rate"], inclusive=basis.inclusive) for line in lines]
    if basis.adjust:
        taxes[basis.largest] += basis.adjust
        lines[basis.largest]["tax_amount"] = str(taxes[basis.largest])
        remarks.append(
            f"Tax of one line moved by {basis.adjust} so that the total equals Ignition's (rounding)."
        )
    net = sum((line["_amount"] for line in lines), Decimal(0))
    tax = sum(taxes, Decimal(0))
    values.update(
        {
            "line_amounts": "Inclusive" if basis.inclusive else "Exclusive",
            "lines": [
                {name: value for name, value in line.items() if not name.startswith("_")} for line in lines
            ],
            "subtotal": str(cents(net - tax if basis.inclusive else net)),
            "tax": str(cents(tax)),
            "total": str(cents(net if basis.inclusive else net + tax)),
        }
    )
    return Mapped(values=values, issues=tuple(_unique(issues)), remarks=tuple(remarks))


def _check_document(invoice: Invoice, currency: str, spec: Spec, issues: list[Issue]) -> None:
    """What speaks against an invoice before any line is looked at."""
    facts = spec.facts
    if facts.base_currency and currency != facts.base_currency and currency not in facts.currencies:
        issues.append(Issue("currency", "currency", f"{currency} is not switched on in Xero."))
    if invoice.date is None:
        issues.append(Issue("no_date", "date", "The invoice has no date."))
    if not invoice.lines:
        issues.append(Issue("no_lines", "lines", "The invoice has no lines."))
    if not invoice.number:
        issues.append(Issue("no_number", "number", "The invoice has no number."))
    if facts.lock_date and invoice.date and invoice.date <= facts.lock_date:
        issues.append(
            Issue(
                "period_locked",
                "date",
                f"Dated in a period that Xero has locked up to {facts.lock_date:%d %b %Y}.",
            )
        )
    if invoice.total < 0:
        issues.append(Issue("negative_total", "total", "The total is negative: that needs a credit note."))


@dataclass(frozen=True, slots=True)
class _Basis:
    inclusive: bool
    adjust: Decimal
    largest: int


def _basis(invoice: Invoice, lines: Sequence[dict[str, Any]], spec: Spec) -> _Basis | None:
    """Whether line amounts contain tax, by which reading gives the invoice's total; ``None`` when none does.

    An exact reading wins over one that is off by rounding. Where the source counts the card surcharge into the
    total it is taken out first, since it never belongs to the invoice.
    """
    if not lines:
        return None
    net = sum((line["_amount"] for line in lines), Decimal(0))
    on_top = sum((tax_on(line["_amount"], line["_rate"], inclusive=False) for line in lines), Decimal(0))
    taxed = [index for index, line in enumerate(lines) if line["_rate"]]
    largest = max(taxed or range(len(lines)), key=lambda index: abs(lines[index]["_amount"]))
    chosen = spec.choices.line_amounts
    readings = []
    if chosen in {"auto", "Exclusive"}:
        readings.append((False, net + on_top))
    if chosen in {"auto", "Inclusive"}:
        readings.append((True, net))
    totals = [cents(invoice.total)]
    if invoice.surcharge:
        totals.append(cents(invoice.total - invoice.surcharge))
    for total in totals:
        for inclusive, reading in readings:
            if cents(reading) == total:
                return _Basis(inclusive, Decimal(0), largest)
    slack = MOST_ROUNDING_PER_LINE * len(lines)
    for inclusive, reading in readings:
        gap = totals[0] - cents(reading)
        if not inclusive and taxed and abs(gap) <= slack:
            return _Basis(False, gap, largest)
    return None


def _map_line(line: Line, catalogue: Catalogue, spec: Spec, issues: list[Issue]) -> dict[str, Any]:
    choices, facts = spec.choices, spec.facts
    service = service_of(line, catalogue)
    account = (
        choices.account_by_service.get(service.external_id, "") if service else ""
    ) or choices.sales_account
    tax_type, rate = _tax_of(service, spec, issues)
    _check_account(account, spec, issues)
    issues.extend(
        Issue("tracking_gone", "tracking", f"{item.category}: {item.option} is not active in Xero any more.")
        for item in choices.tracking
        if item.option not in facts.tracking.get(item.category, frozenset())
    )
    quantity, unit, discount, detail = _quantities(line)
    description = line.description or (service.name if service else "Services")
    out: dict[str, Any] = {
        "description": (f"{description} ({detail})" if detail else description)[:4000],
        "quantity": str(quantity),
        "unit_amount": str(unit),
        "account_code": account,
        "tax_type": tax_type,
        "_amount": cents(line.amount),
        "_rate": rate,
        "_guessed": service is None and catalogue.has_tax_labels,
    }
    if discount:
        out["discount"] = str(discount)
    if choices.tracking:
        out["tracking"] = [{"category": item.category, "option": item.option} for item in choices.tracking]
    return out


def _tax_of(service: Service | None, spec: Spec, issues: list[Issue]) -> tuple[str, Decimal]:
    """The tax type of a line and its rate in per cent, by the label of its service."""
    label = service.tax_label if service else ""
    tax_type = spec.choices.tax_by_label.get(label, "") if label else spec.choices.default_tax
    if not tax_type:
        what = f"Ignition's tax “{label}”" if label else "lines without a tax in Ignition"
        issues.append(Issue("tax_unmapped", "tax", f"No tax type is chosen for {what}."))
        return "", Decimal(0)
    rate = spec.facts.tax_rates.get(tax_type)
    if rate is None or not is_active(rate):
        issues.append(Issue("tax_gone", "tax", f"The tax type {tax_type} is not active in Xero any more."))
    elif not rate.for_revenue:
        issues.append(Issue("tax_not_revenue", "tax", f"The tax type {tax_type} can't be used on sales."))
    return tax_type, rate.rate if rate else Decimal(0)


def _check_account(account: str, spec: Spec, issues: list[Issue]) -> None:
    known = spec.facts.accounts.get(account)
    if not account:
        issues.append(Issue("account_unmapped", "account", "No sales account is chosen."))
    elif known is None or not is_active(known):
        issues.append(
            Issue("account_gone", "account", f"The account {account} is not active in Xero any more.")
        )


def is_active(record: Account | TaxRate) -> bool:
    """Whether the ledger still offers it; a ledger that gives no status offers what it lists."""
    return record.status in {"", "ACTIVE"}


def _quantities(line: Line) -> tuple[Decimal, Decimal, Decimal, str]:
    """Quantity, unit amount and discount that give the line's amount to the cent; else one unit of the whole.

    The ledger takes four decimals. The source's discount is an amount where that adds up, else a percentage.
    """
    quantity, unit, discount, amount = line.quantity, line.unit_amount, line.discount, cents(line.amount)
    fits = _places(quantity) <= 4 and _places(unit) <= 4 and quantity > 0
    if fits and cents(quantity * unit - discount) == amount and discount >= 0:
        return quantity, unit, discount, ""
    if fits and 0 < discount <= 100 and cents(quantity * unit * (100 - discount) / 100) == amount:
        off = cents(quantity * unit) - amount
        if off >= 0 and cents(quantity * unit - off) == amount:
            return quantity, unit, off, ""
    detail = f"{quantity.normalize():f} x {unit.normalize():f}" if quantity != 1 else ""
    return Decimal(1), amount, Decimal(0), detail


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 99


def service_of(line: Line, catalogue: Catalogue) -> Service | None:
    """The service a line bills: the proposal line of that name, else the catalogue's only service of that name."""
    wanted = normalise.tidy(line.description).casefold()
    if line.origin_type == "proposal":
        proposal = catalogue.proposals.get(line.origin_external_id)
        for item in proposal.lines if proposal else ():
            if (
                normalise.tidy(item.name).casefold() == wanted
                and item.service_external_id in catalogue.services
            ):
                return catalogue.services[item.service_external_id]
    return catalogue.services_by_name.get(wanted)


def _unsure(line: Mapping[str, Any]) -> Issue:
    """A total without tax on top fits a price with tax in it and one without any: a guess would be wrong GST."""
    return Issue(
        "tax_unsure",
        "tax",
        f"It is not known which service “{str(line['description'])[:80]}” bills, so its tax can't be told from the "
        "total. Say on the mapping page whether prices include tax, or name the line like its service in Ignition.",
    )


def _does_not_add_up(invoice: Invoice, lines: Sequence[dict[str, Any]]) -> Issue:
    net = sum((line["_amount"] for line in lines), Decimal(0))
    tax = sum((tax_on(line["_amount"], line["_rate"], inclusive=False) for line in lines), Decimal(0))
    return Issue(
        "does_not_add_up",
        "total",
        f"The lines come to {net} without and {net + tax} with tax on top, but Ignition's total is {invoice.total}. "
        "Check the tax mapping of the services on it.",
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
