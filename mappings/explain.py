"""Where every value of a record comes from: source, steps, rules; and why something is left out. Pure.

Runs the same compiled field maps and rules as the engine, so that an explanation can't tell another story.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.records import Contact, Invoice, Line, Payment, Person
from mappings.catalog import SOURCES, About
from mappings.engine import Catalogue, Situation, invoice_subject, map_contact, map_invoice
from mappings.fieldmaps import FieldMap
from mappings.lines import service_of
from mappings.mapped import Mapped
from mappings.program import CompiledField
from mappings.receipts import map_payment
from mappings.refusals import Refused
from mappings.rules import Rule, Ruling, rule_sentence
from mappings.spec import Spec
from mappings.subjects import Subject, primary_of
from mappings.targets import TARGETS
from mappings.templates import as_text


@dataclass(frozen=True, slots=True)
class Stage:
    """A value after one step; ``label`` says which."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One value of the target: the source in words, the steps, the rule that set it last, or why it is refused."""

    label: str
    value: str
    came_from: str = ""
    stages: tuple[Stage, ...] = ()
    rule: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One rule and whether it applied to the record."""

    name: str
    sentence: str
    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    version: int
    mapped: Mapped
    origins: tuple[Origin, ...] = ()
    lines: tuple[tuple[Origin, ...], ...] = ()
    rules: tuple[Asked, ...] = ()


def explain_contact(
    client: Contact, people: Sequence[Person], spec: Spec, situation: Situation
) -> Explanation:
    mapped = map_contact(client, people, spec, situation)
    primary = primary_of(people)
    subject = Subject(client=client, person=primary, today=situation.today)
    return Explanation(
        version=spec.version,
        mapped=mapped,
        origins=tuple(_origins(About.CONTACT, subject, spec, mapped.values, mapped.ruling)),
        rules=_asked(spec, mapped.ruling, About.CONTACT),
    )


def explain_invoice(
    invoice: Invoice, catalogue: Catalogue, spec: Spec, situation: Situation, client: Contact | None
) -> Explanation:
    mapped = map_invoice(invoice, catalogue, spec, situation, client)
    subject = invoice_subject(invoice, catalogue, spec, situation, client)
    choices = spec.choices
    shown = {item.target.value for item in spec.program.fields.get(About.INVOICE, ())}
    origins = [
        *_origins(About.INVOICE, subject, spec, mapped.values, mapped.ruling),
        Origin(
            label="Number",
            value=mapped.values["number"],
            came_from=f"Prefix “{choices.number_prefix}” and the invoice number {invoice.number}",
        ),
        _chosen("Currency", "currency", mapped, "Invoice's currency, else Xero's own"),
        _chosen("Line amounts", "line_amounts", mapped, "How the lines come to Ignition's total"),
        _chosen("Tax", "tax", mapped, "Rate of each line, rounded per line"),
        _chosen("Total", "total", mapped, "Lines and their tax"),
    ]
    by_currency = mapped.values["currency"] in choices.theme_by_currency
    for target, tab in (
        ("invoice.status", "Invoices"),
        ("invoice.branding_theme", "Currencies" if by_currency else "Invoices"),
    ):
        value = TARGETS[target].value
        if value not in shown and mapped.values.get(value):
            origins.append(_chosen(TARGETS[target].label, value, mapped, f"Mapping, {tab}"))
    lines = tuple(
        tuple(_line_origins(invoice.lines[index], values, subject, catalogue, spec, mapped.ruling))
        for index, values in enumerate(mapped.values["lines"])
    )
    return Explanation(
        version=spec.version,
        mapped=mapped,
        origins=tuple(origins),
        lines=lines,
        rules=_asked(spec, mapped.ruling, About.LINE, About.INVOICE),
    )


def source_words(item: FieldMap) -> str:
    """Where a field is taken from, in words."""
    if item.sources:
        labels = [SOURCES[key].label if key in SOURCES else key for key in item.sources]
        return labels[0] if len(labels) == 1 else f"The first of: {', '.join(labels)}"
    return f"Text “{item.text}”" if item.text else "Nothing"


def follow(item: CompiledField, subject: Subject) -> Origin:
    """One field of one record, step by step."""
    stages: list[Stage] = []
    try:
        found = item.take(subject)
        came_from = source_words(item.chosen)
        stages.append(Stage(came_from, as_text(found)))
        for label, apply in item.steps:
            found = apply(found)
            stages.append(Stage(label, as_text(found)))
        value = item.fitted(found)
    except Refused as error:
        return Origin(
            label=item.target.label,
            value="",
            came_from=source_words(item.chosen),
            stages=tuple(stages),
            refused=str(error),
        )
    return Origin(label=item.target.label, value=value, came_from=came_from, stages=tuple(stages))


def _origins(
    about: About, subject: Subject, spec: Spec, values: dict[str, Any], ruling: Ruling
) -> Iterator[Origin]:
    for item in spec.program.fields.get(about, ()):
        found = follow(item, subject)
        rule = ruling.set_by.get(item.target.value)
        yield Origin(
            label=found.label,
            value=as_text(values.get(item.target.value)),
            came_from=found.came_from,
            stages=found.stages,
            rule=rule.name if rule else "",
            refused=found.refused,
        )


def _chosen(label: str, name: str, mapped: Mapped, came_from: str) -> Origin:
    rule = mapped.ruling.set_by.get(name)
    return Origin(
        label=label,
        value=as_text(mapped.values.get(name)),
        came_from=came_from,
        rule=rule.name if rule else "",
    )


def _line_origins(
    line: Line,
    values: dict[str, Any],
    document: Subject,
    catalogue: Catalogue,
    spec: Spec,
    ruling: Ruling,
) -> Iterator[Origin]:
    service = service_of(line, catalogue)
    subject = document.for_line(line, service)
    mapped = {item.target.key: follow(item, subject) for item in spec.program.fields.get(About.LINE, ())}
    name = f"Service “{service.name}”" if service else "No service of this name in Ignition"
    own = spec.choices.account_by_service.get(service.external_id) if service else None
    by_rule = ruling.set_by.get("lines.account_code") or ruling.set_by.get("account_code")
    yield _mapped_or(mapped, "line.description", "Description", as_text(values["description"]), "Services")
    account = mapped.get("line.account")
    usual = (account.value if account else "") or own or spec.choices.sales_account
    yield replace(
        _mapped_or(
            mapped,
            "line.account",
            "Account",
            as_text(values["account_code"]),
            f"{name}: its account" if own else f"{name}: the sales account",
        ),
        rule=by_rule.name if by_rule and values["account_code"] != usual else "",
    )
    if values.get("item_code"):
        yield _mapped_or(mapped, "line.item", "Item", as_text(values["item_code"]), f"{name}: its item")
    label = service.tax_label if service else ""
    yield Origin(
        label="Tax type",
        value=as_text(values["tax_type"]),
        came_from=f"{name}: Ignition's “{label}”" if label else f"{name}: lines without a tax",
    )
    tracked = {found.value: found for key, found in mapped.items() if key.startswith("line.tracking")}
    for item in values.get("tracking") or ():
        found = tracked.get(f"{item['category']}: {item['option']}")
        yield Origin(
            label=item["category"],
            value=item["option"],
            came_from=found.came_from if found else "Mapping, Tracking",
            stages=found.stages if found else (),
        )
    for found in mapped.values():
        if found.refused:
            yield found


def _mapped_or(mapped: Mapping[str, Origin], key: str, label: str, value: str, otherwise: str) -> Origin:
    """A value of a line with the field map that gave it, or with what the app takes where none did."""
    found = mapped.get(key)
    if found is None or not found.value:
        return Origin(label=label, value=value, came_from=otherwise)
    return Origin(label=label, value=value, came_from=found.came_from, stages=found.stages)


def _asked(spec: Spec, ruling: Ruling, *abouts: About) -> tuple[Asked, ...]:
    applied = set(ruling.keys())
    rules: list[Rule] = [item.rule for about in abouts for item in spec.program.rules.get(about, ())]
    return tuple(
        Asked(name=rule.name, sentence=rule_sentence(rule), applied=rule.key in applied) for rule in rules
    )


def _clearing_words(payment: Payment, spec: Spec) -> str:
    """Which choice a payment's account comes from."""
    if spec.choices.clearing_by_method.get(payment.method):
        return f"Payment method “{payment.method}”"
    if spec.choices.clearing_by_currency.get(payment.currency):
        return f"Clearing account of {payment.currency}"
    return "The clearing account"


def explain_payment(
    payment: Payment, amount: Decimal, paid_on: date | None, spec: Spec, subject: Subject
) -> Explanation:
    """One share of a payment for one invoice."""
    mapped = map_payment(
        payment_external_id=payment.external_id,
        amount=amount,
        currency=payment.currency,
        paid_on=paid_on,
        method=payment.method,
        invoice_currency="",
        invoice_type="ACCREC",
        spec=spec,
        subject=subject,
    )
    mapped_account = next(
        (follow(item, subject) for item in spec.program.fields.get(About.PAYMENT, ())), None
    )
    account = _chosen(
        "Account",
        "account_code",
        mapped,
        _clearing_words(payment, spec),
    )
    if mapped_account is not None and (mapped_account.value or mapped_account.refused):
        account = replace(mapped_account, label="Account", value=account.value, rule=account.rule)
    origins = (
        _chosen("Amount", "amount", mapped, "Ignition's share for this invoice, without the surcharge"),
        _chosen("Date", "date", mapped, "The day on which the money was collected, where the practice is"),
        account,
        _chosen("Reference", "reference", mapped, "The payment's id in Ignition"),
    )
    return Explanation(
        version=spec.version, mapped=mapped, origins=origins, rules=_asked(spec, mapped.ruling, About.PAYMENT)
    )
