"""What a source record can tell: the fields that rules ask about and field maps take. Pure.

A new field is one row here; what a target record can hold is in ``mappings.targets``. Keys are stored in published
mappings and never change their meaning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from operator import attrgetter
from typing import Any

from mappings.subjects import Subject


class Type(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    WORDS = "words"
    YES_NO = "yes_no"


class About(StrEnum):
    """What a rule or a field is about."""

    CONTACT = "contact"
    INVOICE = "invoice"
    LINE = "line"
    PAYMENT = "payment"


ABOUT_WORDS = {
    About.CONTACT: "contacts",
    About.INVOICE: "invoices",
    About.LINE: "invoice lines",
    About.PAYMENT: "payments",
}

_C, _I, _L, _P = About.CONTACT, About.INVOICE, About.LINE, About.PAYMENT
_ALL = frozenset({_C, _I, _L, _P})
_CLIENT = _ALL
_INVOICE = frozenset({_I, _L, _P})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A field that rules can ask about and field maps can take. ``mapped``: what the record becomes, for rules only."""

    key: str
    label: str
    type: Type
    about: frozenset[About]
    get: Callable[[Subject], Any]
    mapped: bool = False
    options: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The part of the record that it is asked of: client, person, invoice …"""
        return self.key.partition(".")[0]


def _of(part: str, name: str) -> Callable[[Subject], Any]:
    """The attribute of a part of the subject; empty where the subject has no such part."""
    whole, value = attrgetter(part), attrgetter(name)

    def get(subject: Subject) -> Any:
        found = whole(subject)
        return None if found is None else value(found)

    return get


def _day_of(part: str, name: str) -> Callable[[Subject], Any]:
    moment_of = _of(part, name)

    def get(subject: Subject) -> Any:
        moment = moment_of(subject)
        return moment.date() if isinstance(moment, datetime) else moment

    return get


def _value(name: str) -> Callable[[Subject], Any]:
    return lambda subject: subject.values.get(name)


def _number(name: str) -> Callable[[Subject], Any]:
    def get(subject: Subject) -> Any:
        try:
            return Decimal(subject.values[name])
        except (KeyError, TypeError, InvalidOperation):
            return None

    return get


def _age(subject: Subject) -> Any:
    dated = _dated(subject)
    return Decimal((subject.today - dated).days) if dated and subject.today else None


def _after_lock(subject: Subject) -> Any:
    dated = _dated(subject)
    return Decimal((dated - subject.lock_date).days) if dated and subject.lock_date else None


def _dated(subject: Subject) -> date | None:
    if subject.payment is not None:
        return subject.paid_on
    return subject.invoice.date if subject.invoice else None


def _is_first(subject: Subject) -> Any:
    return subject.is_first


def _approved_before(subject: Subject) -> Any:
    return subject.approved_before


def _line_count(subject: Subject) -> Any:
    return Decimal(len(subject.invoice.lines)) if subject.invoice else None


def _source(
    key: str,
    label: str,
    type_: Type,
    about: frozenset[About],
    get: Callable[[Subject], Any],
    *,
    mapped: bool = False,
    options: tuple[str, ...] = (),
) -> Source:
    return Source(key=key, label=label, type=type_, about=about, get=get, mapped=mapped, options=options)


_T, _N, _D, _W, _Y = Type.TEXT, Type.NUMBER, Type.DATE, Type.WORDS, Type.YES_NO
_CLIENT_STATES = ("active", "archived", "inactive", "lead", "lost")
_PAID = ("unpaid", "partially_paid", "paid")

_SOURCES = (
    _source("client.name", "Client's name", _T, _CLIENT, _of("client", "name")),
    _source("client.email", "Client's e-mail", _T, _CLIENT, _of("client", "email")),
    _source("client.phone", "Client's phone", _T, _CLIENT, _of("client", "phone")),
    _source("client.code", "Client code", _T, _CLIENT, _of("client", "number")),
    _source("client.group", "Client's group", _T, _CLIENT, _of("client", "group")),
    _source("client.tags", "Client's tags", _W, _CLIENT, _of("client", "tags")),
    _source("client.partner", "Partner's e-mail", _T, _CLIENT, _of("client", "partner_email")),
    _source("client.manager", "Manager's e-mail", _T, _CLIENT, _of("client", "manager_email")),
    _source("client.state", "Client's state", _T, _CLIENT, _of("client", "status"), options=_CLIENT_STATES),
    _source("client.id", "Client's id in Ignition", _T, _CLIENT, _of("client", "external_id")),
    _source("client.link", "Client's page in Ignition", _T, _CLIENT, _of("client", "link")),
    _source("client.created", "Client created on", _D, _CLIENT, _day_of("client", "source_created_at")),
    _source("client.updated", "Client changed on", _D, _CLIENT, _day_of("client", "source_updated_at")),
    _source("person.name", "Primary person's name", _T, frozenset({_C}), _of("person", "name")),
    _source("person.email", "Primary person's e-mail", _T, frozenset({_C}), _of("person", "email")),
    _source("person.phone", "Primary person's phone", _T, frozenset({_C}), _of("person", "phone")),
    _source("person.mobile", "Primary person's mobile", _T, frozenset({_C}), _of("person", "mobile")),
    _source("invoice.number", "Invoice number", _T, _INVOICE, _of("invoice", "number")),
    _source("invoice.reference", "Invoice reference", _T, _INVOICE, _of("invoice", "reference")),
    _source("invoice.date", "Invoice date", _D, _INVOICE, _of("invoice", "date")),
    _source("invoice.due_date", "Due date", _D, _INVOICE, _of("invoice", "due_date")),
    _source("invoice.total", "Invoice total", _N, _INVOICE, _of("invoice", "total")),
    _source("invoice.currency", "Currency", _T, _INVOICE, _of("invoice", "currency")),
    _source("invoice.state", "Invoice's state", _T, _INVOICE, _of("invoice", "status")),
    _source(
        "invoice.paid",
        "Payment state",
        _T,
        frozenset({_I, _L}),
        _of("invoice", "payment_state"),
        options=_PAID,
    ),
    _source("invoice.made_by", "Made by", _T, _INVOICE, _of("invoice", "origin")),
    _source("invoice.services", "Services billed", _W, _INVOICE, lambda subject: subject.services),
    _source("invoice.lines", "Number of lines", _N, _INVOICE, _line_count),
    _source("invoice.id", "Invoice's id in Ignition", _T, _INVOICE, _of("invoice", "external_id")),
    _source("invoice.link", "Invoice's page in Ignition", _T, _INVOICE, _of("invoice", "link")),
    _source("invoice.is_first", "First invoice to the client", _Y, frozenset({_I, _L}), _is_first),
    _source(
        "changed_after_approval",
        "Changed after it was approved",
        _Y,
        frozenset({_C, _I, _P}),
        _approved_before,
    ),
    _source("days_old", "Days since its date", _N, frozenset({_I, _L, _P}), _age),
    _source("days_after_lock", "Days after Xero's lock date", _N, frozenset({_I, _L, _P}), _after_lock),
    _source("proposal.name", "Proposal's name", _T, frozenset({_I, _L}), _of("proposal", "name")),
    _source("proposal.number", "Proposal's number", _T, frozenset({_I, _L}), _of("proposal", "number")),
    _source("proposal.starts", "Proposal starts on", _D, frozenset({_I, _L}), _of("proposal", "starts_on")),
    _source("line.description", "Line's description", _T, frozenset({_L}), _of("line", "description")),
    _source("line.quantity", "Quantity", _N, frozenset({_L}), _of("line", "quantity")),
    _source("line.price", "Unit price", _N, frozenset({_L}), _of("line", "unit_amount")),
    _source("line.amount", "Line's amount", _N, frozenset({_L}), _of("line", "amount")),
    _source("service.name", "Service", _T, frozenset({_L}), _of("service", "name")),
    _source("service.category", "Service's category", _T, frozenset({_L}), _of("service", "category")),
    _source("service.tax", "Service's tax in Ignition", _T, frozenset({_L}), _of("service", "tax_label")),
    _source("payment.amount", "Amount paid", _N, frozenset({_P}), lambda subject: subject.amount),
    _source("payment.method", "Payment method", _T, frozenset({_P}), _of("payment", "method")),
    _source("payment.date", "Paid on", _D, frozenset({_P}), lambda subject: subject.paid_on),
    _source("payment.state", "Payment's state", _T, frozenset({_P}), _of("payment", "status")),
    _source("payment.id", "Payment's id in Ignition", _T, frozenset({_P}), _of("payment", "external_id")),
    _source("xero.name", "Name in Xero", _T, frozenset({_C}), _value("name"), mapped=True),
    _source("xero.email", "E-mail in Xero", _T, frozenset({_C}), _value("email"), mapped=True),
    _source("xero.phone", "Phone in Xero", _T, frozenset({_C}), _value("phone"), mapped=True),
    _source("xero.total", "Total in Xero", _N, frozenset({_I}), _number("total"), mapped=True),
    _source("xero.tax", "Tax in Xero", _N, frozenset({_I}), _number("tax"), mapped=True),
    _source("xero.reference", "Reference in Xero", _T, frozenset({_I}), _value("reference"), mapped=True),
    _source("xero.account", "Account in Xero", _T, frozenset({_L, _P}), _value("account_code"), mapped=True),
    _source("xero.tax_type", "Tax type in Xero", _T, frozenset({_L}), _value("tax_type"), mapped=True),
)

SOURCES: dict[str, Source] = {item.key: item for item in _SOURCES}


def sources_for(about: About, *, mapped: bool = False) -> tuple[Source, ...]:
    """The fields that something about these records can use; with ``mapped`` also what the record becomes."""
    return tuple(item for item in _SOURCES if about in item.about and (mapped or not item.mapped))
