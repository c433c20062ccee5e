"""The `where` parameter: a small part of Xero's C#-like filter language, compiled to a predicate."""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.clock import epoch_ms
from sandbox.xero.books import Books
from sandbox.xero.payload import Row

Predicate = Callable[[Row], bool]
Reader = Callable[[Row], Any]

_TOKENS = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<guid>guid\s*\(\s*"(?P<guid_value>[0-9a-fA-F-]{36})"\s*\))
    | (?P<date>datetime\s*\((?P<date_value>[\d,\s]+)\))
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<operator>==|!=|>=|<=|>|<)
    | (?P<and>and\b|&&)
    | (?P<or>or\b|\|\|)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<word>[A-Za-z_][\w.]*)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le,
    ">": operator.gt, "<": operator.lt,
}  # fmt: skip
# A nested object is looked up on its own shelf, so that all its fields can be filtered.
_NESTED = {
    "Contact": ("contacts", "ContactID"), "Invoice": ("invoices", "InvoiceID"),
    "Account": ("accounts", "AccountID"), "BankAccount": ("accounts", "AccountID"),
    "CreditNote": ("credit_notes", "CreditNoteID"), "BatchPayment": ("batch_payments", "BatchPaymentID"),
}  # fmt: skip
_FIELDS = (
    "ContactID", "ContactNumber", "AccountNumber", "ContactStatus", "Name", "FirstName", "LastName",
    "EmailAddress", "TaxNumber", "CompanyNumber", "IsCustomer", "IsSupplier", "DefaultCurrency",
    "UpdatedDateUTC", "InvoiceID", "InvoiceNumber", "Reference", "Type", "Status", "LineAmountTypes",
    "Date", "DueDate", "CurrencyCode", "CurrencyRate", "SubTotal", "TotalTax", "Total", "AmountDue",
    "AmountPaid", "AmountCredited", "FullyPaidOnDate", "SentToContact", "BrandingThemeID", "PaymentID",
    "PaymentType", "Amount", "BankAmount", "IsReconciled", "BatchPaymentID", "TotalAmount",
    "CreditNoteID", "CreditNoteNumber", "RemainingCredit", "OverpaymentID", "PrepaymentID",
    "BankTransactionID", "RepeatingInvoiceID", "AccountID", "Code", "Class", "TaxType",
    "EnablePaymentsToAccount", "SystemAccount", "TrackingCategoryID", "ItemID", "Description", "IsSold",
    "IsPurchased", "UserID", "OrganisationRole", "Contact", "Invoice", "Account", "BankAccount",
    "CreditNote", "BatchPayment",
)  # fmt: skip
_CANONICAL = {name.lower(): name for name in _FIELDS}


class BadQuery(ValueError):
    """The filter or the order cannot be understood."""


def compile_where(books: Books, text: str) -> Predicate:
    """Raises BadQuery."""
    parser = _Parser(books, _tokens(text))
    predicate = parser.any_of()
    if parser.rest():
        raise BadQuery(f"Syntax error near '{parser.rest()[0][1]}'")
    return predicate


def compile_order(books: Books, text: str) -> tuple[Reader, bool]:
    """A field to sort by and whether the order is descending. Raises BadQuery."""
    words = text.replace(",", " ").split()
    if not words or len(words) > 2 or (len(words) == 2 and words[1].upper() not in ("ASC", "DESC")):
        raise BadQuery(f"The order '{text}' is not supported")
    read = field_reader(books, words[0])

    def key(row: Row) -> tuple[bool, Any]:
        value = read(row)
        return value is not None, "" if value is None else value

    return key, len(words) == 2 and words[1].upper() == "DESC"


def field_reader(books: Books, path: str) -> Reader:
    """Reads a field, or a field of a nested object, from a stored row. Raises BadQuery."""
    names = [_CANONICAL.get(part.lower()) for part in path.split(".")]
    if None in names or len(names) > 2:
        raise BadQuery(f"No property or field '{path}' exists")
    first = str(names[0])
    if len(names) == 1:
        return lambda row: row.get(first)
    second = str(names[1])
    shelf_name, id_field = _NESTED.get(first, ("", ""))
    if not shelf_name:
        raise BadQuery(f"No property or field '{path}' exists")
    shelf = books.shelves[shelf_name]

    def nested(row: Row) -> Any:
        reference = row.get(first)
        return shelf[reference[id_field]].get(second) if reference else None

    return nested


def folded(text: str) -> str:
    """For comparing names: without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


class _Parser:
    def __init__(self, books: Books, tokens: list[tuple[str, Any]]) -> None:
        self._books = books
        self._tokens = tokens
        self._depth = 0

    def rest(self) -> list[tuple[str, Any]]:
        return self._tokens

    def any_of(self) -> Predicate:
        parts = [self._all_of()]
        while self._take("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _all_of(self) -> Predicate:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if self._take("open"):
            self._depth += 1
            if self._depth > 50:
                raise BadQuery("The filter is nested too deeply")
            inner = self.any_of()
            if not self._take("close"):
                raise BadQuery("')' expected")
            return inner
        path = self._take("word")
        if path is None:
            raise BadQuery("Expression expected")
        read = field_reader(self._books, path)
        sign = self._take("operator")
        if sign is None:
            # A bare field is a flag: IsCustomer AND IsSupplier.
            return lambda row: read(row) is True
        if not self._tokens:
            raise BadQuery("Expression expected")
        return _comparison(read, sign, *self._tokens.pop(0))

    def _take(self, kind: str) -> Any:
        if self._tokens and self._tokens[0][0] == kind:
            return self._tokens.pop(0)[1]
        return None


def _comparison(read: Reader, sign: str, kind: str, value: Any) -> Predicate:
    compare = _COMPARE[sign]
    if kind == "word":
        constants = {"null": None, "true": True, "false": False}
        if value.lower() not in constants or sign not in ("==", "!="):
            raise BadQuery(f"Unexpected '{value}'")
        constant = constants[value.lower()]
        if constant is None:
            return lambda row: (read(row) in (None, "")) is (sign == "==")
        return lambda row: compare(read(row) is True, constant)
    if kind in ("string", "guid"):
        wanted = folded(value)
        return lambda row: compare(folded(str(_or_empty(read(row)))), wanted)
    if kind == "number":
        return lambda row: isinstance(found := read(row), Decimal | int) and compare(found, value)
    if kind == "date":
        return _date_comparison(read, compare, value)
    raise BadQuery(f"Unexpected '{value}'")


def _date_comparison(read: Reader, compare: Callable[[Any, Any], bool], moment: datetime) -> Predicate:
    stamp, day = epoch_ms(moment), moment.date().isoformat()

    def matches(row: Row) -> bool:
        found = read(row)
        if isinstance(found, int):
            return compare(found, stamp)
        return isinstance(found, str) and compare(found[:10], day)

    return matches


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise BadQuery(f"Syntax error at index {position}")
        kind = str(match.lastgroup).removesuffix("_value")
        found.append((kind, _token_value(kind, match)))
        position = match.end()
    return found


def _token_value(kind: str, match: re.Match[str]) -> Any:
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", match["string"][1:-1])
    if kind == "guid":
        return match["guid_value"]
    if kind == "number":
        return Decimal(match["number"])
    if kind == "date":
        parts = [int(part) for part in match["date_value"].split(",") if part.strip()]
        try:
            return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
        except (TypeError, ValueError) as error:
            raise BadQuery("The DateTime is not valid") from error
    return match[kind]
