"""Lines of an invoice → lines of the ledger, and what they come to. Pure; used by the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.amounts import CENT, cents, tax_on
from connectors.records import Contact, Invoice, Line, Proposal, Service
from mappings import normalise
from mappings.catalog import About
from mappings.mapped import Issue
from mappings.rules import Ruling
from mappings.spec import Spec, is_active
from mappings.subjects import Subject

MOST_ROUNDING_PER_LINE = CENT
"""Per-line rounding can move a document's tax by at most a cent a line."""
LONGEST_DESCRIPTION = 4000
FINEST = Decimal("0.0001")
"""The last place that the ledger takes of a quantity or a unit amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The source's services and proposals, to find which service a line bills and which tax label it has.

    ``has_tax_labels``: whether the practice labels its services at all, so that a line without one is really unknown.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    services_by_name: Mapping[str, Service] = field(default_factory=dict)
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    has_tax_labels: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """How the lines come to the total: tax within the amounts or not, and a cent or so to move on one line."""

    inclusive: bool
    adjust: Decimal
    largest: int


def basis_of(invoice: Invoice, lines: Sequence[dict[str, Any]], spec: Spec) -> Basis | None:
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
                return Basis(inclusive, Decimal(0), largest)
    slack = MOST_ROUNDING_PER_LINE * len(lines)
    for inclusive, reading in readings:
        gap = totals[0] - cents(reading)
        if not inclusive and taxed and abs(gap) <= slack:
            return Basis(False, gap, largest)
    return None


def map_line(
    line: Line, document: Subject, catalogue: Catalogue, spec: Spec, ruling: Ruling, issues: list[Issue]
) -> dict[str, Any]:
    """One line's values; what begins with an underscore is for adding up and is taken off afterwards."""
    choices, program = spec.choices, spec.program
    service = service_of(line, catalogue)
    key = service.external_id if service else ""
    tax_type, rate = _tax_of(service, spec, issues)
    quantity, unit, discount, detail = _quantities(line)
    subject = document.for_line(line, service)
    chosen = _chosen(subject, spec, issues)
    description = chosen.get("description") or "Services"
    values: dict[str, Any] = {
        "description": (f"{description} ({detail})" if detail else description)[:LONGEST_DESCRIPTION],
        "quantity": str(quantity),
        "unit_amount": str(unit),
        "account_code": chosen.get("account_code")
        or choices.account_by_service.get(key, "")
        or choices.sales_account,
        "tax_type": tax_type,
    }
    if discount:
        values["discount"] = str(discount)
    if item := chosen.get("item_code") or choices.item_by_service.get(key, ""):
        values["item_code"] = item
    if tracking := _tracking(key, document.client, spec, chosen.get("tracking", "")):
        values["tracking"] = tracking
    subject.values = values
    program.rule(About.LINE, subject, ruling)
    return {
        **values,
        "_amount": cents(line.amount),
        "_rate": rate,
        "_guessed": service is None and catalogue.has_tax_labels,
    }


def _chosen(subject: Subject, spec: Spec, issues: list[Issue]) -> dict[str, str]:
    """What the practice's field maps say of a line; tracking options are joined by a line end."""
    out: dict[str, str] = {}
    for item in spec.program.fields.get(About.LINE, ()):
        name = item.target.value
        found, refused, _ = item.settled(subject)
        if refused:
            issues.append(Issue("refused_value", name, refused))
        elif found:
            out[name] = f"{out[name]}\n{found}" if name in out else found
    return out


def _tracking(service: str, client: Contact | None, spec: Spec, mapped: str) -> list[dict[str, str]]:
    """The practice's tracking of every line, over it the options of the client's staff member, then the service's, then
    what the fields say."""
    choices = spec.choices
    chosen = {item.category: item.option for item in choices.tracking}
    if choices.staff_from and client is not None:
        email = client.manager_email if choices.staff_from == "manager" else client.partner_email
        chosen.update(choices.tracking_by_staff.get(normalise.email_key(email), {}))
    chosen.update(choices.tracking_by_service.get(service, {}))
    if mapped:
        chosen.update(category_and_option(value, spec) for value in mapped.split("\n"))
    return [{"category": category, "option": option} for category, option in chosen.items() if option]


def category_and_option(value: str, spec: Spec) -> tuple[str, str]:
    """“Category: option” as the two; names may contain colons, so the categories decide."""
    for category in spec.facts.tracking:
        if value.startswith(f"{category}: "):
            return category, value[len(category) + 2 :]
    category, _, option = value.partition(": ")
    return category, option


def check_line(values: Mapping[str, Any], spec: Spec, issues: list[Issue]) -> None:
    """What the ledger does not offer any more, after every rule has had its say."""
    facts = spec.facts
    check_account(values.get("account_code", ""), spec, issues)
    for item in values.get("tracking") or ():
        if item["option"] not in facts.tracking.get(item["category"], frozenset()):
            text = f"{item['category']}: {item['option']} is not active in Xero any more."
            issues.append(Issue("tracking_gone", "tracking", text))
    item_code = values.get("item_code", "")
    if item_code and facts.items is not None and item_code not in facts.items:
        issues.append(Issue("item_gone", "item", f"The item {item_code} is not in Xero any more."))


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


def check_account(account: str, spec: Spec, issues: list[Issue]) -> None:
    known = spec.facts.accounts.get(account)
    if not account:
        issues.append(Issue("account_unmapped", "account", "No sales account is chosen."))
    elif known is None or not is_active(known):
        issues.append(
            Issue("account_gone", "account", f"The account {account} is not active in Xero any more.")
        )


def _quantities(line: Line) -> tuple[Decimal, Decimal, Decimal, str]:
    """Quantity, unit amount and discount that give the line's amount to the cent; else one unit of the whole.

    The ledger takes four decimals. The source's discount is an amount where that adds up, else a percentage.
    """
    quantity, unit, discount, amount = line.quantity, line.unit_amount, line.discount, cents(line.amount)
    fits = quantity > 0 and _fits(quantity) and _fits(unit)
    if fits and cents(quantity * unit - discount) == amount and discount >= 0:
        return quantity, unit, discount, ""
    if fits and 0 < discount <= 100 and cents(quantity * unit * (100 - discount) / 100) == amount:
        off = cents(quantity * unit) - amount
        if off >= 0 and cents(quantity * unit - off) == amount:
            return quantity, unit, off, ""
    detail = f"{quantity.normalize():f} x {unit.normalize():f}" if quantity != 1 else ""
    return Decimal(1), amount, Decimal(0), detail


def _fits(value: Decimal) -> bool:
    return value == value.quantize(FINEST)


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


def unsure(line: Mapping[str, Any]) -> Issue:
    """A total without tax on top fits a price with tax in it and one without any: a guess would be wrong GST."""
    return Issue(
        "tax_unsure",
        "tax",
        f"It is not known which service “{str(line['description'])[:80]}” bills, so its tax can't be told from the "
        "total. Say on the mapping page whether prices include tax, or name the line like its service in Ignition.",
    )


def does_not_add_up(invoice: Invoice, lines: Sequence[dict[str, Any]]) -> Issue:
    net = sum((line["_amount"] for line in lines), Decimal(0))
    tax = sum((tax_on(line["_amount"], line["_rate"], inclusive=False) for line in lines), Decimal(0))
    return Issue(
        "does_not_add_up",
        "total",
        f"The lines come to {net} without and {net + tax} with tax on top, but Ignition's total is {invoice.total}. "
        "Check the tax mapping of the services on it.",
    )
